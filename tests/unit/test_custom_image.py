"""An engine image of one's own: what the planner makes of it, and that its recipe and its documents agree."""

import re
from pathlib import Path
from typing import Any

import pytest

from planner.plan.types import Plan
from planner.prove import prove
from settings.diagnostics import Diagnostic
from settings.parse import StackInput, parse

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "images/vllm-cuda/Dockerfile").read_text(encoding="utf-8")
README = (ROOT / "images/vllm-cuda/README.md").read_text(encoding="utf-8")
IMAGES = (ROOT / "docs/images.md").read_text(encoding="utf-8")
OWN = "ccr.ccs.tencentyun.com/my-team/vllm:v0.29.0-cu129"


def proved(driver: str | None = "550.90.07", **model: object) -> tuple[Plan | None, list[Diagnostic]]:
    pool: dict[str, Any] = {"instanceType": "PNV4.7XLARGE116", **({"driver": driver} if driver else {})}
    sections = {
        "network": {"zones": ["ap-guangzhou-6"]},
        "pools": {"gpu": pool},
        "models": {"chat": {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", **model}},
    }
    plan, found = prove(parse(StackInput("tke-llm", "dev", "ap-guangzhou", sections, {})))
    return plan, list(found)


def errors(found: list[Diagnostic]) -> dict[str, str]:
    return {each.code: each.path for each in found if each.severity == "error"}


def test_an_own_image_whose_cuda_the_driver_runs_is_used_as_it_is_named() -> None:
    plan, found = proved(image=OWN, cuda="12.9")
    assert not errors(found)
    assert plan is not None
    assert plan.models["chat"].spec.image == OWN
    assert plan.models["chat"].download.image == OWN


def test_an_own_image_is_told_to_be_unknown_and_is_given_the_flags_of_its_release() -> None:
    plan, found = proved(image=OWN, cuda="12.9")
    assert "IMAGE_UNKNOWN" in {each.code for each in found if each.severity == "warning"}
    assert plan is not None
    assert "--shutdown-timeout" in plan.models["chat"].spec.command
    older, _ = proved(image="ccr.ccs.tencentyun.com/my-team/vllm:v0.9.2-cu128", cuda="12.8")
    assert older is not None
    assert "--shutdown-timeout" not in older.models["chat"].spec.command


def test_an_own_image_runs_as_the_user_that_its_recipe_makes() -> None:
    plan, _ = proved(image=OWN, cuda="12.9")
    (user,) = re.findall(r"^USER (\d+):", DOCKERFILE, re.MULTILINE)
    assert plan is not None
    assert plan.models["chat"].spec.user == int(user)


@pytest.mark.parametrize(("driver", "cuda"), [("470.161.03", "12.9"), ("550.90.07", "13.0"), ("550.90.07", "13.1")])
def test_an_own_image_whose_cuda_needs_a_newer_driver_is_refused(driver: str, cuda: str) -> None:
    _, found = proved(driver, image=OWN, cuda=cuda)
    assert errors(found) == {"DRIVER_TOO_OLD": "models.chat.image"}


def test_a_cuda_whose_driver_nobody_stated_is_doubted() -> None:
    _, found = proved(None, image=OWN, cuda="12.9")
    assert not errors(found)
    assert [each.path for each in found if each.code == "DRIVER_UNKNOWN"] == ["pools.gpu.driver"]


def test_an_own_image_without_its_cuda_is_let_pass_and_asked_for_it() -> None:
    _, found = proved(image=OWN)
    assert not errors(found)
    assert [each.path for each in found if each.code == "CUDA_NOT_STATED"] == ["models.chat.cuda"]


def test_an_own_image_that_moves_is_refused() -> None:
    _, found = proved(image="ccr.ccs.tencentyun.com/my-team/vllm:latest", cuda="12.9")
    assert errors(found) == {"IMAGE_FLOATING": "models.chat.image"}


def test_an_own_image_that_is_too_old_for_the_model_is_refused() -> None:
    old = "ccr.ccs.tencentyun.com/my-team/vllm:v0.8.5-cu118"
    _, found = proved(image=old, cuda="11.8", model="openai/gpt-oss-20b")
    assert errors(found)["ENGINE_TOO_OLD"] == "models.chat.image"


def test_a_cuda_that_yaml_reads_as_a_number_is_refused_with_the_quotes_to_write() -> None:
    _, found = proved(image=OWN, cuda=12.9)
    (fault,) = [each for each in found if each.path == "models.chat.cuda" and each.severity == "error"]
    assert '"12.9"' in fault.remedy


def test_an_own_registry_of_tencent_cloud_needs_no_mirror_and_another_one_is_doubted() -> None:
    _, found = proved(image=OWN, cuda="12.9")
    assert not {"IMAGE_NO_ROAD", "IMAGE_ROAD_UNKNOWN"} & {each.code for each in found}
    _, found = proved(image="registry.example.com/my-team/vllm:v0.29.0-cu129", cuda="12.9")
    assert "models.chat.image" in {each.path for each in found if each.code == "IMAGE_ROAD_UNKNOWN"}


def test_the_recipes_arguments_are_those_of_the_document_with_the_same_defaults() -> None:
    declared = dict(re.findall(r'^ARG ([A-Z_]+)="?([^"\n]*)"?$', DOCKERFILE, re.MULTILINE))
    listed = {
        name: "" if default == "empty" else default.strip("`")
        for name, default in re.findall(r"^\| `([A-Z_]+)` \| ([^|]+?) \|", README, re.MULTILINE)
    }
    assert declared == listed


def test_every_build_argument_in_a_command_exists() -> None:
    declared = set(re.findall(r"^ARG ([A-Z_]+)", DOCKERFILE, re.MULTILINE))
    used = set(re.findall(r"--build-arg ([A-Z_]+)=", README + IMAGES))
    assert used
    assert used <= declared


def test_the_recipe_runs_nothing_that_it_fetches_and_ends_without_root() -> None:
    assert not re.search(r"(curl|wget)[^\n]*\|", DOCKERFILE)
    assert "ADD http" not in DOCKERFILE
    assert re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)[-1].partition(":")[0] not in {"0", "root"}


def test_the_recipes_release_is_one_of_the_catalogue() -> None:
    (release,) = re.findall(r"^ARG VLLM_VERSION=(.+)$", DOCKERFILE, re.MULTILINE)
    plan, _ = proved("580.65.06")
    assert plan is not None
    assert plan.models["chat"].spec.image.endswith(f":v{release}")


def test_an_ollama_image_of_ones_own_is_used_as_it_is_named() -> None:
    own = "ccr.ccs.tencentyun.com/my-team/ollama:0.33.3"
    plan, found = proved(image=own, engine="ollama", model="deepseek-r1:7b", env={"OLLAMA_LLM_LIBRARY": "cuda_v12"})
    assert not errors(found)
    assert plan is not None
    assert plan.models["chat"].spec.image == own
    assert ("OLLAMA_LLM_LIBRARY", "cuda_v12") in plan.models["chat"].spec.env


def test_ollamas_own_image_on_a_driver_that_it_does_not_run_on_is_refused() -> None:
    _, found = proved("470.161.03", image="docker.io/ollama/ollama:0.33.3", engine="ollama", model="deepseek-r1:7b")
    assert errors(found) == {"DRIVER_TOO_OLD": "models.chat.image"}
