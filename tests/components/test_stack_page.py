"""The chat page on a disk of its own, or on a database and in several copies."""

import json
from typing import Any

from components.workloads.redis import config
from rehearsal.wire import holds_secret
from settings.quantity import mebibytes
from tests.components.recorder import ComponentRun
from tests.components.whole_stack import BY_ID, DEPLOYMENT, environment, named, pod, up

SECRET = "core/v1:Secret"
DATABASE = "postgresql://webui:sesame@10.0.0.8/webui"
COPIES: dict[str, object] = {"webui.replicas": 2}


def page(made: ComponentRun) -> dict[str, Any]:
    return environment(named(made, DEPLOYMENT, "webui"))


def secret(made: ComponentRun, name: str) -> dict[str, str]:
    (found,) = [each for each in made.of(SECRET) if each.inputs["metadata"]["name"] == name]
    assert holds_secret(found.sealed["stringData"])
    return found.inputs["stringData"]


def test_by_default_the_page_keeps_its_database_on_a_block_volume_and_needs_no_redis() -> None:
    made = up()
    assert "DATABASE_URL" not in page(made)
    assert not [key for key in page(made) if "REDIS" in key]
    assert named(made, "core/v1:PersistentVolumeClaim", "webui").inputs["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_with_a_database_the_page_has_no_volume_and_its_address_is_no_plain_text() -> None:
    made = up(secrets={"databaseUrl": DATABASE})
    assert [each.inputs["metadata"]["name"] for each in made.of("PersistentVolumeClaim")] == ["ai-model"]
    assert page(made)["DATABASE_URL"]["secretKeyRef"] == {"name": "webui", "key": "database-url"}
    assert secret(made, "webui")["database-url"] == DATABASE
    assert "sesame" not in json.dumps([each.inputs for each in made.resources if each.type != f"kubernetes:{SECRET}"])


def test_copies_of_the_page_hear_of_each_other_through_a_redis_with_a_password() -> None:
    made = up(COPIES, secrets={"databaseUrl": DATABASE})
    assert named(made, DEPLOYMENT, "webui-redis").inputs["spec"]["replicas"] == 1
    url = secret(made, "webui")["redis-url"]
    assert url == "redis://:generated value@webui-redis:6379/0"
    for variable in ("REDIS_URL", "WEBSOCKET_REDIS_URL"):
        assert page(made)[variable]["secretKeyRef"]["key"] == "redis-url"
    assert page(made)["WEBSOCKET_MANAGER"] == "redis"
    assert "requirepass generated value" in secret(made, "webui-redis")["redis.conf"]


def test_the_redis_is_hardened_and_its_password_on_no_command_line() -> None:
    server = named(up(COPIES, secrets={"databaseUrl": DATABASE}), DEPLOYMENT, "webui-redis")
    spec, (container,) = pod(server), pod(server)["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert container["resources"]["limits"]["memory"]
    assert "generated value" not in json.dumps(server.inputs)
    assert spec["nodeSelector"] == {"tke-llm/pool": "system"}
    assert ":latest" not in container["image"]


def test_the_redis_leaves_room_between_its_data_and_its_limit() -> None:
    made = up(COPIES, secrets={"databaseUrl": DATABASE})
    limit = pod(named(made, DEPLOYMENT, "webui-redis"))["containers"][0]["resources"]["limits"]["memory"]
    (line,) = [each for each in config("word", 128).splitlines() if each.startswith("maxmemory ")]
    assert int(line.removeprefix("maxmemory ").removesuffix("mb")) < mebibytes(limit)


def test_a_redis_of_ones_own_is_used_and_none_is_made() -> None:
    made = up({**COPIES, "webui.redis": "redis://10.0.0.7:6379/0"}, secrets={"databaseUrl": DATABASE})
    assert page(made)["REDIS_URL"] == page(made)["WEBSOCKET_REDIS_URL"] == "redis://10.0.0.7:6379/0"
    assert not [each for each in made.of(DEPLOYMENT) if "redis" in each.inputs["metadata"]["name"]]


def test_copies_are_replaced_one_by_one() -> None:
    spec = named(up(COPIES, secrets={"databaseUrl": DATABASE}), DEPLOYMENT, "webui").inputs["spec"]
    assert (spec["replicas"], spec["strategy"]) == (2, {"type": "RollingUpdate"})


def test_a_page_before_ollama_alone_has_no_keys_and_no_address_of_the_other_protocol() -> None:
    made = up({"models.chat": {"model": "deepseek-r1:7b", "engine": "ollama"}})
    assert not {"OPENAI_API_KEYS", "OPENAI_API_BASE_URLS"} & page(made).keys()
    assert page(made)["OLLAMA_BASE_URLS"] == "http://chat:11434"
    assert (page(made)["ENABLE_OLLAMA_API"], page(made)["ENABLE_OPENAI_API"]) == ("True", "False")
    assert "openai-api-keys" not in secret(made, "webui")


def test_every_model_of_every_engine_is_behind_one_page() -> None:
    made = up(
        {
            "cluster.systemPool": {"disk": 140},
            "pools.gpu": {"instanceType": "PNV4.28XLARGE466"},
            "models": {
                "chat": {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"},
                "code": {"model": "Qwen/Qwen2.5-Coder-7B-Instruct", "engine": "sglang"},
                "small": {"model": "qwen2.5:7b", "engine": "ollama"},
                "tiny": {"model": "qwen2.5:0.5b", "engine": "ollama"},
            },
        }
    )
    assert page(made)["OPENAI_API_BASE_URLS"] == "http://chat:8000/v1;http://code:30000/v1"
    assert page(made)["OLLAMA_BASE_URLS"] == "http://small:11434;http://tiny:11434"
    assert secret(made, "webui")["openai-api-keys"].count(";") == 1
    keys = {each.inputs["metadata"]["name"] for each in made.of(SECRET)}
    assert {"chat-api-key", "code-api-key"} <= keys
    assert not {"small-api-key", "tiny-api-key"} & keys


def test_a_secret_that_changes_starts_the_page_anew() -> None:
    one, other = (
        named(up(BY_ID, secrets={"webuiAdminPassword": word}), DEPLOYMENT, "webui").inputs["spec"]["template"]
        for word in ("first", "second")
    )
    marks = [each["metadata"]["annotations"]["tke-llm/secrets-checksum"] for each in (one, other)]
    assert marks[0] != marks[1]
    assert one["spec"] == other["spec"]
