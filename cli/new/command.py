"""`tke-llm new`: asks, proposes, and writes a stack file."""

import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from catalog.load import Catalog
from catalog.load import load as load_catalog
from cli.fit import UsageError, read_price
from cli.language import tr
from cli.new.answers import AnswerError, Answers, read_address
from cli.new.choose import NothingFitsError, file_text
from cli.new.questions import FLAGS, Question, answers, following
from cli.new.take import FLAG, Taken, listed, take
from cli.report import dump
from cli.stackfile import project_root
from cli.text import Piece, complain, facts, heading, line, paragraph, show
from settings.names import DNS_LABEL
from settings.stack_yaml import read_yaml

LONGEST = 40
STOPPED = 130
"""The status of a program that Ctrl-C ended."""


@dataclass(frozen=True)
class NewOptions:
    """The options as they were typed; `given` are the answers by the questions' keys, `take` the proposal."""

    given: Mapping[str, str] = field(default_factory=dict)
    take: str | None = None
    address: str | None = None
    prices: Sequence[str] = ()
    defaults: bool = False
    force: bool = False


def new(name: str, options: NewOptions, *, as_json: bool) -> int:
    """Write ``Pulumi.<name>.yaml`` beside ``Pulumi.yaml``, or here where there is none.

    1 where nothing fits or the file is there already, 2 for an answer that cannot be taken, 130 after Ctrl-C. Nothing
    is written but the whole file.
    """
    file = (project_root(Path.cwd()) or Path.cwd()) / f"Pulumi.{name}.yaml"
    if len(name) > LONGEST or not re.fullmatch(DNS_LABEL, name):
        complain(
            tr(
                "{name!r} is no name for a stack: take at most {longest} lower-case letters, digits and dashes",
                name=name,
                longest=LONGEST,
            )
        )
        return 2
    try:
        _free(file, force=options.force)
        catalog = load_catalog()
        given = _answers(options, catalog, as_json=as_json)
        may_ask = not (options.defaults or as_json) and sys.stdin.isatty()
        taken = take(name, given, options.take, catalog, may_ask=may_ask)
        _write(file, file_text(name, given, taken.proposal, taken.others, catalog), force=options.force)
    except (_RefusedError, NothingFitsError) as error:
        complain(str(error))
        return 1
    except (_UnaskedError, AnswerError, UsageError) as error:
        complain(str(error))
        return 2
    except KeyboardInterrupt:
        complain("\n" + tr("stopped; nothing was written"))
        return STOPPED
    except EOFError:
        complain("\n" + tr("the answers ended; nothing was written"))
        return 1
    _report(name, file, taken, as_json=as_json)
    return 0


class _RefusedError(Exception):
    """The file cannot be written, or must not be."""


class _UnaskedError(Exception):
    """Something is to be asked, and nobody can be."""


def _free(file: Path, *, force: bool) -> None:
    if not file.exists():
        return
    if not force:
        raise _RefusedError(
            tr("{file} is there already; choose another name, or write over it with --force", file=file)
        )
    try:
        tree, _ = read_yaml(file.read_text(encoding="utf-8"), file.name)
    except (OSError, UnicodeDecodeError):
        tree = None
    sealed = ("encryptionsalt", "encryptedkey", "secretsprovider")
    if isinstance(tree, dict) and any(key in tree for key in sealed):
        raise _RefusedError(
            tr("{file} belongs to a stack with secrets; choose another name, or move it away", file=file)
        )


def _answers(options: NewOptions, catalog: Catalog, *, as_json: bool) -> Answers:
    """From the options first, then from the person, or with `defaults` without asking."""
    prices = dict(map(read_price, options.prices))
    address = None if options.address is None else read_address(options.address)
    found: dict[str, object] = {}
    left = dict(options.given)
    asked = 0
    while (question := following(found, catalog)) is not None:
        if question.key in left:
            found[question.key] = question.read(left.pop(question.key))
        elif options.defaults:
            found[question.key] = question.read(question.default)
        else:
            _can_ask(as_json=as_json)
            asked += 1
            show([(), *paragraph(question.asks, Piece(f"{asked}. ", "strong"), style="strong")])
            show(paragraph(f"{question.default}: {question.reason}", "   ", style="dim"))
            found[question.key] = _asked(question)
    if left:
        flag = FLAGS[next(iter(left))]
        if found["cluster"] is None:
            raise AnswerError(tr("{flag} is not asked for the stack's own cluster", flag=flag))
        raise AnswerError(tr("{flag} is not asked for a cluster that exists", flag=flag))
    return answers(found, address, prices)


def _can_ask(*, as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        why = tr("--json asks nothing") if as_json else tr("there is no terminal to ask in")
        flags = ", ".join((*FLAGS.values(), FLAG))
        raise _UnaskedError(tr("{why}: give --yes to take the defaults, beside any of {flags}", why=why, flags=flags))


def _asked(question: Question) -> object:
    while True:
        text = input(f"   [{question.default}] ").strip()
        try:
            return question.read(text or question.default)
        except AnswerError as error:
            show(paragraph(str(error), "   ", style="warn"))


def _write(file: Path, text: str, *, force: bool) -> None:
    fresh = file.with_name(f".{file.name}.new")
    try:
        fresh.write_text(text, encoding="utf-8")
        _free(file, force=force)
        fresh.replace(file)
    except OSError as error:
        raise _RefusedError(tr("{file} cannot be written: {why}", file=file, why=error.strerror)) from None
    finally:
        fresh.unlink(missing_ok=True)


def _report(name: str, file: Path, taken: Taken, *, as_json: bool) -> None:
    steps = _next(name)
    if as_json:
        dump(
            {
                "stack": name,
                "file": str(file),
                "proposals": [
                    {
                        "machine": each.name,
                        "kind": each.fit.offer.kind,
                        "gpu": each.fit.offer.gpu,
                        "gpus": each.gpus,
                        "nodes": each.nodes,
                        "replicas": each.replicas,
                        "machinesPerReplica": each.machines,
                        "model": each.fit.model,
                        "contextTokens": each.context,
                        "answersAtOnce": each.users,
                        "pricePerHour": each.price,
                        "taken": each is taken.proposal,
                    }
                    for each in taken.proposals
                ],
                "next": [command for command, _ in steps],
            }
        )
        return
    seen = taken.asked or taken.proposal is None
    name_taken = taken.proposal.name if taken.proposal else ""
    title = tr("Machines that fit; the file has {name}, {flag} chooses", name=name_taken, flag=FLAG)
    fitting = [] if seen else [*heading(title), *listed(taken.proposals)]
    written = line(Piece(tr("written: {file}", file=file.name), "good"))
    show([(), written, *fitting, *heading(tr("Next")), *facts(steps)])


def _next(name: str) -> list[tuple[str, str]]:
    command = _as_typed()
    return [
        (f"{command} check {name}", tr("proves it; makes nothing")),
        (f"{command} rehearse {name}", tr("runs all of it without a cloud")),
        (f"{command} doctor {name}", tr("says what `pulumi up` lacks on this machine")),
    ]


def _as_typed() -> str:
    """The command as it can be typed here: with its path where it is not on PATH, as in a fresh clone."""
    typed = sys.argv[0]
    return typed if Path(typed).name == "tke-llm" and shutil.which("tke-llm") is None else "tke-llm"
