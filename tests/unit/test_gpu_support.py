"""What each GPU has kernels for: kinds of attention and formats of weights, by published cases."""

import pytest

from catalog.load import load
from planner.model.check_dtype import check_dtype
from planner.model.dtype import plan_dtype
from planner.model.facts import ModelFacts, catalogued, format_of
from tests.unit.model_samples import facts

CATALOG = load()
ISSUE = "https://github.com/vllm-project/vllm/issues/"
RECIPES = "https://github.com/vllm-project/recipes/blob/main/"
BACKENDS = "vllm 0.29.0, v1/attention/backends/"
QUANTIZATION = "vllm 0.29.0, model_executor/layers/quantization/"


def model(name: str) -> ModelFacts:
    entry = CATALOG.find_model(name)
    assert entry is not None, name
    return catalogued(entry, format_of(entry, name), name)


TODAY = frozenset({"marlin-on-turing"})


def said(of: ModelFacts, gpu: str, engine: str = "vllm", flags: frozenset[str] = TODAY) -> dict[str, str]:
    """Codes and gravity of what stands against the model's attention and weights on the GPU."""
    card = CATALOG.gpus[gpu]
    precision = plan_dtype(of, card, "auto", None, engine)
    found = check_dtype("models.chat", of, card, precision, engine=engine, dtype="auto", quantization=None, flags=flags)
    return {each.code: each.severity for each in found}


@pytest.mark.parametrize(
    ("name", "gpu", "engine", "severity", "source"),
    [
        ("deepseek-ai/DeepSeek-V3.2", "A100-80", "vllm", "error", f"{ISSUE}30644"),
        ("deepseek-ai/DeepSeek-V3.2", "L20", "vllm", "error", f"{RECIPES}DeepSeek/DeepSeek-V3_2-Exp.md"),
        ("deepseek-ai/DeepSeek-V3.2", "H20-141", "vllm", None, f"{RECIPES}DeepSeek/DeepSeek-V3_2-Exp.md"),
        ("deepseek-ai/DeepSeek-V3.2", "A100-80", "sglang", "warning", "no source that answers it"),
        ("deepseek-ai/DeepSeek-V4-Flash", "A100-80", "vllm", "error", f"{ISSUE}40851"),
        ("deepseek-ai/DeepSeek-V4-Flash", "H20-96", "vllm", None, f"{BACKENDS}mla/flashmla_sparse.py"),
        ("zai-org/GLM-5-FP8", "A100-80", "vllm", "error", f"{ISSUE}40851"),
        ("zai-org/GLM-5-FP8", "H20-141", "vllm", None, f"{RECIPES}GLM/GLM5.md"),
        ("google/gemma-4-31B-it", "T4", "vllm", "error", f"{ISSUE}57712"),
        ("google/gemma-4-31B-it", "A100-80", "vllm", None, f"{RECIPES}Google/Gemma4.md"),
        ("google/gemma-4-E2B-it", "T4", "vllm", "error", f"{ISSUE}38918"),
        ("zai-org/GLM-4.7-Flash", "T4", "vllm", "error", f"{ISSUE}34122"),
        ("zai-org/GLM-4.7-Flash", "A10", "vllm", None, "https://github.com/vllm-project/vllm/pull/32614"),
        ("deepseek-ai/DeepSeek-R1", "T4", "vllm", "error", f"{ISSUE}14016"),
        ("deepseek-ai/DeepSeek-R1", "V100-32", "vllm", "error", f"{ISSUE}14016"),
        ("deepseek-ai/DeepSeek-R1", "A100-80", "vllm", None, f"{BACKENDS}mla/triton_mla.py"),
        ("Qwen/Qwen2.5-7B-Instruct", "T4", "vllm", None, f"{BACKENDS}triton_attn.py"),
        ("Qwen/Qwen2.5-7B-Instruct", "V100-32", "vllm", None, "production-stack tutorials/25"),
        ("openai/gpt-oss-120b", "A100-80", "vllm", None, f"{RECIPES}OpenAI/GPT-OSS.md"),
    ],
)
def test_a_kind_of_attention_is_refused_where_the_engine_has_no_kernels_for_it(
    name: str, gpu: str, engine: str, severity: str | None, source: str
):
    assert source
    assert said(model(name), gpu, engine).get("ATTENTION_UNSUPPORTED") == severity


