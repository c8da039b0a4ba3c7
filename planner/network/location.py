"""Where the stack is: its region, and whether the cloud is asked for anything."""

from catalog.load import Catalog
from settings.stack import Settings


def touches_the_cloud(settings: Settings) -> bool:
    """Whether anything is asked of Tencent Cloud: not where a kubeconfig alone leads to the cluster."""
    existing = settings.cluster.existing
    return existing is None or existing.id is not None


def in_mainland(settings: Settings, catalog: Catalog) -> bool:
    """Whether the stack is known to be in a region on the mainland."""
    region = catalog.regions.get(settings.region or "")
    return region is not None and region.mainland
