"""Whether nodes on the mainland reach the registries of images."""

from collections.abc import Iterator, Mapping

from catalog.checks import registry_of
from catalog.load import Catalog
from planner.images import mirrors_codes as codes
from planner.network.location import in_mainland
from settings.diagnostics import Diagnostic
from settings.stack import Settings

TENCENT_REGISTRIES = ("tencentcloudcr.com", "ccs.tencentyun.com")
"""Registries of Tencent Cloud, which every node reaches."""


def check_mirrors(images: Mapping[str, str], settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with where `images` come from, given by their paths in the stack file before any mirror."""
    mainland = in_mainland(settings, catalog)
    for path, image in images.items():
        registry = registry_of(image)
        if not mainland or registry in settings.images.mirrors or registry.endswith(TENCENT_REGISTRIES):
            continue
        entry = catalog.mirrors.get(registry)
        if entry is not None and (entry.mirror is not None or entry.blocked is False):
            continue
        blocked = entry is not None and entry.blocked is True and entry.verified
        yield (codes.image_no_road if blocked else codes.image_road_unknown)(path, registry=registry, image=image)
