"""What is wrong with the store and the WebUI's volume."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from catalog.load import Catalog
from planner.model.facts import needed_gib
from planner.network import codes as network_codes
from planner.network.location import touches_the_cloud
from planner.storage import codes
from planner.storage.decide import MODEL_CLASS, access_mode, round_up, store_facts
from planner.storage.origin import ID_PREFIX, outlives, storage_kind
from settings import codes as shared_codes
from settings.diagnostics import Diagnostic
from settings.stack import Settings
from settings.translation import tr

TURBO_RANGES = tuple(map(IPv4Network, ("11.0.0.0/24", "192.168.255.0/24", "172.31.255.0/24", "10.255.255.0/24")))
"""Ranges for CFS Turbo's mount target, the first outside all that a VPC of ours may have (the guide's example is
11.0.0.7)."""

_CFS = {"kind", "performance", "file_system_id", "mount_host", "mount_path", "capacity"}
_WEBUI = {"webui_class_name", "webui_capacity"}
KEYS = {
    "cfs": frozenset(_CFS | _WEBUI),
    "cfs-turbo": frozenset(_CFS | _WEBUI | {"ccn_id", "turbo_cidr"}),
    "class": frozenset({"kind", "class_name", "access_mode", "capacity"} | _WEBUI),
}
"""The keys that mean something for each kind of store."""


def check_storage(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with the store and the WebUI's volume."""
    yield from _keys(settings)
    yield from _kind(settings)
    yield from _turbo_range(settings)
    yield from _given(settings)
    yield from _retained(settings)
    yield from _one_node(settings)
    yield from _capacity(settings, catalog)
    yield from _size(settings, catalog)
    yield from _database(settings)


def _size(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    capacity, need = settings.storage.capacity, needed_gib(settings.models, settings, catalog)
    if capacity is not None and capacity < need and storage_kind(settings) != "cfs-turbo":
        yield codes.store_too_small("storage.capacity", need_gib=need, capacity=capacity, enough=round_up(need))


def _keys(settings: Settings) -> Iterator[Diagnostic]:
    storage, kind = settings.storage, storage_kind(settings)
    alias = {key: str(field.alias) for key, field in type(storage).model_fields.items()}
    for key in sorted(storage.model_fields_set - KEYS[kind]):
        yield shared_codes.key_not_for_kind(
            f"storage.{alias[key]}",
            key=alias[key],
            owner=tr("storage of kind {kind}", kind=kind),
            setting="storage.kind",
            kind=kind,
            said=True,
            kinds=[other for other, keys in KEYS.items() if key in keys],
            allowed=[alias[each] for each in KEYS[kind]],
        )


def _kind(settings: Settings) -> Iterator[Diagnostic]:
    storage, kind = settings.storage, storage_kind(settings)
    if kind == "class":
        if storage.class_name is None and settings.owns_cluster():
            fix = (("storage.kind", "cfs"),)
            yield codes.storage_incomplete("storage.className", key="className", kind=kind, fix=fix)
        return
    existing, name = settings.cluster.existing, storage.file_system_id
    if existing is not None and settings.network.vpc_id is None and name is None:
        fix = (("storage", None),) if existing.id is None else ()
        yield codes.storage_incomplete("network.vpcId", key="vpcId", kind=kind, fix=fix)
    if name is not None and storage.mount_host is None:
        yield codes.storage_incomplete("storage.mountHost", key="mountHost", kind=kind, name=name)
    if kind == "cfs-turbo" and name is None:
        fix = (("storage", {"kind": "cfs"}),)
        if storage.ccn_id is None:
            yield codes.storage_incomplete("storage.ccnId", key="ccnId", kind=kind, fix=fix)
        if storage.turbo_cidr is None:
            yield codes.storage_incomplete("storage.turboCidr", key="turboCidr", kind=kind, fix=fix)


def _given(settings: Settings) -> Iterator[Diagnostic]:
    """A file system that exists: what names it, and whether it is within reach."""
    storage, kind, name = settings.storage, storage_kind(settings), settings.storage.file_system_id
    if kind == "class":
        return
    if name is None:
        for key, given in (("mountHost", storage.mount_host), ("mountPath", storage.mount_path)):
            if given is not None:
                yield codes.file_system_not_named(f"storage.{key}", key=key, given=given)
        return
    if name.startswith(ID_PREFIX) and not touches_the_cloud(settings):
        yield codes.fsid_needed("storage.fileSystemId", name=name)
    if settings.owns_cluster() and settings.network.vpc_id is None and storage.ccn_id is None:
        turbo = kind == "cfs-turbo"
        yield codes.store_out_of_reach("storage.ccnId" if turbo else "network.vpcId", name=name, turbo=turbo)


def _retained(settings: Settings) -> Iterator[Diagnostic]:
    if outlives(settings):
        yield codes.retained_store("retain", with_vpc=settings.network.vpc_id is None)


def _one_node(settings: Settings) -> Iterator[Diagnostic]:
    """A volume for one node serves the pods of that node alone."""
    if access_mode(settings) != "ReadWriteOnce":
        return
    most = max(model.replica_range()[1] for model in settings.models.values())
    used = {settings.pool_of(model) for model in settings.models.values()}
    wide = [name for name, pool in settings.pools.items() if name in used and pool.nodes.max > 1]
    if most > 1 or len(used) > 1 or wide:
        yield codes.store_on_one_node("storage.accessMode")


def _turbo_range(settings: Settings) -> Iterator[Diagnostic]:
    """The mount target's range must be none that the Cloud Connect Network has already, the VPC's above all."""
    wanted, cluster = settings.storage.turbo_cidr, settings.cluster
    if wanted is None:
        return
    taken = [settings.network.cidr, cluster.pod_cidr if cluster.network_mode == "gr" else cluster.service_cidr]
    meets = next(filter(wanted.overlaps, taken), None)
    if meets is not None:
        free = next((str(cidr) for cidr in TURBO_RANGES if not any(map(cidr.overlaps, taken))), None)
        yield network_codes.cidr_overlap(
            "storage.turboCidr", cidr=str(wanted), meets=str(meets), of_vpc=False, taken=map(str, taken), free=free
        )


def _capacity(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    facts, capacity = store_facts(settings, catalog), settings.storage.capacity
    made, least = settings.storage.file_system_id is None, facts.min_gib
    if storage_kind(settings) != "cfs-turbo" or not made or least is None:
        return
    step = facts.step_gib or 1
    if capacity is None or capacity < least or (capacity - least) % step:
        over = max(0, (capacity or 0) - least)
        near = least - (-over // step) * step
        yield codes.turbo_capacity(
            "storage.capacity", capacity=capacity, least=least, step=step, near=near, verified=facts.verified
        )


def _database(settings: Settings) -> Iterator[Diagnostic]:
    if not settings.webui.enabled or "databaseUrl" in settings.secrets:
        return
    given, replicas = settings.storage.webui_class_name, settings.webui.replicas
    shared = given is not None and given in {MODEL_CLASS, settings.storage.class_name}
    if given is not None and (shared or "cfs" in given or "nfs" in given):
        yield codes.sqlite_on_nfs("storage.webuiClassName", storage_class=given, certain=given == MODEL_CLASS)
    if replicas > 1:
        yield codes.replicas_on_sqlite("webui.replicas", replicas=replicas)
