"""Models that the stack file describes (`architecture`): what they say more is reckoned with, what they leave out is
not held against them."""

import json
from typing import Any

import pytest

from catalog.load import load
from planner.model.config import describe, first_releases
from planner.model.facts import ModelFacts, catalogued, format_of, resolve
from settings.models import Architecture
from tests.unit.stacks import codes, found, planned, settings
from tests.unit.test_cli import FIGURES, command

GEMMA_12B = {
    "layers": 48,
    "heads": 16,
    "kvHeads": 8,
    "headDim": 256,
    "kvLayers": 8,
    "slidingLayers": 40,
    "slidingWindow": 1024,
    "maxPositions": 131072,
    "weightsGib": 22.71,
}
"""google/gemma-3-12b-it: config.json, as the catalogue has it (data/architectures/gemma.yaml)."""
PLAIN = {"layers": 2, "heads": 2, "kvHeads": 2, "headDim": 64, "maxPositions": 4096, "weightsGib": 0.1}
L20 = {"pools.gpu": {"instanceType": "PNV5b.8XLARGE96", "kind": "ordinary"}}
T4 = {"pools.gpu": {"instanceType": "GN7.2XLARGE32", "kind": "ordinary"}}


def served(shape: dict[str, Any], **changes: object) -> dict[str, object]:
    """Changes of the sound stack that serve a model of this shape."""
    return {"models.chat": {"model": "me/mine", "architecture": shape, **changes}}


def facts(shape: dict[str, Any]) -> ModelFacts:
    known = resolve("chat", settings(served(shape)), load())
    assert known is not None
    return known


def test_layers_with_a_window_leave_room_for_a_long_context():
    """131,072 tokens of gemma-3-12b take 33.5 of the 40.9 GiB that the engine has of an L20."""
    plan = planned(L20 | served(GEMMA_12B, maxModelLen=131072))
    assert "gpu" in plan.pools
    assert not codes(plan, "error")
    every = {
        key: value for key, value in GEMMA_12B.items() if key not in ("kvLayers", "slidingLayers", "slidingWindow")
    }
    assert "CONTEXT_TOO_LONG" in codes(planned(L20 | served(every, maxModelLen=131072)), "error")


def test_a_model_that_overflows_in_half_precision_is_refused_where_there_is_nothing_else():
    """vLLM 0.29.0, config/model.py, `_FLOAT16_NOT_SUPPORTED_MODELS`: gemma3."""
    small = GEMMA_12B | {"weightsGib": 5.0}
    assert "FLOAT16_UNSUPPORTED" in codes(planned(T4 | served(small | {"float16": False})), "error")
    assert "FLOAT16_UNSUPPORTED" not in codes(planned(T4 | served(small)), "error")


def test_a_release_that_does_not_know_the_architecture_is_refused():
    older = {"image": "docker.io/vllm/vllm-openai:v0.11.0"}
    assert "ENGINE_TOO_OLD" in codes(planned(L20 | served(GEMMA_12B | {"minVllm": "0.19.1"}, **older)), "error")
    assert "ENGINE_TOO_OLD" not in codes(planned(L20 | served(GEMMA_12B, **older)), "error")
    sglang = planned(L20 | served(GEMMA_12B | {"minSglang": "99.0"}, engine="sglang"))
    assert "ENGINE_TOO_OLD" in codes(sglang, "error")


def test_widths_are_cut_as_those_of_the_catalogue_are():
    """MiniMax-M2: blocks of 128 do not fit 1536 / 8 (vLLM's recipes, "Pure TP8 is not supported")."""
    shape = {"layers": 62, "heads": 48, "kvHeads": 8, "headDim": 128, "maxPositions": 196608, "weightsGib": 214.0}
    experts = {"experts": 256, "moeIntermediateSize": 1536, "hiddenSize": 3072, "vocabSize": 200064, "groupSize": 128}
    h20 = {"pools.gpu": {"instanceType": "PNV6.96XLARGE2304", "kind": "ordinary"}}
    asked = {"tensorParallel": 8, "expertParallel": False}
    known = planned(h20 | served({**shape, **experts, "format": "fp8"}, **asked))
    assert "WIDTH_NOT_DIVISIBLE" in codes(known, "error")
    unknown = planned(h20 | served({**shape, "format": "fp8"}, tensorParallel=8))
    assert "WIDTH_NOT_DIVISIBLE" not in codes(unknown)


def test_files_that_the_engine_does_not_read_are_refused():
    plan = planned(L20 | served(GEMMA_12B | {"format": "gguf"}))
    assert found(plan, "FORMAT_NOT_READ").path == "models.chat.architecture.format"


