"""`tke-llm doctor`: whether this machine has what `pulumi up` needs, and what mends the rest."""

from collections.abc import Iterator
from pathlib import Path

from cli.doctor.account import (
    backend,
    configuration,
    credentials,
    endpoint,
    passphrase,
    sealed_for_provider,
    stack_there,
)
from cli.doctor.machine import Check, State, machine
from cli.doctor.tools import conveniences, programs
from cli.language import tr, trn
from cli.report import dump
from cli.stackfile import program, project_root, stack_file
from cli.text import Line, Piece, Style, flush_left, line, paragraph, show
from settings.file import read
from settings.parse import parse

_STYLES: dict[State, Style] = {"ok": "good", "missing": "bad", "advice": "warn", "unknown": "warn"}
_CHECKOUT = Path(__file__).resolve().parents[2]


def doctor(stack: str | None, *, as_json: bool) -> int:
    """Print a line for each thing; 1 where something that `pulumi up` needs is missing, else 0. Changes nothing, and
    shows no secret."""
    checks = []
    for each in _checks(stack):
        checks.append(each)
        if not as_json:
            show(_shown(each))
    lacking = sum(each.state == "missing" for each in checks)
    if as_json:
        dump({"ready": lacking == 0, "checks": [vars(each) for each in checks]})
    else:
        show([(), _verdict(lacking, stack)])
    return int(lacking > 0)


def _checks(stack: str | None) -> Iterator[Check]:
    file = None if stack is None else stack_file(stack)
    project = project_root(Path.cwd()) or _CHECKOUT if file is None else program(file).parent
    here, name = machine(project), None if file is None else read(file).stack
    parsed = None if file is None else parse(read(file))
    settings = parsed.settings if parsed else None
    existing = settings.cluster.existing if settings else None
    cloud = existing is None or existing.id is not None
    yield from programs(here, cloud=cloud)
    logged_in, url = backend(here)
    yield logged_in
    opened = None if url is None else passphrase(here, url, file)
    yield from [] if opened is None else [opened]
    if cloud:
        yield credentials(here, frozenset() if file is None else sealed_for_provider(file))
    if parsed is not None and name is not None:
        yield configuration(str(stack), parsed)
        if url is not None:
            there, up = stack_there(here, name)
            yield there
            yield from endpoint(here, name, settings, up=up)
    yield from conveniences(here)


def _shown(check: Check) -> list[Line]:
    word = Piece(f"  {flush_left(_state(check.state), 9)}", _STYLES[check.state])
    first, *others = paragraph(check.found, flush_left(_name(check.name), 20))
    lines = [line(word, *first), *(line(" " * 11, *each) for each in others)]
    return [*lines, *([line(" " * 31, Piece(check.fix, "path"))] if check.fix else [])]


def _state(state: State) -> str:
    said = {"ok": tr("ok"), "missing": tr("missing"), "advice": tr("advice"), "unknown": tr("unknown")}
    return said[state]


def _name(name: str) -> str:
    """What was looked at, for people; programs have their own names, and JSON documents these words themselves."""
    kind, _, rest = name.partition(" ")
    if kind == "plugin":
        return tr("plugin {name}", name=rest)
    said = {
        "packages": tr("packages"),
        "language": tr("language"),
        "plugins": tr("plugins"),
        "backend": tr("backend"),
        "passphrase": tr("passphrase"),
        "credentials": tr("credentials"),
        "stack file": tr("stack file"),
        "endpoint": tr("endpoint"),
        "built programs": tr("built programs"),
        "disk": tr("disk"),
    }
    return said.get(name, name)


def _verdict(lacking: int, stack: str | None) -> Line:
    if lacking:
        said = trn(
            "{number} thing that `pulumi up` needs missing", "{number} things that `pulumi up` needs missing", lacking
        )
        return line(Piece(said, "bad"))
    after = tr("tke-llm new, then tke-llm doctor STACK")
    if stack:
        after = tr("tke-llm check {stack}, then pulumi preview", stack=stack)
    said = Piece(tr("nothing that `pulumi up` needs is missing"), "good")
    return line(said, tr("; next: {commands}", commands=after))
