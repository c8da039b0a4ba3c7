"""The CPU nodes: what the chat page, a download and the cluster's own pods need of them."""

from collections.abc import Mapping, Sequence

from catalog.hardware import Machine
from catalog.load import Catalog
from planner.images.size import page_gib
from planner.network.decide import node_bandwidth
from planner.page.decide import SCRATCH, webui_image
from planner.plan.server import on_disk
from planner.plan.software import CpuPods
from planner.plan.types import ModelPlan, SystemPoolPlan, WebuiPlan
from planner.pools.allocatable import allocatable
from planner.pools.decide import POOL_LABEL, disk_for
from planner.serving.downloads import SCRATCH as DOWNLOAD_SCRATCH
from planner.software.addons import SYSTEM, daemonsets
from planner.software.prometheus import KEPT_GIB, installs_prometheus
from settings.stack import Settings

CLUSTER_CPU_MILLIS = 500
CLUSTER_MEMORY_MIB = 768
"""Allowance for what a cluster runs once: name service, metrics, controllers of add-ons."""


def smallest(
    settings: Settings,
    catalog: Catalog,
    models: Mapping[str, ModelPlan],
    webui: WebuiPlan | None,
    others: Sequence[CpuPods],
) -> str | None:
    """The smallest CPU machine that holds everything: of the usual family where that has one."""
    usual = str(type(settings.cluster.system_pool).model_fields["instance_type"].default)
    fitting = [
        machine
        for machine in catalog.machines.values()
        if not machine.gpus and holds(machine, settings, catalog, models, webui, others=others)
    ]
    order = sorted(fitting, key=lambda m: (m.family != usual.partition(".")[0], m.vcpu, m.memory_gib))
    return order[0].name if order else None


def holds(
    machine: Machine,
    settings: Settings,
    catalog: Catalog,
    models: Mapping[str, ModelPlan],
    webui: WebuiPlan | None,
    *,
    others: Sequence[CpuPods],
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
    pods += [(each.memory_mib, each.cpu_millis) for each in others for _ in range(each.count)]
    pods += sorted((model.download.memory_mib, model.download.cpu_millis) for model in models.values())[-1:]
    for memory, cpu in sorted(pods, reverse=True):
        place = next((i for i, room in enumerate(free) if room[0] >= memory and room[1] >= cpu), None)
        if place is None:
            return False
        free[place] = (free[place][0] - memory, free[place][1] - cpu)
    return True


def needed_disk(settings: Settings, catalog: Catalog, models: Mapping[str, ModelPlan], webui: WebuiPlan | None) -> int:
    """GiB that the system disk of a CPU node needs for the images of downloads and page, and what their pods write."""
    images = {model.download.image: model.download_image_gib for model in models.values()}
    if webui is not None:
        images[webui.image] = page_gib(webui_image(settings, catalog), catalog)
    kept = KEPT_GIB if installs_prometheus(settings) else 0
    return disk_for(images.values(), _written(models, webui) + kept)


def _written(models: Mapping[str, ModelPlan], webui: WebuiPlan | None) -> int:
    """GiB that the pods of one node may write; downloads may follow one another."""
    return (on_disk(SCRATCH) if webui else 0) + (on_disk([DOWNLOAD_SCRATCH]) if models else 0)


def plan_system_pool(settings: Settings) -> SystemPoolPlan:
    """The CPU nodes of a cluster that is made."""
    pool = settings.cluster.system_pool
    return SystemPoolPlan(
        instance_type=pool.instance_type,
        nodes=pool.nodes,
        disk_gib=pool.disk,
        key_id=pool.key_id,
        labels=((POOL_LABEL, SYSTEM),),
        public_bandwidth=node_bandwidth(settings),
    )
