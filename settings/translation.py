"""Sentences and their values, kept apart so that they can be said in another language.

`tr` makes a `Message`: the English text, as any other string, that remembers its template and its values. Nothing but
the edge (`cli/language.py`) knows which language is spoken; it calls `translated` with that language's catalogue.
Templates are written out where they are used, for `make messages` finds them there.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import zip_longest
from string import Formatter
from typing import Literal, Self

Catalogue = Callable[[str], str | None]
"""From an English template to the template of another language; None where it has none."""

_HAN = re.compile(r"[\u3400-\u9fff]")
_MARK = re.compile(r"[\u3000-\u303f\uff01-\uff5e]")
"""Punctuation as wide as a Chinese character."""
_LATIN = re.compile(r"[A-Za-z0-9`]")


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


class Message(_Kept):
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


def tr(template: str, /, **values: object) -> Message:
    """The template with its fields filled, as `str.format` fills them; without values it is taken as it stands."""
    return Message(template, values)


def trn(one: str, many: str, number: int, /, **values: object) -> Message:
    """The first template where `number` is 1, else the second; ``{number}`` is the number. Languages that know no
    plural have one translation for both."""
    return Message(one if number == 1 else many, {"number": number, **values})


_COMMA = tr(", ")
_LAST: dict[Literal["and", "or"], Message] = {"and": tr(" and "), "or": tr(" or ")}


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
        separator, last = (each and (catalogue(each) or each) for each in (text.separator, text.last))
        joints = [separator] * (len(parts) - 2) + [last] * (len(parts) > 1)
        return _fitted(each for pair in zip_longest(parts, joints, fillvalue="") for each in pair)
    if isinstance(text, Message):
        template = catalogue(text.template) or text.template
        return _fitted(_pieces(template, text.values, catalogue)) if text.values else template
    return str(text)


def with_values(text: str, change: Callable[[str], str]) -> str:
    """The text with its values changed, and its parts that no language tells otherwise."""
    if isinstance(text, Joined):
        return Joined(tuple(with_values(part, change) for part in text.parts), text.separator, text.last)
    if isinstance(text, Message):
        changed = {
            name: with_values(value, change) if isinstance(value, str) else value for name, value in text.values.items()
        }
        return Message(text.template, changed)
    return change(text)


def _pieces(template: str, values: Mapping[str, object], catalogue: Catalogue) -> Iterator[str]:
    """The parts of a template in a row, its fields filled."""
    formatter = Formatter()
    for literal, name, form, conversion in formatter.parse(template):
        yield literal
        if name is not None:
            value, _ = formatter.get_field(name, (), values)
            said = translated(value, catalogue) if isinstance(value, str) else value
            yield formatter.format_field(formatter.convert_field(said, conversion), form or "")


def _fitted(pieces: Iterable[str]) -> str:
    """Texts in a row. Where they meet, Chinese characters have no blank between them nor any mark of theirs beside it,
    and one blank keeps them from Latin letters: what fills a field may be either."""
    whole = ""
    for piece in pieces:
        before, after = whole.rstrip(" "), piece.lstrip(" ")
        blanks = len(whole) - len(before) + len(piece) - len(after)
        blank = _blank(before[-1:], after[:1]) if blanks <= 1 else None
        whole = whole + piece if blank is None else before + blank + after
    return whole


def _blank(before: str, after: str) -> str | None:
    """What stands between two characters; None: what does already."""
    if not before or not after:
        return None
    if _MARK.match(before) or _MARK.match(after) or (_HAN.match(before) and _HAN.match(after)):
        return ""
    apart = (_HAN.match(before) and _LATIN.match(after)) or (_LATIN.match(before) and _HAN.match(after))
    return " " if apart else None
