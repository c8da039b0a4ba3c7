"""The model store and the WebUI's volume."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from math import ceil

from catalog.load import Catalog
from catalog.types import StorageClassFacts
from planner.model.facts import ModelFacts, resolve
from planner.network.location import touches_the_cloud
from planner.plan.types import Reason, StoragePlan
from planner.storage.origin import origin, outlives, storage_kind
from settings.diagnostics import Diagnostic
from settings.models import Settings

MODEL_CLASS = "cfs-ai"
"""The StorageClass of the model store, which is NFS."""
WEBUI_CLASS = "cbs-webui"
"""The StorageClass of the WebUI's block volume."""
WEBUI_DISK = "CLOUD_PREMIUM"
"""The type of that volume: the one CBS type that is sold from 10 GiB on (vendor 457/44239)."""

SMALLEST_REQUEST = {"cfs": 100, "cfs-turbo": 100, "class": 10}
"""Claim of the model store in GiB where little is kept, by kind: CFS bills what is used, whatever is claimed."""
HEADROOM = 1.25
"""Room for one more revision of the larger models beside what is served."""

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


def plan_storage(settings: Settings, catalog: Catalog) -> StoragePlan:
    """Decide the store. Models that nobody knows the size of count nothing.

    CFS reads faster the more it holds, CFS Turbo by its capacity; both are written from the start, when it is empty.
    `parameters` are those of the StorageClass that the settings decide; the component adds the ids of the network.
    The WebUI has a volume of its own where its data is not in a database: `webui_class` is None otherwise, and ""
    stands for the default class of a cluster that exists.
    """
    storage, kind = settings.storage, storage_kind(settings)
    facts = store_facts(settings, catalog)
    needed = needed_gib(settings, catalog)
    held = storage.capacity or 0 if kind == "cfs-turbo" else needed
    provisioner, parameters = "", ()
    if kind == "cfs":
        provisioner = "com.tencent.cloud.csi.tcfs.cfs"
        parameters = (("storagetype", storage.performance.upper()), ("vers", "3"))
    elif kind == "cfs-turbo":
        provisioner = "com.tencent.cloud.csi.cfsturbo"
    return StoragePlan(
        kind=kind,
        provisioner=provisioner,
        parameters=parameters,
        request_gib=storage.capacity or max(SMALLEST_REQUEST[kind], _tens(needed * HEADROOM)),
        read_mbps=facts.reads(held),
        write_mbps=facts.writes(0),
        webui_class=_webui_class(settings),
        webui_gib=storage.webui_capacity,
        webui_disk_type=WEBUI_DISK,
        origin=origin(settings),
        access_mode=access_mode(settings),
        elastic=_elastic(settings, facts),
    )


def access_mode(settings: Settings) -> str:
    """How the store is mounted. A cluster's default class mostly makes volumes for one node (CBS, k3s, kind)."""
    storage = settings.storage
    if storage.access_mode is not None:
        return storage.access_mode
    return "ReadWriteOnce" if storage_kind(settings) == "class" and storage.class_name is None else "ReadWriteMany"


def _elastic(settings: Settings, facts: StorageClassFacts) -> bool:
    """Whether free space says nothing. Of a class that exists nothing is known: a volume for one node is a disk, one
    for many may be a file system that grows."""
    return access_mode(settings) != "ReadWriteOnce" if facts.elastic is None else facts.elastic


def store_facts(settings: Settings, catalog: Catalog) -> StorageClassFacts:
    """The catalogue's figures for the store, or its assumption for a class that exists already."""
    storage, kind = settings.storage, storage_kind(settings)
    if kind == "cfs":
        return catalog.stores[f"cfs-{storage.performance}"]
    if kind == "cfs-turbo":
        return catalog.stores["cfs-turbo-tp" if storage.performance == "hp" else "cfs-turbo-tb"]
    return catalog.stores["class"]


