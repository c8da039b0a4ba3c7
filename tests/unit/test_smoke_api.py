"""The smoke test's questions to one API of all models, against servers on loopback that answer as Envoy Gateway does.

Answers and statuses: seen at Envoy Gateway 1.9.1 (tests/requests/test_api.py).
"""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from components.workloads.scripts.smoke_test import api, web
from components.workloads.scripts.smoke_test.api import Api
from components.workloads.scripts.smoke_test.findings import FAILED, OK, WARNING, Finding
from components.workloads.scripts.smoke_test.pooling import PoolingModel
from components.workloads.scripts.smoke_test.request import Gateway, Request
from tests.unit.stub_servers import KEY, EngineStub, Reply, StubServer, serving
from tests.unit.test_smoke_script import BRIEFLY, HOST, PATIENCE, REQUEST, certificate, container, found

OWN = "key-of-the-smoke-test-0815"
MODELS = (("Qwen/Large", "chat"), ("sql-adapter", "chat"), ("embed", "embed"), ("rank", "rerank"))


@dataclass
class ApiStub(StubServer):
    """One API before an engine for each name. `faults` are the statuses of those that do not answer as they should,
    by name; `fault` names what is wrong with all."""

    fault: str = ""
    faults: dict[str, int] = field(default_factory=dict)
    late: int = 0
    """So many requests are answered as if the routes were yet to come."""

    def answer(self, method: str, path: str, token: str | None, body: Any) -> Reply:
        if self.late:
            self.late -= 1
            return Reply(404, {"error": {"message": "no route"}})
        if token != OWN and not (self.fault == "open" or (self.fault == "any key" and token is not None)):
            return Reply(403 if self.fault == "forbids" else 401, {"error": {"message": "This API key is not valid."}})
        if path == "/v1/models":
            names = [name for name, _ in MODELS][self.fault == "hides one" :]
            return Reply(200, {"object": "list", "data": [{"id": name} for name in names]})
        name = body["model"]
        if name in self.faults:
            return Reply(self.faults[name], {"error": {"message": f"{name} and {token}"}})
        return EngineStub(name=name, key=None).answer(method, path, None, body)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "PAUSE_SECONDS", 0.01)


@pytest.fixture
def started() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def asked(server: StubServer, patience: float = PATIENCE, **changes: Any) -> list[Finding]:
    url = f"{server.url}/v1"
    models = tuple(PoolingModel(name, name, url, OWN, patience, task=task) for name, task in MODELS)
    given = Api(**{"url": url, "key": OWN, "patience": patience, "models": models, **changes})
    gateway = Gateway("127.0.0.1") if given.public is not None else None
    return api.run(Request(owner="job", limit=60, gateway=gateway), (), given)


def served(started: ExitStack, patience: float = PATIENCE, **faults: Any) -> list[Finding]:
    server = ApiStub(**faults)
    started.enter_context(serving(server))
    return asked(server, patience)


def test_an_api_that_is_as_it_should_be_is_closed_to_strangers_lists_all_and_answers_for_each(
    started: ExitStack,
) -> None:
    findings = served(started)
    assert {each.level for each in findings} == {OK}, found(findings, FAILED)
    said = found(findings, OK)
    assert "API: refuses requests without a key that it knows" in said
    assert "API: lists Qwen/Large, sql-adapter, embed, rank" in said
    for line in ("Qwen/Large: streams", "sql-adapter: streams", "embed: embeds 2 texts", "rank: ranks 2 documents"):
        assert f"API, {line}" in said


