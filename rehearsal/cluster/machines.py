"""The cloud's side of pools: machines that come, go, and are added where pods wait for one."""

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from rehearsal.cluster.amounts import amount, requested
from rehearsal.cluster.nodes import NUMBER, POOL, SimulatedPool
from rehearsal.cluster.objects import Object
from rehearsal.cluster.state import ClusterState, condition
from rehearsal.control_plane.api import Api, ApiError

_NODES = "/api/v1/nodes"
_PAUSE = 2.0
"""Seconds that a new machine is given to take the pods that wait, before the next one is added."""


class Machines:
    """Pools by name, and the Node objects of their machines."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.pools: dict[str, SimulatedPool] = {}
        self._numbers: dict[str, int] = {}
        self._added: dict[str, float] = {}
        self._owned: dict[str, set[str]] = {}
        """Machines by pool, those too that a look does not show yet."""

    def make(self, pool: SimulatedPool, state: ClusterState) -> None:
        """Buy the machines of a new pool, but for those that are there."""
        there = self.nodes(pool.name, state)
        self._owned[pool.name] = {node["metadata"]["name"] for node in there}
        self._numbers.setdefault(pool.name, max((int(node["metadata"]["labels"][NUMBER]) for node in there), default=0))
        for _ in range(pool.count - len(there)):
            self._buy(pool)
        self.pools[pool.name] = pool

    def change(self, pool: SimulatedPool, state: ClusterState) -> None:
        """Resize a pool."""
        nodes = self.nodes(pool.name, state)
        self.pools[pool.name] = pool
        # Where an autoscaler owns the size, the bounds alone change it.
        wanted = pool.count if pool.count == pool.most else min(max(len(nodes), pool.count), pool.most)
        for _ in range(wanted - len(nodes)):
            self._buy(pool)
        self._give_back(nodes[wanted:])

    def remove(self, name: str, state: ClusterState) -> None:
        """Give all machines of a pool back."""
        self._give_back(self.nodes(name, state))
        self.pools.pop(name, None)

    def nodes(self, name: str, state: ClusterState) -> list[dict[str, Any]]:
        return [node for node in state.every("Node") if node["metadata"]["labels"].get(POOL) == name]

    def missing(self, name: str, state: ClusterState) -> str | None:
        """What a pool still waits for; None when its machines are ready."""
        nodes = self.nodes(name, state)
        waiting = [node["metadata"]["name"] for node in nodes if not _ready(node)]
        if len(nodes) < self.pools[name].count:
            return f"{len(nodes)} of {self.pools[name].count} nodes are there"
        return f"not ready: {', '.join(waiting)}" if waiting else None

    def step(self, state: ClusterState) -> None:
        """End what ran on machines that are gone, and do a cluster autoscaler's work: add a machine where a pod waits
        that would run on one."""
        names = {node["metadata"]["name"] for node in state.every("Node")}
        for pod in state.every("Pod"):
            if "nodeName" in pod["spec"] and pod["spec"]["nodeName"] not in names:
                self._end(pod)
        for name, pool in list(self.pools.items()):
            nodes = self.nodes(name, state)
            fresh = time.monotonic() - self._added.get(name, 0.0) < _PAUSE
            if max(len(nodes), len(self._owned[name])) >= pool.most or fresh or not all(map(_ready, nodes)):
                continue
            if any(_would_run(pod, pool) for pod in state.every("Pod") if waits(pod)):
                self._buy(pool)
                self._added[name] = time.monotonic()

    def _buy(self, pool: SimulatedPool) -> None:
        self._numbers[pool.name] = number = self._numbers.get(pool.name, 0) + 1
        node = pool.node(number)
        self._owned[pool.name].add(node["metadata"]["name"])
        self._api.create(_NODES, node)

    def _give_back(self, nodes: Sequence[Object]) -> None:
        for node in nodes:
            name = node["metadata"]["name"]
            self._owned[node["metadata"]["labels"][POOL]].discard(name)
            with suppress(ApiError):
                self._api.delete(f"{_NODES}/{name}")

    def _end(self, pod: Object) -> None:
        """As Kubernetes' garbage collector would, a minute later."""
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        with suppress(ApiError):
            # There is no kubelet left that would end the pod within its grace period.
            self._api.request("DELETE", path, {"gracePeriodSeconds": 0})


def waits(pod: Object) -> bool:
    """Whether the scheduler has found no place for a pod."""
    placed = condition(pod, "PodScheduled")
    return placed.get("status") == "False" and placed.get("reason") == "Unschedulable"


def _ready(node: Object) -> bool:
    return condition(node, "Ready").get("status") == "True" and not any(
        taint["key"].startswith("node.kubernetes.io/") for taint in node["spec"].get("taints") or ()
    )


def _would_run(pod: Object, pool: SimulatedPool) -> bool:
    spec = pod["spec"]
    asks, has = requested(spec), amount(pool.allocatable)
    return (
        (spec.get("nodeSelector") or {}).items() <= {**pool.labels, POOL: pool.name}.items()
        and all(_tolerated(taint, spec.get("tolerations") or ()) for taint in pool.taints)
        and all(getattr(asks, name) <= getattr(has, name) for name in ("cpu_millis", "memory_mib", "gpus"))
    )


def _tolerated(taint: tuple[str, str, str], tolerations: Iterable[Mapping[str, str]]) -> bool:
    key, value, effect = taint
    return effect == "PreferNoSchedule" or any(
        each.get("key", key) == key
        and each.get("effect") in (None, "", effect)
        and (each.get("operator") == "Exists" or (each.get("value") or "") == value)
        for each in tolerations
    )
