"""In which format a repository stores its weights, by the `quantization_config` of its ``config.json``.

Names: vllm 0.29.0, model_executor/layers/quantization; compressed-tensors (`config_groups`, `format`); modelopt
(`quant_algo`, also in ``hf_quant_config.json``). Integers of 4 bits in groups are `gptq` here, whoever packed them: the
same kernels read them.
"""

from collections.abc import Iterator

from catalog.models import WeightFormat
from planner.model.figures import ConfigError, Figures, listed, optional, part
from settings.translation import joined, tr

DTYPES: dict[str, WeightFormat] = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}

_METHODS: dict[str, WeightFormat] = {
    "fp8": "fp8",
    "fbgemm_fp8": "fp8",
    "awq": "awq",
    "awq_marlin": "awq",
    "gptq": "gptq",
    "gptq_marlin": "gptq",
    "auto_round": "gptq",
    "mxfp4": "mxfp4",
    "modelopt_fp4": "nvfp4",
    "modelopt_mxfp8": "fp8",
    "bitsandbytes": "bitsandbytes",
}
_ALGORITHMS: dict[str, WeightFormat] = {
    "NVFP4": "nvfp4",
    "MXFP4": "mxfp4",
    "AWQ": "awq",
    "W4A16": "gptq",
    "FP8": "fp8",
    "W8A8": "int8",
    "INT8": "int8",
}
"""modelopt's names, by what is in them: W4A16_AWQ and NVFP4_AWQ are told by what comes first here."""
_BITS: dict[WeightFormat, int] = {"nvfp4": 4, "mxfp4": 4, "gptq": 4, "awq": 4, "bitsandbytes": 4, "int8": 8, "fp8": 8}
_NVFP4_GROUP = 16


def dtype(figures: Figures) -> str:
    """The type of what is not quantised; where the file does not say, bfloat16."""
    given = figures.get("dtype") or figures.get("torch_dtype")
    return given if isinstance(given, str) and given in DTYPES else "bfloat16"


def stored_format(figures: Figures, beside: Figures) -> WeightFormat:
    """The format of the weights; of several that of the fewest bits, which asks the most of a GPU. `beside` is
    ``hf_quant_config.json``, where modelopt writes what older files lack. Raises ConfigError for one that is not known.
    """
    own, other = part(figures, "quantization_config"), part(beside, "quantization")
    config = own or part(figures, "compression_config") or other
    if not config:
        return DTYPES[dtype(figures)]
    told: list[WeightFormat] = [*_by_algorithm(config), *_by_algorithm(other), *_by_groups(config)]
    found = told or [_by_method(config, dtype(figures))]
    return min(found, key=lambda each: _BITS.get(each, 16))


def group_size(figures: Figures) -> int | None:
    """How many weights along a width share a scale, the largest where there are several; None: not told, or all do."""
    config = part(figures, "quantization_config")
    groups = [part(each, "weights") for each in part(config, "config_groups").values() if isinstance(each, dict)]
    blocks = listed(config, "weight_block_size")
    found = [optional(each, "group_size", "q_group_size") for each in (config, *groups)]
    found += [size for size in blocks[-1:] if isinstance(size, int)]
    return max((size for size in found if size), default=None)


def _by_algorithm(config: Figures) -> Iterator[WeightFormat]:
    """modelopt: of the whole, of the experts, or of each layer of its own (MIXED_PRECISION)."""
    layers = part(config, "quantized_layers").values()
    named = [config.get("quant_algo"), config.get("moe_quant_algo")]
    named += [each.get("quant_algo") for each in layers if isinstance(each, dict)]
    for algorithm in map(str, filter(None, named)):
        found: WeightFormat | None = next((format_ for word, format_ in _ALGORITHMS.items() if word in algorithm), None)
        if found is not None:
            yield found


def _by_groups(config: Figures) -> Iterator[WeightFormat]:
    """compressed-tensors: each group of layers says how its numbers are stored."""
    for group in part(config, "config_groups").values():
        if isinstance(group, dict):
            yield _of_group(group, str(group.get("format") or config.get("format")))


def _of_group(group: Figures, packed: str) -> WeightFormat:
    weights = part(group, "weights")
    bits, real = optional(weights, "num_bits"), weights.get("type") == "float"
    if packed.startswith(("nvfp4", "mxfp4")):
        return "nvfp4" if packed.startswith("nvfp4") else "mxfp4"
    if real:
        small = "nvfp4" if optional(weights, "group_size") == _NVFP4_GROUP else "mxfp4"
        return "fp8" if bits == 8 else small
    return "int8" if bits == 8 and part(group, "input_activations") else "gptq"


def _by_method(config: Figures, plain: str) -> WeightFormat:
    method = str(config.get("quant_method")).lower().replace("-", "_")
    if method in _METHODS:
        return _METHODS[method]
    if method == "compressed_tensors":
        return DTYPES[plain]  # Without groups it is sparse, and not quantised.
    if method == "quark" and part(config, "global_quant_config"):
        return _of_quark(part(part(config, "global_quant_config"), "weight"))
    known = joined(sorted((*_METHODS, "compressed-tensors", tr("modelopt with its quant_algo"), "quark")))
    raise ConfigError(
        tr(
            "the quantisation method {method} is not known; known: {known}",
            method=config.get("quant_method"),
            known=known,
        )
    )


def _of_quark(weight: Figures) -> WeightFormat:
    """AMD Quark: the type of the weights' numbers."""
    named = str(weight.get("dtype"))
    if named.startswith("fp4"):
        return "mxfp4"
    if named.startswith("fp8"):
        return "fp8"
    return "int8" if named == "int8" else "gptq"
