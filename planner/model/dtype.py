"""Number formats: what a GPU computes in, and which weights it can run.

Sources: vLLM documentation, "supported hardware" of its quantisation methods; the flags of each GPU are catalogue
facts with their own source.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from catalog.types import Gpu
from planner.diagnostics.finding import Finding
from planner.engines.registry import find
from planner.model.facts import ModelFacts

TURING = 7.5
BLACKWELL = 10.0
PLAIN = ("bf16", "fp16", "fp32")
_HALF = {"float16": "half", "half": "half"}


@dataclass(frozen=True)
class Precision:
    """`dtype` is half, bfloat16 or float32; `at_load` the method that the engine quantises plain weights with."""

    dtype: str
    at_load: str | None
    because: str
    findings: tuple[Finding, ...]


def decide(facts: ModelFacts, gpu: Gpu | None, dtype: str, quantization: str | None, engine: str) -> Precision:
    """The computation type and quantisation of a model on a GPU (None: CPU), with every rule that it breaks."""
    known = find(engine)
    findings = [*_asked_quantization(facts, quantization, known.at_load)]
    if gpu is None or not known.takes_dtype:
        return Precision("half", None, f"{known.title} computes in the format of the file", tuple(findings))
    at_load = quantization if quantization in known.at_load and facts.format in PLAIN else None
    findings += _weights(facts, gpu, at_load)
    chosen, because = _computation(facts, gpu, dtype)
    if chosen == "bfloat16" and not gpu.bf16:
        findings.append(
            Finding(
                severity="error",
                code="BF16_UNSUPPORTED",
                setting="dtype",
                message=f"bfloat16 needs compute capability 8.0; {gpu.name} has {gpu.compute_capability}.",
                remedy="Set dtype to half, or leave it out.",
                given=dtype,
                allowed="auto, half, float16, float32",
                fix=(("dtype", "half"),),
            )
        )
    if chosen == "half" and not facts.float16:
        findings.append(
            Finding(
                severity="error",
                code="FLOAT16_UNSUPPORTED",
                setting="dtype",
                message=f"{facts.id} overflows in half precision, so the engines refuse it; {gpu.name} "
                + ("has bfloat16." if gpu.bf16 else "has no bfloat16 either."),
                remedy="Set dtype to bfloat16." if gpu.bf16 else "Set dtype to float32 (twice the memory).",
                given=dtype,
                allowed="bfloat16, float32" if gpu.bf16 else "float32",
                fix=(("dtype", "bfloat16" if gpu.bf16 else "float32"),),
            )
        )
    return Precision(chosen, at_load, because, tuple(findings))


def _computation(facts: ModelFacts, gpu: Gpu, dtype: str) -> tuple[str, str]:
    if dtype != "auto":
        return _HALF.get(dtype, dtype), "asked for in the stack file"
    if not gpu.bf16:
        return "half", f"{gpu.name} (compute capability {gpu.compute_capability}) has no bfloat16"
    if facts.dtype == "float16":
        return "half", "the weights are half precision"
    return "bfloat16", f"the model is published in {facts.dtype} and {gpu.name} computes in bfloat16"


def _asked_quantization(facts: ModelFacts, quantization: str | None, at_load: tuple[str, ...]) -> Iterator[Finding]:
    if quantization is None or quantization == facts.format:
        return
    if quantization in at_load and facts.format in PLAIN:
        return
    yield Finding(
        severity="error",
        code="QUANTIZATION_MISMATCH",
        setting="quantization",
        message=f"The weights of {facts.id} are {facts.format}; the engine cannot read them as {quantization}.",
        remedy="Leave quantization out, or name a repository that holds such weights.",
        given=quantization,
        allowed=", ".join(at_load) if facts.format in PLAIN else facts.format,
        fix=(("quantization", None),),
    )


def _weights(facts: ModelFacts, gpu: Gpu, at_load: str | None) -> Iterator[Finding]:
    stored = at_load or facts.format
    setting = "quantization" if at_load else "model"
    refusal = _refusal(stored, gpu)
    if refusal is not None:
        code, why = refusal
        yield Finding(
            severity="error",
            code=code,
            setting=setting,
            message=f"{facts.id} in {stored} does not run on {gpu.name}: {why}.",
            remedy="Leave quantization out." if at_load else "Use another format of the model, or another GPU.",
            given=stored if at_load else facts.id,
            allowed="formats that the GPU reads",
            fix=(("quantization", None),) if at_load else (),
        )
    elif stored in ("fp8", "nvfp4") and (gpu.fp8 == "weight-only" or stored == "nvfp4"):
        if stored == "fp8" or gpu.compute_capability < BLACKWELL:
            yield Finding(
                severity="warning",
                code="WEIGHT_ONLY_QUANTIZATION",
                setting=setting,
                message=f"{gpu.name} has no {stored} arithmetic: the weights stay small, but it computes in 16 bits.",
                remedy="Expect the memory of the small format at the speed of 16 bits.",
                given=stored,
            )
    elif stored in ("awq", "gptq") and not gpu.marlin:
        yield Finding(
            severity="warning",
            code="SLOW_QUANTIZATION",
            setting=setting,
            message=f"{gpu.name} is too old for the fast (Marlin) kernels of {stored}; the slow ones serve.",
            remedy="Use 16-bit weights where memory allows.",
            given=stored,
        )


def _refusal(stored: str, gpu: Gpu) -> tuple[str, str] | None:
    """Code and reason where a GPU cannot run weights of this format at all."""
    capability = f"compute capability {gpu.compute_capability}"
    rules = {
        "fp8": ("FP8_UNSUPPORTED", gpu.fp8 == "none", f"it has no fp8 kernels for {capability}"),
        "awq": ("AWQ_UNSUPPORTED", not gpu.awq, f"the AWQ kernels need 7.5, it has {capability}"),
        "gptq": ("GPTQ_UNSUPPORTED", not gpu.gptq, f"it has no GPTQ kernels for {capability}"),
        "int8": ("INT8_UNSUPPORTED", gpu.compute_capability < TURING, f"int8 kernels need 7.5, it has {capability}"),
        "mxfp4": ("FP4_UNSUPPORTED", not gpu.marlin, f"mxfp4 needs the Marlin kernels, it has {capability}"),
        "nvfp4": ("FP4_UNSUPPORTED", not gpu.marlin, f"nvfp4 needs the Marlin kernels, it has {capability}"),
    }
    code, broken, why = rules.get(stored, ("", False, ""))
    return (code, why) if broken else None
