"""Where a request from outside ends up, by the HTTPRoutes or the Ingress of a rendered stack.

A host name is matched whole. Of the paths that match, one that matches exactly wins, then, element by element, the
longest (Gateway API, HTTPRouteRule, Exact and PathPrefix; Kubernetes, Ingress, path types Exact and Prefix). What
TKE's controller makes of the path type is documented nowhere: a CLB reads a path as the beginning of others, character
by character, unless it is marked (vendor documents 457/122962 and 214/9032), which `by_beginning` says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from components.workloads.api_gateway import COMPONENT as API
from components.workloads.kube import COMPONENT_LABEL
from tests.security.stacks import objects


@dataclass(frozen=True)
class Way:
    """One rule: requests to `host` at `path`, and `below` it, go to `service` with `rewrite` in place of the path.
    `plain`: they may come by HTTP. `redirect`: they go nowhere but to HTTPS."""

    host: str
    path: str
    service: str | None
    rewrite: str | None = None
    below: bool = False
    plain: bool = False
    redirect: bool = False

    def matches(self, path: str, *, by_beginning: bool) -> bool:
        if by_beginning:
            return path.startswith(self.path)
        return path == self.path or (self.below and path.startswith(self.path.rstrip("/") + "/"))


@dataclass(frozen=True)
class Arrival:
    """What a Service is asked for."""

    service: str
    path: str


@cache
def ways(stack: str) -> tuple[Way, ...]:
    """Every rule of the stack."""
    return (*_routes(stack), *_ingresses(stack))


def arrival(stack: str, host: str, path: str, *, plain: bool = False, by_beginning: bool = False) -> Arrival | None:
    """Where a request arrives; None where it is turned away or redirected. `plain`: it comes by HTTP."""
    matching = [
        way
        for way in ways(stack)
        if way.host == host
        and way.matches(path, by_beginning=by_beginning)
        and (way.plain or not plain or way.redirect)
    ]
    if not plain:
        matching = [way for way in matching if not way.redirect]
    if not matching:
        return None
    best = max(matching, key=lambda way: (way.path == path and not way.below, len(way.path)))
    if best.redirect or best.service is None:
        return None
    return Arrival(best.service, path if best.rewrite is None else best.rewrite)


def _routes(stack: str) -> Iterator[Way]:
    tls = any(
        listener["protocol"] == "HTTPS" for each in objects(stack, "Gateway") for listener in each["spec"]["listeners"]
    )
    for route in objects(stack, "HTTPRoute"):
        # One API of all models asks for a key first, and has tests of its own (tests/requests/test_api.py).
        if route["metadata"]["labels"][COMPONENT_LABEL] == API:
            continue
        spec = route["spec"]
        plain = not tls or any(parent.get("sectionName") in (None, "http") for parent in spec["parentRefs"])
        for host in spec["hostnames"]:
            for rule in spec["rules"]:
                yield from _rule(host, rule, plain=plain)


def _rule(host: str, rule: dict[str, Any], *, plain: bool) -> Iterator[Way]:
    filters = rule.get("filters", [])
    redirect = any(each["type"] == "RequestRedirect" for each in filters)
    rewrite = next((each["urlRewrite"]["path"]["replaceFullPath"] for each in filters if "urlRewrite" in each), None)
    services = [each["name"] for each in rule.get("backendRefs", [])] or [None]
    for match in rule.get("matches", [{"path": {"type": "PathPrefix", "value": "/"}}]):
        below = _below(match["path"]["type"], "PathPrefix")
        for service in services:
            yield Way(host, match["path"]["value"], service, rewrite, below, plain=plain, redirect=redirect)


def _ingresses(stack: str) -> Iterator[Way]:
    for ingress in objects(stack, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                service, below = path["backend"]["service"]["name"], _below(path["pathType"], "Prefix")
                yield Way(rule["host"], path["path"], service, below=below, plain=True)


def _below(given: str, prefix: str) -> bool:
    assert given in {"Exact", prefix}
    return given == prefix
