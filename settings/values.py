"""Numbers, switches and ranges of the stack file, and the short forms that stand for a whole object.

Strict throughout: a quoted number is text and a number is no text, whichever reader brought it.
"""

from ipaddress import IPv4Network
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic.types import Strict

from settings.translation import tr

Flag = Annotated[bool, Strict()]
MOST_NODES = 1000
"""Nodes of one pool."""

SHORTEST_CONTEXT = 256
"""Tokens. Fewer serve no chat."""

Count = Annotated[int, Strict(), Field(ge=1, le=1000)]
Size = Annotated[int, Strict(), Field(ge=1, le=100_000)]
Tokens = Annotated[int, Strict(), Field(ge=1, le=100_000_000)]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Fraction = Annotated[Number, Field(gt=0, le=1)]
Price = Annotated[Number, Field(ge=0, le=1_000_000)]

_DNS_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"


def cidr(given: object) -> object:
    """Refuse what `ipaddress` would quietly read as a network: a bare number or an address without a prefix."""
    if not isinstance(given, str | IPv4Network):
        raise ValueError(tr("expected an address range such as 10.0.0.0/16"))  # noqa: TRY004  pydantic reports ValueError
    if isinstance(given, str) and "/" not in given:
        raise ValueError(tr("expected an address range with a prefix length, such as {given}/32", given=given))
    return given


Cidr = Annotated[IPv4Network, BeforeValidator(cidr)]


def switch(given: object) -> object:
    """Let ``true`` and ``false`` stand for a whole section."""
    return {"enabled": given} if isinstance(given, bool) else given


def bounds(given: object) -> object:
    """Let one number stand for a fixed size."""
    return {"min": given, "max": given} if isinstance(given, int) and not isinstance(given, bool) else given


def sized(given: object) -> object:
    """Let one number stand for a disk's size."""
    return {"size": given} if isinstance(given, int) and not isinstance(given, bool) else given


def named(given: object) -> object:
    """Let a repository's id stand for what is fetched from it."""
    return {"model": given} if isinstance(given, str) else given


def versioned(given: object) -> object:
    """Let one string stand for a driver's version."""
    return {"version": given} if isinstance(given, str) else given


def dns_name(text: str, limit: int = 40) -> str:
    """`text` as a part of a Kubernetes name: lower case, digits and hyphens, at most `limit` characters. Where that
    loses something a digest of the whole is added, so that two texts never meet in one name."""
    plain = "".join(each if each in _DNS_CHARACTERS else "-" for each in text.lower()).strip("-") or "x"
    if plain == text and len(text) <= limit:
        return text
    from hashlib import sha256  # noqa: PLC0415  its import costs time that few stacks need

    digest = sha256(text.encode()).hexdigest()[:6]
    return f"{plain[: limit - len(digest) - 1].rstrip('-')}-{digest}"
