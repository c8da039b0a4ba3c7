"""`tke-llm usage`: who used which model, and how many tokens went in and out, from Prometheus or from the log of the
API's proxies."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cli.deployed import API, PROMETHEUS, Deployed, DeployedError, deployed, proxy_logs
from cli.report import dump
from cli.text import Line, complain, heading, paragraph, show, table
from planner.access.sources import OWNING_GATEWAY
from settings.translation import tr

NOBODY = "(nobody)"
"""Stands for the client of a request without a key, and for the model of one that named none."""
LIMITED = 429
SUCCESS = range(200, 300)
BROKEN_OFF = 0
"""The status of a request whose client was gone before an answer began (Envoy, access log, RESPONSE_CODE)."""
_NAMES = 2
"""Columns with names."""
_HEAD = (
    tr("client"),
    tr("model"),
    tr("requests"),
    tr("refused by limits"),
    tr("tokens in"),
    tr("tokens out"),
    tr("not counted"),
)
OTHER = "(other)"
"""Stands for all models that are not the client's own, where proxies count (components/workloads/api_gateway.lua)."""


@dataclass
class Used:
    """What one client had of one model. `uncounted` are the requests that an engine worked for without telling tokens,
    as it does where the client broke off before there was an answer."""

    client: str
    model: str
    requests: int = 0
    limited: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    uncounted: int = 0


@dataclass(frozen=True)
class Told:
    """A table, where it is from, and what it cannot hold."""

    table: list[Used]
    source: str
    unseen: str


def usage(
    stack: str, *, since: str, access_log: Path | None, source: Literal["prometheus", "log"] | None, as_json: bool
) -> int:
    """Print the table, and what it does not hold. 1 where there is nothing to be read."""
    try:
        told = _of_file(access_log) if access_log is not None else _of_cluster(deployed(stack), since, source)
    except DeployedError as error:
        complain(str(error))
        return 1
    if as_json:
        dump({"usage": [vars(each) for each in told.table], "source": told.source, "notSeen": told.unseen})
    else:
        says = tr("From {source}. {unseen}", source=told.source, unseen=told.unseen)
        show([*heading(tr("Usage of {stack}", stack=stack)), *_rows(told.table), (), *paragraph(says, indent=2)])
    return 0


def used(lines: Iterable[str]) -> list[Used]:
    """The sums by client and model, in alphabetical order. Lines that are no access log's are left out: proxies write
    others beside."""
    found: dict[tuple[str, str], Used] = {}
    for entry in _entries(lines):
        client, model = str(entry.get("client") or NOBODY), str(entry.get("model") or NOBODY)
        one = found.setdefault((client, model), Used(client, model))
        status = _number(entry.get("status"))
        tokens_in, tokens_out = _number(entry.get("prompt_tokens")), _number(entry.get("completion_tokens"))
        one.requests += 1
        one.limited += status == LIMITED
        one.tokens_in += tokens_in or 0
        one.tokens_out += tokens_out or 0
        # What was refused, or only listed, cost no tokens.
        one.uncounted += (status in SUCCESS or status == BROKEN_OFF) and tokens_in is None and model != NOBODY
    return [found[key] for key in sorted(found)]


def _entries(lines: Iterable[str]) -> Iterator[dict[str, object]]:
    for line in lines:
        try:
            entry = json.loads(line[line.index("{") :])
        except ValueError:
            continue
        if isinstance(entry, dict) and "completion_tokens" in entry and "status" in entry:
            yield entry


def _number(value: object) -> int | None:
    """A whole number, however the log writes it; None for what is none."""
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError):
        return None


def _of_file(path: Path) -> Told:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise DeployedError(tr("{path} cannot be read: {why}", path=path, why=error.strerror)) from None
    return Told(used(lines), str(path), tr("An answer that its client broke off may have no tokens in it."))


def _of_cluster(found: Deployed, since: str, source: Literal["prometheus", "log"] | None) -> Told:
    if API not in found.services:
        raise DeployedError(tr("stack {stack} has no API of all models: set api.via to gateway", stack=found.stack))
    measured = PROMETHEUS in found.services
    if source == "prometheus" and found.managed:
        text = tr(
            "stack {stack} is read by Tencent's managed Prometheus, which answers to its instance's token alone: "
            "look into its Grafana, or use --from log",
            stack=found.stack,
        )
        raise DeployedError(text)
    if source == "prometheus" and not measured:
        text = tr("stack {stack} is read by no Prometheus: set monitoring.via, or use --from log", stack=found.stack)
        raise DeployedError(text)
    return _of_prometheus(found, since) if measured and source != "log" else _of_proxies(found, since)


def _of_prometheus(found: Deployed, since: str) -> Told:
    from cli.usage_prometheus import used_by_prometheus  # noqa: PLC0415  it needs this module's table

    return Told(
        used_by_prometheus(found, since),
        tr("Prometheus, the last {since}", since=since),
        tr(
            "It does not see requests without a valid key, of models that are not the client's own only how many there "
            "were ({other}), and nothing that a proxy counted before Prometheus read it first or after it read it last."
            " It knows no more than it keeps, and loses that with its pod.",
            other=OTHER,
        ),
    )


def _of_proxies(found: Deployed, since: str) -> Told:
    """Of all proxies of the stack that there are now. What kubelets keep, and kubectl shows of it: kubernetes.io,
    concepts/cluster-administration/logging (containerLogMaxSize)."""
    labels = f"{OWNING_GATEWAY}-namespace={found.namespace}"
    return Told(
        used(proxy_logs(found, found.services[API].namespace, labels, since)),
        tr("the log of the API's proxies, the last {since}", since=since),
        tr(
            "It does not see what proxies that are gone have answered, and of each of the others at most the last "
            "10 MiB of its log, unless the kubelets keep more."
        ),
    )


def _rows(table_: list[Used]) -> list[Line]:
    told = [
        tuple(f"{value:,}" if isinstance(value, int) else value for value in vars(each).values()) for each in table_
    ]
    return table([_HEAD, *told], right=frozenset(range(_NAMES, len(_HEAD))))
