"""What can be wrong with the way to the Internet."""

from settings.diagnostics import Text, error, note, warning
from settings.translation import tr


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
            "Pods on the super nodes of pool {pool} have no way to the Internet: no NAT gateway and no EIP.", pool=pool
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
