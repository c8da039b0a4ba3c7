"""Requests that take long, are large, or find a pod that does not answer, at the Envoy that a stack runs."""

import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from rehearsal.control_plane.api import Api
from rehearsal.control_plane.processes import Processes
from tests.requests.containers import BEHAVE, own_address
from tests.requests.entrance import Entrance, entrance, eventually

pytestmark = pytest.mark.xdist_group("envoy-gateway")

STACK = "gateway-two-keyed"
CHAT, SMALL = "/chat/v1/chat/completions", "/small/v1/chat/completions"
OPEN, SILENT = 150 if os.environ.get("ALL_STACKS") else 90, 70
"""Seconds, the longest with `make test-all`. Envoy by itself ends an answer after 15 and a silent stream after 300 (its
HTTP FAQ on timeouts), a CLB a silent connection after 60 or 900, by its kind."""
LARGE = 20_000_000
"""Bytes: some dozens of pictures in one request."""


@pytest.fixture(scope="module")
def door(api: Api, processes: Processes, envoy: Path) -> Iterator[Entrance]:
    with entrance(STACK, api, processes, envoy) as door:
        yield door


@pytest.fixture(scope="module", autouse=True)
def long_answers(door: Entrance) -> Iterator[dict[str, Future[bytes]]]:
    """Answers that begin before anything else here, and are looked at when the rest is done."""
    with ThreadPoolExecutor() as threads:
        yield {
            behaviour: threads.submit(_answer_of, door, f"{behaviour} {seconds}")
            for behaviour, seconds in (("stream", OPEN), ("silent", SILENT))
        }


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port at which nobody listens, and nobody will."""
    with socket.socket() as holder:
        holder.bind((own_address(), 0))
        yield holder.getsockname()[1]


@pytest.fixture(autouse=True)
def _one_pod(door: Entrance) -> Iterator[None]:
    """What a test has changed of the small model's pods is undone."""
    yield
    door.endpoints("small", [door.containers["small"][0].port])
    eventually(lambda: _status(door) == 200)


def test_a_large_body_arrives_whole(door: Entrance) -> None:
    door.heard()
    assert door.ask(door.hosts[0], SMALL, method="POST", body=b"x" * LARGE).status == 200
    (asked,) = door.asked("small")
    assert asked.length == LARGE


def test_a_large_answer_arrives_whole_where_the_client_is_slow_and_keeps_nobody_waiting(door: Entrance) -> None:
    with door.connect(door.hosts[0], timeout=60) as connection:
        connection.send(door.hosts[0], SMALL, "POST", headers={BEHAVE: f"large {LARGE}"})
        answer = connection.begin("POST")
        received = 0
        for _ in range(20):
            received += len(answer.read(LARGE // 40))
            assert _status(door) == 200
            time.sleep(0.5)
        while part := answer.read(1 << 20):
            received += len(part)
    assert received == LARGE


def test_a_request_that_comes_slowly_is_answered(door: Entrance) -> None:
    body = b"x" * 20
    head = f"POST {SMALL} HTTP/1.1\r\nHost: {door.hosts[0]}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    door.heard()
    with door.connect(door.hosts[0], timeout=60) as connection:
        for place in range(0, len(head), 8):
            connection.write(head[place : place + 8])
            time.sleep(0.5)
        for byte in body:
            connection.write(bytes([byte]))
            time.sleep(0.5)
        assert connection.receive("POST").status == 200
    (asked,) = door.asked("small")
    assert asked.length == len(body)


def test_a_model_whose_pod_does_not_answer_is_unavailable_and_others_are_not(door: Entrance, closed_port: int) -> None:
    door.endpoints("small", [closed_port])
    eventually(lambda: _status(door) == 503)
    assert {_status(door) for _ in range(20)} == {503}
    assert _status(door, CHAT) == 200


def test_a_model_without_a_pod_is_unavailable(door: Entrance) -> None:
    door.endpoints("small", [])
    eventually(lambda: _status(door) == 503)


def test_a_pod_that_is_not_ready_gets_no_requests_though_there_is_no_other(door: Entrance) -> None:
    door.endpoints("small", [door.containers["small"][0].port], ready=False)
    eventually(lambda: _status(door) == 503)
    door.heard()
    assert {_status(door) for _ in range(20)} == {503}
    assert door.heard() == []


def test_no_request_is_lost_to_one_of_two_pods_that_does_not_answer(door: Entrance, closed_port: int) -> None:
    door.endpoints("small", [closed_port])
    eventually(lambda: _status(door) == 503)
    door.endpoints("small", [closed_port, door.containers["small"][0].port])
    eventually(lambda: _status(door) == 200)
    assert {_status(door) for _ in range(60)} == {200}


def test_both_pods_get_requests(door: Entrance) -> None:
    pods = door.containers["small"]
    door.endpoints("small", [pod.port for pod in pods])

    def both() -> bool:
        _status(door)
        return all(pod.asked for pod in pods)

    eventually(both)


def test_a_stream_that_is_silent_for_long_goes_on(long_answers: dict[str, Future[bytes]]) -> None:
    assert long_answers["silent"].result().split() == [b"data:", b"0", b"data:", b"1"]


def test_a_stream_stays_open_for_long(long_answers: dict[str, Future[bytes]]) -> None:
    assert long_answers["stream"].result().count(b"data:") == OPEN


def _status(door: Entrance, path: str = SMALL) -> int:
    return door.ask(door.hosts[0], path).status


def _answer_of(door: Entrance, behaviour: str) -> bytes:
    with door.connect(door.hosts[0], timeout=2 * OPEN) as connection:
        return connection.ask(door.hosts[0], CHAT, "POST", headers={BEHAVE: behaviour}).body
