"""What can be wrong with the VPC, its subnets and the cluster's own address ranges."""

from collections.abc import Iterable, Sequence

from settings.diagnostics import Text, error, warning
from settings.translation import joined, tr


@error(
    meaning=tr("Existing subnets are named, but not the VPC that they are in."),
    example="network: {zones: [ap-guangzhou-6], subnetIds: [subnet-1]}",
    fix=tr("Set network.vpcId, or remove network.subnetIds and network.podSubnetIds."),
    source="Arguments vpc_id and subnet_id of the provider",
)
def subnets_without_vpc(*, key: str, subnets: Sequence[str]) -> Text:
    return Text(
        message=tr("Existing subnets are named, but not the VPC that they are in."),
        remedy=tr("Set network.vpcId to the VPC that they are in, or remove {key} to have a network made.", key=key),
        given=", ".join(subnets),
    )


@error(
    meaning=tr("An existing VPC is used, but none of its subnets is named."),
    example="network: {zones: [ap-guangzhou-6], vpcId: vpc-1}",
    fix=tr("List one subnet for each zone under network.subnetIds, in the order of network.zones."),
    source="planner/network/check.py",
    forceable=False,
)
def missing_subnets(*, vpc: str) -> Text:
    return Text(
        message=tr("The VPC {vpc} exists already, but no subnet of it is named.", vpc=vpc),
        remedy=tr(
            "Set network.subnetIds: one subnet for each zone of network.zones, in that order. Or set "
            "network.nat to have subnets with a NAT gateway made in it."
        ),
    )


@error(
    meaning=tr("There are more or fewer existing subnets than zones."),
    example="network: {zones: [ap-guangzhou-6, ap-guangzhou-7], vpcId: vpc-1, subnetIds: [subnet-1]}",
    fix=tr("Name one subnet for each zone, in the same order."),
    source="planner/network/check.py",
    forceable=False,
)
def subnet_count(*, subnets: Sequence[str], zones: int) -> Text:
    return Text(
        message=tr("There are {count} subnets for {zones} zones.", count=len(subnets), zones=zones),
        remedy=tr("Name one subnet for each zone of network.zones, in that order."),
        given=", ".join(subnets),
        allowed=tr("{zones} subnets", zones=zones),
    )


@warning(
    meaning=tr(
        "Pods take their addresses from the nodes' subnets; TKE wants subnets for pods alone, and takes "
        "none away from a cluster later."
    ),
    example="network: {zones: [ap-guangzhou-6], vpcId: vpc-1, subnetIds: [subnet-1], cidr: 10.0.0.0/16}",
    fix=tr(
        "Name a further subnet of each zone under network.podSubnetIds; for a cluster that exists, set "
        "network.shareSubnets too."
    ),
    source="vendor document 457/35250 (limits of VPC-CNI); AddVpcCniSubnets has no counterpart",
)
def pod_subnets_shared(*, existing: bool, shared: Sequence[str], cidr: str, longest: int) -> Text:
    """`existing`: the VPC exists already; otherwise `longest` is the longest prefix with room for subnets of pods."""
    return Text(
        message=tr("Pods take their addresses from the nodes' subnets, which TKE wants for pods alone."),
        remedy=tr("Set network.podSubnetIds to a further subnet for each zone.")
        if existing
        else tr("Use a range of /{longest} or shorter.", longest=longest),
        given=", ".join(shared) or ("" if existing else cidr),
    )


@warning(
    meaning=tr("An existing VPC is used and its address range is not given; security rules assume the default range."),
    example="network: {zones: [ap-guangzhou-6], vpcId: vpc-1, subnetIds: [subnet-1]}",
    fix=tr("Set network.cidr to the range of the VPC."),
    source="planner/network/check.py",
)
def vpc_range_assumed(*, vpc: str, cidr: str) -> Text:
    return Text(
        message=tr("The range of {vpc} is not given; {cidr} is assumed.", vpc=vpc, cidr=cidr),
        remedy=tr("Set network.cidr to the range of that VPC."),
    )


@error(
    meaning=tr(
        "A NAT gateway is requested beside subnets that the stack does not make, whose route tables it must not change."
    ),
    example="network: {zones: [ap-guangzhou-6], vpcId: vpc-1, subnetIds: [subnet-1], nat: true}",
    fix=tr("Remove network.nat, and give the VPC a way out of its own."),
    source="planner/network/check.py",
)
def nat_in_existing_vpc() -> Text:
    return Text(
        message=tr("No NAT gateway is made for subnets that exist: their route tables are not this stack's to change."),
        remedy=tr("Remove network.nat and give the subnets a way out, or remove subnetIds to have new ones made."),
        given="true",
        fix=(("", None),),
    )


@error(
    meaning=tr("No VPC has this address range; the nodes of a VPC that exists would be opened to it."),
    example="network: {cidr: 11.0.0.0/16}",
    fix=tr("Use a range within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 that is not too large."),
    source="Tencent Cloud document 215/15774 (CreateVpc)",
    rules=("SECURITY_GROUP_OPEN",),
)
def vpc_range_not_allowed(*, cidr: str, ranges: Iterable[tuple[str, int]], longest: int, existing: str | None) -> Text:
    """`ranges`: each with the shortest prefix that a VPC in it may have; `longest`: the longest of any VPC. `existing`:
    the VPC whose range it is said to be, where the stack does not make it."""
    return Text(
        message=tr("A VPC cannot have the range {cidr}.", cidr=cidr),
        remedy=tr("Set it to the range that the console shows of {existing}.", existing=existing)
        if existing
        else tr("Use 10.0.0.0/16."),
        given=cidr,
        allowed=joined(
            tr("{net} with /{shortest} to /{longest}", net=net, shortest=shortest, longest=longest)
            for net, shortest in ranges
        ),
        fix=() if existing else (("", "10.0.0.0/16"),),
    )


