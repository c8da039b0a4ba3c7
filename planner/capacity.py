"""Whether the replicas of all models find room on a pool's nodes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from planner.plan import PoolPlan
from settings.diagnostics import Diagnostic


@dataclass(frozen=True)
class Demand:
    """What one model asks of its pool: `size` GPUs (or MiB on a CPU pool) for each pod, and `pods` of them for each of
    `least` to `most` replicas."""

    name: str
    size: int
    least: int
    most: int
    pods: int = 1

    def sizes(self, replicas: int) -> list[int]:
        """The pods of so many replicas."""
        return [self.size] * (self.pods * replicas)


@dataclass(frozen=True)
class Room:
    """A pool's nodes: `slots` GPUs (or MiB) on each of up to `nodes`; None: no limit is known or there is none."""

    slots: int
    nodes: int | None


def room_of(pool: PoolPlan) -> Room:
    """The room on a pool. Super nodes have no machines to run out of; of an unknown machine nothing can be said."""
    slots = int(max(1.0, pool.gpus_per_node)) if pool.gpu else pool.allocatable_memory_mib
    return Room(slots, None if pool.kind == "super" or not slots else pool.max_nodes)


def nodes_needed(slots: int, sizes: Sequence[int]) -> int:
    """Nodes that hold pods of these sizes, filled largest first. A pod larger than a node counts as one node."""
    free: list[int] = []
    for size in sorted(sizes, reverse=True):
        for index, left in enumerate(free):
            if left >= size:
                free[index] -= size
                break
        else:
            free.append(max(0, slots - size))
    return len(free)


def has_spare(room: Room, demands: Sequence[Demand], name: str) -> bool:
    """Whether one more pod of this model fits beside all replicas, as a rolling update with a surge needs."""
    if room.nodes is None:
        return room.slots > 0
    extra = next(demand for demand in demands if demand.name == name)
    return nodes_needed(room.slots, [*_sizes(demands, most=True), *extra.sizes(1)]) <= room.nodes


def check(pool: PoolPlan, room: Room, demands: Sequence[Demand], name: str) -> Iterator[Diagnostic]:
    """What this model's replicas say about the pool; the pool itself is judged once, with its first model."""
    if room.nodes is None:
        return
    needed = nodes_needed(room.slots, _sizes(demands, most=False))
    if needed > room.nodes:
        if demands[0].name == name:
            yield _pool_too_small(pool, room.nodes, needed, demands)
        return
    idle = pool.min_nodes * room.slots - sum(_sizes(demands, most=True))
    if pool.gpu and room.slots > 1 and idle * 2 >= room.slots and demands[0].name == name:
        yield _idle(pool, room, idle)
    mine = next(demand for demand in demands if demand.name == name)
    others = _sizes([demand for demand in demands if demand is not mine], most=False)

    def fits(replicas: int) -> bool:
        return nodes_needed(room.slots, [*others, *mine.sizes(replicas)]) <= (room.nodes or 0)

    if mine.most > mine.least and not fits(mine.most):
        yield _beyond_pool(name, pool, mine, max(count for count in range(mine.least, mine.most) if fits(count)))


def _sizes(demands: Sequence[Demand], *, most: bool) -> list[int]:
    return [size for demand in demands for size in demand.sizes(demand.most if most else demand.least)]


def _pool_too_small(pool: PoolPlan, nodes: int, needed: int, demands: Sequence[Demand]) -> Diagnostic:
    path = f"pools.{pool.name}.nodes"
    asked = ", ".join(f"{demand.name} {demand.least * demand.pods} x {demand.size}" for demand in demands)
    unit = "GPUs" if pool.gpu else "MiB"
    grown: object = needed if pool.min_nodes == pool.max_nodes else {"min": pool.min_nodes, "max": needed}
    return Diagnostic(
        severity="error",
        code="POOL_TOO_SMALL",
        path=path,
        message=f"Pool {pool.name} grows to {nodes} node(s), but its models ({asked} {unit}) need {needed}.",
        remedy=f"Let the pool have {needed} nodes, or lower the replicas.",
        given=str(nodes),
        allowed=f"{needed} or more",
        fix=((path, grown),),
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
