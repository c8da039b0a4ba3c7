"""What can be wrong with region, zones, network and the ways to the Internet."""

from collections.abc import Iterable, Sequence

from settings.diagnostics import Text, error, note, warning
from settings.translation import joined, tr

SHOWN = 4
"""Ranges of a list that a message repeats."""


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
    """`existing`: the VPC is; otherwise `longest` is the prefix of a range with room for subnets of their own."""
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
        remedy=tr("Remove network.nat and give the subnets a road out, or remove subnetIds to have new ones made."),
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
    """`ranges`: each with the shortest prefix that a VPC in it may have; `longest`: of any VPC. `existing`: the VPC
    that the range is said of, where it is not made."""
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
    fix=tr("Use a range of /25 or more addresses."),
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
    """`cidr` and `meets`, one of the ranges that are `taken`, have addresses in common. `of_vpc`: it is the VPC's, the
    only one that counts."""
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


@error(
    meaning=tr("The nodes that download models have no way to the Internet, so every download would fail."),
    example="network: {nat: false}",
    fix=tr(
        "Set network.nat to true, or to {bandwidth: Mbps}; or give the CPU nodes public addresses "
        "(systemPool.publicBandwidth)."
    ),
    source="The guide's FAQ (why does the download fail); Tencent Cloud document 457/48710",
)
def no_internet_road() -> Text:
    return Text(
        message=tr("Without a NAT gateway the nodes cannot reach the model hub, and the download would fail."),
        remedy=tr(
            "Set network.nat to true, or cluster.systemPool.publicBandwidth to give the CPU nodes public addresses."
        ),
        given="false",
        allowed=tr("true, or {bandwidth: Mbps}"),
        fix=(("", True),),
    )


@note(
    meaning=tr("In an existing VPC nobody checks that a NAT gateway exists."),
    example="network: {vpcId: vpc-1}",
    fix=tr("See that the subnets' route table leads to a NAT gateway."),
    source="planner/network/check_internet.py",
)
def internet_road_assumed(*, vpc: str) -> Text:
    return Text(
        message=tr("Downloads go the way that {vpc} has to the Internet; none is made.", vpc=vpc),
        remedy=tr("See that its route table leads to a NAT gateway."),
        given=vpc,
    )


@warning(
    meaning=tr(
        "There is no NAT gateway, and pods with VPC addresses go out by their node's public address only "
        "if TKE translates them."
    ),
    example="network: {nat: false}\ncluster: {systemPool: {publicBandwidth: 100}}",
    fix=tr("Use a NAT gateway, or cluster.networkMode: gr, for which the translation is documented."),
    source="cloud.tencent.com developer article 1598539 (ip-masq-agent); VPC-CNI not confirmed",
)
def public_address_of_node() -> Text:
    return Text(
        message=tr(
            "Downloads go out by the public address of their node. TKE translates pods' addresses to it in "
            "mode gr; that it does so in mode vpc-cni too was not confirmed."
        ),
        remedy=tr("Use a NAT gateway, or cluster.networkMode: gr."),
        given="false",
        fix=(("", True),),
    )


@error(
    meaning=tr("Pods on super nodes reach the Internet by a NAT gateway or an EIP of their own, and there is neither."),
    example='network: {nat: false}\npools: {gpu: {kind: super, gpuType: "A10*PNV4"}}',
    fix=tr("Set network.nat to true, or the pool's publicBandwidth to the Mbps of an EIP for each pod."),
    source="Tencent Cloud document 457/48710; annotation eks.tke.cloud.tencent.com/eip-attributes (457/36162)",
)
def super_node_without_road(*, pool: str, most: int) -> Text:
    return Text(
        message=tr(
            "Pods on the super nodes of pool {pool} have no road to the Internet: no NAT gateway and no EIP.", pool=pool
        ),
        remedy=tr(
            "Set network.nat to true, or pools.{pool}.publicBandwidth to the Mbps of an EIP for each pod.", pool=pool
        ),
        given="0",
        allowed=tr("1 to {most}, or a NAT gateway", most=most),
        fix=(("network.nat", True),),
    )


@warning(
    meaning=tr("A public address billed by traffic has less bandwidth than was requested."),
    example="pools: {gpu: {publicBandwidth: 500}}",
    fix=tr("Ask for 100 Mbps or less, or use a NAT gateway with more."),
    source="Tencent Cloud API AllocateAddresses, InternetMaxBandwidthOut",
)
def public_bandwidth_high(*, key: str, mbps: int, most: int) -> Text:
    return Text(
        message=tr("A public address that is billed by traffic has at most {most} Mbps as a rule.", most=most),
        remedy=tr("Set {key} to {most}, or use a NAT gateway.", key=key, most=most),
        given=str(mbps),
        allowed=tr("up to {most}", most=most),
        fix=(("", most),),
    )


