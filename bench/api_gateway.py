"""What the gateway of the API adds to an engine: latency of a request and of a streamed token, and requests a second.

Run by hand, where nothing else runs: python -m bench.api_gateway. Engine, load and proxy share the cores, the first two
one interpreter, so that the differences count and not the absolute figures.
"""

import http.client
import json
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from planner.access.sources import InNamespace
from planner.plan.access import ApiModelPlan, ApiPlan, ClientPlan
from planner.plan.software import RedisPlan
from rehearsal.control_plane import binaries
from rehearsal.control_plane.plane import ControlPlane
from rehearsal.control_plane.processes import Processes
from rehearsal.controllers.binaries import find
from rehearsal.controllers.controllers import Controllers
from tests.requests.api_door import VALUES, open_door, rendered
from tests.requests.client import HTTP_PORT
from tests.requests.containers import own_address
from tests.requests.engines import CLOCK
from tests.requests.entrance import node

REQUESTS, TOKENS, STREAMS, SECONDS = 400, 400, 64, 10.0
CHAT = "/v1/chat/completions"
PLAN = ApiPlan(
    host=None,
    models=(ApiModelPlan(name="chat", model="chat", service="chat", port=8000, paths=(CHAT,), keyed=True),),
    clients=(ClientPlan(name="bench", models=("chat",), tokens_per_minute=4_000_000_000),),
    redis=RedisPlan("", 0, 0, 0),
    body_mib=20,
    envoy_namespace="envoy-gateway-system",
    service="api",
    inside=InNamespace("envoy-gateway-system", ()),
)


class Way:
    """A connection to the engine, or to the gateway before it."""

    def __init__(self, host: str, port: int) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=60)

    def ask(self, **rest: object) -> http.client.HTTPResponse:
        body = json.dumps({"model": "chat", "messages": [{"role": "user", "content": "hello"}], **rest})
        self._connection.request("POST", CHAT, body, {"Authorization": "Bearer sk-bench"})
        return self._connection.getresponse()


def request_latencies(way: Way, other: Way) -> tuple[list[float], list[float]]:
    """Milliseconds of requests, one each in turn."""
    times: tuple[list[float], list[float]] = [], []
    for _ in range(REQUESTS):
        for some, taken in zip((way, other), times, strict=True):
            begun = time.perf_counter()
            some.ask().read()
            taken.append((time.perf_counter() - begun) * 1000)
    return times


def token_latencies(way: Way) -> list[float]:
    """Milliseconds from the engine's writing of a token to its arrival."""
    answer, taken = way.ask(stream=True, max_tokens=TOKENS, behave=CLOCK), []
    while line := answer.readline():
        now = time.monotonic()
        if b'"content"' in line:
            content = json.loads(line.removeprefix(b"data: "))["choices"][0]["delta"]["content"]
            taken.append((now - float(content)) * 1000)
    return taken


def throughput(make: Callable[[], Way]) -> tuple[float, int]:
    """Requests a second over all streams, and how many failed."""
    until = time.monotonic() + SECONDS

    def stream(_: int) -> tuple[int, int]:
        way, done, failed = make(), 0, 0
        while time.monotonic() < until:
            answer = way.ask(stream=True, max_tokens=8)
            ended = answer.read().rstrip().endswith(b"[DONE]")
            done, failed = done + 1, failed + (answer.status != http.HTTPStatus.OK or not ended)
        return done, failed

    with ThreadPoolExecutor(STREAMS) as threads:
        results = list(threads.map(stream, range(STREAMS)))
    return sum(done for done, _ in results) / SECONDS, sum(failed for _, failed in results)


def show(what: str, direct: Sequence[float], through: Sequence[float]) -> None:
    for name, index in (("p50", 49), ("p99", 98)):
        alone, there = (statistics.quantiles(each, n=100)[index] for each in (direct, through))
        print(f"{what} {name}: engine {alone:.2f} ms, through the gateway {there:.2f} ms, added {there - alone:.2f} ms")


def main() -> None:
    with (
        ControlPlane(binaries.find()) as access,
        Controllers(access) as controllers,
        access.api() as api,
        Processes(RuntimeError) as processes,
    ):
        controllers.install("envoy-gateway", (), VALUES)
        api.create("/api/v1/nodes", node({"tke-llm/pool": "system"}))
        objects = rendered(PLAN, {"bench": "sk-bench"})
        with open_door(PLAN, objects, api, processes, find()["envoy"], pause=0.005) as door:
            port = door.engines["chat"].port

            def direct() -> Way:
                return Way(own_address(), port)

            def through() -> Way:
                return Way("127.0.0.1", HTTP_PORT)

            show("request", *request_latencies(direct(), through()))
            show("token", token_latencies(direct()), token_latencies(through()))
            for name, make in (("engine", direct), ("through the gateway", through)):
                rate, failed = throughput(make)
                print(f"{STREAMS} streams, {name}: {rate:.0f} requests/s, {failed} failed")


if __name__ == "__main__":
    main()
