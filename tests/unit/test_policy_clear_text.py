"""No secret stands where others can read it."""

from typing import Any

import pytest

from policy.rules import Hidden, Resource, violations

SHAPED = "sk-0123456789abcdefghij0123"


def found(resource: Resource) -> list[str]:
    return [each.message for each in violations([resource]) if each.code == "SECRET_IN_CLEAR"]


def container(**fields: Any) -> Resource:
    spec = {"containers": [{"name": "main", "image": "a/b:v1", **fields}]}
    return Resource("kubernetes:core/v1:Pod", "p", {"spec": spec})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VLLM_API_KEY", "abc"),
        ("HF_TOKEN", "hf_abcdef"),
        ("WEBUI_ADMIN_PASSWORD", "hunter2"),
        ("DATABASE_URL", "postgresql://chat:hunter2@db:5432/chat"),
        ("GREETING", SHAPED),
        ("ANYTHING", Hidden.SECRET),
    ],
)
def test_a_secret_in_a_variable_is_found(name: str, value: Any) -> None:
    (message,) = found(container(env=[{"name": name, "value": value}]))
    assert f"containers[main].env[{name}]" in message or "env[0].value" in message


@pytest.mark.parametrize(
    "variable",
    [
        {"name": "VLLM_API_KEY", "valueFrom": {"secretKeyRef": {"name": "chat", "key": "api-key"}}},
        {"name": "ENABLE_API_KEYS", "value": "True"},
        {"name": "OPENAI_API_BASE_URLS", "value": "http://chat:8000/v1"},
        {"name": "TOKENIZERS_PARALLELISM", "value": "false"},
        {"name": "ADDRESS", "value": Hidden.UNKNOWN},
    ],
)
def test_what_is_no_secret_is_let_pass(variable: dict[str, Any]) -> None:
    assert found(container(env=[variable])) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve", "--api-key=abc"],
        ["serve", "--api-key", "abc"],
        ["serve", "--api-key", "$(VLLM_API_KEY)"],
        ["sh", "-c", f"curl -H 'Authorization: Bearer {SHAPED}' http://chat"],
        ["serve", Hidden.SECRET],
    ],
)
@pytest.mark.parametrize("kind", ["command", "args"])
def test_a_secret_on_a_command_line_is_found(kind: str, arguments: list[Any]) -> None:
    assert len(found(container(**{kind: arguments}))) == 1


def test_arguments_that_are_no_secrets_are_let_pass() -> None:
    assert found(container(command=["vllm", "serve", "/models/x", "--port", "8000", "--tokenizer-mode", "auto"])) == []


@pytest.mark.parametrize(
    ("key", "value"), [("token", "hf_abcdef"), ("run.sh", f"export X={SHAPED}"), ("any", Hidden.SECRET)]
)
def test_a_secret_in_a_config_map_is_found(key: str, value: Any) -> None:
    (message,) = found(Resource("kubernetes:core/v1:ConfigMap", "c", {"data": {key: value}}))
    assert f"data.{key}" in message


def test_a_script_in_a_config_map_is_let_pass() -> None:
    script = "import os\ntoken = os.environ.get('HF_TOKEN')\n"
    assert found(Resource("kubernetes:core/v1:ConfigMap", "c", {"data": {"download_model.py": script}})) == []


def test_a_secret_may_hold_secrets() -> None:
    data = {"stringData": {"token": Hidden.SECRET, "key": SHAPED}}
    assert found(Resource("kubernetes:core/v1:Secret", "s", data)) == []


def test_a_secret_anywhere_else_in_an_object_is_found() -> None:
    metadata = {"annotations": {"note": Hidden.SECRET, "link": SHAPED}}
    assert len(found(Resource("kubernetes:core/v1:Service", "s", {"metadata": metadata}))) == 2


def test_an_annotation_about_a_key_is_let_pass() -> None:
    metadata = {"annotations": {"tke-llm/api-key-checksum": "0f1e2d3c"}}
    assert found(Resource("kubernetes:core/v1:Service", "s", {"metadata": metadata})) == []


def test_the_cloud_is_given_secrets_by_value() -> None:
    login = {"autoScalingConfig": {"password": Hidden.SECRET}, "deleteKeepInstance": False}
    assert violations([Resource("tencentcloud:Kubernetes/nodePool:NodePool", "n", login)]) == []


def test_the_message_never_shows_the_secret() -> None:
    resource = container(env=[{"name": "API_KEY", "value": SHAPED}], args=["--api-key", SHAPED])
    assert len(found(resource)) == 2
    assert not any(SHAPED in message for message in found(resource))


@pytest.mark.parametrize(
    "arguments",
    [
        ["sh", "-c", "vllm serve --api-key abc --port 8000"],
        ["sh", "-c", "exec vllm serve model --api-key='abc'"],
        ["bash", "-ec", "hf download --token abc model"],
    ],
)
def test_a_secret_on_the_line_of_a_shell_is_found(arguments: list[str]) -> None:
    (message,) = found(container(command=arguments))
    assert "command[2]" in message
    assert "abc" not in message


SEALED = [{"name": "VLLM_API_KEY", "valueFrom": {"secretKeyRef": {"name": "chat", "key": "api-key"}}}]


@pytest.mark.parametrize(
    ("argument", "written"),
    [
        ("--served-model-name=$(VLLM_API_KEY)", True),
        ("vllm serve --api-key $VLLM_API_KEY", True),
        ('vllm serve --api-key="${VLLM_API_KEY}"', True),
        ("--served-model-name=$$(VLLM_API_KEY)", False),
        ("$(OTHER)", False),
        ("test -n $VLLM_API_KEY_FILE", False),
        ('printf %s "$VLLM_API_KEY" > /run/key', False),
    ],
)
def test_a_sealed_variable_is_not_written_onto_a_command_line(argument: str, written: bool) -> None:
    broken = violations([container(env=SEALED, args=[argument])])
    assert ("SECRET_ON_COMMAND_LINE" in {each.code for each in broken}) == written
