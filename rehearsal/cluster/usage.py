"""Who runs where: nodes with what is asked of them, and pods that wait."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from catalog.load import Catalog
from planner.plan.types import ClusterPlan, Plan
from planner.software.addons import SYSTEM
from rehearsal.cluster.amounts import Amount, amount, requested
from rehearsal.cluster.machines import waits
from rehearsal.cluster.nodes import POOL
from rehearsal.cluster.objects import Object
from rehearsal.cluster.platform import NAMESPACE as PLATFORM
from rehearsal.cluster.state import ClusterState, condition
from rehearsal.cluster.super_nodes import NoSuchMachineError, granted


@dataclass(frozen=True)
class PodUse:
    """A pod (``namespace/name``) and what it asks for. `note` is why it waits, or the machine that a super node gives
    it; `platform`: it belongs to the cluster or an add-on, not to the stack."""

    name: str
    state: Literal["running", "completed", "waiting"]
    asks: Amount
    platform: bool
    note: str = ""


@dataclass(frozen=True)
class NodeUse:
    """A node, what pods may use of it, and what those on it ask for; completed ones ask for nothing any more."""

    name: str
    allocatable: Amount
    requested: Amount
    pods: tuple[PodUse, ...]


@dataclass(frozen=True)
class PoolUse:
    """A pool, its nodes, and the pods that wait for a place on one of them."""

    name: str
    kind: str
    nodes: tuple[NodeUse, ...]
    waiting: tuple[PodUse, ...]


@dataclass(frozen=True)
class Usage:
    """All pools; `elsewhere` are pods that wait and ask for no pool in particular, or for one that there is not."""

    pools: tuple[PoolUse, ...]
    elsewhere: tuple[PodUse, ...]


def usage(state: ClusterState, plan: Plan, catalog: Catalog) -> Usage:
    """As the state shows it, for the pools of a plan."""
    waiting = [pod for pod in state.every("Pod") if "nodeName" not in pod["spec"]]
    pools = {pool.name: (pool.kind, dict(pool.node_selector)) for pool in plan.pools.values()}
    if isinstance(plan.cluster, ClusterPlan):
        pools = {SYSTEM: (SYSTEM, dict(plan.cluster.system_pool.labels)), **pools}
    meant = {name: [pod for pod in waiting if _meant_for(pod, selected)] for name, (_, selected) in pools.items()}
    placed = {pod["metadata"]["uid"] for pods in meant.values() for pod in pods}
    return Usage(
        pools=tuple(
            PoolUse(
                name=name,
                kind=kind,
                nodes=tuple(
                    _node(node, state, catalog)
                    for node in state.every("Node")
                    if node["metadata"]["labels"].get(POOL) == name
                ),
                waiting=tuple(_pods(meant[name], catalog)),
            )
            for name, (kind, _) in pools.items()
        ),
        elsewhere=tuple(_pods((pod for pod in waiting if pod["metadata"]["uid"] not in placed), catalog)),
    )


def _meant_for(pod: Object, selected: Mapping[str, str]) -> bool:
    wanted = pod["spec"].get("nodeSelector") or {}
    return bool(selected) and selected.items() <= wanted.items()


def _node(node: Object, state: ClusterState, catalog: Catalog) -> NodeUse:
    name = node["metadata"]["name"]
    pods = tuple(_pods((pod for pod in state.every("Pod") if pod["spec"].get("nodeName") == name), catalog))
    asked = sum((pod.asks for pod in pods if pod.state == "running"), Amount())
    return NodeUse(name, amount(node["status"]["allocatable"]), asked, pods)


def _pods(pods: Iterable[Object], catalog: Catalog) -> list[PodUse]:
    return sorted((_pod(pod, catalog) for pod in pods), key=lambda pod: (pod.platform, pod.name))


def _pod(pod: Object, catalog: Catalog) -> PodUse:
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    state: Literal["running", "completed", "waiting"] = "running"
    note = ""
    if "nodeName" not in pod["spec"]:
        state = "waiting"
        note = condition(pod, "PodScheduled")["message"] if waits(pod) else "the scheduler has not come to it yet"
    elif pod["status"].get("phase") in ("Succeeded", "Failed"):
        state = "completed"
    elif pod["spec"]["nodeName"] and _on_super_node(pod):
        try:
            machine = granted(pod, catalog)
        except NoSuchMachineError as refusal:
            note = str(refusal)
        else:
            note = f"runs as {machine}" if machine else ""
    return PodUse(f"{namespace}/{name}", state, requested(pod["spec"]), namespace == PLATFORM, note)


def _on_super_node(pod: Object) -> bool:
    return any(each.get("key", "").startswith(_EKLET) for each in pod["spec"].get("tolerations") or ())


_EKLET = "eks.tke.cloud.tencent.com/"
