"""What is wrong with the way in which a model lies on its GPUs, or in a node's memory."""

from collections.abc import Iterator

from planner.engines.registry import find
from planner.model.check_cache import check_cache
from planner.model.check_dtype import check_dtype
from planner.model.facts import ModelFacts
from planner.plan.types import PoolPlan
from planner.sizing import codes
from planner.sizing.ask import Ask
from planner.sizing.check_parallelism import check_parallelism
from planner.sizing.codes import NodeShortage, Shortage
from planner.sizing.decide import GOOD_CONTEXT, LEAST_CONTEXT, Hardware, Sizing, tokens
from planner.sizing.memory import PROCESS_GIB
from settings.diagnostics import Diagnostic, blocking, softened
from settings.values import SHORTEST_CONTEXT

HIGH_UTILIZATION = 0.95
SIZE_CODES = (codes.model_too_large.name, codes.context_too_long.name, codes.cpu_offload.name, codes.ram_too_small.name)
"""What says that memory does not suffice: an error, or a warning where RAM may help or a figure that nobody has
verified may be too high."""


def check_sizing(section: str, facts: ModelFacts, hardware: Hardware, ask: Ask, sizing: Sizing) -> list[Diagnostic]:
    """What stands against the sizing of the model that is described in `section`."""
    wrong = [*check_parallelism(section, facts, hardware.slots, hardware.nodes, ask)]
    found = [
        *check_dtype(
            section,
            facts,
            hardware.gpu,
            sizing.precision,
            engine=ask.engine,
            dtype=ask.dtype,
            quantization=ask.quantization,
            flags=ask.flags,
        ),
        *_cache(section, facts, hardware, ask),
        *wrong,
        *_context(section, facts, ask),
        *_utilization(section, ask),
    ]
    if not blocking(wrong):
        found += _memory(section, facts, hardware, ask, sizing)
    if not facts.computable:
        found.append(codes.kv_not_computed(f"{section}.model", model=facts.id))
    return found


def check_on_cpu(section: str, facts: ModelFacts, pool: PoolPlan, sizing: Sizing) -> list[Diagnostic]:
    """What stands against a model in the memory of a node without GPUs; nothing where that memory is not known."""
    if sizing.verdict not in ("doubtful", "refused"):
        return []
    needed = sizing.layout.need.least(sizing.context) + PROCESS_GIB
    shortage = NodeShortage(facts.id, needed, sizing.context, pool.name, pool.allocatable_memory_mib / 1024)
    found = codes.model_too_large(f"{section}.model", shortage=shortage)
    return [found if sizing.verdict == "refused" else softened(found)]


def _cache(section: str, facts: ModelFacts, hardware: Hardware, ask: Ask) -> Iterator[Diagnostic]:
    if ask.cache_dtype is not None and ask.cache_argument is None:
        yield from check_cache(
            section,
            facts,
            hardware.gpu,
            engine=ask.engine,
            dtype=ask.cache_dtype,
            flags=ask.flags,
            chosen=ask.backend_chosen,
        )


def _context(section: str, facts: ModelFacts, ask: Ask) -> Iterator[Diagnostic]:
    path, asked = f"{section}.maxModelLen", ask.context
    if asked is not None and ask.longest is not None and asked > ask.longest:
        yield codes.context_long_for_v0(path, asked=asked, longest=ask.longest)
    if asked is not None and asked > facts.max_positions:
        yield codes.context_beyond_model(
            path,
            model=facts.id,
            asked=asked,
            longest=facts.max_positions,
            settable=facts.max_positions >= SHORTEST_CONTEXT,
            doubtful=ask.longer_allowed or not facts.verified,
        )


def _utilization(section: str, ask: Ask) -> Iterator[Diagnostic]:
    if find(ask.engine).memory != "own" and ask.share > HIGH_UTILIZATION:
        yield codes.utilization_high(f"{section}.gpuMemoryUtilization", share=ask.share, most=HIGH_UTILIZATION)


def _memory(section: str, facts: ModelFacts, hardware: Hardware, ask: Ask, sizing: Sizing) -> Iterator[Diagnostic]:
    layout, gpu = sizing.layout, hardware.gpu.name
    need, limit = layout.need, layout.limit
    if sizing.verdict in ("spills", "doubtful", "refused"):
        found = _shortage(section, facts, hardware, ask, sizing)
        if sizing.verdict == "spills":
            found = codes.cpu_offload(found.path, shortage=found, engine=find(ask.engine).title, gpu=gpu)
        elif find(ask.engine).on_cpu:
            found = codes.ram_too_small(
                found.path,
                shortage=found,
                engine=find(ask.engine).title,
                spilled=layout.spilled(sizing.context, certain=facts.verified and hardware.gpu.verified),
                ram=hardware.ram_share(sizing.gpus),
            )
        yield found if sizing.verdict == "refused" else softened(found)
    elif sizing.verdict == "tight":
        fits = tokens(limit - layout.comfortable(0), need) if need.kv_per_token is not None else 0
        yield codes.memory_tight(
            f"{section}.maxModelLen",
            taken=need.least(sizing.context),
            limit=limit,
            gpu=gpu,
            context=sizing.context,
            shorter=fits if ask.context is not None and fits >= GOOD_CONTEXT else None,
        )


def _shortage(section: str, facts: ModelFacts, hardware: Hardware, ask: Ask, sizing: Sizing) -> Diagnostic:
    """What is missing: for the context that is asked for, or for any."""
    layout, need = sizing.layout, sizing.layout.need
    shortage = Shortage(
        model=facts.id,
        format=facts.format,
        weights=need.weights,
        cache=need.cache(sizing.context),
        context=sizing.context,
        working=need.working + need.encoder,
        loading=need.loading,
        limit=layout.limit,
        usable=layout.usable,
        gpus=sizing.gpus,
        gpu=hardware.gpu.name,
    )
    if ask.context is not None and layout.holds(min(LEAST_CONTEXT, ask.context)):
        return codes.context_too_long(f"{section}.maxModelLen", shortage=shortage)
    return codes.model_too_large(f"{section}.model", shortage=shortage)
