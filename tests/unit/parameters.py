"""The number of parameters that an architecture's figures give.

Source: the weight matrices of the classes in `transformers` (modeling_llama.py, modeling_qwen3_moe.py,
modeling_deepseek_v3.py, modeling_bert.py). Norms, biases and the gates of experts are left out: less than 0.3 %.
"""

from catalog.models import ModelArchitecture

ENCODERS = ("Bert", "XLMRoberta")
"""Beginnings of the classes whose layers have no gate: two matrices in the feed-forward part instead of three."""


def parameters(shape: ModelArchitecture, class_: str) -> int | None:
    """Parameters of the text model with its embeddings; None where a figure that it takes is not known."""
    hidden, vocabulary = shape.hidden_size, shape.vocab_size
    if hidden is None or vocabulary is None or (widths := _feed_forward(shape, hidden, class_)) is None:
        return None
    tables = 1 if shape.tied_embeddings or class_.startswith(ENCODERS) else 2
    whole = tables * vocabulary * hidden + _attentions(shape, hidden) + widths
    return whole + shape.mtp_layers * _prediction(shape, hidden, vocabulary)


def _attentions(shape: ModelArchitecture, hidden: int) -> int:
    """All layers', those with a window in heads of their own."""
    own = {"kv_heads": shape.sliding_kv_heads, "head_dim": shape.sliding_head_dim}
    sliding = shape.model_copy(update={name: value for name, value in own.items() if value})
    return (shape.layers - shape.sliding_layers) * _attention(shape, hidden) + shape.sliding_layers * _attention(
        sliding, hidden
    )


def _attention(shape: ModelArchitecture, hidden: int) -> int:
    values = shape.v_head_dim or shape.head_dim
    queries = shape.heads * shape.head_dim
    if shape.kv_lora_rank is None or shape.qk_rope_head_dim is None:
        return hidden * (queries + shape.kv_heads * (shape.head_dim + values) + shape.heads * values)
    plain = shape.head_dim - shape.qk_rope_head_dim
    asked = shape.q_lora_rank * (hidden + queries) if shape.q_lora_rank else hidden * queries
    kept = hidden * (shape.kv_lora_rank + shape.qk_rope_head_dim)
    return asked + kept + shape.kv_lora_rank * shape.heads * (plain + values) + shape.heads * values * hidden


def _feed_forward(shape: ModelArchitecture, hidden: int, class_: str) -> int | None:
    """All layers' feed-forward matrices, experts and their router included."""
    if shape.experts is None:
        matrices = 2 if class_.startswith(ENCODERS) else 3
        return shape.intermediate_size and shape.layers * matrices * hidden * shape.intermediate_size
    if shape.moe_intermediate_size is None or (shape.dense_layers and shape.intermediate_size is None):
        return None
    expert_layer = _expert_layer(shape, hidden)
    dense = shape.dense_layers * 3 * hidden * (shape.intermediate_size or 0)
    return dense + (shape.layers - shape.dense_layers) * expert_layer


def _expert_layer(shape: ModelArchitecture, hidden: int) -> int:
    experts, width = shape.experts or 0, shape.moe_intermediate_size or 0
    return experts * (3 * hidden * width + hidden) + 3 * hidden * shape.shared_intermediate_size


def _prediction(shape: ModelArchitecture, hidden: int, vocabulary: int) -> int:
    """One layer for multi-token prediction: a layer with experts, a projection of two states, and two tables."""
    return _attention(shape, hidden) + _expert_layer(shape, hidden) + 2 * hidden * hidden + 2 * vocabulary * hidden


BITS = {"fp8": 8 + 32 / 128**2, "awq": 4 + 20 / 128, "gptq": 4 + 20 / 128, "nvfp4": 4 + 8 / 16}
"""Of one weight with its share of a scale: blocks of 128 x 128 in fp8, groups of 128 with a zero point in awq and gptq,
groups of 16 in nvfp4 (vLLM documentation, "quantization")."""


def quantised_bytes(shape: ModelArchitecture, class_: str, format_: str, tables: int = 0) -> float | None:
    """Bytes of the weights in one of the formats of BITS, with `tables` more of embeddings than the figures say."""
    whole = parameters(shape, class_)
    if whole is None:
        return None
    table = (shape.hidden_size or 0) * (shape.vocab_size or 0)
    kept = (1 if shape.tied_embeddings else 2) * table + 2 * shape.mtp_layers * table
    return (whole - kept) * BITS[format_] / 8 + 2 * (kept + tables * table)
