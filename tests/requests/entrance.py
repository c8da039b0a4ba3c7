"""The way into a stack for real: Envoy Gateway judges its Gateway, Envoy is the proxy, servers stand for containers."""

import base64
import http.client
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.workloads.api_gateway import COMPONENT as API
from components.workloads.kube import COMPONENT_LABEL
from planner.access.sources import OWNING_GATEWAY
from rehearsal.cluster import balancers
from rehearsal.cluster.objects import Object, Paths, ref
from rehearsal.cluster.state import condition, look
from rehearsal.control_plane.api import Api, ApiError, GoneError
from rehearsal.control_plane.processes import Processes
from rehearsal.controllers.envoy_gateway import CONTROLLER, NAMESPACE
from tests.requests.certificates import Certificate, certificate
from tests.requests.client import Answer, Connection
from tests.requests.containers import Asked, Container, own_address
from tests.security.stacks import registrations, rehearsed
from tests.sent import sent

GATEWAY_KINDS = ("GatewayClass", "EnvoyProxy", "Gateway", "BackendTrafficPolicy", "HTTPRoute")
PATIENCE = 60.0
"""Seconds; a machine that compiles at the same time takes long over everything."""

_READY_PORT = 19003
_PROXIES = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
_ENDPOINTS = "/apis/discovery.k8s.io/v1"


@dataclass
class Entrance:
    """What stands at the door of one stack, and the containers behind it by the name of their Service."""

    stack: str
    api: Api
    paths: Paths
    trusted: Certificate
    objects: list[Object]
    containers: dict[str, list[Container]]

    @property
    def hosts(self) -> tuple[str, ...]:
        exposure = plan_of(self.stack).exposure
        assert exposure is not None
        return exposure.hosts

    def connect(self, name: str | None, *, plain: bool = False, timeout: float = 20.0) -> Connection:
        """A connection by TLS that asks for the host of this name."""
        return Connection(None if plain else self.trusted.pem, name, timeout)

    def ask(self, host: str, path: str, *, plain: bool = False, **rest: Any) -> Answer:
        with self.connect(host, plain=plain) as connection:
            return connection.ask(host, path, **rest)

    def place(self, obj: Object) -> str:
        """Path of an object on the API server."""
        return self.paths.of(ref(obj))

    def read(self, kind: str) -> list[dict[str, Any]]:
        """The stack's objects of a kind as the API server has them, with what was said of them."""
        return [self.api.get(self.place(each)) for each in self.objects if each["kind"] == kind]

    def heard(self) -> list[tuple[str, str]]:
        """(Service, path) of all requests that got through since the last time."""
        return [(service, asked.path) for service in self.containers for asked in self.asked(service)]

    def asked(self, service: str) -> list[Asked]:
        """What the containers of a Service were asked for since the last time."""
        return [pod.asked.pop(0) for pod in self.containers[service] for _ in range(len(pod.asked))]

    def endpoints(self, service: str, ports: Sequence[int], *, ready: bool = True) -> None:
        """Say at which ports of this machine the pods of a Service are."""
        (obj,) = [each for each in self.objects if each["kind"] == "Service" and each["metadata"]["name"] == service]
        namespace = obj["metadata"]["namespace"]
        name = obj["spec"]["ports"][0].get("name")
        for place in range(2):
            path = f"{_ENDPOINTS}/namespaces/{namespace}/endpointslices/{service}-{place}"
            if place < len(ports):
                self.api.apply(path, endpoint_slice(service, place, name, ports[place], ready=ready))
            else:
                with suppress(GoneError):
                    self.api.delete(path)


def plan_of(stack: str) -> Any:
    plan = rehearsed(stack).plan
    assert plan is not None
    return plan


@contextmanager
def entrance(stack: str, api: Api, processes: Processes, envoy: Path) -> Iterator[Entrance]:
    """Put a stack's objects on the API server, wait until they are accepted, and open its door."""
    paths = Paths(api)
    exposure = plan_of(stack).exposure
    trusted = certificate(exposure.hosts)
    given = theirs(stack, trusted)
    rendered = [sent(each) for each in registrations(stack) if each.inputs.get("kind") in (*GATEWAY_KINDS, "Service")]
    # One API of all models has tests of its own (test_api.py), and needs more.
    rendered = [each for each in rendered if each["metadata"].get("labels", {}).get(COMPONENT_LABEL) != API]
    rendered.sort(key=lambda each: ("Service", *GATEWAY_KINDS).index(each["kind"]))
    services = [_without_pods(each) for each in rendered if each["kind"] == "Service"]
    objects = [*given, *services, *(each for each in rendered if each["kind"] != "Service")]
    with ExitStack() as stop:
        # Routes go before the Gateway, and with it its proxies.
        stop.callback(eventually, lambda: proxies(api) is None)
        for each in objects:
            api.apply(paths.of(ref(each)), dict(each))
            if each["kind"] != "Namespace":
                stop.callback(delete, api, paths.of(ref(each)))
        containers = {
            each["metadata"]["name"]: [stop.enter_context(Container()) for _ in range(2)] for each in services
        }
        door = Entrance(stack, api, paths, trusted, objects, containers)
        for name, pods in containers.items():
            door.endpoints(name, [pods[0].port])
        eventually(lambda: _programmed(door))
        deployment = proxies(api)
        stop.callback(processes.end, "envoy")
        assert deployment is not None
        _start_envoy(processes, envoy, api, deployment)
        yield door


