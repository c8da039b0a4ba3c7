"""What can be wrong with an engine's own variables and arguments, and with a server over several machines."""

from collections.abc import Sequence

from settings.diagnostics import Text, error, note, warning
from settings.translation import listed, tr


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
    meaning=tr("A setting of the model has no equal in its engine, so it changes nothing."),
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


@error(
    meaning=tr("`kvCacheDtype` names a type of cache that the engine, or the image's release of it, does not have."),
    example="models: {chat: {engine: sglang, model: Qwen/Qwen3-8B, kvCacheDtype: fp8}}",
    fix=tr("Use the type that is named, or leave kvCacheDtype out."),
    source="catalog/data/arguments (the choices of --kv-cache-dtype); Ollama's FAQ (OLLAMA_KV_CACHE_TYPE)",
)
def kv_cache_dtype_unknown(*, dtype: str, release: str, readable: Sequence[str], near: str | None) -> Text:
    return Text(
        message=tr("{release} has no KV cache in {dtype}.", release=release, dtype=dtype),
        remedy=tr("Set kvCacheDtype to {near}, or leave it out.", near=near) if near else tr("Leave kvCacheDtype out."),
        given=dtype,
        allowed=", ".join(("auto", *readable)),
        fix=(("", near),),
    )


@error(
    meaning=tr("The engine has nothing like the setting."),
    example='models: {chat: {engine: ollama, model: "qwen3:8b", kvOffload: {gib: 16}}}',
    fix=tr("Take the setting out, or serve the model with an engine that has it."),
    source="planner/engines: `tunes` and `experts` of each engine",
)
def setting_not_for_engine(*, setting: str, title: str, others: Sequence[str]) -> Text:
    return Text(
        message=tr(
            "{title} has nothing like {setting}, which {others} have.",
            title=title,
            setting=setting,
            others=listed(others, "and"),
        ),
        remedy=tr("Take {setting} out.", setting=setting),
        given=setting,
        fix=(("", None),),
    )


@error(
    meaning=tr(
        "The image's release of the engine has no option for the setting. A warning where the image's "
        "release is not known."
    ),
    example="models: {chat: {model: Qwen/Qwen3-8B, kvOffload: {gib: 16}, image: 'docker.io/vllm/vllm-openai:v0.11.0'}}",
    fix=tr("Use a release that has it, or take the setting out."),
    source="catalog/data/arguments (recorded from each release's own parser)",
)
def setting_not_in_image(*, setting: str, flag: str, release: str, first: str | None, image_path: str | None) -> Text:
    """`first`: the oldest release on record that has it; `image_path`: where the stack file names the image."""
    return Text(
        message=tr(
            "{release} has no --{flag}, which {setting} needs; of the releases on record {first} is the first that has "
            "it.",
            release=release,
            flag=flag,
            setting=setting,
            first=first,
        )
        if first
        else tr("{release} has no --{flag}, which {setting} needs.", release=release, flag=flag, setting=setting),
        remedy=tr("Leave image out, or use a later one.")
        if image_path
        else tr("Take {setting} out, or use a newer GPU.", setting=setting),
        given=setting,
        allowed=tr("{first} or later", first=first) if first else "",
        fix=((image_path, None),) if image_path else (("", None),),
    )


