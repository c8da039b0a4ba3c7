"""The road by which each image reaches the nodes: its registry, or a mirror of it."""

from collections.abc import Iterator, Mapping

from catalog.checks import registry_of
from catalog.load import Catalog
from planner.network.location import in_mainland
from settings.diagnostics import Diagnostic
from settings.models import Settings

TENCENT_REGISTRIES = ("tencentcloudcr.com", "ccs.tencentyun.com")
"""Registries of Tencent Cloud, which every node reaches."""


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


def check_images(images: Mapping[str, str], settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with the roads of `images`, given by their paths in the stack file before any mirror."""
    mainland = in_mainland(settings, catalog)
    for path, image in images.items():
        registry = registry_of(image)
        if mainland and registry not in settings.images.mirrors and not registry.endswith(TENCENT_REGISTRIES):
            yield from _road(path, image, registry, catalog)


def _road(path: str, image: str, registry: str, catalog: Catalog) -> Iterator[Diagnostic]:
    entry = catalog.mirrors.get(registry)
    if entry is not None and (entry.mirror is not None or entry.blocked is False):
        return
    blocked = entry is not None and entry.blocked is True and entry.verified
    yield Diagnostic(
        severity="error" if blocked else "warning",
        code="IMAGE_NO_ROAD" if blocked else "IMAGE_ROAD_UNKNOWN",
        path=path,
        message=f"{registry} cannot be reached from the mainland, and no mirror of it is known."
        if blocked
        else f"Nobody knows whether nodes on the mainland reach {registry}, and no mirror of it is known.",
        remedy=f"Set images.mirrors for {registry}, or copy the image to a registry of your own and name it there.",
        given=image,
        allowed="an image whose registry has a mirror",
    )
