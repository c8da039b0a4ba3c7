"""What can be wrong with region, zones, network and the ways to the Internet."""

from collections.abc import Iterable, Sequence

from settings.diagnostics import Text, error, warning


@error(
    meaning="The stack file names no region, so nothing can be made.",
    example="config: {}   # no tencentcloud:region",
    fix="`pulumi config set tencentcloud:region ap-guangzhou`, with the region of your choice.",
    source="The provider's configuration (region has no default).",
    forceable=False,
)
def missing_region(*, likely: str, known: Iterable[str]) -> Text:
    return Text(
        message="The stack file names no region.",
        remedy=f"Run `pulumi config set tencentcloud:region {likely}` with the region of your choice.",
        allowed=", ".join(known),
        fix=(("", likely),),
    )


@error(
    meaning="The region is not one that the catalogue knows.",
    example="tencentcloud:region: ap-guangzou",
    fix="Use the name that is suggested; force the code where Tencent Cloud has a newer region.",
    source="catalog/data/regions.yaml",
)
def unknown_region(*, region: str, near: str | None, known: Iterable[str]) -> Text:
    return Text(
        message=f"{region} is not a region that the catalogue knows.",
        remedy=f"Use {near}." if near else "Use a region of the list.",
        given=region,
        allowed=", ".join(known),
        fix=(("", near),) if near else (),
    )


@error(
    meaning="The network has no availability zone, so no subnet can be made.",
    example="network: {}",
    fix="List one or more zones of the region under network.zones, the preferred one first.",
    source="Subnets of Tencent Cloud lie in one zone each.",
    forceable=False,
)
def missing_zones(*, known: Sequence[str]) -> Text:
    likely = known[-2:]
    return Text(
        message="The network needs at least one availability zone.",
        remedy=f"Set network.zones to zones of your region, such as [{', '.join(likely) or 'ap-guangzhou-6'}].",
        allowed=", ".join(known),
        fix=(("", list(likely)),) if likely else (),
    )


@error(
    meaning="A zone belongs to another region than the stack.",
    example="tencentcloud:region: ap-guangzhou\ntke-llm:network: {zones: [ap-shanghai-2]}",
    fix="Use a zone of the region, or change the region.",
    source="catalog/data/regions.yaml",
)
def zone_not_in_region(*, zone: str, region: str, near: str | None, known: Iterable[str]) -> Text:
    return Text(
        message=f"{zone} is not a zone of {region}.",
        remedy=f"Use {near}, or set tencentcloud:region to the zone's region." if near else f"Use a zone of {region}.",
        given=zone,
        allowed=", ".join(known),
        fix=(("", near),) if near else (),
    )


@error(
    meaning="The zone is not among those that the catalogue has for its region.",
    example="network: {zones: [ap-guangzhou-9]}",
    fix="Use one of the list; force the code where Tencent Cloud has a newer zone.",
    source="catalog/data/regions.yaml",
)
def unknown_zone(*, zone: str, near: str, known: Iterable[str]) -> Text:
    return Text(
        message=f"{zone} is not a zone that the catalogue knows.",
        remedy=f"Use {near}.",
        given=zone,
        allowed=", ".join(known),
        fix=(("", near),),
    )


@error(
    meaning="A zone is listed more than once; one subnet is made in each.",
    example="network: {zones: [ap-guangzhou-6, ap-guangzhou-6]}",
    fix="Remove the repetition.",
    source="planner/network/decide.py (one subnet for each zone)",
)
def zone_given_twice(*, zone: str) -> Text:
    return Text(
        message=f"{zone} is listed more than once.",
        remedy="Remove it: one subnet is made in each zone.",
        given=zone,
        fix=(("", None),),
    )


@warning(
    meaning="The catalogue knows the region, but not its zones.",
    example="network: {zones: [xx-region-1]}",
    fix="Compare the zones with the console's list.",
    source="catalog/data/regions.yaml",
)
def zones_unchecked(*, region: str, zones: Iterable[str]) -> Text:
    return Text(
        message=f"The catalogue does not list the zones of {region}, so these were not checked.",
        remedy="Compare them with the console's list.",
        given=", ".join(zones),
    )


@error(
    meaning="A pool is placed in a zone where the network has no subnet.",
    example="network: {zones: [ap-guangzhou-6]}\npools: {gpu: {instanceType: PNV4.7XLARGE116, zone: ap-guangzhou-7}}",
    fix="Place the pool in a zone of the network, or add its zone to network.zones.",
    source="Nodes join the subnet of their zone.",
)
def pool_zone_not_in_network(*, pool: str, zone: str, zones: Sequence[str]) -> Text:
    return Text(
        message=f"Pool {pool} is in {zone}, where the network has no subnet.",
        remedy=f"Use {zones[0]}, or add {zone} to network.zones.",
        given=zone,
        allowed=", ".join(zones),
        fix=(("", zones[0]),),
    )
