"""What a model's ``config.json`` says, as the `architecture` of a stack file."""

from collections.abc import Mapping

from pydantic import ValidationError

from settings.models import Architecture

_FORMATS = {
    "fp8": "fp8",
    "fbgemm_fp8": "fp8",
    "awq": "awq",
    "gptq": "gptq",
    "mxfp4": "mxfp4",
    "modelopt": "nvfp4",
    "compressed-tensors": "int8",
}
_DTYPES = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}


class ConfigError(ValueError):
    """The file is no description of a text model; `str()` says what is missing."""


def architecture(config: object, weights_gib: float) -> Architecture:
    """The figures that decide memory.

    `config` is the parsed ``config.json``; the text part is taken where a model of several kinds of input nests it.
    `weights_gib` is the size of all weight files in GiB. Raises ConfigError where it is no object or lacks a figure.
    """
    if not isinstance(config, Mapping):
        raise ConfigError("config.json is no object")
    text = config.get("text_config")
    figures = {**config, **text} if isinstance(text, Mapping) else dict(config)
    layers = _whole(figures, "num_hidden_layers", "n_layer", "num_layers")
    heads = _whole(figures, "num_attention_heads", "n_head")
    given = {
        "layers": layers,
        "heads": heads,
        "kvHeads": _optional(figures, "num_key_value_heads", "num_kv_heads") or heads,
        "headDim": _optional(figures, "head_dim") or _whole(figures, "hidden_size", "n_embd") // heads,
        "maxPositions": _whole(figures, "max_position_embeddings", "n_positions", "max_sequence_length"),
        "weightsGib": float(f"{weights_gib:.4g}"),
        "dtype": _dtype(figures),
        "format": _format(figures),
    }
    rank = _optional(figures, "kv_lora_rank")
    if rank is not None:
        given |= {"kvLoraRank": rank, "qkRopeHeadDim": _whole(figures, "qk_rope_head_dim")}
    try:
        return Architecture.model_validate(given)
    except ValidationError as error:
        found = error.errors()[0]
        name = ".".join(map(str, found["loc"]))
        raise ConfigError(f"config.json makes {name} {found['input']}, which cannot be: {found['msg']}") from error


def _optional(figures: Mapping[str, object], *names: str) -> int | None:
    for name in names:
        value = figures.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None


def _whole(figures: Mapping[str, object], *names: str) -> int:
    value = _optional(figures, *names)
    if value is None:
        raise ConfigError(f"config.json has no {names[0]}")
    return value


def _dtype(figures: Mapping[str, object]) -> str:
    given = figures.get("dtype") or figures.get("torch_dtype")
    return given if isinstance(given, str) and given in _DTYPES else "bfloat16"


def _format(figures: Mapping[str, object]) -> str:
    quantization = figures.get("quantization_config")
    if not isinstance(quantization, Mapping):
        return _DTYPES[_dtype(figures)]
    method = str(quantization.get("quant_method"))
    if method not in _FORMATS:
        raise ConfigError(f"the quantisation method {method} is not known; known: {', '.join(_FORMATS)}")
    return _FORMATS[method]