@warning(
    meaning=tr(
        "Nothing is said about the API server, so it is reached from inside the VPC only and `pulumi up` "
        "must run there."
    ),
    example="cluster: {}   # no endpoint",
    fix=tr("Set cluster.endpoint to {access: intranet} to agree, or to public with your own address in allow."),
    source="The provider's kubernetes_cluster_endpoint",
)
def endpoint_intranet() -> Text:
    return Text(
        message=tr("The API server is reached from inside the VPC only, so `pulumi up` must run there."),
        remedy=tr("Say so with access: intranet, or set access: public and your own address in allow."),
        fix=(("", {"access": "intranet"}),),
    )


@error(
    meaning=tr("The API server is public and no address may reach it, so the run would stop half-way."),
    example="cluster: {endpoint: {access: public}}",
    fix=tr("`pulumi config set --path 'tke-llm:cluster.endpoint.allow[0]' <your address>/32`"),
    source="Security groups refuse what no rule admits.",
)
def endpoint_open_to_nobody() -> Text:
    return Text(
        message=tr("The API server is public, but no address may reach it: `pulumi up` could not go on."),
        remedy=tr("Run `pulumi config set --path 'tke-llm:cluster.endpoint.allow[0]' <your address>/32`."),
        allowed=tr("at least one address range"),
    )


@error(
    meaning=tr(
        "Everyone on the Internet, or a large part of it, may try the API server. The ranges are judged "
        "together, by the public addresses that they hold."
    ),
    example="cluster: {endpoint: {access: public, allow: [0.0.0.0/0]}}",
    fix=tr("Put your own address there; force the code only where another wall stands in front."),
    source="Kubernetes hardening practice (the API server is the key to everything); no organisation has more "
    "addresses than a /8 (IANA, IPv4 Address Space Registry)",
    rules=("API_SERVER_OPEN",),
)
def endpoint_open_to_all(*, ranges: Sequence[str], widest: int, others: bool) -> Text:
    """`ranges`: the one, or all those that only together are too many addresses; `others`: further ranges stay without
    it."""
    return Text(
        message=tr("{cidr} lets a large part of the Internet try the API server.", cidr=ranges[0])
        if len(ranges) == 1
        else tr("{count} ranges together let a large part of the Internet try the API server.", count=len(ranges)),
        remedy=tr("Remove it, or put your own address there, as <address>/32.")
        if others
        else tr("Put your own address there, as <address>/32."),
        given=_shortened(ranges),
        allowed=tr("no more public addresses than one /{widest} has", widest=widest),
        fix=(("", None),) if others else (),
    )


@warning(
    meaning=tr("There is an allow-list, but the API server is not public."),
    example="cluster: {endpoint: {access: intranet, allow: [198.51.100.7/32]}}",
    fix=tr("Use access: public, or remove the list."),
    source="planner/network/check_endpoint.py",
)
def allow_without_public(*, ranges: Iterable[str]) -> Text:
    return Text(
        message=tr("The allow-list has no effect while the API server is reached from inside the VPC only."),
        remedy=tr("Set cluster.endpoint.access to public, or remove the list."),
        given=", ".join(ranges),
        fix=(("", None),),
    )


@warning(
    meaning=tr("An address that is reserved for documents stands where your own belongs, as in the sample stack."),
    example="cluster: {endpoint: {access: public, allow: [203.0.113.10/32]}}",
    fix=tr("Put your own public address there."),
    source="RFC 5737",
)
def documentation_address(*, cidr: str, key: str) -> Text:
    return Text(
        message=tr("{cidr} is an address for documents; nobody has it, so nobody gets in.", cidr=cidr),
        remedy=tr("Run `pulumi config set --path 'tke-llm:{key}' <your address>/32`.", key=key),
        given=cidr,
    )


@warning(
    meaning=tr("A private range is admitted to a public endpoint, which never sees such callers."),
    example="cluster: {endpoint: {access: public, allow: [192.168.1.0/24]}}",
    fix=tr("Use the public address that your network goes out with."),
    source="RFC 1918",
)
def private_address_allowed(*, cidr: str) -> Text:
    return Text(
        message=tr("{cidr} is a private range: a public endpoint never sees callers with such addresses.", cidr=cidr),
        remedy=tr("Put the public address there that your network goes out with."),
        given=cidr,
    )


def _shortened(texts: Sequence[str]) -> str:
    """The first of many texts, and how many there are in all."""
    shown = ", ".join(texts[:SHOWN])
    return shown if len(texts) <= SHOWN else tr("{shown}, … ({count} in all)", shown=shown, count=len(texts))
