"""The type of the KV cache: what it costs, where it runs, and what each engine is told."""

from collections.abc import Mapping

import pytest

from planner.engines.registry import find
from planner.plan.types import ModelPlan, Plan
from tests.unit.stacks import codes, found, merged, planned

SMALL = {"models.chat.model": "Qwen/Qwen2.5-1.5B-Instruct"}
MLA = {"models.chat.model": "deepseek-ai/DeepSeek-V2-Lite-Chat"}
SINKS, ODD_HEADS = (
    {"models.chat.model": "openai/gpt-oss-20b"},
    {"models.chat.model": "microsoft/Phi-3-mini-4k-instruct"},
)
FP8 = {"models.chat.model": "Qwen/Qwen3-8B-FP8"}
T4, A10 = {"pools.gpu.instanceType": "GN7.5XLARGE80"}, {"pools.gpu.instanceType": "PNV4.7XLARGE116"}
V100, H20 = {"pools.gpu.instanceType": "GN10Xp.2XLARGE40"}, {"pools.gpu.instanceType": "PNV6.32XLARGE1280"}
A100 = {"pools.gpu": {"kind": "existing", "gpu": "A100-80", "gpusPerNode": 1, "cpu": 28, "memory": "110Gi"}}
L20 = {"pools.gpu": {"kind": "existing", "gpu": "L20", "gpusPerNode": 1, "cpu": 28, "memory": "110Gi"}}
P40 = {"pools.gpu": {"kind": "existing", "gpu": "P40", "gpusPerNode": 1, "cpu": 28, "memory": "110Gi"}}
OLLAMA = {"models.chat.engine": "ollama", "models.chat.model": "deepseek-r1:7b"}
SGLANG = {"models.chat.engine": "sglang"}


def with_cache(dtype: str | None, *changes: Mapping[str, object]) -> Plan:
    return planned(merged(*changes, {"models.chat.kvCacheDtype": dtype}))


def model(plan: Plan) -> ModelPlan:
    return plan.models["chat"]


CASES = (
    # vLLM 0.29.0, v1/attention/backends/triton_attn.py: "native FP8 (fp8e4nv) requires SM89+"; flashinfer.py: from 8.0.
    ("fp8", (SMALL, T4), "error"),
    ("fp8_e5m2", (SMALL, T4), "error"),
    # vLLM PR 24577: "results on A100 with FP8 KV Cache, it seems to work fine", with FlashInfer.
    ("fp8", (SMALL, A10), None),
    ("fp8_e4m3", (SMALL, A100), None),
    ("fp8_e5m2", (SMALL, L20), None),
    # vLLM issue 26431: 0.11.0 on an RTX 3090, "type fp8e4nv not supported in this architecture".
    ("fp8", (SMALL, A10, {"models.chat.image": "docker.io/vllm/vllm-openai:v0.11.0"}), "error"),
    # From 0.12 on it turns to FlashInfer by itself; in 0.11 somebody may have chosen that.
    ("fp8", (SMALL, A10, {"models.chat.image": "docker.io/vllm/vllm-openai:v0.13.0"}), None),
    (
        "fp8",
        (
            SMALL,
            A10,
            {
                "models.chat.image": "docker.io/vllm/vllm-openai:v0.11.0",
                "models.chat.env": {"VLLM_ATTENTION_BACKEND": "FLASHINFER"},
            },
        ),
        "warning",
    ),
    # vLLM PR 2279: "Volta/Ampere are both ok", of the engine that 0.8.5 and 0.9.2 still have.
    ("fp8", (SMALL, V100), "warning"),
    # vLLM 0.29.0, v1/attention/backends/flashinfer.py: `supports_sink` from 10.0 on; heads of 64, 128, 256 and 512.
    ("fp8", (SINKS, A100), "error"),
    ("fp8", (SINKS, H20), None),
    ("fp8", (ODD_HEADS, A100), "error"),
    # vLLM 0.29.0, v1/attention/backends/mla: FlashMLA from 9.0, Triton from 8.9, neither with fp8_e5m2.
    ("fp8", (MLA, A100), "error"),
    ("fp8", (MLA, L20), None),
    ("fp8_e5m2", (MLA, L20), "error"),
    # vLLM 0.29.0, model_executor/layers/attention/attention.py: "fp8_e5m2 kv-cache is not supported with fp8
    # checkpoints".
    ("fp8_e5m2", (FP8, L20), "error"),
    # vLLM 0.29.0, triton_attn.py: "bfloat16 requires SM80+".
    ("bfloat16", (SMALL, T4), "error"),
    ("float16", (SMALL, T4), None),
    ("auto", (SMALL, T4), None),
    # SGLang 0.5.18, srt/server_args.py: FlashInfer or Triton below Hopper, and nobody wrote what they make of it there.
    ("fp8_e4m3", (SMALL, A10, SGLANG), "warning"),
    ("fp8_e4m3", (SMALL, L20, SGLANG), None),
    # Ollama's FAQ: a quantised cache needs flash attention, which begins with compute capability 7.0.
    ("q8_0", (OLLAMA, A10), None),
    ("q8_0", (OLLAMA, P40), "error"),
    ("f16", (OLLAMA, P40), None),
)


