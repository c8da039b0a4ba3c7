"""The random provider (`pulumi-random`): new values in every run, so that a leak can be searched for."""

import string
from collections.abc import Mapping
from random import Random

_PUNCTUATION = "!@#$%&*()-_=+[]{}<>:?"


def create(kind: str, inputs: Mapping[str, object], random: Random) -> tuple[str, dict[str, object]]:
    """The id and outputs of one resource; `kind` is the last part of its type, such as ``RandomPassword``.

    Raises `ValueError` for a kind that is not simulated.
    """
    if kind != "RandomPassword":
        raise ValueError(f"the simulated random provider has no {kind}; add it to rehearsal/simulated/randomness.py")
    hashed = "$2a$10$" + "".join(random.choices(string.ascii_letters + string.digits, k=53))
    return "none", {"result": _text(inputs, random), "bcryptHash": hashed}


def _whole(inputs: Mapping[str, object], key: str, default: int) -> int:
    given = inputs.get(key, default)
    return given if isinstance(given, int) else default


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
