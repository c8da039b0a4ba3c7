"""Splits that layers allow, held against what engines refused or ran for others; what ranks and experts weigh."""

from typing import Any

import pytest

from catalog.load import load
from planner.model.facts import ModelFacts, Widths, catalogued, format_of
from planner.report.summary import summary
from planner.serving.fit import FitRequest, fits
from planner.sizing.ask import Ask
from planner.sizing.parallelism import cut, divides, splits
from planner.sizing.shares import weights_per_gpu
from planner.sizing.split import Split
from planner.sizing.widths import uneven
from tests.unit.model_samples import SECTION, Outcome, facts, gpu, sized
from tests.unit.stacks import codes, planned

FLAGS = frozenset({"enable-expert-parallel", "data-parallel-size", "ep-size", "enable-dp-attention"})

REFUSED = [
    # Model, tensor parallel, part that cannot be cut, where it was refused.
    ("MiniMaxAI/MiniMax-M2", 8, "moe_intermediate_size", "vllm-project/recipes#96: TP8 is not supported"),
    ("MiniMaxAI/MiniMax-M2.7", 8, "moe_intermediate_size", "vllm#48173: 192 is not divisible by block_n = 128"),
    ("Qwen/Qwen3-30B-A3B-FP8", 4, "moe_intermediate_size", "vllm#25292; QwenLM/Qwen3#1485 (SGLang 0.4.6)"),
    ("Qwen/Qwen3-235B-A22B-FP8", 8, "moe_intermediate_size", "vllm#17569; QwenLM/Qwen3#1485 (SGLang 0.4.6)"),
    ("Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8", 8, "moe_intermediate_size", "sglang#8344 (2025-07-31)"),
    ("Qwen/Qwen3-235B-A22B-GPTQ-Int4", 8, "moe_intermediate_size", "vllm#17604 (0.9.1: ends at the first request)"),
    ("Qwen/Qwen3-Next-80B-A3B-Instruct-FP8", 8, "the shared experts' width", "radixark/miles#303 (SGLang: 64)"),
    ("Qwen/Qwen3.6-35B-A3B-FP8", 8, "the shared experts' width", "vllm#52997, #52915 (64, one H100 machine)"),
    ("deepseek-ai/DeepSeek-R1", 32, "intermediate_size", "sglang#3345: 18432 / 32 = 576"),
    ("deepseek-ai/DeepSeek-V4-Pro", 16, "the shared experts' width", "vllm#42384; vllm-project/recipes#567"),
    ("Qwen/Qwen2.5-VL-72B-Instruct-AWQ", 2, "intermediate_size", "QwenLM/Qwen3-VL#831; vllm#13677"),
    ("Qwen/Qwen2.5-VL-72B-Instruct-AWQ", 4, "intermediate_size", "QwenLM/Qwen3-VL#831"),
    ("microsoft/phi-4", 5, "vocab_size", "vllm 0.29.0, vocab_parallel_embedding.py: 100352 over 5"),
    ("Qwen/Qwen2.5-7B-Instruct", 7, "vocab_size", "vllm 0.29.0, vocab_parallel_embedding.py: 152064 over 7"),
    ("zai-org/GLM-4.7", 6, "vocab_size", "vllm#31474: 151552 is not divisible by 6"),
    ("zai-org/GLM-4.5V", 8, "heads of the image encoder", "vllm#24004 (0.10.1.1: 12 is not divisible by 8)"),
    ("zai-org/GLM-4.5-Air", 6, "vocab_size", "gpustack#3777 (vllm 0.11.0: 151552 is not divisible by 6)"),
]
RAN = [
    ("MiniMaxAI/MiniMax-M2", 4, "vLLM's recipe of MiniMax-M2"),
    ("Qwen/Qwen3-30B-A3B-FP8", 2, "QwenLM/Qwen3#1485 (TP1 and TP2 run)"),
    ("Qwen/Qwen3-235B-A22B-FP8", 4, "vllm#17569 (TP4 as the way out)"),
    ("Qwen/Qwen3-Next-80B-A3B-Instruct-FP8", 4, "vllm-project/recipes#121"),
    ("deepseek-ai/DeepSeek-R1", 16, "sglang benchmark/deepseek_v3 (two machines with 8 GPUs)"),
    ("deepseek-ai/DeepSeek-V4-Pro", 8, "vllm#42384 (the same recipe at TP8)"),
    ("Qwen/Qwen2-VL-72B-Instruct-AWQ", 4, "QwenLM/Qwen3-VL#230 (padded to 29696)"),
    ("Qwen/Qwen2.5-72B-Instruct-AWQ", 8, "config.json: intermediate_size 29696, group_size 128"),
    ("openai/gpt-oss-120b", 8, "vLLM's recipe of gpt-oss"),
    ("microsoft/phi-4", 2, "10 KV heads"),
]
BY_EXPERT = [
    ("MiniMaxAI/MiniMax-M2", 8, "InferenceX#832, #869 (TP8 with expert parallel on H100 and H200)"),
    ("Qwen/Qwen3-235B-A22B-FP8", 8, "vllm#17569 (enable-expert-parallel)"),
    ("Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8", 8, "vLLM's recipe of Qwen3-Coder-480B (TP8 with expert parallel)"),
]


