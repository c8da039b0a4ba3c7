"""Which number formats a GPU refuses, or runs slowly.

Sources: vLLM documentation, "supported hardware" of its quantisation methods; the flags of each GPU are catalogue
facts with their own source.
"""

from collections.abc import Iterator

from catalog.hardware import Gpu
from planner.engines.engine import Engine, has
from planner.engines.registry import find
from planner.model import dtype_codes as codes
from planner.model.check_attention import check_attention
from planner.model.dtype import PLAIN, TURING, Precision, as_used
from planner.model.facts import ModelFacts
from settings.diagnostics import Diagnostic

BLACKWELL = 10.0


def check_dtype(
    section: str,
    facts: ModelFacts,
    gpu: Gpu,
    precision: Precision,
    *,
    engine: str,
    dtype: str,
    quantization: str | None,
    flags: frozenset[str],
) -> Iterator[Diagnostic]:
    """What stands against the precision that was chosen for the model described in `section`, where the stack file asks
    for `dtype` and `quantization`, and the image has these `flags`."""
    known = find(engine)
    yield from _asked_quantization(section, facts, quantization, known.at_load.methods)
    if facts.format not in known.formats:
        where, read = f"{section}.architecture.format", known.formats
        yield codes.format_not_read(where, model=facts.id, format_=facts.format, engine=known.title, readable=read)
    yield from _release(section, facts, precision.at_load, known, flags)
    if facts.estimated:
        yield codes.size_estimated(f"{section}.model", model=facts.id, gib=facts.weights_gib)
    if precision.by_file:
        return
    yield from check_attention(section, facts, gpu, engine)
    yield from _weights(section, facts, as_used(gpu, known, flags), precision.at_load)
    if precision.dtype == "bfloat16" and not gpu.bf16:
        yield codes.bf16_unsupported(f"{section}.dtype", dtype=dtype, gpu=gpu.name, capability=gpu.compute_capability)
    if precision.dtype == "half" and not facts.float16:
        yield codes.float16_unsupported(f"{section}.dtype", model=facts.id, dtype=dtype, gpu=gpu.name, bf16=gpu.bf16)


def _release(
    section: str, facts: ModelFacts, at_load: str | None, engine: Engine, flags: frozenset[str]
) -> Iterator[Diagnostic]:
    """A method by which the image's release no longer quantises, or no longer reads weights."""
    method = at_load or facts.format
    if has(engine.at_load.flags.get(method), flags):
        return
    yield codes.quantization_not_in_image(
        f"{section}.{'quantization' if at_load else 'model'}",
        method=method,
        engine=engine.title,
        at_load=at_load is not None,
        readable=[each for each in engine.at_load.methods if has(engine.at_load.flags.get(each), flags)],
    )


def _asked_quantization(
    section: str, facts: ModelFacts, quantization: str | None, at_load: tuple[str, ...]
) -> Iterator[Diagnostic]:
    plain = facts.format in PLAIN
    if quantization is None or quantization == facts.format or (quantization in at_load and plain):
        return
    yield codes.quantization_mismatch(
        f"{section}.quantization",
        model=facts.id,
        stored=facts.format,
        asked=quantization,
        readable=at_load if plain else (facts.format,),
    )


def _weights(section: str, facts: ModelFacts, gpu: Gpu, at_load: str | None) -> Iterator[Diagnostic]:
    stored = at_load or facts.format
    path = f"{section}.quantization" if at_load else f"{section}.model"
    refusals = {
        "fp8": (codes.fp8_unsupported, gpu.fp8 == "none"),
        "awq": (codes.awq_unsupported, not gpu.awq),
        "gptq": (codes.gptq_unsupported, not gpu.gptq),
        "int8": (codes.int8_unsupported, gpu.compute_capability < TURING),
        "mxfp4": (codes.fp4_unsupported, not gpu.mxfp4),
        "nvfp4": (codes.fp4_unsupported, not gpu.marlin),
    }
    code, refused = refusals.get(stored, (None, False))
    if code is not None and refused:
        yield code(
            path,
            model=facts.id,
            stored=stored,
            gpu=gpu.name,
            capability=gpu.compute_capability,
            at_load=at_load is not None,
        )
    elif stored in ("fp8", "nvfp4") and (gpu.fp8 == "weight-only" or stored == "nvfp4"):
        if stored == "fp8" or gpu.compute_capability < BLACKWELL:
            yield codes.weight_only_quantization(path, stored=stored, gpu=gpu.name)
    elif stored in ("awq", "gptq") and not gpu.marlin:
        yield codes.slow_quantization(path, stored=stored, gpu=gpu.name)
