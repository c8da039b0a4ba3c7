"""What can be wrong with a model's attention on a GPU."""

from settings.diagnostics import Text, error
from settings.translation import tr


@error(
    meaning=tr("The engine has no kernels for the model's kind of attention on the GPU."),
    example="pools: {gpu: {instanceType: GT4.41XLARGE948}}    # 8 x A100\n"
    "models: {chat: {model: deepseek-ai/DeepSeek-V3.2}}",
    fix=tr("Use a newer GPU, or another model."),
    source="catalog/data/attention.yaml",
)
def attention_unsupported(
    *, model: str, what: str, engine: str, gpu: str, capability: float, least: float, verified: bool
) -> Text:
    """`what` names the kind of attention."""
    return Text(
        message=tr(
            "{model} uses {what}; {engine} has kernels for it from compute capability {least} on, and {gpu} "
            "has {capability}.",
            model=model,
            what=what,
            engine=engine,
            least=least,
            gpu=gpu,
            capability=capability,
        ),
        remedy=tr("Use a newer GPU, or another model."),
        given=model,
        allowed=tr("compute capability {least} or newer", least=least),
        severity=None if verified else "warning",
    )
