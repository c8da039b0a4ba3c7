"""What a model's ``config.json`` says: the `architecture` and the `task` of a stack file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from packaging.version import Version
from pydantic import ValidationError

from catalog.load import Catalog
from planner.engines.registry import NAMES
from planner.model.figures import ConfigError, Figures, classes, model_type, optional, part, text_figures, whole
from planner.model.layers import cached_layers, heads_in_groups, is_attention_free, is_encoder, layers_of
from planner.model.stored import dtype, group_size, stored_format
from settings.models import Architecture, Task
from settings.translation import tr

UNSAID_POSITIONS = 2048
"""What vLLM takes where a file does not say how long a text may be (vllm 0.29.0, config/model.py)."""
_POSITIONS = (
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "seq_length",
    "max_target_positions",
    "max_sequence_length",
    "max_seq_length",
    "seq_len",
)
"""The shortest of these counts (vllm 0.29.0, transformers_utils/model_arch_config_convertor.py)."""
_KEPT_ROPE = ("su", "longrope", "llama3", "default", "mrope")
"""Types of rotary embeddings whose factor is in the longest context already (vllm 0.29.0, config/model.py)."""
_OVERFLOWS = ("gemma2", "gemma3", "gemma3_text", "glm4")
"""Models that are refused in half precision (vllm 0.29.0, config/model.py, _FLOAT16_NOT_SUPPORTED_MODELS)."""
_RERANKS = ("ForSequenceClassification", "ForRanking")
_EMBEDS = ("ForTextEncoding", "EmbeddingModel", "ForMaskedLM", "Model")
_NEITHER = ("ChatGLMModel", "ChatModel", "LMHeadModel", "ForRewardModel", "RewardModel")
"""Ends of the names of classes (vllm 0.29.0, config/model.py, _SUFFIX_TO_DEFAULTS, and its registry)."""


@dataclass(frozen=True)
class Description:
    """A model outside the catalogue. `notes` say where the figures are not the whole truth."""

    architecture: Architecture
    task: Task
    notes: tuple[str, ...]


def describe(config: object, weights_gib: float, *, beside: object = None, pools: bool = False) -> Description:
    """What a stack file says of the model.

    `config` is the parsed ``config.json``; the text part is taken where a model of several kinds of input nests it.
    `weights_gib` is the size of all weight files in GiB, `beside` the parsed ``hf_quant_config.json``; `pools`: a
    ``modules.json`` of sentence-transformers makes one vector of a text. Raises ConfigError where `config` is no object
    or lacks a figure.
    """
    if not isinstance(config, Mapping):
        raise ConfigError(tr("config.json is no object"))
    figures, named = text_figures(config), list(classes(config))
    asked = _task(named, pools=pools)
    reads_at_once = asked != "chat" and is_encoder(named, figures)
    positions = _positions(figures, named)
    given = {
        **_cache(figures, positions or UNSAID_POSITIONS, encoder=reads_at_once),
        **_attention(figures),
        **_widths(figures),
        "maxPositions": positions or UNSAID_POSITIONS,
        "weightsGib": float(f"{weights_gib:.4g}"),
        "dtype": dtype(figures),
        "format": stored_format(figures, beside if isinstance(beside, Mapping) else {}),
        "float16": False if model_type(figures) in _OVERFLOWS else None,
    }
    return Description(_validated(given), asked, tuple(_notes(figures, positions)))


def first_releases(config: object, catalog: Catalog) -> dict[str, str]:
    """The first releases of engines that know the model's class, as the settings of `architecture` that say so: those
    of the catalogue's models of that class."""
    named = set(classes(config)) if isinstance(config, Mapping) else set()
    found: dict[str, str] = {}
    for engine in NAMES:
        known = [entry.min_release(engine) for entry in catalog.models.values() if entry.architecture_class in named]
        if any(known):
            found[f"min_{engine}"] = min(filter(None, known), key=Version)
    return found


def _validated(given: Mapping[str, object]) -> Architecture:
    try:
        return Architecture.model_validate({key: value for key, value in given.items() if value is not None})
    except ValidationError as error:
        found = error.errors()[0]
        name = ".".join(map(str, found["loc"]))
        raise ConfigError(
            tr(
                "config.json makes {name} {found}, which cannot be: {why}",
                name=name,
                found=found["input"],
                why=found["msg"],
            )
        ) from error


def _attention(figures: Figures) -> dict[str, int | None]:
    free = is_attention_free(figures)
    heads = optional(figures, "num_attention_heads", "n_head", "n_heads", *(["num_heads"] if free else []))
    if heads is None and not free:
        raise ConfigError(tr("config.json has no num_attention_heads"))
    heads = heads or 1
    rank = optional(figures, "kv_lora_rank")
    kv_heads, head_dim = _kv_heads(figures, heads), _head_dim(figures, heads)
    found = {
        "heads": heads,
        "kvHeads": kv_heads,
        "headDim": head_dim,
        "vHeadDim": optional(figures, "v_head_dim"),
        "kvLoraRank": rank,
        "qkRopeHeadDim": None if rank is None else whole(figures, "qk_rope_head_dim"),
    }
    wide = optional(figures, "global_head_dim")
    if wide is not None:  # Gemma 4 names the heads of the layers with a window like those of all.
        of_all = optional(figures, "num_global_key_value_heads") or kv_heads
        return {**found, "kvHeads": of_all, "headDim": wide, "slidingKvHeads": kv_heads, "slidingHeadDim": head_dim}
    return {**found, "slidingKvHeads": optional(figures, "swa_num_key_value_heads")}


