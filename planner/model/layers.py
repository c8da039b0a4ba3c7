"""Which layers of a model keep a cache, by its ``config.json``: all tokens, the last ones, or none.

Names of the figures: transformers 5.24 (`configuration_*.py`) and the configurations that vLLM 0.29.0 brings
(vllm/transformers_utils/configs).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from planner.model.figures import Figures, listed, model_type, optional, part

FULL, SLIDING, NONE = "full", "sliding", "none"

_KINDS = {
    "sliding_attention": SLIDING,
    "chunked_attention": SLIDING,
    "local_attention": SLIDING,
    "linear_attention": NONE,
    "lightning": NONE,
    "mamba": NONE,
    "mamba2": NONE,
    "recurrent": NONE,
    "conv": NONE,
    "short_conv": NONE,
    "moe": NONE,
    "mlp": NONE,
}
"""What an entry of `layer_types` keeps; any other keeps all tokens, which is the most."""
_ENCODERS = ("Bert", "Roberta", "XLMRoberta", "DistilBert", "ModernBert", "NomicBert", "Gte", "New", "MPNet", "Electra")
"""Starts of the names of classes that read a text at once (vllm 0.29.0, model_executor/models/registry.py)."""
_ATTENTION_FREE = ("mamba", "mamba2", "falcon_mamba")
_EVERY = {"gemma2": 2, "cohere2": 4, "gemma3_text": 6, "gemma3": 6}
"""Of so many layers one keeps all tokens, where the configuration leaves it to its class (transformers 4.57)."""
_LLAMA4_CHUNK, _LLAMA4_EVERY = 8192, 4


@dataclass(frozen=True)
class CachedLayers:
    """Layers whose cache grows with the context, and those that keep the last `window` tokens."""

    full: int
    sliding: int = 0
    window: int | None = None


def is_encoder(classes: Sequence[str], figures: Figures) -> bool:
    """Whether the model reads a text at once, so that it keeps no cache."""
    return bool(classes) and classes[0].startswith(_ENCODERS) and figures.get("is_decoder") is not True


def is_attention_free(figures: Figures) -> bool:
    """Whether all layers keep a state of fixed size."""
    return model_type(figures) in _ATTENTION_FREE


def layers_of(figures: Figures) -> int | None:
    """How many layers there are, by their number or by a list of them."""
    kinds = listed(figures, "layers_block_type", "layer_types")
    return optional(figures, "num_hidden_layers", "n_layer", "n_layers", "num_layers") or len(kinds) or None


def cached_layers(figures: Figures, layers: int, max_positions: int) -> CachedLayers:
    """What the layers keep. A window as long as the context is none; layers that compress what they keep (DeepSeek-V4)
    are taken for such as do not, which is more."""
    if listed(figures, "compress_ratios"):
        return CachedLayers(layers)
    kinds = next((found for rule in _RULES if (found := rule(figures, layers))), [FULL] * layers)[:layers]
    window = _window(figures)
    if window is None or window >= max_positions:
        return CachedLayers(len(kinds) - kinds.count(NONE))
    sliding = kinds.count(SLIDING)
    return CachedLayers(kinds.count(FULL), sliding, window if sliding else None)


def _window(figures: Figures) -> int | None:
    chunk = _LLAMA4_CHUNK if model_type(figures) == "llama4_text" else None
    named = optional(figures, "sliding_window", "sliding_window_size", "attention_window_size", "attention_chunk_size")
    return named or chunk


def _by_type(figures: Figures, _layers: int) -> list[str]:
    """Qwen3.5, gpt-oss, Gemma 3, LFM2 (`layer_types`), Nemotron-H, Zamba2 (`layers_block_type`)."""
    return [_KINDS.get(str(kind), FULL) for kind in listed(figures, "layers_block_type", "layer_types")]


def _by_blocks(figures: Figures, _layers: int) -> list[str]:
    """Nemotron-NAS (DeciLM): a block without attention says so."""
    blocks = [block for block in listed(figures, "block_configs") if isinstance(block, dict)]
    attention = [part(block, "attention") for block in blocks]
    return [NONE if each.get("no_op") or each.get("replace_with_linear") else FULL for each in attention]


def _by_pattern(figures: Figures, _layers: int) -> list[str]:
    """Nemotron-H: a letter for each layer, a star for attention."""
    pattern = figures.get("hybrid_override_pattern")
    return [FULL if letter == "*" else NONE for letter in pattern] if isinstance(pattern, str) else []


def _by_numbers(figures: Figures, _layers: int) -> list[str]:
    """MiniMax (1: attention, 0: linear) and MiMo-V2 (1: sliding, 0: all tokens)."""
    attention, hybrid = listed(figures, "attn_type_list"), listed(figures, "hybrid_layer_pattern")
    if attention:
        return [FULL if kind == 1 else NONE for kind in attention]
    return [SLIDING if kind == 1 else FULL for kind in hybrid]


def _by_index(figures: Figures, layers: int) -> list[str]:
    """Bamba and Granite 4 (`attn_layer_indices`), LFM2 (`full_attn_idxs`), Kimi Linear (counted from 1)."""
    linear = listed(part(figures, "linear_attn_config"), "full_attn_layers")
    indices = {place - 1 for place in linear if isinstance(place, int)}
    indices |= {place for place in listed(figures, "attn_layer_indices", "full_attn_idxs") if isinstance(place, int)}
    return [FULL if place in indices else NONE for place in range(layers)] if indices else []


def _by_period(figures: Figures, layers: int) -> list[str]:
    """Qwen3-Next (`full_attention_interval`), Jamba (`attn_layer_period`), Ling's hybrids (`layer_group_size`)."""
    every = optional(figures, "full_attention_interval", "layer_group_size")
    if every is not None:
        return [FULL if place % every == every - 1 else NONE for place in range(layers)]
    period, offset = optional(figures, "attn_layer_period"), optional(figures, "attn_layer_offset") or 0
    return [FULL if place % period == offset else NONE for place in range(layers)] if period else []


