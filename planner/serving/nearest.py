"""The nearest change outside a model's own settings that makes it start: another format, machine or engine.

Every change that is offered was tried: image and sizing have no error with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from catalog.load import Catalog
from catalog.types import CatalogModel, Gpu, Machine
from planner.diagnostics.finding import blocking
from planner.engines.check_spread import check_spread
from planner.engines.registry import every, find
from planner.images import choose as images
from planner.model.facts import ModelFacts, catalogued
from planner.plan.types import PoolPlan
from planner.sizing.ask import Ask
from planner.sizing.size import Sizing, size
from settings import diagnostics

Change = tuple[tuple[str, object], ...]

MOST_MACHINES = 4
"""Machines for one replica that are proposed; more may be asked for."""


@dataclass(frozen=True)
class Situation:
    """A model on a pool, as asked. `image` is the stack file's own, `region` the stack's, None where not known."""

    facts: ModelFacts
    ask: Ask
    host: images.Host
    pool: PoolPlan
    image: str | None
    region: str | None
    quantization: str | None


def starts(case: Situation, catalog: Catalog, machine: Machine | None = None, *, rigid: bool = False) -> Sizing | None:
    """The sizing where the model starts on the pool's machine, or on another; None where it does not.

    `rigid` keeps the parallelism that was asked for; otherwise the planner may choose it anew.
    """
    gpu = case.host.gpu if machine is None else catalog.gpus[machine.gpu or ""]
    per_node = case.pool.gpus_per_node if machine is None else machine.gpus
    if gpu is None:
        return None
    host = replace(case.host, gpu=gpu)
    choice, findings = images.choose(case.facts, case.ask.engine, host, catalog, image=case.image)
    if choice is None or blocking(findings):
        return None
    ask = case.ask if rigid else replace(case.ask, gpus=None, tensor_parallel=None, pipeline_parallel=None)
    outcome = size(case.facts, gpu, per_node, ask, case.pool.max_nodes)
    return outcome if isinstance(outcome, Sizing) else None


def one_machine_holds(case: Situation, catalog: Catalog) -> bool:
    """Whether some machine with the pool's GPU holds the model, wherever it is sold."""
    anywhere = replace(case, region=None)
    return any(
        starts(anywhere, catalog, machine) is not None
        for machine in _machines(anywhere, catalog)
        if machine.gpu == case.pool.gpu
    )


def ways(case: Situation, catalog: Catalog) -> Iterator[tuple[str, Change]]:
    """Changes that help, the nearest first, each with a sentence."""
    engine = find(case.ask.engine)
    if engine.instead is not None:
        other = replace(case, ask=replace(case.ask, engine=engine.instead))
        if starts(other, catalog, rigid=True) is not None:
            yield f"Set engine to {engine.instead}.", (("engine", engine.instead),)
    machines = _machines(case, catalog)
    yield from _on_machines(case, catalog, [machine for machine in machines if machine.gpu == case.pool.gpu])
    yield from _formats(case, catalog)
    yield from _on_several(case, catalog)
    yield from _on_machines(case, catalog, [machine for machine in machines if machine.gpu != case.pool.gpu])
    if case.facts.family in catalog.models and not engine.own_ids and case.host.gpu is not None:
        yield from _of_own_registries(case.host.gpu, catalog.models[case.facts.family])


def _of_own_registries(gpu: Gpu, entry: CatalogModel) -> Iterator[tuple[str, Change]]:
    """The same model from the registry of an engine that has one, where one GPU holds it."""
    for engine in (each for each in every() if each.own_ids):
        weights = entry.weights.get(engine.formats[0])
        known = weights.repository(engine.sources[0]) if weights else None
        if weights is not None and known is not None and weights.gib < gpu.usable_gib:
            change = (("engine", engine.name), ("model", known))
            yield f"Serve {known} with {engine.title}, which runs on {gpu.name}.", change


def _machines(case: Situation, catalog: Catalog) -> list[Machine]:
    """Machines with GPUs for this kind of pool and region, the smallest first."""
    if case.pool.kind not in ("native", "ordinary"):
        return []
    found = [
        machine
        for machine in catalog.machines.values()
        if machine.gpu is not None
        and machine.gpus >= 1
        and (case.pool.kind != "native" or machine.native)
        and (case.region is None or not machine.regions or case.region in machine.regions)
    ]
    return sorted(
        found,
        key=lambda m: (m.availability != "open", m.gpus * catalog.gpus[m.gpu or ""].usable_gib, m.memory_gib, m.name),
    )


