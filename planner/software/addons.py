"""The TKE add-ons that the stack needs."""

from catalog.load import Catalog
from planner.plan.software import AddonPlan
from settings.pools import MACHINE_KINDS
from settings.stack import Settings

SYSTEM = "system"
"""The CPU pool, where the controllers of add-ons run."""

_STORAGE_ADDONS = {"cfs": "cfs", "cfs-turbo": "cfsturbo"}
BLOCK, GPU = "cbs", "nvidia-gpu"
"""Brings the driver of block volumes; tells Kubernetes of the GPUs of machines."""
NETWORK_POLICY = "networkpolicy"
"""Enforces NetworkPolicies on machines."""


def plan_addons(settings: Settings, catalog: Catalog) -> tuple[AddonPlan, ...]:
    """The add-ons to install, in order; none on a cluster that exists, whose add-ons are its owner's business.

    What a new cluster has by default is left out: installing it again is an error of the API.
    """
    if not settings.owns_cluster():
        return ()
    wanted = []
    if settings.storage.kind in _STORAGE_ADDONS:
        wanted.append(_STORAGE_ADDONS[settings.storage.kind])
    if settings.webui.enabled and settings.storage.webui_class_name is None and "databaseUrl" not in settings.secrets:
        wanted.append(BLOCK)
    if any(pool.kind in MACHINE_KINDS for pool in settings.pools.values()):
        wanted.append(GPU)
    if settings.network_policy.enabled and settings.network_policy.addon:
        wanted.append(NETWORK_POLICY)
    return tuple(
        AddonPlan(name=name, needs=SYSTEM, last=name == NETWORK_POLICY) for name in wanted if not _given(name, catalog)
    )


def daemonsets(settings: Settings, catalog: Catalog, *, gpu: bool) -> tuple[str, ...]:
    """Names of the add-ons whose DaemonSets take resources of a node, with or without a GPU."""
    defaults = [addon.name for addon in catalog.addons.values() if addon.default]
    planned = [addon.name for addon in plan_addons(settings, catalog)]
    return tuple(name for name in dict.fromkeys([*defaults, *planned]) if gpu or name != GPU)


def _given(name: str, catalog: Catalog) -> bool:
    addon = catalog.addons.get(name)
    return addon is not None and addon.default
