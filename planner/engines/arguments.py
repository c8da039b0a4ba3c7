"""Command-line arguments as the engine's own parser reads them, and as pieces that the user's own may displace."""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from catalog.arguments import Option, Release
from planner.engines import registry
from planner.engines.engine import Engine
from settings.suggest import MISSPELT, closest
from settings.translation import joined, tr

_SAME = {
    "tp": "tensor-parallel-size",
    "tp-size": "tensor-parallel-size",
    "pp": "pipeline-parallel-size",
    "pp-size": "pipeline-parallel-size",
    "dp": "data-parallel-size",
    "dp-size": "data-parallel-size",
    "ep": "expert-parallel-size",
    "ep-size": "expert-parallel-size",
    "q": "quantization",
}
_PLUGINS = ("tool-parser-plugin", "reasoning-parser-plugin")
_NEGATIVE = re.compile(r"-\d+|-\d*\.\d+")
_HUMAN = re.compile(r"-?\d+|\d+(\.\d+)?[kmgt]|\d+[KMGT]")


@dataclass(frozen=True)
class Argument:
    """One option as the parser reads it, with the items of the list that it takes up.

    `flag` is the option's own name without dashes, "" for items that belong to no option; `written` its spelling in
    the list. `fault` says why the parser (or the engine behind it) refuses it. `unknown`: there is no such option;
    `near` is then the one that was probably meant.
    """

    flag: str
    written: str
    values: tuple[str, ...]
    items: tuple[int, ...]
    fault: str | None = None
    unknown: bool = False
    near: str | None = None

    @property
    def value(self) -> str:
        return " ".join(self.values)

    @property
    def text(self) -> str:
        return f"{self.written} {self.value}".strip()


def name_of(argument: str) -> str | None:
    """The flag that an argument sets, without dashes, `no-` and value; None where it is a value.

    Engines accept underscores for hyphens: ``--max_model_len=4096`` sets ``max-model-len``.
    """
    bare = argument.lstrip("-")
    if bare == argument or not bare or bare[0].isdigit() or " " in bare.partition("=")[0]:
        return None
    name = bare.partition("=")[0].replace("_", "-").removeprefix("no-")
    return _SAME.get(name, name)


