"""The file system that the model store lies on, where a volume names one."""

from planner.plan.types import ConnectionPlan, GivenFileSystem, MadeFileSystem
from planner.storage.origin import origin, storage_kind
from settings.stack import Settings

STORAGE_TYPES = {"cfs": {"sd": "SD", "hp": "HP"}, "cfs-turbo": {"sd": "TB", "hp": "TP"}}
"""Tencent Cloud's name of each kind and performance (StorageType of the API CreateCfsFileSystem)."""


def storage_type(settings: Settings) -> str:
    """Tencent Cloud's name for the kind of file system; "" for a class that exists, which decides for itself."""
    return STORAGE_TYPES.get(storage_kind(settings), {}).get(settings.storage.performance, "")


def plan_file_system(settings: Settings) -> MadeFileSystem | GivenFileSystem | None:
    """The file system to make or to use; None where a StorageClass makes one. What the stack file lacks is empty, and a
    rule says so."""
    where = origin(settings)
    if where == "given":
        return _given(settings)
    if where != "made":
        return None
    turbo = storage_kind(settings) == "cfs-turbo"
    return MadeFileSystem(
        storage_type=storage_type(settings),
        connection=_connection(settings) if turbo else None,
        cidr=settings.storage.turbo_cidr if turbo else None,
    )


def store_zone(settings: Settings) -> str:
    """Where the models are read: the zone of the first pool that has one, or else the network's first; "" for none."""
    named = [pool.zone for pool in settings.pools.values() if pool.kind != "existing"]
    first = next(iter(settings.network.zones), "")
    return next((each for zone in named if (each := zone or first)), first)


def _given(settings: Settings) -> GivenFileSystem:
    storage = settings.storage
    made_here = settings.owns_cluster() and settings.network.vpc_id is None
    return GivenFileSystem(
        file_system_id=storage.file_system_id or "",
        mount_host=storage.mount_host or "",
        mount_path=storage.mount_path,
        connection=_connection(settings) if made_here and storage.ccn_id is not None else None,
    )


def _connection(settings: Settings) -> ConnectionPlan:
    return ConnectionPlan(ccn_id=settings.storage.ccn_id or "", region=settings.region or "")
