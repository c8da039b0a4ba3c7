"""What is wrong with a pool: keys of another kind, its machine or GPU type, its nodes and its disk."""

from collections.abc import Iterator

from catalog.load import Catalog
from catalog.names import gpus_meant, machine_meant
from catalog.types import Machine
from planner.engines.registry import find
from planner.plan.types import StoragePlan
from planner.pools import codes
from planner.pools.decide import GPU_TAINT, NATIVE_DISK, POOL_LABEL, needed_disk
from planner.pools.machine_choice import fitting_gpu_type, fitting_machine
from settings import codes as shared_codes
from settings.diagnostics import Diagnostic
from settings.models import Settings
from settings.paths import join
from settings.pools import MACHINE_KINDS, Driver, Pool
from settings.suggest import closest
from settings.translation import tr

_MACHINE_KEYS = {
    "kind",
    "zone",
    "nodes",
    "labels",
    "taints",
    "driver",
    "disk",
    "instance_type",
    "charge",
    "public_bandwidth",
    "key_id",
}
KEYS = {
    "native": frozenset(_MACHINE_KEYS),
    "ordinary": frozenset(_MACHINE_KEYS | {"spot_max_price"}),
    "super": frozenset({"kind", "zone", "nodes", "labels", "taints", "driver", "disk", "gpu_type", "public_bandwidth"}),
    "existing": frozenset(
        {"kind", "nodes", "taints", "driver", "node_selector", "gpu", "gpus_per_node", "cpu", "memory"}
    ),
}
"""The keys that mean something for each kind of pool."""

RESERVED_DOMAINS = (".kubernetes.io", ".k8s.io")
"""Ends of the domains of labels that Kubernetes keeps for itself (documentation, labels and selectors)."""


