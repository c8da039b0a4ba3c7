"""The chat page and where its images come from."""

import json
from collections.abc import Mapping

import pytest

from catalog.load import load
from planner.images.mirrors import resolve
from tests.unit.stacks import codes, found, planned, settings


def _env(changes: Mapping[str, object] | None = None) -> dict[str, str]:
    webui = planned(changes).webui
    assert webui is not None
    return dict(webui.env)


def test_nothing_is_downloaded_when_the_page_starts_offline():
    env = _env()
    assert env["OFFLINE_MODE"] == "True"
    assert env["RAG_EMBEDDING_ENGINE"], "the default engine loads a model from a hub"


def test_a_page_that_is_online_keeps_its_own_embedding():
    env = _env({"webui.offline": False})
    assert not {"OFFLINE_MODE", "HF_HUB_OFFLINE", "RAG_EMBEDDING_ENGINE"} & env.keys()


def test_nobody_signs_up_and_everybody_logs_in():
    env = _env()
    assert (env["WEBUI_AUTH"], env["ENABLE_SIGNUP"], env["DEFAULT_USER_ROLE"]) == ("True", "False", "pending")
    assert _env({"webui.signUp": True})["ENABLE_SIGNUP"] == "True"


def test_the_stack_file_rules_unless_told_otherwise():
    assert _env()["ENABLE_PERSISTENT_CONFIG"] == "False"
    assert _env({"webui.persistentConfig": True})["ENABLE_PERSISTENT_CONFIG"] == "True"


