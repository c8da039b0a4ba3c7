"""Rules on what is reached from outside: what a public load balancer leads to must ask who is there, over TLS.

Public is every Service of type LoadBalancer, Ingress and Gateway that does not say that its load balancer is inside the
VPC. Annotations: Tencent Cloud documents 457/39142 (Service), 457/40675 (Ingress), 457/39141 (protocols).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from planner.engines.registry import key_variables
from policy.page_rules import PAGE_LOGIN
from policy.pods import PodTemplate, pods
from policy.rule import Resource, StackRule, in_kubernetes, items, leaves, mapping, texts
from settings.paths import value_at
from settings.translation import tr

_INTERNAL_SERVICE = "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid"
_INTERNAL_INGRESS = "kubernetes.io/ingress.subnetId"
_PROTOCOLS = "service.cloud.tencent.com/specify-protocol"
_PROTOCOLS_OVER_TLS = frozenset({"TCP_SSL", "HTTPS", "QUIC"})
_OPENED_TO_ADDRESSES = frozenset({"NodePort", "LoadBalancer"})
_TLS_LISTENERS = frozenset({"HTTPS", "TLS"})
_REDIRECT = "RequestRedirect"
_ENVOY_SERVICE = ("spec", "provider", "kubernetes", "envoyService")
"""Where an EnvoyProxy describes the Service before its pods."""

_KEYED_ROUTES = "/v1"
"""The routes on which an engine asks for its key; the others are open to whoever reaches them (vLLM documentation,
usage/security)."""
_GATEWAY_AUTHENTICATION = ("apiKeyAuth", "basicAuth", "jwt", "oidc", "extAuth")
"""Parts of Envoy Gateway's SecurityPolicy that turn away who is not known."""


@dataclass(frozen=True)
class PublicRoute:
    """A way from a public address to a Service. `entry` is to blame for it; `path` is what the Service sees of the
    address; `guarded`: the gateway itself asks who is there."""

    entry: Resource
    service: str
    path: str
    guarded: bool = False


def _unauthenticated(resources: Sequence[Resource]) -> list[tuple[Resource, str]]:
    cluster = _cluster(resources)
    return [
        (route.entry, problem)
        for route in (*_service_routes(cluster), *_ingress_routes(cluster), *_gateway_routes(cluster))
        if not route.guarded
        for problem in dict.fromkeys(_open_backends(route, cluster))
    ]


def _without_tls(resources: Sequence[Resource]) -> list[tuple[Resource, str]]:
    cluster = _cluster(resources)
    found: list[tuple[Resource, str]] = [
        (each, tr("a public load balancer without TLS"))
        for each in _public_services(cluster)
        if not _balances_tls(each)
    ]
    found += [
        (each, tr("a public Ingress without spec.tls"))
        for each in _public_ingresses(cluster)
        if not items(each.properties, "spec", "tls")
    ]
    for gateway in cluster:
        if gateway.kind == "Gateway" and not _internal(gateway, cluster):
            found += _plain_listeners(gateway, cluster)
    return found


def _keyless(resources: Sequence[Resource]) -> list[tuple[Resource, str]]:
    """Services that lead addresses, of the VPC as well, to what asks nobody who they are."""
    cluster = _cluster(resources)
    return [
        (
            service,
            tr("{object_name} is reached by addresses and asks no one who they are", object_name=_object_name(service)),
        )
        for service in cluster
        if service.kind == "Service"
        and (
            value_at(service.properties, "spec", "type") in _OPENED_TO_ADDRESSES
            or value_at(service.properties, "spec", "externalIPs")
        )
        if any(not _has_login(pod) and not _has_key(pod) for pod in _pods_behind(_object_name(service), cluster))
    ]


def _has_login(pod: PodTemplate) -> bool:
    return any(each.get("name") == PAGE_LOGIN and str(each.get("value")).lower() == "true" for each in _variables(pod))


def _has_key(pod: PodTemplate) -> bool:
    return any(
        each.get("name") in key_variables() and value_at(each, "valueFrom", "secretKeyRef") is not None
        for each in _variables(pod)
    )


def _variables(pod: PodTemplate) -> list[Mapping[str, object]]:
    return [variable for container in pod.containers for variable in items(container.spec, "env")]


