"""Where a request from outside ends up, by the HTTPRoutes or the Ingress of a rendered stack.

A host name is matched whole. Of the paths that match, element by element, the longest wins (Gateway API, HTTPRouteRule
and PathPrefix; Kubernetes, Ingress, path type Prefix).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.security.stacks import objects


@dataclass(frozen=True)
class Way:
    """One rule: requests to `host` below `path` go to `service` with `path` replaced by `rewrite`. `plain`: they may
    come by HTTP. `redirect`: they go nowhere but to HTTPS."""

    host: str
    path: str
    service: str | None
    rewrite: str | None = None
    plain: bool = False
    redirect: bool = False


@dataclass(frozen=True)
class Arrival:
    """What a Service is asked for."""

    service: str
    path: str


def ways(stack: str) -> list[Way]:
    """Every rule of the stack."""
    return [*_routes(stack), *_ingresses(stack)]


def arrival(stack: str, host: str, path: str, *, plain: bool = False) -> Arrival | None:
    """Where a request arrives; None where it is turned away or redirected. `plain`: it comes by HTTP."""
    matching = [
        way
        for way in ways(stack)
        if way.host == host and _below(path, way.path) and (not plain or way.plain or way.redirect)
    ]
    if not plain:
        matching = [way for way in matching if not way.redirect]
    if not matching:
        return None
    best = max(matching, key=lambda way: len(way.path))
    if best.redirect or best.service is None:
        return None
    return Arrival(best.service, _rewritten(path, best))


def _below(path: str, prefix: str) -> bool:
    return prefix == "/" or path == prefix or path.startswith(prefix.rstrip("/") + "/")


def _rewritten(path: str, way: Way) -> str:
    return path if way.rewrite is None else way.rewrite + path.removeprefix(way.path)


def _routes(stack: str) -> Iterator[Way]:
    tls = any(
        listener["protocol"] == "HTTPS" for each in objects(stack, "Gateway") for listener in each["spec"]["listeners"]
    )
    for route in objects(stack, "HTTPRoute"):
        spec = route["spec"]
        plain = not tls or any(parent.get("sectionName") in (None, "http") for parent in spec["parentRefs"])
        for host in spec["hostnames"]:
            for rule in spec["rules"]:
                yield from _rule(host, rule, plain=plain)


def _rule(host: str, rule: dict[str, Any], *, plain: bool) -> Iterator[Way]:
    filters = rule.get("filters", [])
    redirect = any(each["type"] == "RequestRedirect" for each in filters)
    rewrite = next((each["urlRewrite"]["path"]["replacePrefixMatch"] for each in filters if "urlRewrite" in each), None)
    services = [each["name"] for each in rule.get("backendRefs", [])] or [None]
    for match in rule.get("matches", [{"path": {"value": "/"}}]):
        for service in services:
            yield Way(host, match["path"]["value"], service, rewrite, plain=plain, redirect=redirect)


def _ingresses(stack: str) -> Iterator[Way]:
    for ingress in objects(stack, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                assert path["pathType"] == "Prefix"
                yield Way(rule["host"], path["path"], path["backend"]["service"]["name"], plain=True)
