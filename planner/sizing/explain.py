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
        yield Figure("working", need.working, "the least that an engine was seen to compute in")
    if need.encoder:
        yield Figure("images", need.encoder, "what reading one image takes besides")
    beyond = "more would lie in RAM" if find(ask.engine).on_cpu else "the engine cannot start with less"
    yield Figure("needed", least, f"in all: {beyond}")
    if need.loading:
        yield Figure("loading", need.loading, "at once while the engine quantises, before its share is set aside")
    memory_gb = f"of {gpu.memory_gb:g} GB" if layout.usable == gpu.usable_gib else "of a share"
    yield Figure("usable", layout.usable, f"{memory_gb} of {gpu.name}")
    share = "" if layout.limit < layout.usable * layout.share else f"{layout.share:.0%} of it: "
    yield Figure("engine", layout.limit, f"{share}{_because(sizing, 'gpuMemoryUtilization')}")
    yield Figure(
        "left", layout.limit - least, "of the engine's, for more requests and whatever computing takes beyond the least"
    )
    yield Figure("estimate", layout.comfortable(context), _estimate(sizing))


def _weights(facts: ModelFacts, sizing: Sizing) -> str:
    loaded = memory.loaded_gib(facts, sizing.precision.dtype, sizing.precision.at_load)
    split = sizing.layout.split
    doubt = "" if facts.verified else " (a size that nobody has verified)"
    parts = [f"{facts.weights_gib:.2f} GiB of {facts.format} files{doubt}"]
    if facts.format in PLAIN and abs(loaded - facts.weights_gib) > 0.005:
        parts.append(f"{loaded:.2f} GiB as {sizing.precision.at_load or sizing.precision.dtype}")
    if split.gpus > 1:
        whole = " where nothing is held twice" if split.data > 1 or split.by_expert else ""
        parts.append(f"over {split.gpus} GPUs ({split}){whole}")
    return ", ".join(parts)


def _cache(facts: ModelFacts, ask: Ask, sizing: Sizing) -> str:
    need, context = sizing.layout.need, sizing.context
    if need.kv_per_token is None:
        return "the attention of this model is not modelled; its cache was not counted"
    shown = f"{_kib(need.kv_per_token)} per token ({_product(facts, ask, sizing)}) x {context:,} tokens"
    if not need.kv_sliding:
        return shown
    return f"{shown}, and {_sliding(facts, need, context)}"


def _sliding(facts: ModelFacts, need: Need, context: int) -> str:
    tokens = min(context, need.window)
    return f"{_kib(need.kv_sliding)} ({facts.sliding_layers} layers with a window) x {tokens:,} tokens"


def _product(facts: ModelFacts, ask: Ask, sizing: Sizing) -> str:
    split = sizing.layout.split
    size = memory.DTYPE_BYTES[sizing.precision.dtype] if ask.kv_bytes is None else ask.kv_bytes
    if facts.mla:
        numbers = f"({facts.kv_lora_rank} + {facts.qk_rope_head_dim or 0}) numbers"
    else:
        both = facts.head_dim == facts.value_dim
        pair = f"2 x {facts.head_dim}" if both else f"({facts.head_dim} + {facts.value_dim})"
        numbers = f"{facts.kv_heads} KV heads x {pair} numbers"
    product = f"{facts.kv_layers} layers x {numbers} x {size:g} bytes"
    shared = 1 if facts.mla else min(split.tensor, facts.kv_heads)
    product += f" / {shared} GPUs" if shared > 1 else ""
    return product + (f" / {split.pipeline} stages" if split.pipeline > 1 else "")


def _kib(gib: float) -> str:
    return f"{gib * BYTES_PER_GIB / 1024:.4g} KiB"


def _estimate(sizing: Sizing) -> str:
    if sizing.static is not None:
        return "what the engine's own estimate asks for within its share"
    return (
        f"what published estimators ask for: weights x {memory.MARGIN:.3f}, {memory.ACTIVATIONS_GIB:g} GiB of "
        f"activations, {memory.NON_TORCH_GIB:g} GiB of CUDA context, and the cache"
    )


def _because(sizing: Sizing, setting: str) -> str:
    return next((why for name, _, why in sizing.because if name == setting), "")


def choices(ask: Ask, sizing: Sizing, requests: int | None) -> Iterator[tuple[str, str]]:
    """What was chosen and why, as `rehearse` says it; `requests` at once were asked for."""
    named = {"tensorParallel": "split", "maxModelLen": "context", "dtype": "dtype"}
    for setting, choice, why in sizing.because:
        reason = why
        if setting == "tensorParallel" and ask.gpus is not None:
            reason = f"{ask.gpus} GPUs, the fewest on which {requests} requests of that length have room at once"
        if setting == "maxModelLen" and ask.context is not None:
            reason = "asked for" if requests is None else f"asked for, {requests} times at once"
        if setting != "gpuMemoryUtilization":
            yield named.get(setting, setting), f"{choice}: {reason}"
    held = "as many as have room" if find(ask.engine).memory != "own" else "by the engine's own estimate"
    yield "at once", f"{sizing.concurrency:.1f} requests of that length, {held}"
