"""`tke-llm smoke`, with a stack, a page and programs called pulumi and kubectl that answer as they do."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli import smoke as module
from cli.deployed import Deployed, DeployedError, DeployedModel, DeployedService
from tests.program.rehearsed import command
from tests.unit.stub_servers import ADMIN, KEY, PASSWORD, EngineStub, PageStub, Reply, StubServer, serving
from tests.unit.test_deployed import answering, outputs, program


@pytest.fixture
def up(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Deployed, PageStub]]:
    """A stack whose ports are forwarded to servers of ours."""
    page = PageStub()
    with ExitStack() as stack:
        stack.enter_context(serving(page.engine))
        stack.enter_context(serving(page))
        servers = {"chat": page.engine, "webui": page}

        class Forwarding:
            def __init__(self, _: Deployed, target: str) -> None:
                self.url = servers[target].url

            def __enter__(self) -> str:
                return self.url

            def __exit__(self, *_: object) -> None:
                pass

        found = Deployed(
            stack="dev",
            models={"chat": DeployedModel("chat", "m", "chat", "vllm", "http://127.0.0.1:8000/v1", KEY)},
            chat_url="http://127.0.0.1:8080",
            admin_email=ADMIN,
            admin_password=PASSWORD,
            kubeconfig="apiVersion: v1",
            services={"chat": DeployedService("llm", "chat", 8000), "webui": DeployedService("llm", "webui", 8080)},
            plan={"paused": False},
        )
        monkeypatch.setattr(module, "forward", Forwarding)
        monkeypatch.setattr(module, "deployed", lambda _: found)
        yield found, page


def test_a_deployed_stack_is_asked_through_forwarded_ports_and_keeps_no_account(up: tuple[Deployed, PageStub]) -> None:
    result = command("smoke", "dev")
    assert result.exit_code == 0, result.output
    assert "chat answers an ordinary user" in result.stdout
    assert up[1].made[0].startswith("smoke-test-user-")
    assert not up[1].users
    for secret in (KEY, PASSWORD):
        assert secret not in result.output


BOT = "key-of-the-support-bot-0815"


class TeamApi(StubServer):
    """The API of the sample `team`, as its client support-bot sees it; `knows` is its key."""

    knows = BOT

    def answer(self, method: str, path: str, token: str | None, body: Any) -> Reply:
        if token != self.knows:
            return Reply(401, {"error": {"message": f"This API key is not valid: {token}"}})
        if path == "/v1/models":
            return Reply(200, {"object": "list", "data": [{"id": "chat"}, {"id": "embed"}]})
        return EngineStub(name=body["model"], key=None).answer(method, path, None, body)


@pytest.fixture
def team(monkeypatch: pytest.MonkeyPatch) -> Iterator[TeamApi]:
    """The sample `team` without its page, of whose clients two have keys that are known."""
    names = ("chat", "coder", "embed", "reason")
    servers: dict[str, StubServer] = {name: EngineStub(name=name) for name in names}
    servers["api"] = api = TeamApi()
    tasks = {"embed": "embed"}
    with ExitStack() as stack:
        for server in servers.values():
            stack.enter_context(serving(server))

        class Forwarding:
            def __init__(self, _: Deployed, target: str) -> None:
                self.url = servers[target].url

            def __enter__(self) -> str:
                return self.url

            def __exit__(self, *_: object) -> None:
                pass

        found = Deployed(
            stack="team",
            models={
                name: DeployedModel(name, "m", name, "vllm", None, KEY, task=tasks.get(name, "chat")) for name in names
            },
            chat_url=None,
            admin_email=None,
            admin_password=None,
            kubeconfig="apiVersion: v1",
            services={name: DeployedService("llm", name, 8000) for name in servers},
            plan={"paused": False},
            api_url="https://api.example.com/v1",
            client_keys={"contractor": "key-that-expires", "support-bot": BOT, "ide": "key-of-one-model"},
        )
        monkeypatch.setattr(module, "forward", Forwarding)
        monkeypatch.setattr(module, "deployed", lambda _: found)
        monkeypatch.setattr(module, "_leads_somewhere", lambda _: False)
        yield api


def test_the_api_of_all_models_is_asked_as_the_client_that_sees_most_of_it(team: TeamApi) -> None:
    result = command("smoke", "team", "--json")
    assert result.exit_code == 0, result.output
    said = [f"{each['subject']}: {each['text']}" for each in json.loads(result.stdout)["findings"]]
    assert "API: is asked by the key of client support-bot" in said
    assert "API: refuses requests without a key that it knows" in said
    assert "API: lists chat, embed" in said
    assert "API, embed: embeds 2 texts in vectors of 2 numbers" in said
    assert any(each.startswith("API, chat: streams") for each in said)
    # Nobody reaches its public name yet.
    assert "api.example.com: the name leads nowhere yet, so a forwarded port was asked" in said


def test_an_api_that_does_not_know_the_key_fails_and_the_key_is_in_nothing_that_is_said(
    team: TeamApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TeamApi, "knows", "another")
    monkeypatch.setattr(module, "API_SECONDS", 1)
    result = command("smoke", "team")
    assert result.exit_code == 1
    assert "does not know the client's key" in " ".join(result.stdout.split())
    assert BOT not in result.output


@pytest.fixture
def rare(team: TeamApi, monkeypatch: pytest.MonkeyPatch) -> TeamApi:
    """The same, where one model has no replica while nobody asks it."""
    given = module.load("team")
    sections = json.loads(json.dumps(dict(given.sections)))
    sections["models"]["chat"]["autoscaling"] = {"min": 0, "max": 1}
    monkeypatch.setattr(module, "load", lambda _: replace(given, sections=sections))
    return team


@pytest.mark.usefixtures("rare")
def test_a_model_without_a_replica_is_asked_at_the_api_alone() -> None:
    result = command("smoke", "team", "--json")
    assert result.exit_code == 0, result.output
    subjects = {each["subject"] for each in json.loads(result.stdout)["findings"]}
    assert {"API, chat", "model coder"} <= subjects
    assert "model chat" not in subjects


def test_a_model_without_a_replica_that_nobody_can_ask_is_a_warning(
    rare: TeamApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = replace(module.deployed("team"), client_keys={})
    monkeypatch.setattr(module, "deployed", lambda _: found)
    result = command("smoke", "team")
    assert result.exit_code == 0, result.output
    assert "model chat: not asked: no replica while nobody asks" in " ".join(result.stdout.split())
    assert not rare.asked


def test_without_a_clients_key_the_api_is_left_alone(team: TeamApi, monkeypatch: pytest.MonkeyPatch) -> None:
    found = replace(module.deployed("team"), client_keys={})
    monkeypatch.setattr(module, "deployed", lambda _: found)
    result = command("smoke", "team")
    assert result.exit_code == 0, result.output
    assert not team.asked


def test_what_fails_is_told_and_ends_with_one(up: tuple[Deployed, PageStub]) -> None:
    up[1].engine.fault = "no key asked"
    result = command("smoke", "dev", "--json")
    assert result.exit_code == 1
    failed = [each["text"] for each in json.loads(result.stdout)["findings"] if each["level"] == "failed"]
    assert failed == ["a request without a key is answered"]


def test_a_public_name_that_leads_nowhere_yet_is_told_and_a_port_forwarded(
    up: tuple[Deployed, PageStub], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = replace(up[0], chat_url="https://chat.example.com")
    found = replace(found, models={"chat": replace(found.models["chat"], base_url="https://chat.example.com/v1")})
    monkeypatch.setattr(module, "deployed", lambda _: found)

    monkeypatch.setattr(module, "_leads_somewhere", lambda host: host != "chat.example.com")
    result = command("smoke", "dev")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("leads nowhere yet") == 1


def test_a_paused_stack_is_not_asked(up: tuple[Deployed, PageStub], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "deployed", lambda _: replace(up[0], plan={"paused": True}))
    result = command("smoke", "dev")
    assert result.exit_code == 1
    assert "stack dev is paused" in result.stderr
    assert not up[1].asked


def test_a_stack_that_is_not_up_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_: str) -> Deployed:
        raise DeployedError("stack dev has no output models: run `pulumi up --stack dev` first")

    monkeypatch.setattr(module, "deployed", absent)
    result = command("smoke", "dev")
    assert result.exit_code == 1
    assert "run `pulumi up --stack dev` first" in result.stderr


def pod(part: str, made: str, **terminated: Any) -> dict[str, Any]:
    labels = {"app.kubernetes.io/component": part}
    statuses = [{"state": {"terminated": terminated} if terminated else {"running": {}}}]
    return {"metadata": {"labels": labels, "creationTimestamp": made}, "status": {"containerStatuses": statuses}}


OLD, NEW = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the pods stand that a program called kubectl lists."""
    monkeypatch.setenv("PATH", str(tmp_path))
    answering(tmp_path, json.dumps(outputs()))
    body = "import pathlib, sys\npathlib.Path('HERE/arguments').write_text(' '.join(sys.argv[1:]))\n"
    program(tmp_path, "kubectl", f"{body}print(pathlib.Path('HERE/pods').read_text())")
    return tmp_path


