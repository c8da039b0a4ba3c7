"""What can be wrong with a model's type of computation and with the format of its weights, on a GPU and an engine."""

from collections.abc import Sequence

from settings.diagnostics import Text, error, note, warning
from settings.translation import tr


@warning(
    meaning=tr(
        "The catalogue does not know the size of this tag; it is estimated from the usual build of the "
        "model and the bits that the tag names."
    ),
    example='models: {chat: {engine: ollama, model: "qwen3:8b-q8_0"}}',
    fix=tr("Look the size up in Ollama's library, and describe the model under `architecture` where it differs."),
    source="catalog/data/ollama.yaml; llama.cpp, examples/quantize/README.md (bits a weight)",
)
def size_estimated(*, model: str, gib: float) -> Text:
    return Text(
        message=tr(
            "The size of {model} is not known; by the usual build of the model it is about {gib:.1f} GiB.",
            model=model,
            gib=gib,
        ),
        remedy=tr("Look it up at ollama.com/library before you rely on it."),
        given=model,
    )


@error(
    meaning=tr("bfloat16 is requested on a GPU that has none (compute capability below 8.0)."),
    example="pools: {gpu: {instanceType: GN7.10XLARGE160}}    # T4\n"
    "models: {chat: {model: Qwen/Qwen2.5-7B-Instruct, dtype: bfloat16}}",
    fix=tr("Set dtype to half, or leave it out."),
    source='vLLM issues 946 and 1157; the guide\'s FAQ ("Bfloat16 is only supported on GPUs …")',
)
def bf16_unsupported(*, dtype: str, gpu: str, capability: float) -> Text:
    return Text(
        message=tr("bfloat16 needs compute capability 8.0; {gpu} has {capability}.", gpu=gpu, capability=capability),
        remedy=tr("Set dtype to half, or leave it out."),
        given=dtype,
        allowed="auto, half, float16, float32",
        fix=(("", "half"),),
    )


@error(
    meaning=tr("Half precision is all the GPU has, or what is requested, and the model's numbers overflow in it."),
    example="pools: {gpu: {instanceType: GN7.2XLARGE32}}    # T4\nmodels: {chat: {model: google/gemma-3-4b-it}}",
    fix=tr("Use a GPU with bfloat16, or float32, which takes twice the memory."),
    source="vLLM refuses float16 for these model types; catalog/data/models (float16)",
)
def float16_unsupported(*, model: str, dtype: str, gpu: str, bf16: bool) -> Text:
    """`bf16`: the GPU computes in bfloat16."""
    return Text(
        message=tr(
            "{model} overflows in half precision, so the engines refuse it; {gpu} has bfloat16.", model=model, gpu=gpu
        )
        if bf16
        else tr(
            "{model} overflows in half precision, so the engines refuse it; {gpu} has no bfloat16 either.",
            model=model,
            gpu=gpu,
        ),
        remedy=tr("Set dtype to bfloat16.") if bf16 else tr("Set dtype to float32 (twice the memory)."),
        given=dtype,
        allowed="bfloat16, float32" if bf16 else "float32",
        fix=(("", "bfloat16" if bf16 else "float32"),),
    )


@error(
    meaning=tr("The weights are fp8, or are to be quantised to fp8, and the GPU has no kernels for it."),
    example="pools: {gpu: {instanceType: GN10Xp.2XLARGE40}}    # V100\n"
    "models: {chat: {model: Qwen/Qwen2.5-7B-Instruct, quantization: fp8}}",
    fix=tr("Use 16-bit weights, or a newer GPU."),
    source="vLLM documentation, quantisation, supported hardware",
)
def fp8_unsupported(*, model: str, stored: str, gpu: str, capability: float, at_load: bool) -> Text:
    """`at_load`: the engine was to quantise the weights as it loads them; likewise in the formats below."""
    return _unreadable(
        model,
        stored,
        gpu,
        tr("it has no fp8 kernels for compute capability {capability}", capability=capability),
        at_load,
    )