def values(arguments: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(flag, value) of each flag that is spelt out, value "" where it has none; no release need be known."""
    name: str | None = None
    given: list[str] = []
    for argument in arguments:
        flag = name_of(argument)
        if flag is None:
            given.append(argument)
            continue
        if name is not None:
            yield name, " ".join(given)
        _, equals, value = argument.partition("=")
        name, given = flag, [value] if equals else []
    if name is not None:
        yield name, " ".join(given)


def cache_type(arguments: Iterable[str]) -> str | None:
    """The type of the cache's numbers where an argument sets it."""
    return dict(values(arguments)).get("kv-cache-dtype")


def quantization(arguments: Iterable[str]) -> str | None:
    """The method of quantisation where an argument sets it."""
    return dict(values(arguments)).get("quantization")


def encodes_whole(arguments: Iterable[str]) -> bool:
    """Whether an argument has each GPU hold the whole encoder of images."""
    return dict(values(arguments)).get("mm-encoder-tp-mode") == "data"


def deals_experts(arguments: Iterable[str]) -> bool | None:
    """Whether an argument has the experts dealt out whole, or not; None where none says so."""
    said = list(arguments)
    switches = [argument for argument in said if name_of(argument) == "enable-expert-parallel"]
    if switches:
        return not switches[-1].lstrip("-").startswith("no-")
    size = dict(values(said)).get("expert-parallel-size", "")
    return int(size) > 1 if size.isdecimal() else None


def batch_size(arguments: Iterable[str]) -> int | None:
    """The tokens of one batch where an argument sets them in digits."""
    given = dict(values(arguments)).get("max-num-batched-tokens", "")
    return int(given) if given.isdecimal() and int(given) else None


def forgoes_images(arguments: Iterable[str], engine: Engine) -> bool:
    """Whether the engine is told not to try the largest image that the model reads."""
    given, line = dict(values(arguments)), engine.command_line
    no_images = line.no_images if line else {}
    return any(flag in given and re.search(value, given[flag]) for flag, value in no_images.items())


def allows_longer(arguments: Iterable[str], variables: Iterable[str]) -> bool:
    """Whether the engine is told, by argument or variable, to take a context beyond the model's own."""
    given = {*variables, *dict(values(arguments))}
    return bool(given) and not given.isdisjoint(registry.longer())


def without(given: Sequence[str], *arguments: Argument) -> list[str] | None:
    """The list that the arguments were read from, less these; None where nothing is left."""
    dropped = {item for argument in arguments for item in argument.items}
    return [text for index, text in enumerate(given) if index not in dropped] or None


def merged(
    emitted: Sequence[tuple[str, ...]], extra: tuple[str, ...], required: Sequence[tuple[str, ...]] = ()
) -> tuple[str, ...]:
    """The emitted arguments, each a flag with its values, less those that the extra ones set; the extra ones last.
    `required` are those that the model needs, where nothing else sets them."""
    ours = {name_of(piece[0]) for piece in emitted}
    pieces = (*emitted, *(piece for piece in required if name_of(piece[0]) not in ours))
    taken = {name_of(argument) for argument in extra} - {None}
    return (*(part for piece in pieces if name_of(piece[0]) not in taken for part in piece), *extra)


def read(arguments: Sequence[str], release: Release) -> tuple[Argument, ...]:
    """The arguments as this release's parser takes them: abbreviations, other spellings and dotted keys resolved."""
    return tuple(_Reader(arguments, release).all())


class _Reader:
    """argparse's rules (Python's Lib/argparse.py), and those that vLLM's FlexibleArgumentParser puts before them."""

    def __init__(self, arguments: Sequence[str], release: Release) -> None:
        self._arguments = arguments
        self._release = release
        line = registry.find(release.package).command_line
        self._flexible = line is not None and line.flexible

    def all(self) -> Iterator[Argument]:
        index = 0
        while index < len(self._arguments):
            argument = self._one(index)
            yield argument
            index = argument.items[-1] + 1

    def _is_value(self, item: str) -> bool:
        """Whether the parser takes an item for a value, and not for an option's name."""
        if not item.startswith("-") or item == "-" or _NEGATIVE.fullmatch(item):
            return True
        name = item.partition("=")[0]
        return " " in item and not self._named(self._spelt(name))

    def _spelt(self, name: str) -> str:
        """vLLM reads underscores in long names as dashes."""
        if not (self._flexible and name.startswith("--")):
            return name
        head, dot, rest = name.partition(".")
        return head.replace("_", "-") + dot + rest

    def _named(self, name: str) -> list[Option]:
        """The options that a name may mean: the one that has it, else all those of which it is the beginning."""
        known = self._release.by_name
        if name in known:
            return [known[name]]
        if not self._release.abbreviations or len(name) < 2 or name == "--":
            return []
        begun = [option for spelling, option in known.items() if spelling.startswith(name)]
        if not name.startswith("--"):
            begun += [known[name[:2]]] if name[:2] in known else []
        return list(dict.fromkeys(begun))

    def _one(self, index: int) -> Argument:
        item = self._arguments[index]
        if self._is_value(item):
            return Argument("", item, (), (index,), tr("it belongs to no argument"))
        written, equals, inline = item.partition("=")
        name = self._spelt(written)
        dotted = self._flexible and "." in name
        found = self._named(name.partition(".")[0] if dotted else name)
        if self._flexible and not found and (level := self._level(index)):
            return level
        if len(found) != 1:
            return self._unmatched(index, name, found)
        option, joined = found[0], self._joined(name)
        if joined or equals:
            return self._argument(option, written, index, (joined + equals + inline,) if joined else (inline,))
        taken = self._following(index)[: 1 if dotted else _most(option)]
        return self._argument(option, written, index, taken, beside=True)

    def _level(self, index: int) -> Argument | None:
        """``-O3``, ``-O=3`` or ``-O 3``, which vLLM rewrites before its parser sees them."""
        item, beside = self._arguments[index], self._arguments[index + 1 : index + 2]
        if re.match(r"-O[=\w]", item):
            return Argument("optimization-level", "-O", (item[2:].lstrip("="),), (index,))
        if item == "-O" and beside and beside[0] in {"0", "1", "2", "3"}:
            return Argument("optimization-level", "-O", (beside[0],), (index, index + 1))
        return None

    def _joined(self, name: str) -> str:
        """The value that is written onto a one-letter name, as in ``-n2``."""
        known = self._release.by_name
        return name[2:] if not name.startswith("--") and name not in known and name[:2] in known else ""

    def _following(self, index: int) -> tuple[str, ...]:
        found: list[str] = []
        for item in self._arguments[index + 1 :]:
            if not self._is_value(item):
                break
            found.append(item)
        return tuple(found)

    def _argument(
        self,
        option: Option,
        written: str,
        index: int,
        given: tuple[str, ...],
        *,
        beside: bool = False,
    ) -> Argument:
        """`beside`: the values are items of their own. A dotted name sets a part of the option's JSON."""
        fault = None if "." in written and given else _fault(option, given, inline=not beside)
        fault = fault or self._parser_fault(option, given)
        items = tuple(range(index, index + 1 + (len(given) if beside else 0)))
        return Argument(option.flag, written, given, items, fault)

    def _parser_fault(self, option: Option, given: tuple[str, ...]) -> str | None:
        """What is wrong with the name of a parser: a file of one's own may bring others."""
        known = self._release.parsers.get(option.flag, ())
        brought = any(name_of(each) in _PLUGINS for each in self._arguments)
        wrong = next((name for name in given if known and name and name not in known), None)
        if wrong is None or brought:
            return None
        near = closest(wrong, known)
        return tr(
            "{wrong} is none of its parsers ({parsers})",
            wrong=wrong,
            parsers=f"{near}?" if near else joined(known[:12]),
        )

    def _unmatched(self, index: int, name: str, found: list[Option]) -> Argument:
        taken = self._following(index)
        items = tuple(range(index, index + len(taken) + 1))
        flag = name.lstrip("-").replace("_", "-")
        if found:
            meant = ", ".join(f"--{option.flag}" for option in found[:4])
            return Argument(flag, name, taken, items, tr("it may mean {meant}", meant=meant))
        near = closest(flag, self._release.by_flag, MISSPELT)
        return Argument(flag, name, taken, items, unknown=True, near=near)


def _most(option: Option) -> int | None:
    """How many items an option takes at the most; None: all that follow."""
    if option.nargs is None or option.nargs == "?":
        return 1
    return option.nargs if isinstance(option.nargs, int) else None


def _fault(option: Option, given: tuple[str, ...], *, inline: bool) -> str | None:
    if option.nargs == 0:
        return tr("it takes no value") if inline else None
    least = option.nargs if isinstance(option.nargs, int) else {"?": 0, "*": 0}.get(option.nargs or "", 1)
    if len(given) < least:
        return tr("it needs a value")
    for value in given:
        if option.choices and option.type != "<lambda>" and value not in option.choices:
            near = closest(value, option.choices)
            some = f"{near}?" if near else ", ".join(option.choices[:12])
            return tr("{value} is none of its values ({some})", value=value, some=some)
        reads = _TYPES.get(option.type or "")
        if reads and not reads(value):
            return tr("{value} is no {kind}", value=value or tr("an empty text"), kind=_WORDS[option.type or ""])
    return None


def _whole(value: str) -> bool:
    return re.fullmatch(r"\s*[-+]?\d+\s*", value) is not None


def _finite(value: str) -> bool:
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def _json(value: str) -> bool:
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return False
    return True


def _human(value: str) -> bool:
    return _HUMAN.fullmatch(value.strip()) is not None


def _human_or_auto(value: str) -> bool:
    return value.strip().lower() == "auto" or _human(value)


_TYPES: dict[str, Callable[[str], bool]] = {
    "int": _whole,
    "float": _finite,
    "loads": _json,
    "human_readable_int": _human,
    "human_readable_int_or_auto": _human_or_auto,
}
_WORDS = {
    "int": tr("whole number"),
    "float": "number",
    "loads": "JSON",
    "human_readable_int": tr("whole number"),
    "human_readable_int_or_auto": tr("whole number or auto"),
}
