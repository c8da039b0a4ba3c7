"""What can be wrong with the place of a model: its pool's GPUs and machines."""

from collections.abc import Sequence

from settings.diagnostics import Diagnostic, Text, error
from settings.translation import tr


@error(
    meaning=tr("vLLM or SGLang is placed on a pool without GPUs."),
    example="pools: {cpu: {kind: existing, cpu: 8, memory: 16Gi}}\nmodels: {chat: {model: Qwen/Qwen2.5-7B-Instruct}}",
    fix=tr("Use a machine with a GPU, or Ollama, which serves small models on a CPU."),
    source="The engine images of the catalogue are CUDA builds.",
    forceable=False,
)
def engine_needs_gpu(
    *, engine: str, pool: str, other: tuple[str, str], able: Sequence[str], known: str | None, model_path: str
) -> Text:
    """`able` are the engines that need none, `other` the name and title of the first, `known` the model's id there."""
    name, title = other
    return Text(
        message=tr("{engine} needs a GPU, and pool {pool} has none.", engine=engine, pool=pool),
        remedy=tr("Serve {model} with {title}, or use a machine with a GPU.", model=known, title=title)
        if known
        else tr("Use a machine with a GPU."),
        given=engine,
        allowed=", ".join(able),
        fix=(("", name), (model_path, known)) if known else (),
    )


@error(
    meaning=tr("No single machine with this GPU holds the model."),
    example="pools: {gpu: {instanceType: PNV4.28XLARGE466}}    # 4 x A10\n"
    "models: {chat: {model: deepseek-ai/DeepSeek-R1}}",
    fix=tr(
        "Use the machine that is suggested, a smaller model or format, or ask for the GPUs of several "
        "machines (gpus, and as many nodes)."
    ),
    source="planner/sizing/memory.py, planner/serving/nearest.py",
)
def multi_node_needed(*, shortage: Diagnostic, gpu: str) -> Text:
    """`shortage`: what MODEL_TOO_LARGE said."""
    return Text(
        message=tr("{message} No single machine with {gpu} holds it.", message=shortage.message, gpu=gpu),
        remedy=shortage.remedy,
        given=shortage.given,
        allowed=shortage.allowed,
        fix=shortage.fix,
    )
