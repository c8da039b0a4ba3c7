"""What can be wrong with the type of a model's KV cache."""

from settings.diagnostics import Text, error
from settings.translation import tr


@error(
    meaning=tr("The model's attention has a cache of one type only in this engine, and another is requested."),
    example="models: {chat: {model: deepseek-ai/DeepSeek-V4-Flash, kvCacheDtype: bfloat16}}",
    fix=tr("Use that type, or leave kvCacheDtype out."),
    source="catalog/data/model_arguments.yaml",
)
def kv_cache_of_model(*, model: str, dtype: str, needed: str) -> Text:
    return Text(
        message=tr(
            "{model} has a cache in {needed} only, and its server would end at {dtype}.",
            model=model,
            needed=needed,
            dtype=dtype,
        ),
        remedy=tr("Set kvCacheDtype to {needed}, or leave it out.", needed=needed),
        given=dtype,
        allowed=needed,
        fix=(("", needed),),
    )


@error(
    meaning=tr(
        "The KV cache cannot have the type that is requested: the GPU has no kernels for it, or the "
        "model's attention or weights rule it out. A warning where no source says."
    ),
    example="pools: {gpu: {instanceType: GN7.2XLARGE32}}    # T4\n"
    "models: {chat: {model: Qwen/Qwen2.5-1.5B-Instruct, kvCacheDtype: fp8}}",
    fix=tr("Leave kvCacheDtype out: the cache then has the type of the computation."),
    source="vLLM 0.29.0, v1/attention/backends; vLLM PR 24577, issue 26431; SGLang's documentation, quantized KV cache",
)
def kv_cache_unsupported(*, model: str, dtype: str, title: str, gpu: str, capability: float, sure: bool) -> Text:
    """`sure`: it is known not to run."""
    where = tr(
        "a cache in {dtype} for {model} on {gpu} (compute capability {capability})",
        dtype=dtype,
        model=model,
        gpu=gpu,
        capability=capability,
    )
    return Text(
        message=tr("{title} has no kernel that keeps {where}.", title=title, where=where)
        if sure
        else tr("No source says that {title}'s release keeps {where}.", title=title, where=where),
        remedy=tr("Leave kvCacheDtype out: the cache then has the type of the computation."),
        given=dtype,
        fix=(("", None),),
    )
