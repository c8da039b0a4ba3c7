"""The nearest change outside a model's own settings that makes it start: another format, machine or engine.

Every change that is offered was tried: image and sizing have no error with it, and memory surely suffices.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from catalog.hardware import Gpu, Machine
from catalog.load import Catalog
from catalog.models import CatalogModel
from planner.engines.check_spread import check_spread
from planner.engines.registry import every, find
from planner.images.check import check_image
from planner.images.decide import plan_image, runs_newest
from planner.model.facts import catalogued, own_id
from planner.serving.placement import Situation
from planner.sizing.check import check_sizing
from planner.sizing.decide import Hardware, plan_sizing
from settings.diagnostics import Fix, blocking
from settings.pools import MACHINE_KINDS
from settings.translation import tr

MOST_MACHINES = 4
"""Machines for one replica that are proposed; more may be asked for."""


def starts(case: Situation, catalog: Catalog, machine: Machine | None = None, *, rigid: bool = False) -> bool:
    """Whether the model starts on the pool's machine, or on another.

    `rigid` keeps the parallelism that was asked for; otherwise the planner may choose it anew.
    """
    gpu = case.host.gpu if machine is None else catalog.gpus[machine.gpu or ""]
    per_node = case.pool.gpus_per_node if machine is None else machine.gpus
    if gpu is None:
        return False
    host = replace(case.host, gpu=gpu)
    image = plan_image(case.ask.engine, host, catalog, case.own_image)
    if blocking(check_image(case.section, case.facts, case.ask.engine, host, image, catalog=catalog)):
        return False
    ask = replace(case.ask if rigid else case.ask.unpinned(), flags=image.flags if image else frozenset())
    hardware = Hardware(gpu, per_node, case.pool.max_nodes)
    sizing = plan_sizing(case.facts, hardware, ask)
    return sizing.holds and not blocking(check_sizing(case.section, case.facts, hardware, ask, sizing))


def one_machine_holds(case: Situation, catalog: Catalog) -> bool:
    """Whether some machine with the pool's GPU holds the model, wherever it is sold."""
    anywhere = replace(case, region=None)
    of_pool = [machine for machine in _machines(anywhere, catalog) if machine.gpu == case.pool.gpu]
    return any(starts(anywhere, catalog, machine) for machine in _smallest_of_each(of_pool))


def ways(case: Situation, catalog: Catalog) -> Iterator[tuple[str, Fix]]:
    """Changes that help, the nearest first, each with a sentence."""
    engine = find(case.ask.engine)
    if engine.instead is not None:
        other = replace(case, ask=replace(case.ask, engine=engine.instead))
        if starts(other, catalog, rigid=True):
            yield tr("Set engine to {instead}.", instead=engine.instead), ((case.at("engine"), engine.instead),)
    machines = _machines(case, catalog)
    yield from _on_machines(case, catalog, [machine for machine in machines if machine.gpu == case.pool.gpu])
    yield from _formats(case, catalog)
    yield from _on_several(case, catalog)
    yield from _on_machines(case, catalog, [machine for machine in machines if machine.gpu != case.pool.gpu])
    if case.facts.family in catalog.models and not engine.own_ids and case.host.gpu is not None:
        yield from _of_own_registries(case, case.host.gpu, catalog.models[case.facts.family])


def _of_own_registries(case: Situation, gpu: Gpu, entry: CatalogModel) -> Iterator[tuple[str, Fix]]:
    """The same model from the registry of an engine that has one, where one GPU holds it."""
    for engine in (each for each in every() if each.own_ids):
        known = own_id(entry, engine)
        if known is not None and entry.weights[engine.formats[0]].gib < gpu.usable_gib:
            change = ((case.at("engine"), engine.name), (case.at("model"), known))
            yield (
                tr("Serve {model} with {title}, which runs on {gpu}.", model=known, title=engine.title, gpu=gpu.name),
                change,
            )