def _llama4(figures: Figures, layers: int) -> list[str]:
    """Llama 4: the layers without rotary embeddings keep all tokens, each fourth unless listed."""
    if model_type(figures) != "llama4_text":
        return []
    rotary = listed(figures, "no_rope_layers") or [(place + 1) % _LLAMA4_EVERY for place in range(layers)]
    return [SLIDING if kind else FULL for kind in rotary]


def _sliding(figures: Figures, layers: int) -> list[str]:
    """Models of one window: in all layers (Mistral, Phi-3), but every so many (Gemma, Command R7B), or from one layer
    on and only where it is turned on (Qwen2)."""
    if optional(figures, "sliding_window") is None or figures.get("use_sliding_window") is False:
        return [FULL] * layers
    pattern = figures.get("sliding_window_pattern")
    if isinstance(pattern, str) and pattern:
        return [SLIDING if pattern[place % len(pattern)] == "L" else FULL for place in range(layers)]
    every = optional(figures, "sliding_window_pattern", "_sliding_window_pattern") or _EVERY.get(model_type(figures))
    if every is not None:
        return [FULL if place % every == every - 1 else SLIDING for place in range(layers)]
    first = optional(figures, "max_window_layers") or 0 if figures.get("use_sliding_window") is True else 0
    return [SLIDING if place >= first else FULL for place in range(layers)]


_RULES: tuple[Callable[[Figures, int], list[str]], ...] = (
    _by_type,
    _by_blocks,
    _by_pattern,
    _by_numbers,
    _by_index,
    _by_period,
    _llama4,
    _sliding,
)


def heads_in_groups(figures: Figures) -> Iterator[int]:
    """Query heads to a KV head, of each block of Nemotron-NAS that has attention."""
    for block in listed(figures, "block_configs"):
        size = optional(part(block, "attention"), "n_heads_in_group") if isinstance(block, dict) else None
        if size is not None:
            yield size
