"""What an engine must be told for a model is said to the releases that take it, once, and the user's own word wins.

Sources: base_args and features in models/ of vllm-project/recipes (2026-08-21); vllm's config/model.py and
tokenizers/registry.py of 0.12.0 to 0.29.0; catalog/data/model_arguments.yaml has the rest.
"""

import pytest

from catalog.load import load
from planner.engines.arguments import values
from planner.plan.types import ModelPlan
from planner.plan_stack import plan_stack
from tests.unit.stacks import found, settings

CATALOG = load()
H20X8 = "PNV6.32XLARGE1280"
TEMPLATES = "/vllm-workspace/examples"


def planned(model: str, **changes: object) -> ModelPlan:
    given = {"models.chat.model": model, "pools.gpu.instanceType": H20X8, "models.chat.source": "huggingface"}
    stack = plan_stack(settings({**given, **{f"models.chat.{key}": value for key, value in changes.items()}}))
    return stack.models["chat"]


def told(plan: ModelPlan) -> dict[str, str]:
    return dict(values(plan.spec.command))


@pytest.mark.parametrize(
    ("model", "engine", "expected"),
    [
        ("deepseek-ai/DeepSeek-V3.2", "vllm", {"tokenizer-mode": "deepseek_v32", "tool-call-parser": "deepseek_v32"}),
        ("deepseek-ai/DeepSeek-V3.2", "sglang", {"tool-call-parser": "deepseekv32", "reasoning-parser": "deepseek-v3"}),
        (
            "deepseek-ai/DeepSeek-V4-Flash",
            "vllm",
            {"tokenizer-mode": "deepseek_v4", "kv-cache-dtype": "fp8", "block-size": "256"},
        ),
        (
            "deepseek-ai/DeepSeek-R1",
            "vllm",
            {
                "chat-template": f"{TEMPLATES}/tool_chat_template_deepseekr1.jinja",
                "tool-call-parser": "deepseek_v3",
                "reasoning-parser": "deepseek_r1",
            },
        ),
        (
            "deepseek-ai/DeepSeek-V3.1",
            "vllm",
            {
                "chat-template": f"{TEMPLATES}/tool_chat_template_deepseekv31.jinja",
                "tool-call-parser": "deepseek_v31",
            },
        ),
        ("moonshotai/Kimi-K2.6", "vllm", {"trust-remote-code": "", "tool-call-parser": "kimi_k2"}),
        ("moonshotai/Kimi-K2.6", "sglang", {"trust-remote-code": "", "tool-call-parser": "kimi_k2"}),
        ("OpenGVLab/InternVL3_5-8B", "vllm", {"trust-remote-code": ""}),
        (
            "mistralai/Mistral-Large-3-675B-Instruct-2512",
            "vllm",
            {"tokenizer-mode": "mistral", "config-format": "mistral", "load-format": "mistral"},
        ),
        ("MiniMaxAI/MiniMax-M2.7", "sglang", {"tool-call-parser": "minimax-m2"}),
    ],
)
def test_an_engine_is_told_what_the_model_needs(model: str, engine: str, expected: dict[str, str]):
    assert expected.items() <= told(planned(model, engine=engine)).items()


def test_a_model_that_needs_nothing_runs_no_code_of_its_repository():
    for model in ("Qwen/Qwen3-8B", "deepseek-ai/DeepSeek-R1", "MiniMaxAI/MiniMax-M2.7", "zai-org/GLM-4.6"):
        assert "trust-remote-code" not in told(planned(model)), model


def test_older_releases_are_told_what_later_ones_know_by_themselves():
    """transformers 4.57 has no minimax_m2; vLLM 0.24.0 is the first that takes transformers 5 only."""
    old = planned("MiniMaxAI/MiniMax-M2.7", image="docker.io/vllm/vllm-openai:v0.21.0")
    assert "trust-remote-code" in told(old)


@pytest.mark.parametrize(
    ("given", "flag", "expected"),
    [
        (["--tokenizer-mode", "auto"], "tokenizer-mode", "auto"),
        (["--tokenizer_mode=hf"], "tokenizer-mode", "hf"),
    ],
)
def test_what_the_user_says_wins_and_is_said_once(given: list[str], flag: str, expected: str):
    plan = planned("deepseek-ai/DeepSeek-V3.2", extraArgs=given)
    assert told(plan)[flag] == expected
    assert sum(flag in part.replace("_", "-") for part in plan.spec.command) == 1


