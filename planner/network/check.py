"""What is wrong with the VPC, its subnets and the cluster's own address ranges."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

from planner.network import codes
from planner.network.decide import (
    LONGEST_PREFIX,
    POD_SUBNET_BITS,
    PODS_PER_NODE,
    SERVICES,
    SUBNET_BITS,
    makes_subnets,
    pod_ranges,
    pods_have_vpc_addresses,
    shares_subnets,
    subnet_ranges,
)
from planner.network.public_addresses import PRIVATE
from settings.diagnostics import Diagnostic
from settings.stack import Settings
from settings.translation import tr

VPC_RANGES = tuple(zip(PRIVATE, (12, 12, 16), strict=True))
"""Ranges that a VPC may lie in, with its shortest prefix (vendor 215/15774, CreateVpc)."""
POD_RANGES = tuple(sorted((*PRIVATE, IPv4Network("9.0.0.0/8"), IPv4Network("11.0.0.0/8"))))
"""Ranges that a pod network of its own may lie in, and Services (arguments cluster_cidr and service_cidr of the
provider's kubernetes_cluster)."""
TAKEN_ADDRESSES = 3
"""Addresses of each subnet that Tencent Cloud keeps: network, gateway and broadcast."""


def check_network(settings: Settings) -> Iterator[Diagnostic]:
    """What is wrong with the VPC, its subnets and the cluster's own address ranges."""
    if settings.network.vpc_id is not None:
        yield from _existing(settings, settings.network.vpc_id)
    else:
        named = {
            "network.subnetIds": settings.network.subnet_ids,
            "network.podSubnetIds": settings.network.pod_subnet_ids,
        }
        for path, ids in named.items():
            if ids:
                yield codes.subnets_without_vpc(path, key=path, subnets=ids)
    yield from _pod_subnets(settings)
    if settings.owns_cluster():
        if settings.network.vpc_id is None:
            yield from _vpc_range(settings.network.cidr)
            yield from _subnet_size(settings)
        yield from _cluster_ranges(settings)


def _existing(settings: Settings, vpc: str) -> Iterator[Diagnostic]:
    network = settings.network
    if makes_subnets(settings):
        yield from _vpc_range(network.cidr)
        yield from _subnet_size(settings)
    elif not network.subnet_ids:
        yield codes.missing_subnets("network.subnetIds", vpc=vpc)
    else:
        yield from _count(settings, "network.subnetIds", network.subnet_ids)
    # The nodes are opened to whatever range is stated for a VPC that exists, so it must be one that a VPC can have.
    if not makes_subnets(settings) and not any(network.cidr.subnet_of(net) for net, _ in VPC_RANGES):
        yield _no_vpc_range(network.cidr, vpc)
    if "cidr" not in network.model_fields_set:
        yield codes.vpc_range_assumed("network.cidr", vpc=vpc, cidr=str(network.cidr))
    if network.subnet_ids and "nat" in network.model_fields_set and network.nat.enabled:
        yield codes.nat_in_existing_vpc("network.nat")


def _count(settings: Settings, path: str, ids: Sequence[str]) -> Iterator[Diagnostic]:
    zones = len(settings.network.zones)
    if len(ids) != zones:
        yield codes.subnet_count(path, subnets=ids, zones=zones)


def _pod_subnets(settings: Settings) -> Iterator[Diagnostic]:
    """Pods need a subnet in the zone of their node, and one that nothing else uses."""
    network, existing = settings.network, settings.network.vpc_id is not None
    if existing and network.pod_subnet_ids:
        yield from _count(settings, "network.podSubnetIds", network.pod_subnet_ids)
    both = sorted({*network.pod_subnet_ids} & {*network.subnet_ids})
    # Without zones there is nothing to share, and that is reported elsewhere.
    if both or (network.zones and shares_subnets(settings) and not network.share_subnets):
        yield codes.pod_subnets_shared(
            "network.podSubnetIds" if existing else "network.cidr",
            existing=existing,
            shared=both,
            cidr=str(network.cidr),
            longest=LONGEST_PREFIX - SUBNET_BITS - POD_SUBNET_BITS,
        )


def _may_be_vpc(cidr: IPv4Network) -> bool:
    return any(cidr.subnet_of(net) and cidr.prefixlen >= shortest for net, shortest in VPC_RANGES)


def _vpc_range(cidr: IPv4Network) -> Iterator[Diagnostic]:
    longest = LONGEST_PREFIX - SUBNET_BITS
    if not _may_be_vpc(cidr):
        yield _no_vpc_range(cidr)
    elif not subnet_ranges(cidr):
        larger = cidr.supernet(new_prefix=longest - 3)
        yield codes.vpc_too_small("network.cidr", cidr=str(cidr), larger=str(larger), longest=longest)


def _no_vpc_range(cidr: IPv4Network, existing: str | None = None) -> Diagnostic:
    ranges = [(str(net), shortest) for net, shortest in VPC_RANGES]
    return codes.vpc_range_not_allowed(
        "network.cidr", cidr=str(cidr), ranges=ranges, longest=LONGEST_PREFIX, existing=existing
    )


def _subnet_size(settings: Settings) -> Iterator[Diagnostic]:
    cidr, nodes = settings.network.cidr, _nodes(settings)
    pods = nodes * (PODS_PER_NODE // 4) if pods_have_vpc_addresses(settings) else 0
    if not subnet_ranges(cidr) or (short := _shortage(cidr, nodes, pods)) is None:
        return
    users, have, need = short
    supernets = (cidr.supernet(new_prefix=prefix) for prefix in range(cidr.prefixlen - 1, 0, -1))
    fitting = (str(net) for net in supernets if _may_be_vpc(net) and _shortage(net, nodes, pods) is None)
    yield codes.subnet_too_small(
        "network.cidr", cidr=str(cidr), users=users, have=have, need=need, nodes=nodes, larger=next(fitting, None)
    )


def _shortage(cidr: IPv4Network, nodes: int, pods: int) -> tuple[str, int, int] | None:
    """Whose subnet of a zone of this VPC is too small (``nodes``, ``pods`` or ``all``, where they share one), how many
    addresses it has and how many may be needed."""
    ranges, own = subnet_ranges(cidr), pod_ranges(cidr)
    if own:
        subnets = [(tr("nodes"), ranges[0], nodes), (tr("pods"), own[0], pods)]
    else:
        subnets = [(tr("all"), ranges[0], nodes + pods)]
    for users, subnet, need in subnets:
        have = subnet.num_addresses - TAKEN_ADDRESSES
        if have < need:
            return users, have, need
    return None


def _nodes(settings: Settings) -> int:
    return settings.cluster.system_pool.nodes + sum(
        pool.nodes.max for pool in settings.pools.values() if pool.kind != "existing"
    )


def _cluster_ranges(settings: Settings) -> Iterator[Diagnostic]:
    cluster, vpc = settings.cluster, settings.network.cidr
    gr = cluster.network_mode == "gr"
    path, cidr = ("cluster.podCidr", cluster.pod_cidr) if gr else ("cluster.serviceCidr", cluster.service_cidr)
    if not any(cidr.subnet_of(net) for net in POD_RANGES):
        refused = codes.pod_range_not_allowed if gr else codes.service_range_not_allowed
        free = _free_range(16 if gr else 20, vpc)
        yield refused(path, cidr=str(cidr), ranges=map(str, POD_RANGES), free=free)
    elif cidr.overlaps(vpc):
        free = _free_range(cidr.prefixlen, vpc)
        yield codes.cidr_overlap(path, cidr=str(cidr), meets=str(vpc), of_vpc=True, taken=[str(vpc)], free=free)
    nodes, have = _nodes(settings), cidr.num_addresses
    need = SERVICES + PODS_PER_NODE * nodes
    if gr and have < need:
        free = _free_range(16, vpc)
        yield codes.pod_range_too_small(path, cidr=str(cidr), have=have, need=need, nodes=nodes, free=free)


def _free_range(prefix: int, taken: IPv4Network) -> str | None:
    """The first range of this size in 172.16.0.0/12 or 192.168.0.0/16, whichever the VPC leaves free."""
    for net in PRIVATE[1:]:
        if prefix >= net.prefixlen and not net.overlaps(taken):
            return str(next(net.subnets(new_prefix=prefix)))
    return None
