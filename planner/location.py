"""Where the stack is: region, zones, and the zones of pools."""

from collections.abc import Iterator

from catalog.load import Catalog
from settings.diagnostics import Diagnostic
from settings.models import Settings
from settings.suggest import closest


def touches_the_cloud(settings: Settings) -> bool:
    """Whether anything is asked of Tencent Cloud: not where a kubeconfig alone leads to the cluster."""
    existing = settings.cluster.existing
    return existing is None or existing.id is not None


def in_mainland(settings: Settings, catalog: Catalog) -> bool:
    """Whether the stack is known to be in a region on the mainland."""
    region = catalog.regions.get(settings.region or "")
    return region is not None and region.mainland


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
        yield Diagnostic(
            severity="error",
            code="MISSING_REGION",
            path=path,
            message="The stack file names no region.",
            remedy=f"Run `pulumi config set tencentcloud:region {likely}` with the region of your choice.",
            allowed=", ".join(catalog.regions),
            fix=((path, likely),),
        )
    elif settings.region not in catalog.regions:
        near = closest(settings.region, catalog.regions)
        yield Diagnostic(
            severity="error",
            code="UNKNOWN_REGION",
            path=path,
            message=f"{settings.region} is not a region that the catalogue knows.",
            remedy=f"Use {near}." if near else "Use a region of the list.",
            given=settings.region,
            allowed=", ".join(catalog.regions),
            fix=((path, near),) if near else (),
        )


def _zones(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    region = catalog.regions.get(settings.region or "")
    known = region.zones if region else ()
    zones = settings.network.zones
    if not zones:
        likely = known[-2:]
        yield Diagnostic(
            severity="error",
            code="MISSING_ZONES",
            path="network.zones",
            message="The network needs at least one availability zone.",
            remedy=f"Set network.zones to zones of your region, such as [{', '.join(likely) or 'ap-guangzhou-6'}].",
            allowed=", ".join(known),
            fix=(("network.zones", list(likely)),) if likely else (),
        )
    for index, zone in enumerate(zones):
        path = f"network.zones[{index}]"
        if zone in zones[:index]:
            yield _twice(path, zone)
        elif settings.region and zone.rpartition("-")[0] != settings.region:
            yield _elsewhere(path, zone, settings.region, known)
        elif known and zone not in known:
            yield _unknown(path, zone, known)
    if zones and region and not known:
        yield Diagnostic(
            severity="warning",
            code="ZONES_UNCHECKED",
            path="network.zones",
            message=f"The catalogue does not list the zones of {region.name}, so these were not checked.",
            remedy="Compare them with the console's list.",
            given=", ".join(zones),
        )


def _twice(path: str, zone: str) -> Diagnostic:
    return Diagnostic(
        severity="error",
        code="ZONE_GIVEN_TWICE",
        path=path,
        message=f"{zone} is listed more than once.",
        remedy="Remove it: one subnet is made in each zone.",
        given=zone,
        fix=((path, None),),
    )


def _elsewhere(path: str, zone: str, region: str, known: tuple[str, ...]) -> Diagnostic:
    twin = f"{region}-{zone.rpartition('-')[2]}"
    near = twin if twin in known else next(iter(known), None)
    return Diagnostic(
        severity="error",
        code="ZONE_NOT_IN_REGION",
        path=path,
        message=f"{zone} is not a zone of {region}.",
        remedy=f"Use {near}, or set tencentcloud:region to the zone's region." if near else f"Use a zone of {region}.",
        given=zone,
        allowed=", ".join(known),
        fix=((path, near),) if near else (),
    )


def _unknown(path: str, zone: str, known: tuple[str, ...]) -> Diagnostic:
    near = closest(zone, known) or known[-1]
    return Diagnostic(
        severity="error",
        code="UNKNOWN_ZONE",
        path=path,
        message=f"{zone} is not a zone that the catalogue knows.",
        remedy=f"Use {near}.",
        given=zone,
        allowed=", ".join(known),
        fix=((path, near),),
    )


def _pool_zones(settings: Settings) -> Iterator[Diagnostic]:
    zones = settings.network.zones
    for name, pool in settings.pools.items():
        if zones and pool.zone is not None and pool.zone not in zones:
            path = f"pools.{name}.zone"
            yield Diagnostic(
                severity="error",
                code="POOL_ZONE_NOT_IN_NETWORK",
                path=path,
                message=f"Pool {name} is in {pool.zone}, where the network has no subnet.",
                remedy=f"Use {zones[0]}, or add {pool.zone} to network.zones.",
                given=pool.zone,
                allowed=", ".join(zones),
                fix=((path, zones[0]),),
            )
