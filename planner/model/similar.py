"""Which known models were probably meant by an id that is not known: of the family first, then of the size."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from settings.suggest import LONGEST

FAR = 1.0
"""Distance from which a model is another one: say a generation and twice the size apart."""
ALIKE = 0.75
"""Share of letters from which two family names are one, misspelt."""

_TOKEN = re.compile(r"[a-z]+|\d+(?:\.\d+)*")
_SIZE = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)([bm])")
_ACTIVE = re.compile(r"(?<![a-z])a(\d+(?:\.\d+)?)([bm])")
_MAKERS = ("meta", "nvidia", "hf")


@dataclass(frozen=True)
class Parts:
    """What a model's id says: `billions` of parameters, the generation, and the other words and numbers."""

    plain: str
    family: str
    generation: float | None
    billions: float | None
    words: frozenset[str]


def parts(id_: str) -> Parts:
    """The parts of ``maker/Family3-8B-Instruct-2507`` or ``family3:8b``."""
    name = id_.rpartition("/")[2].lower()
    size, active = _SIZE.search(name), _ACTIVE.search(name)
    rest = _ACTIVE.sub("-", _SIZE.sub("-", name))
    tokens = [token for token in _TOKEN.findall(rest) if token not in _MAKERS]
    words = [token for token in tokens if token.isalpha()]
    numbers = [token for token in tokens if not token.isalpha()]
    generation = float(".".join(numbers[0].split(".")[:2])) if numbers else None
    others = {*words[1:], *numbers[1:], *([f"a{active[1]}"] if active else [])}
    return Parts(
        plain="".join(tokens),
        family=words[0] if words else "",
        generation=generation,
        billions=float(size[1]) / (1000 if size[2] == "m" else 1) if size else None,
        words=frozenset(others),
    )


def similar(given: str, known: Iterable[str]) -> list[str]:
    """The ids of `known` that are near to `given`, the nearest first."""
    if len(given) > LONGEST:
        return []
    asked = parts(given)
    distances = [(distance, name) for name in known if (distance := _distance(asked, parts(name))) < FAR]
    distances = [(0.0 if _one_letter_off(given, name) else distance, name) for distance, name in distances]
    return [name for _, name in sorted(distances)]


def _one_letter_off(given: str, name: str) -> bool:
    """Whether one letter alone is another one; a number is meant as it stands."""
    differing = [pair for pair in zip(given.lower(), name.lower(), strict=False) if pair[0] != pair[1]]
    return len(given) == len(name) and len(differing) == 1 and all(letter.isalpha() for letter in differing[0])


def _distance(asked: Parts, other: Parts) -> float:
    if _likeness(asked.family, other.family) < ALIKE:
        return FAR
    far = _generations(asked.generation, other.generation) + _sizes(asked.billions, other.billions)
    far += 0.1 * len(asked.words ^ other.words)
    return far if far >= FAR else far + 0.4 * (1 - _likeness(asked.plain, other.plain))


def _likeness(left: str, right: str) -> float:
    return 1.0 if left == right else SequenceMatcher(None, left, right, autojunk=False).ratio()


def _generations(left: float | None, right: float | None) -> float:
    if left is None or right is None:
        return 0.0 if left == right else 0.4
    return 0.0 if left == right else min(0.25 + 0.2 * abs(left - right), 0.8)


def _sizes(left: float | None, right: float | None) -> float:
    if not left or not right:
        return 0.0 if left == right else 0.4
    return min(abs(math.log(left / right)), 1.0)
