"""YAML as the Pulumi engine reads it, with bounds: from text to plain values and everything that is wrong with it.

The engine follows YAML 1.2 for plain words (``yes`` and ``12:30`` are text), PyYAML's own loader follows 1.1, so the
values are made here, from PyYAML's stream of events. That also keeps a small file from growing without end: depth,
size and the expansion of aliases are bounded, and a repeated key is refused where PyYAML takes the last one.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from math import inf

import yaml

from settings import reading_codes as codes
from settings.diagnostics import Diagnostic, Text
from settings.keys import engine_text, whole

DEEPEST = 32
MOST_VALUES = 20_000
"""Values, each counted as often as an alias repeats it. The largest stack file that makes sense has some hundreds."""

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_LONGEST_NUMBER = 64
_INT = re.compile(r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]*|[1-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].*)?")
_TEXT_TAGS = ("!", "tag:yaml.org,2002:str")
_TAGS = (*_TEXT_TAGS, *(f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "null", "map", "seq")))


class _RefusedError(Exception):
    """Reading cannot go on; the argument is the diagnostic."""

    def __init__(self, problem: Diagnostic) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass
class _Open:
    """A mapping or sequence whose end has not come yet. `size` counts the values in it, itself included."""

    value: dict[str, object] | list[object]
    anchor: str | None
    size: int = 1
    key: str | None = None
    merged: list[dict[str, object]] = field(default_factory=list)
    merging: bool = False


def read_yaml(text: str, name: str) -> tuple[object, tuple[Diagnostic, ...]]:
    """The one document in `text` and what is wrong with it; the value is None where nothing can be made of it.

    `name` is the file's name; the paths of the diagnostics are ``name:line:column``.
    """
    builder = _Builder(name)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except _RefusedError as refused:
        return None, (refused.problem,)
    except yaml.YAMLError as error:
        return None, (_syntax_error(error, text, name),)
    return builder.root, tuple(builder.problems)


def _syntax_error(error: yaml.YAMLError, text: str, name: str) -> Diagnostic:
    mark = getattr(error, "problem_mark", None)
    place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
    tab = bool(mark) and "\t" in "".join(text.split("\n")[mark.line : mark.line + 1])
    return codes.unreadable(place, codes.invalid_yaml(name=name, reason=getattr(error, "problem", None), tab=tab))


class _Builder:
    def __init__(self, name: str) -> None:
        self.name = name
        self.root: object = None
        self.problems: list[Diagnostic] = []
        self.open: list[_Open] = []
        self.anchors: dict[str, tuple[object, int]] = {}
        self.values = 0
        self.documents = 0

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise self._refused(event, codes.several_documents(name=self.name))
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise self._refused(event, codes.alias_before_anchor(name=self.name, anchor=event.anchor))
            self._put(event, *self.anchors[event.anchor])
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._end(event)

    def _refused(self, event: yaml.Event, case: Text) -> _RefusedError:
        return _RefusedError(codes.unreadable(self._place(event), case))

    def _place(self, event: yaml.Event) -> str:
        return f"{self.name}:{event.start_mark.line + 1}:{event.start_mark.column + 1}"

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        if len(self.open) >= DEEPEST:
            raise self._refused(event, codes.nested_too_deeply(name=self.name, most=DEEPEST))
        self._check_tag(event, event.tag)
        if self._awaits_key():
            raise self._refused(event, codes.key_of_no_text(name=self.name))
        value = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.open.append(_Open(value, event.anchor))

    def _end(self, event: yaml.Event) -> None:
        done = self.open.pop()
        if isinstance(done.value, dict):
            for other in done.merged:
                done.value |= {key: value for key, value in other.items() if key not in done.value}
        if done.anchor:
            self.anchors[done.anchor] = (done.value, done.size)
        self._put(event, done.value, done.size)

    def _awaits_key(self) -> bool:
        holder = self.open[-1] if self.open else None
        return holder is not None and isinstance(holder.value, dict) and holder.key is None and not holder.merging

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        value = self._resolved(event)
        if event.anchor:
            self.anchors[event.anchor] = (value, 1)
        if self._awaits_key():
            self._begin_pair(event, value)
        else:
            self._put(event, value, 1)

    def _begin_pair(self, event: yaml.ScalarEvent, value: object) -> None:
        holder = self.open[-1]
        if event.value == "<<" and event.implicit[0]:
            holder.merging = True
            return
        key = engine_text(value)
        if key in holder.value:
            self.problems.append(codes.duplicate_key(self._place(event), key=key))
        holder.key = key

    def _put(self, event: yaml.Event, value: object, size: int) -> None:
        self.values += size
        if self.values > MOST_VALUES:
            raise self._refused(event, codes.too_many_values(name=self.name, most=MOST_VALUES))
        if not self.open:
            self.root = value
            return
        holder = self.open[-1]
        holder.size += size
        if isinstance(holder.value, list):
            holder.value.append(value)
        elif holder.merging:
            holder.merging = False
            others = value if isinstance(value, list) else [value]
            if not all(isinstance(other, dict) for other in others):
                raise self._refused(event, codes.merge_of_no_object(name=self.name))
            holder.merged += [other for other in others if isinstance(other, dict)]
        elif holder.key is None:
            raise self._refused(event, codes.key_of_no_text(name=self.name))
        else:
            # The first of two equal keys stays: the second is reported and must go.
            holder.value.setdefault(holder.key, value)
            holder.key = None

    def _resolved(self, event: yaml.ScalarEvent) -> object:
        self._check_tag(event, event.tag)
        if event.tag in _TEXT_TAGS or not (event.implicit[0] or event.tag):
            return event.value
        return plain_value(event.value)

    def _check_tag(self, event: yaml.Event, tag: str | None) -> None:
        if tag and tag not in _TAGS:
            raise self._refused(event, codes.tag_refused(name=self.name, tag=tag))


def plain_value(text: str) -> object:
    """What an unquoted word stands for: nothing, a truth value, a number, a date, or itself."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= _LONGEST_NUMBER and _INT.fullmatch(text):
        return _integer(text)
    if len(text) <= _LONGEST_NUMBER and _FLOAT.fullmatch(text):
        number = float(text)
        return text if number in (inf, -inf) else whole(number)
    return _date(text) if _DATE.fullmatch(text) else text


def _integer(text: str) -> object:
    digits = text.replace("_", "")
    octal = re.fullmatch(r"([-+]?)0o?([0-7]+)", digits)
    try:
        number = int(octal[1] + octal[2], 8) if octal else int(digits, 0)
    except ValueError:
        return text
    # The engine holds what is larger than 64 bits as a float.
    return number if abs(number) < 2**63 else whole(float(number))


def _date(text: str) -> object:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return text
