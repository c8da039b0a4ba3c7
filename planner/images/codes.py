"""What can be wrong with the images of engines: what they hold, their releases, and their tags."""

from collections.abc import Sequence

from settings.diagnostics import Text, error, note, warning
from settings.translation import joined, tr


@error(
    meaning=tr("SGLang is to run on a GPU older than Ampere."),
    example="pools: {gpu: {instanceType: GN7.2XLARGE32}}    # T4\n"
    "models: {chat: {engine: sglang, model: Qwen/Qwen2.5-7B-Instruct}}",
    fix=tr("Use vLLM or Ollama there."),
    source="SGLang issues 24224, 24302 and 38515 (T4, RTX 2080: no kernels in sgl-kernel); gpustack PR 3932",
    forceable=False,
)
def sglang_needs_ampere(*, engine: str, title: str, least: float, host: str, other: str, able: Sequence[str]) -> Text:
    """`title` is the engine's name in a sentence, `other` that of the first of those `able` to run there."""
    return Text(
        message=tr("{title} needs compute capability {least}; {host}.", title=title, least=least, host=host),
        remedy=tr("Use {other}, or another GPU.", other=other),
        given=engine,
        allowed=", ".join(able),
    )


@error(
    meaning=tr("No release of the engine has kernels for the GPU."),
    example="pools: {gpu: {instanceType: GN8.LARGE56}}    # P40, compute capability 6.1\n"
    "models: {chat: {model: Qwen/Qwen2.5-7B-Instruct}}",
    fix=tr("Use Ollama, which serves compute capability 5.0 and newer, or another GPU."),
    source="catalog/data/images.yaml (min_compute); ollama docs/gpu.mdx",
    forceable=False,
)
def engine_unsupported_gpu(*, engine: str, host: str, other: str) -> Text:
    """`other`: an engine that runs wherever the others do not."""
    return Text(
        message=tr("No release of {engine} runs here: {host}.", engine=engine, host=host),
        remedy=tr("Use {other}, or another GPU.", other=other),
        given=engine,
        allowed=tr("an engine that supports the GPU"),
    )


@warning(
    meaning=tr(
        "Only an old release of the engine still runs on the GPU; it gets no security fixes and knows no newer models."
    ),
    example="pools: {gpu: {instanceType: GN10Xp.2XLARGE40}}    # V100: vLLM v0.8.5",
    fix=tr("Keep the API private. Use a newer GPU, or Ollama, for newer models."),
    source="vLLM issues 18818, 18835, 19185; production-stack tutorials/25-v100-legacy-gpu-deployment.md",
)
def legacy_engine(*, engine: str, tag: str, gpu: str, other: str) -> Text:
    """`other`: an engine that runs wherever the others do not."""
    return Text(
        message=tr(
            "{tag} is the newest {engine} that runs on {gpu}; it no longer gets security fixes and knows no "
            "newer models.",
            tag=tag,
            engine=engine,
            gpu=gpu,
        ),
        remedy=tr("Keep the API private, or use a newer GPU, or {other}.", other=other),
        given=tag,
    )


@error(
    meaning=tr(
        "The engine's release does not know the model's architecture, or lacks an argument that the model needs."
    ),
    example="pools: {gpu: {instanceType: GN10Xp.2XLARGE40}}    # V100: vLLM v0.8.5\n"
    "models: {chat: {model: openai/gpt-oss-20b}}",
    fix=tr("Leave image out where you named one; else use a newer GPU or an older model."),
    source="catalog/data/models (min_vllm, min_sglang); catalog/data/model_arguments.yaml (since)",
)
def engine_too_old(*, engine: str, tag: str, model: str, least: str, own: bool, verified: bool) -> Text:
    """`own`: the stack file names the image."""
    return Text(
        message=tr(
            "{engine} {tag} is too old for {model}, which needs {least} or newer.",
            engine=engine,
            tag=tag,
            model=model,
            least=least,
        ),
        remedy=tr("Leave image out.") if own else tr("Use a newer GPU, or an older model."),
        given=tag,
        allowed=tr("{least} or newer", least=least),
        fix=(("", None),) if own else (),
        severity=None if verified else "warning",
    )


@error(
    meaning=tr("The engine's release has dropped the model's architecture."),
    example="models: {chat: {model: baichuan-inc/Baichuan2-7B-Chat}}",
    fix=tr("Name the image that is given, or use a newer model."),
    source="vllm 0.29.0 model_executor/models/registry.py (_PREVIOUSLY_SUPPORTED_MODELS); catalog/data (last_vllm)",
)
def engine_too_new(*, engine: str, tag: str, model: str, last: str, image: str | None) -> Text:
    """`image`: the newest of the engine's that still serves it."""
    return Text(
        message=tr(
            "{engine} {tag} does not serve {model} any more; {last} was the last release that did.",
            engine=engine,
            tag=tag,
            model=model,
            last=last,
        ),
        remedy=tr("Use {image}, or a newer model.", image=image) if image else tr("Use a newer model."),
        given=tag,
        allowed=tr("{last} or older", last=last),
        fix=(("", image),) if image else (),
    )


@error(
    meaning=tr("The image holds another engine than the one that is to serve the model, or none."),
    example='models: {chat: {model: Qwen/Qwen3-8B, engine: sglang, image: "docker.io/vllm/vllm-openai:v0.29.0"}}',
    fix=tr("Leave image out, or set engine to the one that the image holds."),
    source="catalog/data/images.yaml (repositories)",
)
def image_of_another_engine(*, image: str, holds: str, title: str) -> Text:
    """`holds` is what is inside, `title` the engine that is to serve."""
    return Text(
        message=tr("{image} holds {holds}, and {title} is to serve the model.", image=image, holds=holds, title=title),
        remedy=tr("Leave image out, or serve the model with {holds}.", holds=holds),
        given=image,
        allowed=tr("an image of {title}", title=title),
        fix=(("", None),),
    )