def needed_gib(settings: Settings, catalog: Catalog) -> float:
    """GiB that the weights of all models take, each repository and revision once."""
    sizes = {}
    for name, model in settings.models.items():
        facts = resolve(name, settings, catalog)
        if isinstance(facts, ModelFacts):
            sizes[facts.id, model.revision] = facts.weights_gib
    return sum(sizes.values())


def _tens(gib: float) -> int:
    return ceil(gib / 10) * 10


def explain_storage(store: StoragePlan) -> list[Reason]:
    """Why the store is what it is."""
    reasons = []
    if store.kind == "cfs":
        reasons.append(
            Reason("storage.kind", "cfs", "every replica reads the same files, so one download serves them all")
        )
    if store.origin == "made" and store.kind == "cfs":
        reasons.append(Reason("retain", "true", "the stack makes the file system itself, to find it again"))
    if store.webui_class is not None:
        reasons.append(
            Reason("storage.webuiClassName", store.webui_class, "SQLite loses data on NFS, so the page has a disk")
        )
    return reasons


def _webui_class(settings: Settings) -> str | None:
    if not settings.webui.enabled or settings.webui.replicas > 1 or "databaseUrl" in settings.secrets:
        return None
    if settings.storage.webui_class_name is not None:
        return settings.storage.webui_class_name
    existing = settings.cluster.existing
    return "" if existing is not None and existing.id is None else WEBUI_CLASS