def test_heads_of_layers_with_a_window_need_such_layers():
    with pytest.raises(ValueError, match="slidingLayers"):
        Architecture.model_validate(PLAIN | {"slidingKvHeads": 2})


# google/gemma-4-26B-A4B and XiaomiMiMo/MiMo-V2-Flash: config.json, as aiconfigurator-core 0.12.0 of PyPI carries them.
GEMMA_4 = {
    "num_hidden_layers": 30,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "num_global_key_value_heads": 2,
    "head_dim": 256,
    "global_head_dim": 512,
    "hidden_size": 2816,
    "vocab_size": 262144,
    "num_experts": 128,
    "moe_intermediate_size": 704,
    "layer_types": (["sliding_attention"] * 5 + ["full_attention"]) * 5,
    "sliding_window": 1024,
    "max_position_embeddings": 262144,
}
MIMO = {
    "num_hidden_layers": 48,
    "num_attention_heads": 64,
    "num_key_value_heads": 4,
    "head_dim": 192,
    "v_head_dim": 128,
    "swa_num_key_value_heads": 8,
    "swa_head_dim": 192,
    "sliding_window": 128,
    "hidden_size": 4096,
    "intermediate_size": 16384,
    "vocab_size": 152576,
    "n_routed_experts": 256,
    "moe_intermediate_size": 2048,
    "tie_word_embeddings": False,
    "hybrid_layer_pattern": [0, 1, 1, 1, 1, *([0, 1, 1, 1, 1, 1] * 7), 0],
    "max_position_embeddings": 262144,
}


@pytest.mark.parametrize(("name", "config"), [("google/gemma-4-26B-A4B", GEMMA_4), ("XiaomiMiMo/MiMo-V2-Flash", MIMO)])
def test_a_hybrid_is_described_as_the_catalogue_has_it(name: str, config: dict[str, Any]):
    entry = load().find_model(name)
    assert entry is not None
    known = catalogued(entry, format_of(entry, name), name)
    shape = describe(config, known.weights_gib).architecture.model_dump(by_alias=True, exclude_unset=True)
    mine = facts(shape)
    for figure in ("kv_heads", "head_dim", "value_dim", "sliding_kv_heads", "max_positions"):
        assert getattr(mine, figure) == getattr(known, figure), figure
    assert (mine.sliding_head_dim or mine.head_dim) == (known.sliding_head_dim or known.head_dim)
    assert (mine.widths.hidden, mine.widths.expert, mine.widths.vocabulary) == (
        known.widths.hidden,
        known.widths.expert,
        known.widths.vocabulary,
    )


def test_a_gemma_is_described_as_one_that_overflows_in_half_precision():
    config = {**FIGURES, "model_type": "gemma3_text"}
    assert describe(config, 5.0).architecture.float16 is False
    assert describe(FIGURES, 5.0).architecture.float16 is True


@pytest.mark.parametrize(
    ("stored", "size"),
    [
        ({"quant_method": "awq", "group_size": 128}, 128),
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, 128),
        ({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": {"group_size": 32}}}}, 32),
        ({"quant_method": "fp8"}, None),
    ],
)
def test_weights_that_share_a_scale_are_counted(stored: dict[str, Any], size: int | None):
    bits = {"weights": {"num_bits": 4, "type": "int", "group_size": 32}}
    if "config_groups" in stored:
        stored = {**stored, "config_groups": {"group_0": bits}}
    assert describe({**FIGURES, "quantization_config": stored}, 5.0).architecture.group_size == size


def test_the_first_releases_are_those_of_the_catalogue_s_models_of_the_class():
    found = first_releases({"architectures": ["Gemma4ForConditionalGeneration"]}, load())
    assert found["min_vllm"] == "0.19.1"
    assert first_releases({"architectures": ["NobodyForCausalLM"]}, load()) == {}


def test_gguf_files_are_one_model_each_but_for_the_parts_of_one(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(FIGURES))
    for part in ("00001", "00002"):
        (tmp_path / f"model-Q4_K_M-{part}-of-00002.gguf").write_bytes(bytes(2**20))
    result = command("model", "add", str(tmp_path), "--json")
    assert json.loads(result.stdout)["architecture"]["weightsGib"] == pytest.approx(2**-9, rel=1e-3)
    (tmp_path / "model-Q8_0.gguf").write_bytes(bytes(2**20))
    result = command("model", "add", str(tmp_path))
    assert (result.exit_code, "--weights-gib" in result.output) == (2, True)
