"""`tke-llm usage`: who used which model, and how many tokens went in and out, from the log of the API's proxies."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.deployed import API, DeployedError, deployed, proxy_logs
from cli.report import dump
from cli.text import Piece, complain, heading, show
from planner.access.sources import OWNING_GATEWAY

NOBODY = "(nobody)"
"""Stands for the client of a request without a key, and for the model of one that named none."""
LIMITED = 429
SUCCESS = range(200, 300)
_NAMES = 2
"""Columns with names."""
_HEAD = ("client", "model", "requests", "refused by limits", "tokens in", "tokens out", "not counted")


@dataclass
class Used:
    """What one client had of one model. `uncounted` requests were answered, and the engine told no tokens."""

    client: str
    model: str
    requests: int = 0
    limited: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    uncounted: int = 0


def usage(stack: str, *, since: str, access_log: Path | None, as_json: bool) -> int:
    """Print the table. 1 where there is no log to be had."""
    try:
        lines = _of_file(access_log) if access_log is not None else _of_cluster(stack, since)
        table = used(lines)
    except DeployedError as error:
        complain(str(error))
        return 1
    if as_json:
        dump({"usage": [vars(each) for each in table]})
    else:
        show([*heading(f"Usage of {stack}"), *_rows(table)])
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
        one.uncounted += status in SUCCESS and tokens_in is None and model != NOBODY
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


def _of_file(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise DeployedError(f"{path} cannot be read: {error.strerror}") from None


def _of_cluster(stack: str, since: str) -> list[str]:
    """Of all proxies of the stack that there are now: one that is gone has taken its log along."""
    found = deployed(stack)
    if API not in found.services:
        raise DeployedError(f"stack {found.stack} has no API of all models: set api.via to gateway")
    labels = f"{OWNING_GATEWAY}-namespace={found.namespace}"
    return proxy_logs(found, found.services[API].namespace, labels, since)


def _rows(table: list[Used]) -> list[tuple[Piece, ...]]:
    told = [tuple(f"{value:,}" if isinstance(value, int) else value for value in vars(each).values()) for each in table]
    wide = [max(map(len, column)) for column in zip(_HEAD, *told, strict=True)]
    head, *rows = (_line(row, wide) for row in (_HEAD, *told))
    return [(Piece(head, "dim"),), *((Piece(row),) for row in rows)]


def _line(row: Sequence[str], wide: Sequence[int]) -> str:
    """Names to the left, numbers to the right."""
    client, model, *numbers = (
        cell.ljust(width) if at < _NAMES else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(row, wide, strict=True))
    )
    return "  ".join(("", client, model, *numbers)).rstrip()
