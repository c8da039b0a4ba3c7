"""LoRA adapters: fetched like models, loaded by name, counted on the GPUs."""

from collections.abc import Mapping

import pytest

from planner.plan.types import ModelPlan
from planner.sizing.extras import adapter_gib
from planner.sizing.split import Split
from settings.paths import apply_fix
from tests.unit.stack_files import parsed
from tests.unit.stacks import codes, found, merged, planned, sections
from tests.unit.test_known_cases import _facts as facts_of

SGLANG = {"models.chat.engine": "sglang"}
QWEN: dict[str, object] = {
    "models.chat.model": "Qwen/Qwen3-8B",
    "models.chat.maxModelLen": 8192,
    "pools.gpu": {"kind": "existing", "gpu": "L20", "gpusPerNode": 2, "cpu": 28, "memory": "110Gi"},
}
TWO = {"maxRank": 32, "adapters": {"support": "someone/support", "sql": {"model": "someone/sql", "revision": "v2"}}}


def asked(lora: object, *changes: Mapping[str, object]) -> dict[str, object]:
    return merged(QWEN, *changes, {"models.chat.lora": lora})


def model(lora: object, *changes: Mapping[str, object]) -> ModelPlan:
    return planned(asked(lora, *changes)).models["chat"]


def told(plan: ModelPlan, flag: str, count: int = 1) -> tuple[str, ...]:
    command = plan.spec.command
    at = command.index(flag) + 1
    return command[at : at + count]


def test_adapters_are_fetched_like_models() -> None:
    plan = model(TWO)
    assert [(each.repository, each.revision) for each in plan.further] == [
        ("someone/support", None),
        ("someone/sql", "v2"),
    ]
    assert len({each.directory for each in plan.downloads}) == 3
    assert all(each.source == plan.download.source for each in plan.further)


def test_what_is_small_takes_no_share_of_the_gateway() -> None:
    assert model(TWO).download.seconds == model(None).download.seconds


def test_vllm_loads_them_by_name() -> None:
    """vLLM's documentation, "LoRA adapters": --lora-modules name=path."""
    plan = model(TWO)
    assert "--enable-lora" in plan.spec.command
    support, sql = plan.further
    modules = (f"support=/models/{support.directory}", f"sql=/models/{sql.directory}")
    assert told(plan, "--lora-modules", 2) == modules
    assert told(plan, "--max-lora-rank") == ("32",)
    assert told(plan, "--max-loras") == ("2",)


def test_sglang_loads_them_by_name() -> None:
    """SGLang's documentation, "LoRA serving": --lora-paths name=path."""
    plan = model({**TWO, "maxLoras": 1}, SGLANG)
    support, sql = plan.further
    assert told(plan, "--lora-paths", 2) == (f"support=/models/{support.directory}", f"sql=/models/{sql.directory}")
    assert told(plan, "--max-loras-per-batch") == ("1",)


def test_a_plan_says_by_which_names_they_are_asked_for() -> None:
    """SGLang 0.5.18, srt/entrypoints/openai/serving_base.py: "base-model:adapter-name"."""
    assert model(TWO).adapters == ("support", "sql")
    assert model(TWO, SGLANG).adapters == ("chat:support", "chat:sql")


def test_what_a_dense_model_s_adapter_takes_is_what_vllm_allocates() -> None:
    """Qwen3-8B: 36 layers, hidden 4096, 32 heads and 8 KV heads of 128, intermediate 12288, vocabulary 151936. The
    tensors are those of lora/layers in vLLM 0.29.0, each of `rank` by a width, in 16 bits."""
    qkv, output = 3 * 4096 + 4096 + 2 * 1024, 4096 + 4096
    gate_up, down = 2 * 4096 + 2 * 12288, 12288 + 4096
    tables = 2 * (151936 + 4096)
    numbers = 36 * (qkv + output + gate_up + down) + tables
    assert adapter_gib(facts_of("Qwen/Qwen3-8B"), Split(), 16) == pytest.approx(16 * numbers * 2 / 2**30)


@pytest.mark.parametrize(
    ("name", "taken"), [("Qwen/Qwen3-8B", 97_280_000), ("meta-llama/Llama-3.1-8B-Instruct", 92_356_608)]
)
def test_an_adapter_takes_what_vllm_itself_allocates(name: str, taken: int) -> None:
    """vLLM 0.29.0's LoRAModelManager on torch's meta device, 2026-11-27: bytes of all factors that it makes for one
    adapter of rank 16 of the models' config.json. What it makes for experts it makes on a GPU only."""
    assert round(adapter_gib(facts_of(name), Split(), 16) * 2**30) == taken


def test_every_expert_has_a_place_for_each_adapter() -> None:
    """Qwen3-30B-A3B: 48 layers of 128 experts, each of 768 by 2048 (fused_moe.py: w13 and w2 of every expert)."""
    experts = 48 * 128 * (2 * 2048 + 2 * 768 + 768 + 2048) * 16 * 2 / 2**30
    taken = adapter_gib(facts_of("Qwen/Qwen3-30B-A3B"), Split(), 16)
    assert experts < taken < experts * 1.1


def test_half_of_each_layer_is_cut_by_tensor_parallelism() -> None:
    one, two = (adapter_gib(facts_of("Qwen/Qwen3-8B"), Split(tensor=size), 16) for size in (1, 2))
    assert one / 2 < two < one


