"""What can be wrong with how a model is served: its pool's room, its pods, its replicas and its download."""

from collections.abc import Iterable, Mapping, Sequence

from settings.diagnostics import Diagnostic, Fix, Text, error, note, warning
from settings.translation import joined, listed, tr


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


@warning(
    meaning=tr("Super nodes are not documented to offer the GPU type with that many GPUs."),
    example="pools: {gpu: {kind: super, gpuType: T4}}\nmodels: {chat: {model: Qwen/Qwen3-8B, gpus: 2}}",
    fix=tr("Use a number of GPUs from the specification table."),
    source="catalog/data/super_gpus.yaml",
)
def no_super_spec(*, gpu: str, gpus: int, offered: Sequence[int], larger: int | None) -> Text:
    """`larger`: the next larger number of GPUs that is offered."""
    counts = ", ".join(map(str, offered))
    return Text(
        message=tr(
            "Super nodes are documented to offer {gpu} with {counts} GPUs, not {gpus}; the pod may be "
            "refused, or billed as the next larger.",
            gpu=gpu,
            counts=counts,
            gpus=gpus,
        ),
        remedy=tr("Set gpus to {larger}.", larger=larger) if larger else tr("Use fewer GPUs."),
        given=str(gpus),
        allowed=counts,
        fix=(("", larger),) if larger else (),
    )


@error(
    meaning=tr("One replica's share of the machine has less memory or CPU than the engine needs."),
    example="pools: {gpu: {kind: existing, gpu: A10, gpusPerNode: 1, cpu: 2, memory: 4Gi, nodeSelector: {gpu: "
    "a10}}}\n"
    "models: {chat: {model: Qwen/Qwen3-8B}}",
    fix=tr("Use a machine with more memory."),
    source="planner/engines/operations.py; catalog/data/reserved.yaml and addons.yaml (what the node keeps)",
)
def pod_too_large(
    *, pool: str, memory_mib: int, cpu_millis: int, least_mib: int, larger: str | None, machine_path: str
) -> Text:
    """`memory_mib` and `cpu_millis` are a replica's share of a node, `larger` a machine with more memory."""
    return Text(
        message=tr(
            "One replica's share of a node of pool {pool} is {memory_mib} MiB and {cpu_millis} millicores; "
            "the engine needs {least_mib} MiB and one core at the least.",
            pool=pool,
            memory_mib=memory_mib,
            cpu_millis=cpu_millis,
            least_mib=least_mib,
        ),
        remedy=tr("Use {larger}, which has more memory.", larger=larger)
        if larger
        else tr("Use a machine with more memory."),
        given=pool,
        allowed=tr("{least_mib} MiB or more", least_mib=least_mib),
        fix=((machine_path, larger),) if larger else (),
    )


@error(
    meaning=tr("The image's release has no speculative decoding by this method, or not on this GPU."),
    example="pools: {gpu: {instanceType: GN10Xp.2XLARGE40}}    # V100\n"
    "models: {chat: {model: Qwen/Qwen2.5-7B-Instruct, speculative: {method: mtp, tokens: 1}}}",
    fix=tr("Use a method that it has, or take speculative out."),
    source="vLLM PR 25232 (mtp for every model, 0.11.0); its documentation of 0.9, speculative decoding",
)
def speculation_not_in_image(*, method: str, title: str, known: Sequence[str], path: str) -> Text:
    """`path`: where speculation is requested."""
    return Text(
        message=tr(
            "The image's release of {title} has no {method} on this GPU; it came with a later one.",
            title=title,
            method=method,
        ),
        remedy=tr("Take speculative out, or use a release and a GPU that have it."),
        given=method,
        allowed=", ".join(known),
        fix=((path, None),),
    )


