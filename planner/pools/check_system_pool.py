"""What is wrong with the CPU nodes of a cluster that a stack makes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from catalog.load import Catalog
from catalog.names import machine_meant
from planner.plan.software import CpuPods
from planner.plan.types import ModelPlan, WebuiPlan
from planner.pools import machine_codes
from planner.pools import system_pool_codes as codes
from planner.pools.system_pool import holds, needed_disk, smallest
from settings.diagnostics import Diagnostic
from settings.stack import Settings

PATH = "cluster.systemPool.instanceType"


def check_system_pool(
    settings: Settings,
    catalog: Catalog,
    models: Mapping[str, ModelPlan],
    webui: WebuiPlan | None,
    others: Sequence[CpuPods],
) -> Iterator[Diagnostic]:
    """What is wrong with the CPU pool of a cluster that this stack makes."""
    if not settings.owns_cluster():
        return
    pool = settings.cluster.system_pool
    machine = catalog.machines.get(pool.instance_type)
    near = partial(smallest, settings, catalog, models, webui, others)
    if machine is None:
        yield _unknown(pool.instance_type, catalog, near)
        return
    if machine.gpus:
        yield codes.system_pool_has_gpu(PATH, machine=machine.name, near=near())
    elif not holds(machine, settings, catalog, models, webui, others=others):
        yield codes.system_pool_too_small(
            PATH,
            nodes=pool.nodes,
            machine=machine.name,
            page_copies=webui.replicas if webui else 0,
            page_mib=webui.memory_mib if webui else 0,
            download_mib=max((model.download.memory_mib for model in models.values()), default=0),
            others=[(each.title, each.count, each.memory_mib) for each in others],
            near=near(),
        )
    need = needed_disk(settings, catalog, models, webui)
    if pool.disk < need:
        yield codes.system_disk_too_small("cluster.systemPool.disk", size=pool.disk, need=need)


def _unknown(given: str, catalog: Catalog, smallest_holding: Callable[[], str | None]) -> Diagnostic:
    plain = tuple(machine.name for machine in catalog.machines.values() if not machine.gpus)
    near = machine_meant(given, plain)
    holding = None if near else smallest_holding()
    return machine_codes.unknown_machine(PATH, machine=given, near=near, holding=holding, gpu=False, known=plain)
