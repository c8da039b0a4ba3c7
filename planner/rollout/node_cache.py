"""Models' files on the disks of their pool's nodes: which, where, and whether that is sooner than from the store."""

import math
from collections.abc import Mapping

from catalog.load import Catalog
from planner.access.namespaces import node_cache_namespace, node_folder
from planner.engines.node_cache import FILLER, FOLDER_KEEPER, UNUSED_DAYS, can_be_kept, keeps_files
from planner.engines.pod import GROUP
from planner.plan.rollout import NodeCachePlan
from planner.plan.types import ModelPlan, PoolPlan
from settings.stack import Settings

FREE = 0.15
"""Share of a node's disk that copies leave free: with less the kubelet removes images (imageGCHighThresholdPercent, 85
by default), and with less than a tenth it evicts pods (evictionHard, nodefs.available)."""
LARGEST_DISK, DISK_STEP = 2048, 10
"""GiB of a system disk at the most, and between two of its sizes (provider: system_disk_size)."""


def plan_node_cache(
    name: str,
    settings: Settings,
    models: Mapping[str, ModelPlan],
    pools: Mapping[str, PoolPlan],
    catalog: Catalog,
) -> NodeCachePlan | None:
    """What is kept on the nodes of this pool; None where that is nothing."""
    kept = [model for key, model in models.items() if model.pool == name and can_be_kept(settings.models[key])]
    if not kept or not keeps_files(settings, settings.pools[name]):
        return None
    namespace = node_cache_namespace(settings.namespace_name())
    sizes = {each.directory: each.bytes for model in kept for each in model.downloads}
    return NodeCachePlan(
        pool=name,
        namespace=namespace,
        folder=node_folder(namespace, name),
        directories=tuple(sizes),
        image=kept[0].spec.image,
        group=GROUP,
        gib=math.ceil(sum(sizes.values()) / 2**30) or 1,
        filler=FILLER,
        keeper=FOLDER_KEEPER,
        days=UNUSED_DAYS,
        free=FREE,
        mbps=disk_mbps(pools[name], catalog),
        seconds=kept[0].image_gib * catalog.durations["image_pull_per_gib"].seconds,
    )


def disk_mbps(pool: PoolPlan, catalog: Catalog) -> float | None:
    """MB/s that the system disk of a pool's nodes reads; None where no source says."""
    facts = catalog.disks.get(pool.disk_type)
    return None if facts is None else facts.reads(pool.disk_gib)


def faster_disk(pool: PoolPlan, mbps: float, catalog: Catalog) -> tuple[str, int] | None:
    """The nearest system disk that reads faster than so much: of the pool's own type if one does, and no smaller."""
    machine = catalog.machines.get(pool.instance_type)
    offered = machine.disk_types if machine is not None and machine.disk_types else tuple(catalog.disks)
    for kind in sorted(offered, key=lambda kind: kind != pool.disk_type):
        facts = catalog.disks.get(kind)
        sizes = range(-(-pool.disk_gib // DISK_STEP) * DISK_STEP, LARGEST_DISK + 1, DISK_STEP)
        fitting = None if facts is None else next((size for size in sizes if facts.reads(size) > mbps), None)
        if fitting is not None:
            return kind, fitting
    return None
