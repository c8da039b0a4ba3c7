"""The model store and the WebUI's volume."""

from math import ceil

from catalog.cloud import StorageClassFacts
from catalog.load import Catalog
from planner.model.facts import needed_gib
from planner.plan.types import Reason, StoragePlan
from planner.storage.drivers import CFS_PROVISIONER, TURBO_DRIVER
from planner.storage.file_system import plan_file_system, storage_type, store_zone
from planner.storage.origin import origin, storage_kind
from settings.stack import Settings
from settings.translation import tr

MODEL_CLASS = "cfs-ai"
"""The StorageClass of the model store, which is NFS."""
WEBUI_CLASS = "cbs-webui"
"""The StorageClass of the WebUI's block volume."""
MODEL_CLAIM, WEBUI_CLAIM = "ai-model", "webui"
"""The claims on them."""
WEBUI_DISK = "CLOUD_PREMIUM"
"""The type of that volume: the one CBS type that is sold from 10 GiB on (vendor 457/44239)."""

SMALLEST_REQUEST = {"cfs": 100, "cfs-turbo": 100, "class": 10}
"""Claim of the model store in GiB where little is kept, by kind: CFS bills what is used, whatever is claimed."""
HEADROOM = 1.25
"""Room for one more revision of the larger models beside what is served."""


def plan_storage(settings: Settings, catalog: Catalog) -> StoragePlan:
    """Decide the store. Models that nobody knows the size of count nothing.

    CFS reads faster the more it holds, CFS Turbo by its capacity; both are written from the start, when it is empty.
    `parameters` are those of the StorageClass that the settings decide; the component adds the ids of the network.
    The WebUI has a volume of its own where its data is not in a database: `webui_class` is None otherwise, and ""
    stands for the default class of a cluster that exists.
    """
    storage, kind = settings.storage, storage_kind(settings)
    facts = store_facts(settings, catalog)
    needed = needed_gib(settings.models, settings, catalog)
    held = storage.capacity or 0 if kind == "cfs-turbo" else needed
    provisioner, parameters = "", ()
    webui_class, foreign = _webui_class(settings), storage.webui_class_name is not None
    if kind == "cfs":
        provisioner = CFS_PROVISIONER
        parameters = (("storagetype", storage_type(settings)), ("vers", "3"))
    elif kind == "cfs-turbo":
        provisioner = TURBO_DRIVER
    return StoragePlan(
        kind=kind,
        provisioner=provisioner,
        parameters=parameters,
        request_gib=storage.capacity or max(SMALLEST_REQUEST[kind], round_up(needed * HEADROOM)),
        read_mbps=facts.reads(held),
        write_mbps=facts.writes(0),
        webui_class=webui_class,
        webui_gib=storage.webui_capacity,
        webui_disk_type=WEBUI_DISK,
        origin=origin(settings),
        access_mode=access_mode(settings),
        elastic=_elastic(settings, facts),
        zone=store_zone(settings),
        class_name=storage.class_name if kind == "class" else None,
        file_system=plan_file_system(settings),
        makes_webui_class=bool(webui_class) and not foreign,
        leaves_claims=settings.retain and (kind == "class" or foreign),
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
    kind = storage_kind(settings)
    return catalog.stores[kind if kind == "class" else f"{kind}-{storage_type(settings).lower()}"]


def round_up(gib: float) -> int:
    """The next multiple of 10 GiB."""
    return ceil(gib / 10) * 10


def explain_storage(store: StoragePlan) -> list[Reason]:
    """Why the store is what it is."""
    reasons = []
    if store.kind == "cfs":
        reasons.append(
            Reason("storage.kind", "cfs", tr("every replica reads the same files, so one download serves them all"))
        )
    if store.origin == "made" and store.kind == "cfs":
        reasons.append(Reason("retain", "true", tr("the stack makes the file system itself, to find it again")))
    if store.webui_class is not None:
        reasons.append(
            Reason("storage.webuiClassName", store.webui_class, tr("SQLite loses data on NFS, so the page has a disk"))
        )
    return reasons


def _webui_class(settings: Settings) -> str | None:
    if not settings.webui.enabled or settings.webui.replicas > 1 or "databaseUrl" in settings.secrets:
        return None
    if settings.storage.webui_class_name is not None:
        return settings.storage.webui_class_name
    existing = settings.cluster.existing
    return "" if existing is not None and existing.id is None else WEBUI_CLASS