@pytest.mark.parametrize(("dtype", "changes", "severity"), CASES)
def test_a_cache_type_is_taken_where_the_engine_has_a_kernel_for_it(
    dtype: str, changes: tuple[Mapping[str, object], ...], severity: str | None
) -> None:
    said = [found for found in with_cache(dtype, *changes).diagnostics if found.code == "KV_CACHE_UNSUPPORTED"]
    assert [found.severity for found in said] == ([severity] if severity else [])


def test_a_model_whose_attention_has_one_cache_only_keeps_it() -> None:
    """vLLM 0.29.0, models/deepseek_v4/attention.py: "layout only supports fp8 kv-cache"."""
    flash = {"models.chat.model": "deepseek-ai/DeepSeek-V4-Flash"}
    assert found(with_cache("bfloat16", flash, H20), "KV_CACHE_OF_MODEL").fix == (("models.chat.kvCacheDtype", "fp8"),)
    assert "KV_CACHE_OF_MODEL" not in codes(with_cache("fp8", flash, H20))


def test_fp8_halves_the_cache_of_a_sequence() -> None:
    plain, small = (model(with_cache(dtype, {"models.chat.maxModelLen": 16384})) for dtype in (None, "fp8"))
    assert small.memory.kv_one_sequence == plain.memory.kv_one_sequence / 2
    assert small.concurrency > plain.concurrency
    assert small.kv_cache_dtype == "fp8"


def test_ollama_s_blocks_of_numbers_carry_their_scale() -> None:
    """qwen2.5:0.5b with q8_0 was measured at 6.37 KiB a token, with f16 at 11.98 (Ollama 0.20.3; baeseokjae.github.io,
    research/evidence/local-llm-vram-kv-cache-budget-2026)."""
    types = find("ollama").cache.types
    assert types["q8_0"] / types["f16"] == pytest.approx(6.37 / 11.98, rel=0.01)


@pytest.mark.parametrize(
    ("dtype", "changes", "told"),
    [
        ("fp8", (), ("--kv-cache-dtype", "fp8")),
        ("fp8_e4m3", (SGLANG, L20), ("--kv-cache-dtype", "fp8_e4m3")),
        ("auto", (), ()),
        (None, (), ()),
    ],
)
def test_the_engine_is_told_the_type(
    dtype: str | None, changes: tuple[Mapping[str, object], ...], told: tuple[str, ...]
) -> None:
    command = model(with_cache(dtype, *changes)).spec.command
    at = command.index("--kv-cache-dtype") if "--kv-cache-dtype" in command else len(command)
    assert command[at : at + 2] == told


def test_ollama_is_told_by_variables() -> None:
    env = dict(model(with_cache("q8_0", OLLAMA)).spec.env)
    assert (env["OLLAMA_KV_CACHE_TYPE"], env["OLLAMA_FLASH_ATTENTION"]) == ("q8_0", "1")


def test_an_argument_of_the_user_s_own_wins_and_is_counted() -> None:
    own = {"models.chat.extraArgs": ["--kv-cache-dtype", "fp8"], "models.chat.maxModelLen": 16384}
    plain = model(with_cache(None, {"models.chat.maxModelLen": 16384}))
    assert model(with_cache("bfloat16", own)).memory.kv_one_sequence == plain.memory.kv_one_sequence / 2
