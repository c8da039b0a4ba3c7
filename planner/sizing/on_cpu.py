"""A model on a machine without GPU: the weights and the cache lie in RAM."""

from planner.model.dtype import in_file_s_format
from planner.model.facts import ModelFacts
from planner.plan.types import MemoryBudget, PoolPlan
from planner.sizing import memory
from planner.sizing.ask import Ask
from planner.sizing.decide import GOOD_CONTEXT, LEAST_CONTEXT, Layout, Sizing, tokens
from planner.sizing.memory import PROCESS_GIB
from planner.sizing.split import Split
from settings.translation import tr


def needed_mib(sizing: Sizing) -> int:
    """MiB of RAM that the model takes as it is sized."""
    return round((sizing.layout.need.least(sizing.context) + PROCESS_GIB) * 1024)


def spilled_mib(sizing: Sizing) -> int:
    """MiB of RAM for what the engine does not put into the share of the GPUs that it takes."""
    layout = sizing.layout
    return round(max(0.0, layout.need.least(sizing.context) - layout.limit) * sizing.gpus * 1024)


def plan_on_cpu(facts: ModelFacts, pool: PoolPlan, ask: Ask) -> Sizing:
    """The longest context up to 8,192 that fits the machine's memory; where that is unknown, 8,192."""
    need = memory.need(facts, Split(), "half", kv_bytes=ask.kv_bytes)
    room = pool.allocatable_memory_mib / 1024 - PROCESS_GIB
    good = min(GOOD_CONTEXT, facts.max_positions)
    context = ask.context or good
    if ask.context is None and pool.allocatable_memory_mib and need.kv_per_token is not None:
        fitting = tokens(room - need.weights, need)
        context = min(good, max(fitting, LEAST_CONTEXT))
    layout = Layout(Split(), need, usable=max(room, 0.0), share=1.0, static=None)
    known = pool.allocatable_memory_mib > 0
    return Sizing(
        layout=layout,
        precision=in_file_s_format(ask.engine),
        context=context,
        computed=facts.computable,
        budget=MemoryBudget(
            total=layout.usable + PROCESS_GIB if known else 0.0,
            utilization=layout.share,
            weights=need.weights,
            kv_one_sequence=need.cache(context),
            activations=0.0,
            non_torch=PROCESS_GIB,
        ),
        concurrency=1.0,
        verdict=layout.verdict(context, certain=facts.verified) if known else "ready",
        because=(("maxModelLen", str(context), tr("what fits the node's memory, up to 8,192 on a CPU")),),
    )