@error(
    meaning=tr(
        "Multi-token prediction is requested, and the model's repository holds no layers for it, or its "
        "engine has no class for them. A warning where nobody has looked."
    ),
    example="models: {chat: {model: Qwen/Qwen3-8B, speculative: {method: mtp, tokens: 1}}}",
    fix=tr("Use another method, or a model that was trained with such layers."),
    source="config.json (num_nextn_predict_layers), as catalog/data/architectures has it; vLLM 0.29.0, "
    "config/speculative.py",
)
def no_prediction_layers(*, model: str, sure: bool, path: str) -> Text:
    """`path`: where speculation is requested."""
    return Text(
        message=tr("{model} has no layers for multi-token prediction.", model=model)
        if sure
        else tr(
            "The catalogue does not say whether {model} has layers for multi-token prediction; one is counted.",
            model=model,
        ),
        remedy=tr("Use ngram, a draft model that was trained for it (eagle3), or no speculation."),
        given="mtp",
        allowed="ngram, eagle3, eagle",
        fix=((path, None),) if sure else (),
    )


@error(
    meaning=tr("Speculative decoding for a model that generates no text."),
    example="models: {search: {model: BAAI/bge-m3, task: embed, speculative: {method: ngram, tokens: 3}}}",
    fix=tr("Take speculative out."),
    source="An embedding or a score is one step.",
)
def speculation_without_text(*, model: str) -> Text:
    return Text(
        message=tr("{model} generates no text here, so speculative decoding has nothing to do.", model=model),
        remedy=tr("Take speculative out."),
        given="speculative",
        fix=(("", None),),
    )


@error(
    meaning=tr("`speculative.tokens` is more than the model has prediction layers (MTP), and no multiple of them."),
    example="models: {chat: {model: XiaomiMiMo/MiMo-V2-Flash, speculative: {method: mtp, tokens: 4}}}",
    fix=tr("Use a multiple of the layers."),
    source="vLLM 0.29.0, config/speculative.py (num_speculative_tokens must be divisible by n_predict)",
)
def speculative_tokens_uneven(*, model: str, layers: int, tokens: int, near: int) -> Text:
    return Text(
        message=tr(
            "{model} has {layers} prediction layers, of which {tokens} tokens are no multiple.",
            model=model,
            layers=layers,
            tokens=tokens,
        ),
        remedy=tr("Set it to {near}.", near=near),
        given=str(tokens),
        allowed=tr("up to {layers}, or a multiple of it", layers=layers),
        fix=(("", near),),
    )


@warning(
    meaning=tr(
        "The image's release may let layers with a window keep the whole context once it offloads, which "
        "takes more of the GPUs than is counted."
    ),
    example="models: {chat: {model: openai/gpt-oss-20b, kvOffload: {gib: 16}, image: "
    "'docker.io/vllm/vllm-openai:v0.21.0'}}",
    fix=tr("Use the newest image, or take kvOffload out."),
    source="vLLM PR 41847 (connectors turned the hybrid cache manager off before); 0.29.0 keeps it",
)
def offload_drops_windows(*, model: str, layers: int, window: int) -> Text:
    return Text(
        message=tr(
            "{layers} layers of {model} keep {window} tokens; with kvOffload this release may let them keep "
            "the whole context, which is not counted.",
            layers=layers,
            model=model,
            window=window,
        ),
        remedy=tr("Leave image out for a release that keeps windows, or take kvOffload out."),
        given=model,
    )


@warning(
    meaning=tr("The size of the draft model is not known, so its weights are not counted."),
    example="models: {chat: {model: Qwen/Qwen3-8B, speculative: {method: eagle3, model: someone/draft, tokens: 3}}}",
    fix=tr("Give weightsGib, the size of its weight files."),
    source="planner/serving/drafts_and_adapters.py",
)
def draft_size_unknown(*, draft: str) -> Text:
    return Text(
        message=tr("Nobody knows the size of {draft}, so its weights are not counted.", draft=draft),
        remedy=tr("Give its weightsGib, the size of its weight files in GiB."),
        given=draft,
    )


@error(
    meaning=tr("The image's release does not apply adapters to models of this class."),
    example="models: {chat: {model: moonshotai/Kimi-K2.5, lora: {maxRank: 16, adapters: {support: someone/adapter}}}}",
    fix=tr("Take lora out, or serve a model whose class takes adapters."),
    source="catalog/data/arguments (classes that vLLM 0.29.0 marks SupportsLoRA)",
)
def adapters_not_for_model(*, model: str, kind: str, title: str) -> Text:
    return Text(
        message=tr(
            "The image's release of {title} applies no adapters to {model} ({kind}), and would refuse to start.",
            title=title,
            model=model,
            kind=kind,
        ),
        remedy=tr("Take lora out."),
        given=model,
        fix=(("", None),),
    )


