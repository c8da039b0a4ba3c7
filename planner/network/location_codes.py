"""What can be wrong with the region, the zones, and the zones of pools."""

from collections.abc import Iterable, Sequence

from settings.diagnostics import Text, error, warning
from settings.translation import tr


@error(
    meaning=tr("The stack file names no region, so nothing can be made."),
    example="config: {}   # no tencentcloud:region",
    fix=tr("`pulumi config set tencentcloud:region ap-guangzhou`, with the region of your choice."),
    source="The provider's configuration (region has no default).",
    forceable=False,
)
def missing_region(*, likely: str, known: Iterable[str]) -> Text:
    return Text(
        message=tr("The stack file names no region."),
        remedy=tr(
            "Run `pulumi config set tencentcloud:region {likely}` with the region of your choice.", likely=likely
        ),
        allowed=", ".join(known),
        fix=(("", likely),),
    )


@error(
    meaning=tr("The region is not one that the catalogue knows."),
    example="tencentcloud:region: ap-guangzou",
    fix=tr("Use the name that is suggested; force the code where Tencent Cloud has a newer region."),
    source="catalog/data/regions.yaml",
)
def unknown_region(*, region: str, near: str | None, known: Iterable[str]) -> Text:
    return Text(
        message=tr("{region} is not a region that the catalogue knows.", region=region),
        remedy=tr("Use {near}.", near=near) if near else tr("Use a region of the list."),
        given=region,
        allowed=", ".join(known),
        fix=(("", near),) if near else (),
    )


@error(
    meaning=tr("The network has no availability zone, so no subnet can be made."),
    example="network: {}",
    fix=tr("List one or more zones of the region under network.zones, the preferred one first."),
    source="Subnets of Tencent Cloud lie in one zone each.",
    forceable=False,
)
def missing_zones(*, known: Sequence[str]) -> Text:
    likely = known[-2:]
    return Text(
        message=tr("The network needs at least one availability zone."),
        remedy=tr(
            "Set network.zones to zones of your region, such as [{likely}].",
            likely=", ".join(likely) or "ap-guangzhou-6",
        ),
        allowed=", ".join(known),
        fix=(("", list(likely)),) if likely else (),
    )


@error(
    meaning=tr("A zone belongs to another region than the stack."),
    example="tencentcloud:region: ap-guangzhou\ntke-llm:network: {zones: [ap-shanghai-2]}",
    fix=tr("Use a zone of the region, or change the region."),
    source="catalog/data/regions.yaml",
)
def zone_not_in_region(
    *, zone: str, region: str, near: str | None, elsewhere: str | None, known: Iterable[str]
) -> Text:
    """`elsewhere`: the region that all zones of the network are in."""
    if elsewhere is not None:
        return Text(
            message=tr(
                "{zone} is not a zone of {region}; all zones of the network are in {elsewhere}.",
                zone=zone,
                region=region,
                elsewhere=elsewhere,
            ),
            remedy=tr(
                "Set tencentcloud:region to {elsewhere}, or use zones of {region}.", elsewhere=elsewhere, region=region
            ),
            given=zone,
            allowed=", ".join(known),
            fix=(("tencentcloud:region", elsewhere),),
        )
    return Text(
        message=tr("{zone} is not a zone of {region}.", zone=zone, region=region),
        remedy=tr("Use {near}, or set tencentcloud:region to the zone's region.", near=near)
        if near
        else tr("Use a zone of {region}.", region=region),
        given=zone,
        allowed=", ".join(known),
        fix=(("", near),) if near else (),
    )


@error(
    meaning=tr("The zone is not among those that the catalogue has for its region."),
    example="network: {zones: [ap-guangzhou-9]}",
    fix=tr("Use one of the list; force the code where Tencent Cloud has a newer zone."),
    source="catalog/data/regions.yaml",
)
def unknown_zone(*, zone: str, near: str, known: Iterable[str]) -> Text:
    return Text(
        message=tr("{zone} is not a zone that the catalogue knows.", zone=zone),
        remedy=tr("Use {near}.", near=near),
        given=zone,
        allowed=", ".join(known),
        fix=(("", near),),
    )


@error(
    meaning=tr("A zone is listed more than once; one subnet is made in each."),
    example="network: {zones: [ap-guangzhou-6, ap-guangzhou-6]}",
    fix=tr("Remove the repetition."),
    source="planner/network/decide.py (one subnet for each zone)",
)
def zone_given_twice(*, zone: str) -> Text:
    return Text(
        message=tr("{zone} is listed more than once.", zone=zone),
        remedy=tr("Remove it: one subnet is made in each zone."),
        given=zone,
        fix=(("", None),),
    )


@warning(
    meaning=tr("The catalogue knows the region, but not its zones."),
    example="network: {zones: [xx-region-1]}",
    fix=tr("Compare the zones with the console's list."),
    source="catalog/data/regions.yaml",
)
def zones_unchecked(*, region: str, zones: Iterable[str]) -> Text:
    return Text(
        message=tr("The catalogue does not list the zones of {region}, so these were not checked.", region=region),
        remedy=tr("Compare them with the console's list."),
        given=", ".join(zones),
    )


@error(
    meaning=tr("A pool is placed in a zone where the network has no subnet."),
    example="network: {zones: [ap-guangzhou-6]}\npools: {gpu: {instanceType: PNV4.7XLARGE116, zone: ap-guangzhou-7}}",
    fix=tr("Place the pool in a zone of the network, or add its zone to network.zones."),
    source="Nodes join the subnet of their zone.",
)
def pool_zone_not_in_network(*, pool: str, zone: str, zones: Sequence[str], addable: bool) -> Text:
    """`addable`: a subnet can be made there, so that the machines stay where they are sold."""
    return Text(
        message=tr("Pool {pool} is in {zone}, where the network has no subnet.", pool=pool, zone=zone),
        remedy=tr("Add {zone} to network.zones, or use {with_subnet}.", zone=zone, with_subnet=zones[0])
        if addable
        else tr("Use {with_subnet}, or add {zone} to network.zones.", with_subnet=zones[0], zone=zone),
        given=zone,
        allowed=", ".join(zones),
        fix=(("network.zones", [*zones, zone]),) if addable else (("", zones[0]),),
    )
