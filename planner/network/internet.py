"""The roads to the Internet: a NAT gateway, public addresses of nodes, or an EIP of each pod on super nodes."""

from collections.abc import Iterator

from planner.network.decide import makes_subnets, node_bandwidth
from settings.diagnostics import Diagnostic
from settings.models import Settings

MOST_BY_TRAFFIC = 100
"""Mbps of a public address that is billed by traffic (Tencent Cloud API AllocateAddresses, InternetMaxBandwidthOut)."""


def check_internet(settings: Settings) -> Iterator[Diagnostic]:
    """Whether downloads, which run on the CPU nodes, and pods on super nodes find a road to the Internet."""
    yield from _limits(settings)
    if not settings.owns_cluster() and settings.network.vpc_id is None:
        return
    if not makes_subnets(settings):
        yield Diagnostic(
            severity="note",
            code="INTERNET_ROAD_ASSUMED",
            path="network.vpcId",
            message=f"Downloads go the way that {settings.network.vpc_id} has to the Internet; none is made.",
            remedy="See that its route table leads to a NAT gateway.",
            given=settings.network.vpc_id or "",
        )
        return
    if settings.network.nat.enabled:
        return
    if settings.owns_cluster() and not node_bandwidth(settings):
        yield _no_road()
    elif settings.cluster.network_mode == "vpc-cni":
        yield _translated()
    for name, pool in settings.pools.items():
        if pool.kind == "super" and not pool.public_bandwidth:
            yield _stranded(name)


def _no_road() -> Diagnostic:
    return Diagnostic(
        severity="error",
        code="NO_INTERNET_ROAD",
        path="network.nat",
        message="Without a NAT gateway the nodes cannot reach the model hub, and the download would fail.",
        remedy="Set network.nat to true, or cluster.systemPool.publicBandwidth to give the CPU nodes public addresses.",
        given="false",
        allowed="true, or {bandwidth: Mbps}",
        fix=(("network.nat", True),),
    )


def _translated() -> Diagnostic:
    return Diagnostic(
        severity="warning",
        code="PUBLIC_ADDRESS_OF_NODE",
        path="network.nat",
        message="Downloads go out by the public address of their node. TKE translates pods' addresses to it in mode "
        "gr; that it does so in mode vpc-cni too was not confirmed.",
        remedy="Use a NAT gateway, or cluster.networkMode: gr.",
        given="false",
        fix=(("network.nat", True),),
    )


def _stranded(name: str) -> Diagnostic:
    path = f"pools.{name}.publicBandwidth"
    return Diagnostic(
        severity="error",
        code="SUPER_NODE_WITHOUT_ROAD",
        path=path,
        message=f"Pods on the super nodes of pool {name} have no road to the Internet: no NAT gateway and no EIP.",
        remedy=f"Set network.nat to true, or {path} to the Mbps of an EIP for each pod.",
        given="0",
        allowed=f"1 to {MOST_BY_TRAFFIC}, or a NAT gateway",
        fix=(("network.nat", True),),
    )


def _limits(settings: Settings) -> Iterator[Diagnostic]:
    asked = {f"pools.{name}.publicBandwidth": pool.public_bandwidth for name, pool in settings.pools.items()}
    asked["cluster.systemPool.publicBandwidth"] = settings.cluster.system_pool.public_bandwidth or 0
    for path, mbps in asked.items():
        if mbps > MOST_BY_TRAFFIC:
            yield Diagnostic(
                severity="warning",
                code="PUBLIC_BANDWIDTH_HIGH",
                path=path,
                message=f"A public address that is billed by traffic has at most {MOST_BY_TRAFFIC} Mbps as a rule.",
                remedy=f"Set {path} to {MOST_BY_TRAFFIC}, or use a NAT gateway.",
                given=str(mbps),
                allowed=f"up to {MOST_BY_TRAFFIC}",
                fix=((path, MOST_BY_TRAFFIC),),
            )
