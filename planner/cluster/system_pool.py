"""The CPU nodes: whether they hold the chat page, a download and the add-ons."""

from collections.abc import Iterator, Mapping

from catalog.load import Catalog
from catalog.types import Machine
from planner.page.decide import SCRATCH, webui_image
from planner.plan.server import on_disk
from planner.plan.types import ModelPlan, WebuiPlan
from planner.pools.allocatable import allocatable
from planner.pools.decide import disk_for
from planner.rollout.order import image_gib
from planner.serving.downloads import SCRATCH as DOWNLOAD_SCRATCH
from planner.software.addons import daemonsets
from settings.diagnostics import Diagnostic
from settings.models import Settings
from settings.suggest import closest

PATH = "cluster.systemPool.instanceType"

CLUSTER_CPU_MILLIS = 500
CLUSTER_MEMORY_MIB = 768
"""Allowance for what a cluster runs once: name service, metrics, controllers of add-ons."""


def check_system_pool(
    settings: Settings, catalog: Catalog, models: Mapping[str, ModelPlan], webui: WebuiPlan | None
) -> Iterator[Diagnostic]:
    """What is wrong with the CPU pool of a cluster that this stack makes."""
    if not settings.owns_cluster():
        return
    given = settings.cluster.system_pool.instance_type
    machine = catalog.machines.get(given)
    if machine is None:
        yield _unknown(given, catalog)
        return
    if machine.gpus:
        near = _smallest(settings, catalog, models, webui)
        yield Diagnostic(
            severity="error",
            code="SYSTEM_POOL_HAS_GPU",
            path=PATH,
            message=f"{given} has a GPU, which nothing on the CPU nodes would use.",
            remedy=f"Use {near}." if near else "Use a machine type without GPU.",
            given=given,
            allowed="machine types without GPU",
            fix=((PATH, near),) if near else (),
        )
    elif not _holds(machine, settings, catalog, models, webui):
        near = _smallest(settings, catalog, models, webui)
        yield Diagnostic(
            severity="error",
            code="SYSTEM_POOL_TOO_SMALL",
            path=PATH,
            message=f"{settings.cluster.system_pool.nodes} x {given} cannot hold {_wanted(models, webui)}.",
            remedy=f"Use {near}." if near else "Use a larger machine type, or more nodes.",
            given=given,
            allowed="machine types with room for every pod",
            fix=((PATH, near),) if near else (),
        )
    yield from _disk(settings, catalog, models, webui)


def _unknown(given: str, catalog: Catalog) -> Diagnostic:
    plain = tuple(machine.name for machine in catalog.machines.values() if not machine.gpus)
    near = closest(given, plain)
    return Diagnostic(
        severity="error",
        code="UNKNOWN_MACHINE",
        path=PATH,
        message=f"The catalogue has no machine type {given}.",
        remedy=f"Use {near}." if near else "Use a machine type of the list.",
        given=given,
        allowed=", ".join(plain),
        fix=((PATH, near),) if near else (),
    )


def _wanted(models: Mapping[str, ModelPlan], webui: WebuiPlan | None) -> str:
    page = f"the chat page ({webui.replicas} x {webui.memory_mib} MiB), " if webui else ""
    load = max((model.download.memory_mib for model in models.values()), default=0)
    return f"{page}a download ({load} MiB) and the cluster's own pods"


def _smallest(
    settings: Settings, catalog: Catalog, models: Mapping[str, ModelPlan], webui: WebuiPlan | None
) -> str | None:
    """The smallest CPU machine that holds everything: of the usual family where that has one."""
    usual = str(type(settings.cluster.system_pool).model_fields["instance_type"].default)
    fitting = [
        machine
        for machine in catalog.machines.values()
        if not machine.gpus and _holds(machine, settings, catalog, models, webui)
    ]
    order = sorted(fitting, key=lambda m: (m.family != usual.partition(".")[0], m.vcpu, m.memory_gib))
    return order[0].name if order else None


def _holds(
    machine: Machine, settings: Settings, catalog: Catalog, models: Mapping[str, ModelPlan], webui: WebuiPlan | None
) -> bool:
    """Whether the nodes take every pod at once, the largest first, each on the first node with room.

    Downloads may follow one another, so the largest alone counts.
    """
    cpu, memory = allocatable(machine, daemonsets(settings, catalog, gpu=False), catalog)
    free = [(memory, cpu)] * settings.cluster.system_pool.nodes
    pods = [(CLUSTER_MEMORY_MIB, CLUSTER_CPU_MILLIS)]
    if webui is not None:
        pods += [(webui.memory_mib, webui.cpu_millis)] * webui.replicas
    if webui is not None and webui.redis is not None:
        pods.append((webui.redis.memory_mib, webui.redis.cpu_millis))
    pods += sorted((model.download.memory_mib, model.download.cpu_millis) for model in models.values())[-1:]
    for memory, cpu in sorted(pods, reverse=True):
        place = next((i for i, room in enumerate(free) if room[0] >= memory and room[1] >= cpu), None)
        if place is None:
            return False
        free[place] = (free[place][0] - memory, free[place][1] - cpu)
    return True


def _disk(
    settings: Settings, catalog: Catalog, models: Mapping[str, ModelPlan], webui: WebuiPlan | None
) -> Iterator[Diagnostic]:
    images = {model.download.image: image_gib(model.download.image, model.engine, catalog) for model in models.values()}
    if webui is not None:
        name = webui_image(settings, catalog)
        known = {f"{image.repository}:{image.tag}": image.size_gib for image in catalog.images}
        images[webui.image] = known.get(name or "") or 0
    have, need = settings.cluster.system_pool.disk, disk_for(images.values(), _written(models, webui))
    if have < need:
        yield Diagnostic(
            severity="error",
            code="SYSTEM_DISK_TOO_SMALL",
            path="cluster.systemPool.disk",
            message="Downloads run in the engine's image, which is unpacked on the CPU nodes, where the pods write as "
            f"well: {need} GiB are needed.",
            remedy=f"Set cluster.systemPool.disk to {need}.",
            given=f"{have} GiB",
            allowed=f"{need} to 2048 GiB",
            fix=(("cluster.systemPool.disk", need),),
        )


def _written(models: Mapping[str, ModelPlan], webui: WebuiPlan | None) -> int:
    """GiB that the pods of one node may write; downloads may follow one another."""
    return (on_disk(SCRATCH) if webui else 0) + (on_disk([DOWNLOAD_SCRATCH]) if models else 0)
