"""Formulas of GPU memory. GiB is 2**30 bytes; "per GPU" counts one of the `tp` x `pp` GPUs of a replica.

Sources: the KAITO project's estimator (presets/workspace/generator/model-sku-calculation.md and
pkg/workspace/estimator/nodesestimator), its corrections in PR 2139, and vLLM's own refusal to start when the KV cache
cannot hold one sequence of `--max-model-len` tokens.
"""

from dataclasses import dataclass

from planner.model.dtype import PLAIN
from planner.model.facts import BYTES_PER_GIB, ModelFacts
from planner.sizing.shares import weights_per_gpu
from planner.sizing.split import Split

BYTES_PER_PARAMETER = {
    "fp32": 4.0,
    "bf16": 2.0,
    "fp16": 2.0,
    "fp8": 1.0,
    "int8": 1.0,
    "awq": 0.6,
    "gptq": 0.6,
    "bitsandbytes": 0.6,
    "mxfp4": 0.6,
    "nvfp4": 0.6,
    "gguf": 0.6,
}
"""Bytes per parameter by format, with scales and unquantised layers (KAITO: int4 0.55 to 0.6, Q4_K_M 0.6)."""

DTYPE_BYTES = {"float32": 4, "bfloat16": 2, "half": 2}

ACTIVATIONS_GIB = 1.7
NON_TORCH_GIB = 0.6
BIG_MODEL_GIB = 100.0
BIG_MODEL_OVERHEAD_GIB = 5.5
MARGIN = 1.02 * 1.05
"""Activations and CUDA context per GPU, what big models were seen to take in all with CUDA graphs, and the factor on
weights that KAITO allows for padding and fragmentation. They decide warnings and computed contexts, never an error."""

UNBOUNDED = 2**31
"""Tokens that fit where no layer's cache grows with the context."""


@dataclass(frozen=True)
class Need:
    """What one GPU must hold. `kv_per_token` is GiB per token of one sequence, None where it cannot be computed;
    `kv_sliding` GiB per token of the layers that keep the last `window` tokens only."""

    weights: float
    kv_per_token: float | None
    overhead: float
    kv_sliding: float = 0.0
    window: int = 0

    def cache(self, context: int) -> float:
        """GiB of the cache of one sequence of `context` tokens; 0 where it cannot be computed."""
        return (self.kv_per_token or 0.0) * context + self.kv_sliding * min(context, self.window)

    def tokens(self, room: float) -> int:
        """The longest sequence whose cache fits in `room` GiB, in tokens; `kv_per_token` must be known."""
        assert self.kv_per_token is not None  # noqa: S101  callers look first
        if room <= 0:
            return 0
        beyond = room - self.kv_sliding * self.window
        if beyond >= self.kv_per_token * self.window:
            return int(beyond / self.kv_per_token) if self.kv_per_token else UNBOUNDED
        return int(room / (self.kv_per_token + self.kv_sliding))

    def least(self, context: int) -> float:
        """The engine cannot start with less: weights and the cache of one sequence."""
        return self.weights + self.cache(context)

    def comfortable(self, context: int) -> float:
        """What the published estimators ask for: margin on weights, activations, CUDA context, cache."""
        return self.weights * MARGIN + ACTIVATIONS_GIB + NON_TORCH_GIB + self.cache(context)

    def expected(self, context: int) -> float:
        """Weights, the overhead seen in practice for a model of this size, cache."""
        return self.weights + self.overhead + self.cache(context)


def loaded_gib(facts: ModelFacts, dtype: str, quantization: str | None) -> float:
    """GiB of the weights in GPU memory: the files' size, scaled where the engine converts them as it loads.

    `dtype` is half, bfloat16 or float32; `quantization` is a method applied at load (fp8, bitsandbytes) or None.
    """
    stored = BYTES_PER_PARAMETER[facts.format]
    if facts.format not in PLAIN:
        return facts.weights_gib
    if quantization in ("fp8", "bitsandbytes"):
        return facts.weights_gib * BYTES_PER_PARAMETER[quantization] / stored
    return facts.weights_gib * DTYPE_BYTES[dtype] / stored


def _kv_bytes_per_layer(facts: ModelFacts, tensor_parallel: int, kv_bytes: float) -> float:
    """Bytes of KV cache per token, layer and GPU; `kv_bytes` is the size of one cached number.

    MHA and GQA keep a key and a value of `head_dim` for each KV head: 2 x kv_heads x head_dim x bytes, split over
    min(TP, kv_heads) GPUs, for KV heads are replicated when there are fewer of them than GPUs. MLA keeps one vector of
    rank + rope numbers, whole on every GPU of the tensor-parallel group (KAITO PR 2139).
    """
    if facts.kv_lora_rank is not None:
        return (facts.kv_lora_rank + (facts.qk_rope_head_dim or 0)) * kv_bytes
    return 2 * facts.kv_heads * facts.head_dim * kv_bytes / min(tensor_parallel, facts.kv_heads)


def kv_bytes_per_token(facts: ModelFacts, tensor_parallel: int, pipeline_parallel: int, kv_bytes: float) -> float:
    """Bytes per token and GPU of the cache that grows with the context; the layers are shared out over the stages."""
    return facts.kv_layers * _kv_bytes_per_layer(facts, tensor_parallel, kv_bytes) / pipeline_parallel


def need(
    facts: ModelFacts,
    split: Split,
    dtype: str,
    *,
    quantization: str | None = None,
    kv_bytes: float | None = None,
) -> Need:
    """What one GPU of a replica must hold. `kv_bytes` absent: the cache has the computation's type."""
    weights = loaded_gib(facts, dtype, quantization)
    big = weights > BIG_MODEL_GIB
    size = DTYPE_BYTES[dtype] if kv_bytes is None else kv_bytes
    sliding = facts.sliding_layers * _kv_bytes_per_layer(facts, split.tensor, size) / split.pipeline
    per_token = kv_bytes_per_token(facts, split.tensor, split.pipeline, size)
    return Need(
        weights=weights_per_gpu(facts, weights, split),
        kv_per_token=per_token / BYTES_PER_GIB if facts.computable else None,
        overhead=BIG_MODEL_OVERHEAD_GIB if big else ACTIVATIONS_GIB + NON_TORCH_GIB,
        kv_sliding=sliding / BYTES_PER_GIB if facts.computable else 0.0,
        window=facts.sliding_window,
    )
