"""Sentences and their values, kept apart so that they can be said in another language.

`tr` makes a `Said`: the English text, as any other string, that remembers its template and its values. Nothing but the
edge (`cli/language.py`) knows which language is spoken; it calls `translated` with that language's catalogue. Templates
are written out where they are used, for Babel finds them there.
"""

from collections.abc import Callable, Iterable
from typing import Literal, Self

Catalogue = Callable[[str], str | None]
"""From an English template to the template of another language; None where it has none."""


def _filled(template: str, values: dict[str, object]) -> str:
    return template.format(**values) if values else template


def _chained(parts: tuple[str, ...], separator: str, last: str) -> str:
    *first, final = parts or ("",)
    return f"{separator.join(first)}{last}{final}" if first else final


class _Kept(str):
    """English text that can be told anew. What is added to it is a part of its own."""

    __slots__ = ()

    def __add__(self, more: str) -> "Joined":
        return Joined((self, more), "", "")

    def __radd__(self, before: str) -> "Joined":
        return Joined((before, self), "", "")


class Said(_Kept):
    """English text of a `template` and the `values` of its fields. What a value says of itself by `tr` is translated
    too; any other string is a name, and stays."""

    __slots__ = ("template", "values")
    template: str
    values: dict[str, object]

    def __new__(cls, template: str, values: dict[str, object]) -> Self:
        said = super().__new__(cls, _filled(template, values))
        said.template, said.values = template, values
        return said

    def __getnewargs__(self) -> tuple[str, dict[str, object]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.template, self.values


class Joined(_Kept):
    """English text of parts with `separator` between them, and `last` before the last one."""

    __slots__ = ("last", "parts", "separator")
    parts: tuple[str, ...]
    separator: str
    last: str

    def __new__(cls, parts: tuple[str, ...], separator: str, last: str) -> Self:
        said = super().__new__(cls, _chained(parts, separator, last))
        said.parts, said.separator, said.last = parts, separator, last
        return said

    def __getnewargs__(self) -> tuple[tuple[str, ...], str, str]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.parts, self.separator, self.last


def tr(template: str, /, **values: object) -> Said:
    """The template with its fields filled, as `str.format` fills them; without values it is taken as it stands."""
    return Said(template, values)


def trn(one: str, many: str, number: int, /, **values: object) -> Said:
    """The first template where `number` is 1, else the second; ``{number}`` is the number. Languages that know no
    plural have one translation for both."""
    return Said(one if number == 1 else many, {"number": number, **values})


_COMMA = tr(", ")
_LAST: dict[Literal["and", "or"], Said] = {"and": tr(" and "), "or": tr(" or ")}


def listed(names: Iterable[str], last: Literal["and", "or"]) -> Joined:
    """Names as a sentence has them: ``a, b and c`` with `last` "and"."""
    return joined(names, _COMMA, _LAST[last])


def joined(parts: Iterable[str], separator: str = _COMMA, last: str | None = None) -> Joined:
    """Parts in a row; `last` stands before the last one where that is not `separator` (``" and "``)."""
    return Joined(tuple(parts), separator, separator if last is None else last)


def translated(text: str, catalogue: Catalogue) -> str:
    """The text in the catalogue's language, as far as it was made by this module."""
    if isinstance(text, Joined):
        parts = tuple(translated(part, catalogue) for part in text.parts)
        return _chained(parts, *(each and (catalogue(each) or each) for each in (text.separator, text.last)))
    if isinstance(text, Said):
        values = {
            name: translated(value, catalogue) if isinstance(value, str) else value
            for name, value in text.values.items()
        }
        return _filled(catalogue(text.template) or text.template, values)
    return str(text)
