"""What can be wrong with the way to the Kubernetes API server, and with addresses that are let in."""

from collections.abc import Iterable, Sequence

from settings.diagnostics import Text, error, warning
from settings.translation import tr

SHOWN = 4
"""Ranges of a list that a message repeats."""


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
    """`ranges`: one that is too wide, or all of them where only together they are; `others`: the list has further
    ranges, so that this one can go."""
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
    meaning=tr("An address that is reserved for documentation stands where your own belongs, as in the sample stack."),
    example="cluster: {endpoint: {access: public, allow: [203.0.113.10/32]}}",
    fix=tr("Put your own public address there."),
    source="RFC 5737",
)
def documentation_address(*, cidr: str, key: str) -> Text:
    return Text(
        message=tr("{cidr} is reserved for documentation; nobody has such an address, so nobody gets in.", cidr=cidr),
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
