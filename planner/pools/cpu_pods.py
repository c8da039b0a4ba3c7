"""Where pods without GPU run: downloads, the chat page, and what belongs to it."""

from collections.abc import Mapping

from planner.plan.types import ClusterPlan, CpuPlan, ExistingClusterPlan, PoolPlan
from planner.pools.decide import SUPER_NODE_SELECTOR
from planner.serving import super_nodes


def plan_cpu(cluster: ClusterPlan | ExistingClusterPlan, pools: Mapping[str, PoolPlan]) -> CpuPlan:
    """On our own cluster the system pool. On one that exists: a pool without GPU where the stack file names one; super
    nodes where there is nothing else; any other node but those with GPUs and super nodes, which TKE would fill with
    whatever finds no room elsewhere, and bill."""
    if isinstance(cluster, ClusterPlan):
        return CpuPlan(node_selector=cluster.system_pool.labels)
    plain = next((pool for pool in pools.values() if pool.gpu is None), None)
    if plain is not None:
        return CpuPlan(node_selector=plain.node_selector, tolerations=plain.tolerations)
    if pools and all(pool.kind == "super" for pool in pools.values()):
        pool = next(iter(pools.values()))
        return CpuPlan(
            node_selector=pool.node_selector,
            tolerations=pool.tolerations,
            annotations=super_nodes.eip(pool),
            download_annotations=super_nodes.disk(pool),
        )
    labelled = [pool.node_selector for pool in pools.values() if pool.node_selector]
    return CpuPlan(avoid=tuple(dict.fromkeys([SUPER_NODE_SELECTOR, *labelled])))
