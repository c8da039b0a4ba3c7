"""Probes are evaluated as a kubelet evaluates them, and containers are read as one reads them."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from e2e.containers import ManifestError, RenderedProbe, rendered
from e2e.mapping import HIDDEN, Process, StandIn
from e2e.probes import Execute, Watch, evaluate
from e2e.processes import Masker

FAST = {"period": 0.02, "timeout": 2.0}
PATIENCE = 20.0


class ProbeTarget:
    """Answers what it is told to."""

    def __init__(self) -> None:
        self.status = 200
        server = self

        class ProbeHandler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(server.status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), ProbeHandler)
        self.port: int = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def server() -> Iterator[ProbeTarget]:
    given = ProbeTarget()
    yield given
    given.http.shutdown()
    given.http.server_close()


def get(**changes: Any) -> RenderedProbe:
    return RenderedProbe("httpGet", {"path": "/health", "port": "http"}, **{**FAST, **changes})


def ends(status: int | None) -> Execute:
    """Whatever is executed ends like this."""

    def execute(_argv: list[str], _limit: float) -> int | None:
        return status

    return execute


def watch(server: ProbeTarget, **probes: RenderedProbe) -> Watch:
    container: Any = None
    process = Process("chat/vllm", container, StandIn("vllm", "v1", "/", ()), (), {}, probes, {"http": server.port})
    return Watch(process, ends(0))


def eventually(condition: Any) -> bool:
    end = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


@pytest.mark.parametrize(("status", "passes"), [(200, True), (302, True), (399, True), (400, False), (503, False)])
def test_a_status_from_200_to_399_passes(server, status, passes):
    server.status = status
    assert evaluate(get(), {"http": server.port}, ends(0))[0] is passes


@pytest.mark.parametrize(("status", "passes"), [(0, True), (1, False), (None, False)])
def test_a_command_passes_with_status_0_in_time(status, passes):
    probe = RenderedProbe("exec", {"command": ["true"]})
    assert evaluate(probe, {}, ends(status))[0] is passes


def test_readiness_is_asked_only_when_the_startup_probe_has_passed(server):
    server.status = 503
    seen = watch(server, startup=get(failures=10_000), readiness=get())
    seen.begin()
    assert eventually(lambda: len(seen.answers.get("startup", ())) > 3)
    assert not seen.answers.get("readiness")
    server.status = 200
    assert eventually(lambda: seen.ready)
    assert seen.started is not None
    seen.end()


def test_a_startup_probe_that_fails_to_its_threshold_breaks_the_container(server):
    server.status = 503
    seen = watch(server, startup=get(failures=3))
    seen.begin()
    assert eventually(lambda: seen.broken)
    assert len(seen.answers["startup"]) == 3
    seen.end()


def test_readiness_is_lost_at_its_threshold_and_comes_back(server):
    seen = watch(server, readiness=get(failures=2))
    seen.begin()
    assert eventually(lambda: seen.ready)
    server.status = 503
    assert eventually(lambda: seen.lost == 1)
    assert not seen.ready
    server.status = 200
    assert eventually(lambda: seen.ready)
    seen.end()
    assert seen.failed("readiness") >= 2


def test_liveness_below_its_threshold_breaks_nothing(server):
    seen = watch(server, liveness=get(failures=10_000))
    server.status = 503
    seen.begin()
    assert eventually(lambda: seen.failed("liveness") > 3)
    assert not seen.broken
    seen.end()


def test_a_mask_hides_a_secret_that_stands_inside_another():
    assert Masker(["inner-key", "outer inner-key end"])("a outer inner-key end b inner-key") == f"a {HIDDEN} b {HIDDEN}"


def pod(**container: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": "c", "image": "i:1", **container}]}
    return {"kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": {"metadata": {}, "spec": spec}}}


def test_a_variable_may_name_an_earlier_one_and_a_doubled_dollar_is_one():
    env = [{"name": "HOST", "value": "chat"}, {"name": "URL", "value": "http://$(HOST):80/$$(HOST)/$(NONE)"}]
    container = rendered([pod(env=env, args=["$(URL)"])]).pods[0].containers[0]
    assert container.args == ("http://chat:80/$(HOST)/$(NONE)",)


@pytest.mark.parametrize(
    "container",
    [
        {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "none", "key": "k"}}}]},
        {"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}]},
        {"startupProbe": {"grpc": {"port": 1}}},
        {"lifecycle": {"preStop": {"httpGet": {"port": 1}}}},
    ],
)
def test_what_is_not_understood_is_refused_instead_of_left_out(container):
    with pytest.raises(ManifestError, match="d"):
        rendered([pod(**container)])


def test_a_paused_workload_has_no_pod():
    paused = pod()
    paused["spec"]["replicas"] = 0
    assert rendered([paused]).pods == ()
