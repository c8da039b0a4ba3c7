"""What can be wrong with the arguments of an engine, and with settings that it does not have."""

from collections.abc import Sequence

from settings.diagnostics import Text, error, note, warning
from settings.translation import listed, tr


@note(
    meaning=tr("A Service whose name begins with vllm gives other pods variables that vLLM reads as its own."),
    example="models: {vllm: {model: Qwen/Qwen3-8B}}",
    fix=tr("Use another key. Pods of this stack are safe, since they take no service links."),
    source="The guide's FAQ (VLLM_PORT); vLLM issue 34199",
)
def service_name_vllm(*, name: str) -> Text:
    return Text(
        message=tr(
            "The Service is called {name}: pods that take service links (ours do not) get a variable "
            "{replace}_PORT from it, which a vLLM of someone else in the namespace may read.",
            name=name,
            replace=name.upper().replace("-", "_"),
        ),
        remedy=tr("Use another key than one that begins with vllm if others run vLLM in this namespace."),
        given=name,
    )


@error(
    meaning=tr("The engine is set up by variables, not by arguments."),
    example='models: {chat: {engine: ollama, model: "qwen3:8b", extraArgs: [--verbose]}}',
    fix=tr("Use env with its variables (OLLAMA_…, LLAMA_ARG_…)."),
    source="Ollama's envconfig/config.go; llama.cpp's tools/server/README.md (a variable beside almost every option)",
)
def extra_args_useless(*, title: str, variables: str, given: str) -> Text:
    """`variables` is how those begin that set the engine up."""
    return Text(
        message=tr("{title} takes no arguments here.", title=title),
        remedy=tr("Use env: {title} is set up by {variables}… variables.", title=title, variables=variables),
        given=given,
        fix=(("", None),),
    )


@error(
    meaning=tr("The engine takes the chat template of the model's own files and no other."),
    example='models: {chat: {engine: ollama, model: "qwen3:8b", chatTemplate: chat.jinja}}',
    fix=tr("Take chatTemplate out, or serve the model with vLLM or SGLang."),
    source="Ollama's templates are Go's and lie in the model's own layers (docs/template.md)",
)
def chat_template_not_for_engine(*, title: str, able: Sequence[str], given: str) -> Text:
    return Text(
        message=tr("{title} takes the template that lies in the model's own files and no other.", title=title),
        remedy=tr("Take chatTemplate out, or use {able}.", able=listed(able, "or")),
        given=given,
        fix=(("", None),),
    )


@warning(
    meaning=tr("A setting of the model has no counterpart in its engine, so it changes nothing."),
    example='models: {chat: {engine: ollama, model: "qwen3:8b", prefixCaching: false}}',
    fix=tr("Take the setting out, or serve the model with an engine that has it."),
    source="planner/engines: `passes_on` of each engine",
)
def setting_without_effect(*, setting: str, title: str, others: Sequence[str], given: str) -> Text:
    return Text(
        message=tr(
            "{title} has nothing like {setting}, which {others} take.",
            title=title,
            setting=setting,
            others=listed(others, "and"),
        ),
        remedy=tr("Take {setting} out.", setting=setting),
        given=given,
        fix=(("", None),),
    )


@warning(
    meaning=tr("Ollama serves a model under its own `name:tag`."),
    example='models: {chat: {engine: ollama, model: "qwen3:8b", servedName: chat}}',
    fix=tr("Take servedName out."),
    source="Ollama's API",
)
def served_name_ignored(*, title: str, given: str) -> Text:
    return Text(
        message=tr("{title} serves a model under its own `name:tag` only.", title=title),
        remedy=tr("Take servedName out."),
        given=given,
        fix=(("", None),),
    )


@error(
    meaning=tr("`servedName` holds the character that the engine puts between a model and its adapter."),
    example='models: {chat: {engine: sglang, model: Qwen/Qwen3-8B, servedName: "qwen3:8b"}}',
    fix=tr("Use another character."),
    source="SGLang 0.5.18, srt/server_args.py: served_model_name cannot contain a colon",
)
def served_name_divided(*, title: str, given: str, divider: str) -> Text:
    near = given.replace(divider, "-").lstrip("-") or None
    return Text(
        message=tr(
            "{title} refuses to start under a name with `{divider}`, which separates a model from its adapter.",
            title=title,
            divider=divider,
        ),
        remedy=tr("Call it {near}.", near=near) if near else tr("Leave servedName out."),
        given=given,
        allowed=tr("a name without `{divider}`", divider=divider),
        fix=(("", near),),
    )


@error(
    meaning=tr("`extraArgs` carries a secret onto a command line, or an empty key, which turns the API key off."),
    example="models: {chat: {model: Qwen/Qwen3-8B, extraArgs: [--api-key, abc]}}",
    fix=tr("Take it out; the key is generated, or set with `pulumi config set --secret tke-llm:apiKeys`."),
    source="Command lines are readable in the pod's specification and by every process of the node.",
    forceable=False,
    rules=("SECRET_IN_CLEAR",),
)
def extra_args_secret(*, flag: str, written: str, rest: Sequence[str] | None) -> Text:
    return Text(
        message=tr(
            "--{flag} would put a secret into the stack file and onto a command line, or turn the API key "
            "off where it is empty.",
            flag=flag,
        ),
        remedy=tr("Take it out: the key is generated, or set as the secret tke-llm:apiKeys."),
        given=written,
        fix=(("", rest),),
    )


