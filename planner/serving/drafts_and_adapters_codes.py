"""What can be wrong with draft models, LoRA adapters and the cache of a model's server."""

from collections.abc import Sequence

from settings.diagnostics import Text, error, warning
from settings.translation import tr


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
