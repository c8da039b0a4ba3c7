"""Whether the replicas of all models find room on a pool's nodes."""

from collections.abc import Callable, Iterator, Sequence

from catalog.load import Catalog
from planner.plan.types import PoolPlan
from planner.serving import capacity_codes as codes
from planner.serving.capacity import Demand, PoolRoom, nodes_needed, pods_of
from settings.diagnostics import Diagnostic
from settings.translation import tr
from settings.values import MOST_NODES


def check_capacity(
    pool: PoolPlan, room: PoolRoom, demands: Sequence[Demand], name: str, catalog: Catalog
) -> Iterator[Diagnostic]:
    """What this model's replicas say about the pool; the pool itself is judged once, with its first model."""
    if room.nodes is None:
        return
    needed = nodes_needed(room.slots, pods_of(demands, most=False))
    if needed > room.nodes:
        if demands[0].name == name:
            yield _pool_too_small(pool, room.nodes, needed, demands, catalog)
        return
    idle = pool.min_nodes * room.slots - sum(size * count for size, count in pods_of(demands, most=True))
    if pool.gpu and room.slots > 1 and idle * 2 >= room.slots and demands[0].name == name:
        yield codes.gpus_idle(f"pools.{pool.name}", pool=pool.name, idle=idle, gpus=pool.min_nodes * room.slots)
    mine = next(demand for demand in demands if demand.name == name)
    others = pods_of([demand for demand in demands if demand is not mine], most=False)

    def fits(replicas: int) -> bool:
        return nodes_needed(room.slots, [*others, mine.of(replicas)]) <= (room.nodes or 0)

    if mine.most > mine.least and not fits(mine.most):
        yield codes.autoscaling_beyond_pool(
            f"models.{name}.autoscaling.max",
            pool=pool.name,
            least=mine.least,
            most=mine.most,
            fitting=_most(fits, mine.least, mine.most),
        )


def _most(fits: Callable[[int], bool], fitting: int, beyond: int) -> int:
    """A number that fits while the next does not, between one that fits and one that does not."""
    while beyond - fitting > 1:
        middle = (fitting + beyond) // 2
        fitting, beyond = (middle, beyond) if fits(middle) else (fitting, middle)
    return fitting


def _pool_too_small(pool: PoolPlan, nodes: int, needed: int, demands: Sequence[Demand], catalog: Catalog) -> Diagnostic:
    asked = ", ".join(f"{demand.name} {demand.least * demand.pods} x {demand.size}" for demand in demands)
    grown = needed if pool.min_nodes == pool.max_nodes else {"min": pool.min_nodes, "max": needed}
    return codes.pool_too_small(
        f"pools.{pool.name}.nodes",
        pool=pool.name,
        nodes=nodes,
        needed=needed,
        asked=tr("{asked} GPUs", asked=asked) if pool.gpu else f"{asked} MiB",
        grown=grown if needed <= MOST_NODES else None,
        most=MOST_NODES,
        larger=_larger(pool, nodes, demands, catalog),
        several=any(demand.least > 1 for demand in demands),
    )


def _larger(pool: PoolPlan, nodes: int, demands: Sequence[Demand], catalog: Catalog) -> str | None:
    """The smallest machine of the same family, with the same GPU, of which so many nodes hold everything."""
    family, pods = pool.instance_type.partition(".")[0], pods_of(demands, most=False)
    alike = [each for each in catalog.machines.values() if each.family == family and each.gpu == pool.gpu]
    holding = (
        each
        for each in sorted(alike, key=lambda each: (each.gpus, each.memory_gib))
        if each.gpu and each.gpus >= 1 and nodes_needed(int(each.gpus), pods) <= nodes
    )
    return next((f"{each.name} ({each.gpus:g} x {each.gpu})" for each in holding), None)
