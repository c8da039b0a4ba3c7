"""The arithmetic of a sizing, line by line, for `tke-llm fit --explain`: the very figures that it was decided by."""

from collections.abc import Iterator
from dataclasses import dataclass

from planner.engines.registry import find
from planner.model.dtype import PLAIN
from planner.model.facts import BYTES_PER_GIB, ModelFacts
from planner.sizing import memory
from planner.sizing.ask import Ask
from planner.sizing.decide import Hardware, Sizing
from planner.sizing.memory import Need
from settings.translation import joined, tr


@dataclass(frozen=True)
class Figure:
    """GiB of one GPU, and where they come from; None where nothing can be computed."""

    name: str
    gib: float | None
    how: str


def arithmetic(facts: ModelFacts, hardware: Hardware, ask: Ask, sizing: Sizing) -> Iterator[Figure]:
    """What one GPU must hold, what there is, and what is left; then what estimators would keep free."""
    layout, context = sizing.layout, sizing.context
    need, gpu = layout.need, hardware.gpu
    least = need.least(context)
    yield Figure("weights", need.weights, _weights(facts, sizing))
    yield Figure("cache", need.cache(context) if sizing.computed else None, _cache(facts, ask, sizing))
    if need.working:
        yield Figure("working", need.working, tr("the least that an engine was seen to compute in"))
    if need.encoder:
        yield Figure("images", need.encoder, tr("what reading one image takes besides"))
    beyond = tr("more would lie in RAM") if find(ask.engine).on_cpu else tr("the engine cannot start with less")
    yield Figure("needed", least, tr("in all: {beyond}", beyond=beyond))
    if need.loading:
        yield Figure("loading", need.loading, tr("at once while the engine quantises, before its share is set aside"))
    whole = layout.usable == gpu.usable_gib
    of_gpu = (
        tr("of {memory_gb:g} GB of {gpu}", memory_gb=gpu.memory_gb, gpu=gpu.name)
        if whole
        else tr("of a share of {gpu}", gpu=gpu.name)
    )
    yield Figure("usable", layout.usable, of_gpu)
    yield Figure("engine", layout.limit, _share(sizing))
    yield Figure(
        "left",
        layout.limit - least,
        tr("of the engine's, for more requests and whatever computing takes beyond the least"),
    )
    yield Figure("estimate", layout.comfortable(context), _estimate(sizing))


def _weights(facts: ModelFacts, sizing: Sizing) -> str:
    loaded = memory.loaded_gib(facts, sizing.precision.dtype, sizing.precision.at_load)
    split = sizing.layout.split
    doubt = "" if facts.verified else tr(" (a size that nobody has verified)")
    parts = [
        tr(
            "{weights_gib:.2f} GiB of {format} files{doubt}",
            weights_gib=facts.weights_gib,
            format=facts.format,
            doubt=doubt,
        )
    ]
    if facts.format in PLAIN and abs(loaded - facts.weights_gib) > 0.005:
        parts.append(
            tr(
                "{loaded:.2f} GiB as {at_load}",
                loaded=loaded,
                at_load=sizing.precision.at_load or sizing.precision.dtype,
            )
        )
    if split.gpus > 1:
        parts.append(
            tr("over {gpus} GPUs ({split}) where nothing is held twice", gpus=split.gpus, split=str(split))
            if split.data > 1 or split.by_expert
            else tr("over {gpus} GPUs ({split})", gpus=split.gpus, split=str(split))
        )
    return joined(parts)


def _cache(facts: ModelFacts, ask: Ask, sizing: Sizing) -> str:
    need, context = sizing.layout.need, sizing.context
    if need.kv_per_token is None:
        return tr("the attention of this model is not modelled; its cache was not counted")
    shown = tr(
        "{kib} per token ({product}) x {context:,} tokens",
        kib=_kib(need.kv_per_token),
        product=_product(facts, ask, sizing),
        context=context,
    )
    if not need.kv_sliding:
        return shown
    return tr("{full}, and {sliding}", full=shown, sliding=_sliding(facts, need, context))


def _sliding(facts: ModelFacts, need: Need, context: int) -> str:
    tokens = min(context, need.window)
    return tr(
        "{kib} ({sliding_layers} layers with a window) x {tokens:,} tokens",
        kib=_kib(need.kv_sliding),
        sliding_layers=facts.sliding_layers,
        tokens=tokens,
    )


def _product(facts: ModelFacts, ask: Ask, sizing: Sizing) -> str:
    split = sizing.layout.split
    size = memory.DTYPE_BYTES[sizing.precision.dtype] if ask.kv_bytes is None else ask.kv_bytes
    if facts.mla:
        numbers = tr(
            "({kv_lora_rank} + {qk_rope_head_dim}) numbers",
            kv_lora_rank=facts.kv_lora_rank,
            qk_rope_head_dim=facts.qk_rope_head_dim or 0,
        )
    else:
        both = facts.head_dim == facts.value_dim
        pair = f"2 x {facts.head_dim}" if both else f"({facts.head_dim} + {facts.value_dim})"
        numbers = tr("{kv_heads} KV heads x {pair} numbers", kv_heads=facts.kv_heads, pair=pair)
    product = tr(
        "{kv_layers} layers x {numbers} x {size:g} bytes", kv_layers=facts.kv_layers, numbers=numbers, size=size
    )
    shared = 1 if facts.mla else min(split.tensor, facts.kv_heads)
    product += tr(" / {shared} GPUs", shared=shared) if shared > 1 else ""
    return product + (tr(" / {pipeline} stages", pipeline=split.pipeline) if split.pipeline > 1 else "")


def _kib(gib: float) -> str:
    return f"{gib * BYTES_PER_GIB / 1024:.4g} KiB"


def _estimate(sizing: Sizing) -> str:
    if sizing.static is not None:
        return tr("what the engine's own estimate asks for within its share")
    return tr(
        "what published estimators ask for: weights x {margin:.3f}, {activations_gib:g} GiB of "
        "activations, {non_torch_gib:g} GiB of CUDA context, and the cache",
        margin=memory.MARGIN,
        activations_gib=memory.ACTIVATIONS_GIB,
        non_torch_gib=memory.NON_TORCH_GIB,
    )


def _share(sizing: Sizing) -> str:
    layout = sizing.layout
    because = next((why for name, _, why in sizing.because if name == "gpuMemoryUtilization"), "")
    if layout.limit < layout.usable * layout.share:
        return because
    return tr("{share:.0%} of it: {because}", share=layout.share, because=because)


def choices(ask: Ask, sizing: Sizing, requests: int | None) -> Iterator[tuple[str, str]]:
    """What was chosen and why, as `rehearse` says it; `requests` at once were asked for."""
    named = {"tensorParallel": tr("split"), "maxModelLen": tr("context"), "dtype": "dtype"}
    for setting, choice, why in sizing.because:
        reason = why
        if setting == "tensorParallel" and ask.gpus is not None:
            reason = tr(
                "{gpus} GPUs, the fewest on which {requests} requests of that length have room at once",
                gpus=ask.gpus,
                requests=requests,
            )
        if setting == "maxModelLen" and ask.context is not None:
            reason = (
                tr("asked for") if requests is None else tr("asked for, {requests} times at once", requests=requests)
            )
        if setting != "gpuMemoryUtilization":
            yield named.get(setting, setting), tr("{choice}: {reason}", choice=choice, reason=reason)
    held = tr("as many as have room") if find(ask.engine).memory != "own" else tr("by the engine's own estimate")
    yield (
        tr("at once"),
        tr("{concurrency:.1f} requests of that length, {held}", concurrency=sizing.concurrency, held=held),
    )