def test_the_same_holds_for_a_model_that_the_stack_file_describes_with_a_compressed_cache():
    described = facts(kv_lora_rank=512, qk_rope_head_dim=64, attention=CATALOG.attention_of(mla=True))
    assert said(described, "T4")["ATTENTION_UNSUPPORTED"] == "error"


@pytest.mark.parametrize(
    ("stored", "gpu", "code", "severity", "source"),
    [
        ("mxfp4", "T4", "FP4_UNSUPPORTED", "error", f"{ISSUE}23203; {QUANTIZATION}mxfp4.py (80)"),
        ("mxfp4", "A10", None, None, f"{RECIPES}OpenAI/GPT-OSS.md; {ISSUE}22290"),
        ("nvfp4", "V100-32", "FP4_UNSUPPORTED", "error", f"{QUANTIZATION}utils/marlin_utils_fp4.py (75)"),
        ("nvfp4", "T4", "WEIGHT_ONLY_QUANTIZATION", "note", f"{QUANTIZATION}modelopt.py (75, validated on a T4)"),
        ("nvfp4", "H20-96", "WEIGHT_ONLY_QUANTIZATION", "note", f"{RECIPES}Mistral/Mistral-Large-3.md"),
        ("fp8", "V100-32", "FP8_UNSUPPORTED", "error", f"{QUANTIZATION}fp8.py (75)"),
        ("fp8", "T4", "WEIGHT_ONLY_QUANTIZATION", "note", f"{QUANTIZATION}fp8.py (75)"),
        ("fp8", "A100-80", "WEIGHT_ONLY_QUANTIZATION", "note", f"{RECIPES}MiniMax/MiniMax-M2.md (4 x A100)"),
        ("fp8", "L20", None, None, "vLLM documentation, supported hardware"),
        ("awq", "T4", None, None, "https://github.com/vllm-project/vllm/pull/29901"),
        ("gptq", "T4", None, None, "https://github.com/vllm-project/vllm/pull/29901"),
        ("awq", "V100-32", "AWQ_UNSUPPORTED", "error", f"{QUANTIZATION}auto_awq.py (75)"),
        ("gptq", "V100-32", "SLOW_QUANTIZATION", "warning", f"{QUANTIZATION}auto_gptq.py (60)"),
    ],
)
def test_a_format_is_refused_doubted_or_read_as_published(
    stored: str, gpu: str, code: str | None, severity: str | None, source: str
):
    assert source
    assert said(facts(format=stored), gpu) == ({code: severity} if code else {})


@pytest.mark.parametrize(
    ("stored", "gpu", "code", "severity"),
    [
        ("fp8", "T4", "FP8_UNSUPPORTED", "error"),
        ("nvfp4", "T4", "FP4_UNSUPPORTED", "error"),
        ("awq", "T4", "SLOW_QUANTIZATION", "warning"),
        ("gptq", "T4", "SLOW_QUANTIZATION", "warning"),
        ("fp8", "A10", "WEIGHT_ONLY_QUANTIZATION", "note"),
    ],
)
def test_a_release_whose_kernels_need_ampere_reads_less_on_a_t4(stored: str, gpu: str, code: str, severity: str):
    """docs.vllm.ai/en/v0.11.2/features/quantization: Marlin (GPTQ, AWQ, FP8) not on Turing, AWQ and GPTQ by others."""
    assert said(facts(format=stored), gpu, flags=frozenset()) == {code: severity}


ASKING = {
    "DeepseekV32ForCausalLM": "sparse-mla",
    "DeepseekV4ForCausalLM": "sparse-mla",
    "GlmMoeDsaForCausalLM": "sparse-mla",
    "Gemma4ForConditionalGeneration": "head-dim-512",
    "Gemma4UnifiedForConditionalGeneration": "head-dim-512",
}
"""Classes of vLLM whose config.json has `index_topk`, or a `global_head_dim` of 512."""


def test_no_architecture_of_a_class_with_attention_of_its_own_forgets_to_say_so():
    for entry in CATALOG.models.values():
        wanted = ASKING.get(entry.architecture_class)
        assert wanted is None or wanted in {kind.name for kind in entry.attention}, entry.id
