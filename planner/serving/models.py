"""The models of a stack: each is placed once, then all that their pools must hold is judged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from catalog.load import Catalog
from planner.diagnostics.force import taken
from planner.plan.types import ModelPlan, PoolPlan, Reason, StoragePlan
from planner.serving.capacity import Demand, demands_on, has_cpu_to_spare, has_spare, room_of
from planner.serving.check import check_served
from planner.serving.check_placement import check_unplaced
from planner.serving.decide import explain_model, plan_model, plan_served
from planner.serving.placement import Placement, place
from settings.diagnostics import Diagnostic, blocking
from settings.stack import Settings


@dataclass(frozen=True)
class Decision:
    """What was decided of one model. `plan` is None where an error that nobody forced leaves nothing to build."""

    plan: ModelPlan | None
    reasons: tuple[Reason, ...]
    diagnostics: tuple[Diagnostic, ...]


def decide_models(
    settings: Settings, pools: Mapping[str, PoolPlan], store: StoragePlan, catalog: Catalog
) -> Iterator[tuple[str, Decision]]:
    """Every model on one of `pools`, by its key, decided. Total: what is wrong comes back as diagnostics, all at once.

    A code in `force` turns its error into a warning; the plan is then made as if the rule did not exist.
    """
    placed = {
        name: place(name, settings, pool, catalog)
        for name, model in settings.models.items()
        if (pool := pools.get(settings.pool_of(model) or "")) is not None
    }
    demands = {name: demands_on(pool, placed.values()) for name, pool in pools.items()}
    for name, placement in placed.items():
        pool = pools[settings.pool_of(settings.models[name]) or ""]
        if placement is None:
            yield name, Decision(None, (), check_unplaced(name, settings, pool, catalog))
        else:
            yield name, _decided(placement, demands[pool.name], settings, store, catalog)


def _decided(
    placed: Placement, demands: Sequence[Demand], settings: Settings, store: StoragePlan, catalog: Catalog
) -> Decision:
    pool = placed.situation.pool
    spare = has_spare(room_of(pool), demands, placed.name) and has_cpu_to_spare(pool, demands)
    served = plan_served(placed, settings, store, catalog, spare=spare)
    judged = tuple(taken(found, settings.force) for found in check_served(served, demands, settings, catalog))
    if blocking(judged):
        return Decision(None, (), judged)
    plan = plan_model(served, catalog)
    return Decision(plan, tuple(explain_model(plan, served)), judged)
