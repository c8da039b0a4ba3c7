"""What somebody tries who wants more of the API than its key opens, and what becomes of it where Envoy Gateway refuses
one of its policies: at the real Envoy."""

import gzip
import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.workloads.api_gateway import clients_secret
from components.workloads.scripts.smoke_test import api as smoke
from components.workloads.scripts.smoke_test.findings import FAILED, OK, Finding
from components.workloads.scripts.smoke_test.pooling import PoolingModel
from components.workloads.scripts.smoke_test.request import Request
from planner.access.api import SMOKE_CLIENT
from planner.plan.access import ApiPlan, ClientPlan
from rehearsal.control_plane.api import Api
from rehearsal.control_plane.processes import Processes
from tests.requests.api_door import STACK_NAMESPACE, Door, open_door, rendered
from tests.requests.client import HTTP_PORT, Answer, Connection
from tests.requests.entrance import eventually
from tests.requests.test_api import CHAT, NO_KEY, NOT_ALLOWED, ask, asked, chat, error
from tests.requests.test_api import KEYS as CLIENTS_KEYS
from tests.requests.test_api import PLAN as CLIENTS_PLAN

pytestmark = pytest.mark.xdist_group("envoy-gateway")

PLAN: ApiPlan = replace(
    CLIENTS_PLAN,
    clients=(
        *CLIENTS_PLAN.clients,
        ClientPlan(name=SMOKE_CLIENT, models=tuple(model.name for model in CLIENTS_PLAN.models)),
    ),
)
TASKS = {"embed": "embed"}
KEYS = {**CLIENTS_KEYS, SMOKE_CLIENT: "sk-smoke-test"}
ENVOY = "/apis/gateway.envoyproxy.io/v1alpha1/namespaces"
SMALL = json.dumps(chat("small")).encode()
"""Which anna may not ask for."""


@pytest.fixture(scope="module")
def door(api: Api, processes: Processes, envoy: Path) -> Iterator[Door]:
    with open_door(PLAN, rendered(PLAN, KEYS), api, processes, envoy) as door:
        yield door


@pytest.fixture(autouse=True)
def _nothing_left(door: Door) -> None:
    asked(door)


def told(data: bytes) -> list[Answer]:
    """What is answered to these bytes, until the connection ends or one says nothing more."""
    answers: list[Answer] = []
    with Connection(timeout=2.0) as connection:
        connection.write(data)
        while len(answers) < 5:
            try:
                answers.append(connection.receive("POST"))
            except (OSError, http.client.HTTPException):
                break
    return answers


def head(*lines: str, key: str = "sk-anna", path: str = CHAT) -> bytes:
    begin = (f"POST {path} HTTP/1.1", "Host: api", f"Authorization: Bearer {key}", "Content-Type: application/json")
    return "\r\n".join((*begin, *lines, "", "")).encode()


@pytest.mark.parametrize(
    "data",
    [
        head("x-tke-llm-client: carl", "x-tke-llm-client: carl", f"Content-Length: {len(SMALL)}") + SMALL,
        head("x-tke-llm-client: carl,anna", f"Content-Length: {len(SMALL)}") + SMALL,
        head("x-tke-llm-model: Qwen/Large", "X-TKE-LLM-Model: Qwen/Large", f"Content-Length: {len(SMALL)}") + SMALL,
        head("x_tke_llm_client: carl", f"Content-Length: {len(SMALL)}") + SMALL,
        head("Connection: x-tke-llm-client, x-tke-llm-model", f"Content-Length: {len(SMALL)}") + SMALL,
        head("Transfer-Encoding: chunked", "Trailer: x-tke-llm-client, x-tke-llm-model")
        + f"{len(SMALL):x}\r\n".encode()
        + SMALL
        + b"\r\n0\r\nx-tke-llm-client: carl\r\nx-tke-llm-model: small\r\n\r\n",
    ],
    ids=["twice", "listed", "model", "underscores", "hop by hop", "trailers"],
)
def test_no_way_of_sending_a_header_makes_a_client_another(door: Door, data: bytes) -> None:
    answers = told(data)
    assert [answer.status for answer in answers] in ([400], [403])
    assert asked(door) == {}


def test_of_several_keys_none_reaches_an_engine(door: Door) -> None:
    body = json.dumps(chat("Qwen/Large")).encode()
    for first, second in (("sk-anna", "sk-carl"), ("sk-nobody", "sk-anna"), ("sk-anna", "sk-nobody")):
        told(head(f"Authorization: Bearer {second}", f"Content-Length: {len(body)}", key=first) + body)
        assert "sk-" not in repr(asked(door))


