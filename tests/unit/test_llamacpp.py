"""llama.cpp's server: what its pod is told, which files it gets, and the script that finds the model among them.

Options are those of llama.cpp's tools/server/README.md.
"""

import subprocess
from pathlib import Path

import pytest

from planner.engines.llamacpp import SERVE, emit
from planner.plan.server import EngineSpec
from settings.models import Model
from tests.unit.stacks import codes, found, planned
from tests.unit.test_engines import request

SERVED: dict[str, object] = {"models.chat.engine": "llamacpp", "models.chat.model": "Qwen/Qwen3-8B-GGUF"}


def told(spec: EngineSpec) -> list[str]:
    """What llama-server is told, behind the script, its name and the folder."""
    return list(spec.command[5:])


def value(spec: EngineSpec, flag: str) -> str:
    arguments = told(spec)
    return arguments[arguments.index(flag) + 1]


def test_a_gguf_repository_is_planned_with_the_one_size_that_is_meant() -> None:
    plan = planned(SERVED)
    assert codes(plan, "error") == set()
    download = plan.models["chat"].download
    assert (download.source, download.repository) == ("modelscope", "Qwen/Qwen3-8B-GGUF")
    assert download.include == ("*Q4_K_M*.gguf",)


def test_files_are_fetched_by_an_image_that_has_python() -> None:
    """llama.cpp's .devops/cuda.Dockerfile: the stage `server` has libgomp1 and curl, and no Python."""
    model = planned(SERVED).models["chat"]
    assert "llama.cpp" in model.spec.image
    assert model.download.image.startswith("docker.io/vllm/vllm-openai:")
    assert model.download_image_gib > model.image_gib


def test_another_size_is_the_user_s_to_choose() -> None:
    plan = planned({**SERVED, "models.chat.download": {"include": ["*Q8_0.gguf"]}})
    assert plan.models["chat"].download.include == ("*Q8_0.gguf",)
    assert "*Q4_K_M*.gguf of Qwen/Qwen3-8B-GGUF" in found(plan, "OTHER_FILES_CHOSEN").message
    assert "OTHER_FILES_CHOSEN" not in codes(planned(SERVED))


def test_the_server_shares_its_context_among_its_slots_and_listens_where_the_service_asks() -> None:
    spec = emit(request(max_model_len=32768))
    assert value(spec, "--ctx-size") == "32768"
    assert value(spec, "--parallel") == "4"
    assert "--kv-unified" in told(spec)
    assert (value(spec, "--host"), value(spec, "--port")) == ("0.0.0.0", str(spec.port))
    assert value(spec, "--alias") == "chat"


def test_the_key_comes_from_the_secret_and_the_page_of_its_own_is_off() -> None:
    spec = emit(request())
    assert spec.api_key_env == "LLAMA_API_KEY"
    assert "--api-key" not in told(spec)
    assert {"--no-webui", "--no-slots", "--offline"} <= set(told(spec))


def test_a_cache_in_blocks_turns_flash_attention_on() -> None:
    spec = emit(request(model=Model.model_validate({"model": "some/model", "kvCacheDtype": "q8_0"})))
    assert (value(spec, "--cache-type-k"), value(spec, "--cache-type-v")) == ("q8_0", "q8_0")
    assert value(spec, "--flash-attn") == "on"


@pytest.mark.parametrize(("task", "flag"), [("embed", "--embeddings"), ("rerank", "--reranking")])
def test_a_model_that_does_not_chat_is_served_as_what_it_is(task: str, flag: str) -> None:
    assert flag in told(emit(request(task=task)))


@pytest.mark.parametrize("variable", ["LLAMA_ARG_TOOLS", "LLAMA_ARG_MCP_SERVERS_JSON", "LLAMA_ARG_PORT"])
def test_what_opens_the_pod_or_moves_the_server_is_nobody_s_to_set(variable: str) -> None:
    assert "ENV_RESERVED" in codes(planned({**SERVED, "models.chat.env": {variable: "all"}}), "error")


def test_vllm_is_not_given_gguf_files_but_the_same_model_in_a_format_it_reads() -> None:
    finding = found(planned({"models.chat.model": "Qwen/Qwen3-8B-GGUF"}), "FORMAT_NOT_READ")
    assert finding.fix == (("models.chat.model", "Qwen/Qwen3-8B"),)


def test_a_model_named_by_its_plain_id_is_sent_to_its_gguf_repository() -> None:
    finding = found(planned({**SERVED, "models.chat.model": "Qwen/Qwen3-8B"}), "FORMAT_NOT_READ")
    assert finding.fix == (("models.chat.model", "Qwen/Qwen3-8B-GGUF"),)


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The script, with `echo` in place of llama-server."""
    script = SERVE.replace("/app/llama-server", "echo")
    return subprocess.run(
        ["bash", "-c", script, "serve-llamacpp", str(folder), *arguments], capture_output=True, text=True, check=False
    )


def test_the_script_serves_the_one_model_wherever_it_lies_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "Q4_K_M").mkdir()
    (tmp_path / "Q4_K_M" / "model-Q4_K_M.gguf").touch()
    (tmp_path / "mmproj-model.gguf").touch()
    done = run(tmp_path, "--port", "8080")
    assert done.stdout.split() == ["--model", str(tmp_path / "Q4_K_M" / "model-Q4_K_M.gguf"), "--port", "8080"]


def test_the_script_gives_the_first_of_several_parts(tmp_path: Path) -> None:
    for part in (1, 2, 3):
        (tmp_path / f"model-0000{part}-of-00003.gguf").touch()
    assert run(tmp_path).stdout.split()[1].endswith("model-00001-of-00003.gguf")


def test_the_script_refuses_to_choose_between_two_models_and_names_them(tmp_path: Path) -> None:
    for size in ("Q4_K_M", "Q8_0"):
        (tmp_path / f"model-{size}.gguf").touch()
    done = run(tmp_path)
    assert done.returncode == 1
    assert "download.include" in done.stderr
    assert "model-Q8_0.gguf" in done.stderr


def test_the_script_says_that_a_folder_has_no_model(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 1
    assert "holds 0 models" in done.stderr
