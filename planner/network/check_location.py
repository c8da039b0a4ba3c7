"""What is wrong with the region, the zones, and the zones of pools."""

from collections.abc import Iterator, Sequence

from catalog.load import Catalog
from catalog.names import region_meant
from planner.network import location_codes as codes
from planner.network.location import touches_the_cloud
from settings.diagnostics import Diagnostic
from settings.stack import Settings
from settings.suggest import closest


def check_location(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with the region and the zones."""
    if not touches_the_cloud(settings):
        return
    yield from _region(settings, catalog)
    yield from _zones(settings, catalog)
    yield from _pool_zones(settings, catalog)


def _region(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    path = "tencentcloud:region"
    if settings.region is None:
        likely = next((zone.rpartition("-")[0] for zone in settings.network.zones), "ap-guangzhou")
        yield codes.missing_region(path, likely=likely, known=catalog.regions)
    elif settings.region not in catalog.regions:
        near = region_meant(settings.region, catalog.regions)
        yield codes.unknown_region(path, region=settings.region, near=near, known=catalog.regions)


def _zones(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    region = catalog.regions.get(settings.region or "")
    known = region.zones if region else ()
    zones = settings.network.zones
    if not zones:
        yield codes.missing_zones("network.zones", known=known)
    elsewhere = _all_in(zones, catalog)
    for index, zone in enumerate(zones):
        path = f"network.zones[{index}]"
        if zone in zones[:index]:
            yield codes.zone_given_twice(path, zone=zone)
        elif settings.region and zone.rpartition("-")[0] != settings.region:
            twin = f"{settings.region}-{zone.rpartition('-')[2]}"
            near = twin if twin in known else next(iter(known), None)
            yield codes.zone_not_in_region(
                path, zone=zone, region=settings.region, near=near, elsewhere=elsewhere, known=known
            )
        elif known and zone not in known:
            yield codes.unknown_zone(path, zone=zone, near=closest(zone, known) or known[-1], known=known)
    if zones and region and not known:
        yield codes.zones_unchecked("network.zones", region=region.name, zones=zones)


def _all_in(zones: Sequence[str], catalog: Catalog) -> str | None:
    """The region that several zones have in common: what they say together outweighs one name of a region."""
    regions = {zone.rpartition("-")[0] for zone in zones}
    return next(iter(regions & set(catalog.regions)), None) if len(zones) > 1 and len(regions) == 1 else None


def _pool_zones(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    zones, network = settings.network.zones, settings.network
    for name, pool in settings.pools.items():
        if zones and pool.zone is not None and pool.zone not in zones:
            region = catalog.regions.get(settings.region or "")
            addable = region is not None and pool.zone in region.zones and not network.subnet_ids
            yield codes.pool_zone_not_in_network(
                f"pools.{name}.zone", pool=name, zone=pool.zone, zones=zones, addable=addable
            )
