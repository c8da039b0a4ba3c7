"""Speculation: what the engines are told, what it takes of memory, and where it is refused."""

import json
from collections.abc import Mapping

import pytest

from planner.plan.types import ModelPlan
from tests.unit.stack_files import parsed
from tests.unit.stacks import argument, codes, found, merged, planned, sections

SGLANG = {"models.chat.engine": "sglang"}
LLAMA: dict[str, object] = {
    "models.chat.model": "Qwen/Qwen3-8B",
    "models.chat.maxModelLen": 8192,
    "pools.gpu": {"kind": "existing", "gpu": "L20", "gpusPerNode": 2, "cpu": 28, "memory": "110Gi"},
}
R1: dict[str, object] = {
    "pools.gpu": {"kind": "existing", "gpu": "H20-141", "gpusPerNode": 8, "cpu": 200, "memory": "1000Gi"},
    "models.chat.model": "deepseek-ai/DeepSeek-R1",
    "models.chat.maxModelLen": 8192,
}
EAGLE = {"method": "eagle3", "model": "AngelSlim/Qwen3-8B_eagle3", "tokens": 3, "weightsGib": 0.75}


def asked(speculative: object, *changes: Mapping[str, object]) -> dict[str, object]:
    return merged(*changes, {"models.chat.speculative": speculative})


def model(speculative: object, *changes: Mapping[str, object]) -> ModelPlan:
    return planned(asked(speculative, *changes)).models["chat"]


def test_vllm_is_told_method_tokens_and_where_the_draft_lies() -> None:
    """vLLM 0.29.0, config/speculative.py: SpeculativeConfig."""
    plan = model(EAGLE, LLAMA)
    (draft,) = plan.further
    assert json.loads(argument(plan, "--speculative-config") or "") == {
        "method": "eagle3",
        "num_speculative_tokens": 3,
        "model": f"/models/{draft.directory}",
    }
    assert draft.repository == "AngelSlim/Qwen3-8B_eagle3"
    assert draft.directory != plan.download.directory


def test_prediction_layers_and_n_grams_need_no_draft() -> None:
    for speculative in ({"method": "mtp", "tokens": 1}, {"method": "ngram", "tokens": 4}):
        plan = model(speculative, R1)
        assert plan.further == ()
        assert set(json.loads(argument(plan, "--speculative-config") or "")) == {"method", "num_speculative_tokens"}


@pytest.mark.parametrize(
    ("speculative", "algorithm", "draft_tokens"),
    [
        ({"method": "mtp", "tokens": 2}, "NEXTN", "3"),
        ({"method": "ngram", "tokens": 8}, "NGRAM", "8"),
        (EAGLE, "EAGLE3", "4"),
    ],
)
def test_sglang_is_told_by_its_own_names(speculative: dict[str, object], algorithm: str, draft_tokens: str) -> None:
    """SGLang 0.5.18, srt/arg_groups/speculative_hook.py."""
    plan = model(speculative, SGLANG, R1)
    assert argument(plan, "--speculative-algorithm") == algorithm
    assert argument(plan, "--speculative-num-draft-tokens") == draft_tokens


def test_the_draft_is_counted_with_its_cache() -> None:
    plain, drafted = model(None, LLAMA), model(EAGLE, LLAMA)
    assert drafted.memory.weights == pytest.approx(plain.memory.weights + 0.75)
    assert drafted.memory.kv_one_sequence == pytest.approx(plain.memory.kv_one_sequence * 37 / 36)


def test_a_draft_is_shared_by_the_gpus_of_its_layers() -> None:
    two = {"models.chat.tensorParallel": 2}
    more = model(EAGLE, LLAMA, two).memory.weights - model(None, LLAMA, two).memory.weights
    assert more == pytest.approx(0.75 / 2)


def test_a_prediction_layer_costs_its_cache_alone() -> None:
    """Its weights are in the published size of the files (DeepSeek-R1: 685 B parameters, 14 B of them in its MTP layer;
    deepseek-ai/DeepSeek-V3, README)."""
    plain, predicting = model(None, R1), model({"method": "mtp", "tokens": 1}, R1)
    assert predicting.memory.weights == plain.memory.weights
    assert predicting.memory.kv_one_sequence == pytest.approx(plain.memory.kv_one_sequence * 62 / 61)


def test_n_grams_cost_nothing() -> None:
    assert model({"method": "ngram", "tokens": 4}, LLAMA).memory == model(None, LLAMA).memory


def test_a_draft_of_unknown_size_is_said() -> None:
    unknown = {name: value for name, value in EAGLE.items() if name != "weightsGib"}
    assert found(planned(asked(unknown, LLAMA)), "DRAFT_SIZE_UNKNOWN").severity == "warning"
    assert "DRAFT_SIZE_UNKNOWN" not in codes(planned(asked(EAGLE, LLAMA)))


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("Qwen/Qwen3-8B", "error"),
        # config.json of Kimi-K2 has DeepSeek's class and num_nextn_predict_layers 0.
        ("moonshotai/Kimi-K2-Instruct", "error"),
        # vLLM 0.29.0 has Qwen3NextMTP; the catalogue does not count its layers.
        ("Qwen/Qwen3-Next-80B-A3B-Instruct", "warning"),
    ],
)
def test_prediction_is_refused_where_a_model_has_no_layers_for_it(name: str, severity: str) -> None:
    said = found(
        planned(asked({"method": "mtp", "tokens": 1}, R1, {"models.chat.model": name})), "NO_PREDICTION_LAYERS"
    )
    assert said.severity == severity


def test_a_model_that_makes_no_text_guesses_none() -> None:
    embedder = {"models.chat.model": "Qwen/Qwen3-Embedding-8B", "models.chat.task": "embed"}
    said = codes(planned(asked({"method": "ngram", "tokens": 3}, LLAMA, embedder, {"models.chat.maxModelLen": None})))
    assert "SPECULATION_WITHOUT_TEXT" in said


@pytest.mark.parametrize(
    "speculative", [{"method": "eagle3", "tokens": 3}, {"method": "mtp", "tokens": 1, "model": "someone/draft"}]
)
def test_a_draft_is_asked_for_where_one_is_used(speculative: dict[str, object]) -> None:
    assert [fault.path for fault in parsed(sections(asked(speculative))).problems if fault.severity == "error"]
