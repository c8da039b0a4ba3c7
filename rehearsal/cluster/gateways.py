"""Stands in for a Gateway controller: admits gateways and tells routes what does not resolve, as its status does."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from rehearsal.cluster.balancers import NETWORK
from rehearsal.cluster.objects import Object
from rehearsal.cluster.world import ClusterState
from rehearsal.control_plane.api import Api
from rehearsal.simulated.identity import address

CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
_ROOT = "/apis/gateway.networking.k8s.io/v1"
_GROUP = "gateway.networking.k8s.io"


def step(api: Api, world: ClusterState) -> None:
    """Write the status that each object should have, where it differs from the one it has."""
    for each in world.every("GatewayClass"):
        if each["spec"]["controllerName"] == CONTROLLER:
            _write(api, each, f"{_ROOT}/gatewayclasses/{each['metadata']['name']}", {"conditions": [_true("Accepted")]})
    for each in world.every("Gateway"):
        _write(api, each, _path(each, "gateways"), _gateway(each, world))
    for each in world.every("HTTPRoute"):
        _write(api, each, _path(each, "httproutes"), _route(each, world))


def _path(obj: Object, plural: str) -> str:
    return f"{_ROOT}/namespaces/{obj['metadata']['namespace']}/{plural}/{obj['metadata']['name']}"


def _write(api: Api, obj: Object, path: str, status: Mapping[str, Any]) -> None:
    if _bare(obj.get("status", {})) != _bare(status):
        api.patch(f"{path}/status", {"status": dict(status)})


def _bare(value: Any) -> Any:  # noqa: ANN401  any JSON
    """Without times, which differ in every status that says the same."""
    if isinstance(value, Mapping):
        return {key: _bare(part) for key, part in value.items() if key != "lastTransitionTime"}
    return [_bare(part) for part in value] if isinstance(value, list) else value


def _true(kind: str) -> dict[str, Any]:
    return _condition(kind, kind, "")


def _condition(kind: str, reason: str, fault: str) -> dict[str, Any]:
    """A condition that holds unless there is a fault."""
    return {
        "type": kind,
        "status": "False" if fault else "True",
        "reason": reason,
        "message": fault,
        "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _gateway(gateway: Object, world: ClusterState) -> dict[str, Any]:
    metadata, spec = gateway["metadata"], gateway["spec"]
    wanted = spec["gatewayClassName"]
    fault = "" if world.find("GatewayClass", "", wanted) else f"GatewayClass {wanted} not found"
    listeners = [
        {
            "name": listener["name"],
            "supportedKinds": [{"group": _GROUP, "kind": "HTTPRoute"}],
            "attachedRoutes": sum(_attaches(route, gateway, listener) for route in world.every("HTTPRoute")),
            "conditions": [_true("Accepted"), _true("Programmed"), _true("ResolvedRefs")],
        }
        for listener in spec["listeners"]
    ]
    found = [] if fault else [{"type": "IPAddress", "value": address(NETWORK, metadata["namespace"], metadata["name"])}]
    return {
        "addresses": found,
        "conditions": [_condition(kind, "Invalid" if fault else kind, fault) for kind in ("Accepted", "Programmed")],
        "listeners": listeners,
    }


def _attaches(route: Object, gateway: Object, listener: Mapping[str, Any]) -> bool:
    return any(
        _parent(route, parent, gateway) and parent.get("sectionName", listener["name"]) == listener["name"]
        for parent in route["spec"].get("parentRefs", ())
    )


def _parent(route: Object, parent: Mapping[str, Any], gateway: Object) -> bool:
    metadata = gateway["metadata"]
    named = (parent.get("namespace", route["metadata"]["namespace"]), parent["name"])
    return named == (metadata["namespace"], metadata["name"])


def _route(route: Object, world: ClusterState) -> dict[str, Any]:
    unresolved = next(_unresolved(route, world), "")
    return {
        "parents": [
            {
                "parentRef": parent,
                "controllerName": CONTROLLER,
                "conditions": [
                    _condition("Accepted", "NoMatchingParent" if fault else "Accepted", fault),
                    _condition("ResolvedRefs", "BackendNotFound" if unresolved else "ResolvedRefs", unresolved),
                ],
            }
            for parent in route["spec"].get("parentRefs", ())
            for fault in [_rejected(route, parent, world)]
        ]
    }


def _rejected(route: Object, parent: Mapping[str, Any], world: ClusterState) -> str:
    gateway = next((each for each in world.every("Gateway") if _parent(route, parent, each)), None)
    if gateway is None:
        return f"Gateway {parent.get('namespace', route['metadata']['namespace'])}/{parent['name']} not found"
    section = parent.get("sectionName")
    if section and all(listener["name"] != section for listener in gateway["spec"]["listeners"]):
        return f"Gateway {parent['name']} has no listener {section}"
    return ""


def _unresolved(route: Object, world: ClusterState) -> Iterator[str]:
    for rule in route["spec"].get("rules", ()):
        for backend in rule.get("backendRefs", ()):
            if backend.get("kind", "Service") == "Service":
                namespace = backend.get("namespace", route["metadata"]["namespace"])
                yield from missing_port(world, namespace, backend["name"], backend.get("port"))


def missing_port(world: ClusterState, namespace: str, name: str, port: int | str | None) -> Iterator[str]:
    """What is wrong with a reference to a Service's port, by number or name."""
    service = world.find("Service", namespace, name)
    if service is None:
        yield f"Service {namespace}/{name} not found"
        return
    ports = service["spec"].get("ports", ())
    if all(port not in (each["port"], each.get("name")) for each in ports):
        there = ", ".join(str(each["port"]) for each in ports)
        yield f"Service {namespace}/{name} has no port {port} (it has {there})"
