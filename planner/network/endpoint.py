"""Who reaches the Kubernetes API server."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

from planner.network.public_addresses import WIDEST, admits_strangers
from settings.diagnostics import Diagnostic
from settings.models import Settings

DOCUMENTATION = tuple(IPv4Network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"))
"""Ranges that stand in documents only and are routed nowhere (RFC 5737)."""
PRIVATE = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""Ranges that the Internet never sees as a source (RFC 1918)."""
SHOWN = 4
"""Ranges of a list that a message repeats."""


def check_endpoint(settings: Settings) -> Iterator[Diagnostic]:
    """What is wrong with the road to the API server of a cluster that this stack makes."""
    if not settings.owns_cluster():
        return
    endpoint = settings.cluster.endpoint
    if endpoint is None:
        yield Diagnostic(
            severity="warning",
            code="ENDPOINT_INTRANET",
            path="cluster.endpoint",
            message="The API server is reached from inside the VPC only, so `pulumi up` must run there.",
            remedy="Say so with access: intranet, or set access: public and your own address in allow.",
            fix=(("cluster.endpoint", {"access": "intranet"}),),
        )
    elif endpoint.access == "public":
        if not endpoint.allow:
            yield _nobody()
        elif admits_strangers(endpoint.allow) and not any(admits_strangers([each]) for each in endpoint.allow):
            yield _open("cluster.endpoint.allow", f"{len(endpoint.allow)} ranges together let", endpoint.allow)
        for index, allowed in enumerate(endpoint.allow):
            yield from _range(f"cluster.endpoint.allow[{index}]", allowed)
    elif endpoint.allow:
        yield Diagnostic(
            severity="warning",
            code="ALLOW_WITHOUT_PUBLIC",
            path="cluster.endpoint.allow",
            message="The allow-list has no effect while the API server is reached from inside the VPC only.",
            remedy="Set cluster.endpoint.access to public, or remove the list.",
            given=", ".join(map(str, endpoint.allow)),
            fix=(("cluster.endpoint.allow", None),),
        )


def _nobody() -> Diagnostic:
    return Diagnostic(
        severity="error",
        code="ENDPOINT_OPEN_TO_NOBODY",
        path="cluster.endpoint.allow",
        message="The API server is public, but no address may reach it: `pulumi up` could not go on.",
        remedy="Run `pulumi config set --path 'tke-llm:cluster.endpoint.allow[0]' <your address>/32`.",
        allowed="at least one address range",
        fix=(("cluster.endpoint", {"access": "intranet"}),),
    )


def _range(path: str, allowed: IPv4Network) -> Iterator[Diagnostic]:
    if admits_strangers([allowed]):
        yield _open(path, f"{allowed} lets", [allowed])
    elif any(allowed.subnet_of(net) for net in DOCUMENTATION):
        yield documentation_address(path, allowed)
    elif any(allowed.subnet_of(net) for net in PRIVATE):
        yield Diagnostic(
            severity="warning",
            code="PRIVATE_ADDRESS_ALLOWED",
            path=path,
            message=f"{allowed} is a private range: a public endpoint never sees callers with such addresses.",
            remedy="Put the public address there that your network goes out with.",
            given=str(allowed),
        )


def _open(path: str, what: str, ranges: Sequence[IPv4Network]) -> Diagnostic:
    return Diagnostic(
        severity="error",
        code="ENDPOINT_OPEN_TO_ALL",
        path=path,
        message=f"{what} a large part of the Internet try the API server.",
        remedy="Put your own address there, as <address>/32.",
        given=shortened(ranges),
        allowed=f"no more public addresses than one /{WIDEST} has",
        fix=(("cluster.endpoint", {"access": "intranet"}),),
    )


def shortened(ranges: Sequence[IPv4Network]) -> str:
    """The first of many ranges, as text."""
    shown = ", ".join(map(str, ranges[:SHOWN]))
    return shown if len(ranges) <= SHOWN else f"{shown}, … ({len(ranges)} in all)"


def documentation_address(path: str, given: IPv4Network) -> Diagnostic:
    """The warning that an address of the documentation still stands where a real one belongs."""
    return Diagnostic(
        severity="warning",
        code="DOCUMENTATION_ADDRESS",
        path=path,
        message=f"{given} is an address for documents; nobody has it, so nobody gets in.",
        remedy=f"Run `pulumi config set --path 'tke-llm:{path}' <your address>/32`.",
        given=str(given),
    )