def _machines(case: Situation, catalog: Catalog) -> list[Machine]:
    """Machines with GPUs for this kind of pool and region, the smallest first; those that are sold on invitation, or
    that only an old release of the engine runs on, after all others."""
    if case.pool.kind not in MACHINE_KINDS:
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
        key=lambda m: (
            m.availability != "open",
            not runs_newest(case.ask.engine, catalog.gpus[m.gpu or ""], catalog),
            m.gpus * catalog.gpus[m.gpu or ""].usable_gib,
            m.memory_gib,
            m.name,
        ),
    )


def _smallest_of_each(machines: list[Machine]) -> Iterable[Machine]:
    """The first machine with each number of each GPU: whether a model starts goes by those alone."""
    first: dict[tuple[str | None, float], Machine] = {}
    for machine in machines:
        first.setdefault((machine.gpu, machine.gpus), machine)
    return first.values()


def _unpinned(case: Situation) -> Fix:
    """The change that gives parallelism back to the planner, where the stack file fixes it."""
    asked = {
        "gpus": case.ask.gpus,
        "tensorParallel": case.ask.tensor_parallel,
        "pipelineParallel": case.ask.pipeline_parallel,
        "dataParallel": case.ask.data_parallel,
    }
    return tuple((case.at(setting), None) for setting, value in asked.items() if value is not None)


def _on_machines(case: Situation, catalog: Catalog, machines: list[Machine]) -> Iterator[tuple[str, Fix]]:
    others = [machine for machine in machines if machine.name != case.pool.instance_type]
    unpinned = _unpinned(case)
    for machine in _smallest_of_each(others):
        change: Fix = ((f"pools.{case.pool.name}.instanceType", machine.name),)
        rigid = starts(case, catalog, machine, rigid=True)
        if rigid or (unpinned and starts(case, catalog, machine)):
            holds = tr(
                "Use {machine} ({gpus:g} x {gpu}), which holds it.",
                machine=machine.name,
                gpus=machine.gpus,
                gpu=machine.gpu,
            )
            yield holds, change if rigid else (*change, *unpinned)
            return


def _on_several(case: Situation, catalog: Catalog) -> Iterator[tuple[str, Fix]]:
    """The pool's own machines, as few of them as hold the model together."""
    gpu, slots, pool = case.host.gpu, int(case.pool.gpus_per_node), case.pool
    engine, image = case.ask.engine, case.image
    if gpu is None or slots < 1 or image is None:
        return
    if blocking(check_image(case.section, case.facts, engine, case.host, image, catalog=catalog)):
        return
    for count in range(2, MOST_MACHINES + 1):
        gpus, hardware = slots * count, Hardware(gpu, pool.gpus_per_node, count)
        ask = replace(case.ask.unpinned(), gpus=gpus)
        sizing = plan_sizing(case.facts, hardware, ask)
        against = [
            *check_sizing(case.section, case.facts, hardware, ask, sizing),
            *check_spread(case.section, engine, image.flags, tensor_parallel=1, gpus=gpus, slots=slots, rdma=False),
        ]
        if sizing.holds and not blocking(against):
            unpinned = [change for change in _unpinned(case) if change[0] != case.at("gpus")]
            nodes = count if pool.min_nodes == pool.max_nodes else {"min": pool.min_nodes, "max": count}
            grown = [(f"pools.{pool.name}.nodes", nodes)] if pool.max_nodes < count else []
            change = ((case.at("gpus"), gpus), *unpinned, *grown)
            yield (
                tr(
                    "Set gpus to {gpus}: {count} machines hold it together, and give pool {pool} {count} nodes.",
                    gpus=gpus,
                    count=count,
                    pool=pool.name,
                )
                if grown
                else tr("Set gpus to {gpus}: {count} machines hold it together.", gpus=gpus, count=count),
                change,
            )
            return


def _formats(case: Situation, catalog: Catalog) -> Iterator[tuple[str, Fix]]:
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
        if starts(replace(case, facts=facts, ask=ask), catalog):
            unsaid: Fix = ((case.at("quantization"), None),) if case.ask.quantization else ()
            change: Fix = ((case.at("model"), facts.id), *_unpinned(case), *unsaid)
            yield tr("Use {model} ({format}), which fits this GPU.", model=facts.id, format=facts.format), change


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
