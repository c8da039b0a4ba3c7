"""How a model may be split over GPUs: tensor, pipeline, data and expert parallel, on one machine or on several.

A replica spans machines only where its GPUs are asked for: it needs more software and a fast network, and nobody
should come by it by chance. Data parallelism stays on one machine. Expert parallelism that nobody asked about is chosen
where a layer's experts cannot be cut and their number can, unless the tensor parallel size is asked for.
"""

from dataclasses import replace

from planner.engines.registry import find
from planner.engines.spread import machines
from planner.model.facts import ModelFacts
from planner.sizing.ask import Ask
from planner.sizing.split import Split
from planner.sizing.widths import experts_dealt, heads_divide, uneven


def cut(facts: ModelFacts, ask: Ask, tensor: int, pipeline: int = 1) -> Split:
    """The split of these sizes with what else is asked for, and the experts dealt out where only that goes."""
    engine, data = find(ask.engine), ask.data_parallel or 1
    gathered = engine.experts.gathers and data > 1
    split = Split(tensor, pipeline, data, by_expert=bool(ask.expert_parallel), gathered=gathered)
    free = ask.expert_parallel is None and ask.tensor_parallel is None
    if free and deals_experts(facts, ask) and uneven(facts, split):
        dealt = replace(split, by_expert=True)
        return dealt if divides(facts, ask, dealt) else split
    return split


def deals_experts(facts: ModelFacts, ask: Ask) -> bool:
    """Whether the model has experts, and the release can deal them out."""
    return facts.widths.experts is not None and find(ask.engine).experts.flag in ask.flags


def divides(facts: ModelFacts, ask: Ask, split: Split) -> bool:
    """Whether every layer divides by the split: the one judgement of that, for what is chosen and what is refused."""
    evenly = find(ask.engine).experts.evenly
    whole = heads_divide(facts, split.tensor) and uneven(facts, split) is None
    return whole and experts_dealt(facts, split, evenly=evenly)


def legal_tensor_parallel(facts: ModelFacts, most: int, ask: Ask) -> tuple[int, ...]:
    """The tensor-parallel sizes up to `most` that divide the model beside what else is asked for, ascending; 1 where
    none does."""
    return tuple(size for size in range(1, most + 1) if divides(facts, ask, cut(facts, ask, size))) or (1,)


def splits(facts: ModelFacts, slots: int, nodes: int, ask: Ask) -> list[Split]:
    """The splits that may be used, fewest GPUs first and never empty.

    A machine has `slots` GPUs, and a replica may take up to `nodes` machines.
    """
    slots = max(slots, 1)
    tp, pp, gpus, data = ask.tensor_parallel, ask.pipeline_parallel, ask.gpus, ask.data_parallel or 1
    if not find(ask.engine).tensor_parallel:  # it spreads whole layers over the GPUs it sees; heads play no part
        return [Split(1, n) for n in range(1, slots + 1)] if gpus is None else [Split(1, gpus)]
    if tp is not None:
        return [cut(facts, ask, tp, pp or max(1, (gpus or tp * data) // (tp * data)))]
    inside = legal_tensor_parallel(facts, max(1, slots // data), ask)
    even = [size for size in inside if size & (size - 1) == 0] or [1]
    if (gpus, pp) == (None, None):
        sizes = [1 << n for n in range(max(1, slots // data).bit_length())]
        ways = [(max((t for t in even if t <= n), default=1), n) for n in sizes]
        return [cut(facts, ask, t, n // t) for t, n in ways if n // t <= most_stages(facts, ask)]
    if pp is not None:
        if gpus is not None:
            return [cut(facts, ask, max(1, gpus // (pp * data)), pp)]
        fitting = [t for t in even if not beyond(t * pp * data, slots, nodes)]
        return [cut(facts, ask, t, pp) for t in fitting or [1]]
    assert gpus is not None  # noqa: S101  one of the three was asked for
    each = (gpus if beyond(gpus, slots, nodes) else gpus // machines(gpus, slots)) // data
    best = max((t for t in inside if each % t == 0), default=1)
    return [cut(facts, ask, best, max(1, gpus // (best * data)))]


def most_stages(facts: ModelFacts, ask: Ask) -> int:
    """Pipeline stages that the engine can cut the model into."""
    return 1 if ask.engine in facts.unstaged else facts.layers


def beyond(gpus: int, slots: int, nodes: int) -> bool:
    """Whether so many GPUs are more than the machines have, or cannot be shared evenly by them."""
    return gpus > slots * nodes or machines(gpus, slots) > nodes
