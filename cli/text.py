"""Text for people: styled lines, laid out in at most 100 columns, in colour only on a terminal."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

WIDTH = 100

Style = Literal["", "good", "bad", "warn", "note", "dim", "strong", "path"]

_COLOURS: dict[Style, str] = {
    "": "",
    "good": "bold green",
    "bad": "bold red",
    "warn": "bold yellow",
    "note": "bold blue",
    "dim": "bright_black",
    "strong": "bold",
    "path": "cyan",
}


@dataclass(frozen=True)
class Span:
    """A piece of a line in one style."""

    text: str
    style: Style = ""


Line = tuple[Span, ...]


def line(*parts: str | Span) -> Line:
    return tuple(part if isinstance(part, Span) else Span(part) for part in parts)


def paragraph(text: str, lead: str | Span = "", indent: int = 0, style: Style = "") -> list[Line]:
    """Wrapped text after a lead; further lines are set below the text, not below the lead."""
    import textwrap  # noqa: PLC0415  a run that prints JSON needs no layout

    first = lead if isinstance(lead, Span) else Span(lead)
    room = max(20, WIDTH - indent - len(first.text))
    pieces = [
        piece
        for part in text.splitlines() or [""]
        for piece in textwrap.wrap(part, room, break_long_words=False, break_on_hyphens=False) or [""]
    ]
    blank = " " * len(first.text)
    return [
        line(" " * indent, first if place == 0 else blank, Span(piece, style)) for place, piece in enumerate(pieces)
    ]


def heading(text: str) -> list[Line]:
    return [(), line(Span(text, "strong"))]


def facts(rows: Iterable[tuple[str, str]], indent: int = 2) -> list[Line]:
    """Two columns: names, dimmed and aligned, and what is to be said of each. A repeated name is shown once."""
    given = list(rows)
    width = max((len(name) for name, _ in given), default=0) + 2
    lines: list[Line] = []
    last = None
    for name, text in given:
        shown = "" if name == last else name
        lines += paragraph(text, Span(shown.ljust(width), "dim"), indent)
        last = name
    return lines


def table(rows: Iterable[tuple[str, ...]], right: frozenset[int] = frozenset(), indent: int = 2) -> list[Line]:
    """Aligned columns, the first row as their heading; `right` names the columns that are set flush right."""
    given = list(rows)
    widths = [max(len(row[column]) for row in given) for column in range(len(given[0]))] if given else []

    def laid_out(row: tuple[str, ...]) -> str:
        cells = (
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        return (" " * indent + "  ".join(cells)).rstrip()

    return [line(Span(laid_out(row), "dim" if place == 0 else "")) for place, row in enumerate(given)]


def show(lines: Iterable[Line]) -> None:
    """Print to stdout: with colours on a terminal, as plain text elsewhere."""
    if sys.stdout.isatty():
        from rich.console import Console  # noqa: PLC0415  only a terminal needs it
        from rich.text import Text  # noqa: PLC0415

        console = Console(highlight=False, soft_wrap=True)
        for each in lines:
            console.print(Text.assemble(*((span.text, _COLOURS[span.style]) for span in each)))
        return
    sys.stdout.write("".join("".join(span.text for span in each).rstrip() + "\n" for each in lines))


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def duration(seconds: float) -> str:
    """A length of time as a person says it: ``45 s``, ``12 min``, ``3 h 20 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def size(number: float) -> str:
    """Bytes in decimal units, as networks and disks are sold: ``15.2 GB``."""
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if number >= factor:
            return f"{number / factor:.1f} {unit}"
    return f"{number:.0f} B"