@error(
    meaning=tr("SGLang offloads its cache of prefixes, which is turned off."),
    example="models: {chat: {engine: sglang, model: Qwen/Qwen3-8B, kvOffload: {gib: 16}, prefixCaching: false}}",
    fix=tr("Take prefixCaching out, or kvOffload."),
    source="sglang/srt/server_args.py (0.5.18 refuses --enable-hierarchical-cache with --disable-radix-cache)",
)
def offload_without_prefixes(*, title: str, offload_path: str) -> Text:
    return Text(
        message=tr(
            "{title} offloads the cache of prompts that begin alike, and prefixCaching turns that off.", title=title
        ),
        remedy=tr("Take prefixCaching out, or {offload_path}.", offload_path=offload_path),
        given="false",
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
            "{title} refuses to start under a name with `{divider}`, which parts a model from its adapter.",
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
    meaning=tr(
        "The image's release has no such argument. It is misspelt, came later or left earlier. A warning "
        "where the image's release is not recorded, and those before and after it do not agree."
    ),
    example='models: {chat: {model: Qwen/Qwen3-8B, extraArgs: [--max-num-seqz, "64"]}}',
    fix=tr("Use the name that is given, or take it out."),
    source="catalog/data/arguments (recorded from each release's own parser)",
)
def flag_unknown_to_image(
    *,
    written: str,
    given: str,
    release: str,
    had: str,
    near: str,
    instead: str,
    mended: Sequence[str] | None,
    sure: bool,
) -> Text:
    """`had`: another release that has it, "" where none is known; `near`: what was probably meant; `instead`: what to
    do since it is gone; `sure`: the image's own release has none."""
    elsewhere = tr(" ({had} has it)", had=had) if had else ""
    remedy = (
        tr("Did you mean {near}? Else take it out.", near=near)
        if near
        else tr("Take it out, or use an image that knows it.")
    )
    return Text(
        message=tr(
            "{release} has no argument {written}{elsewhere} and would refuse to start.",
            release=release,
            written=written,
            elsewhere=elsewhere,
        ),
        remedy=instead or remedy,
        given=given,
        allowed=near,
        fix=(("", mended),),
        severity="error" if sure else "warning",
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


@error(
    meaning=tr(
        "A step has fewer tokens (`maxNumBatchedTokens`) than requests (`maxNumSeqs`), or than the "
        "context of a model that reads a text at once, or in a release without chunked prefill."
    ),
    example="models: {chat: {model: Qwen/Qwen3-8B, maxNumBatchedTokens: 128, maxNumSeqs: 256}}",
    fix=tr("Use the number that is named."),
    source="vLLM's SchedulerConfig refuses both",
)
def batch_too_small(*, tokens: str, least: int, given: str, mended: int | Sequence[str] | None) -> Text:
    """`mended`: the setting, or `extraArgs` without the argument."""
    return Text(
        message=tr(
            "A batch of {tokens} tokens is smaller than the {least} that vLLM must be able to put into one, "
            "so it refuses to start.",
            tokens=tokens,
            least=least,
        ),
        remedy=tr("Set it to {least}, or leave it out.", least=least)
        if isinstance(mended, int)
        else tr("Take --max-num-batched-tokens out: the default suits."),
        given=given,
        allowed=tr("{least} or more", least=least),
        fix=(("", mended),),
    )


@error(
    meaning=tr("The engine serves from one machine only, and the requested GPUs are on several."),
    example="models: {chat: {model: 'deepseek-r1:671b', engine: ollama, gpus: 16}}",
    fix=tr("Use vllm or sglang."),
    source="Ollama has no distributed mode.",
)
def multi_node_not_for_engine(
    *, engine: str, able: Sequence[str], gpus: int, nodes: int, slots: int, gpus_path: str
) -> Text:
    return Text(
        message=tr(
            "{engine} serves from one machine only; {gpus} GPUs take {nodes} machines with {slots} each.",
            engine=engine,
            gpus=gpus,
            nodes=nodes,
            slots=slots,
        ),
        remedy=tr("Use {able}, fewer GPUs, or a larger machine.", able=listed(able, "or")),
        given=engine,
        allowed=", ".join(able),
        fix=((gpus_path, None),),
    )


@error(
    meaning=tr(
        "The image's release of vLLM does not know --nnodes, and has no other way over several machines "
        "that this program uses."
    ),
    example="models: {chat: {pipelineParallel: 2, gpus: 16, image: 'docker.io/vllm/vllm-openai:v0.11.0'}}",
    fix=tr("Use a release that knows it."),
    source="catalog/data/arguments (nnodes)",
)
def multi_node_not_in_image(*, engine: str, flag: str, own_image: bool, slots: int) -> Text:
    return Text(
        message=tr(
            "The image's release of {engine} cannot span machines by itself (--{flag}).", engine=engine, flag=flag
        ),
        remedy=tr("Leave image out, or use a later release.")
        if own_image
        else tr("Use GPUs that a later release runs on, or no more than {slots} of these.", slots=slots),
        fix=(("", None),),
    )


@warning(
    meaning=tr("The machines of a replica share its GPUs evenly and keep some unused."),
    example="models: {chat: {gpus: 12}} on machines with 8 GPUs",
    fix=tr("Use a multiple of the machine's GPUs."),
    source="planner/engines/spread.py",
)
def gpus_left_idle(*, gpus: int, nodes: int, slots: int) -> Text:
    return Text(
        message=tr(
            "{gpus} GPUs are shared evenly by {nodes} machines, which leaves {idle} of {slots} GPUs of each unused.",
            gpus=gpus,
            nodes=nodes,
            idle=slots - gpus // nodes,
            slots=slots,
        ),
        remedy=tr("Use a multiple of {slots}.", slots=slots),
        given=str(gpus),
    )


@warning(
    meaning=tr("Tensor parallelism spans machines without RDMA between them."),
    example="models: {chat: {tensorParallel: 16}} on machines with 8 GPUs",
    fix=tr("Split layers inside a machine and stages over machines."),
    source="vLLM documentation, parallelism and scaling",
)
def layers_span_machines(*, tensor_parallel: int, inside: int, stages: int, stages_path: str) -> Text:
    """`inside` x `stages`: tensor and pipeline parallel sizes that keep layers within a machine."""
    return Text(
        message=tr(
            "Layers are split over {tensor_parallel} GPUs on more than one machine, which exchange data for "
            "every token over the VPC's network; that is many times slower than inside a machine.",
            tensor_parallel=tensor_parallel,
        ),
        remedy=tr("Set tensorParallel to {inside} and pipelineParallel to {stages}.", inside=inside, stages=stages),
        given=str(tensor_parallel),
        fix=(("", inside), (stages_path, stages)),
    )