@error(
    meaning=tr("The engine has no speculative decoding by this method for a model with LoRA adapters."),
    example="models: {chat: {engine: sglang, model: Qwen/Qwen3-8B, speculative: {method: eagle3, model: someone/draft, "
    "tokens: 3}, lora: {maxRank: 16, adapters: {support: someone/adapter}}}}",
    fix=tr("Take one of the two out."),
    source="sglang/srt/server_args.py (0.5.18, check_lora_server_args)",
)
def adapters_with_speculation(*, title: str, method: str, able: Sequence[str], speculative: str) -> Text:
    """`speculative`: the path of that setting."""
    return Text(
        message=tr("{title} has no speculative decoding by {method} beside LoRA adapters.", title=title, method=method),
        remedy=tr("Take speculative out, or lora."),
        given=method,
        allowed=", ".join(able),
        fix=((speculative, None),),
    )


@error(
    meaning=tr("An adapter has the name of a model, so that nobody could tell them apart."),
    example="models: {chat: {model: Qwen/Qwen3-8B, lora: {maxRank: 16, adapters: {chat: someone/adapter}}}}",
    fix=tr("Give it a name of its own."),
    source="The API chooses by the name in a request's `model`.",
)
def adapter_name_taken(*, name: str, by: str) -> Text:
    """`by`: the path of what has the name."""
    return Text(
        message=tr("{name} is what {by} is called in the API.", name=name, by=by),
        remedy=tr("Give the adapter a name of its own."),
        given=name,
        fix=(("", None),),
    )


@error(
    meaning=tr(
        "A whole model is given as an adapter, or as a draft for `eagle` or `eagle3`; no engine loads it as one."
    ),
    example="models: {chat: {model: Qwen/Qwen3-8B, lora: {maxRank: 16, adapters: {support: Qwen/Qwen3-4B}}}}",
    fix=tr(
        "Name the repository of an adapter (with adapter_config.json), or of a draft that was trained for the model."
    ),
    source='vLLM 0.29.0, lora/peft_helper.py (adapter_config.json); documentation, "speculative decoding", EAGLE',
)
def whole_model_given(*, name: str, wanted: str) -> Text:
    """`wanted`: what the engine looks for in that repository."""
    return Text(
        message=tr(
            "{name} is a whole model and not {wanted}, so the engine would not start.", name=name, wanted=wanted
        ),
        remedy=tr("Name the repository of {wanted}.", wanted=wanted),
        given=name,
        allowed=tr("a repository with {wanted}", wanted=wanted),
    )


@warning(
    meaning=tr(
        "A model that reads a text at once keeps no cache between steps, so settings of the cache change "
        "nothing or harm."
    ),
    example="models: {vectors: {model: BAAI/bge-m3, kvOffload: {gib: 8}}}",
    fix=tr("Take the setting out."),
    source="vLLM 0.29.0, config/model.py (is_prefix_caching_supported); engine/arg_utils.py: to turn prefix caching on "
    "there may crash the engine or spoil its output",
)
def cache_setting_without_cache(*, model: str, setting: str, given: str) -> Text:
    return Text(
        message=tr(
            "{model} reads a text at once and keeps no cache, so {setting} has nothing to act on.",
            model=model,
            setting=setting,
        ),
        remedy=tr("Take {setting} out.", setting=setting),
        given=given,
        fix=(("", None),),
    )


@warning(
    meaning=tr("`download` chooses other files of a repository in GGUF than those whose size is known."),
    example="models: {chat: {engine: llamacpp, model: Qwen/Qwen3-8B-GGUF, download: {include: ['*Q8_0*']}}}",
    fix=tr("See that one model matches, and that its size fits."),
    source="planner/engines/serve_llamacpp.sh (it serves one file and refuses several)",
)
def other_files_chosen(*, model: str, gib: float, usual: str, given: str) -> Text:
    """`usual` are the files that weigh `gib`."""
    return Text(
        message=tr(
            "Memory is counted for {usual} of {model} ({gib:.1f} GiB); how large other files are, nobody knows.",
            usual=usual,
            model=model,
            gib=gib,
        ),
        remedy=tr("See that one model matches and fits, or leave download.include and exclude out."),
        given=given,
    )


