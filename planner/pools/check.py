"""What a pool may say: keys of its kind, its machine or GPU type, its nodes and its disk."""

from collections.abc import Iterator

from catalog.load import Catalog
from catalog.types import Machine
from planner.pools.decide import GPU_TAINT, NATIVE_DISK, POOL_LABEL, needed_disk
from planner.pools.machine_choice import fitting_machine
from settings.diagnostics import Diagnostic
from settings.models import Settings
from settings.paths import join
from settings.pools import Driver, Pool
from settings.suggest import closest

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


def check_pools(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
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
            yield from _gpu_type(name, pool, catalog)
        elif pool.kind == "existing":
            yield from _facts(name, pool, catalog)
        else:
            yield from _machine(name, settings, catalog)
        yield from _disk(name, settings, catalog)
        if name not in used and not unnamed:
            yield _unused(name, settings)
        elif pool.nodes.min == 0 and pool.kind in {"native", "ordinary"}:
            yield _from_zero(name, pool)


def _keys(name: str, pool: Pool) -> Iterator[Diagnostic]:
    fields = type(pool).model_fields
    for key in sorted(pool.model_fields_set - KEYS[pool.kind]):
        path = f"pools.{name}.{fields[key].alias}"
        kinds = [kind for kind, keys in KEYS.items() if key in keys]
        yield Diagnostic(
            severity="error",
            code="KEY_NOT_FOR_KIND",
            path=path,
            message=f"{fields[key].alias} means nothing for a pool of kind {pool.kind}.",
            remedy=f"Remove it, or set pools.{name}.kind to {' or '.join(kinds)}.",
            given=f"{fields[key].alias} with kind {pool.kind}",
            allowed=", ".join(sorted(str(fields[k].alias) for k in KEYS[pool.kind])),
            fix=((path, None),),
        )


def _labels(name: str, pool: Pool) -> Iterator[Diagnostic]:
    for key in pool.labels:
        domain = key.rpartition("/")[0]
        ours = domain == POOL_LABEL.partition("/")[0]
        if ours or f".{domain}".endswith(RESERVED_DOMAINS):
            path = join(("pools", name, "labels", key))
            keeper = "This program sets labels" if ours else "Kubernetes keeps labels"
            yield Diagnostic(
                severity="error",
                code="LABEL_RESERVED",
                path=path,
                message=f"{keeper} that begin with {domain}/ itself.",
                remedy="Use a domain of your own, or none.",
                given=key,
                allowed="another domain",
                fix=((path, None),),
            )


def _taints(name: str, settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """A node takes one taint of a key and an effect."""
    machine = catalog.machines.get(settings.pools[name].instance_type or "")
    seen = {(GPU_TAINT[0], GPU_TAINT[2])} if machine is not None and machine.gpu else set()
    for index, taint in enumerate(settings.pools[name].taints):
        path = f"pools.{name}.taints[{index}]"
        if (taint.key, taint.effect) in seen:
            yield Diagnostic(
                severity="error",
                code="TAINT_TWICE",
                path=path,
                message=f"The nodes carry a taint {taint.key} with the effect {taint.effect} already.",
                remedy="Remove it.",
                given=f"{taint.key}={taint.value}:{taint.effect}",
                allowed="one taint for each key and effect",
                fix=((path, None),),
            )
        seen.add((taint.key, taint.effect))


def _driver(name: str, pool: Pool) -> Iterator[Diagnostic]:
    driver = pool.driver
    if driver is None:
        return
    fields = Driver.model_fields
    installing = sorted(driver.model_fields_set - {"version"})
    if pool.kind != "ordinary" and installing:
        ordinary = pool.kind == "native"
        yield Diagnostic(
            severity="error",
            code="DRIVER_NOT_INSTALLED",
            path=f"pools.{name}.driver.{fields[installing[0]].alias}",
            message=f"A driver, CUDA, cuDNN or MIG cannot be chosen for {pool.kind} nodes: they come as they are.",
            remedy="State the driver's version only, or use kind: ordinary."
            if ordinary
            else "State the driver's version only.",
            given=", ".join(str(fields[key].alias) for key in installing),
            allowed="version",
            fix=((f"pools.{name}.kind", "ordinary"),)
            if ordinary
            else tuple((f"pools.{name}.driver.{fields[key].alias}", None) for key in installing),
        )
    elif pool.kind == "ordinary" and driver.url is None:
        yield from _incomplete(name, driver)


def _mig(name: str, pool: Pool, catalog: Catalog) -> Iterator[Diagnostic]:
    machine = catalog.machines.get(pool.instance_type or "")
    gpu = catalog.gpus.get(machine.gpu or "") if machine else None
    if pool.kind != "ordinary" or pool.driver is None or not pool.driver.mig or gpu is None:
        return
    path = f"pools.{name}.driver.mig"
    yield Diagnostic(
        severity="warning" if gpu.mig else "error",
        code="MIG_NOT_PLANNED" if gpu.mig else "MIG_NOT_SUPPORTED",
        path=path,
        message=f"With MIG a pod gets an instance of the {gpu.name}, while engines are planned for the whole GPU."
        if gpu.mig
        else f"The {gpu.name} cannot be cut into MIG instances.",
        remedy="Remove it, unless the instances have room for what the plan shows." if gpu.mig else "Remove it.",
        given="true",
        allowed="false" if gpu.mig else "GPUs with MIG: A100 and newer data centre models",
        fix=((path, None),),
    )


def _incomplete(name: str, driver: Driver) -> Iterator[Diagnostic]:
    for version, file in (("version", "name"), ("cuda", "cuda_name"), ("cudnn", "cudnn_name")):
        have, lack = (version, file) if getattr(driver, version) else (file, version)
        if getattr(driver, have) and not getattr(driver, lack):
            fields, several = Driver.model_fields, len(driver.model_fields_set) > 1
            yield Diagnostic(
                severity="error",
                code="DRIVER_INCOMPLETE",
                path=f"pools.{name}.driver.{fields[lack].alias}",
                message=f"TKE installs by version and file name together; {fields[lack].alias} is missing.",
                remedy=f"Give {fields[lack].alias} as TKE lists it, or remove {fields[have].alias}.",
                given=str(getattr(driver, have)),
                # A driver of one key may stand there in its short form.
                fix=((f"pools.{name}.driver" + (f".{fields[have].alias}" if several else ""), None),),
            )


def _charge(name: str, pool: Pool) -> Iterator[Diagnostic]:
    path = f"pools.{name}.charge"
    if pool.charge == "spot" and pool.kind == "native":
        yield Diagnostic(
            severity="error",
            code="SPOT_NOT_NATIVE",
            path=path,
            message="Native nodes are billed postpaid or prepaid; spot nodes are ordinary nodes.",
            remedy="Use postpaid, or kind: ordinary.",
            given="spot",
            allowed="postpaid, prepaid",
            fix=((path, "postpaid"),),
        )
    if pool.spot_max_price is not None and pool.kind == "ordinary" and pool.charge != "spot":
        yield Diagnostic(
            severity="error",
            code="SPOT_PRICE_WITHOUT_SPOT",
            path=f"pools.{name}.spotMaxPrice",
            message="A highest price is given for nodes that are not spot nodes.",
            remedy="Set charge: spot, or remove it.",
            given=str(pool.spot_max_price),
            fix=((path, "spot"),),
        )
    if pool.charge == "prepaid":
        yield Diagnostic(
            severity="warning",
            code="PREPAID_NODES",
            path=path,
            message=f"The nodes of pool {name} are paid by the month; destroying the stack gives nothing back.",
            remedy="Use postpaid unless you mean to keep them.",
            given="prepaid",
            fix=((path, "postpaid"),),
        )


def _gpu_type(name: str, pool: Pool, catalog: Catalog) -> Iterator[Diagnostic]:
    path, given = f"pools.{name}.gpuType", pool.gpu_type
    known = tuple(kind.name for kind in catalog.super_gpus.values() if max(spec.gpus for spec in kind.specs) >= 1)
    if given in known:
        return
    if given is not None and given in catalog.super_gpus:
        gpu = catalog.super_gpus[given].gpu
        whole = next((kind for kind in known if catalog.super_gpus[kind].gpu == gpu), known[0])
        yield _share(path, given, whole)
        return
    near = next((kind for kind in known if kind.startswith(f"{given}*")), None)
    near = near or (closest(given, known) if given else known[0] if known else None)
    yield Diagnostic(
        severity="error",
        code="UNKNOWN_GPU_TYPE" if given else "MISSING_GPU_TYPE",
        path=path,
        message=f"Super nodes offer no GPU type {given}." if given else f"Pool {name} names no GPU type.",
        remedy=f"Use {near}." if near else "Use a GPU type of the list.",
        given=given or "",
        allowed=", ".join(known),
        fix=((path, near),) if near else (),
    )


def _facts(name: str, pool: Pool, catalog: Catalog) -> Iterator[Diagnostic]:
    missing = [key for key, value in (("cpu", pool.cpu), ("memory", pool.memory)) if value is None]
    if pool.gpu is not None and not pool.gpus_per_node:
        missing.append("gpusPerNode")
    if pool.gpu is None and pool.gpus_per_node:
        missing.append("gpu")
    for key in missing:
        yield Diagnostic(
            severity="error",
            code="POOL_FACTS_MISSING",
            path=f"pools.{name}.{key}",
            message=f"Nothing can be proved for nodes that exist without their {key}.",
            remedy=f"Set pools.{name}.{key} to what one node offers (`kubectl describe node`, Allocatable).",
        )
    if pool.gpu is not None and pool.gpu not in catalog.gpus:
        path, near = f"pools.{name}.gpu", closest(pool.gpu, catalog.gpus)
        yield Diagnostic(
            severity="error",
            code="UNKNOWN_GPU",
            path=path,
            message=f"The catalogue has no GPU {pool.gpu}.",
            remedy=f"Use {near}." if near else "Use a GPU of the list.",
            given=pool.gpu,
            allowed=", ".join(catalog.gpus),
            fix=((path, near),) if near else (),
        )


def _machine(name: str, settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    pool = settings.pools[name]
    machine = catalog.machines.get(pool.instance_type or "")
    if machine is None:
        yield _no_machine(name, settings, catalog)
        return
    engines = {model.engine for model in settings.models.values() if settings.pool_of(model) == name}
    if machine.gpus < 1 and (machine.gpus > 0 or engines - {"ollama"}):
        yield _no_whole_gpu(name, settings, machine, catalog)
    if pool.kind == "native" and machine.native is not True:
        yield _not_native(name, machine)
    place = {settings.region, pool.zone or next(iter(settings.network.zones), None)}
    if machine.regions and settings.region and not place & set(machine.regions):
        yield Diagnostic(
            severity="warning",
            code="MACHINE_NOT_SEEN_IN_REGION",
            path=f"pools.{name}.instanceType",
            message=f"{machine.name} is not known to be offered in {settings.region}.",
            remedy="Look it up in the console, or use another region.",
            given=machine.name,
            allowed=", ".join(machine.regions),
        )
    if machine.availability == "invite":
        yield Diagnostic(
            severity="warning",
            code="INVITE_ONLY",
            path=f"pools.{name}.instanceType",
            message=f"{machine.name} is sold to accounts that Tencent Cloud has enabled for it only.",
            remedy="Ask for it with a ticket before you run `pulumi up`.",
            given=machine.name,
        )
    if machine.disk_types and pool.disk.type not in machine.disk_types:
        path = f"pools.{name}.disk"
        fixed = {"type": machine.disk_types[0], **({"size": pool.disk.size} if pool.disk.size else {})}
        yield Diagnostic(
            severity="error" if machine.verified else "warning",
            code="DISK_TYPE_NOT_OFFERED",
            path=f"{path}.type",
            message=f"{machine.name} has no system disk of type {pool.disk.type}.",
            remedy=f"Use {machine.disk_types[0]}.",
            given=pool.disk.type,
            allowed=", ".join(machine.disk_types),
            fix=((path, fixed),),
        )


def _no_machine(name: str, settings: Settings, catalog: Catalog) -> Diagnostic:
    path, given = f"pools.{name}.instanceType", settings.pools[name].instance_type
    with_gpu = tuple(machine.name for machine in catalog.machines.values() if machine.gpus >= 1)
    near = closest(given, with_gpu) if given else fitting_machine(name, settings, catalog)
    return Diagnostic(
        severity="error",
        code="UNKNOWN_MACHINE" if given else "MISSING_INSTANCE_TYPE",
        path=path,
        message=f"The catalogue has no machine type {given}." if given else f"Pool {name} names no machine type.",
        remedy=f"Use {near}." if near else "Use a machine type with GPUs (`tke-llm fit MODEL` lists those that fit).",
        given=given or "",
        allowed=", ".join(with_gpu),
        fix=((path, near),) if near else (),
    )


def _no_whole_gpu(name: str, settings: Settings, machine: Machine, catalog: Catalog) -> Diagnostic:
    path = f"pools.{name}.instanceType"
    near = fitting_machine(name, settings, catalog, machine.family)
    if machine.gpus > 0:
        return _share(path, machine.name, near)
    return Diagnostic(
        severity="error",
        code="MACHINE_WITHOUT_GPU",
        path=path,
        message=f"{machine.name} has no GPU, and a model that needs one is on pool {name}.",
        remedy=f"Use {near}." if near else "Use a machine type with whole GPUs.",
        given=machine.name,
        allowed="machine types with whole GPUs",
        fix=((path, near),) if near else (),
    )


def _share(path: str, given: str, near: str | None) -> Diagnostic:
    return Diagnostic(
        severity="error",
        code="FRACTIONAL_GPU",
        path=path,
        message=f"{given} has a share of a GPU, while engines are planned for whole ones.",
        remedy=f"Use {near}." if near else "Use a type with whole GPUs.",
        given=given,
        allowed="types with whole GPUs",
        fix=((path, near),) if near else (),
    )


def _not_native(name: str, machine: Machine) -> Diagnostic:
    known = machine.native is False
    return Diagnostic(
        severity="error" if known and machine.verified else "warning",
        code="NOT_NATIVE",
        path=f"pools.{name}.kind",
        message=f"{machine.name} is not offered as a native node."
        if known
        else f"The catalogue does not know whether {machine.name} is offered as a native node.",
        remedy="Use kind: ordinary." if known else "Look it up in the console, or use kind: ordinary.",
        given="native",
        allowed="ordinary",
        fix=((f"pools.{name}.kind", "ordinary"),),
    )


def _disk(name: str, settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    pool = settings.pools[name]
    if pool.disk.size is None or pool.kind == "existing":
        return
    need = needed_disk(name, settings, catalog)
    if pool.disk.size < need:
        native = pool.kind == "native" and need == NATIVE_DISK
        yield Diagnostic(
            severity="error",
            code="DISK_TOO_SMALL",
            path=f"pools.{name}.disk",
            message=f"A native node needs a system disk of {need} GiB at least."
            if native
            else f"The system disk holds the system and the engine's images: {need} GiB are needed.",
            remedy=f"Set pools.{name}.disk to {need}, or leave it out.",
            given=f"{pool.disk.size} GiB",
            allowed=f"{need} to 2048 GiB",
            fix=((f"pools.{name}.disk", {"size": need, "type": pool.disk.type}),),
        )


def _from_zero(name: str, pool: Pool) -> Diagnostic:
    path = f"pools.{name}.nodes"
    return Diagnostic(
        severity="warning",
        code="NODES_FROM_ZERO",
        path=f"{path}.min",
        message=f"Pool {name} starts without a node; one is added once a model waits for it, if any is to be had.",
        remedy=f"Set {path}.min to 1.",
        given="0",
        fix=((path, {"min": 1, "max": pool.nodes.max}),),
    )


def _unused(name: str, settings: Settings) -> Diagnostic:
    several = len(settings.pools) > 1
    return Diagnostic(
        severity="warning",
        code="POOL_UNUSED",
        path=f"pools.{name}",
        message=f"No model runs on pool {name}; its nodes would be billed for nothing.",
        remedy="Remove the pool, or name it as the pool of a model.",
        fix=((f"pools.{name}", None),) if several else (),
    )