def _unpinned(case: Situation) -> Change:
    """The change that gives parallelism back to the planner, where the stack file fixes it."""
    asked = {
        "gpus": case.ask.gpus,
        "tensorParallel": case.ask.tensor_parallel,
        "pipelineParallel": case.ask.pipeline_parallel,
    }
    return tuple((setting, None) for setting, value in asked.items() if value is not None)


def _on_machines(case: Situation, catalog: Catalog, machines: list[Machine]) -> Iterator[tuple[str, Change]]:
    for machine in machines:
        if machine.name == case.pool.instance_type:
            continue
        change: Change = ((f"/pools.{case.pool.name}.instanceType", machine.name),)
        rigid = starts(case, catalog, machine, rigid=True)
        if rigid is not None or starts(case, catalog, machine) is not None:
            holds = f"Use {machine.name} ({machine.gpus:g} x {machine.gpu}), which holds it."
            yield holds, change if rigid is not None else (*change, *_unpinned(case))
            return


def _on_several(case: Situation, catalog: Catalog) -> Iterator[tuple[str, Change]]:
    """The pool's own machines, as few of them as hold the model together."""
    gpu, slots, pool = case.host.gpu, int(case.pool.gpus_per_node), case.pool
    choice, findings = images.choose(case.facts, case.ask.engine, case.host, catalog, image=case.image)
    if gpu is None or slots < 1 or choice is None or blocking(findings):
        return
    for count in range(2, MOST_MACHINES + 1):
        gpus = slots * count
        ask = replace(case.ask, gpus=gpus, tensor_parallel=None, pipeline_parallel=None)
        laid = size(case.facts, gpu, pool.gpus_per_node, ask, count)
        against = check_spread("", case.ask.engine, choice.flags, tensor_parallel=1, gpus=gpus, slots=slots, rdma=False)
        if isinstance(laid, Sizing) and not diagnostics.blocking(against):
            unpinned = [change for change in _unpinned(case) if change[0] != "gpus"]
            nodes = count if pool.min_nodes == pool.max_nodes else {"min": pool.min_nodes, "max": count}
            grown = [(f"/pools.{pool.name}.nodes", nodes)] if pool.max_nodes < count else []
            enough = f", and give pool {pool.name} {count} nodes" if grown else ""
            yield f"Set gpus to {gpus}: {count} machines hold it together{enough}.", (("gpus", gpus), *unpinned, *grown)
            return


def _formats(case: Situation, catalog: Catalog) -> Iterator[tuple[str, Change]]:
    """Repositories of the same model in another format, the most exact that starts."""
    readable = find(case.ask.engine).formats
    if not case.facts.catalogued:
        return
    others = {
        known: facts
        for entry in catalog.models.mentioning(case.facts.family)
        if any(case.facts.id in (w.huggingface, w.modelscope) for w in entry.weights.values())
        for known in entry.weights
        if known in readable and known != case.facts.format and (facts := catalogued(entry, known))
    }
    ask = replace(case.ask, quantization=None)
    for facts in sorted(others.values(), key=lambda facts: -facts.weights_gib):
        if starts(replace(case, facts=facts, ask=ask), catalog) is not None:
            change: Change = (("model", facts.id), *_unpinned(case))
            unsaid: Change = (("quantization", None),) if case.quantization else ()
            yield f"Use {facts.id} ({facts.format}), which fits this GPU.", (*change, *unsaid)


def roomier(case: Situation, gpus: int, memory_mib: int, catalog: Catalog) -> Machine | None:
    """The smallest other machine with the pool's GPU whose memory gives `gpus` of its GPUs a share of that many MiB.

    A quarter is allowed for what the node keeps to itself.
    """
    return next(
        (
            machine
            for machine in _machines(case, catalog)
            if machine.gpu == case.pool.gpu
            and machine.gpus >= gpus
            and machine.memory_gib * 1024 * gpus / machine.gpus >= memory_mib * 1.25
            and machine.name != case.pool.instance_type
        ),
        None,
    )