@warning(
    meaning=tr("The widths of the model's layers are not known, so what its adapters take of the GPUs is not counted."),
    example="models: {chat: {model: someone/model, architecture: {…}, lora: {maxRank: 64, adapters: {support: "
    "someone/adapter}}}}",
    fix=tr("Leave room: set a lower gpuMemoryUtilization or a shorter maxModelLen."),
    source="planner/sizing/extras.py",
)
def adapters_not_counted(*, model: str) -> Text:
    return Text(
        message=tr("The widths of {model}'s layers are not known, so its adapters are not counted.", model=model),
        remedy=tr("Leave room for them: a shorter maxModelLen, or more GPUs."),
        given=model,
    )


@error(
    meaning=tr(
        "The memory for offloaded cache (`kvOffload`) is more than a replica's share of the machine has "
        "beside the engine's own."
    ),
    example="models: {chat: {model: Qwen/Qwen3-8B, kvOffload: {gib: 500}}}",
    fix=tr("Offload less, or use a machine with more memory."),
    source="planner/engines/operations.py; vLLM 0.29.0, v1/kv_offload/cpu (all of it is taken at the start)",
)
def offload_too_large(*, gib: int, most: int, pool: str) -> Text:
    return Text(
        message=tr(
            "{gib} GiB for offloaded cache are more than the {most} that a replica's share of a node of pool "
            "{pool} has to spare.",
            gib=gib,
            most=most,
            pool=pool,
        ),
        remedy=tr("Set it to {most}, or use a machine with more memory.", most=most),
        given=str(gib),
        allowed=tr("1 to {most}", most=most),
        fix=(("", most),),
    )


@error(
    meaning=tr("The replicas of all models on a pool need more nodes than it may have."),
    example="pools: {gpu: {instanceType: PNV4.7XLARGE116, nodes: 1}}\n"
    "models: {chat: {model: Qwen/Qwen3-8B, replicas: 2}}",
    fix=tr("Raise the pool's nodes, use machines with more GPUs, or lower the replicas of what has several."),
    source="planner/serving/capacity.py (pods are packed largest first)",
)
def pool_too_small(
    *,
    pool: str,
    nodes: int,
    needed: int,
    asked: str,
    grown: int | Mapping[str, int] | None,
    most: int,
    larger: str | None,
    several: bool,
) -> Text:
    """`asked`: what each model asks for; `grown` is the pool's `nodes` that suffice, None where that is more than the
    `most` that a pool has; `larger`: machines of which as many as there are suffice, in words; `several`: a model has
    more replicas than one, which may be lowered."""
    ways: list[tuple[str, str]] = []
    if grown is not None:
        ways.append((tr("Let the pool have {needed} nodes", needed=needed), ""))
    if larger:
        ways.append((tr("Use {larger}", larger=larger), tr("use {larger}", larger=larger)))
    if several:
        ways.append((tr("Lower the replicas"), tr("lower the replicas")))
    (first, _), *others = ways or [(tr("Put one of the models on another pool"), "")]
    return Text(
        message=tr(
            "Pool {pool} grows to {nodes} node(s), but its models ({asked}) need {needed}.",
            pool=pool,
            nodes=nodes,
            asked=asked,
            needed=needed,
        )
        + (tr(" A pool has {most} nodes at most.", most=most) if grown is None else ""),
        remedy=tr("{ways}.", ways=joined([first, *(way for _, way in others)], tr(", or "))),
        given=str(nodes),
        allowed=tr("what {most} nodes hold", most=most) if grown is None else tr("{needed} or more", needed=needed),
        fix=() if grown is None else (("", grown),),
    )


@note(
    meaning=tr("Half a machine's GPUs or more serve no model, and are paid for."),
    example="pools: {gpu: {instanceType: PNV4.28XLARGE466}}    # 4 x A10\nmodels: {chat: {model: Qwen/Qwen3-8B}}",
    fix=tr("Raise the replicas, add a model, or use a machine with fewer GPUs."),
    source="planner/serving/capacity.py",
)
def gpus_idle(*, pool: str, idle: int, gpus: int) -> Text:
    return Text(
        message=tr(
            "{idle} of the {gpus} GPUs of pool {pool} are paid for but serve nothing.", idle=idle, gpus=gpus, pool=pool
        ),
        remedy=tr("Raise the replicas, or use a machine with fewer GPUs."),
        given=str(gpus),
    )


