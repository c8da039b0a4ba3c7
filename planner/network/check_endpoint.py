"""What is wrong with the way to the Kubernetes API server."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from planner.network import endpoint_codes as codes
from planner.network.public_addresses import PRIVATE, WIDEST, admits_strangers, is_documentation
from settings.diagnostics import Diagnostic
from settings.stack import Settings


def check_endpoint(settings: Settings) -> Iterator[Diagnostic]:
    """Who reaches the API server of a cluster that this stack makes: nobody, strangers, or whoever was meant."""
    if not settings.owns_cluster():
        return
    endpoint, path = settings.cluster.endpoint, "cluster.endpoint.allow"
    if endpoint is None:
        yield codes.endpoint_intranet("cluster.endpoint")
    elif endpoint.access == "public":
        if not endpoint.allow:
            yield codes.endpoint_open_to_nobody(path)
        elif admits_strangers(endpoint.allow) and not any(admits_strangers([each]) for each in endpoint.allow):
            yield codes.endpoint_open_to_all(path, ranges=list(map(str, endpoint.allow)), widest=WIDEST, others=False)
        for index, allowed in enumerate(endpoint.allow):
            yield from _range(f"{path}[{index}]", allowed, others=len(endpoint.allow) > 1)
    elif endpoint.allow:
        yield codes.allow_without_public(path, ranges=map(str, endpoint.allow))


def _range(path: str, allowed: IPv4Network, *, others: bool) -> Iterator[Diagnostic]:
    if admits_strangers([allowed]):
        yield codes.endpoint_open_to_all(path, ranges=[str(allowed)], widest=WIDEST, others=others)
    elif is_documentation(allowed):
        yield codes.documentation_address(path, cidr=str(allowed), key=path)
    elif any(allowed.subnet_of(net) for net in PRIVATE):
        yield codes.private_address_allowed(path, cidr=str(allowed))
