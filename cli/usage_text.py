"""Typer's own words, in the language that is spoken: the pages of ``--help``, and what is wrong with a command line.

Typer writes English into what it prints, so its pages are laid out here anew, and its sentences known by their form.
"""

import inspect
import re
import sys
from functools import cache
from typing import Any

from typer import Abort, Context, TyperException
from typer.core import TyperCommand, TyperGroup

from cli.language import current_language, tr
from cli.text import Line, cells, complain, facts, flush_left, heading, line, paragraph, plain
from settings import translation
from settings.translation import Message

_NAMES = 32
"""Columns for the names of options."""


class Command(TyperCommand):
    """A command whose page is in the language that is spoken."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  Typer does not export their types
        """Lay the page out."""
        if current_language() == "en":
            super().format_help(ctx, formatter)
        else:
            formatter.write(plain(_page(self, ctx)))


class Group(TyperGroup):
    """The same for the command with its commands; and what is wrong with a command line is said, too."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Lay the page out."""
        if current_language() == "en":
            super().format_help(ctx, formatter)
        else:
            shown = [(name, each) for name in self.list_commands(ctx) if (each := self.get_command(ctx, name))]
            rows = [(name, inspect.cleandoc(each.help or "").partition("\n")[0]) for name, each in shown]
            formatter.write(plain([*_page(self, ctx), *heading(tr("Commands:")), *facts(rows)]))

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:  # noqa: ANN401
        """Run the command line. As Typer does, exits with 2 where it is wrong, and with 1 where it is given up."""
        if not standalone_mode:
            return super().main(*args, standalone_mode=False, **extra)
        try:
            code = super().main(*args, standalone_mode=False, **extra)
        except TyperException as error:
            _complain(error)
            sys.exit(error.exit_code)
        except Abort:
            complain(tr("Aborted!"))
            sys.exit(1)
        sys.exit(code if isinstance(code, int) else 0)


def _page(command: TyperCommand | TyperGroup, ctx: Context) -> list[Line]:
    lines = [line(_usage(ctx)), ()]
    for part in inspect.cleandoc(command.help or "").split("\n\n"):
        lines += [*paragraph(" ".join(part.splitlines()), "  "), ()]
    lines.pop()
    for kind, title in (("argument", tr("Arguments:")), ("option", tr("Options:"))):
        of_kind = [each for each in command.get_params(ctx) if each.param_type_name == kind]
        records = [record for each in of_kind if (record := each.get_help_record(ctx))]
        rows = [(name, _described(text)) for name, text in records]
        lines += [*heading(title), *_options(rows)] if rows else []
    return lines


def _options(rows: list[tuple[str, str]]) -> list[Line]:
    """Names and what they are for, on a line of its own below a long name."""
    lines: list[Line] = []
    widest = max(min(cells(name), _NAMES) for name, _ in rows) + 2
    for name, text in rows:
        if cells(name) > _NAMES:
            lines += [line("  ", name), *paragraph(text, " " * widest, 2)]
        else:
            lines += paragraph(text, flush_left(name, widest), 2)
    return lines


def _usage(ctx: Context) -> str:
    pieces = " ".join(ctx.command.collect_usage_pieces(ctx))
    named = {"[OPTIONS]": tr("[OPTIONS]"), "COMMAND [ARGS]...": tr("COMMAND [ARGS]...")}
    for piece, text in named.items():
        pieces = pieces.replace(piece, text)
    return tr("Usage: {command} {pieces}", command=ctx.command_path, pieces=pieces)


def _described(text: str) -> str:
    """The help of an option with what Typer sets after it: ``[default: 24h; required]``."""
    found = re.fullmatch(
        r"(?P<help>.*?)(?P<gap> *)\[(?P<extra>(?:default: |required|x[<>]|\d+<=x).*)\]", text, re.DOTALL
    )
    if found is None:
        return _recognised(text)
    extra = "; ".join(map(_recognised, found["extra"].split("; ")))
    return f"{found['help']}{found['gap']}[{extra}]"


def _complain(error: TyperException) -> None:
    ctx = getattr(error, "ctx", None)
    if current_language() == "en" or ctx is None or error.message == ctx.get_help():
        getattr(error, "show", lambda: complain(error.format_message()))()
        return
    command = f"{ctx.command_path} {ctx.help_option_names[0]}"
    hint = tr("Try '{command}' for help.", command=command)
    said = tr("Error: {message}", message=_recognised(error.format_message()))
    complain(f"{_usage(ctx)}\n{hint}\n\n{said}")


@cache
def _sentences() -> tuple[tuple[re.Pattern[str], Message], ...]:
    """What Typer says of a command line, and pydantic of its values; the more exact form first."""
    said = (
        translation.tr("Missing argument {name}."),
        translation.tr("Missing option {name}."),
        translation.tr("Missing command."),
        translation.tr("No such command {name}. Did you mean {near}?"),
        translation.tr("No such command {name}."),
        translation.tr("No such option: {name} (Possible options: {near})"),
        translation.tr("No such option: {name}"),
        translation.tr("Option {name} does not take a value."),
        translation.tr("Option {name} requires an argument."),
        translation.tr("Got unexpected extra argument(s) ({arguments})"),
        translation.tr("Invalid value for {name}: {message}"),
        translation.tr("Value error, {message}"),
        translation.tr("{value} is not one of {choices}."),
        translation.tr("Input should be a valid integer, unable to parse string as an integer"),
        translation.tr("Input should be a valid number, unable to parse string as a number"),
        translation.tr("Input should be greater than or equal to {bound}"),
        translation.tr("Input should be less than or equal to {bound}"),
        translation.tr("Show this message and exit."),
        translation.tr("Install completion for the current shell."),
        translation.tr("Show completion for the current shell, to copy it or customize the installation."),
        translation.tr("default: {default}"),
        translation.tr("required"),
    )
    return tuple((_form(each.template), each) for each in said)


def _form(template: str) -> re.Pattern[str]:
    """What a template's sentences look like; its fields are groups."""
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(template)), re.DOTALL)


def _recognised(text: str) -> str:
    """A sentence of Typer's in the language that is spoken; any other as it is."""
    for form, said in _sentences():
        if found := form.fullmatch(text):
            return tr(said.template, **{name: _recognised(value) for name, value in found.groupdict().items()})
    return text