def known(model: str) -> ModelFacts:
    entry = load().find_model(model)
    assert entry is not None, model
    return catalogued(entry, format_of(entry, model), model)


def asked(engine: str = "vllm", **changes: Any) -> Ask:
    return Ask(engine, None, 0.92, **{"flags": FLAGS, **changes})


def on(model: str, card: str, count: int, nodes: int = 1, **changes: Any) -> Outcome:
    return sized(known(model), load().gpus[card], count, asked(**changes), nodes)


def split_of(outcome: Outcome) -> str:
    return str(outcome.sizing.layout.split)


@pytest.mark.parametrize(("model", "tensor", "part", "source"), REFUSED)
def test_what_an_engine_refused_to_cut_is_uneven(model: str, tensor: int, part: str, source: str):
    assert source
    what = uneven(known(model), Split(tensor))
    assert what is not None
    assert what.part.startswith(part)


@pytest.mark.parametrize(("model", "tensor", "source"), RAN)
def test_what_ran_elsewhere_divides(model: str, tensor: int, source: str):
    assert source
    assert divides(known(model), asked(), Split(tensor))


@pytest.mark.parametrize(("model", "tensor", "source"), BY_EXPERT)
def test_experts_that_cannot_be_cut_are_dealt_out_whole(model: str, tensor: int, source: str):
    assert source
    assert cut(known(model), asked(), tensor) == Split(tensor, by_expert=True)


@pytest.mark.parametrize(("model", "tensor", "source"), BY_EXPERT)
def test_a_size_that_is_asked_for_is_taken_at_its_word(model: str, tensor: int, source: str):
    """Who copies a command without --enable-expert-parallel is told what is missing, with the change that mends it."""
    assert source
    outcome = on(model, "H20-96", tensor, tensor_parallel=tensor)
    assert outcome.findings[0].fix == ((f"{SECTION}.expertParallel", True),)


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_a_split_that_is_refused_names_the_width_and_deals_out_the_experts(engine: str):
    outcome = on("Qwen/Qwen3-235B-A22B-FP8", "H20-96", 8, engine=engine, tensor_parallel=8)
    (finding,) = [each for each in outcome.findings if each.severity == "error"]
    assert finding.code == "WIDTH_NOT_DIVISIBLE"
    assert "1536 / 8 = 192 is no multiple of 128" in finding.message
    assert finding.fix == ((f"{SECTION}.expertParallel", True),)


def test_a_release_without_expert_parallelism_gets_the_nearest_size():
    outcome = on("Qwen/Qwen3-235B-A22B-FP8", "H20-96", 8, tensor_parallel=8, flags=frozenset())
    assert outcome.findings[0].fix == ((f"{SECTION}.tensorParallel", 4),)


def test_the_planner_deals_out_experts_where_that_alone_takes_all_gpus_of_a_layer():
    assert split_of(on("MiniMaxAI/MiniMax-M2", "L20", 8)) == "8 x 1, expert parallel"
    assert split_of(on("MiniMaxAI/MiniMax-M2", "H20-96", 8)) == "4 x 1"


def test_it_cuts_into_stages_where_experts_may_not_be_dealt_out():
    outcome = on("Qwen/Qwen3-235B-A22B-FP8", "L20", 8, expert_parallel=False)
    assert (split_of(outcome), outcome.starts) == ("4 x 2", True)
    assert any("moe_intermediate_size 1536 / 8" in why for _, _, why in outcome.sizing.because)


def test_it_cuts_a_dense_model_into_stages_where_its_groups_cannot_be_cut():
    """QwenLM/Qwen3-VL#831: neither 2 nor 4 GPUs can share a layer."""
    outcome = on("Qwen/Qwen2.5-VL-72B-Instruct-AWQ", "L20", 8)
    assert (split_of(outcome), outcome.starts) == ("1 x 2", True)


@pytest.mark.parametrize("read", [True, False])
def test_a_group_that_nobody_read_only_warns(read: bool):
    grouped = facts(format="awq", widths=Widths(dense=18944, vocabulary=152064, group=512, group_verified=read))
    outcome = sized(grouped, gpu(), 8, asked(tensor_parallel=4))
    assert "WIDTH_NOT_DIVISIBLE" in outcome.codes
    assert outcome.starts != read


