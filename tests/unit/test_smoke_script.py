"""The smoke test's script, against servers on loopback that speak the engines' and the page's protocols."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from components.workloads.scripts.smoke_test import roads, web
from components.workloads.scripts.smoke_test.asking import run
from components.workloads.scripts.smoke_test.findings import (
    FAILED,
    OK,
    TERMINATION_BYTES,
    WARNING,
    Finding,
    message,
)
from components.workloads.scripts.smoke_test.request import (
    Forbidden,
    Gateway,
    Model,
    Page,
    Request,
    RequestError,
    read_request,
)
from tests.unit.stub_servers import ADMIN, KEY, PASSWORD, TOOLS, EngineStub, PageStub, Reply, StubServer, serving

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "components" / "workloads" / "scripts"
PATIENCE = 30.0
BRIEFLY = 0.2
"""Where no answer is to come."""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(roads, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(roads, "CONNECT_SECONDS", 0.2)


@pytest.fixture
def started() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def model_of(engine: EngineStub, **changes: Any) -> Model:
    given = {"name": "chat", "model": "chat", "url": f"{engine.url}/v1", "key": engine.key, "patience": PATIENCE}
    return Model(**{**given, **changes})


def page_of(server: PageStub, **changes: Any) -> Page:
    given = {"url": server.url, "email": ADMIN, "password": PASSWORD, "patience": PATIENCE}
    return Page(**{**given, **changes})


def request_of(*models: Model, page: Page | None = None, **changes: Any) -> Request:
    return Request(**{"owner": "job", "limit": 60, "alone": True, "models": models, "page": page, **changes})


def found(findings: list[Finding], level: str) -> str:
    return "\n".join(each.line for each in findings if each.level == level)


def asked_model(started: ExitStack, patience: float = PATIENCE, **faults: Any) -> list[Finding]:
    engine = EngineStub(**faults)
    started.enter_context(serving(engine))
    return run(request_of(model_of(engine, patience=patience)))


def asked_page(started: ExitStack, server: PageStub, **changes: Any) -> list[Finding]:
    started.enter_context(serving(server.engine))
    started.enter_context(serving(server))
    return run(request_of(model_of(server.engine), page=page_of(server, **changes)))


def test_a_model_that_is_as_it_should_be_is_listed_guarded_and_answers_both_ways(started: ExitStack) -> None:
    findings = asked_model(started)
    assert {each.level for each in findings} == {OK}
    said = found(findings, OK)
    for part in ("lists chat", "refuses requests without its key", "answers with 1 tokens", "streams"):
        assert part in said


def test_of_an_engine_that_knows_no_key_none_is_expected(started: ExitStack) -> None:
    findings = asked_model(started, key=None)
    assert {each.level for each in findings} == {OK}
    assert "key" not in found(findings, OK)


def test_an_answer_may_consist_of_thoughts_alone(started: ExitStack) -> None:
    assert {each.level for each in asked_model(started, fault="thinks")} == {OK}


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("no key asked", "a request without a key is answered"),
        ("wrong key accepted", "a request with a wrong key is answered"),
        ("wrong refusal", "a request without a key is not refused: it gets 404"),
        ("model list", "its list of models has no chat: other"),
        ("redirect", "is sent on to https://login.example.com/ (302)"),
        ("empty", "an answer without a single token"),
        ("breaks off", "the stream breaks off"),
    ],
)
def test_what_is_wrong_with_a_model_is_said(started: ExitStack, fault: str, says: str) -> None:
    assert says in found(asked_model(started, fault=fault), FAILED)


def test_a_server_that_is_not_ready_is_asked_again(started: ExitStack) -> None:
    assert {each.level for each in asked_model(started, unready=2)} == {OK}


def test_a_server_that_never_gets_ready_fails_in_its_time(started: ExitStack) -> None:
    assert "answers 503 for 0 s: loading" in found(asked_model(started, BRIEFLY, unready=1_000_000), FAILED)


def test_a_server_that_nobody_hears_of_fails_in_its_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        engine = EngineStub(port=silent.getsockname()[1])
        findings = run(request_of(model_of(engine, patience=BRIEFLY)))
    assert "no answer in 0 s (TimeoutError" in found(findings, FAILED)


def test_no_secret_is_told_even_where_a_server_tells_it(started: ExitStack) -> None:
    text = message(asked_model(started, fault="echoes the key"))
    assert "cannot take ***" in text
    assert KEY not in text


def test_an_ordinary_user_is_answered_and_gone_again(started: ExitStack) -> None:
    server = PageStub()
    findings = asked_page(started, server)
    assert {each.level for each in findings} == {OK}, message(findings)
    assert "an ordinary user signs in" in found(findings, OK)
    assert "chat answers an ordinary user" in found(findings, OK)
    assert len(server.made) == 1
    assert not server.users


@pytest.mark.parametrize(
    ("page", "says"),
    [
        (PageStub(fault="no answer"), "a stream without a single token"),
        (PageStub(fault="no model"), "its list of models has no chat: it is empty"),
        (PageStub(engine=EngineStub(fault="tools"), native=True), TOOLS),
    ],
    ids=["no answer", "no model", "tools that the engine refuses"],
)
def test_a_page_that_answers_no_user_fails_and_keeps_no_account(started: ExitStack, page: PageStub, says: str) -> None:
    assert says in found(asked_page(started, page), FAILED)
    assert page.made
    assert not page.users


def test_an_account_is_removed_even_where_nobody_heard_that_it_was_made(started: ExitStack) -> None:
    page = PageStub(fault="answer lost")
    assert "answers 500: lost" in found(asked_page(started, page), FAILED)
    assert page.made
    assert not page.users


def test_an_account_that_cannot_be_removed_is_named(started: ExitStack) -> None:
    page = PageStub(fault="undeletable")
    said = found(asked_page(started, page), FAILED)
    assert f"an account is left behind: {page.made[0]}" in said


def test_what_an_earlier_run_left_is_removed_and_nobody_elses(started: ExitStack) -> None:
    fresh = {"created_at": time.time(), "password": "", "role": "user"}
    page = PageStub(
        users={
            "u7": {**fresh, "email": "smoke-test-job-1@tke-llm.invalid"},
            "u8": {**fresh, "email": "smoke-test-cli-1@tke-llm.invalid"},
            "u9": {**fresh, "email": "smoke-test-cli-2@tke-llm.invalid", "created_at": 0},
            "person": {**fresh, "email": "smoke-test-fan@example.com", "created_at": 0},
        }
    )
    assert not found(asked_page(started, page), FAILED)
    assert set(page.users) == {"u8", "person"}


def test_a_page_that_is_open_to_everyone_fails(started: ExitStack) -> None:
    said = found(asked_page(started, PageStub(fault="open to everyone")), FAILED)
    assert "somebody who is not signed in gets 200" in said


def test_a_password_that_was_changed_in_the_page_is_no_fault_of_the_stack(started: ExitStack) -> None:
    page = PageStub(password="another")
    findings = asked_page(started, page)
    assert not found(findings, FAILED)
    assert "changed in the page?" in found(findings, WARNING)
    assert not page.made


def test_a_page_whose_models_are_granted_one_by_one_is_asked_as_far_as_the_sign_in(started: ExitStack) -> None:
    page = PageStub(fault="no model")
    findings = asked_page(started, page, chats=False)
    assert not found(findings, FAILED)
    assert "ordinary users see no model" in found(findings, WARNING)
    assert not page.users


def test_a_page_with_single_sign_on_alone_is_asked_as_far_as_its_login(started: ExitStack) -> None:
    page = PageStub(providers=("oidc",))
    findings = asked_page(started, page, password=None)
    assert {each.level for each in findings} == {OK}
    assert "single sign-on leads to oidc" in found(findings, OK)
    assert not page.made


@pytest.mark.parametrize(
    ("page", "says"),
    [
        (PageStub(), "nobody can sign in"),
        (PageStub(providers=("oidc",), fault="login leads nowhere"), "the login by oidc leads nowhere"),
    ],
    ids=["no provider", "no way to the provider"],
)
def test_a_login_that_leads_nowhere_fails(started: ExitStack, page: PageStub, says: str) -> None:
    assert says in found(asked_page(started, page, password=None), FAILED)


HOST = "chat.example.com"


def certificate(folder: Path) -> Path:
    """A self-signed certificate of the host."""
    path = folder / "tls.pem"
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    name = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
    subprocess.run([*new, *name, "-keyout", str(path), "-out", str(path)], check=True, capture_output=True)
    return path


def at_gateway(
    engine: EngineStub, front: StubServer, scheme: str, patience: float = PATIENCE, pending: str | None = None
) -> list[Finding]:
    public = f"{scheme}://{HOST}:{front.port}/v1"
    model = model_of(engine, public=public, patience=patience)
    return run(request_of(model, gateway=Gateway("127.0.0.1", pending)))


def test_the_gateway_is_asked_at_its_address_by_the_hosts_name(started: ExitStack) -> None:
    engine = EngineStub()
    started.enter_context(serving(engine))
    findings = at_gateway(engine, engine, "http")
    assert {each.level for each in findings} == {OK}
    assert f"POST {HOST}:{engine.port} /v1/chat/completions" in engine.asked


def test_a_certificate_that_nobody_trusts_is_told_and_the_answers_are_taken(started: ExitStack, tmp_path: Path) -> None:
    engine, front = EngineStub(), EngineStub()
    started.enter_context(serving(engine))
    started.enter_context(serving(front, certificate(tmp_path)))
    findings = at_gateway(engine, front, "https")
    assert not found(findings, FAILED)
    assert f"warning: {HOST}: its certificate is not trusted here (self-signed certificate)" in found(findings, WARNING)
    assert f"https://{HOST}:{front.port}/v1: streams" in found(findings, OK)


def test_where_a_name_leads_by_itself_nobody_is_told_a_secret_without_a_trusted_certificate(
    started: ExitStack, tmp_path: Path
) -> None:
    engine = EngineStub()
    started.enter_context(serving(engine, certificate(tmp_path)))
    findings = run(request_of(model_of(engine, url=f"https://127.0.0.1:{engine.port}/v1")))
    assert "its certificate is not trusted here" in found(findings, FAILED)
    assert not engine.asked


def test_a_gateway_that_asks_for_no_key_fails(started: ExitStack) -> None:
    engine, front = EngineStub(), EngineStub(fault="no key asked")
    started.enter_context(serving(engine))
    started.enter_context(serving(front))
    assert "a request without a key is answered" in found(at_gateway(engine, front, "http"), FAILED)


def test_a_gateway_that_knows_no_such_host_fails(started: ExitStack) -> None:
    engine, front = EngineStub(), EngineStub(path="/elsewhere", key=None)
    started.enter_context(serving(engine))
    started.enter_context(serving(front))
    assert "gets 404" in found(at_gateway(engine, front, "http"), FAILED)


PENDING = "HTTPS answers when the Secret chat holds a certificate"


def test_a_certificate_that_is_still_to_come_is_a_warning_where_the_gateway_is_there(
    started: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, plain = EngineStub(), EngineStub(fault="redirect")
    started.enter_context(serving(engine))
    started.enter_context(serving(plain))
    monkeypatch.setattr(roads, "HTTP_PORT", plain.port)
    findings = at_gateway(engine, engine, "https", pending=PENDING)
    assert not found(findings, FAILED)
    assert PENDING in found(findings, WARNING)
    assert plain.asked == [f"GET {HOST}:{plain.port} /"]


def test_a_gateway_that_is_not_there_fails_whatever_becomes_of_the_certificate(
    started: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = EngineStub()
    started.enter_context(serving(engine))
    with socket.create_server(("127.0.0.1", 0)) as closed:
        monkeypatch.setattr(roads, "HTTP_PORT", closed.getsockname()[1])
    assert "no answer" in found(at_gateway(engine, StubServer(port=1), "https", BRIEFLY, PENDING), FAILED)


def tried(port: int, *, promised: bool, host: str = "127.0.0.1") -> Finding:
    (finding,) = run(request_of(forbidden=(Forbidden(host, port, "pool gpu", promised),)))
    return finding


def test_a_connection_that_opens_where_it_must_not_fails_where_it_was_promised(started: ExitStack) -> None:
    engine = EngineStub()
    started.enter_context(serving(engine))
    assert "not enforced on pool gpu" in tried(engine.port, promised=True).text
    assert tried(engine.port, promised=True).level == FAILED
    assert tried(engine.port, promised=False).level == WARNING


def test_a_connection_that_is_refused_shows_that_policies_are_enforced() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    finding = tried(port, promised=True)
    assert finding.level == OK
    assert "enforced on pool gpu" in finding.text


def test_a_connection_that_opens_and_stays_silent_is_one_that_a_proxy_took() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert tried(silent.getsockname()[1], promised=True).level == OK


def test_a_name_that_leads_nowhere_says_nothing_of_policies() -> None:
    assert tried(80, promised=True, host="nobody.invalid").level == FAILED
    assert tried(80, promised=False, host="nobody.invalid").level == WARNING


def test_the_message_fits_what_kubernetes_keeps_and_has_the_gravest_first() -> None:
    findings = [Finding(OK, f"model {number}", "ü" * 100) for number in range(100)]
    text = message([*findings, Finding(FAILED, "page", "gone"), Finding(WARNING, "host", "untrusted")])
    assert len(text.encode()) <= TERMINATION_BYTES
    lines = text.splitlines()
    assert lines[0] == "smoke test: 1 failed, 1 warning, 100 ok"
    assert lines[1:3] == ["failed: page: gone", "warning: host: untrusted"]
    assert lines[-1].endswith("more, see the log")


REQUEST = {
    "owner": "job",
    "alone": True,
    "limit": 30,
    "models": [{"name": "chat", "model": "chat", "url": "http://x/v1", "key": "API_KEY_0", "patience": 1}],
    "page": None,
    "gateway": None,
    "forbidden": [],
}


def test_a_request_names_the_variables_of_its_secrets() -> None:
    request = read_request({"SMOKE_TEST": json.dumps(REQUEST), "API_KEY_0": KEY})
    assert request.models[0].key == KEY


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({}, "'SMOKE_TEST' is not set"),
        ({"SMOKE_TEST": "{"}, "SMOKE_TEST"),
        ({"SMOKE_TEST": json.dumps(REQUEST)}, "'API_KEY_0' is not set"),
        ({"SMOKE_TEST": json.dumps({**REQUEST, "models": [], "gateway": {"where": 1}})}, "unexpected keyword"),
    ],
)
def test_a_request_that_cannot_be_read_says_why(environ: dict[str, str], says: str) -> None:
    with pytest.raises(RequestError, match=says):
        read_request(environ)


def container(
    folder: Path, request: dict[str, Any], *, module: str = "smoke_test", **environ: str
) -> subprocess.Popen[str]:
    """The script as the container runs it: the package alone, and nothing of this repository."""
    (folder / "smoke_test").symlink_to(SCRIPTS / "smoke_test")
    given = {
        "SMOKE_TEST": json.dumps(request),
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TERMINATION_LOG": str(folder / "termination-log"),
        **environ,
    }
    return subprocess.Popen([sys.executable, "-m", module], cwd=folder, env=given, stdout=subprocess.PIPE, text=True)


def test_the_container_leaves_its_findings_and_its_verdict(started: ExitStack, tmp_path: Path) -> None:
    engine = EngineStub()
    started.enter_context(serving(engine))
    models = [{**REQUEST["models"][0], "url": f"{engine.url}/v1", "patience": 5}]
    for key, code, verdict in ((KEY, 0, "smoke test: 4 ok"), ("another", 1, "smoke test: 1 failed")):
        folder = tmp_path / verdict[-2:]
        folder.mkdir()
        done = container(folder, {**REQUEST, "models": models}, API_KEY_0=key)
        log, _ = done.communicate(timeout=30)
        text = (folder / "termination-log").read_text(encoding="utf-8")
        assert (done.returncode, text.splitlines()[0]) == (code, verdict)
        assert key not in text + log


def test_a_container_that_is_told_to_stop_removes_its_account(started: ExitStack, tmp_path: Path) -> None:
    class Stopping(PageStub):
        def answer(self, method: str, path: str, token: str | None, body: Any) -> Reply:
            if path == "/api/models" and token is not None:
                os.kill(job.pid, signal.SIGTERM)
                time.sleep(0.5)
            return super().answer(method, path, token, body)

    server = Stopping(engine=EngineStub(key=None))
    started.enter_context(serving(server.engine))
    started.enter_context(serving(server))
    models = [{**REQUEST["models"][0], "url": f"{server.engine.url}/v1", "key": None, "patience": 5}]
    page = {"url": server.url, "email": ADMIN, "password": "ADMIN", "patience": 5}
    job = container(tmp_path, {**REQUEST, "models": models, "page": page}, ADMIN=PASSWORD)
    job.communicate(timeout=30)
    assert job.returncode == 128 + signal.SIGTERM
    assert server.made
    assert not server.users
