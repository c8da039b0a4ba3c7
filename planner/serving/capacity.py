"""The room on a pool's nodes, and what the replicas of all models ask of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from planner.engines import operations
from planner.plan.types import PoolPlan
from planner.serving.placement import Placement, slots
from planner.sizing import on_cpu


@dataclass(frozen=True)
class Demand:
    """What one model asks of its pool: `size` GPUs (or MiB on a CPU pool) for each pod, and `pods` of them for each of
    `least` to `most` replicas."""

    name: str
    size: int
    least: int
    most: int
    pods: int = 1

    def of(self, replicas: int) -> "Pods":
        """The pods of so many replicas."""
        return (self.size, self.pods * replicas)


Pods = tuple[int, int]
"""Size and number of pods that are alike."""


@dataclass(frozen=True)
class PoolRoom:
    """A pool's nodes: `slots` GPUs (or MiB) on each of up to `nodes`; None: no limit is known or there is none."""

    slots: int
    nodes: int | None


def room_of(pool: PoolPlan) -> PoolRoom:
    """The room on a pool. Super nodes have no machines to run out of; of an unknown machine nothing can be said."""
    each = slots(pool) if pool.gpu else pool.allocatable_memory_mib
    return PoolRoom(each, None if pool.kind == "super" or not each else pool.max_nodes)


def demands_on(pool: PoolPlan, placed: Iterable[Placement | None]) -> tuple[Demand, ...]:
    """What every model on this pool asks of it; those that cannot be placed (None) ask for nothing."""
    return tuple(
        Demand(
            each.name,
            each.gpus // each.nodes or on_cpu.needed_mib(each.sizing),
            *each.model.replica_range(),
            pods=each.nodes,
        )
        for each in placed
        if each is not None and each.situation.pool.name == pool.name
    )


def nodes_needed(slots: int, pods: Iterable[Pods]) -> int:
    """Nodes that hold these pods, filled largest first. A pod larger than a node counts as one node.

    Nodes with the same room left are counted together, so the work grows with the number of sizes, whatever the number
    of pods.
    """
    groups: list[tuple[int, int]] = []  # room left on a node, nodes that have it; in the order they were begun
    for size, count in sorted(pods, reverse=True):
        filled: list[tuple[int, int]] = []
        for left, nodes in groups:
            each = left // size
            full = min(nodes, count // each) if each else 0
            count -= full * each  # noqa: PLW2901  what is still to be placed
            rest = min(count, each) if full < nodes else 0
            count -= rest  # noqa: PLW2901
            begun = 1 if rest else 0
            filled += [(left - each * size, full), (left - rest * size, begun), (left, nodes - full - begun)]
        each = max(1, slots // size)
        filled.append((max(0, slots - each * size), count // each))
        filled.append((max(0, slots - count % each * size), 1 if count % each else 0))
        groups = [(left, nodes) for left, nodes in filled if nodes]
    return sum(nodes for _, nodes in groups)


def has_spare(room: PoolRoom, demands: Sequence[Demand], name: str) -> bool:
    """Whether one more pod of this model fits beside all replicas, as a rolling update with a surge needs."""
    if room.nodes is None:
        return room.slots > 0
    extra = next(demand for demand in demands if demand.name == name)
    return nodes_needed(room.slots, [*pods_of(demands, most=True), extra.of(1)]) <= room.nodes


def has_cpu_to_spare(pool: PoolPlan, demands: Sequence[Demand]) -> bool:
    """Whether nodes without GPU have the CPU for one pod beside all replicas; elsewhere GPUs run out before it. One
    more pod's is left to the page and whatever else runs there."""
    if pool.gpu or pool.kind == "super" or not pool.allocatable_cpu_millis:
        return True
    each = min(operations.BASE_CPU_MILLIS, pool.allocatable_cpu_millis)
    pods = 2 + sum(number for _, number in pods_of(demands, most=True))
    return pods <= pool.allocatable_cpu_millis // each * pool.max_nodes


def pods_of(demands: Sequence[Demand], *, most: bool) -> list[Pods]:
    """The pods of the most replicas that there may be, or of the fewest."""
    return [demand.of(demand.most if most else demand.least) for demand in demands]
