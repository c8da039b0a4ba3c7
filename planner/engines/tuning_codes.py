"""What can be wrong with the settings that tune an engine."""

from collections.abc import Sequence

from settings.diagnostics import Text, error
from settings.translation import listed, tr


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