def test_a_template_is_left_out_with_its_parser_where_the_image_is_none_of_the_engine_s():
    """The file is in the engine's own images; a server ends at a template that is not there."""
    plan = planned("deepseek-ai/DeepSeek-R1", image="registry.example.com/team/serving:v0.29.0")
    assert "chat-template" not in told(plan)
    assert "tool-call-parser" not in told(plan)


@pytest.mark.parametrize(
    ("model", "tag", "least"),
    [
        ("deepseek-ai/DeepSeek-V3.2", "v0.14.1", "0.18.0"),
        ("MiniMaxAI/MiniMax-M2.7", "v0.19.1", "0.20.0"),
        ("moonshotai/Kimi-K2.5", "v0.14.1", "0.19.1"),
        ("moonshotai/Kimi-K2.6", "v0.21.0", "0.25.0"),
        ("google/gemma-4-31B-it", "v0.19.0", "0.19.1"),
        ("mistralai/Mistral-Small-4-119B-2603", "v0.19.1", "0.20.0"),
    ],
)
def test_a_release_that_is_too_old_is_refused_with_the_first_that_is_not(model: str, tag: str, least: str):
    """min_vllm_version in models/ of vllm-project/recipes, 2026-08-21."""
    stack = plan_stack(
        settings(
            {
                "models.chat.model": model,
                "models.chat.source": "huggingface",
                "models.chat.image": f"docker.io/vllm/vllm-openai:{tag}",
                "pools.gpu.instanceType": H20X8,
            }
        )
    )
    finding = found(stack, "ENGINE_TOO_OLD")
    assert (finding.severity, finding.allowed) == ("error", f"{least} or newer")


def test_the_first_release_is_that_which_takes_all_that_the_model_needs():
    speciale = CATALOG.models["deepseek-ai/DeepSeek-V3.2-Speciale"]
    assert {each.since for each in speciale.arguments} == {"0.13.0"}
    assert speciale.min_release("vllm") == "0.18.0"
    older = speciale.model_copy(update={"min_vllm": "0.11.0"})
    assert older.min_release("vllm") == "0.13.0"


def test_every_argument_is_some_model_s_and_its_releases_know_the_flag():
    used = {each.name for model in CATALOG.models.values() for each in model.arguments}
    assert used == set(CATALOG.model_arguments)
    for argument in CATALOG.model_arguments.values():
        image = next(image for image in CATALOG.images if image.engine == argument.engine)
        release = CATALOG.release(image)
        assert release is not None
        assert argument.argument[0] in release.by_name, argument.name


def test_a_pinned_commit_needs_no_warning_of_code():
    changes = {"models.chat.model": "moonshotai/Kimi-K2.6", "pools.gpu.instanceType": H20X8}
    given = plan_stack(settings(changes))
    assert found(given, "MODEL_BRINGS_CODE").severity == "warning"
    pinned = plan_stack(settings({**changes, "models.chat.revision": "0" * 40}))
    assert "MODEL_BRINGS_CODE" not in {each.code for each in pinned.diagnostics}


def test_a_release_that_gave_the_model_up_is_refused_with_an_image_that_has_it():
    """vllm 0.29.0 model_executor/models/registry.py: BaichuanForCausalLM was served until 0.23.0."""
    changes = {"models.chat.model": "baichuan-inc/Baichuan2-7B-Chat", "models.chat.source": "huggingface"}
    finding = found(plan_stack(settings(changes)), "ENGINE_TOO_NEW")
    assert finding.allowed == "0.23.0 or older"
    assert finding.fix == (("models.chat.image", "docker.io/vllm/vllm-openai:v0.21.0-cu129"),)
    older = plan_stack(settings({**changes, "models.chat.image": "docker.io/vllm/vllm-openai:v0.21.0-cu129"}))
    assert "ENGINE_TOO_NEW" not in {each.code for each in older.diagnostics}
