"""What can be wrong with a split over GPUs that `extraArgs` asks for."""

from settings.diagnostics import Fix, Text, error
from settings.translation import tr


@error(
    meaning=tr(
        "`extraArgs` splits the model in another way than was planned, over more GPUs than the pods "
        "have, or over fewer than it needs, so that the server cannot start."
    ),
    example='models: {chat: {model: Qwen/Qwen3-8B, extraArgs: [-tp, "4"]}}    # on one A10',
    fix=tr("Use tensorParallel, pipelineParallel and dataParallel, which the planner counts; or take them out."),
    source="vLLM and SGLang end at once where they see fewer GPUs than they are to use (production-stack tutorial 25: "
    "a tensor-parallel size in extraArgs)",
)
def extra_args_split(*, given: str, why: str, typed: bool, fix: Fix) -> Text:
    """`typed`: the settings that say the same would do."""
    return Text(
        message=tr("With {given} {why}.", given=given, why=why),
        remedy=tr("Use the settings of that name instead.") if typed else tr("Take it out."),
        given=given,
        allowed="tensorParallel, pipelineParallel, dataParallel",
        fix=fix,
    )
