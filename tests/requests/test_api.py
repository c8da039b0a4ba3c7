"""One API for all models, at the real Envoy with its rate limit service."""

import json
import re
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.usage import NOBODY, used
from planner.access.sources import InNamespace
from planner.plan.access import ApiModelPlan, ApiPlan, ClientPlan
from planner.plan.software import RedisPlan
from rehearsal.control_plane.api import Api
from rehearsal.control_plane.processes import Processes
from tests.requests.api_door import Door, engine_key, open_door, rendered
from tests.requests.client import Answer, Connection
from tests.requests.engines import SLOW, Question
from tests.requests.entrance import eventually

pytestmark = pytest.mark.xdist_group("envoy-gateway")

METRICS_PORT = 19001
"""At which a proxy's pod shows its metrics (catalog/data/metrics.yaml)."""
OTHER = "(other)"
"""Stands for all models that are not the client's own, in the counters alone."""
CHAT, EMBED = "/v1/chat/completions", "/v1/embeddings"


def model(
    name: str, key: str, paths: tuple[str, ...] = (CHAT, "/v1/completions"), *, keyed: bool = True
) -> ApiModelPlan:
    return ApiModelPlan(name=name, model=key, service=key, port=8000, paths=paths, keyed=keyed)


PLAN = ApiPlan(
    host=None,
    models=(
        model("Qwen/Large", "large"),
        model("sql-adapter", "large"),
        model("small", "small"),
        model("embed", "embed", (EMBED,), keyed=False),
    ),
    clients=(
        ClientPlan(name="anna", models=("Qwen/Large", "embed"), key_version=2),
        ClientPlan(name="bert", models=("small",), tokens_per_minute=100, requests_per_minute=1000),
        ClientPlan(name="carl", models=("small", "sql-adapter")),
        ClientPlan(name="dora", models=("small",), key_version=2, previous_until="2020-01-01T12:00Z"),
        ClientPlan(name="emil", models=("Qwen/Large", "small"), requests_per_minute=3, tokens_per_day=1_000_000),
        ClientPlan(name="finn", models=("small",), tokens_per_minute=100),
        ClientPlan(name="old", models=("small",), expires="2020-01-01"),
    ),
    redis=RedisPlan("", 0, 0, 0),
    body_mib=20,
    envoy_namespace="envoy-gateway-system",
    service="api",
    inside=InNamespace("envoy-gateway-system", ()),
)
KEYS = {client.name: f"sk-{client.name}" for client in PLAN.clients}
_requests: list[str] = []
"""All that were sent, of which each has its line in the access log."""
BEFORE = {"anna": "sk-anna-before", "dora": "sk-dora-before"}


@pytest.fixture(scope="module")
def door(api: Api, processes: Processes, envoy: Path) -> Iterator[Door]:
    with open_door(PLAN, rendered(PLAN, KEYS, BEFORE), api, processes, envoy) as door:
        yield door


@dataclass(frozen=True)
class Limit:
    """What bert was given until it was refused, and when (monotonic) it will be answered again."""

    tokens: int
    refusal: Answer
    over: float


@pytest.fixture(scope="module")
def limit(door: Door) -> Limit:
    """A limit that is reached before anything else here is asked for, so that the minute is over when that is done."""
    _at_the_start_of_a_minute()
    tokens = 0
    while (answer := ask("sk-bert", chat("small", "x" * 56))).status == 200:
        tokens += json.loads(answer.body)["usage"]["total_tokens"]
        # What an answer costs is counted after it was given.
        time.sleep(0.2)
    return Limit(tokens, answer, time.monotonic() + int(answer.headers["retry-after"]) + 1)


@pytest.fixture(autouse=True)
def _nothing_left(door: Door) -> None:
    for engine in door.engines.values():
        engine.take()


def ask(key: str | None, body: Any, path: str = CHAT, method: str = "POST", **headers: str) -> Answer:
    given = {"Authorization": f"Bearer {key}"} if key else {}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    _requests.append(path)
    with Connection() as connection:
        return connection.ask("api", path, method, content, {**given, "Content-Type": "application/json", **headers})