@error(
    meaning=tr("Autoscaling may ask for more replicas than the pool has room for."),
    example="pools: {gpu: {instanceType: PNV4.7XLARGE116, nodes: {min: 1, max: 2}}}\n"
    "models: {chat: {model: Qwen/Qwen3-8B, autoscaling: {max: 4}}}",
    fix=tr("Lower autoscaling.max, or raise the pool's largest number of nodes."),
    source="planner/serving/capacity.py",
)
def autoscaling_beyond_pool(*, pool: str, least: int, most: int, fitting: int) -> Text:
    return Text(
        message=tr(
            "Autoscaling may ask for {most} replicas, but pool {pool} has room for {fitting}.",
            most=most,
            pool=pool,
            fitting=fitting,
        ),
        remedy=tr("Set autoscaling.max to {fitting}, or raise pools.{pool}.nodes.", fitting=fitting, pool=pool),
        given=str(most),
        allowed=tr("{least} to {fitting}", least=least, fitting=fitting),
        fix=(("", fitting),),
    )


@warning(
    meaning=tr("`replicas` is set beside autoscaling, which decides the number."),
    example="models: {chat: {model: Qwen/Qwen3-8B, replicas: 2, autoscaling: {max: 4}}}",
    fix=tr("Take replicas out."),
    source="A Deployment that an autoscaler owns carries no replicas.",
)
def replicas_ignored(*, replicas: int) -> Text:
    return Text(
        message=tr("Autoscaling decides the number of replicas, so replicas has no effect."),
        remedy=tr("Take replicas out."),
        given=str(replicas),
        fix=(("", None),),
    )


@note(
    meaning=tr("No place on the pool is spare, so an update stops the model until the new pod is ready."),
    example="pools: {gpu: {instanceType: PNV4.7XLARGE116, nodes: 1}}",
    fix=tr("Give the pool room for one more replica if that is too long."),
    source="LLMKube issues 192 and 196, production-stack PR 103 (a rolling update waits for a GPU that never comes)",
    when="asked",
)
def update_interrupts(*, load_seconds: float) -> Text:
    return Text(
        message=tr(
            "No place on the pool is spare for a second pod, so a change to this model stops it until the "
            "new pod has loaded its weights (about {minutes:.0f} min) and started.",
            minutes=max(load_seconds / 60, 1),
        ),
        remedy=tr("Give the pool room for one more replica if that is too long."),
    )


@error(
    meaning=tr("The engine cannot read what comes from this source."),
    example="models: {chat: {engine: vllm, source: ollama}}",
    fix=tr("Use a source of the list."),
    source="Ollama serves models of its own registry; vLLM and SGLang serve repositories",
    forceable=False,
)
def source_not_for_engine(*, engine: str, source: str, readable: Sequence[str]) -> Text:
    return Text(
        message=tr("{engine} cannot read what comes from {source}.", engine=engine, source=source),
        remedy=tr("Use {readable}.", readable=listed(readable, "or")),
        given=source,
        allowed=", ".join(readable),
        fix=(("", readable[0]),),
    )


@error(
    meaning=tr("The catalogue knows no repository of this model at this source."),
    example="models: {chat: {source: modelscope}}   # with a model that is on Hugging Face only",
    fix=tr("Use the other source."),
    source="catalog/data/models",
)
def not_at_source(*, model: str, source: str, path: str, others: Sequence[str], near: str | None) -> Text:
    return Text(
        message=tr("The catalogue knows no repository of {model} at {source}.", model=model, source=source),
        remedy=tr("Set {path} to {near}.", path=path, near=near) if near else tr("Name a model that this source has."),
        given=source,
        allowed=", ".join(others),
        fix=(("", near),) if near else (),
    )


