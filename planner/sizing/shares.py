"""What share of a model's weights each GPU of a split holds.

Experts are shared by all GPUs of a stage, whichever way; attention is whole on every data-parallel rank. Sources:
vLLM's `FusedMoEParallelConfig.make` (fused_moe/config.py: without expert parallelism the experts are cut over TP x DP)
and its documentation, "expert parallel deployment"; SGLang's documentation, "data parallelism for attention".
"""

from planner.model.facts import BYTES_PER_GIB, ModelFacts
from planner.sizing.split import Split

WEIGHT_BYTES = {
    "fp32": 4.0,
    "bf16": 2.0,
    "fp16": 2.0,
    "fp8": 1.0,
    "int8": 1.0,
    "nvfp4": 0.5625,
    "mxfp4": 0.53,
    "awq": 0.52,
    "gptq": 0.52,
}
"""Bytes of one weight of a large matrix with its share of a scale (see `Weights` in catalog/models.py)."""
TABLE_BYTES = 2.0
"""Of the output layer, which stays in 16 bits."""
MOST = 0.98
"""Of the weights: what the figures of the widths may come to, beside attention and embeddings."""


def weights_per_gpu(facts: ModelFacts, loaded: float, split: Split) -> float:
    """GiB of the `loaded` GiB of weights on the GPU that holds the most."""
    if split.data == 1 and not split.by_expert:
        return loaded / split.gpus
    scale = loaded / facts.weights_gib
    experts = min(_experts_gib(facts) * scale, MOST * loaded)
    dense = min(_dense_gib(facts) * scale, MOST * loaded - experts) if split.gathered else 0.0
    rest = loaded - experts - dense
    return (rest / split.tensor + dense / split.dense + experts * _of_experts(facts, split)) / split.pipeline


def _of_experts(facts: ModelFacts, split: Split) -> float:
    """The share of the experts on the GPU of a stage that has the most."""
    count = facts.widths.experts
    if not split.by_expert or count is None:
        return 1 / split.stage
    return -(-count // split.stage) / count


def _experts_gib(facts: ModelFacts) -> float:
    """GiB of all experts; 0 where a width is not known, so that each rank is taken to hold the whole."""
    widths = facts.widths
    if widths.hidden is None or widths.expert is None or widths.experts is None:
        return 0.0
    return widths.expert_layers * widths.experts * _matrices_gib(facts, widths.hidden * widths.expert)


def _dense_gib(facts: ModelFacts) -> float:
    """GiB of the layers without experts, the shared experts and the output layer; 0 where a width is not known."""
    widths = facts.widths
    if widths.hidden is None or widths.vocabulary is None:
        return 0.0
    inner = (widths.dense or 0) * widths.dense_layers + widths.shared * widths.expert_layers
    return _matrices_gib(facts, widths.hidden * inner) + widths.hidden * widths.vocabulary * TABLE_BYTES / BYTES_PER_GIB


def _matrices_gib(facts: ModelFacts, size: int) -> float:
    """GiB of a feed-forward part, whose three matrices have so many weights each."""
    return 3 * size * WEIGHT_BYTES.get(facts.format, 1.0) / BYTES_PER_GIB