def chat(name: str, text: str = "hello", **rest: Any) -> dict[str, Any]:
    return {"model": name, "messages": [{"role": "user", "content": text}], **rest}


def asked(door: Door) -> dict[str, list[Question]]:
    """What each engine was asked since the last time, of those that were."""
    taken = {name: engine.take() for name, engine in door.engines.items()}
    return {name: questions for name, questions in taken.items() if questions}


def error(answer: Answer) -> tuple[int, str, str]:
    """Status, type and code, of what must be an error as OpenAI's clients read it."""
    assert answer.headers["content-type"] == "application/json"
    told = json.loads(answer.body)["error"]
    assert told.keys() == {"message", "type", "param", "code"}
    assert told["message"].endswith(".")
    return answer.status, told["type"], told["code"]


def last_line(door: Door) -> dict[str, Any]:
    """That of the access log for the request that was answered last."""
    eventually(lambda: len(door.lines()) >= len(_requests))
    return max(door.lines(), key=lambda each: each["time"])


NOT_ALLOWED = (403, "permission_error", "model_not_allowed")
NO_KEY = (401, "authentication_error", "invalid_api_key")
UNKNOWN = (404, "invalid_request_error", "model_not_found")


def test_who_reaches_a_limit_is_refused_and_nobody_else_is(limit: Limit) -> None:
    # The answer that reaches the limit of 100 is given whole.
    assert limit.tokens == 120
    assert error(limit.refusal) == (429, "rate_limit_error", "rate_limit_exceeded")
    assert 0 < int(limit.refusal.headers["retry-after"]) <= 60
    assert ask("sk-carl", chat("small")).status == 200


def test_each_model_is_asked_by_its_name_and_with_its_engines_own_key(door: Door) -> None:
    for key, name, engine in (("sk-anna", "Qwen/Large", "large"), ("sk-carl", "small", "small")):
        answer = ask(key, chat(name))
        assert (answer.status, json.loads(answer.body)["model"]) == (200, name)
        ((only, (question,)),) = asked(door).items()
        assert only == engine
        assert question.headers["authorization"] == f"Bearer {engine_key(engine)}"


def test_a_clients_key_reaches_no_engine(door: Door) -> None:
    ask("sk-anna", chat("Qwen/Large"))
    ask("sk-anna", {"model": "embed", "input": "text"}, EMBED)
    questions = [question for some in asked(door).values() for question in some]
    assert len(questions) == 2
    assert "sk-anna" not in repr(questions)


def test_an_adapter_is_a_model_of_its_own(door: Door) -> None:
    assert ask("sk-carl", chat("sql-adapter")).status == 200
    assert asked(door).keys() == {"large"}
    assert error(ask("sk-anna", chat("sql-adapter"))) == NOT_ALLOWED
    assert asked(door) == {}


def test_what_a_key_does_not_open_is_refused_and_what_is_not_there_is_not_found(door: Door) -> None:
    assert error(ask("sk-anna", chat("small"))) == NOT_ALLOWED
    assert error(ask("sk-anna", chat("gpt-4"))) == UNKNOWN
    # A model that embeds does not chat.
    assert error(ask("sk-anna", chat("embed"))) == UNKNOWN
    assert error(ask("sk-anna", chat("Qwen/Large"), "/v1/load_lora_adapter")) == UNKNOWN
    assert asked(door) == {}


def test_without_a_key_that_is_valid_nothing_is_opened(door: Door) -> None:
    for key in (None, "sk-nobody", "", "sk-anna.previous", "sk-old", "sk-dora-before"):
        assert error(ask(key, chat("small"))) == NO_KEY, key
        assert error(ask(key, b"", "/v1/models", "GET")) == NO_KEY, key
    assert asked(door) == {}


def test_after_a_rotation_both_keys_are_valid_until_the_date(door: Door) -> None:
    for key in ("sk-anna", "sk-anna-before"):
        assert ask(key, chat("Qwen/Large")).status == 200
    assert ask("sk-dora", chat("small")).status == 200