def test_a_key_in_a_query_opens_nothing_and_goes_no_further(door: Door) -> None:
    for name in ("api_key", "key", "Authorization", "access_token"):
        assert error(ask(None, chat("small"), f"{CHAT}?{name}=sk-carl")) == NO_KEY
    assert asked(door) == {}
    assert ask("sk-carl", chat("small"), f"{CHAT}?key=sk-carl").status == 200
    ((question,),) = asked(door).values()
    assert question.path == CHAT
    assert "sk-" not in "".join(path.read_text(encoding="utf-8", errors="replace") for path in door.logs)


INNER = head("Content-Length: 0", key="sk-carl", path="/metrics")
"""A request that hides in another's body."""


@pytest.mark.parametrize(
    "data",
    [
        head(f"Content-Length: {len(INNER) + 5}", "Transfer-Encoding: chunked") + b"0\r\n\r\n" + INNER,
        head("Content-Length: 0", f"Content-Length: {len(INNER)}") + INNER,
        head("Content-Length: 0, 5") + INNER,
        head("Content-Length: +0") + INNER,
        head("Transfer-Encoding: xchunked", "Content-Length: 5") + b"0\r\n\r\n" + INNER,
        head("Transfer-Encoding : chunked") + b"0\r\n\r\n" + INNER,
        head("Transfer-Encoding: chunked", "Transfer-Encoding: identity") + b"0\r\n\r\n" + INNER,
        head("Transfer-Encoding:\x0bchunked") + b"0\r\n\r\n" + INNER,
        head("Transfer-Encoding: chunked") + b"0x0\r\n\r\n" + INNER,
        head("Transfer-Encoding: chunked") + b"-1\r\n\r\n" + INNER,
        head("X: y\nTransfer-Encoding: chunked", "Content-Length: 5") + b"0\r\n\r\n" + INNER,
    ],
    ids=[
        *("both lengths", "two lengths", "listed lengths", "signed length", "unknown coding", "space before the colon"),
        *("two codings", "vertical tab", "hexadecimal sign", "negative chunk", "bare line feed"),
    ],
)
def test_no_request_is_smuggled_in_another(door: Door, data: bytes) -> None:
    answers = told(data)
    assert all(answer.status >= 400 for answer in answers)
    assert asked(door) == {}


@pytest.mark.parametrize(
    "path",
    [
        *("/metrics", "/v1/metrics", "/v1/../metrics", "/v1/%2e%2e/metrics", "//metrics", "/v1//metrics"),
        *("/v1/models/../../metrics", "/stats/prometheus", "/v1/models/small", "/tokenize", "/pause", "/ready"),
    ],
)
def test_metrics_and_what_no_key_guards_are_not_reached_by_the_api(door: Door, path: str) -> None:
    for key in ("sk-carl", None):
        for method in ("GET", "POST"):
            answer = ask(key, chat("small"), path, method, **{"x-tke-llm-model": "small"})
            assert answer.status in {301, 307, 400, 401, 404}, (method, key)
            assert b"# TYPE" not in answer.body
    assert asked(door) == {}


@pytest.mark.parametrize("named", [True, False])
def test_a_body_that_is_packed_is_refused(door: Door, named: bool) -> None:
    headers = {"Content-Encoding": "gzip"} if named else {}
    assert ask("sk-carl", gzip.compress(SMALL), **headers).status == 400
    assert asked(door) == {}


def test_a_body_that_is_made_to_be_slow_is_refused_and_the_api_goes_on(door: Door) -> None:
    for inner in (b"[" * 10_000_000, b"[" + b"[]," * 3_000_000 + b"0]", b'"' + b'\\"' * 5_000_000 + b'"'):
        assert ask("sk-carl", b'{"model":"small","x":' + inner + b"}").status == 400
    assert ask("sk-carl", json.dumps({"model": "x" * 10_000_000}).encode()).status == 400
    assert asked(door) == {}
    assert max(map(len, door.log.read_text(encoding="utf-8").splitlines())) < 4000
    assert ask("sk-carl", chat("small")).status == 200


def test_words_that_are_no_utf8_neither_end_envoy_nor_its_log(door: Door) -> None:
    for name in (b"\xff\xfe", b"small\xc3", b"\xed\xa0\x80"):
        answer = ask("sk-carl", b'{"model":"' + name + b'","messages":[]}')
        assert answer.status in {400, 404}
    # As engines do, the one here reads no such prompt.
    assert ask("sk-carl", SMALL.replace(b"hello", b"\xff\xfe")).status == 400
    assert ask("sk-carl", chat("small")).status == 200
    eventually(lambda: all(isinstance(line, dict) for line in door.lines()))