def _widths(figures: Figures) -> dict[str, int | bool | None]:
    """What tensor parallelism cuts, and what stays in 16 bits where weights are quantised at load."""
    experts = optional(figures, "num_experts", "n_routed_experts", "num_local_experts", "moe_num_experts")
    return {
        "hiddenSize": optional(figures, "hidden_size", "n_embd", "d_model"),
        "intermediateSize": optional(figures, "intermediate_size", "ffn_hidden_size", "n_inner"),
        "experts": experts,
        "denseLayers": optional(figures, "first_k_dense_replace", "moe_layer_start_index") if experts else None,
        "moeIntermediateSize": optional(figures, "moe_intermediate_size") if experts else None,
        "vocabSize": optional(figures, "vocab_size"),
        "tiedEmbeddings": True if figures.get("tie_word_embeddings", True) is True else None,
        "groupSize": group_size(figures),
    }


def _head_dim(figures: Figures, heads: int) -> int:
    named = optional(figures, "head_dim", "attention_head_dim", "kv_channels", "hidden_size_per_head")
    return named or whole(figures, "hidden_size", "n_embd", "d_model") // heads


def _kv_heads(figures: Figures, heads: int) -> int:
    """The KV heads, as many as there are heads where they are not told (vllm 0.29.0, get_total_num_kv_heads)."""
    if model_type(figures) in ("falcon", "refinedwebmodel") and not figures.get("new_decoder_architecture"):
        return 1 if figures.get("multi_query") else heads
    named = optional(
        figures, "num_key_value_heads", "num_kv_heads", "n_head_kv", "multi_query_group_num", "num_attention_groups"
    )
    inner = optional(part(figures, "attn_config"), "kv_n_heads")
    group = min(heads_in_groups(figures), default=None)
    return named or inner or (heads // group if group else heads)


def _cache(figures: Figures, positions: int, *, encoder: bool) -> dict[str, int | None]:
    """Layers, and which of them keep a cache; not told where all of them do."""
    layers = layers_of(figures)
    if layers is None:
        raise ConfigError(tr("config.json has no num_hidden_layers"))
    if encoder or is_attention_free(figures):
        return {"layers": layers, "kvLayers": 0}
    kept = cached_layers(figures, layers, positions)
    return {
        "layers": layers,
        "kvLayers": None if kept.full == layers else kept.full,
        "slidingLayers": kept.sliding or None,
        "slidingWindow": kept.window,
    }


def _positions(figures: Figures, named: list[str]) -> int | None:
    """The longest text in tokens; None where the file does not say."""
    found = [value for name in _POSITIONS if (value := optional(figures, name)) is not None]
    longest = optional(figures, "model_max_length") or min(found, default=None)
    if longest is not None and named and named[0].startswith(("Roberta", "XLMRoberta")):
        # The first positions are those of the padding (transformers, create_position_ids_from_input_ids).
        longest -= (optional(figures, "pad_token_id") or 0) + 1
    return None if longest is None else _stretched(figures, longest)


def _stretched(figures: Figures, longest: int) -> int:
    """The longest context with what its rotary embeddings add to it."""
    rope = part(figures, "rope_scaling") or part(figures, "rope_parameters")
    nested = [each for each in rope.values() if isinstance(each, Mapping)]
    rope = nested[0] if nested else rope
    kind, factor = rope.get("rope_type") or rope.get("type"), rope.get("factor")
    if kind is None or kind in _KEPT_ROPE or not isinstance(factor, int | float) or "gemma3" in model_type(figures):
        return longest
    base = (optional(rope, "original_max_position_embeddings") or longest) if kind == "yarn" else longest
    return int(base * factor)


def _task(named: list[str], *, pools: bool) -> Task:
    """What the model is for, as vLLM tells it by the name of its class."""
    kind = named[0] if named else ""
    if kind.endswith(_RERANKS):
        return "rerank"
    if pools or (kind.endswith(_EMBEDS) and not kind.endswith(_NEITHER)):
        return "embed"
    return "chat"


def _notes(figures: Figures, positions: int | None) -> Iterator[str]:
    if positions is None:
        yield tr(
            "config.json does not say how long a text may be, and {unsaid_positions} tokens are taken then",
            unsaid_positions=UNSAID_POSITIONS,
        )
    if figures.get("compress_ratios"):
        yield tr("its attention compresses what it keeps, so that the cache takes less than these figures say")
    if optional(figures, "index_topk"):
        yield tr("its attention keeps an index beside the cache, which these figures leave out")