def test_adapters_are_counted_by_the_places_that_are_kept() -> None:
    none, one, two = model(None), model({**TWO, "maxLoras": 1}), model(TWO)
    each = one.memory.weights - none.memory.weights
    assert each > 0
    assert two.memory.weights - none.memory.weights == pytest.approx(2 * each)


def test_a_model_that_takes_no_adapters_is_refused() -> None:
    """vLLM 0.29.0, v1/worker/lora_model_runner_mixin.py: "does not support LoRA yet"."""
    lora = {"models.chat.model": "moonshotai/Kimi-K2.5", "models.chat.source": "modelscope"}
    said = codes(planned(asked(TWO, lora)))
    assert "ADAPTERS_NOT_FOR_MODEL" in said
    assert "ADAPTERS_NOT_FOR_MODEL" not in codes(planned(asked(TWO)))


def test_nobody_may_load_adapters_as_it_runs() -> None:
    """vLLM's documentation: /v1/load_lora_adapter exists where VLLM_ALLOW_RUNTIME_LORA_UPDATING is set."""
    assert "VLLM_ALLOW_RUNTIME_LORA_UPDATING" not in dict(model(TWO).spec.env)
    own = {"models.chat.env": {"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1"}}
    assert found(planned(asked(TWO, own)), "ENV_RESERVED").severity == "error"


def test_the_widths_of_a_described_model_are_not_known() -> None:
    shape = {"layers": 28, "heads": 28, "kvHeads": 4, "headDim": 128, "maxPositions": 32768, "weightsGib": 7.2}
    own = {"models.chat.model": "someone/own", "models.chat.architecture": shape}
    assert found(planned(asked(TWO, own)), "ADAPTERS_NOT_COUNTED").severity == "warning"


@pytest.mark.parametrize(
    "lora",
    [
        {"maxRank": 16, "adapters": {}},
        {"maxRank": 17, "adapters": {"a": "b/c"}},
        {"maxRank": 16, "adapters": {"a=b": "b/c"}},
        {"adapters": {"a": "b/c"}},
    ],
)
def test_what_no_engine_would_take_is_refused_at_once(lora: dict[str, object]) -> None:
    assert [fault for fault in parsed(sections(asked(lora))).problems if fault.severity == "error"]


def test_a_name_with_dots_has_a_path_that_leads_to_it() -> None:
    lora = {"maxRank": 16, "adapters": {"v1.5": "someone/adapter", "v2": "someone/other"}}
    plan = planned(asked(lora, {"models.chat.servedName": "v1.5"}))
    taken = found(plan, "ADAPTER_NAME_TAKEN")
    assert taken.path == 'models.chat.lora.adapters["v1.5"]'
    mended = apply_fix(sections(asked(lora)), taken.fix)
    assert mended == sections(asked(lora | {"adapters": {"v2": "someone/other"}}))
    assert 'models.chat.lora.adapters["v1.5"].revision' in {each.path for each in plan.diagnostics}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"models.chat.lora": {"maxRank": 16, "adapters": {"a.b": "Qwen/Qwen3-4B"}}}, 'lora.adapters["a.b"]'),
        (
            {"models.chat.speculative": {"method": "eagle3", "tokens": 3, "model": "Qwen/Qwen3-0.6B"}},
            "speculative.model",
        ),
    ],
)
def test_a_whole_model_is_no_part_of_another(changes: Mapping[str, object], path: str) -> None:
    """vLLM 0.29.0 looks for adapter_config.json (lora/peft_helper.py), and for the one layer of an EAGLE head."""
    finding = found(planned({**QWEN, **changes}), "WHOLE_MODEL_GIVEN")
    assert (finding.severity, finding.path) == ("error", f"models.chat.{path}")
    assert "WHOLE_MODEL_GIVEN" not in codes(planned(asked(TWO)))


def test_sglang_takes_no_name_with_the_sign_between_model_and_adapter() -> None:
    """SGLang 0.5.18, srt/server_args.py: "served_model_name cannot contain a colon"."""
    finding = found(planned({**QWEN, **SGLANG, "models.chat.servedName": "qwen3:8b"}), "SERVED_NAME_DIVIDED")
    assert finding.fix == (("models.chat.servedName", "qwen3-8b"),)
    assert "SERVED_NAME_DIVIDED" not in codes(planned({**QWEN, "models.chat.servedName": "qwen3:8b"}))


def test_a_secret_of_the_user_s_has_not_the_name_of_an_adapter_s_download() -> None:
    plan = planned({**QWEN, "images.pullSecret": "chat-download-2"})
    assert found(plan, "NAME_TAKEN").path == "images.pullSecret"
    assert "NAME_TAKEN" not in codes(planned({**QWEN, "images.pullSecret": "chat-download-mine"}))


def test_a_source_that_is_the_model_s_is_refused_of_the_model_alone() -> None:
    plan = planned(asked(TWO, {"models.chat.source": "ollama"}))
    assert [each.path for each in plan.errors if each.code == "SOURCE_NOT_FOR_ENGINE"] == ["models.chat.source"]
    own = {"maxRank": 16, "adapters": {"x": {"model": "someone/x", "source": "ollama"}}}
    assert found(planned(asked(own)), "SOURCE_NOT_FOR_ENGINE").path == "models.chat.lora.adapters.x.source"
