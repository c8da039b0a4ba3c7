"""What is wrong with the region, the zones, and the zones of pools."""

from collections.abc import Iterator

from catalog.load import Catalog
from planner.network import codes
from planner.network.location import touches_the_cloud
from settings.diagnostics import Diagnostic
from settings.models import Settings
from settings.suggest import closest


def check_location(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with the region and the zones."""
    if not touches_the_cloud(settings):
        return
    yield from _region(settings, catalog)
    yield from _zones(settings, catalog)
    yield from _pool_zones(settings)


def _region(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    path = "tencentcloud:region"
    if settings.region is None:
        likely = next((zone.rpartition("-")[0] for zone in settings.network.zones), "ap-guangzhou")
        yield codes.missing_region(path, likely=likely, known=catalog.regions)
    elif settings.region not in catalog.regions:
        near = closest(settings.region, catalog.regions)
        yield codes.unknown_region(path, region=settings.region, near=near, known=catalog.regions)


def _zones(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    region = catalog.regions.get(settings.region or "")
    known = region.zones if region else ()
    zones = settings.network.zones
    if not zones:
        yield codes.missing_zones("network.zones", known=known)
    for index, zone in enumerate(zones):
        path = f"network.zones[{index}]"
        if zone in zones[:index]:
            yield codes.zone_given_twice(path, zone=zone)
        elif settings.region and zone.rpartition("-")[0] != settings.region:
            twin = f"{settings.region}-{zone.rpartition('-')[2]}"
            near = twin if twin in known else next(iter(known), None)
            yield codes.zone_not_in_region(path, zone=zone, region=settings.region, near=near, known=known)
        elif known and zone not in known:
            yield codes.unknown_zone(path, zone=zone, near=closest(zone, known) or known[-1], known=known)
    if zones and region and not known:
        yield codes.zones_unchecked("network.zones", region=region.name, zones=zones)


def _pool_zones(settings: Settings) -> Iterator[Diagnostic]:
    zones = settings.network.zones
    for name, pool in settings.pools.items():
        if zones and pool.zone is not None and pool.zone not in zones:
            yield codes.pool_zone_not_in_network(f"pools.{name}.zone", pool=name, zone=pool.zone, zones=zones)
