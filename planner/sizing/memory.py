"""Formulas of GPU memory. GiB is 2**30 bytes; "per GPU" counts one of the `tp` x `pp` GPUs of a replica.

Sources: the KAITO project's estimator (presets/workspace/generator/model-sku-calculation.md and
pkg/workspace/estimator/nodesestimator), its corrections in PR 2139, and vLLM's own refusal to start when the KV cache
cannot hold one sequence of `--max-model-len` tokens.
"""

import math
from dataclasses import dataclass, replace

from planner.model.dtype import PLAIN
from planner.model.facts import BYTES_PER_GIB, ModelFacts
from planner.sizing.extras import NONE, Extras
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

AT_LOAD_BYTES = {"fp8": 1.0, "bitsandbytes": 0.5 + 4 / 64}
"""Bytes of one number of a layer that is quantised at load: bitsandbytes keeps a scale of 4 bytes for each 64.
Embeddings and output layer stay as they are: vLLM turns to its linear layers and experts alone (0.29.0,
model_executor/layers/quantization/online/base.py and fp8.py, `get_quant_method`; vllm issue 40999)."""

DTYPE_BYTES = {"float32": 4, "bfloat16": 2, "half": 2}

ACTIVATIONS_GIB = 1.7
NON_TORCH_GIB = 0.6
BIG_MODEL_GIB = 100.0
BIG_MODEL_OVERHEAD_GIB = 5.5
MARGIN = 1.02 * 1.05
"""Activations and CUDA context per GPU, what big models were seen to take in all with CUDA graphs, and the factor on
weights that KAITO allows for padding and fragmentation. They decide warnings and computed contexts, never an error."""

WORKING_GIB = 0.5
"""The least that an engine was seen to compute in beside weights and cache. vLLM's profile of the smallest share of a
model reported 0.20 GiB outside PyTorch and 0.37 GiB of activations (16 GPUs, a prompt of few tokens: vllm PR 14447,
2025-04-12); one GPU with an 8B model 1.26 GiB of activations alone (PR 10511). Less than this is no start."""

PROCESS_GIB = 1.0
"""What an engine takes of RAM beside the weights and the cache that lie there (estimate, of Ollama)."""

UNBOUNDED = 2**31
"""Tokens that fit where no layer's cache grows with the context."""


@dataclass(frozen=True)
class Need:
    """What one GPU must hold. `kv_per_token` is GiB per token of one sequence, None where it cannot be computed;
    `kv_sliding` GiB per token of the layers that keep `window` tokens only, those being computed among them. `working`
    GiB are the least to compute in within the engine's share, `encoder` GiB what reading one image takes besides.
    `loading` GiB are there at once before the engine's share is set aside, while it quantises; 0: no more than later.
    """

    weights: float
    kv_per_token: float | None
    overhead: float
    kv_sliding: float = 0.0
    window: int = 0
    working: float = 0.0
    encoder: float = 0.0
    loading: float = 0.0

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
        """The engine cannot start with less: weights, the cache of one sequence, and the least to compute in."""
        return self.weights + self.cache(context) + self.working + self.encoder

    def comfortable(self, context: int) -> float:
        """What the published estimators ask for: margin on weights, activations, CUDA context, cache."""
        return self.weights * MARGIN + ACTIVATIONS_GIB + NON_TORCH_GIB + self._beyond + self.cache(context)

    def expected(self, context: int) -> float:
        """Weights, the overhead seen in practice for a model of this size, cache."""
        return self.weights + self.overhead + self._beyond + self.cache(context)

    @property
    def _beyond(self) -> float:
        """What images, and steps of more tokens than usual, take beside what the estimators ask for."""
        return self.encoder + max(0.0, self.working - ACTIVATIONS_GIB)


def working_gib(facts: ModelFacts, split: Split, batch: int | None) -> float:
    """The least to compute in, in GiB: where a step of `batch` tokens is asked for, what a layer without experts holds
    of it at once in 16 bits. That are the hidden state and what is added to it, gate and up, and their product (vLLM
    0.29.0, model_executor/models/llama.py, `LlamaMLP`); it profiles a step of that size as it starts."""
    widths = facts.widths
    if batch is None or widths.hidden is None:
        return WORKING_GIB
    inner = (widths.dense or widths.shared or 0) / split.dense
    return max(WORKING_GIB, batch * (2 * widths.hidden + 3 * inner) * DTYPE_BYTES["half"] / BYTES_PER_GIB)


def loaded_gib(facts: ModelFacts, dtype: str, quantization: str | None) -> float:
    """GiB of the weights in GPU memory: the files' size, scaled where the engine converts them as it loads.

    `dtype` is half, bfloat16 or float32; `quantization` is a method applied at load (fp8, bitsandbytes) or None.
    """
    stored = BYTES_PER_PARAMETER[facts.format]
    if facts.format not in PLAIN:
        return facts.weights_gib
    if quantization in AT_LOAD_BYTES:
        kept = facts.table_numbers / BYTES_PER_GIB
        each = AT_LOAD_BYTES[quantization] if kept else BYTES_PER_PARAMETER[quantization]
        return kept * DTYPE_BYTES[dtype] + (facts.weights_gib - kept * stored) * each / stored
    return facts.weights_gib * DTYPE_BYTES[dtype] / stored


