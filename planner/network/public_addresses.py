"""Ranges of addresses that are not public, and how much of the Internet a list of ranges holds, however it is cut."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses

EVERYWHERE = "0.0.0.0/0"
PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""Private ranges, which the Internet never sees as a source (RFC 1918)."""
DOCUMENTATION = tuple(map(IPv4Network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")))
"""Ranges that stand in documents only and are routed nowhere (RFC 5737)."""
NOT_PUBLIC = (
    *PRIVATE,
    *DOCUMENTATION,
    *map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "192.0.0.0/24",
            "198.18.0.0/15",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    ),
)
"""Ranges that nobody has on the Internet, none within another (IANA, IPv4 Special-Purpose Address Registry)."""

WIDEST = 8
"""Prefix of the largest block that one organisation ever held (IANA, IPv4 Address Space Registry). Whoever admits more
addresses than that admits strangers."""
WIDEST_V6 = 19
"""Prefix of about the largest block of IPv6 that one organisation holds (RIR statistics)."""


def public_addresses(ranges: Iterable[IPv4Network]) -> int:
    """Number of public addresses in the union of `ranges`."""
    return sum(
        each.num_addresses - sum(_shared(each, reserved) for reserved in NOT_PUBLIC)
        for each in collapse_addresses(ranges)
    )


def admits_strangers(ranges: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Whether `ranges` together hold more public addresses than one organisation can have."""
    every = list(ranges)
    v4 = [each for each in every if isinstance(each, IPv4Network)]
    v6 = [each for each in every if isinstance(each, IPv6Network)]
    if public_addresses(v4) > 2 ** (32 - WIDEST):
        return True
    return sum(each.num_addresses for each in collapse_addresses(v6)) > 2 ** (128 - WIDEST_V6)


def is_documentation(cidr: IPv4Network) -> bool:
    """Whether a range stands in documents only."""
    return any(cidr.subnet_of(net) for net in DOCUMENTATION)


def _shared(one: IPv4Network, other: IPv4Network) -> int:
    # Two ranges lie apart, or one within the other.
    return min(one.num_addresses, other.num_addresses) if one.overlaps(other) else 0
