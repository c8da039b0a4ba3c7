"""Text for people: styled lines, laid out for the terminal, in colour only on one."""

import codecs
import io
import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

WIDTH = 100
"""Columns where the output is no terminal."""

NARROWEST, WIDEST = 60, 140
"""Columns: below, wrapped text is not read any more; above, the eye loses the line."""

UNSEEN = (*range(0x20), *range(0x7F, 0xA0), 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_WRITTEN_OUT = {code: f"\\u{code:04x}" if code > 0xFF else f"\\x{code:02x}" for code in UNSEEN}
"""What moves a terminal's cursor, colours it or turns the direction of writing, as something that is seen. A stack file
may come from somebody else."""

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
class Piece:
    """A piece of a line in one style."""

    text: str
    style: Style = ""


Line = tuple[Piece, ...]


class OutputError(Exception):
    """Standard output takes nothing: its disk is full, for example."""


def width() -> int:
    """Columns that text may take: those of the terminal, within reason."""
    if not sys.stdout.isatty():
        return WIDTH
    return min(max(shutil.get_terminal_size((WIDTH, 24)).columns, NARROWEST), WIDEST)


def writes_unicode() -> bool:
    """Whether stdout takes every character."""
    return codecs.lookup(sys.stdout.encoding or "utf-8").name.startswith("utf")


def seen(text: str) -> str:
    """The text with its control characters written out."""
    return text.translate(_WRITTEN_OUT)


_ASCII = {"├": "+", "└": "+", "─": "-", "│": "|", "█": "#", "…": "...", "±": "+-", "×": "x", "≤": "<=", "≥": ">="}


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_ASCII.get(each, "?") for each in error.object[error.start : error.end]), error.end


codecs.register_error("tke-llm", _in_ascii)


def settle_streams() -> None:
    """Let both streams take every text: what they cannot encode is replaced by what looks most like it, and one that
    was closed before the program began swallows everything."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  open until the end
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="tke-llm")


def line(*parts: str | Piece) -> Line:
    return tuple(part if isinstance(part, Piece) else Piece(part) for part in parts)


def paragraph(text: str, lead: str | Piece = "", indent: int = 0, style: Style = "") -> list[Line]:
    """Wrapped text after a lead; further lines are set below the text, not below the lead."""
    import textwrap  # noqa: PLC0415  a run that prints JSON needs no layout

    first = lead if isinstance(lead, Piece) else Piece(lead)
    room = max(20, width() - indent - len(first.text))
    pieces = [
        piece
        for part in text.splitlines() or [""]
        for piece in textwrap.wrap(part, room, break_long_words=False, break_on_hyphens=False) or [""]
    ]
    blank = " " * len(first.text)
    return [
        line(" " * indent, first if place == 0 else blank, Piece(piece, style)) for place, piece in enumerate(pieces)
    ]


def heading(text: str) -> list[Line]:
    return [(), line(Piece(text, "strong"))]


def facts(rows: Iterable[tuple[str, str]], indent: int = 2) -> list[Line]:
    """Two columns: names, dimmed and aligned, and what is to be said of each. A repeated name is shown once."""
    given = list(rows)
    width = max((len(name) for name, _ in given), default=0) + 2
    lines: list[Line] = []
    last = None
    for name, text in given:
        shown = "" if name == last else name
        lines += paragraph(text, Piece(shown.ljust(width), "dim"), indent)
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

    return [line(Piece(laid_out(row), "dim" if place == 0 else "")) for place, row in enumerate(given)]


def show(lines: Iterable[Line]) -> None:
    """Print to stdout: with colours on a terminal, as plain text elsewhere."""
    if sys.stdout.isatty():
        from rich.console import Console  # noqa: PLC0415  only a terminal needs it
        from rich.text import Text  # noqa: PLC0415

        console = Console(highlight=False, soft_wrap=True)
        for each in lines:
            console.print(Text.assemble(*((seen(span.text), _COLOURS[span.style]) for span in each)))
        return
    put("".join(seen("".join(span.text for span in each)).rstrip() + "\n" for each in lines))


def put(text: str) -> None:
    """Write to stdout as it is. Raises `OutputError`, and `BrokenPipeError` where nobody reads any more."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(error.strerror or str(error)) from error


def complain(text: str) -> None:
    """One message on stderr."""
    sys.stderr.write("".join(f"{seen(each)}\n" for each in text.splitlines()))


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