def _cluster(resources: Sequence[Resource]) -> list[Resource]:
    return [each for each in resources if in_kubernetes(each.type)]


def _public_services(cluster: Sequence[Resource]) -> list[Resource]:
    return [
        each
        for each in cluster
        if each.kind == "Service" and (_balances_publicly(each) or value_at(each.properties, "spec", "externalIPs"))
    ]


def _balances_publicly(service: Resource) -> bool:
    balances = value_at(service.properties, "spec", "type") == "LoadBalancer"
    return balances and _INTERNAL_SERVICE not in _annotations(service)


def _public_ingresses(cluster: Sequence[Resource]) -> list[Resource]:
    return [each for each in cluster if each.kind == "Ingress" and _INTERNAL_INGRESS not in _annotations(each)]


def _routes(cluster: Sequence[Resource]) -> list[Resource]:
    return [each for each in cluster if each.kind.endswith("Route") and items(each.properties, "spec", "parentRefs")]


def _service_routes(cluster: Sequence[Resource]) -> Iterator[PublicRoute]:
    for service in _public_services(cluster):
        yield PublicRoute(service, _object_name(service), "/")


def _ingress_routes(cluster: Sequence[Resource]) -> Iterator[PublicRoute]:
    for ingress in _public_ingresses(cluster):
        spec = mapping(ingress.properties, "spec")
        places = [place for rule in items(spec, "rules") for place in items(rule, "http", "paths")]
        if "defaultBackend" in spec:
            places.append({"backend": spec["defaultBackend"]})
        for place in places:
            yield PublicRoute(ingress, str(value_at(place, "backend", "service", "name")), str(place.get("path", "/")))


def _gateway_routes(cluster: Sequence[Resource]) -> Iterator[PublicRoute]:
    for route in _routes(cluster):
        gateways = [gateway for gateway, _ in _parents(route, cluster)]
        # A Gateway that is not of this stack may be public.
        if gateways and all(_internal(each, cluster) for each in gateways):
            continue
        guarded = _asks_itself([route, *gateways], cluster)
        for rule in items(route.properties, "spec", "rules"):
            paths = _backend_paths(rule)
            for backend in items(rule, "backendRefs"):
                for path in paths:
                    yield PublicRoute(route, str(backend.get("name")), path, guarded)


def _backend_paths(rule: Mapping[str, object]) -> list[str]:
    """The paths under which the backend sees what a rule matches, which a filter may rewrite."""
    for each in items(rule, "filters"):
        rewritten = mapping(each, "urlRewrite", "path")
        for key in ("replaceFullPath", "replacePrefixMatch"):
            if key in rewritten:
                return [str(rewritten[key])]
    return [str(value_at(match, "path", "value") or "/") for match in items(rule, "matches")] or ["/"]


def _parents(route: Resource, cluster: Sequence[Resource]) -> list[tuple[Resource, Mapping[str, object]]]:
    """The Gateways of this stack that a route hangs on, with the reference to each."""
    return [
        (gateway, reference)
        for reference in items(route.properties, "spec", "parentRefs")
        for gateway in cluster
        if gateway.kind == "Gateway" and _object_name(gateway) == reference.get("name")
    ]


def _internal(gateway: Resource, cluster: Sequence[Resource]) -> bool:
    """Whether a Gateway's load balancer is inside the VPC, as its own annotations say or those of the EnvoyProxy that
    it or its class names; or whether that makes none."""
    classes = [
        each
        for each in cluster
        if each.kind == "GatewayClass"
        and _object_name(each) == value_at(gateway.properties, "spec", "gatewayClassName")
    ]
    proxies = {
        value_at(gateway.properties, "spec", "infrastructure", "parametersRef", "name"),
        *(value_at(each.properties, "spec", "parametersRef", "name") for each in classes),
    }
    named = [each for each in cluster if each.kind == "EnvoyProxy" and _object_name(each) in proxies]
    if any(value_at(each.properties, *_ENVOY_SERVICE, "type") == "ClusterIP" for each in named):
        return True
    described = [gateway, *named]
    return any(_INTERNAL_SERVICE in path for each in described for path, _ in leaves(each.properties))


