"""The machine or GPU type to propose where a pool's own will not do: one on which every model of the pool starts."""

import math
from collections.abc import Sequence

from catalog.hardware import Gpu
from catalog.load import Catalog
from planner.images.decide import runs_newest
from planner.plan.types import StoragePlan
from planner.pools.decide import plan_pool
from planner.serving.models import decide_models
from settings.stack import Settings


def fitting_machine(
    name: str, settings: Settings, store: StoragePlan, catalog: Catalog, family: str | None = None
) -> str | None:
    """The smallest machine with whole GPUs on which every model of the pool starts, of `family` where one will do.

    Machines that are sold on invitation, elsewhere, or not to this kind of pool are left out, and those that only an
    old release of an engine runs on come last. None where none will do.
    """
    kind = settings.pools[name].kind
    candidates = [
        machine
        for machine in catalog.machines.values()
        if machine.gpus >= 1
        and machine.availability == "open"
        and (kind != "native" or machine.native)
        and (not machine.regions or settings.region is None or settings.region in machine.regions)
    ]
    candidates.sort(
        key=lambda m: (
            m.family != family,
            *_order(catalog.gpus[m.gpu or ""], m.gpus, name, settings, catalog),
            m.vcpu,
            m.memory_gib,
        )
    )
    names = (machine.name for machine in candidates)
    return next((each for each in names if _serves({"instance_type": each}, name, settings, store, catalog)), None)


def fitting_gpu_type(
    name: str,
    settings: Settings,
    store: StoragePlan,
    catalog: Catalog,
    *,
    among: Sequence[str],
    like: Gpu | None = None,
) -> str | None:
    """The GPU type of super nodes, of those `among` which to choose, on which every model of the pool starts: the one
    whose memory is most `like` that of a GPU, or else with the fewest and smallest GPUs; None where none will do."""
    found: list[tuple[float, int, float, str]] = []
    for kind in (catalog.super_gpus[each] for each in among):
        gpus = _serves({"gpu_type": kind.name}, name, settings, store, catalog)
        if gpus:
            room = catalog.gpus[kind.gpu].usable_gib
            found.append((abs(math.log(room / like.usable_gib)) if like else 0.0, gpus, room, kind.name))
    return min(found)[-1] if found else None


def _order(gpu: Gpu, gpus: float, name: str, settings: Settings, catalog: Catalog) -> tuple[bool, float]:
    """Those that only an old release of an engine runs on last, then by GPU memory, which prices follow."""
    engines = {model.engine for model in settings.models.values() if settings.pool_of(model) == name}
    return (not all(runs_newest(engine, gpu, catalog) for engine in engines), gpus * gpu.usable_gib)


def _serves(change: dict[str, object], name: str, settings: Settings, store: StoragePlan, catalog: Catalog) -> int:
    """GPUs that one replica of each model of the pool takes together; 0 where one of them does not start."""
    pool = settings.pools[name].model_copy(update=change)
    changed = settings.model_copy(update={"pools": {**settings.pools, name: pool}})
    planned = plan_pool(name, changed, catalog)
    if planned is None:
        return 0
    plans = [made.plan for _, made in decide_models(changed, {name: planned}, store, catalog)]
    return sum(plan.gpus for plan in plans if plan) if all(plans) else 0
