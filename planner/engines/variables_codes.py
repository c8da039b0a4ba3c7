"""What can be wrong with an engine's own variables, and with references to variables."""

from collections.abc import Sequence

from settings.diagnostics import Text, error, warning
from settings.translation import tr


@error(
    meaning=tr("`env` sets a variable that the planner must decide, or that opens the server."),
    example='models: {chat: {model: Qwen/Qwen3-8B, env: {VLLM_PORT: "8000"}}}',
    fix=tr("Take it out."),
    source="The guide's FAQ (VLLM_PORT); vLLM issue 34199; vLLM docs/usage/security.md (VLLM_SERVER_DEV_MODE)",
)
def env_reserved(*, variable: str, value: str, why: str) -> Text:
    return Text(
        message=tr("{variable} is not yours to set: {why}.", variable=variable, why=why),
        remedy=tr("Take it out."),
        given=value,
        fix=(("", None),),
    )


@warning(
    meaning=tr("`env` replaces a variable that the planner sets."),
    example='models: {chat: {model: Qwen/Qwen3-8B, env: {HF_HUB_OFFLINE: "0"}}}',
    fix=tr("Take it out unless you mean it."),
    source="planner/engines",
)
def env_override(*, variable: str, value: str, ours: str) -> Text:
    return Text(
        message=tr("{variable} replaces the planner's own value, {ours}.", variable=variable, ours=ours),
        remedy=tr("Take it out unless you mean it."),
        given=value,
        allowed=ours,
        fix=(("", None),),
    )


@error(
    meaning=tr("`env` replaces a variable that the planner sets because the engine would not start without it."),
    example="pools: {gpu: {instanceType: GN10Xp.2XLARGE40}}    # V100\n"
    'models: {chat: {model: Qwen/Qwen2.5-7B-Instruct, env: {VLLM_USE_V1: "1"}}}',
    fix=tr("Take it out."),
    source="vllm 0.8.5, engine/arg_utils.py (V1 needs compute capability 8.0); vLLM issue 13398",
)
def env_prevents_start(*, variable: str, value: str, ours: str) -> Text:
    return Text(
        message=tr("The engine does not start here unless {variable} is {ours}.", variable=variable, ours=ours),
        remedy=tr("Take it out."),
        given=value,
        allowed=ours,
        fix=(("", None),),
    )


@warning(
    meaning=tr("`env` sets a variable that begins like the engine's own, and that the image's release does not read."),
    example="models: {chat: {model: Qwen/Qwen3-8B, env: {VLLM_LOGING_LEVEL: DEBUG}}}",
    fix=tr("Use the name that is given, or take it out."),
    source="catalog/data/arguments (the variables in each release's sources)",
)
def env_unknown(*, variable: str, value: str, release: str, near: str | None, near_path: str) -> Text:
    return Text(
        message=tr("{release} reads no variable {variable}, so it has no effect.", release=release, variable=variable),
        remedy=tr("Use {near}.", near=near) if near else tr("Take it out."),
        given=variable,
        allowed=near or "",
        fix=(("", None), *(((near_path, value),) if near else ())),
    )


@error(
    meaning=tr(
        "`extraArgs`, `servedName`, `chatTemplate` or `env` holds $(NAME), which Kubernetes replaces by "
        "the variable's value."
    ),
    example="models: {chat: {model: Qwen/Qwen3-8B, servedName: $(VLLM_API_KEY)}}",
    fix=tr("Write the value itself; $$( where these characters are meant."),
    source="Kubernetes' reference of containers (command, args, env.value)",
    forceable=False,
    rules=("SECRET_ON_COMMAND_LINE",),
)
def reference_expanded(*, given: str, literal: str | Sequence[str] | None) -> Text:
    return Text(
        message=tr(
            "Kubernetes puts the value of a variable in the place of $(NAME): a key would stand on the "
            "command line, or in a variable in clear."
        ),
        remedy=tr("Write the value itself; $$( where these characters are meant."),
        given=given,
        fix=(("", literal),),
    )
