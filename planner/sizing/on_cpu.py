"""A model on a machine without GPU: the weights and the cache lie in RAM."""

from planner.diagnostics.finding import Finding
from planner.model.facts import ModelFacts
from planner.plan.types import MemoryBudget, PoolPlan
from planner.sizing import memory
from planner.sizing.ask import Ask
from planner.sizing.size import CONTEXT_STEP, GOOD_CONTEXT, LEAST_CONTEXT, Misfit, Sizing

PROCESS_GIB = 1.0
"""What an engine takes beside the weights and the cache (estimate, of Ollama)."""


def needed_mib(facts: ModelFacts, context: int) -> int:
    """MiB of RAM that the model takes at this context."""
    need = memory.need(facts, 1, 1, "half")
    return round((need.least(context) + PROCESS_GIB) * 1024)


def lay_on_cpu(facts: ModelFacts, pool: PoolPlan, ask: Ask) -> Sizing | Misfit:
    """The longest context up to 8,192 that fits the machine's memory; where that is unknown, 8,192."""
    need = memory.need(facts, 1, 1, "half")
    room = pool.allocatable_memory_mib / 1024 - PROCESS_GIB
    good = min(GOOD_CONTEXT, facts.max_positions)
    context = ask.context or good
    if ask.context is None and pool.allocatable_memory_mib and need.kv_per_token is not None:
        fitting = need.tokens(room - need.weights) // CONTEXT_STEP * CONTEXT_STEP
        context = min(good, max(fitting, LEAST_CONTEXT))
    findings: tuple[Finding, ...] = ()
    if pool.allocatable_memory_mib and need.least(context) > room:
        findings = (
            Finding(
                severity="error",
                code="MODEL_TOO_LARGE",
                setting="model",
                message=f"{facts.id} needs {need.least(context) + PROCESS_GIB:.1f} GiB of memory at {context} tokens; "
                f"a node of pool {pool.name} has {pool.allocatable_memory_mib / 1024:.1f} GiB.",
                remedy="Use a smaller model, or larger nodes.",
                given=facts.id,
                allowed=f"up to {pool.allocatable_memory_mib / 1024:.1f} GiB",
            ),
        )
    sizing = Sizing(
        tensor_parallel=1,
        pipeline_parallel=1,
        dtype="half",
        at_load=None,
        context=context,
        computed=facts.computable,
        budget=MemoryBudget(
            total=max(room + PROCESS_GIB, 0.0),
            utilization=1.0,
            weights=need.weights,
            kv_one_sequence=need.cache(context),
            activations=0.0,
            non_torch=PROCESS_GIB,
        ),
        concurrency=1.0,
        tight=False,
        findings=findings,
        because=(("maxModelLen", str(context), "what fits the node's memory, up to 8,192 on a CPU"),),
    )
    return Misfit(findings, sizing) if findings else sizing
