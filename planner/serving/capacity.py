"""Whether the replicas of all models find room on a pool's nodes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from planner.plan.types import PoolPlan
from settings.diagnostics import Diagnostic
from settings.values import MOST_NODES


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
class Room:
    """A pool's nodes: `slots` GPUs (or MiB) on each of up to `nodes`; None: no limit is known or there is none."""

    slots: int
    nodes: int | None


def room_of(pool: PoolPlan) -> Room:
    """The room on a pool. Super nodes have no machines to run out of; of an unknown machine nothing can be said."""
    slots = int(max(1.0, pool.gpus_per_node)) if pool.gpu else pool.allocatable_memory_mib
    return Room(slots, None if pool.kind == "super" or not slots else pool.max_nodes)


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


def has_spare(room: Room, demands: Sequence[Demand], name: str) -> bool:
    """Whether one more pod of this model fits beside all replicas, as a rolling update with a surge needs."""
    if room.nodes is None:
        return room.slots > 0
    extra = next(demand for demand in demands if demand.name == name)
    return nodes_needed(room.slots, [*_pods(demands, most=True), extra.of(1)]) <= room.nodes


def check(pool: PoolPlan, room: Room, demands: Sequence[Demand], name: str) -> Iterator[Diagnostic]:
    """What this model's replicas say about the pool; the pool itself is judged once, with its first model."""
    if room.nodes is None:
        return
    needed = nodes_needed(room.slots, _pods(demands, most=False))
    if needed > room.nodes:
        if demands[0].name == name:
            yield _pool_too_small(pool, room.nodes, needed, demands)
        return
    idle = pool.min_nodes * room.slots - sum(size * count for size, count in _pods(demands, most=True))
    if pool.gpu and room.slots > 1 and idle * 2 >= room.slots and demands[0].name == name:
        yield _idle(pool, room, idle)
    mine = next(demand for demand in demands if demand.name == name)
    others = _pods([demand for demand in demands if demand is not mine], most=False)

    def fits(replicas: int) -> bool:
        return nodes_needed(room.slots, [*others, mine.of(replicas)]) <= (room.nodes or 0)

    if mine.most > mine.least and not fits(mine.most):
        yield _beyond_pool(name, pool, mine, _most(fits, mine.least, mine.most))


def _most(fits: Callable[[int], bool], fitting: int, beyond: int) -> int:
    """A number that fits while the next does not, between one that fits and one that does not."""
    while beyond - fitting > 1:
        middle = (fitting + beyond) // 2
        fitting, beyond = (middle, beyond) if fits(middle) else (fitting, middle)
    return fitting


def _pods(demands: Sequence[Demand], *, most: bool) -> list[Pods]:
    return [demand.of(demand.most if most else demand.least) for demand in demands]


def _pool_too_small(pool: PoolPlan, nodes: int, needed: int, demands: Sequence[Demand]) -> Diagnostic:
    path = f"pools.{pool.name}.nodes"
    asked = ", ".join(f"{demand.name} {demand.least * demand.pods} x {demand.size}" for demand in demands)
    unit = "GPUs" if pool.gpu else "MiB"
    grown: object = needed if pool.min_nodes == pool.max_nodes else {"min": pool.min_nodes, "max": needed}
    possible = needed <= MOST_NODES
    return Diagnostic(
        severity="error",
        code="POOL_TOO_SMALL",
        path=path,
        message=f"Pool {pool.name} grows to {nodes} node(s), but its models ({asked} {unit}) need {needed}.",
        remedy=f"Let the pool have {needed} nodes, or lower the replicas."
        if possible
        else f"Lower the replicas: a pool has {MOST_NODES} nodes at most.",
        given=str(nodes),
        allowed=f"{needed} or more" if possible else f"replicas for {MOST_NODES} nodes",
        fix=((path, grown),) if possible else (),
    )


def _idle(pool: PoolPlan, room: Room, idle: int) -> Diagnostic:
    return Diagnostic(
        severity="note",
        code="GPUS_IDLE",
        path=f"pools.{pool.name}",
        message=f"{idle} of the {pool.min_nodes * room.slots} GPUs of pool {pool.name} are paid for but serve nothing.",
        remedy="Raise the replicas, or use a machine with fewer GPUs.",
        given=str(pool.min_nodes * room.slots),
    )


def _beyond_pool(name: str, pool: PoolPlan, demand: Demand, fitting: int) -> Diagnostic:
    path = f"models.{name}.autoscaling.max"
    return Diagnostic(
        severity="error",
        code="AUTOSCALING_BEYOND_POOL",
        path=path,
        message=f"Autoscaling may ask for {demand.most} replicas, but pool {pool.name} has room for {fitting}.",
        remedy=f"Set autoscaling.max to {fitting}, or raise pools.{pool.name}.nodes.",
        given=str(demand.most),
        allowed=f"{demand.least} to {fitting}",
        fix=((path, fitting),),
    )
