"""Number formats: what a model computes in on a GPU, and what the engine makes of its weights as it loads them."""

from dataclasses import dataclass

from catalog.hardware import Gpu
from planner.engines.engine import Engine, has
from planner.engines.registry import find
from planner.model.facts import ModelFacts
from settings.translation import tr

TURING, AMPERE = 7.5, 8.0
PLAIN = ("bf16", "fp16", "fp32")
"""Formats of weights that are not quantised."""
_HALF = {"float16": "half", "half": "half"}


@dataclass(frozen=True)
class Precision:
    """`dtype` is half, bfloat16 or float32; `at_load` the method that the engine quantises plain weights with;
    `by_file`: the engine computes as the file says, whatever the GPU."""

    dtype: str
    at_load: str | None
    because: str
    by_file: bool = False


def as_used(gpu: Gpu, engine: Engine, flags: frozenset[str]) -> Gpu:
    """The GPU, as far as a release with these flags uses it: without Marlin where its kernels need a newer one."""
    if gpu.compute_capability >= AMPERE or has(engine.old_marlin, flags):
        return gpu
    return gpu.model_copy(update={"marlin": False, "fp8": "none"})


def quantised_by(method: str | None, facts: ModelFacts, gpu: Gpu | None, engine: Engine, flags: frozenset[str]) -> bool:
    """Whether a release with these flags would quantise the model's weights by the method as it loads them."""
    if gpu is None or method not in engine.at_load.methods or facts.format not in PLAIN:
        return False
    kernels = method != "fp8" or as_used(gpu, engine, flags).fp8 != "none"
    return kernels and has(engine.at_load.flags.get(method), flags)


def plan_dtype(facts: ModelFacts, gpu: Gpu, dtype: str, quantization: str | None, engine: str) -> Precision:
    """The computation type and quantisation of a model on a GPU."""
    known = find(engine)
    if not known.takes_dtype:
        return in_file_s_format(engine)
    at_load = quantization if quantization in known.at_load.methods and facts.format in PLAIN else None
    chosen, because = _computation(facts, gpu, dtype)
    return Precision(chosen, at_load, because)


def in_file_s_format(engine: str) -> Precision:
    """The precision where the engine takes what the file has."""
    return Precision(
        "half", None, tr("{title} computes in the format of the file", title=find(engine).title), by_file=True
    )


def _computation(facts: ModelFacts, gpu: Gpu, dtype: str) -> tuple[str, str]:
    if dtype != "auto":
        return _HALF.get(dtype, dtype), tr("set in the stack file")
    if not gpu.bf16:
        return "half", tr(
            "{name} (compute capability {compute_capability}) has no bfloat16",
            name=gpu.name,
            compute_capability=gpu.compute_capability,
        )
    if facts.dtype == "float16":
        return "half", tr("the weights are half precision")
    if facts.task != "chat" and facts.dtype == "float32" and facts.float16:
        # vllm 0.29.0, config/model.py (_resolve_auto_dtype) chooses the same.
        return "half", tr("vectors and scores keep more digits in half precision than in bfloat16")
    return "bfloat16", tr(
        "the model is published in {dtype} and {name} computes in bfloat16", dtype=facts.dtype, name=gpu.name
    )