def theirs(stack: str, trusted: Certificate) -> list[Object]:
    """What is not the stack's own to make: its namespace, the certificate, a Gateway that it attaches to."""
    plan = plan_of(stack)
    namespace, secret = plan.names.namespace, plan.exposure.tls_secret
    attached = plan.exposure.attach_to
    if attached is None:
        return [*namespace_object(namespace), _secret(namespace, secret, trusted)]
    elsewhere, name = attached
    listener = {"allowedRoutes": {"namespaces": {"from": "All"}}}
    tls = {"certificateRefs": [{"name": "shared"}]}
    return [
        *namespace_object(namespace),
        *namespace_object(elsewhere),
        _secret(elsewhere, "shared", trusted),
        _gateway_object("GatewayClass", {"name": "theirs"}, {"controllerName": CONTROLLER}),
        _gateway_object(
            "Gateway",
            {"name": name, "namespace": elsewhere},
            {
                "gatewayClassName": "theirs",
                "listeners": [
                    {"name": "web", "port": 80, "protocol": "HTTP", **listener},
                    {"name": "secure", "port": 443, "protocol": "HTTPS", "tls": tls, **listener},
                ],
            },
        ),
    ]


def node(labels: Mapping[str, str]) -> dict[str, Any]:
    room = {"cpu": "8", "memory": "32Gi", "pods": "110"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "proxies", "labels": dict(labels)},
        "status": {"capacity": room, "allocatable": room},
    }


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"did not come true in {PATIENCE:.0f} s"
        time.sleep(0.1)


def proxies(api: Api) -> Object | None:
    """The Deployment of Envoy that Envoy Gateway has made."""
    found = api.get(f"{_PROXIES}?labelSelector={OWNING_GATEWAY}-name")["items"]
    assert len(found) < 2
    return found[0] if found else None


def _programmed(door: Entrance) -> bool:
    """Whether Envoy Gateway is content with all that it was given, and the Gateway has its address."""
    balancers.step(door.api, look(door.api, door.paths))
    gateways = door.read("Gateway")
    listeners = [{"status": each} for gateway in gateways for each in gateway["status"].get("listeners", ())]
    routes = [
        {"status": each} for route in door.read("HTTPRoute") for each in route.get("status", {}).get("parents", ())
    ]
    return (
        all(condition(each, "Programmed").get("status") == "True" for each in (*gateways, *listeners))
        and len(routes) == len(door.read("HTTPRoute"))
        and all(
            condition(each, kind).get("status") == "True" for each in routes for kind in ("Accepted", "ResolvedRefs")
        )
    )


def _start_envoy(processes: Processes, envoy: Path, api: Api, deployment: Object) -> None:
    """Run the proxies' container as the Deployment has it, with what it mounts in a folder, and by other addresses."""
    place = processes.root / "proxy"
    place.mkdir(exist_ok=True)
    (container,) = [each for each in deployment["spec"]["template"]["spec"]["containers"] if each["name"] == "envoy"]
    for name, content in mounted(api, deployment).items():
        (place / name).write_text(_at(place, content), encoding="utf-8")
    arguments = [_at(place, each) for each in container["args"]]
    processes.start("envoy", [str(envoy), *arguments, "--use-dynamic-base-id"])
    processes.wait("envoy", envoy_is_ready)


def _at(place: Path, text: str) -> str:
    for theirs, ours in (
        ("/certs/", f"{place}/"),
        ("/sds/", f"{place}/"),
        (f"envoy-gateway.{NAMESPACE}.svc.cluster.local.", "127.0.0.1"),
        ("$(ENVOY_POD_NAME)", "proxy"),
        ("$(ENVOY_SERVICE_ZONE)", ""),
    ):
        text = text.replace(theirs, ours)
    return text


def mounted(api: Api, deployment: Object) -> dict[str, str]:
    secret = api.get(f"/api/v1/namespaces/{NAMESPACE}/secrets/envoy")["data"]
    settings = api.get(f"/api/v1/namespaces/{NAMESPACE}/configmaps/{deployment['metadata']['name']}")["data"]
    return {**{name: base64.b64decode(value).decode() for name, value in secret.items()}, **settings}


def envoy_is_ready() -> bool:
    """As the pod's readiness probe asks."""
    connection = http.client.HTTPConnection("127.0.0.1", _READY_PORT, timeout=2)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def delete(api: Api, path: str) -> None:
    with suppress(ApiError):
        api.delete(path)


def _without_pods(service: Object) -> dict[str, Any]:
    """A Service whose endpoints are the test's to tell: kwok's pods have addresses at which nobody answers."""
    return {**service, "spec": {key: value for key, value in service["spec"].items() if key != "selector"}}


def endpoint_slice(service: str, place: int, name: str | None, port: int, *, ready: bool) -> dict[str, Any]:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{service}-{place}", "labels": {"kubernetes.io/service-name": service}},
        "addressType": "IPv4",
        "ports": [{**({"name": name} if name else {}), "port": port, "protocol": "TCP"}],
        "endpoints": [{"addresses": [own_address()], "conditions": {"ready": ready}}],
    }


def namespace_object(name: str) -> list[Object]:
    return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}]


def _secret(namespace: str, name: str, holds: Certificate) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "kubernetes.io/tls",
        "stringData": {"tls.crt": holds.pem, "tls.key": holds.key},
    }


def _gateway_object(kind: str, metadata: Mapping[str, str], spec: Mapping[str, Any]) -> Object:
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": kind, "metadata": dict(metadata), "spec": dict(spec)}
