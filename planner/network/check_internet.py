"""What is wrong with the way to the Internet: a NAT gateway, public addresses of nodes, or an EIP of each pod on super
nodes."""

from collections.abc import Iterator

from planner.network import internet_codes as codes
from planner.network.decide import MOST_BY_TRAFFIC, makes_subnets, node_bandwidth
from settings.diagnostics import Diagnostic
from settings.stack import Settings


def check_internet(settings: Settings) -> Iterator[Diagnostic]:
    """Whether downloads, which run on the CPU nodes, and pods on super nodes reach the Internet."""
    yield from _limits(settings)
    vpc = settings.network.vpc_id
    if not settings.owns_cluster() and vpc is None:
        return
    if not makes_subnets(settings):
        yield codes.internet_road_assumed("network.vpcId", vpc=vpc or "")
        return
    if settings.network.nat.enabled:
        return
    if settings.owns_cluster() and not node_bandwidth(settings):
        yield codes.no_internet_road("network.nat")
    elif settings.cluster.network_mode == "vpc-cni":
        yield codes.public_address_of_node("network.nat")
    for name, pool in settings.pools.items():
        if pool.kind == "super" and not pool.public_bandwidth:
            yield codes.super_node_without_road(f"pools.{name}.publicBandwidth", pool=name, most=MOST_BY_TRAFFIC)


def _limits(settings: Settings) -> Iterator[Diagnostic]:
    asked = {f"pools.{name}.publicBandwidth": pool.public_bandwidth for name, pool in settings.pools.items()}
    asked["cluster.systemPool.publicBandwidth"] = settings.cluster.system_pool.public_bandwidth or 0
    for path, mbps in asked.items():
        if mbps > MOST_BY_TRAFFIC:
            yield codes.public_bandwidth_high(path, key=path, mbps=mbps, most=MOST_BY_TRAFFIC)