@error(
    meaning=tr("`extraArgs` changes what the Service, the probes or the store depend on."),
    example='models: {chat: {model: Qwen/Qwen3-8B, extraArgs: [--port, "9000"]}}',
    fix=tr("Take it out."),
    source="planner/engines",
)
def extra_args_fixed(*, flag: str, given: str, rest: Sequence[str] | None) -> Text:
    return Text(
        message=tr(
            "--{flag} is decided by the planner: the Service, the probes and the store depend on it.", flag=flag
        ),
        remedy=tr("Take it out."),
        given=given,
        fix=(("", rest),),
    )


@warning(
    meaning=tr("Python that comes with the model's files would run in the server."),
    example="models: {chat: {model: Qwen/Qwen3-8B, extraArgs: [--trust-remote-code]}}",
    fix=tr("Take it out unless the model needs it; pin a revision that you trust."),
    source="vLLM documentation, security",
)
def trust_remote_code(*, given: str, rest: Sequence[str] | None) -> Text:
    return Text(
        message=tr("--trust-remote-code runs Python that comes with the model's files."),
        remedy=tr("Take it out unless the model's card asks for it and you trust its repository at that revision."),
        given=given,
        fix=(("", rest),),
    )


@warning(
    meaning=tr(
        "The model is served with --trust-remote-code: Python of its repository runs in the server, and "
        "the repository's owner can change it."
    ),
    example="models: {chat: {model: moonshotai/Kimi-K2-Instruct}}",
    fix=tr("Set revision to a commit that you have read."),
    source="catalog/data/model_arguments.yaml; vLLM documentation, security",
)
def model_brings_code(*, model: str, flag: str) -> Text:
    return Text(
        message=tr(
            "{model} cannot be served without {flag}, so Python of its repository will run in the server, "
            "and is whatever the repository holds when it is downloaded.",
            model=model,
            flag=flag,
        ),
        remedy=tr("Set revision to a commit that you have read."),
        allowed=tr("a commit (40 hexadecimal digits)"),
    )


@error(
    meaning=tr("SGLang's log would hold the API key, since it prints all its arguments at the levels info and debug."),
    example="models: {chat: {engine: sglang, model: Qwen/Qwen3-8B, extraArgs: [--log-level, info]}}",
    fix=tr("Take it out. Where it is forced, whoever reads the pod's log has the key."),
    source="sglang issue 37457; sglang/srt/entrypoints/engine.py (logs server_args at info)",
)
def log_shows_key(*, title: str, given: str, quiet: Sequence[str], rest: Sequence[str] | None) -> Text:
    return Text(
        message=tr(
            "At any level but these {title} writes all its arguments into its log, the API key among them.", title=title
        ),
        remedy=tr("Take it out: the planner sets warning."),
        given=given,
        allowed=", ".join(quiet),
        fix=(("", rest),),
    )


@error(
    meaning=tr("The engine's parser would refuse an item of `extraArgs` and the server would not start."),
    example='models: {chat: {model: Qwen/Qwen3-8B, extraArgs: ["--max-num-seqs 64"]}}',
    fix=tr("Write an argument and its value as two items, and a value that the argument takes."),
    source="catalog/data/arguments (recorded from each release's own parser)",
)
def extra_args_invalid(
    *, written: str, given: str, package: str, fault: str, items: Sequence[str], mended: Sequence[str] | None
) -> Text:
    """`items`: the flag and its value, where both stand in one item of the list."""
    wrong = (
        tr("{written!r} is one item of the list, so the parser sees no argument in it", written=written)
        if items
        else tr("{written}: {fault}", written=written, fault=fault)
    )
    return Text(
        message=tr("{wrong}; {package} would not start.", wrong=wrong, package=package),
        remedy=tr("Write two items: {flag!r}, {value!r}.", flag=items[0], value=items[1])
        if items
        else tr("Mend it, or take it out."),
        given=given,
        fix=(("", mended),),
    )


@warning(
    meaning=tr("`extraArgs` sets what a setting of its own decides, so the plan does not show what it leads to."),
    example='models: {chat: {model: Qwen/Qwen3-8B, extraArgs: [--tensor-parallel-size, "2"]}}',
    fix=tr("Use the setting that is named."),
    source="production-stack tutorial 25 (a tensor-parallel size in extraArgs was silently ignored)",
)
def extra_args_override(
    *, flag: str, given: str, setting: str, setting_path: str, value: str | float | None, rest: Sequence[str] | None
) -> Text:
    """`value`: what the argument says, as the setting takes it; None where it cannot be told."""
    return Text(
        message=tr(
            "--{flag} wins over {setting}, so the plan does not show what it leads to.", flag=flag, setting=setting
        ),
        remedy=tr("Set {setting} instead.", setting=setting),
        given=given,
        allowed=setting,
        fix=((setting_path, value), ("", rest)) if value else (("", rest),),
    )


@error(
    meaning=tr("Ray is requested, and the image has none."),
    example="models: {chat: {model: Qwen/Qwen3-8B, extraArgs: [--distributed-executor-backend, ray]}}",
    fix=tr("Take it out."),
    source="lws issue 835, dynamo issue 8515 (no Ray in vLLM's images from 0.19 on)",
)
def ray_not_in_image(*, given: str, rest: Sequence[str] | None) -> Text:
    return Text(
        message=tr("The image holds no Ray: vLLM's images dropped it with 0.19."),
        remedy=tr("Take it out: the GPUs of one machine need no Ray."),
        given=given,
        allowed="mp",
        fix=(("", rest),),
    )