@pytest.mark.parametrize("setting", ["expert_parallel", "data_parallel"])
def test_a_dense_model_has_no_experts_to_share(setting: str):
    outcome = on("Qwen/Qwen3-8B", "L20", 8, **{setting: 2 if setting == "data_parallel" else True})
    assert outcome.errors == {"NO_EXPERTS"}


def test_of_a_described_model_nobody_knows_whether_it_has_experts():
    outcome = sized(facts(catalogued=False), gpu(), 4, asked(data_parallel=2))
    assert outcome.codes == {"NO_EXPERTS"}
    assert outcome.starts
    assert outcome.sizing.budget.weights == 14.0  # each rank is taken to hold the whole


def test_ollama_and_releases_without_the_option_refuse():
    assert "SETTING_NOT_FOR_ENGINE" in on("Qwen/Qwen3-30B-A3B", "L20", 1, engine="ollama", expert_parallel=True).errors
    assert "SETTING_NOT_IN_IMAGE" in on("Qwen/Qwen3-30B-A3B", "L20", 8, data_parallel=2, flags=frozenset()).errors


ODD = facts(
    heads=16,
    kv_heads=16,
    widths=Widths(hidden=2048, experts=60, expert=1408, expert_layers=24, shared=5632, vocabulary=151936),
)
"""The figures of Qwen1.5-MoE-A2.7B (config.json), whose 60 experts 8 GPUs cannot share evenly."""


def test_sglang_deals_out_as_many_experts_to_each_gpu():
    """vLLM gives some of them one more (fused_moe/layer.py, determine_expert_map)."""
    odd = ODD
    assert not divides(odd, asked("sglang"), Split(8, by_expert=True))
    assert divides(odd, asked(), Split(8, by_expert=True))


def test_ranks_hold_attention_whole_and_share_the_experts():
    """DeepSeek-R1: 58 layers and one for prediction, of 256 experts with 3 x 7168 x 2048 weights each."""
    r1 = known("deepseek-ai/DeepSeek-R1")
    experts = 59 * 256 * 3 * 7168 * 2048 / 2**30
    ranks = weights_per_gpu(r1, r1.weights_gib, Split(1, data=8))
    assert ranks == pytest.approx(r1.weights_gib - experts + experts / 8, rel=0.001)
    assert weights_per_gpu(r1, r1.weights_gib, Split(8)) == r1.weights_gib / 8
    gathered = weights_per_gpu(r1, r1.weights_gib, Split(1, data=8, gathered=True))
    # SGLang also cuts three dense layers, the shared experts and the output layer over all eight.
    dense = (3 * 7168 * (3 * 18432 + 59 * 2048) + 2 * 7168 * 129280) / 2**30
    assert gathered == pytest.approx(ranks - dense * 7 / 8, rel=0.001)


def test_the_gpu_with_one_expert_more_decides():
    dealt = weights_per_gpu(ODD, ODD.weights_gib, Split(8, by_expert=True))
    assert dealt > ODD.weights_gib / 8


def test_each_rank_keeps_a_cache_of_its_own():
    alone = on("deepseek-ai/DeepSeek-R1", "H20-141", 8, tensor_parallel=8, context=8192).sizing
    ranks = on("deepseek-ai/DeepSeek-R1", "H20-141", 8, data_parallel=8, context=8192).sizing
    assert ranks.budget.kv_one_sequence == alone.budget.kv_one_sequence  # MLA: whole on every GPU either way
    assert ranks.gpus == 8
    assert ranks.concurrency % 8 != alone.concurrency % 8


def test_gpus_are_the_product_of_all_sizes():
    wrong = on("Qwen/Qwen3-30B-A3B", "L20", 8, gpus=4, tensor_parallel=2, pipeline_parallel=1, data_parallel=4)
    assert "PARALLELISM_MISMATCH" in wrong.errors
    right = on("Qwen/Qwen3-30B-A3B", "L20", 8, gpus=8, data_parallel=2)
    assert (split_of(right), right.starts) == ("4 x 1, data parallel 2", True)


@pytest.mark.parametrize("model", ["google/gemma-3n-E4B-it", "microsoft/Phi-4-multimodal-instruct"])
def test_a_class_without_stages_is_not_cut_into_any(model: str):
    """vLLM 0.29.0, vllm/config/model.py: "Pipeline parallelism is not supported for this model"."""
    assert "NO_STAGES" in on(model, "A10", 4, pipeline_parallel=2).errors
    assert on(model, "A10", 4).sizing.pipeline_parallel == 1
    assert "NO_STAGES" not in on(model, "A10", 4, pipeline_parallel=1).codes