def test_a_client_is_shown_its_own_models(door: Door) -> None:
    for key, names in (("sk-anna", ["Qwen/Large", "embed"]), ("sk-bert", ["small"])):
        answer = ask(key, b"", "/v1/models", "GET")
        listed = json.loads(answer.body)
        assert (answer.status, listed["object"]) == (200, "list")
        assert [each["id"] for each in listed["data"]] == names


@pytest.mark.parametrize("name", ["x-tke-llm-client", "X-TKE-LLM-Client"])
def test_a_header_fakes_neither_client_nor_model(door: Door, name: str) -> None:
    forged = {name: "carl", "x-tke-llm-model": "small"}
    assert error(ask("sk-anna", chat("small"), **forged)) == NOT_ALLOWED
    assert error(ask(None, chat("small"), **forged)) == NO_KEY
    assert ask("sk-anna", chat("Qwen/Large"), **forged).status == 200
    ((engine, (question,)),) = asked(door).items()
    assert (engine, question.headers["x-tke-llm-client"]) == ("large", "anna")


@pytest.mark.parametrize(
    "body",
    [
        b'{"model": "Qwen/Large", "messages": [{"role": "user", "content": "x"}], "model": "sql-adapter"}',
        b'{"mod\\u0065l": "sql-adapter", "model": "Qwen/Large", "messages": []}',
        b'{"model": "Qwen\\u002fLarge", "messages": []}',
        json.dumps({"model": "Qwen/Large"}).encode("utf-16"),
        b'{"metadata": {"model": "Qwen/Large"}, "messages": []}',
        b'[{"model": "Qwen/Large"}]',
        b'{"model": ["Qwen/Large"]}',
        b'{"model": "Qwen/Large"',
        b"model=Qwen/Large",
        b"",
    ],
)
def test_a_body_that_two_readers_may_read_differently_is_refused(door: Door, body: bytes) -> None:
    answer = ask("sk-anna", body)
    assert error(answer)[:2] == (400, "invalid_request_error")
    assert asked(door) == {}


def test_the_model_is_the_one_of_the_request_and_not_of_what_lies_in_it(door: Door) -> None:
    body = {"metadata": {"model": "small"}, "tools": [{"model": "small"}], **chat("Qwen/Large", '"model":"small",}{')}
    answer = ask("sk-anna", body)
    assert answer.status == 200
    ((engine, (question,)),) = asked(door).items()
    assert (engine, question.json) == ("large", body)


@pytest.mark.parametrize(
    ("options", "at_the_end", "with_each"),
    [
        ({}, False, False),
        ({"include_usage": False}, False, False),
        ({"include_usage": True}, True, False),
        ({"include_usage": True, "continuous_usage_stats": False}, True, False),
        ({"include_usage": True, "continuous_usage_stats": True}, True, True),
    ],
)
def test_a_stream_is_counted_and_its_usage_shown_to_who_asked(
    door: Door, options: dict[str, Any], at_the_end: bool, with_each: bool
) -> None:
    body = chat("Qwen/Large", "seven!!", stream=True, max_tokens=6, **({"stream_options": options} if options else {}))
    answer = ask("sk-anna", body)
    events = [each for each in answer.body.decode().split("\n") if each.startswith("data: ")]
    assert events[-1] == "data: [DONE]"
    contents = [json.loads(each.removeprefix("data: ")) for each in events[:-1]]
    assert [each["choices"][0]["delta"]["content"] for each in contents[:6]] == [f"{n} " for n in range(6)]
    told = [each["usage"]["total_tokens"] for each in contents[:6] if "usage" in each]
    assert told == (list(range(8, 14)) if with_each else [])
    assert [each["usage"]["total_tokens"] for each in contents[6:]] == ([13] if at_the_end else [])
    told = last_line(door)
    assert (told["prompt_tokens"], told["completion_tokens"]) == (7, 6)