@error(
    meaning=tr("The weights are AWQ, and the GPU is older than compute capability 7.5."),
    example="pools: {gpu: {instanceType: GN10Xp.2XLARGE40}}    # V100\nmodels: {chat: {model: Qwen/Qwen3-8B-AWQ}}",
    fix=tr("Use 16-bit weights or GPTQ, or a newer GPU."),
    source="vLLM documentation, quantisation, supported hardware",
)
def awq_unsupported(*, model: str, stored: str, gpu: str, capability: float, at_load: bool) -> Text:
    return _unreadable(
        model,
        stored,
        gpu,
        tr("the AWQ kernels need compute capability 7.5, and it has {capability}", capability=capability),
        at_load,
    )


@error(
    meaning=tr("The weights are GPTQ, and the GPU has no kernels for it."),
    example="models: {chat: {model: Qwen/Qwen3.5-122B-A10B-GPTQ-Int4}}    # on a GPU of compute capability 6.1",
    fix=tr("Use another format, or another GPU."),
    source="vLLM documentation, quantisation, supported hardware",
)
def gptq_unsupported(*, model: str, stored: str, gpu: str, capability: float, at_load: bool) -> Text:
    return _unreadable(
        model,
        stored,
        gpu,
        tr("it has no GPTQ kernels for compute capability {capability}", capability=capability),
        at_load,
    )


@error(
    meaning=tr("The weights are int8, and the GPU is older than compute capability 7.5."),
    example="models: {chat: {model: someone/int8-model, architecture: {format: int8, …}}}    # on a V100",
    fix=tr("Use 16-bit weights, or a newer GPU."),
    source="vLLM documentation, quantisation, supported hardware (INT8 W8A8 from Turing on)",
)
def int8_unsupported(*, model: str, stored: str, gpu: str, capability: float, at_load: bool) -> Text:
    return _unreadable(
        model,
        stored,
        gpu,
        tr("int8 kernels need compute capability 7.5, and it has {capability}", capability=capability),
        at_load,
    )


@error(
    meaning=tr("The weights are mxfp4 on a GPU below compute capability 8.0, or nvfp4 on one without Marlin kernels."),
    example="pools: {gpu: {instanceType: GN7.10XLARGE160}}    # T4\nmodels: {chat: {model: openai/gpt-oss-20b}}",
    fix=tr("Use a GPU of compute capability 8.0 or newer, or Ollama."),
    source="catalog/data/gpus.yaml (mxfp4, marlin); vLLM issue 23203",
)
def fp4_unsupported(*, model: str, stored: str, gpu: str, capability: float, at_load: bool) -> Text:
    least = "8.0" if stored == "mxfp4" else "7.5"
    why = tr(
        "the kernels of {stored} need compute capability {least}, and it has {capability}",
        stored=stored,
        least=least,
        capability=capability,
    )
    return _unreadable(model, stored, gpu, why, at_load)


def _unreadable(model: str, stored: str, gpu: str, why: str, at_load: bool) -> Text:
    return Text(
        message=tr("{model} in {stored} does not run on {gpu}: {why}.", model=model, stored=stored, gpu=gpu, why=why),
        remedy=tr("Leave quantization out.") if at_load else tr("Use another format of the model, or another GPU."),
        given=stored if at_load else model,
        allowed=tr("formats that the GPU reads"),
        fix=(("", None),) if at_load else (),
    )


@note(
    meaning=tr("The GPU stores the small format but computes in 16 bits, so memory is saved and time is not."),
    example="pools: {gpu: {instanceType: PNV4.7XLARGE116}}    # A10\nmodels: {chat: {model: Qwen/Qwen3-8B-FP8}}",
    fix=tr("Nothing to do; an L20 or newer has fp8 arithmetic."),
    source="vLLM documentation, quantisation, supported hardware (W8A16 by Marlin)",
    when="asked",
)
def weight_only_quantization(*, stored: str, gpu: str) -> Text:
    return Text(
        message=tr(
            "{gpu} has no {stored} arithmetic: the weights stay small, but it computes in 16 bits.",
            gpu=gpu,
            stored=stored,
        ),
        remedy=tr("Expect the memory of the small format at the speed of 16 bits."),
        given=stored,
    )