PARSED: dict[str, object] = {"models.chat": {"model": "Qwen/Qwen3-8B", "engine": "vllm"}}
UNPARSED: dict[str, object] = {"models.chat": {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"}}
OLLAMA: dict[str, object] = {"models.chat": {"model": "qwen3:8b", "engine": "ollama"}}


def _calls(changes: Mapping[str, object]) -> str:
    """What the page does with tools, as Open WebUI 0.12.4 reads it (open_webui/config.py, DEFAULT_MODEL_PARAMS)."""
    return json.loads(_env(changes)["DEFAULT_MODEL_PARAMS"])["function_calling"]


def test_tools_are_put_into_the_prompt_for_a_model_that_takes_none_in_a_request():
    assert _calls(UNPARSED) == _calls(OLLAMA) == "legacy"
    assert _calls(UNPARSED | {"models.chat.engine": "sglang"}) == "legacy"
    assert _calls(PARSED) == _calls(PARSED | {"models.chat.engine": "sglang"}) == "native"


def test_a_tool_parser_among_one_s_own_arguments_counts():
    given = ["--enable-auto-tool-choice", "--tool-call-parser=hermes"]
    assert _calls(UNPARSED | {"models.chat.extraArgs": given}) == "native"
    assert _calls(UNPARSED | {"models.chat.extraArgs": given[1:]}) == "legacy"


def test_one_model_that_takes_no_tools_decides_for_all_of_them():
    both = PARSED | {"models.other": {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "replicas": 1}}
    assert _calls(both | {"pools.gpu.nodes": 2}) == "legacy"
    reason = next(r for r in planned(both | {"pools.gpu.nodes": 2}).reasons if r.subject == "webui.functionCalling")
    assert "other" in reason.because
    assert "chat" not in reason.because


def test_a_value_that_the_database_keeps_suits_every_model_of_later():
    assert _calls(PARSED | {"webui.persistentConfig": True}) == "legacy"


def test_native_calls_to_a_model_that_takes_none_are_refused():
    native = {"webui.functionCalling": "native"}
    assert found(planned(UNPARSED | native), "TOOLS_REFUSED").severity == "error"
    assert found(planned(OLLAMA | native), "TOOLS_REFUSED").severity == "warning"
    assert "TOOLS_REFUSED" not in codes(planned(PARSED | native))
    assert _calls(PARSED | {"webui.functionCalling": "legacy"}) == "legacy"


def test_every_signed_in_user_chats_unless_models_are_granted():
    assert _env()["BYPASS_MODEL_ACCESS_CONTROL"] == "True"
    assert _env({"webui.modelAccess": "granted"})["BYPASS_MODEL_ACCESS_CONTROL"] == "False"


@pytest.mark.parametrize("variable", ["DEFAULT_MODEL_PARAMS", "BYPASS_MODEL_ACCESS_CONTROL"])
def test_a_variable_that_has_a_setting_is_refused(variable: str):
    assert found(planned({"webui.env": {variable: "x"}}), "WEBUI_VARIABLE_OWNED").path == f"webui.env.{variable}"


def test_back_ends_are_on_for_the_engines_there_are():
    assert _env()["ENABLE_OLLAMA_API"] == "False"
    ollama = _env({"models.chat": {"model": "deepseek-r1:7b", "engine": "ollama"}})
    assert (ollama["ENABLE_OLLAMA_API"], ollama["ENABLE_OPENAI_API"]) == ("True", "False")


def test_the_page_is_called_from_its_own_host_only():
    local = _env()["CORS_ALLOW_ORIGIN"].split(";")
    assert all(origin.startswith(("http://localhost:", "http://127.0.0.1:")) for origin in local)
    exposed = {"expose": {"via": "gateway", "host": "chat.example.com", "tls": {"secret": "chat"}}}
    env = _env(exposed)
    assert env["CORS_ALLOW_ORIGIN"] == env["WEBUI_URL"] == "https://chat.example.com"
    assert env["WEBUI_SESSION_COOKIE_SECURE"] == "True"


def test_one_s_own_variables_win_but_not_over_what_the_program_decides():
    env = _env({"webui.env": {"ENABLE_COMMUNITY_SHARING": "True", "WEBUI_AUTH": "False"}})
    assert env["ENABLE_COMMUNITY_SHARING"] == "True"
    assert env["WEBUI_AUTH"] == "True"


def test_a_page_on_sqlite_is_replaced_not_rolled():
    one = planned().webui
    several = planned({"webui.replicas": 2}, secrets=("databaseUrl",)).webui
    assert one is not None
    assert several is not None
    assert (one.strategy, several.strategy) == ("Recreate", "RollingUpdate")


def test_a_page_that_is_off_costs_nothing():
    plan = planned({"webui": False})
    assert plan.webui is None
    assert plan.storage.webui_class is None
    assert not {"ADMIN_EMAIL_DEFAULT", "WEBUI_MEMORY_LOW"} & codes(plan)


@pytest.mark.parametrize("image", ["openwebui/open-webui", "openwebui/open-webui:latest", "host:5000/ui/open-webui"])
def test_an_image_without_a_fixed_version_is_refused(image: str):
    assert found(planned({"webui.image": image}), "IMAGE_FLOATING").path == "webui.image"


def test_an_image_by_digest_is_fixed():
    assert "IMAGE_FLOATING" not in codes(planned({"webui.image": "openwebui/open-webui@sha256:" + "a" * 64}))


def test_docker_hub_keeps_its_names_on_the_mainland_where_tke_has_an_accelerator():
    assert resolve("docker.io/vllm/vllm-openai:v1", settings(), load()) == "docker.io/vllm/vllm-openai:v1"


def test_quay_goes_through_its_mirror_on_the_mainland_and_straight_elsewhere():
    mirror = load().mirrors["quay.io"].mirror
    image = "quay.io/org/engine:v1"
    assert resolve(image, settings(), load()) == f"{mirror}/org/engine:v1"
    abroad = settings({"network.zones": ["ap-singapore-2"]}, region="ap-singapore")
    assert resolve(image, abroad, load()) == image


@pytest.mark.parametrize(
    ("image", "there"),
    [
        ("docker.io/org/engine:v1", "mirror.example.com/hub/org/engine:v1"),
        ("org/engine:v1", "mirror.example.com/hub/org/engine:v1"),
        ("busybox:1", "mirror.example.com/hub/library/busybox:1"),
        ("registry.example.com/org/engine:v1", "registry.example.com/org/engine:v1"),
    ],
)
def test_a_mirror_of_the_stack_file_serves_its_registry(image: str, there: str):
    given = settings({"images.mirrors": {"docker.io": "mirror.example.com/hub/"}})
    assert resolve(image, given, load()) == there


def test_a_blocked_registry_without_mirror_is_refused_on_the_mainland_only():
    blocked = next(m.registry for m in load().mirrors.values() if m.blocked and m.mirror is None)
    changes: dict[str, object] = {"webui.image": f"{blocked}/org/open-webui:v1"}
    assert found(planned(changes), "IMAGE_NO_ROAD").severity == "error"
    abroad = planned({**changes, "network.zones": ["ap-singapore-2"]}, region="ap-singapore")
    assert "IMAGE_NO_ROAD" not in codes(abroad)
    mirrored = planned({**changes, "images.mirrors": {blocked: "mirror.example.com"}})
    assert "IMAGE_NO_ROAD" not in codes(mirrored)


def test_one_s_own_tencent_registry_needs_no_mirror():
    plan = planned({"webui.image": "team.tencentcloudcr.com/ai/open-webui:v1"})
    assert not {"IMAGE_NO_ROAD", "IMAGE_ROAD_UNKNOWN"} & codes(plan)


def test_the_page_says_itself_when_it_is_ready():
    """Open WebUI 0.11.4 and 0.12.4 have /ready (open_webui/main.py); of another image nothing is known."""
    paths = {image.tag: image.ready for image in load().images if image.role == "webui"}
    assert set(paths.values()) == {"/ready"}
    for changes, path in ((None, "/ready"), ({"webui.image": "registry.example.com/ui:v1"}, "/health")):
        webui = planned(changes).webui
        assert webui is not None
        assert webui.ready == path
