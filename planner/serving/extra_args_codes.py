"""What can be wrong with `extraArgs` in the light of the whole plan of a model."""

from collections.abc import Sequence

from settings.diagnostics import Text, error
from settings.translation import tr


@error(
    meaning=tr(
        "`extraArgs` gives a context, a type, a quantisation or a share of memory that would be an error "
        "as the setting that it wins over, or a kind of attention that the GPU has not: the server "
        "cannot start."
    ),
    example="models: {chat: {model: Qwen/Qwen3-8B, extraArgs: [--quantization, awq]}}",
    fix=tr("Take it out, or use a value that goes."),
    source="the rule that is quoted; vLLM's documentation, attention backend feature support",
)
def extra_args_refused(*, given: str, why: str, rest: Sequence[str] | None) -> Text:
    """`why`: what would be said of the setting."""
    return Text(
        message=tr("With {given}: {why}", given=given, why=why),
        remedy=tr("Take it out."),
        given=given,
        fix=(("", rest),),
    )


@error(
    meaning=tr("Speculative decoding by the model's own prediction layers (MTP), with pipeline parallelism."),
    example="models: {chat: {model: Qwen/Qwen3.5-9B, pipelineParallel: 2, speculative: {method: mtp, tokens: 1}}}",
    fix=tr("Take speculative out, or split each layer instead (tensorParallel)."),
    source="vLLM issues 52069, 49355 and 44697 (SupportsPP is asked of the draft model)",
)
def speculative_with_pipeline(*, given: str, why: str) -> Text:
    """`why`: what the engine says of it."""
    return Text(
        message=tr("With {given}: {why}", given=given, why=why),
        remedy=tr("Take speculative out, or use tensorParallel."),
        given=given,
        fix=(("", None),),
    )
