"""The machine to propose where a pool's own will not do."""

from catalog.load import Catalog
from catalog.types import Machine
from planner.plan.types import StoragePlan
from planner.pools.decide import plan_pool
from planner.serving.models import decide_models
from settings.models import Settings


def fitting_machine(
    name: str, settings: Settings, store: StoragePlan, catalog: Catalog, family: str | None = None
) -> str | None:
    """The smallest machine with whole GPUs on which every model of the pool starts, of `family` where one will do.

    Machines that are sold on invitation, elsewhere, or not to this kind of pool are left out. Where none will do, the
    smallest stands for them; None where the catalogue has none at all.
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
    candidates.sort(key=lambda m: (m.family != family, m.gpus, m.vcpu, m.memory_gib))
    chosen = next((machine for machine in candidates if _serves(machine, name, settings, store, catalog)), None)
    chosen = chosen or next(iter(candidates), None)
    return chosen.name if chosen else None


def _serves(machine: Machine, name: str, settings: Settings, store: StoragePlan, catalog: Catalog) -> bool:
    pool = settings.pools[name].model_copy(update={"instance_type": machine.name})
    changed = settings.model_copy(update={"pools": {**settings.pools, name: pool}})
    planned = plan_pool(name, changed, catalog)
    if planned is None:
        return False
    return all(made.plan is not None for _, made in decide_models(changed, {name: planned}, store, catalog))
