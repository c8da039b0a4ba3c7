"""Text for people: styled lines in the language that is spoken, laid out for the terminal, in colour only on one."""

import codecs
import io
import os
import re
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from unicodedata import combining, east_asian_width

from cli.language import tr, translate

WIDTH = 100
"""Columns where the output is no terminal."""

SCREEN = 40
"""Lines that the output of a command keeps to, unless it is asked for more."""

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
    """A piece of a line in one style. Its text is in the language that is spoken."""

    text: str
    style: Style = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", translate(self.text))


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


def cells(text: str) -> int:
    """Columns that a text takes: two for a character of Chinese, none for what is set over another."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in text)


def flush_left(text: str, columns: int) -> str:
    return text + " " * (columns - cells(text))


def flush_right(text: str, columns: int) -> str:
    return " " * (columns - cells(text)) + text


def shortened(text: str, columns: int) -> str:
    """The text, or as much of its beginning as there is room for."""
    if cells(text) <= columns:
        return text
    while text and cells(text) >= columns:
        text = text[:-1]
    return text + "…" if columns > 0 else ""


def line(*parts: str | Piece) -> Line:
    return tuple(part if isinstance(part, Piece) else Piece(part) for part in parts)


def paragraph(text: str, lead: str | Piece = "", indent: int = 0, style: Style = "") -> list[Line]:
    """Wrapped text after a lead; further lines are set below the text, not below the lead."""
    first = lead if isinstance(lead, Piece) else Piece(lead)
    room = max(20, width() - indent - cells(first.text))
    pieces = [piece for part in translate(text).splitlines() or [""] for piece in wrapped(part, room) or [""]]
    blank = " " * cells(first.text)
    return [
        line(" " * indent, first if place == 0 else blank, Piece(piece, style)) for place, piece in enumerate(pieces)
    ]


_ATOMS = re.compile(
    r"""\s+
    |[（《「『“]*                     # what opens stays with what follows,
    (?:[⺀-〿぀-ヿ㐀-鿿豈-﫿＀-￯…—] # one character of Chinese
      |[^\s⺀-鿿豈-﫿＀-￯“”…—]+)       # or a word of anything else,
    [，。、；：？！）》」』”…—]*        # and what closes with what is before it
    |.""",
    re.VERBOSE,
)
"""Where a line of Chinese may not be broken (W3C, Requirements for Chinese Text Layout, 3.1.2)."""


def wrapped(text: str, columns: int) -> list[str]:
    """Lines of at most so many columns, but for words that are longer. Chinese is broken between characters."""
    if cells(text) == len(text):
        import textwrap  # noqa: PLC0415  a run that prints JSON needs no layout

        return textwrap.wrap(text, columns, break_long_words=False, break_on_hyphens=False)
    lines, current = [], ""
    for atom in _ATOMS.findall(text):
        if current.strip() and cells(current + atom.rstrip()) > columns:
            lines.append(current.rstrip())
            current = ""
        current += atom if current or not lines else atom.lstrip()
    return [*lines, current.rstrip()] if current.strip() else lines


def heading(text: str) -> list[Line]:
    return [(), line(Piece(text, "strong"))]


def facts(rows: Iterable[tuple[str, str]], indent: int = 2) -> list[Line]:
    """Two columns: names, dimmed and aligned, and what is to be said of each. A repeated name is shown once."""
    given = [(translate(name), text) for name, text in rows]
    widest = max((cells(name) for name, _ in given), default=0) + 2
    lines: list[Line] = []
    last = None
    for name, text in given:
        shown = "" if name == last else name
        lines += paragraph(text, Piece(flush_left(shown, widest), "dim"), indent)
        last = name
    return lines


def commands(rows: Iterable[tuple[str, str]]) -> list[Line]:
    """What to type next, and what for; that stands below a command which leaves it no room."""
    given = list(rows)
    widest = max((cells(command) for command, _ in given if cells(command) <= _COMMAND), default=2) + 2
    lines = heading(tr("Next"))
    for command, purpose in given:
        lead = Piece(flush_left(command, widest), "path")
        if cells(command) <= _COMMAND:
            lines += paragraph(purpose, lead, indent=2)
        else:
            lines += [line("  ", lead), *paragraph(purpose, " " * widest, indent=2)]
    return lines


_COMMAND = 48
"""Columns that a command may take beside what it is for."""


def table(rows: Iterable[tuple[str, ...]], right: frozenset[int] = frozenset(), indent: int = 2) -> list[Line]:
    """Aligned columns, the first row as their heading; `right` names the columns that are set flush right."""
    given = [tuple(map(translate, row)) for row in rows]
    widths = [max(cells(row[column]) for row in given) for column in range(len(given[0]))] if given else []

    def laid_out(row: tuple[str, ...]) -> str:
        padded = (
            flush_right(cell, columns) if place in right else flush_left(cell, columns)
            for place, (cell, columns) in enumerate(zip(row, widths, strict=True))
        )
        return (" " * indent + "  ".join(padded)).rstrip()

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
    put(plain(lines))


def plain(lines: Iterable[Line]) -> str:
    """The lines without their styles."""
    return "".join(seen("".join(span.text for span in each)).rstrip() + "\n" for each in lines)


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
    sys.stderr.write("".join(f"{seen(each)}\n" for each in translate(text).splitlines()))


def duration(seconds: float) -> str:
    """A length of time as a person says it: ``45 s``, ``12 min``, ``3 h 20 min``."""
    if seconds < 90:
        return tr("{seconds:.0f} s", seconds=seconds)
    minutes = round(seconds / 60)
    if minutes < 120:
        return tr("{minutes} min", minutes=minutes)
    hours, rest = divmod(minutes, 60)
    return tr("{hours} h {minutes} min", hours=hours, minutes=rest) if rest else tr("{hours} h", hours=hours)


def size(number: float) -> str:
    """Bytes in decimal units, as networks and disks are sold: ``15.2 GB``."""
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if number >= factor:
            return f"{number / factor:.1f} {unit}"
    return f"{number:.0f} B"