def kv_bytes_per_token(
    facts: ModelFacts, tensor_parallel: int, pipeline_parallel: int, kv_bytes: float, *, layers: int | None = None
) -> float:
    """Bytes per token and GPU of the cache that grows with the context; `kv_bytes` is the size of one cached number.

    MHA and GQA keep a key of `head_dim` and a value for each KV head, split over min(TP, kv_heads) GPUs, for KV heads
    are replicated when there are fewer of them than GPUs. MLA keeps one vector of rank + rope numbers, whole on every
    GPU of the tensor-parallel group (KAITO PR 2139). The layers, all that grow unless told, are shared out over the
    stages.
    """
    count = (facts.kv_layers if layers is None else layers) / pipeline_parallel
    if facts.kv_lora_rank is not None:
        return count * (facts.kv_lora_rank + (facts.qk_rope_head_dim or 0)) * kv_bytes
    heads = facts.kv_heads / min(tensor_parallel, facts.kv_heads)
    return count * heads * (facts.head_dim + facts.value_dim) * kv_bytes


def sliding_bytes_per_token(
    facts: ModelFacts, tensor_parallel: int, pipeline_parallel: int, kv_bytes: float, *, layers: int | None = None
) -> float:
    """As `kv_bytes_per_token`, of the layers that keep a window; their heads may be others."""
    count = facts.sliding_layers if layers is None else layers
    if not count:
        return 0.0
    alike = replace(
        facts,
        kv_heads=facts.sliding_kv_heads or facts.kv_heads,
        head_dim=facts.sliding_head_dim or facts.head_dim,
        v_head_dim=facts.sliding_head_dim or facts.v_head_dim,
    )
    return kv_bytes_per_token(alike, tensor_parallel, pipeline_parallel, kv_bytes, layers=count)


def grouped(growing: int, sliding: int) -> tuple[int, int]:
    """The layers of both kinds that vLLM keeps room for: it lays them out in groups of equal size, the last of which it
    pads (0.29.0, v1/core/kv_cache_utils.py, `_get_kv_cache_groups_uniform_page_size`)."""
    if not growing or not sliding:
        return growing, sliding
    fewer, more = sorted((growing, sliding))
    size = more if more < fewer * 1.5 else fewer
    return math.ceil(growing / size) * size, math.ceil(sliding / size) * size


def need(
    facts: ModelFacts,
    split: Split,
    dtype: str,
    *,
    quantization: str | None = None,
    kv_bytes: float | None = None,
    extras: Extras = NONE,
    in_flight: int = 0,
    working: float = 0.0,
    encoder: float = 0.0,
    first: tuple[str | None, ...] = (),
) -> Need:
    """What one GPU of a replica must hold; its weights include the `extras`. `kv_bytes` absent: the cache has the
    computation's type.

    `in_flight` are the tokens that the engine may be computing while it keeps what their window reaches back to: vLLM
    reserves window - 1 + in_flight tokens for a sliding layer (0.29.0, v1/kv_cache_interface.py, `SlidingWindowSpec`),
    and as many within a hair for one that attends to chunks. 0: the window alone, in layers that are not padded.
    `first` is what lies there at once before all is quantised: the weights in the computation's type (None), and as
    methods make them.
    """
    weights = loaded_gib(facts, dtype, quantization)
    big = weights > BIG_MODEL_GIB
    size = DTYPE_BYTES[dtype] if kv_bytes is None else kv_bytes
    growing, bounded = (grouped if in_flight else lambda *as_they_are: as_they_are)(
        facts.kv_layers, facts.sliding_layers
    )
    per_token = kv_bytes_per_token(facts, split.tensor, split.pipeline, size, layers=growing)
    per_token += kv_bytes_per_token(facts, split.tensor, 1, size, layers=extras.draft_layers)
    sliding = sliding_bytes_per_token(facts, split.tensor, split.pipeline, size, layers=bounded)
    return Need(
        weights=weights_per_gpu(facts, weights, split) + extras.weights(facts, split),
        kv_per_token=per_token / BYTES_PER_GIB if facts.computable else None,
        overhead=BIG_MODEL_OVERHEAD_GIB if big else ACTIVATIONS_GIB + NON_TORCH_GIB,
        kv_sliding=sliding / BYTES_PER_GIB if facts.computable else 0.0,
        window=facts.sliding_window + max(0, in_flight - 1),
        working=working,
        encoder=encoder,
        loading=sum(loaded_gib(facts, dtype, method) for method in first) / split.gpus,
    )