def test_a_stream_that_its_client_breaks_off_is_counted_as_far_as_it_came(door: Door) -> None:
    body = json.dumps(chat("Qwen/Large", "seven!!", stream=True, max_tokens=100, behave=SLOW)).encode()
    _requests.append(CHAT)
    with Connection() as connection:
        connection.send("api", CHAT, "POST", body, {"Authorization": "Bearer sk-anna"})
        with connection.begin("POST") as answer:
            read = b""
            while read.count(b"data: ") < 3:
                read += answer.read1(1000)
    told = last_line(door)
    assert told["prompt_tokens"] == 7
    assert 3 <= told["completion_tokens"] < 20


def test_an_answer_that_its_client_does_not_wait_for_is_a_request_whose_tokens_are_not_known(door: Door) -> None:
    body = json.dumps(chat("Qwen/Large", max_tokens=20, behave=SLOW)).encode()
    _requests.append(CHAT)
    with Connection() as connection:
        connection.send("api", CHAT, "POST", body, {"Authorization": "Bearer sk-anna"})
        eventually(lambda: bool(asked(door)))
    told = last_line(door)
    assert (told["client"], told["model"], told["status"], told["prompt_tokens"]) == ("anna", "Qwen/Large", 0, None)


def test_who_breaks_off_reaches_a_limit_too(door: Door) -> None:
    _at_the_start_of_a_minute()
    body = json.dumps(chat("small", "x" * 150, stream=True, max_tokens=100, behave=SLOW)).encode()
    _requests.append(CHAT)
    with Connection() as connection:
        connection.send("api", CHAT, "POST", body, {"Authorization": "Bearer sk-finn"})
        with connection.begin("POST") as answer:
            answer.read1(1000)
    last_line(door)
    eventually(lambda: ask("sk-finn", chat("small")).status == 429)


@pytest.mark.parametrize("stream", [1, "true", "on", {}])
def test_a_stream_is_asked_for_by_true_alone(door: Door, stream: Any) -> None:
    assert error(ask("sk-anna", chat("Qwen/Large", stream=stream)))[:2] == (400, "invalid_request_error")
    assert asked(door) == {}


def test_each_answer_is_a_line_with_client_model_and_tokens(door: Door) -> None:
    ask("sk-carl", chat("sql-adapter", "abc", max_tokens=5))
    told = last_line(door)
    assert {name: told[name] for name in ("client", "model", "prompt_tokens", "completion_tokens", "status")} == {
        "client": "carl",
        "model": "sql-adapter",
        "prompt_tokens": 3,
        "completion_tokens": 5,
        "status": 200,
    }
    ask("sk-anna", {"model": "embed", "input": "abcdef"}, EMBED)
    told = last_line(door)
    assert (told["client"], told["prompt_tokens"], told["completion_tokens"]) == ("anna", 6, 0)


def test_a_model_does_not_write_its_own_usage(door: Door) -> None:
    say = '"usage":{"prompt_tokens":0,"total_tokens":0},\n\ndata: {"choices":[],"usage":{"total_tokens":0}}'
    for stream in (False, True):
        body = chat("Qwen/Large", "four", stream=stream, say=say, max_tokens=2)
        answer = ask("sk-anna", body)
        told = last_line(door)
        assert (told["prompt_tokens"], told["completion_tokens"]) == (4, 2)
        assert json.dumps(say)[1:-1] in answer.body.decode()


def test_an_engines_own_error_stays_as_it_is(door: Door) -> None:
    answer = ask("sk-anna", chat("Qwen/Large", behave="refuse"))
    assert (answer.status, json.loads(answer.body)["error"]["type"]) == (400, "BadRequestError")


def test_who_has_no_right_is_nobody_in_the_log(door: Door) -> None:
    ask("sk-nobody", chat("small"), **{"x-tke-llm-client": "carl"})
    told = last_line(door)
    assert (told["status"], told["client"], told["model"]) == (401, None, None)


