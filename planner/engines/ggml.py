"""What the engines that compute with ggml (llama.cpp's server, Ollama) have in common."""

from planner.engines.engine import CacheUse, KvCache

FLASH_ATTENTION = 7.0
"""The compute capability at which the kernels of ggml's CUDA code begin (Ollama's ml/device.go,
`FlashAttentionSupported`)."""


def _runs(use: CacheUse) -> bool | None:
    """Whether a KV cache of this type runs: a quantised one needs flash attention; else it is f16 as ever."""
    return use.dtype == "f16" or use.compute_capability >= FLASH_ATTENTION


CACHE = KvCache(
    # Blocks of 32 numbers: 34 bytes as q8_0, 18 as q4_0 (ggml/src/ggml-common.h).
    types={"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32},
    runs=_runs,
)
