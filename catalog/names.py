"""Which GPU or machine of the catalogue a name was probably meant for.

A number in such a name is what is bought: an A100 is no misspelt V100, and GN8 no misspelt GN7. So only what has the
same numbers is meant, however alike the letters are.
"""

import math
import re
from collections.abc import Collection, Iterable

LONGEST = 80
"""Characters of a name that is looked at."""
ALIKE = 0.75
"""Share of letters from which the families of two machines are one, misspelt."""
PLACE = 0.8
"""Share of letters from which two places are one, misspelt."""
ALMOST = 0.9
"""Share of letters from which a whole name is meant, whatever the numbers in it say."""
_GPU = re.compile(r"[a-z]+[ _-]?\d+[a-z]*|\d+[a-z]*")
_SIZE = re.compile(r"(?:(\d*)X)?(?:SMALL|MEDIUM|LARGE)(\d+)", re.IGNORECASE)


def gpus_meant(given: str, known: Iterable[str]) -> tuple[str, ...]:
    """The GPUs of `known` that are the model in `given`, which may name a maker, a form and the memory, too:
    ``A100`` and ``NVIDIA A100-SXM4-40GB``."""
    # The letter O is typed for a zero.
    words = {re.sub(r"[ _-]", "", word) for word in _GPU.findall(re.sub(r"(?<=\d)o", "0", given.lower()))}
    models = [name for name in known if name.partition("-")[0].lower() in words]
    exact = [name for name in models if {name.partition("-")[2], name.partition("-")[2] + "gb"} & words - {""}]
    return tuple(exact or models)


def region_meant(given: str, known: Collection[str]) -> str | None:
    """The region of `known` whose place is named in `given`, or misspelt; no region of the financial cloud, which is
    sold to few, unless that is named."""
    words = given.lower().replace("_", "-").split("-")
    open_to_all = [name for name in known if name.endswith("-fsi") == ("fsi" in words)]
    best = max(
        ((_alike(word, name.split("-")[1]), name) for name in open_to_all for word in words if not word.isdigit()),
        default=(0.0, ""),
    )
    return best[1] if best[0] >= PLACE else None


def machine_meant(given: str, known: Collection[str]) -> str | None:
    """The machine type of `known` that `given` misspells: one of its family, nearest in letters or else in size; None
    where no family is meant, or neither tells which."""
    if len(given) > LONGEST:
        return None
    families = {name.partition(".")[0] for name in known}
    family, _, size = given.partition(".")
    meant = [each for each in families if each.lower() == family.lower()]
    meant = meant or [each for each in families if _same_numbers(family, each) and _alike(family, each) >= ALIKE]
    of_family = sorted(name for name in known if name.partition(".")[0] in meant)
    best = max(of_family, key=lambda name: _alike(given, name), default=None)
    if best is None or _alike(given, best) >= ALMOST:
        return best
    wanted = _amounts(size)
    return min(of_family, key=lambda name: _apart(wanted, _amounts(name.partition(".")[2]))) if wanted else None


def _same_numbers(left: str, right: str) -> bool:
    return re.findall(r"\d+", left) == re.findall(r"\d+", right)


def _alike(left: str, right: str) -> float:
    from difflib import SequenceMatcher  # noqa: PLC0415  needed for errors alone; 10 ms of every start otherwise

    return SequenceMatcher(None, left.lower(), right.lower(), autojunk=False).ratio()


def _amounts(size: str) -> tuple[int, int] | None:
    found = _SIZE.fullmatch(size)
    return (int(found[1] or 1), int(found[2])) if found else None


def _apart(wanted: tuple[int, int], other: tuple[int, int] | None) -> float:
    if other is None or 0 in (*wanted, *other):
        return math.inf
    return sum(abs(math.log(left / right)) for left, right in zip(wanted, other, strict=True))
