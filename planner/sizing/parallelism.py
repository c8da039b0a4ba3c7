"""How a model may be split over GPUs: tensor parallel x pipeline parallel, on one machine or on several.

A replica spans machines only where its GPUs are asked for: it needs more software and a fast network, and nobody
should come by it by chance.
"""

from collections.abc import Iterator

from planner.diagnostics.finding import Finding
from planner.engines.registry import find
from planner.engines.spread import machines
from planner.model.facts import ModelFacts
from planner.sizing import memory
from planner.sizing.ask import Ask

Split = tuple[int, int]


def splits(facts: ModelFacts, slots: int, nodes: int, ask: Ask) -> tuple[list[Split], list[Finding]]:
    """The (TP, PP) that may be used, fewest GPUs first and never empty, and what is wrong with those asked for.

    A machine has `slots` GPUs, and a replica may take up to `nodes` machines.
    """
    slots = max(slots, 1)
    if not find(ask.engine).tensor_parallel:
        return _whole_layers(slots, nodes, ask)
    legal = memory.legal_tensor_parallel(facts, slots * nodes)
    inside = [size for size in legal if size <= slots]
    even = [size for size in inside if size & (size - 1) == 0]
    tp, pp, gpus = ask.tensor_parallel, ask.pipeline_parallel, ask.gpus
    if (gpus, tp, pp) == (None, None, None):
        sizes = [1 << n for n in range(slots.bit_length())]
        return [(tp, n // tp) for n in sizes for tp in [max(t for t in even if t <= n)] if n // tp <= facts.layers], []
    wrong = [*_wrong(facts, slots, nodes, ask, legal)]
    if tp is not None:
        return [(tp, pp or max(1, (gpus or tp) // tp))], wrong
    if pp is not None:
        if gpus is not None:
            return [(max(1, gpus // pp), pp)], wrong
        return [(t, pp) for t in even if not beyond(t * pp, slots, nodes)] or [(1, pp)], wrong
    assert gpus is not None  # noqa: S101  one of the three was asked for
    each = gpus if beyond(gpus, slots, nodes) else gpus // machines(gpus, slots)
    best = max((t for t in inside if each % t == 0), default=1)
    return [(best, gpus // best)], wrong


def beyond(gpus: int, slots: int, nodes: int) -> bool:
    """Whether so many GPUs are more than the machines have, or cannot be shared evenly by them."""
    return gpus > slots * nodes or machines(gpus, slots) > nodes


def _whole_layers(slots: int, nodes: int, ask: Ask) -> tuple[list[Split], list[Finding]]:
    """The engine spreads whole layers over the GPUs it sees; heads play no part."""
    if ask.gpus is None:
        return [(1, n) for n in range(1, slots + 1)], []
    wrong = [_exceeds(ask.gpus, slots, nodes, "gpus", slots)] if beyond(ask.gpus, slots, nodes) else []
    return [(1, ask.gpus)], wrong


def _wrong(facts: ModelFacts, slots: int, nodes: int, ask: Ask, legal: tuple[int, ...]) -> Iterator[Finding]:
    tp, pp, gpus = ask.tensor_parallel, ask.pipeline_parallel, ask.gpus
    too_wide = tp is not None and beyond(tp, slots, nodes)
    inside = [size for size in legal if size <= slots]
    if tp is not None and too_wide:
        yield _exceeds(tp, slots, nodes, "tensorParallel", max(inside))
    elif tp is not None and tp not in legal:
        nearest = max(size for size in legal if size < tp)
        yield Finding(
            severity="error",
            code="HEADS_NOT_DIVISIBLE",
            setting="tensorParallel",
            message=f"{facts.id} has {facts.heads} attention heads and {facts.kv_heads} KV heads, which {tp} GPUs "
            "cannot share evenly.",
            remedy=f"Set tensorParallel to {nearest}, or leave it out.",
            given=str(tp),
            allowed=", ".join(map(str, legal)),
            fix=(("tensorParallel", nearest),),
        )
    elif tp is not None and tp & (tp - 1):
        yield Finding(
            severity="warning",
            code="TENSOR_PARALLEL_UNUSUAL",
            setting="tensorParallel",
            message=f"{tp} divides the heads of {facts.id}, but its other layers are rarely cut for such a number.",
            remedy="Use a power of two.",
            given=str(tp),
            allowed=", ".join(str(size) for size in legal if not size & (size - 1)),
        )
    product = (tp or 1) * (pp or 1)
    if gpus is not None and (gpus % product or (tp is not None and pp is not None and gpus != product)):
        yield Finding(
            severity="error",
            code="PARALLELISM_MISMATCH",
            setting="gpus",
            message=f"{gpus} GPUs per replica are not tensorParallel {tp or 1} x pipelineParallel {pp or 1}.",
            remedy=f"Set gpus to {product}, or leave it out.",
            given=str(gpus),
            allowed="tensorParallel x pipelineParallel",
            fix=(("gpus", None),),
        )
    elif gpus is not None and beyond(gpus, slots, nodes) and not too_wide:
        most = max(size for size in inside if not size & (size - 1))
        yield _exceeds(gpus, slots, nodes, "gpus", most * nodes)
    elif gpus is None and pp is not None and beyond(product, slots, nodes) and not too_wide:
        yield _exceeds(product, slots, nodes, "pipelineParallel", max(1, slots * nodes // (tp or 1)))
    if pp is not None and pp > facts.layers:
        yield Finding(
            severity="error",
            code="TOO_MANY_STAGES",
            setting="pipelineParallel",
            message=f"{facts.id} has {facts.layers} layers; they cannot be cut into {pp} stages.",
            remedy="Leave pipelineParallel out.",
            given=str(pp),
            allowed=f"1 to {facts.layers}",
            fix=(("pipelineParallel", None),),
        )


def _exceeds(asked: int, slots: int, nodes: int, setting: str, nearest: int) -> Finding:
    several = (
        f"A replica of {asked} GPUs does not fit one machine of this pool, which has {slots}, and the pool has one."
    )
    if nodes > 1:
        several = f"{nodes} machines with {slots} GPUs each cannot evenly share a replica of {asked} GPUs."
    return Finding(
        severity="error",
        code="GPUS_EXCEED_NODE",
        setting=setting,
        message=several,
        remedy=f"Set {setting} to {nearest}, leave it out, use a machine with {asked} GPUs, or give the pool more "
        "nodes for a replica to span.",
        given=str(asked),
        allowed=f"up to {slots * nodes}",
        fix=((setting, None),),
    )