def _asks_itself(targets: Sequence[Resource], cluster: Sequence[Resource]) -> bool:
    """Whether a SecurityPolicy of Envoy Gateway asks who is there, on one of these routes or Gateways."""
    wanted = {(each.kind, _object_name(each)) for each in targets}
    return any(
        (target.get("kind"), target.get("name")) in wanted
        for policy in cluster
        if policy.kind == "SecurityPolicy"
        and any(part in mapping(policy.properties, "spec") for part in _GATEWAY_AUTHENTICATION)
        for target in items(policy.properties, "spec", "targetRefs")
    )


def _open_backends(route: PublicRoute, cluster: Sequence[Resource]) -> Iterator[str]:
    behind = _pods_behind(route.service, cluster)
    if not behind:
        yield tr(
            "{path} leads to {service}, and nothing in this stack shows that it asks who is there",
            path=route.path,
            service=route.service,
        )
    for pod in behind:
        if _has_login(pod):
            continue
        if not _has_key(pod):
            yield tr(
                "{path} leads to {service}, which asks no one who they are", path=route.path, service=route.service
            )
        elif route.path.rstrip("/") != _KEYED_ROUTES and not route.path.startswith(f"{_KEYED_ROUTES}/"):
            yield tr(
                "{path} leads to {service}, which asks for its key below {keyed_routes} only",
                path=route.path,
                service=route.service,
                keyed_routes=_KEYED_ROUTES,
            )


def _pods_behind(service: str, cluster: Sequence[Resource]) -> list[PodTemplate]:
    selectors = [
        selector
        for each in cluster
        if each.kind == "Service" and _object_name(each) == service
        if (selector := mapping(each.properties, "spec", "selector"))
    ]
    return [
        pod
        for each in cluster
        for pod in pods(each.type, each.properties)
        if any(selector.items() <= mapping(pod.metadata, "labels").items() for selector in selectors)
    ]


def _balances_tls(service: Resource) -> bool:
    """Whether every port of a load balancer speaks TLS by TKE's annotation."""
    try:
        ports = json.loads(str(_annotations(service).get(_PROTOCOLS)))
    except ValueError:
        return False
    return all(
        bool(_PROTOCOLS_OVER_TLS.intersection(texts(value_at(ports, str(port.get("port")), "protocol"))))
        for port in items(service.properties, "spec", "ports")
    )


def _plain_listeners(gateway: Resource, cluster: Sequence[Resource]) -> list[tuple[Resource, str]]:
    """A Gateway without TLS; or with it, the routes that answer over plain HTTP beside it instead of redirecting."""
    listeners = items(gateway.properties, "spec", "listeners")
    plain = {str(each.get("name")) for each in listeners if each.get("protocol") not in _TLS_LISTENERS}
    if len(plain) == len(listeners):
        return [(gateway, tr("a public Gateway without a TLS listener"))]
    return [
        (
            route,
            tr(
                "answers over plain HTTP on {object_name} instead of redirecting to HTTPS",
                object_name=_object_name(gateway),
            ),
        )
        for route in _routes(cluster)
        for parent, reference in _parents(route, cluster)
        if parent is gateway
        and (plain if reference.get("sectionName") is None else plain & {str(reference.get("sectionName"))})
        and not all(_redirects(rule) for rule in items(route.properties, "spec", "rules"))
    ]


def _redirects(rule: Mapping[str, object]) -> bool:
    return any(
        each.get("type") == _REDIRECT and value_at(each, "requestRedirect", "scheme") == "https"
        for each in items(rule, "filters")
    )


def _annotations(resource: Resource) -> Mapping[str, object]:
    return mapping(resource.properties, "metadata", "annotations")


def _object_name(resource: Resource) -> str:
    return str(value_at(resource.properties, "metadata", "name"))


EXPOSURE_STACK_RULES = (
    StackRule(
        "PUBLIC_WITHOUT_AUTHENTICATION", tr("What is public asks who is there, on every route."), _unauthenticated
    ),
    StackRule("KEYLESS_TO_ADDRESSES", tr("What asks for no key is reached by pods only."), _keyless),
    StackRule(
        "PUBLIC_WITHOUT_TLS",
        tr("What is public speaks TLS, and redirects plain HTTP."),
        _without_tls,
        refused_by=("PLAINTEXT_PUBLIC",),
    ),
)