def check_pools(settings: Settings, store: StoragePlan, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with the pools, each by itself."""
    used = {settings.pool_of(model) for model in settings.models.values()}
    unnamed = any(settings.pool_of(model) is None for model in settings.models.values())
    for name, pool in settings.pools.items():
        yield from _keys(name, pool)
        yield from _labels(name, pool)
        yield from _taints(name, settings, catalog)
        yield from _driver(name, pool)
        yield from _mig(name, pool, catalog)
        yield from _charge(name, pool)
        if pool.kind == "super":
            yield from _gpu_type(name, settings, store, catalog)
        elif pool.kind == "existing":
            yield from _facts(name, pool, catalog)
            yield from _chosen(name, settings, catalog)
        else:
            yield from _machine(name, settings, store, catalog)
        yield from _disk(name, settings, catalog)
        if name not in used and not unnamed:
            yield codes.pool_unused(f"pools.{name}", pool=name, removable=len(settings.pools) > 1)
        elif pool.nodes.min == 0 and pool.kind in MACHINE_KINDS:
            yield codes.nodes_from_zero(f"pools.{name}.nodes.min", pool=name, most=pool.nodes.max)


def _keys(name: str, pool: Pool) -> Iterator[Diagnostic]:
    fields = type(pool).model_fields
    for key in sorted(pool.model_fields_set - KEYS[pool.kind]):
        yield shared_codes.key_not_for_kind(
            f"pools.{name}.{fields[key].alias}",
            key=str(fields[key].alias),
            owner=tr("a pool of kind {kind}", kind=pool.kind),
            setting=f"pools.{name}.kind",
            kind=pool.kind,
            said="kind" in pool.model_fields_set or bool(pool.instance_type),
            kinds=[kind for kind, keys in KEYS.items() if key in keys],
            allowed=[str(fields[each].alias) for each in KEYS[pool.kind]],
        )


def _labels(name: str, pool: Pool) -> Iterator[Diagnostic]:
    for key in pool.labels:
        domain = key.rpartition("/")[0]
        ours = domain == POOL_LABEL.partition("/")[0]
        if ours or f".{domain}".endswith(RESERVED_DOMAINS):
            free = key.rpartition("/")[2]
            yield codes.label_reserved(
                join(("pools", name, "labels", key)),
                label=key,
                value=pool.labels[key],
                domain=domain,
                ours=ours,
                free_path=None if free in pool.labels else join(("pools", name, "labels", free)),
            )


def _taints(name: str, settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """A node takes one taint of a key and an effect."""
    machine = catalog.machines.get(settings.pools[name].instance_type or "")
    seen = {(GPU_TAINT[0], GPU_TAINT[2])} if machine is not None and machine.gpu else set()
    for index, taint in enumerate(settings.pools[name].taints):
        if (taint.key, taint.effect) in seen:
            path = f"pools.{name}.taints[{index}]"
            yield codes.taint_twice(path, key=taint.key, value=taint.value, effect=taint.effect)
        seen.add((taint.key, taint.effect))


def _driver(name: str, pool: Pool) -> Iterator[Diagnostic]:
    driver = pool.driver
    if driver is None:
        return
    installing = sorted(driver.model_fields_set - {"version"})
    if pool.kind != "ordinary" and installing:
        keys = [str(Driver.model_fields[key].alias) for key in installing]
        paths = [f"pools.{name}.driver.{key}" for key in keys]
        native = pool.kind == "native"
        fix = ((f"pools.{name}.kind", "ordinary"),) if native else tuple((path, None) for path in paths)
        yield codes.driver_not_installed(paths[0], kind=pool.kind, given=keys, fix=fix)
    elif pool.kind == "ordinary" and driver.url is None:
        yield from _incomplete(name, driver)


def _mig(name: str, pool: Pool, catalog: Catalog) -> Iterator[Diagnostic]:
    machine = catalog.machines.get(pool.instance_type or "")
    gpu = catalog.gpus.get(machine.gpu or "") if machine else None
    if pool.kind != "ordinary" or pool.driver is None or not pool.driver.mig or gpu is None:
        return
    refusal = codes.mig_not_planned if gpu.mig else codes.mig_not_supported
    yield refusal(f"pools.{name}.driver.mig", gpu=gpu.name)


def _incomplete(name: str, driver: Driver) -> Iterator[Diagnostic]:
    for version, file in (("version", "name"), ("cuda", "cuda_name"), ("cudnn", "cudnn_name")):
        have, lack = (version, file) if getattr(driver, version) else (file, version)
        if getattr(driver, have) and not getattr(driver, lack):
            fields, several = Driver.model_fields, len(driver.model_fields_set) > 1
            path, given, missing = f"pools.{name}.driver", str(fields[have].alias), str(fields[lack].alias)
            yield codes.driver_incomplete(
                f"{path}.{missing}",
                missing=missing,
                given=given,
                value=str(getattr(driver, have)),
                # A driver of one key may stand there in its short form.
                fix=((f"{path}.{given}" if several else path, None),),
            )


def _charge(name: str, pool: Pool) -> Iterator[Diagnostic]:
    path = f"pools.{name}.charge"
    if pool.charge == "spot" and pool.kind == "native":
        yield codes.spot_not_native(path, kind_path=f"pools.{name}.kind", said="kind" in pool.model_fields_set)
    if pool.spot_max_price is not None and pool.kind == "ordinary" and pool.charge != "spot":
        yield codes.spot_price_without_spot(f"pools.{name}.spotMaxPrice", price=pool.spot_max_price, charge=path)
    if pool.charge == "prepaid":
        yield codes.prepaid_nodes(path, pool=name)


def _gpu_type(name: str, settings: Settings, store: StoragePlan, catalog: Catalog) -> Iterator[Diagnostic]:
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


def _facts(name: str, pool: Pool, catalog: Catalog) -> Iterator[Diagnostic]:
    missing = [key for key, value in (("cpu", pool.cpu), ("memory", pool.memory)) if value is None]
    if pool.gpu is not None and not pool.gpus_per_node:
        missing.append("gpusPerNode")
    if pool.gpu is None and pool.gpus_per_node:
        missing.append("gpu")
    for key in missing:
        yield codes.pool_facts_missing(f"pools.{name}.{key}", pool=name, key=key)
    if pool.gpu is not None and pool.gpu not in catalog.gpus:
        meant = gpus_meant(pool.gpu, catalog.gpus)
        yield codes.unknown_gpu(f"pools.{name}.gpu", gpu=pool.gpu, meant=meant, known=catalog.gpus)


def _chosen(name: str, settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """Whether pods for GPU nodes that exist find these and no others."""
    pool = settings.pools[name]
    if pool.gpu is None or pool.node_selector:
        return
    path = f"pools.{name}.nodeSelector"
    for other, at in settings.pools.items():
        gpu = at.gpu if at.kind == "existing" else _gpu_of(at, catalog)
        if gpu not in (None, pool.gpu):
            yield codes.gpu_nodes_not_told_apart(path, pool=name, gpu=pool.gpu, other=other, their_gpu=str(gpu))
            return
    yield codes.any_gpu_node(path, pool=name, gpu=pool.gpu)


def _gpu_of(pool: Pool, catalog: Catalog) -> str | None:
    machine = catalog.machines.get(pool.instance_type or "")
    return machine.gpu if machine else None


def _machine(name: str, settings: Settings, store: StoragePlan, catalog: Catalog) -> Iterator[Diagnostic]:
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


def _disk(name: str, settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    pool = settings.pools[name]
    if pool.disk.size is None or pool.kind == "existing":
        return
    need = needed_disk(name, settings, catalog)
    if pool.disk.size < need:
        native = pool.kind == "native" and need == NATIVE_DISK
        yield codes.disk_too_small(
            f"pools.{name}.disk", pool=name, size=pool.disk.size, need=need, kind=pool.disk.type, native=native
        )