def check_storage(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with the store and the WebUI's volume."""
    yield from _keys(settings)
    yield from _kind(settings)
    yield from _turbo_range(settings)
    yield from _given(settings)
    yield from _retained(settings)
    yield from _one_node(settings)
    yield from _capacity(settings, catalog)
    yield from _room(settings, catalog)
    yield from _database(settings)


def _room(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    capacity, need = settings.storage.capacity, needed_gib(settings, catalog)
    if capacity is not None and capacity < need and storage_kind(settings) != "cfs-turbo":
        enough = _tens(need)
        yield Diagnostic(
            severity="error",
            code="STORE_TOO_SMALL",
            path="storage.capacity",
            message=f"The models take {need:.0f} GiB, and the claim asks for {capacity}.",
            remedy=f"Set storage.capacity to {enough} or more.",
            given=f"{capacity} GiB",
            allowed=f"{enough} GiB or more",
            fix=(("storage.capacity", enough),),
        )


def _keys(settings: Settings) -> Iterator[Diagnostic]:
    storage, kind = settings.storage, storage_kind(settings)
    fields = type(storage).model_fields
    for key in sorted(storage.model_fields_set - KEYS[kind]):
        path = f"storage.{fields[key].alias}"
        kinds = [other for other, keys in KEYS.items() if key in keys]
        yield Diagnostic(
            severity="error",
            code="KEY_NOT_FOR_KIND",
            path=path,
            message=f"{fields[key].alias} means nothing for storage of kind {kind}.",
            remedy=f"Remove it, or set storage.kind to {' or '.join(kinds)}.",
            given=f"{fields[key].alias} with kind {kind}",
            allowed=", ".join(sorted(str(fields[k].alias) for k in KEYS[kind])),
            fix=((path, None),),
        )


def _missing(path: str, message: str, remedy: str, fix: tuple[tuple[str, object], ...] = ()) -> Diagnostic:
    return Diagnostic(severity="error", code="STORAGE_INCOMPLETE", path=path, message=message, remedy=remedy, fix=fix)


def _kind(settings: Settings) -> Iterator[Diagnostic]:
    storage, kind = settings.storage, storage_kind(settings)
    if kind == "class":
        if storage.class_name is None and settings.owns_cluster():
            yield _missing(
                "storage.className",
                "The StorageClass of the models is not named.",
                "Set storage.className, or use kind: cfs.",
                (("storage.kind", "cfs"),),
            )
        return
    existing = settings.cluster.existing
    if existing is not None and settings.network.vpc_id is None and storage.file_system_id is None:
        yield _missing(
            "network.vpcId",
            f"A {kind} store is made in a VPC, and that of the existing cluster is not named.",
            "Set network.vpcId, .zones and .subnetIds, or use kind: class.",
            (("storage", None),) if existing.id is None else (),
        )
    if storage.file_system_id is not None and storage.mount_host is None:
        yield _missing(
            "storage.mountHost",
            f"{storage.file_system_id} is mounted by its address, which is not given.",
            "Set storage.mountHost to the mount address that the CFS console shows.",
        )
    if kind == "cfs-turbo" and storage.file_system_id is None:
        for key, value in (("ccnId", storage.ccn_id), ("turboCidr", storage.turbo_cidr)):
            if value is None:
                yield _missing(
                    f"storage.{key}",
                    f"A CFS Turbo file system is mounted through a Cloud Connect Network; {key} is not given.",
                    f"Set storage.{key}, name an existing file system with its mountHost, or use kind: cfs.",
                    (("storage", {"kind": "cfs"}),),
                )


def _given(settings: Settings) -> Iterator[Diagnostic]:
    """A file system that exists: what names it, and whether it is within reach."""
    storage, kind = settings.storage, storage_kind(settings)
    if kind == "class":
        return
    if storage.file_system_id is None:
        for key, given in (("mountHost", storage.mount_host), ("mountPath", storage.mount_path)):
            if given is not None:
                path = f"storage.{key}"
                yield Diagnostic(
                    severity="error",
                    code="FILE_SYSTEM_NOT_NAMED",
                    path=path,
                    message=f"{key} belongs to a file system that exists, and none is named.",
                    remedy="Set storage.fileSystemId, or remove it to have a file system made.",
                    given=given,
                    fix=((path, None),),
                )
        return
    if storage.file_system_id.startswith("cfs-") and not touches_the_cloud(settings):
        yield Diagnostic(
            severity="error",
            code="FSID_NEEDED",
            path="storage.fileSystemId",
            message=f"Volumes name a file system by the FSID of its mount target; {storage.file_system_id} is its id, "
            "and without a TKE cluster nothing is asked of Tencent Cloud that could find it.",
            remedy="Give the FSID that the CFS console shows beside the mount address.",
            given=storage.file_system_id,
            allowed="eight characters such as abcd1234",
        )
    if settings.owns_cluster() and settings.network.vpc_id is None and storage.ccn_id is None:
        turbo = kind == "cfs-turbo"
        yield Diagnostic(
            severity="warning",
            code="STORE_OUT_OF_REACH",
            path="storage.ccnId" if turbo else "network.vpcId",
            message=f"{storage.file_system_id} has its mount target in a network that exists; the VPC that this stack "
            "makes is not connected to it.",
            remedy="Set storage.ccnId to the Cloud Connect Network of its mount target, or network.vpcId."
            if turbo
            else "Set network.vpcId to the VPC of its mount target.",
            given=storage.file_system_id,
        )


def _retained(settings: Settings) -> Iterator[Diagnostic]:
    if outlives(settings):
        ours = settings.network.vpc_id is None
        yield Diagnostic(
            severity="note",
            code="RETAINED_STORE",
            path="retain",
            message="When the stack is destroyed the file system of the models stays, billed for what it holds, with "
            f"its access group{', its subnet and the VPC' if ours else ''}.",
            remedy="Note the output modelStore: it holds the settings by which another stack finds the models. Decide "
            "before the first `pulumi up`: to turn retain on or off later moves the models to another file system.",
        )


def _one_node(settings: Settings) -> Iterator[Diagnostic]:
    """A volume for one node serves the pods of that node alone."""
    if access_mode(settings) != "ReadWriteOnce":
        return
    most = max(m.autoscaling.max if m.autoscaling else m.replicas for m in settings.models.values())
    used = {settings.pool_of(model) for model in settings.models.values()}
    wide = [name for name, pool in settings.pools.items() if name in used and pool.nodes.max > 1]
    if most > 1 or len(used) > 1 or wide:
        yield Diagnostic(
            severity="warning",
            code="STORE_ON_ONE_NODE",
            path="storage.accessMode",
            message="The store is mounted by one node, while the models may run on several; pods elsewhere would wait "
            "for it for ever.",
            remedy="Name a class of shared file systems in storage.className, or keep all models on one node.",
            given="ReadWriteOnce",
            allowed="ReadWriteMany",
        )


def _turbo_range(settings: Settings) -> Iterator[Diagnostic]:
    """The mount target's range must be none that the Cloud Connect Network has already, the VPC's above all."""
    wanted = settings.storage.turbo_cidr
    cluster = settings.cluster
    taken = [settings.network.cidr, cluster.pod_cidr if cluster.network_mode == "gr" else cluster.service_cidr]
    meets = next((cidr for cidr in taken if wanted is not None and wanted.overlaps(cidr)), None)
    if meets is not None:
        free = next((str(cidr) for cidr in TURBO_RANGES if not any(map(cidr.overlaps, taken))), None)
        yield Diagnostic(
            severity="error",
            code="CIDR_OVERLAP",
            path="storage.turboCidr",
            message=f"{wanted} overlaps {meets}, which the cluster uses.",
            remedy=f"Use {free}." if free else "Use a range that nothing else has.",
            given=str(wanted),
            allowed=f"a range outside {', '.join(map(str, taken))}",
            fix=(("storage.turboCidr", free),) if free else (),
        )


def _capacity(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    facts, capacity = store_facts(settings, catalog), settings.storage.capacity
    made = settings.storage.file_system_id is None
    if storage_kind(settings) != "cfs-turbo" or not made or facts.min_gib is None:
        return
    step = facts.step_gib or 1
    if capacity is None or capacity < facts.min_gib or (capacity - facts.min_gib) % step:
        over = max(0, (capacity or 0) - facts.min_gib)
        near = facts.min_gib - (-over // step) * step
        yield Diagnostic(
            severity="error" if facts.verified else "warning",
            code="TURBO_CAPACITY",
            path="storage.capacity",
            message=f"CFS Turbo is sold from {facts.min_gib} GiB on, in steps of {step}.",
            remedy=f"Set storage.capacity to {near}.",
            given="" if capacity is None else f"{capacity} GiB",
            allowed=f"{facts.min_gib} GiB and steps of {step} above",
            fix=(("storage.capacity", near),),
        )


def _database(settings: Settings) -> Iterator[Diagnostic]:
    if not settings.webui.enabled or "databaseUrl" in settings.secrets:
        return
    storage, path = settings.storage, "storage.webuiClassName"
    given = storage.webui_class_name
    shared = given is not None and given in {MODEL_CLASS, storage.class_name}
    if given is not None and (shared or "cfs" in given or "nfs" in given):
        yield Diagnostic(
            severity="error" if given == MODEL_CLASS else "warning",
            code="SQLITE_ON_NFS",
            path=path,
            message=f"The WebUI keeps a SQLite database, which is not supported on NFS ({given})."
            if given == MODEL_CLASS
            else f"The WebUI keeps a SQLite database; {given} looks like a shared file system, where it breaks.",
            remedy="Leave it out: a class of block volumes (CBS) is made. Or set the secret tke-llm:databaseUrl.",
            given=given,
            allowed="a StorageClass of block volumes",
            fix=((path, None),),
        )
    if settings.webui.replicas > 1:
        yield Diagnostic(
            severity="error",
            code="REPLICAS_ON_SQLITE",
            path="webui.replicas",
            message=f"{settings.webui.replicas} copies of the WebUI cannot share a SQLite database.",
            remedy="Set webui.replicas to 1, or the secret tke-llm:databaseUrl to a PostgreSQL database.",
            given=str(settings.webui.replicas),
            allowed="1",
            fix=(("webui.replicas", 1),),
        )
