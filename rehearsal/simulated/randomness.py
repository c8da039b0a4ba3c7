"""The random provider (`pulumi-random`): new values in every run, so that a leak can be searched for."""

import base64
import string
from collections.abc import Mapping
from random import Random

_PUNCTUATION = "!@#$%&*()-_=+[]{}<>:?"


def create(kind: str, inputs: Mapping[str, object], random: Random) -> tuple[str, dict[str, object]]:
    """The id and outputs of one resource; `kind` is the last part of its type, such as ``RandomPassword``.

    Raises `ValueError` for a kind that is not simulated.
    """
    if kind in ("RandomPassword", "RandomString"):
        result = _text(inputs, random)
        hashed = {"bcryptHash": f"$2a$10${_letters(random, 53)}"} if kind == "RandomPassword" else {}
        return ("none" if kind == "RandomPassword" else result), {"result": result, **hashed}
    if kind in ("RandomId", "RandomBytes"):
        raw = random.randbytes(_whole(inputs, "byteLength" if kind == "RandomId" else "length", 8))
        url = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        encoded: dict[str, object] = {
            "hex": raw.hex(),
            "dec": str(int.from_bytes(raw, "big")),
            "b64Std": base64.b64encode(raw).decode(),
            "base64": base64.b64encode(raw).decode(),
            "b64Url": url,
        }
        return url, encoded
    if kind == "RandomUuid":
        text = random.randbytes(16).hex()
        result = f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"
        return result, {"result": result}
    if kind == "RandomInteger":
        drawn = random.randint(_whole(inputs, "min", 0), _whole(inputs, "max", 0))
        return str(drawn), {"result": drawn}
    raise ValueError(f"the simulated random provider has no {kind}")


def _whole(inputs: Mapping[str, object], key: str, default: int) -> int:
    given = inputs.get(key, default)
    return given if isinstance(given, int) else default


def _letters(random: Random, length: int) -> str:
    return "".join(random.choices(string.ascii_letters + string.digits, k=length))


def _text(inputs: Mapping[str, object], random: Random) -> str:
    """A text that obeys length, the classes that are switched on and the least number of each."""
    punctuation = str(inputs.get("overrideSpecial") or _PUNCTUATION)
    classes = {
        "Lower": ("lower", string.ascii_lowercase),
        "Upper": ("upper", string.ascii_uppercase),
        "Numeric": ("numeric", string.digits),
        "Special": ("special", punctuation),
    }
    alphabet = "".join(letters for switch, letters in classes.values() if inputs.get(switch, True))
    drawn = [
        letter
        for suffix, (_, letters) in classes.items()
        for letter in random.choices(letters, k=_whole(inputs, f"min{suffix}", 0))
    ]
    drawn += random.choices(alphabet, k=max(0, _whole(inputs, "length", 16) - len(drawn)))
    random.shuffle(drawn)
    return "".join(drawn)
