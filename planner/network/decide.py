"""The VPC, its subnets and the road out of it."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

from planner.plan.types import NetworkPlan, SubnetPlan
from planner.storage.origin import outlives
from settings.diagnostics import Diagnostic
from settings.models import Settings

SUBNET_BITS = 3
"""The VPC is cut into 2**3 ranges whatever the number of zones (six at most), so that a zone added later moves none."""

POD_SUBNET_BITS = 2
"""Pods' subnets are quarters of those ranges, cut from the last two, which are no zone's: eight for six zones, and the
end of the last is free for the store."""

VPC_RANGES = (
    (IPv4Network("10.0.0.0/8"), 12),
    (IPv4Network("172.16.0.0/12"), 12),
    (IPv4Network("192.168.0.0/16"), 16),
)
"""Private ranges that a VPC may lie in, with its shortest prefix (vendor 215/15774, CreateVpc)."""
LONGEST_PREFIX = 28
"""The smallest range of a VPC or a subnet: 16 addresses (vendor 215/15774, CreateVpc)."""
TAKEN_ADDRESSES = 3
"""Addresses of each subnet that Tencent Cloud keeps: network, gateway and broadcast."""

POD_RANGES = tuple(
    IPv4Network(text) for text in ("9.0.0.0/8", "10.0.0.0/8", "11.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)
"""Ranges that a pod network of its own may lie in, and Services (arguments cluster_cidr and service_cidr of the
provider's kubernetes_cluster)."""

PODS_PER_NODE = 64
"""Pods of one node: the block that each takes of the pod range in mode gr."""
SERVICES = 1024
"""Services of a cluster: the block that they take of the pod range in mode gr."""


def plan_network(settings: Settings) -> NetworkPlan | None:
    """The VPC to make or use; None where the stack has no business with any.

    Subnets are cut in the order of the zones. Existing subnets keep their own road out: no NAT gateway is made for
    them. A file system that outlives the stack gets a subnet to itself, at the end of the VPC, where no zone's is.
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
        node_bandwidth=node_bandwidth(settings),
        store_cidr=IPv4Network((last, LONGEST_PREFIX)) if outlives(settings) and subnet_ranges(network.cidr) else None,
        pod_subnets=pod_subnets(settings),
        shared=shares_subnets(settings),
    )


def wants_pod_subnets(settings: Settings) -> bool:
    """Whether pods of the cluster have addresses of the VPC. Subnets in mode VPC-CNI are not to be used by machines and
    load balancers (vendor 457/35250)."""
    return settings.owns_cluster() and settings.cluster.network_mode == "vpc-cni"


def pod_subnets(settings: Settings) -> tuple[SubnetPlan, ...]:
    """The subnets for pods alone, one in each zone: those that are named, or else new ones beside the nodes'."""
    network = settings.network
    if not wants_pod_subnets(settings):
        return ()
    if network.pod_subnet_ids:
        named = zip(network.zones, network.pod_subnet_ids, strict=False)
        return tuple(SubnetPlan(zone=zone, existing_id=subnet) for zone, subnet in named)
    ranges = pod_ranges(network.cidr) if makes_subnets(settings) else ()
    return tuple(SubnetPlan(zone=zone, cidr=cidr) for zone, cidr in zip(network.zones, ranges, strict=False))


def shares_subnets(settings: Settings) -> bool:
    """Whether pods take addresses of the nodes' subnets: where there are no others, or where they always did, for TKE
    takes no subnet away from a cluster."""
    return wants_pod_subnets(settings) and (settings.network.share_subnets or not pod_subnets(settings))


def makes_subnets(settings: Settings) -> bool:
    """Whether the stack makes subnets: in its own VPC, or in one that exists and is to get a road out of its own
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


def check_network(settings: Settings) -> Iterator[Diagnostic]:
    """What is wrong with the VPC, its subnets and the cluster's own address ranges."""
    if settings.network.vpc_id is not None:
        yield from _existing(settings)
    else:
        named = {
            "network.subnetIds": settings.network.subnet_ids,
            "network.podSubnetIds": settings.network.pod_subnet_ids,
        }
        for path, ids in named.items():
            if ids:
                yield Diagnostic(
                    severity="error",
                    code="SUBNETS_WITHOUT_VPC",
                    path=path,
                    message="Existing subnets are named, but not the VPC that they are in.",
                    remedy=f"Set network.vpcId, or remove {path}.",
                    given=", ".join(ids),
                    fix=((path, None),),
                )
    yield from _pod_subnets(settings)
    if settings.owns_cluster():
        if settings.network.vpc_id is None:
            yield from _vpc_range(settings.network.cidr)
            yield from _subnet_size(settings)
        yield from _cluster_ranges(settings)


def _existing(settings: Settings) -> Iterator[Diagnostic]:
    network = settings.network
    if makes_subnets(settings):
        yield from _vpc_range(network.cidr)
        yield from _subnet_size(settings)
    elif not network.subnet_ids:
        yield Diagnostic(
            severity="error",
            code="MISSING_SUBNETS",
            path="network.subnetIds",
            message=f"The VPC {network.vpc_id} exists already, but no subnet of it is named.",
            remedy="Set network.subnetIds: one subnet for each zone of network.zones, in that order. Or set "
            "network.nat to have subnets with a NAT gateway made in it.",
        )
    else:
        yield from _count(settings, "network.subnetIds", network.subnet_ids)
    # Whatever is said of a VPC that exists, the nodes are opened to it.
    if not makes_subnets(settings) and not any(network.cidr.subnet_of(net) for net, _ in VPC_RANGES):
        yield _no_vpc_range(network.cidr)
    if "cidr" not in network.model_fields_set:
        yield Diagnostic(
            severity="warning",
            code="VPC_RANGE_ASSUMED",
            path="network.cidr",
            message=f"The range of {network.vpc_id} is not given; {network.cidr} is assumed.",
            remedy="Set network.cidr to the range of that VPC.",
        )
    if network.subnet_ids and "nat" in network.model_fields_set and network.nat.enabled:
        yield Diagnostic(
            severity="error",
            code="NAT_IN_EXISTING_VPC",
            path="network.nat",
            message="No NAT gateway is made for subnets that exist: their route tables are not this stack's to change.",
            remedy="Remove network.nat and give the subnets a road out, or remove subnetIds to have new ones made.",
            given="true",
            fix=(("network.nat", None),),
        )


def _count(settings: Settings, path: str, ids: Sequence[str]) -> Iterator[Diagnostic]:
    zones = len(settings.network.zones)
    if len(ids) != zones:
        yield Diagnostic(
            severity="error",
            code="SUBNET_COUNT",
            path=path,
            message=f"There are {len(ids)} subnets for {zones} zones.",
            remedy="Name one subnet for each zone of network.zones, in that order.",
            given=", ".join(ids),
            allowed=f"{zones} subnets",
        )


def _pod_subnets(settings: Settings) -> Iterator[Diagnostic]:
    """Pods need a subnet in the zone of their node, and one that nothing else uses."""
    network = settings.network
    if network.vpc_id is not None and network.pod_subnet_ids:
        yield from _count(settings, "network.podSubnetIds", network.pod_subnet_ids)
    both = sorted({*network.pod_subnet_ids} & {*network.subnet_ids})
    # Without zones there is nothing to share, and that is told elsewhere.
    if both or (network.zones and shares_subnets(settings) and not network.share_subnets):
        yield Diagnostic(
            severity="warning",
            code="POD_SUBNETS_SHARED",
            path="network.podSubnetIds" if network.vpc_id is not None else "network.cidr",
            message="Pods take their addresses from the nodes' subnets, which TKE wants for pods alone.",
            remedy="Set network.podSubnetIds to a further subnet for each zone."
            if network.vpc_id is not None
            else f"Use a range of /{LONGEST_PREFIX - SUBNET_BITS - POD_SUBNET_BITS} or shorter.",
            given=", ".join(both) or ("" if network.vpc_id is not None else str(network.cidr)),
        )


def _may_be_vpc(cidr: IPv4Network) -> bool:
    return any(cidr.subnet_of(net) and cidr.prefixlen >= shortest for net, shortest in VPC_RANGES)


def _vpc_range(cidr: IPv4Network) -> Iterator[Diagnostic]:
    if not _may_be_vpc(cidr):
        yield _no_vpc_range(cidr)
    elif not subnet_ranges(cidr):
        larger = f"{cidr.supernet(new_prefix=LONGEST_PREFIX - SUBNET_BITS - 3)}"
        yield Diagnostic(
            severity="error",
            code="VPC_TOO_SMALL",
            path="network.cidr",
            message=f"{cidr} cannot be cut into subnets for up to six zones.",
            remedy=f"Use a larger range, such as {larger}.",
            given=str(cidr),
            allowed=f"/{LONGEST_PREFIX - SUBNET_BITS} or shorter",
            fix=(("network.cidr", larger),),
        )


def _no_vpc_range(cidr: IPv4Network) -> Diagnostic:
    return Diagnostic(
        severity="error",
        code="VPC_RANGE_NOT_ALLOWED",
        path="network.cidr",
        message=f"A VPC cannot have the range {cidr}.",
        remedy="Use 10.0.0.0/16.",
        given=str(cidr),
        allowed=", ".join(f"{net} with /{prefix} to /{LONGEST_PREFIX}" for net, prefix in VPC_RANGES),
        fix=(("network.cidr", "10.0.0.0/16"),),
    )


def _subnet_size(settings: Settings) -> Iterator[Diagnostic]:
    cidr, nodes = settings.network.cidr, _nodes(settings)
    pods = nodes * (PODS_PER_NODE // 4) if wants_pod_subnets(settings) else 0
    if not subnet_ranges(cidr) or (short := _shortage(cidr, nodes, pods)) is None:
        return
    what, have, need = short
    supernets = (cidr.supernet(new_prefix=prefix) for prefix in range(cidr.prefixlen - 1, 0, -1))
    larger = next((net for net in supernets if _may_be_vpc(net) and _shortage(net, nodes, pods) is None), None)
    yield Diagnostic(
        severity="warning",
        code="SUBNET_TOO_SMALL",
        path="network.cidr",
        message=f"Each subnet for {what} has {have} addresses; {nodes} nodes and their pods may need {need}.",
        remedy=f"Use a larger range, such as {larger}." if larger else "Use fewer nodes.",
        given=str(cidr),
        fix=(("network.cidr", str(larger)),) if larger else (),
    )


def _shortage(cidr: IPv4Network, nodes: int, pods: int) -> tuple[str, int, int] | None:
    """Whose subnet of a zone of this VPC is too small (``nodes``, ``pods`` or ``all``, where they share one), how many
    addresses it has and how many may be needed."""
    ranges, own = subnet_ranges(cidr), pod_ranges(cidr)
    rooms = [("nodes", ranges[0], nodes), ("pods", own[0], pods)] if own else [("all", ranges[0], nodes + pods)]
    for what, room, need in rooms:
        have = room.num_addresses - TAKEN_ADDRESSES
        if have < need:
            return what, have, need
    return None


def _nodes(settings: Settings) -> int:
    return settings.cluster.system_pool.nodes + sum(
        pool.nodes.max for pool in settings.pools.values() if pool.kind != "existing"
    )


def _cluster_ranges(settings: Settings) -> Iterator[Diagnostic]:
    cluster = settings.cluster
    gr = cluster.network_mode == "gr"
    path, cidr = ("cluster.podCidr", cluster.pod_cidr) if gr else ("cluster.serviceCidr", cluster.service_cidr)
    if not any(cidr.subnet_of(net) for net in POD_RANGES):
        free = _free_range(16 if gr else 20, settings.network.cidr)
        yield Diagnostic(
            severity="error",
            code="POD_RANGE_NOT_ALLOWED" if gr else "SERVICE_RANGE_NOT_ALLOWED",
            path=path,
            message=f"TKE does not take {cidr} as a range of {'pods' if gr else 'Services'}.",
            remedy=f"Use {free}." if free else "Use a range of the list.",
            given=str(cidr),
            allowed=f"a range within {', '.join(map(str, POD_RANGES))}",
            fix=((path, free),) if free else (),
        )
    elif cidr.overlaps(settings.network.cidr):
        free = _free_range(cidr.prefixlen, settings.network.cidr)
        yield Diagnostic(
            severity="error",
            code="CIDR_OVERLAP",
            path=path,
            message=f"{cidr} overlaps the VPC's range {settings.network.cidr}.",
            remedy=f"Use {free}." if free else "Use a range outside the VPC.",
            given=str(cidr),
            allowed=f"a range outside {settings.network.cidr}",
            fix=((path, free),) if free else (),
        )
    need = SERVICES + PODS_PER_NODE * _nodes(settings)
    if gr and cidr.num_addresses < need:
        free = _free_range(16, settings.network.cidr)
        yield Diagnostic(
            severity="warning",
            code="POD_RANGE_TOO_SMALL",
            path=path,
            message=f"{cidr} has {cidr.num_addresses} addresses; Services and {_nodes(settings)} nodes take {need}.",
            remedy=f"Use {free}." if free else "Use a larger range.",
            given=str(cidr),
            fix=((path, free),) if free else (),
        )


def _free_range(prefix: int, taken: IPv4Network) -> str | None:
    """The first range of this size in 172.16.0.0/12 or 192.168.0.0/16, whichever the VPC leaves free."""
    for net in (IPv4Network("172.16.0.0/12"), IPv4Network("192.168.0.0/16")):
        if prefix >= net.prefixlen and not net.overlaps(taken):
            return str(next(net.subnets(new_prefix=prefix)))
    return None