def test_a_key_that_is_revoked_opens_nothing_any_more(door: Door) -> None:
    place = f"/api/v1/namespaces/{STACK_NAMESPACE}/secrets/{clients_secret(PLAN.clients)}"
    assert ask("sk-bert", chat("small")).status == 200
    known = door.api.get(place)["data"]["bert"]
    door.api.patch(place, {"data": {"bert": None}})
    try:
        eventually(lambda: ask("sk-bert", chat("small")).status == 401)
        asked(door)
        assert error(ask("sk-bert", chat("small"))) == NO_KEY
        assert error(ask("sk-bert", b"", "/v1/models", "GET")) == NO_KEY
        assert asked(door) == {}
        assert ask("sk-carl", chat("small")).status == 200
    finally:
        door.api.patch(place, {"data": {"bert": known}})


def smoke_tested() -> list[Finding]:
    url = f"http://127.0.0.1:{HTTP_PORT}/v1"
    models = tuple(
        PoolingModel(each.name, each.name, url, KEYS[SMOKE_CLIENT], 1.0, task=TASKS.get(each.name, "chat"))
        for each in PLAN.models
    )
    asking = smoke.Api(url, KEYS[SMOKE_CLIENT], 1.0, models)
    return smoke.run(Request(owner="job", limit=60), (), asking)


def test_the_smoke_test_finds_nothing_wrong_with_it(door: Door) -> None:
    findings = smoke_tested()
    assert {each.level for each in findings} == {OK}, [each.line for each in findings]
    assert [each.subject for each in findings[3:]] == [f"API, {model.name}" for model in PLAN.models]


NO_SECRET = {"apiKeyAuth": {"credentialRefs": [{"name": "nobody"}]}}
BROKEN_LIMIT = {
    "clientSelectors": [{"headers": [{"type": "RegularExpression", "name": "x-tke-llm-client", "value": "("}]}],
    "limit": {"requests": 1, "unit": "Minute"},
}


@contextmanager
def refused(door: Door, kind: str, name: str, change: Mapping[str, Any]) -> Iterator[None]:
    """One policy as Envoy Gateway does not accept it."""
    place = f"{ENVOY}/{STACK_NAMESPACE}/{kind}/{name}"
    before = door.api.get(place)["spec"]
    door.api.patch(place, {"spec": change})
    try:
        eventually(lambda: not accepted(door, place))
        yield
    finally:
        door.api.patch(place, {"spec": {part: before[part] for part in change}})
        eventually(lambda: accepted(door, place))
        eventually(lambda: ask("sk-carl", chat("small")).status == 200)


def accepted(door: Door, place: str) -> bool:
    told = door.api.get(place)["status"]["ancestors"]
    return all(why["status"] == "True" for some in told for why in some["conditions"] if why["type"] == "Accepted")


@pytest.mark.parametrize(
    ("kind", "name", "change", "status"),
    [
        ("securitypolicies", "api-small", NO_SECRET, 500),
        # The script finds that no key named a client.
        ("securitypolicies", "api", NO_SECRET, 401),
        ("envoyextensionpolicies", "api", {"lua": [{"type": "Inline", "inline": "function envoy_on_request("}]}, 500),
        ("backendtrafficpolicies", "api", {"rateLimit": {"type": "Global", "global": {"rules": [BROKEN_LIMIT]}}}, 500),
    ],
    ids=["a model's policy", "the policy of all", "the script", "limits"],
)
def test_a_policy_that_is_not_accepted_closes_the_api_and_the_smoke_test_says_so(
    door: Door, kind: str, name: str, change: Mapping[str, Any], status: int
) -> None:
    with refused(door, kind, name, change):
        eventually(lambda: ask("sk-carl", chat("small")).status == status)
        asked(door)
        for key in ("sk-carl", "sk-anna", None):
            forged = {"x-tke-llm-client": "carl", "x-tke-llm-model": "small"}
            assert ask(key, chat("small"), **forged).status >= 400
        assert asked(door) == {}
        failed = [each for each in smoke_tested() if each.level == FAILED]
        assert failed
        assert f"gets {status}: " in failed[0].text
        assert "polic" in failed[0].text.lower()


def test_a_client_reads_no_others_model_by_any_path_of_the_api(door: Door) -> None:
    for path in (CHAT, "/v1/completions"):
        assert error(ask("sk-anna", {**chat("small"), "prompt": "x"}, path)) == NOT_ALLOWED
    assert asked(door) == {}