@error(
    meaning=tr("The image is built for other hardware than an NVIDIA GPU in an x86 machine."),
    example='models: {chat: {model: Qwen/Qwen3-8B, engine: sglang, image: "lmsysorg/sglang:v0.5.18-rocm720-mi30x"}}',
    fix=tr("Leave image out, or name the tag without that part."),
    source="Tencent Cloud's GPU machines (catalog/data/machines.yaml) are x86 with NVIDIA GPUs",
)
def image_for_other_hardware(*, image: str, hardware: str) -> Text:
    return Text(
        message=tr(
            "{image} is built for {hardware}; the GPU machines are x86 with NVIDIA GPUs.",
            image=image,
            hardware=hardware,
        ),
        remedy=tr("Leave image out, or name the tag without that part."),
        given=image,
        allowed=tr("an image for x86 and CUDA"),
        fix=(("", None),),
    )


@error(
    meaning=tr("The engine image has no tag, or one that moves."),
    example='models: {chat: {model: Qwen/Qwen3-8B, image: "vllm/vllm-openai:latest"}}',
    fix=tr("Leave image out, or pin a release or digest."),
    source="`latest` moved to CUDA 13 and dropped Volta with vLLM v0.20.0 (PR 39878)",
    rules=("IMAGE_FLOATING",),
)
def image_floating(*, image: str, pinned: str | None) -> Text:
    """`pinned` is a release of the same engine; None: the image is the chat page's."""
    if pinned is None:
        return Text(
            message=tr(
                "{image} names no fixed version: a restart may bring another program and migrate the database.",
                image=image,
            ),
            remedy=tr("Give the tag of a release, or leave it out for the catalogue's image."),
            given=image,
            allowed=tr("an image with the tag of a release, or a digest"),
            fix=(("", None),),
        )
    return Text(
        message=tr(
            "{image} names no fixed release: what it holds changes under you, and with it CUDA, driver and flags.",
            image=image,
        ),
        remedy=tr("Leave image out, or pin it, as {pinned}.", pinned=pinned),
        given=image,
        allowed=tr("a tag of one release, or a digest"),
        fix=(("", None),),
    )


@warning(
    meaning=tr(
        "The catalogue does not know the image, or not its arguments: those of the nearest older release are taken."
    ),
    example='models: {chat: {model: Qwen/Qwen3-8B, image: "registry.example.com/vllm:v0.25.1"}}',
    fix=tr("Try it once by hand; state its CUDA under cuda."),
    source="catalog/data/images.yaml",
)
def image_unknown(*, image: str, older: str | None, listed: bool) -> Text:
    """`listed`: the catalogue knows that there is such a tag, and its CUDA."""
    basis = (
        tr("treated like {older}", older=older) if older else tr("given only the flags that every known release has")
    )
    known = (
        tr("knows {image}, but not its arguments", image=image) if listed else tr("does not know {image}", image=image)
    )
    return Text(
        message=tr("The catalogue {known}; it is {basis}.", known=known, basis=basis),
        remedy=tr("Try it once by hand, or leave image out."),
        given=image,
        allowed=tr("an image of the catalogue, or one of your own"),
    )


@error(
    meaning=tr("The image that you named has no kernels for the GPU."),
    example="pools: {gpu: {instanceType: GN10Xp.2XLARGE40}}    # V100\n"
    'models: {chat: {model: Qwen/Qwen3-8B, image: "docker.io/vllm/vllm-openai:v0.29.0"}}',
    fix=tr("Leave image out."),
    source="catalog/data/images.yaml (min_compute); vLLM issues 18818, 19185, 13398",
)
def image_drops_gpu(
    *, image: str, gpu: str, capability: float, least: float, verified: bool, beside: Sequence[str]
) -> Text:
    """`beside`: the published tags by which that is known of one that the catalogue does not have."""
    as_these = tr(", as {beside}", beside=joined(beside, " and ")) if beside else ""
    return Text(
        message=tr(
            "{image} has no kernels for {gpu} (compute capability {capability}){as_these}.",
            image=image,
            gpu=gpu,
            capability=capability,
            as_these=as_these,
        ),
        remedy=tr("Leave image out: the planner then takes the newest release that still has them."),
        given=image,
        allowed=tr("compute capability {least} or newer", least=least),
        fix=(("", None),),
        severity=None if verified else "warning",
    )


@warning(
    meaning=tr("`cuda` is set without an image of your own."),
    example='models: {chat: {model: Qwen/Qwen3-8B, cuda: "12.9"}}',
    fix=tr("Take cuda out, or name the image."),
    source="The catalogue knows the CUDA of its own images.",
)
def cuda_ignored(*, cuda: str) -> Text:
    return Text(
        message=tr("cuda says what is inside an image of your own; without image it has no effect."),
        remedy=tr("Take cuda out, or name the image."),
        given=cuda,
        fix=(("", None),),
    )


@note(
    meaning=tr("The CUDA inside your own image is not known, so it was not held against the driver."),
    example='models: {chat: {model: Qwen/Qwen3-8B, image: "registry.example.com/vllm:v0.25.1"}}',
    fix=tr("State it under cuda."),
    source="catalog/data/images.yaml",
)
def cuda_not_stated(*, image: str) -> Text:
    return Text(
        message=tr("The CUDA inside {image} is not known, so it was not held against the driver.", image=image),
        remedy=tr("State it under cuda, such as 12.9."),
    )
