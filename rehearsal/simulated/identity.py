"""Names and numbers that look real and are the same in every run."""

from hashlib import sha256


def _digest(*parts: str) -> bytes:
    return sha256("\0".join(parts).encode()).digest()


def short_id(prefix: str, *parts: str) -> str:
    """An id of Tencent Cloud's form: ``vpc-`` and eight characters."""
    alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
    return f"{prefix}-" + "".join(alphabet[byte % len(alphabet)] for byte in _digest(prefix, *parts)[:8])


def address(network: str, *parts: str) -> str:
    """An IPv4 address whose first octets are `network` (``"10.0.0."``)."""
    given = network.count(".")
    return network + ".".join(str(1 + byte % 254) for byte in _digest(network, *parts)[: 4 - given])


def number(*parts: str, digits: int = 10) -> str:
    """A decimal number of that many digits."""
    return str(int.from_bytes(_digest(*parts)[:16], "big"))[:digits]


def uuid(*parts: str) -> str:
    """A UUID (version 4 in form)."""
    text = _digest(*parts).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:32]}"