def test_ranks_stay_on_one_machine():
    r1 = "deepseek-ai/DeepSeek-R1"
    assert "DATA_PARALLEL_SPANS_MACHINES" in on(r1, "H20-96", 8, 2, tensor_parallel=8, data_parallel=2).errors
    assert "GPUS_EXCEED_NODE" in on(r1, "H20-96", 8, data_parallel=16).errors


MOE: dict[str, object] = {
    "pools.gpu.instanceType": "PNV6.32XLARGE1280",
    "models.chat.model": "Qwen/Qwen3-235B-A22B-FP8",
}


def command(changes: dict[str, object]) -> str:
    plan = planned(MOE | changes)
    assert not codes(plan, "error"), plan.diagnostics
    return " ".join(plan.models["chat"].spec.command)


def test_vllm_is_told_its_ranks_and_to_deal_out_experts():
    said = command({"models.chat.gpus": 8, "models.chat.dataParallel": 4})
    assert "--tensor-parallel-size 2" in said
    assert "--data-parallel-size 4 --enable-expert-parallel" in said


def test_sglang_counts_ranks_and_experts_as_parts_of_its_group():
    """SGLang's documentation: --tp-size 8 --dp-size 4 --enable-dp-attention is attention over 2 GPUs."""
    split = {"models.chat.gpus": 8, "models.chat.dataParallel": 4, "models.chat.engine": "sglang"}
    assert "--tp-size 8 --dp-size 4 --enable-dp-attention --ep-size 8" in command(split)


def test_nothing_is_said_of_either_where_neither_is_used():
    said = command({})
    assert "expert" not in said
    assert "data-parallel" not in said


def test_the_plan_says_why_experts_are_dealt_out():
    plan = planned(MOE | {"models.chat.gpus": 8})
    assert plan.models["chat"].expert_parallel
    assert summary(plan)["models"]["chat"]["expertParallel"]
    (why,) = [each for each in plan.reasons if each.subject == "models.chat.expertParallel"]
    assert "no multiple of 128" in why.because


@pytest.mark.parametrize(
    ("engine", "argument"),
    [("vllm", ["--enable-expert-parallel"]), ("sglang", ["--ep", "8"]), ("sglang", ["--ep-size=8"])],
)
def test_an_argument_that_deals_out_experts_counts_as_the_setting_does(engine: str, argument: list[str]):
    said = command({"models.chat.engine": engine, "models.chat.tensorParallel": 8, "models.chat.extraArgs": argument})
    assert said.endswith(" ".join(argument))
    assert said.count("expert-parallel") + said.count("--ep") == 1


def test_an_argument_that_does_not_deal_them_out_counts_too():
    plan = planned(MOE | {"models.chat.gpus": 8, "models.chat.extraArgs": ["--no-enable-expert-parallel"]})
    assert (plan.models["chat"].tensor_parallel, plan.models["chat"].pipeline_parallel) == (4, 2)


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
@pytest.mark.parametrize("slots", [1, 2, 4, 8])
def test_no_split_is_planned_that_the_model_does_not_allow(engine: str, slots: int):
    """Whatever the catalogue's models and formats are, and whatever number of GPUs is asked for."""
    for entry in load().models.values():
        for format_ in entry.weights:
            model = catalogued(entry, format_)
            for ask in (asked(engine), asked(engine, expert_parallel=False), asked(engine, gpus=slots)):
                for split in splits(model, slots, 1, ask):
                    assert split.gpus <= slots
                    assert split.tensor == 1 or divides(model, ask, split), (entry.id, format_, str(split))


def test_an_encoder_that_is_held_whole_is_not_cut():
    changes: dict[str, object] = {
        "pools.gpu.instanceType": "PNV6.32XLARGE1280",
        "models.chat.model": "zai-org/GLM-4.5V",
        "models.chat.source": "huggingface",
        "models.chat.tensorParallel": 8,
    }
    assert "WIDTH_NOT_DIVISIBLE" in codes(planned(changes), "error")
    whole = {"models.chat.extraArgs": ["--mm-encoder-tp-mode", "data"]}
    assert "WIDTH_NOT_DIVISIBLE" not in codes(planned(changes | whole))


def test_fit_says_where_experts_are_dealt_out():
    entry = load().find_model("MiniMaxAI/MiniMax-M2")
    assert entry is not None
    (fit,) = [
        each
        for each in fits(entry, entry.id, FitRequest(gpus=("L20",)), load())
        if each.offer.name == "PNV5b.64XLARGE768"
    ]
    assert (fit.tensor_parallel, fit.by_expert) == (8, True)