def test_the_last_findings_are_those_of_the_newest_pod_of_each_job(listed: Path) -> None:
    pods = [
        pod("smoke-test", NEW, exitCode=0, message="smoke test: 4 ok\nok: page: asks for a login"),
        pod("smoke-test", OLD, exitCode=1, message="smoke test: 1 failed"),
        pod("policy-probe", OLD, exitCode=0, message="smoke test: 1 warning"),
    ]
    (listed / "pods").write_text(json.dumps({"items": pods}))
    result = command("smoke", "dev", "--last")
    assert result.exit_code == 0, result.output
    assert "ok: page: asks for a login" in result.stdout
    assert "1 failed" not in result.stdout
    assert "smoke test: 1 warning" in result.stdout
    arguments = (listed / "arguments").read_text()
    assert "--namespace llm" in arguments
    assert "app.kubernetes.io/name=smoke-test" in arguments


@pytest.mark.parametrize(
    ("pods", "code", "says"),
    [
        ([pod("smoke-test", NEW, exitCode=1, message="smoke test: 1 failed")], 1, "failed"),
        ([pod("smoke-test", NEW)], 1, "has not ended"),
        ([], 1, "has no pod of a smoke test"),
    ],
    ids=["failed", "running", "none"],
)
def test_a_last_run_that_did_not_succeed_ends_with_one(
    listed: Path, pods: list[dict[str, Any]], code: int, says: str
) -> None:
    (listed / "pods").write_text(json.dumps({"items": pods}))
    result = command("smoke", "dev", "--last")
    assert (result.exit_code, says in result.output) == (code, True), result.output


def test_what_kubectl_complains_of_is_passed_on(listed: Path) -> None:
    program(listed, "kubectl", "import sys; sys.stderr.write('error: no route to host\\n'); sys.exit(1)")
    result = command("smoke", "dev", "--last")
    assert result.exit_code == 1
    assert "cannot list the pods of namespace llm: no route to host" in result.stderr