@error(
    meaning=tr("The VPC cannot be cut into subnets for up to six zones."),
    example="network: {cidr: 10.0.0.0/27}",
    fix=tr("Use /25 or a larger range."),
    source="Tencent Cloud document 215/15774 (the smallest range is /28)",
    forceable=False,
)
def vpc_too_small(*, cidr: str, larger: str, longest: int) -> Text:
    return Text(
        message=tr("{cidr} cannot be cut into subnets for up to six zones.", cidr=cidr),
        remedy=tr("Use a larger range, such as {larger}.", larger=larger),
        given=cidr,
        allowed=tr("/{longest} or shorter", longest=longest),
        fix=(("", larger),),
    )


@warning(
    meaning=tr("A subnet may run out of addresses; with vpc-cni every pod takes one of the VPC."),
    example="network: {cidr: 10.0.0.0/24}",
    fix=tr("Use a larger VPC; ranges cannot be changed afterwards."),
    source="Tencent Cloud document 457/50355 (VPC-CNI); pods of a node estimated",
)
def subnet_too_small(*, cidr: str, users: str, have: int, need: int, nodes: int, larger: str | None) -> Text:
    """`users`: who has addresses of the subnet ("nodes", "pods", "all")."""
    return Text(
        message=tr(
            "Each subnet for {users} has {have} addresses; {nodes} nodes and their pods may need {need}.",
            users=users,
            have=have,
            nodes=nodes,
            need=need,
        ),
        remedy=tr("Use a larger range, such as {larger}.", larger=larger) if larger else tr("Use fewer nodes."),
        given=cidr,
        fix=(("", larger),) if larger else (),
    )


@error(
    meaning=tr(
        "The range of Services (vpc-cni), pods (gr) or a CFS Turbo's mount target overlaps another one, "
        "so addresses would be ambiguous."
    ),
    example="network: {cidr: 172.16.0.0/16}\ncluster: {serviceCidr: 172.16.0.0/20}",
    fix=tr("Use the free range that is suggested."),
    source="The provider's kubernetes_cluster (cluster_cidr, service_cidr); found only at `pulumi up` otherwise",
)
def cidr_overlap(*, cidr: str, meets: str, of_vpc: bool, taken: Iterable[str], free: str | None) -> Text:
    """`cidr` and `meets`, one of the ranges that are `taken`, have addresses in common. `of_vpc`: `meets` is the VPC's
    range, and no other counts."""
    return Text(
        message=tr("{cidr} overlaps the VPC's range {meets}.", cidr=cidr, meets=meets)
        if of_vpc
        else tr("{cidr} overlaps {meets}, which the cluster uses.", cidr=cidr, meets=meets),
        remedy=tr("Use {free}.", free=free)
        if free
        else (tr("Use a range outside the VPC.") if of_vpc else tr("Use a range that nothing else has.")),
        given=cidr,
        allowed=tr("a range outside {taken}", taken=joined(taken)),
        fix=(("", free),) if free else (),
    )


@error(
    meaning=tr("TKE does not take this range for pods in mode gr."),
    example="cluster: {networkMode: gr, podCidr: 100.64.0.0/16}",
    fix=tr("Use a range within 9/8, 10/8, 11/8, 172.16/12 or 192.168/16."),
    source="The provider's kubernetes_cluster, argument cluster_cidr",
)
def pod_range_not_allowed(*, cidr: str, ranges: Iterable[str], free: str | None) -> Text:
    return _range_not_allowed(tr("pods"), cidr, ranges, free)


@error(
    meaning=tr("TKE does not take this range for Services."),
    example="cluster: {serviceCidr: 128.0.0.0/1}",
    fix=tr("Use a range within 9/8, 10/8, 11/8, 172.16/12 or 192.168/16."),
    source="The provider's kubernetes_cluster, argument service_cidr",
)
def service_range_not_allowed(*, cidr: str, ranges: Iterable[str], free: str | None) -> Text:
    return _range_not_allowed("Services", cidr, ranges, free)


def _range_not_allowed(users: str, cidr: str, ranges: Iterable[str], free: str | None) -> Text:
    return Text(
        message=tr("TKE does not take {cidr} as a range of {users}.", cidr=cidr, users=users),
        remedy=tr("Use {free}.", free=free) if free else tr("Use a range of the list."),
        given=cidr,
        allowed=tr("a range within {ranges}", ranges=joined(ranges)),
        fix=(("", free),) if free else (),
    )


@warning(
    meaning=tr("The pod range of mode gr holds fewer blocks than there may be nodes."),
    example="cluster: {networkMode: gr, podCidr: 172.20.0.0/24}",
    fix=tr("Use a larger range; it cannot be changed afterwards."),
    source="The provider's kubernetes_cluster (cluster_max_pod_num, cluster_max_service_num)",
)
def pod_range_too_small(*, cidr: str, have: int, need: int, nodes: int, free: str | None) -> Text:
    return Text(
        message=tr(
            "{cidr} has {have} addresses; Services and {nodes} nodes take {need}.",
            cidr=cidr,
            have=have,
            nodes=nodes,
            need=need,
        ),
        remedy=tr("Use {free}.", free=free) if free else tr("Use a larger range."),
        given=cidr,
        fix=(("", free),) if free else (),
    )
