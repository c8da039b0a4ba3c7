"""What is wrong with a pool: keys of another kind, labels, taints, billing, disk, and how many nodes it has."""

from collections.abc import Iterator

from catalog.load import Catalog
from planner.plan.types import StoragePlan
from planner.pools import codes
from planner.pools.check_driver import check_driver
from planner.pools.check_existing import check_existing
from planner.pools.check_machine import check_gpu_type, check_machine
from planner.pools.decide import GPU_TAINT, NATIVE_DISK, POOL_LABEL, needed_disk
from settings import codes as shared_codes
from settings.diagnostics import Diagnostic
from settings.paths import join
from settings.pools import MACHINE_KINDS, Pool
from settings.stack import Settings
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
        yield from check_driver(name, pool, catalog)
        yield from _charge(name, pool)
        if pool.kind == "super":
            yield from check_gpu_type(name, settings, store, catalog)
        elif pool.kind == "existing":
            yield from check_existing(name, settings, catalog)
        else:
            yield from check_machine(name, settings, store, catalog)
        yield from _disk(name, settings, catalog)
        if name not in used and not unnamed:
            yield codes.pool_unused(f"pools.{name}", pool=name, removable=len(settings.pools) > 1)
        elif pool.nodes.min == 0 and pool.kind in MACHINE_KINDS and not settings.may_idle(name):
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


def _charge(name: str, pool: Pool) -> Iterator[Diagnostic]:
    path = f"pools.{name}.charge"
    if pool.charge == "spot" and pool.kind == "native":
        yield codes.spot_not_native(path, kind_path=f"pools.{name}.kind", said="kind" in pool.model_fields_set)
    if pool.spot_max_price is not None and pool.kind == "ordinary" and pool.charge != "spot":
        yield codes.spot_price_without_spot(f"pools.{name}.spotMaxPrice", price=pool.spot_max_price, charge=path)
    if pool.charge == "prepaid":
        yield codes.prepaid_nodes(path, pool=name)


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
