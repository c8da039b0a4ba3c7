"""What is wrong with the machine type of a pool, or with its GPU type on super nodes."""

from collections.abc import Iterator

from catalog.hardware import Machine
from catalog.load import Catalog
from catalog.names import gpus_meant, machine_meant
from planner.engines.registry import find
from planner.plan.types import StoragePlan
from planner.pools import machine_codes as codes
from planner.pools.machine_choice import fitting_gpu_type, fitting_machine
from settings.diagnostics import Diagnostic
from settings.stack import Settings
from settings.suggest import closest


def check_machine(name: str, settings: Settings, store: StoragePlan, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with the machine type of this pool."""
    pool, path = settings.pools[name], f"pools.{name}.instanceType"
    machine = catalog.machines.get(pool.instance_type or "")
    if machine is None:
        yield _no_machine(name, settings, store, catalog)
        return
    engines = {model.engine for model in settings.models.values() if settings.pool_of(model) == name}
    if machine.gpus < 1 and (machine.gpus > 0 or not all(find(engine).on_cpu for engine in engines)):
        yield _no_whole_gpu(name, settings, store, machine, catalog)
    if pool.kind == "native" and machine.native is not True:
        known = machine.native is False
        yield codes.not_native(f"pools.{name}.kind", machine=machine.name, known=known, verified=machine.verified)
    place = {settings.region, settings.zone_of(pool)}
    if machine.regions and settings.region and not place & set(machine.regions):
        yield codes.machine_not_seen_in_region(
            path, machine=machine.name, region=settings.region, regions=machine.regions
        )
    if machine.availability == "invite":
        yield codes.invite_only(path, machine=machine.name)
    if machine.disk_types and pool.disk.type not in machine.disk_types:
        disk = f"pools.{name}.disk"
        yield codes.disk_type_not_offered(
            f"{disk}.type",
            machine=machine.name,
            given=pool.disk.type,
            offered=machine.disk_types,
            verified=machine.verified,
            disk=disk,
            size=pool.disk.size,
        )


def _no_machine(name: str, settings: Settings, store: StoragePlan, catalog: Catalog) -> Diagnostic:
    path, given = f"pools.{name}.instanceType", settings.pools[name].instance_type
    with_gpu = tuple(machine.name for machine in catalog.machines.values() if machine.gpus >= 1)
    if not given:
        near = fitting_machine(name, settings, store, catalog)
        return codes.missing_instance_type(path, pool=name, near=near, known=with_gpu)
    near, family = machine_meant(given, with_gpu), given.partition(".")[0].upper()
    holding = None if near else fitting_machine(name, settings, store, catalog, family)
    return codes.unknown_machine(path, machine=given, near=near, holding=holding, gpu=True, known=with_gpu)


def _no_whole_gpu(name: str, settings: Settings, store: StoragePlan, machine: Machine, catalog: Catalog) -> Diagnostic:
    path = f"pools.{name}.instanceType"
    near = fitting_machine(name, settings, store, catalog, machine.family)
    if machine.gpus > 0:
        return codes.fractional_gpu(path, kind=machine.name, near=near)
    return codes.machine_without_gpu(path, machine=machine.name, pool=name, near=near)


def check_gpu_type(name: str, settings: Settings, store: StoragePlan, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with the GPU type of this pool of super nodes."""
    pool = settings.pools[name]
    path, given, known = f"pools.{name}.gpuType", pool.gpu_type, _whole_gpu_types(catalog)
    if given in known:
        return
    if not given:
        near = fitting_gpu_type(name, settings, store, catalog, among=known)
        yield codes.missing_gpu_type(path, pool=name, near=near, known=known)
    elif given in catalog.super_gpus:
        gpu = catalog.super_gpus[given].gpu
        near = next((kind for kind in known if catalog.super_gpus[kind].gpu == gpu), None)
        yield codes.fractional_gpu(path, kind=given, near=near)
    else:
        yield _unknown_gpu_type(name, given, settings, store, catalog)


def _whole_gpu_types(catalog: Catalog) -> tuple[str, ...]:
    return tuple(kind.name for kind in catalog.super_gpus.values() if max(spec.gpus for spec in kind.specs) >= 1)


def _unknown_gpu_type(name: str, given: str, settings: Settings, store: StoragePlan, catalog: Catalog) -> Diagnostic:
    """A type with the GPU that is named, or else the one on which the models start that is most like that GPU."""
    gpus, known = gpus_meant(given, catalog.gpus), _whole_gpu_types(catalog)
    meant = [kind for kind in known if catalog.super_gpus[kind].gpu in gpus]
    near = closest(given, meant) or fitting_gpu_type(name, settings, store, catalog, among=meant)
    like = catalog.gpus[gpus[0]] if gpus else None
    holding = None if near else fitting_gpu_type(name, settings, store, catalog, among=known, like=like)
    path = f"pools.{name}.gpuType"
    return codes.unknown_gpu_type(path, kind=given, near=near, holding=holding, known=known)
