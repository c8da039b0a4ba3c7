"""What `tke-llm` reads of a stack that is deployed, with programs called pulumi and kubectl that answer as they do."""

import json
import os
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cli import deployed as module
from cli.deployed import DeployedError, DeployedService, api, deployed, forward, page
from rehearsal.registration import reveal
from tests.program.rehearsed import given, unseeded

KUBECTL = """
import json, pathlib, sys, time
arguments = sys.argv[1:]
kubeconfig = pathlib.Path(arguments[arguments.index("--kubeconfig") + 1])
seen = {"arguments": arguments, "kubeconfig": kubeconfig.read_text(), "mode": kubeconfig.stat().st_mode & 0o777}
seen["kept"] = str(kubeconfig)
pathlib.Path("HERE/kubectl.json").write_text(json.dumps(seen))
print("Forwarding from 127.0.0.1:41234 -> 8000", flush=True)
pathlib.Path("HERE/kubectl.pid").write_text(str(__import__("os").getpid()))
time.sleep(600)
"""


def program(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{body.replace('HERE', str(folder))}", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def bin_(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def outputs(name: str = "dev") -> dict:
    """The outputs that the program registers for a sample, in clear, as `--show-secrets` prints them."""
    recording = unseeded(name).recording
    assert recording is not None
    shown = json.loads(json.dumps(reveal(recording.exports), default=str))
    return {**shown, "kubeconfig": "apiVersion: v1", "apiKeys": {"chat": "sk-of-the-test"}}


def answering(bin_: Path, text: str) -> None:
    (bin_ / "answer").write_text(text, encoding="utf-8")
    body = "import json, pathlib, sys\n"
    body += "pathlib.Path('HERE/pulumi.json').write_text(json.dumps(sys.argv[1:]))\n"
    program(bin_, "pulumi", f"{body}print(pathlib.Path('HERE/answer').read_text())")


def test_of_several_models_the_first_that_chats_is_asked(bin_):
    shown = outputs()
    chat = shown["models"]["chat"]
    shown["models"] = {"vectors": {**chat, "task": "embed"}, "ranks": {**chat, "task": "rerank"}, "chat": chat}
    answering(bin_, json.dumps(shown))
    stack = deployed("dev")
    assert stack.model(None).name == "chat"
    with pytest.raises(DeployedError, match=r"no model 'vectors' that chats; it serves vectors \(embed\), ranks"):
        stack.model("vectors")


def test_a_stack_without_a_model_that_chats_says_what_it_serves(bin_):
    shown = outputs()
    shown["models"] = {"vectors": {**shown["models"]["chat"], "task": "embed"}}
    answering(bin_, json.dumps(shown))
    with pytest.raises(DeployedError, match=r"no model that chats; it serves vectors \(embed\)"):
        deployed("dev").model(None)


def test_the_outputs_say_where_the_api_of_all_models_is_and_hide_its_clients_keys(bin_):
    answering(bin_, json.dumps({**outputs("team"), "clients": {"ide": "key-of-ide"}}))
    stack = deployed("team")
    assert stack.api_url == "https://api.example.com/v1"
    assert stack.client_keys == {"ide": "key-of-ide"}
    assert "key-of-ide" not in repr(stack)
    answering(bin_, json.dumps(outputs()))
    assert (deployed("dev").api_url, deployed("dev").client_keys) == (None, {})


def test_the_outputs_of_a_stack_say_how_its_model_is_asked(bin_):
    answering(bin_, json.dumps(outputs()))
    stack = deployed("dev")
    model = stack.model(None)
    assert (model.name, model.engine, model.api_key) == ("chat", "vllm", "sk-of-the-test")
    assert model.served_name == outputs()["models"]["chat"]["servedName"]
    assert stack.services["chat"] == DeployedService("llm", "chat", 8000)
    assert stack.services["webui"] == DeployedService("llm", "webui", 8080)
    assert stack.admin_password
    arguments = json.loads((bin_ / "pulumi.json").read_text())
    assert arguments[:2] == ["stack", "output"]
    assert arguments[arguments.index("--stack") + 1] == "dev"


@pytest.mark.parametrize("name", ["two-models", "gateway", "ollama-t4"])
def test_every_service_of_a_sample_is_found_in_its_outputs(bin_, name):
    answering(bin_, json.dumps(outputs(name)))
    stack = deployed(name)
    models = given(name).sections["models"]
    assert isinstance(models, dict)
    assert set(stack.services) == {*models, "webui"}
    assert set(stack.models) == set(models)


def test_secrets_do_not_show_when_the_outputs_are_printed(bin_):
    answering(bin_, json.dumps(outputs()))
    stack = deployed("dev")
    assert stack.admin_password is not None
    for secret in ("sk-of-the-test", "apiVersion: v1", stack.admin_password):
        assert secret not in repr(stack)


def test_a_model_that_the_stack_does_not_serve_is_named_with_those_that_it_does(bin_):
    answering(bin_, json.dumps(outputs()))
    with pytest.raises(DeployedError, match=r"no model 'chta' that chats; it serves chat \(chat\)"):
        deployed("dev").model("chta")


def test_without_pulumi_it_is_said_where_to_get_it(bin_):
    with pytest.raises(DeployedError, match="pulumi is not on PATH"):
        deployed("dev")


def test_what_pulumi_complains_of_is_passed_on(bin_):
    complaint = "print('sk-hidden'); sys.stderr.write('error: no stack named dev found\\n'); sys.exit(255)"
    program(bin_, "pulumi", f"import sys; {complaint}")
    with pytest.raises(DeployedError, match="no stack named dev found") as caught:
        deployed("dev")
    assert "sk-hidden" not in str(caught.value)


def test_a_stack_that_was_never_brought_up_is_told_from_one_that_was(bin_):
    answering(bin_, "{}")
    with pytest.raises(DeployedError, match=r"no output models: run `pulumi up --stack dev`"):
        deployed("dev")


def test_an_answer_that_is_no_json_is_not_repeated(bin_):
    answering(bin_, "sk-of-the-test, but no JSON")
    with pytest.raises(DeployedError, match="no JSON") as caught:
        deployed("dev")
    assert "sk-of-the-test" not in str(caught.value)


def test_a_pulumi_that_never_answers_is_given_up(bin_, monkeypatch):
    program(bin_, "pulumi", "import time; time.sleep(600)")
    monkeypatch.setattr(module, "OUTPUT_SECONDS", 0.3)
    with pytest.raises(DeployedError, match="no outputs of stack dev within"):
        deployed("dev")


def test_a_port_forward_lives_as_long_as_it_is_used(bin_):
    answering(bin_, json.dumps(outputs()))
    program(bin_, "kubectl", KUBECTL)
    stack = deployed("dev")
    with api(stack, stack.model("chat")) as url:
        assert url == "http://127.0.0.1:41234/v1"
        seen = json.loads((bin_ / "kubectl.json").read_text())
        assert {"service/chat", ":8000"} <= set(seen["arguments"])
        assert seen["kubeconfig"] == "apiVersion: v1"
        assert seen["mode"] == 0o600
        assert not Path(seen["kept"]).exists()
        pid = int((bin_ / "kubectl.pid").read_text())
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_page_is_forwarded_as_the_api_is(bin_):
    answering(bin_, json.dumps(outputs()))
    program(bin_, "kubectl", KUBECTL)
    with page(deployed("dev")) as url:
        assert url == "http://127.0.0.1:41234"
        assert {"service/webui", ":8080"} <= set(json.loads((bin_ / "kubectl.json").read_text())["arguments"])


def test_a_stack_with_a_public_address_needs_no_kubectl(bin_):
    answering(bin_, json.dumps(outputs("gateway")))
    stack = deployed("gateway")
    model = stack.model(None)
    with api(stack, model) as url, page(stack) as address:
        assert url == model.base_url
        assert address == stack.chat_url
    assert url.startswith("https://")


def test_a_model_without_a_public_address_is_forwarded(bin_):
    answering(bin_, json.dumps(outputs("gateway")))
    program(bin_, "kubectl", KUBECTL)
    stack = deployed("gateway")
    with api(stack, replace(stack.model(None), base_url=None)) as url:
        assert url == "http://127.0.0.1:41234/v1"


def test_what_kubectl_complains_of_is_passed_on(bin_):
    answering(bin_, json.dumps(outputs()))
    program(bin_, "kubectl", "import sys; sys.exit('error: timed out waiting for the condition')")
    stack = deployed("dev")
    with (
        pytest.raises(DeployedError, match="service/chat in llm: timed out waiting for the condition"),
        forward(stack, "chat"),
    ):
        pass


def test_a_kubectl_that_never_connects_is_given_up(bin_, monkeypatch):
    answering(bin_, json.dumps(outputs()))
    program(bin_, "kubectl", "import time; time.sleep(600)")
    monkeypatch.setattr(module, "FORWARD_SECONDS", 0.3)
    stack = deployed("dev")
    with pytest.raises(DeployedError, match="no connection within"), forward(stack, "chat"):
        pass
