"""How a model may be split over GPUs: tensor parallel x pipeline parallel, on one machine or on several.

A replica spans machines only where its GPUs are asked for: it needs more software and a fast network, and nobody
should come by it by chance.
"""

from planner.engines.registry import find
from planner.engines.spread import machines
from planner.model.facts import ModelFacts
from planner.sizing.ask import Ask
from planner.sizing.split import Split


def splits(facts: ModelFacts, slots: int, nodes: int, ask: Ask) -> list[Split]:
    """The (TP, PP) that may be used, fewest GPUs first and never empty.

    A machine has `slots` GPUs, and a replica may take up to `nodes` machines.
    """
    slots = max(slots, 1)
    tp, pp, gpus = ask.tensor_parallel, ask.pipeline_parallel, ask.gpus
    if not find(ask.engine).tensor_parallel:  # it spreads whole layers over the GPUs it sees; heads play no part
        return [Split(1, n) for n in range(1, slots + 1)] if gpus is None else [Split(1, gpus)]
    inside = legal_tensor_parallel(facts, slots)
    even = [size for size in inside if size & (size - 1) == 0]
    if (gpus, tp, pp) == (None, None, None):
        sizes = [1 << n for n in range(slots.bit_length())]
        return [Split(tp, n // tp) for n in sizes for tp in [max(t for t in even if t <= n)] if n // tp <= facts.layers]
    if tp is not None:
        return [Split(tp, pp or max(1, (gpus or tp) // tp))]
    if pp is not None:
        if gpus is not None:
            return [Split(max(1, gpus // pp), pp)]
        return [Split(t, pp) for t in even if not beyond(t * pp, slots, nodes)] or [Split(1, pp)]
    assert gpus is not None  # noqa: S101  one of the three was asked for
    each = gpus if beyond(gpus, slots, nodes) else gpus // machines(gpus, slots)
    best = max((t for t in inside if each % t == 0), default=1)
    return [Split(best, gpus // best)]


def beyond(gpus: int, slots: int, nodes: int) -> bool:
    """Whether so many GPUs are more than the machines have, or cannot be shared evenly by them."""
    return gpus > slots * nodes or machines(gpus, slots) > nodes


def legal_tensor_parallel(facts: ModelFacts, most: int) -> tuple[int, ...]:
    """The tensor-parallel sizes up to `most` that divide the model, ascending.

    The attention heads must be a multiple of it, and of the KV heads (MLA has none to split) and it one must divide
    the other: vLLM and SGLang assert both as they build the layers.
    """
    return tuple(
        size
        for size in range(1, most + 1)
        if facts.heads % size == 0
        and (facts.mla or not facts.computable or facts.kv_heads % size == 0 or size % facts.kv_heads == 0)
    )
