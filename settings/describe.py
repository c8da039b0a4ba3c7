"""What may stand at a place of the stack file, read off the typed models and said in plain words."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from settings.paths import Step
from settings.section import Section
from settings.stack import Settings
from settings.translation import listed, tr, trn
from settings.values import bounds, named, sized, switch, versioned

SHORT_FORMS: dict[object, str] = {
    switch: "enabled",
    bounds: "max",
    sized: "size",
    versioned: "version",
    named: "model",
}
"""The key whose plain value stands for a whole object, by the function that expands it."""

_USUAL_LONGEST = 512
"""Characters. That a name or a line has no more goes without saying."""

_LIMITS = ("ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length", "pattern", "words", "example", "bend")


@dataclass(frozen=True)
class ValueKind:
    """A type with its limits, the wording of its pattern among them (`names.Wording`).

    `core` is a plain type, `Literal`, `tuple`, `dict` or a `Section`; `args` its arguments. `short` is
    the key whose value may stand for the whole object.
    """

    core: Any
    args: tuple[Any, ...] = ()
    limits: dict[str, Any] = field(default_factory=dict)
    optional: bool = False
    short: str | None = None

    @property
    def plain(self) -> "ValueKind | None":
        """The plain value that may stand for the whole object."""
        return None if self.short is None else field_kind(self.core.model_fields[self.short])

    @property
    def is_section(self) -> bool:
        return isinstance(self.core, type) and issubclass(self.core, Section)


def kind_of(annotation: Any, metadata: Iterable[object] = ()) -> ValueKind:  # noqa: ANN401  annotations are of any type
    """Take ``Annotated`` and ``| None`` off a type."""
    marks, optional = list(metadata), False
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *more = get_args(annotation)
            marks += more
        elif origin in (Union, UnionType):
            optional = True
            (annotation,) = (arg for arg in get_args(annotation) if arg is not NoneType)
        else:
            break
    limits: dict[str, Any] = {}
    short = None
    for mark in _flat(marks):
        limits |= {name: value for name in _LIMITS if (value := getattr(mark, name, None)) is not None}
        if isinstance(mark, BeforeValidator):
            short = SHORT_FORMS.get(mark.func, short)
    return ValueKind(origin or annotation, get_args(annotation), limits, optional, short)


def _flat(marks: Iterable[object]) -> Iterable[object]:
    for mark in marks:
        yield from mark.metadata if isinstance(mark, FieldInfo) else (mark,)


def fields_of(section: type[Section]) -> dict[str, FieldInfo]:
    """The keys of an object of the stack file, as they are written there."""
    return {info.alias or name: info for name, info in section.model_fields.items() if not info.exclude}


def field_kind(info: FieldInfo) -> ValueKind:
    return kind_of(info.annotation, info.metadata)


def kind_at(steps: Sequence[Step]) -> ValueKind | None:
    """What may stand at a place, or None where the schema knows no such place.

    The step ``[key]`` after a name is pydantic's way to say that the name itself is meant.
    """
    kind = ValueKind(Settings)
    holder = kind
    for step in steps:
        if step == "[key]":
            kind = kind_of(holder.args[0]) if holder.core is dict else kind
            continue
        holder = kind
        if kind.is_section:
            info = fields_of(kind.core).get(str(step))
            if info is None:
                return None
            kind = field_kind(info)
        elif kind.core is dict:
            kind = kind_of(kind.args[1])
        elif kind.core is tuple:
            kind = kind_of(kind.args[0])
        else:
            return None
    return kind


def in_words(kind: ValueKind) -> str:
    """What is allowed, as the end of the sentence "It must be …"."""
    words = _core_in_words(kind)
    if kind.plain is None:
        return words
    return tr("{plain}, or {words}", plain=_core_in_words(kind.plain), words=words)


def _core_in_words(kind: ValueKind) -> str:
    if kind.is_section:
        keys = fields_of(kind.core)
        return trn("an object with the key {keys}", "an object with the keys {keys}", len(keys), keys=_listed(keys))
    sayings: dict[object, Callable[[], str]] = {
        Literal: lambda: _listed(str(arg) for arg in kind.args),
        dict: lambda: tr(
            "an object of {entries}name: value, each value {value}",
            entries=_entries(kind.limits),
            value=in_words(kind_of(kind.args[1])),
        ),
        tuple: lambda: tr(
            "a list{entries}, each entry {entry}",
            entries=_list_entries(kind.limits),
            entry=in_words(kind_of(kind.args[0])),
        ),
        IPv4Network: lambda: tr("an address range such as `10.0.0.0/16`"),
        bool: lambda: tr("`true` or `false`"),
        str: lambda: _text_in_words(kind.limits),
        int: lambda: tr("a whole number") + _range_in_words(kind.limits),
        float: lambda: tr("a number") + _range_in_words(kind.limits),
    }
    return sayings[kind.core]()


def _entries(limits: dict[str, Any]) -> str:
    least = tr("at least one ") if limits.get("min_length") else ""
    return least + tr("(at most {most}) ", most=limits["max_length"]) if "max_length" in limits else least


def _list_entries(limits: dict[str, Any]) -> str:
    least = tr(" of at least one") if limits.get("min_length") else ""
    return least + tr(" (at most {most})", most=limits["max_length"]) if "max_length" in limits else least


def _text_in_words(limits: dict[str, Any]) -> str:
    words: str = limits.get("words") or tr("text")
    if "example" in limits and "`" not in words and not words.startswith("text"):
        words += tr(" such as `{example}`", example=limits["example"])
    longest = limits.get("max_length", _USUAL_LONGEST)
    return (
        words
        if 253 <= longest <= _USUAL_LONGEST
        else tr("{words}, of at most {longest} characters", words=words, longest=longest)
    )


def _range_in_words(limits: dict[str, Any]) -> str:
    least, most = limits.get("ge"), limits.get("le")
    words: str = tr(" from {least} to {most}", least=least, most=most) if least is not None and most is not None else ""
    if not words:
        words += tr(" of at least {least}", least=least) if least is not None else ""
        words += tr(" greater than {least}", least=limits["gt"]) if "gt" in limits else ""
        if most is not None:
            words += tr(" and at most {most}", most=most) if words else tr(" at most {most}", most=most)
    return words + (tr(", in steps of {step}", step=limits["multiple_of"]) if "multiple_of" in limits else "")


def _listed(names: Iterable[str]) -> str:
    return listed([f"`{name}`" for name in names], "or")
