"""Addresses and commands."""

import json
import shlex
from dataclasses import replace

from components.workloads.exposure import curl, port_forward
from tests.components.plans import MODEL, SPEC


def test_page_and_model_are_reached_through_the_api_server() -> None:
    made = port_forward("llm", [MODEL], with_webui=True)
    assert made.chat_url == "http://127.0.0.1:8080"
    assert made.api_base_url == "http://127.0.0.1:8000/v1"
    assert made.commands == {
        "webui": "kubectl --namespace llm port-forward service/webui 8080:8080",
        "chat": "kubectl --namespace llm port-forward service/chat 8000:8000",
    }


def test_two_models_on_one_port_do_not_meet_on_the_local_side() -> None:
    made = port_forward("llm", [MODEL, replace(MODEL, name="code")], with_webui=True)
    assert made.commands["code"].endswith("service/code 8001:8000")
    assert made.api_base_urls == {"chat": "http://127.0.0.1:8000/v1", "code": "http://127.0.0.1:8001/v1"}


def test_without_a_page_there_is_no_address_of_one() -> None:
    made = port_forward("llm", [MODEL], with_webui=False)
    assert made.chat_url is None
    assert made.commands.keys() == {"chat"}


def test_the_command_to_ask_with_reads_the_key_when_it_runs() -> None:
    command = curl("http://127.0.0.1:8000/v1", replace(MODEL, served_name="seven"))
    assert command.startswith("curl http://127.0.0.1:8000/v1/chat/completions")
    assert "$(pulumi stack output --show-secrets --json apiKeys" in command
    assert '"model": "seven"' in command


def test_an_engine_without_a_key_is_asked_without_one() -> None:
    assert "Authorization" not in curl("http://x/v1", replace(MODEL, spec=replace(SPEC, api_key_env=None)))


def test_the_first_question_is_one_shell_command_whatever_the_model_is_called():
    command = curl(
        "http://x/v1", replace(MODEL, served_name='it\'s "mine"; $(id)', spec=replace(SPEC, api_key_env=None))
    )
    body = shlex.split(command)[-1]
    assert json.loads(body)["model"] == 'it\'s "mine"; $(id)'
    assert "$" not in command.replace(shlex.quote(body), "")