@warning(
    meaning=tr("GPTQ weights run by slow kernels on GPUs older than compute capability 7.5."),
    example="pools: {gpu: {instanceType: GN10Xp.2XLARGE40}}    # V100\n"
    "models: {chat: {model: Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4}}",
    fix=tr("Use 16-bit weights where memory allows."),
    source="vLLM PR 29901 (Marlin for 7.5); catalog/data/gpus.yaml (marlin)",
)
def slow_quantization(*, stored: str, gpu: str) -> Text:
    return Text(
        message=tr(
            "{gpu} is too old for the fast (Marlin) kernels of {stored}; the slow ones serve.", gpu=gpu, stored=stored
        ),
        remedy=tr("Use 16-bit weights where memory allows."),
        given=stored,
    )


@error(
    meaning=tr("`quantization` names another format than the weights have."),
    example="models: {chat: {model: Qwen/Qwen3-8B, quantization: awq}}",
    fix=tr("Leave quantization out, or name a repository with such weights."),
    source="Engines read awq and gptq from files only; fp8 and bitsandbytes also quantise plain weights at load.",
)
def quantization_mismatch(*, model: str, stored: str, asked: str, readable: Sequence[str]) -> Text:
    """`readable`: what the engine could make of weights that are `stored` so."""
    return Text(
        message=tr(
            "The weights of {model} are {stored}; the engine cannot read them as {asked}.",
            model=model,
            stored=stored,
            asked=asked,
        ),
        remedy=tr("Leave quantization out, or name a repository that holds such weights."),
        given=asked,
        allowed=", ".join(readable),
        fix=(("", None),),
    )


@error(
    meaning=tr("The model's files, or its `architecture.format`, are in a format that the engine does not read."),
    example="models: {chat: {model: Qwen/Qwen3-8B-GGUF}}    # on vLLM",
    fix=tr("Use another engine, or another format of the model."),
    source="planner/engines (the formats of each engine, with their sources)",
    forceable=False,
)
def format_not_read(*, model: str, format_: str, engine: str, readable: Sequence[str], own: str | None = None) -> Text:
    """`own`: where the same model lies in a format that the engine reads."""
    formats = ", ".join(readable)
    return Text(
        message=tr(
            "{engine} does not read {format} files, and those of {model} are such.",
            engine=engine,
            format=format_,
            model=model,
        ),
        remedy=tr("Use {own}, or another engine.", own=own)
        if own
        else tr("Use a repository in {formats}, or another engine.", formats=formats),
        given=format_,
        allowed=formats,
        fix=(("", own),) if own else (),
    )


@error(
    meaning=tr("The image's release cannot quantise by this method as it loads weights, nor read weights in it."),
    example="models: {chat: {model: Qwen/Qwen2.5-7B-Instruct, quantization: bitsandbytes}}    # vLLM 0.28.0 and later",
    fix=tr("Leave quantization out, use fp8, or name an older image."),
    source="vllm PR 43529 (bitsandbytes became a plugin, which images from 0.28.0 on lack); catalog/data/images.yaml",
)
def quantization_not_in_image(*, method: str, engine: str, at_load: bool, readable: Sequence[str]) -> Text:
    """`readable`: the methods by which the release quantises; `at_load`: it was to, else the files are in it."""
    if not at_load:
        return Text(
            message=tr("This release of {engine} no longer reads weights in {method}.", engine=engine, method=method),
            remedy=tr("Use another format of the model, or name an older image."),
            given=method,
        )
    return Text(
        message=tr(
            "This release of {engine} no longer quantises by {method} as it loads weights.",
            engine=engine,
            method=method,
        ),
        remedy=tr("Use {readable}, or leave quantization out.", readable=readable[0])
        if readable
        else tr("Leave quantization out."),
        given=method,
        allowed=", ".join(readable),
        fix=(("", None),),
    )