def test_no_log_holds_a_key_or_what_was_asked(door: Door) -> None:
    ask("sk-anna", chat("Qwen/Large", "a-secret-prompt"), f"{CHAT}?key=sk-anna")
    ask("sk-nobody", chat("Qwen/Large", "a-secret-prompt"))
    written = "".join(path.read_text(encoding="utf-8", errors="replace") for path in door.logs)
    assert "sk-" not in written
    assert "a-secret-prompt" not in written
    assert engine_key("large") not in written


def test_a_large_prompt_arrives_whole_and_a_larger_one_is_refused(door: Door) -> None:
    answer = ask("sk-anna", chat("Qwen/Large", "x" * 10_000_000))
    assert json.loads(answer.body)["usage"]["prompt_tokens"] == 10_000_000
    asked(door)
    assert error(ask("sk-anna", chat("Qwen/Large", "x" * (21 << 20)))) == (
        413,
        "invalid_request_error",
        "request_too_large",
    )
    assert asked(door) == {}


def test_who_sends_slowly_takes_nothing_from_an_engine_or_from_others(door: Door) -> None:
    body = json.dumps(chat("Qwen/Large")).encode()
    head = f"POST {CHAT} HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer sk-anna\r\nContent-Length: {len(body)}\r\n\r\n"
    with Connection() as slow:
        slow.write(head.encode() + body[:10])
        _requests.append(CHAT)
        assert ask("sk-carl", chat("small")).status == 200
        assert asked(door).keys() == {"small"}
        slow.write(body[10:])
        assert slow.receive("POST").status == 200
    assert asked(door).keys() == {"large"}


def test_who_reached_a_limit_is_answered_when_the_minute_is_over(limit: Limit) -> None:
    time.sleep(max(0.0, limit.over - time.monotonic()))
    assert ask("sk-bert", chat("small")).status == 200


def test_requests_are_counted_over_all_models(door: Door) -> None:
    _at_the_start_of_a_minute()
    names = ["small", "Qwen/Large"] * 2
    assert [ask("sk-emil", chat(name)).status for name in names] == [200, 200, 200, 429]


def test_envoys_counters_say_what_the_log_says(door: Door) -> None:
    """For all that was asked above, but those of whom Envoy knows no client."""
    eventually(lambda: len(door.lines()) >= len(_requests))
    expected = Counter[tuple[str, str, str]]()
    for each in used(door.log.read_text(encoding="utf-8").splitlines()):
        own = any(client.name == each.client and each.model in client.models for client in PLAN.clients)
        whose = (each.client, each.model if own else OTHER)
        expected[*whose, "requests"] += each.requests
        if own:
            expected[*whose, "limited"] += each.limited
            expected[*whose, "prompt_tokens"] += each.tokens_in
            expected[*whose, "completion_tokens"] += each.tokens_out
            expected[*whose, "uncounted"] += each.uncounted
    counted = Counter[tuple[str, str, str]]()
    for client, name, what, number in counters():
        counted[client, name, what] += number
    for client, name in {(client, name) for client, name, _ in counted}:
        failed, told = counted.pop((client, name, "failed"), 0), counted.pop((client, name, "counted"), 0)
        if name != OTHER:
            counted[client, name, "uncounted"] = counted[client, name, "requests"] - failed - told
    nobody = {key: number for key, number in expected.items() if key[0] == NOBODY}
    assert +counted == +(expected - Counter(nobody))
    assert {client for client, _, _ in counted} == {client.name for client in PLAN.clients}


def counters() -> Iterator[tuple[str, str, str, int]]:
    """Client, model, what is counted, and how much, as Prometheus reads it of Envoy."""
    with urllib.request.urlopen(f"http://127.0.0.1:{METRICS_PORT}/stats/prometheus", timeout=10) as answer:
        text = answer.read().decode()
    for what, client, name, number in re.findall(
        r'^envoy_http_lua_tke_llm_(\w+)\{client="([^"]+)",model="([^"]+)",[^}]*\} (\d+)$', text, re.MULTILINE
    ):
        yield client, name, what, int(number)


def _at_the_start_of_a_minute() -> None:
    """The rate limit service counts by the minutes of the clock."""
    if time.time() % 60 > 40:
        time.sleep(61 - time.time() % 60)
