"""Which known models were probably meant by an id that is not known: of the family and purpose first, then of the size.

A model for another purpose, of another series or of quite another size is no answer, however alike the letters are.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from settings.suggest import LONGEST

FAR = 1.0
"""Distance from which a model is another one: another purpose, or say a generation and twice the size apart."""
ALIKE = 0.75
"""Share of letters from which two family names are one, misspelt."""

_TOKEN = re.compile(r"[a-z]+|\d+(?:\.\d+)*")
_ACTIVE = re.compile(r"(?<![a-z])a(\d+(?:\.\d+)?)([bm])(?![a-z])")
_SIZE = re.compile(r"(?<![0-9.])(\d+(?:\.\d+)?)([bm])(?![a-z])")
_DATE = re.compile(r"\d{4,}")
_MAKERS = frozenset({"meta", "nvidia", "hf"})
_CHATS = frozenset({"instruct", "chat", "it"})
_PURPOSES = frozenset(
    {"vl", "vision", "v", "audio", "omni", "asr", "tts", "ocr", "captioner", "coder", "code", "math", "prover"}
    | {"embedding", "embed", "reranker", "rerank", "reward", "prm", "guard"}
)
_SIZES = frozenset(
    {"nano", "tiny", "mini", "lite", "small", "medium", "large", "plus", "max", "ultra", "air", "flash", "pro"}
)
_FORMATS = frozenset({"fp8", "awq", "gptq", "int4", "int8", "w4a16", "w8a8", "nvfp4", "mxfp4", "gguf", "bnb"})


@dataclass(frozen=True)
class Parts:
    """What a model's id says: `billions` of parameters, the generation with the letters right before it (`series`: the
    r of R1), and the other words and numbers."""

    plain: str
    family: str
    series: str
    generation: float | None
    billions: float | None
    words: frozenset[str]


def parts(id_: str) -> Parts:
    """The parts of ``maker/Family3-8B-Instruct-2507`` or ``family3:8b``."""
    name = id_.rpartition("/")[2].lower()
    active = _ACTIVE.search(name)
    sized = _ACTIVE.sub("-", name)
    size = _SIZE.search(sized)
    formats = {word for word in _FORMATS if word in name}
    rest = re.sub("|".join(_FORMATS), "-", _SIZE.sub("-", sized))
    tokens = [token for token in _TOKEN.findall(rest) if token not in _MAKERS]
    family = next((token for token in tokens if token.isalpha()), "")
    place = next((at for at, token in enumerate(tokens) if not token.isalpha() and not _DATE.fullmatch(token)), None)
    before = tokens[place - 1] if place else ""
    series = before if before.isalpha() and before != family else ""
    known = {family, series, *([tokens[place]] if place is not None else [])}
    return Parts(
        plain="".join(_TOKEN.findall(name)),
        family=family,
        series=series,
        generation=float(".".join(tokens[place].split(".")[:2])) if place is not None else None,
        billions=float(size[1]) / (1000 if size[2] == "m" else 1) if size else None,
        words=frozenset({*tokens, *formats} - known | ({f"a{active[1]}"} if active else set())),
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
    """Whether one letter alone is another one; a number is meant as it stands, and so is the letter before it."""
    if len(given) != len(name):
        return False
    pairs = list(zip(given.lower(), name.lower(), strict=True))
    differing = [place for place, (left, right) in enumerate(pairs) if left != right]
    if len(differing) != 1 or not all(map(str.isalpha, pairs[differing[0]])):
        return False
    return not name[differing[0] + 1 : differing[0] + 2].isdigit()


def _distance(asked: Parts, other: Parts) -> float:
    alike = _likeness(asked.family, other.family)
    if alike < ALIKE or asked.words & _PURPOSES != other.words & _PURPOSES:
        return FAR
    if asked.series != other.series:
        return FAR
    far = 1 - alike + _generations(asked, other) + _sizes(asked, other) + _others(asked.words, other.words)
    return far if far >= FAR else far + 0.3 * (1 - _likeness(asked.plain, other.plain))


def _likeness(left: str, right: str) -> float:
    return 1.0 if left == right else SequenceMatcher(None, left, right, autojunk=False).ratio()


def _generations(asked: Parts, other: Parts) -> float:
    if asked.generation is None or other.generation is None:
        return 0.0 if asked.generation == other.generation else 0.4
    apart = abs(asked.generation - other.generation)
    return 0.0 if apart == 0 else min(0.25 + 0.2 * apart, 0.8)


def _sizes(asked: Parts, other: Parts) -> float:
    named = 0.0 if asked.words & _SIZES == other.words & _SIZES else 0.8
    if not asked.billions or not other.billions:
        return named + (0.0 if asked.billions == other.billions else 0.4)
    return named + min(abs(math.log(asked.billions / other.billions)), 1.0)


def _others(asked: frozenset[str], other: frozenset[str]) -> float:
    """What the words and dates say that stand in one id only. Ids of models that chat may leave that out; a format is
    asked for with intent."""
    chats = 0.0 if not other & _CHATS ^ asked & _CHATS else 0.1 if asked & _CHATS and not other & _CHATS else 0.02
    dates = [{word for word in words if _DATE.fullmatch(word)} for words in (asked, other)]
    dated = 0.0 if dates[0] == dates[1] else 0.08
    plain = (asked ^ other) - _SIZES - _CHATS - dates[0] - dates[1]
    return chats + dated + 0.1 * (len(plain) + len((asked - other) & _FORMATS))
