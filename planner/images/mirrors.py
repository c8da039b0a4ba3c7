"""Where the nodes pull an image from: its registry, or a mirror of it."""

from catalog.checks import registry_of
from catalog.load import Catalog
from planner.network.location import in_mainland
from settings.stack import Settings


def resolve(image: str, settings: Settings, catalog: Catalog) -> str:
    """The reference that the nodes pull `image` by.

    A mirror of the stack file wins everywhere. The catalogue's serve mainland regions, and leave the name as it is
    where TKE's nodes go through the mirror by themselves.
    """
    registry = registry_of(image)
    mirror = settings.images.mirrors.get(registry)
    if mirror is None and in_mainland(settings, catalog):
        entry = catalog.mirrors.get(registry)
        mirror = entry.mirror if entry is not None and not entry.transparent else None
    if mirror is None:
        return image
    rest = image.removeprefix(f"{registry}/")
    if registry == "docker.io" and "/" not in rest:
        rest = f"library/{rest}"
    return f"{mirror.rstrip('/')}/{rest}"
