"""Which pools' nodes get the engines' images ahead of the replicas, and what that takes of a node."""

from planner.plan.server import Resources
from settings.pools import Pool
from settings.stack import Settings

PREFETCH = Resources(cpu_millis=10, memory_mib=32, gpus=0)
"""What the pod asks for that keeps images on a node: it sleeps."""


def is_prefetched(settings: Settings, pool: Pool) -> bool:
    """Whether the images of a pool's engines are pulled onto its nodes ahead of the replicas."""
    return settings.warm_start.images and has_known_nodes(pool)


def has_known_nodes(pool: Pool) -> bool:
    """Whether something can be kept on each node of a pool. On super nodes no DaemonSet runs (vendor 457/40027), and
    nodes that no label tells from others might be any of the cluster's."""
    return bool(pool.node_selector) if pool.kind == "existing" else pool.kind != "super"