@error(
    meaning=tr("The repository is open to accounts only that accepted its licence, and no token is set."),
    example="models: {chat: {model: meta-llama/Llama-3.3-70B-Instruct, source: huggingface}}",
    fix=tr("`pulumi config set --secret tke-llm:hfToken`, or use source: modelscope."),
    source="Hugging Face documentation, gated models",
)
def gated_without_token(*, model: str, elsewhere: bool) -> Text:
    """`elsewhere`: ModelScope has the model too."""
    return Text(
        message=tr("{model} is given to accounts that accepted its licence only, and no token is set.", model=model),
        remedy=tr("Run `pulumi config set --secret tke-llm:hfToken`, or use source: modelscope.")
        if elsewhere
        else tr("Run `pulumi config set --secret tke-llm:hfToken`."),
        given="huggingface",
        fix=(("", "modelscope"),) if elsewhere else (),
    )


@warning(
    meaning=tr("Hugging Face is not reached from mainland regions as a rule."),
    example="models: {chat: {source: huggingface}}   # in ap-guangzhou",
    fix=tr("Use ModelScope, or set download.endpoint to a mirror."),
    source="The guide, step 5 (ModelScope for networks in China); HF_ENDPOINT of huggingface_hub",
)
def huggingface_from_mainland(
    *, host: str, region: str | None, endpoint_path: str, mirror: str, elsewhere: bool
) -> Text:
    """`elsewhere`: ModelScope has the model too."""
    return Text(
        message=tr("{host} is not reached from {region} as a rule.", host=host, region=region),
        remedy=tr(
            "Use source: modelscope, or set {endpoint_path} to a mirror, such as {mirror}.",
            endpoint_path=endpoint_path,
            mirror=mirror,
        )
        if elsewhere
        else tr("Set {endpoint_path} to a mirror, such as {mirror}.", endpoint_path=endpoint_path, mirror=mirror),
        given="huggingface",
        allowed=tr("modelscope, or a mirror") if elsewhere else tr("a mirror"),
        fix=(("", "modelscope"),) if elsewhere else ((endpoint_path, mirror),),
    )


@warning(
    meaning=tr("A Hugging Face mirror is given for a model that comes from elsewhere."),
    example="models: {chat: {source: modelscope, download: {endpoint: https://hf-mirror.com}}}",
    fix=tr("Remove it, or use source huggingface."),
    source="huggingface_hub, HF_ENDPOINT",
)
def endpoint_without_effect(*, endpoint: str, source: str, source_path: str) -> Text:
    return Text(
        message=tr("The endpoint is a mirror of Hugging Face; this model comes from {source}.", source=source),
        remedy=tr("Remove it, or set {source_path} to huggingface.", source_path=source_path),
        given=endpoint,
        fix=(("", None),),
    )


@note(
    meaning=tr("No revision is pinned, so a new store may get newer files."),
    example="models: {chat: {model: Qwen/Qwen3-8B}}",
    fix=tr("Set the model's revision to the commit that you have tried."),
    source="planner/serving/downloads.py",
    when="asked",
)
def revision_floating() -> Text:
    return Text(
        message=tr("No revision is named: a new store may get newer files than this one has."),
        remedy=tr("Pin the commit that you have tried."),
    )


@warning(
    meaning=tr("The download takes hours at the bandwidth of the NAT gateway."),
    example="network: {nat: {bandwidth: 100}}   # with DeepSeek-R1, 642 GB",
    fix=tr("Use the bandwidth that is suggested, for the first deployment at least."),
    source="imroc/tke-guide (more than 16 hours for 642 GB at 100 Mbps)",
)
def download_slow(
    *, model: str, gigabytes: float, hours: float, mbps: int, near: int | None, steps: Iterable[int]
) -> Text:
    """`near`: the bandwidth of the NAT gateway, of the `steps` that there are, that is enough, or the most."""
    return Text(
        message=tr(
            "Fetching {gigabytes:.0f} GB for model {model} takes about {hours:.0f} hours at {mbps} Mbps.",
            gigabytes=gigabytes,
            model=model,
            hours=hours,
            mbps=mbps,
        ),
        remedy=tr("Set network.nat.bandwidth to {near} Mbps.", near=near)
        if near
        else tr("Keep the store (retain) once it is filled."),
        given=tr("{mbps} Mbps", mbps=mbps),
        allowed=", ".join(map(str, steps)),
        fix=(("", {"bandwidth": near}),) if near else (),
    )