def test_routes_that_are_made_a_moment_ago_are_waited_for(started: ExitStack) -> None:
    assert {each.level for each in served(started, late=3)} == {OK}


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("open", "a request without a key is answered: is the SecurityPolicy accepted?"),
        ("any key", "a request with a wrong key is answered: is the SecurityPolicy accepted?"),
        ("forbids", "a request without a key is not refused by 401: it gets 403"),
        ("hides one", "its list of models has no Qwen/Large"),
    ],
)
def test_an_api_that_is_open_or_hides_a_model_fails_and_no_model_is_asked(
    started: ExitStack, fault: str, says: str
) -> None:
    findings = served(started, BRIEFLY, fault=fault)
    assert says in found(findings, FAILED)
    assert not [each for each in findings if each.subject.startswith("API, ")]


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "does not know the client's key"),
        (403, "does not open it"),
        (404, "no route leads there"),
        (429, "the limit of the client that asked"),
        (500, "does not accept a policy"),
        (503, "reaches no ready pod"),
        (504, "did not answer in time"),
    ],
)
def test_what_is_wrong_with_one_model_is_said_with_what_to_look_at_and_the_others_are_asked(
    started: ExitStack, status: int, says: str
) -> None:
    findings = served(started, BRIEFLY, faults={"sql-adapter": status})
    (failed,) = [each for each in findings if each.level == FAILED]
    assert failed.subject == "API, sql-adapter"
    assert f"gets {status}: sql-adapter and ***; " in failed.text
    assert says in failed.text
    assert OWN not in failed.line
    assert "API, rank: ranks" in found(findings, OK)


def test_a_limit_is_told_at_once(started: ExitStack) -> None:
    server = ApiStub(faults={name: 429 for name, _ in MODELS})
    started.enter_context(serving(server))
    asked(server)
    assert len([each for each in server.asked if each.startswith("POST")]) == 2 + len(MODELS)


def test_a_name_that_leads_nowhere_is_told_from_a_gateway_that_does_not_answer() -> None:
    nowhere = asked(StubServer(), BRIEFLY, url="http://api.invalid/v1")
    assert "its name api.invalid leads nowhere" in found(nowhere, FAILED)
    assert "is the Gateway api programmed" in found(nowhere, FAILED)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert "do its proxies run?" in found(asked(StubServer(port), BRIEFLY), FAILED)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert "does a NetworkPolicy lie between?" in found(asked(StubServer(port), BRIEFLY), FAILED)


def test_tls_that_fails_is_told_from_the_rest(started: ExitStack) -> None:
    server = ApiStub()
    started.enter_context(serving(server))
    said = found(asked(server, BRIEFLY, url=f"https://127.0.0.1:{server.port}/v1"), FAILED)
    assert "TLS fails; does the listener's Secret hold a certificate" in said


def test_the_public_host_is_asked_at_the_proxies_by_its_name(started: ExitStack, tmp_path: Path) -> None:
    server, front = ApiStub(), ApiStub()
    started.enter_context(serving(server))
    started.enter_context(serving(front, certificate(tmp_path)))
    findings = asked(server, public=f"https://{HOST}:{front.port}/v1")
    assert not found(findings, FAILED)
    assert f"https://{HOST}:{front.port}/v1: lists Qwen/Large" in found(findings, OK)
    assert f"warning: {HOST}: its certificate is not trusted here" in found(findings, WARNING)
    assert {each.split()[1] for each in front.asked} == {f"{HOST}:{front.port}"}


def test_a_public_host_that_asks_for_no_key_fails(started: ExitStack) -> None:
    server, front = ApiStub(), ApiStub(fault="open")
    started.enter_context(serving(server))
    started.enter_context(serving(front))
    said = found(asked(server, BRIEFLY, public=f"http://{HOST}:{front.port}/v1"), FAILED)
    assert f"http://{HOST}:{front.port}/v1: a request without a key is answered" in said


def test_the_container_asks_models_and_api_and_tells_no_key(started: ExitStack, tmp_path: Path) -> None:
    engine, server = EngineStub(), ApiStub()
    started.enter_context(serving(engine))
    started.enter_context(serving(server))
    request = {
        **REQUEST,
        "models": [{**REQUEST["models"][0], "url": f"{engine.url}/v1", "patience": 5}],
        "api": {
            "url": f"{server.url}/v1",
            "public": None,
            "key": "OWN",
            "patience": 5,
            "models": [{"name": name, "task": task} for name, task in MODELS],
        },
    }
    done = container(tmp_path, request, module="smoke_test.api", API_KEY_0=KEY, OWN=OWN)
    log, _ = done.communicate(timeout=30)
    text = (tmp_path / "termination-log").read_text(encoding="utf-8")
    assert (done.returncode, text.splitlines()[0]) == (0, "smoke test: 11 ok")
    assert OWN not in text + log


def test_the_probe_runs_the_same_module_and_asks_no_api(tmp_path: Path) -> None:
    done = container(tmp_path, {**REQUEST, "models": []}, module="smoke_test.api")
    done.communicate(timeout=30)
    assert done.returncode == 0
