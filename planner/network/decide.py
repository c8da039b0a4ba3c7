"""The VPC, its subnets and the way out of it."""

from ipaddress import IPv4Network

from planner.plan.types import NetworkPlan, SubnetPlan
from settings.stack import Settings

SUBNET_BITS = 3
"""The VPC is cut into 2**3 ranges whatever the number of zones (six at most), so that a zone added later moves none."""

POD_SUBNET_BITS = 2
"""Pods' subnets are quarters of those ranges, cut from the last two, which are no zone's: eight for six zones, and the
end of the last is free for the store."""

LONGEST_PREFIX = 28
"""The smallest range of a VPC or a subnet: 16 addresses (vendor 215/15774, CreateVpc)."""

PODS_PER_NODE = 64
"""Pods of one node: the block that each takes of the pod range in mode gr."""
SERVICES = 1024
"""Services of a cluster: the block that they take of the pod range in mode gr."""
MOST_BY_TRAFFIC = 100
"""Mbps of a public address that is billed by traffic (Tencent Cloud API AllocateAddresses, InternetMaxBandwidthOut)."""


def plan_network(settings: Settings, *, store_subnet: bool) -> NetworkPlan | None:
    """The VPC to make or use; None where the stack has no business with any.

    Subnets are cut in the order of the zones. Existing subnets keep their own way out: no NAT gateway is made for
    them. With `store_subnet` the model store gets a subnet to itself, at the end of the VPC, where no zone's is.
    """
    network = settings.network
    if not makes_subnets(settings):
        if network.vpc_id is None:
            return None
        pairs = zip(network.zones, network.subnet_ids, strict=False)
        return NetworkPlan(
            vpc_id=network.vpc_id,
            cidr=network.cidr,
            subnets=tuple(SubnetPlan(zone=zone, existing_id=subnet) for zone, subnet in pairs),
            nat_bandwidth=None,
            pod_subnets=pod_subnets(settings),
            shared=shares_subnets(settings),
            pod_cidr=_pod_cidr(settings),
        )
    last = int(network.cidr.broadcast_address) - (1 << (32 - LONGEST_PREFIX)) + 1
    return NetworkPlan(
        vpc_id=network.vpc_id,
        cidr=network.cidr,
        subnets=tuple(
            SubnetPlan(zone=zone, cidr=cidr)
            for zone, cidr in zip(network.zones, subnet_ranges(network.cidr), strict=False)
        ),
        nat_bandwidth=network.nat.bandwidth if network.nat.enabled else None,
        store_cidr=IPv4Network((last, LONGEST_PREFIX)) if store_subnet and subnet_ranges(network.cidr) else None,
        pod_subnets=pod_subnets(settings),
        shared=shares_subnets(settings),
        pod_cidr=_pod_cidr(settings),
    )


def _pod_cidr(settings: Settings) -> IPv4Network | None:
    return settings.cluster.pod_cidr if settings.cluster.network_mode == "gr" else None


def pods_have_vpc_addresses(settings: Settings) -> bool:
    """Whether pods of the cluster have addresses of the VPC. Subnets in mode VPC-CNI are not to be used by machines and
    load balancers (vendor 457/35250)."""
    return settings.owns_cluster() and settings.cluster.network_mode == "vpc-cni"


def pod_subnets(settings: Settings) -> tuple[SubnetPlan, ...]:
    """The subnets for pods alone, one in each zone: those that are named, or else new ones beside the nodes'."""
    network = settings.network
    if not pods_have_vpc_addresses(settings):
        return ()
    if network.pod_subnet_ids:
        named = zip(network.zones, network.pod_subnet_ids, strict=False)
        return tuple(SubnetPlan(zone=zone, existing_id=subnet) for zone, subnet in named)
    ranges = pod_ranges(network.cidr) if makes_subnets(settings) else ()
    return tuple(SubnetPlan(zone=zone, cidr=cidr) for zone, cidr in zip(network.zones, ranges, strict=False))


def shares_subnets(settings: Settings) -> bool:
    """Whether pods take addresses of the nodes' subnets: where there are no others, or where they always did, for TKE
    takes no subnet away from a cluster."""
    return pods_have_vpc_addresses(settings) and (settings.network.share_subnets or not pod_subnets(settings))


def makes_subnets(settings: Settings) -> bool:
    """Whether the stack makes subnets: in its own VPC, or in one that exists and is to get a way out of its own
    (`network.nat` beside `vpcId`, without `subnetIds`)."""
    network = settings.network
    if network.vpc_id is None:
        return settings.owns_cluster()
    return settings.owns_cluster() and not network.subnet_ids and "nat" in network.model_fields_set


def node_bandwidth(settings: Settings) -> int:
    """Mbps of the public address of each CPU node, 0 for none.

    Where there is no NAT gateway the pools' public bandwidth holds for the CPU nodes too, unless they say otherwise:
    downloads run on them.
    """
    asked = settings.cluster.system_pool.public_bandwidth
    if asked is not None:
        return asked
    if not makes_subnets(settings) or settings.network.nat.enabled:
        return 0
    return max((pool.public_bandwidth for pool in settings.pools.values()), default=0)


def subnet_ranges(cidr: IPv4Network) -> tuple[IPv4Network, ...]:
    """The eight equal ranges that subnets are taken from, in order; none where the VPC is too small to cut."""
    if cidr.prefixlen + SUBNET_BITS > LONGEST_PREFIX:
        return ()
    return tuple(cidr.subnets(prefixlen_diff=SUBNET_BITS))


def pod_ranges(cidr: IPv4Network) -> tuple[IPv4Network, ...]:
    """The ranges of pods' subnets, in the order of the zones; none where the VPC is too small to cut."""
    if cidr.prefixlen + SUBNET_BITS + POD_SUBNET_BITS > LONGEST_PREFIX:
        return ()
    return tuple(part for last in subnet_ranges(cidr)[-2:] for part in last.subnets(prefixlen_diff=POD_SUBNET_BITS))
