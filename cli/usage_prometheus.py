"""What Prometheus says of who used which model: the growth of the counters that the API's proxies show it."""

import json
import math
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from typing import Any

from catalog.load import load
from catalog.metrics import MetricRole
from cli.deployed import PROMETHEUS, Deployed, DeployedError, forward
from cli.usage import OTHER, Used
from planner.monitoring.clients import used_queries
from settings.translation import tr

PATIENCE = 60.0
"""Seconds that a query may take; Prometheus itself gives up after 120 (its `--query.timeout`)."""


def used_by_prometheus(found: Deployed, since: str) -> list[Used]:
    """Of the stack's own Prometheus, brought to this computer. Raises DeployedError."""
    with forward(found, PROMETHEUS) as address:
        return used_at(address, found.namespace, since)


def used_at(address: str, namespace: str, since: str) -> list[Used]:
    """The growth by client and model back to `since`, in alphabetical order, of those of whom anything was counted. All
    of it is asked for one moment. Raises DeployedError."""
    sums: dict[tuple[str, str], dict[MetricRole, int]] = {}
    moment = str(_value(_ask(address, "time()")))
    for role, query in used_queries(load().metrics["envoy"], namespace, since).items():
        for each in _ask(address, query, moment):
            labels = each["metric"]
            sums.setdefault((labels["client"], labels["model"]), {})[role] = round(_value(each["value"]))
    return [_used(*key, sums[key]) for key in sorted(sums) if any(sums[key].values())]


def _used(client: str, model: str, sums: Mapping[MetricRole, int]) -> Used:
    requests = sums.get("client_requests", 0)
    known = sums.get("client_failed", 0) + sums.get("client_counted", 0)
    return Used(
        client,
        model,
        requests=requests,
        limited=sums.get("client_limited", 0),
        tokens_in=sums.get("client_prompt_tokens", 0),
        tokens_out=sums.get("client_generated_tokens", 0),
        # What is asked of other models costs nobody anything.
        uncounted=0 if model == OTHER else max(requests - known, 0),
    )


def _value(sample: Sequence[Any]) -> float:
    """Of a moment and a value."""
    number = float(sample[1])
    return number if math.isfinite(number) else 0.0


def _ask(address: str, query: str, moment: str | None = None) -> list[Any]:
    asked = {"query": query} if moment is None else {"query": query, "time": moment}
    url = f"{address}/api/v1/query?{urllib.parse.urlencode(asked)}"
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310  an address of this computer
            return json.load(answer)["data"]["result"]
    except urllib.error.HTTPError as error:
        raise DeployedError(tr("Prometheus refuses the question: {why}", why=_why(error))) from None
    except (OSError, HTTPException, ValueError, KeyError) as error:
        text = tr("Prometheus does not answer ({why}); `--from log` reads the proxies' own log", why=error)
        raise DeployedError(text) from None


def _why(error: urllib.error.HTTPError) -> str:
    """As Prometheus puts it (prometheus.io/docs/prometheus/latest/querying/api)."""
    try:
        return str(json.load(error)["error"])
    except (OSError, ValueError, KeyError, TypeError):
        return str(error.code)
