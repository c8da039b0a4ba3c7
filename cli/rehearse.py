"""`tke-llm rehearse`: the program itself, run against a simulated cloud."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cli.findings import brief_findings, findings, in_all, policy, verdict
from cli.folder import replace_folder
from cli.language import error_text, tr
from cli.progress import working
from cli.refusal import refuse
from cli.rehearsal_text import clock, made, next_steps
from cli.report import dump, story_report
from cli.report_page.page import page
from cli.stackfile import program, stack_file
from cli.summary import reasons, summary
from cli.text import SCREEN, Line, complain, show
from rehearsal.engine import ProgramError
from rehearsal.render import files
from rehearsal.story import Story, tell
from settings.file import read


@dataclass(frozen=True)
class ExtraReport:
    """What an extra rehearsal of the same stack has to say: for people, and as a key and value of the document."""

    ready: bool
    lines: list[Line]
    key: str
    document: object


@dataclass(frozen=True)
class Wanted:
    """What is shown in full: the reasons, the timeline, or all that there is."""

    why: bool = False
    timeline: bool = False
    every: bool = False


ExtraRehearsal = Callable[[], ExtraReport]
"""Waits for what goes on beside the plain rehearsal."""


def rehearse(
    stack: str, wanted: Wanted, *, as_json: bool, out: Path | None, extra_rehearsal: ExtraRehearsal | None = None
) -> int:
    """Print what would be made and write it, beside the stack file unless `out` says where; 1 where the stack is not
    ready, breaks a rule of the policy pack, or the program stops, and where nothing can be written; else 0."""
    file = stack_file(stack)
    given = read(file)
    main = program(file)
    try:
        with working(tr("Rehearsing {stack}", stack=given.stack), f"rehearse {given.stack}"):
            story = tell(given, main)
    except ProgramError as error:
        if as_json:
            dump({"stack": given.stack, "ready": False, "failure": error_text(error)})
        else:
            complain(tr("{stack}: the program stopped: {error}", stack=given.stack, error=error_text(error)))
        return 1
    if not isinstance(story, Story):
        refuse(given.stack, story.diagnostics, as_json=as_json)
        return 1
    folder = out or file.absolute().parent / "out" / given.stack
    written, unwritten = _write(folder, given.stack, story)
    extra = extra_rehearsal() if extra_rehearsal else None
    if as_json:
        report = story_report(given.stack, story, written)
        dump(report if extra is None else {**report, extra.key: extra.document})
    else:
        lines = [verdict(given.stack, story.diagnostics, len(story.broken)), *_told(story, wanted)]
        added = extra.lines if extra else []
        ending = _Ending(stack, folder, written, wanted.every)
        show([*lines, *_found(story, added, ending, SCREEN - len(lines))])
    if unwritten is not None:
        complain(tr("nothing was written: {error}", error=str(unwritten)))
    sound = not story.broken and (extra is None or extra.ready)
    return 0 if sound and unwritten is None else 1


def _told(story: Story, wanted: Wanted) -> list[Line]:
    """What was decided, what will be made and when."""
    return [
        *summary(story.plan, short=not (wanted.every or wanted.why)),
        *made(story.recording.registrations, every=wanted.every),
        *(reasons(story.plan) if wanted.every or wanted.why else ()),
        *clock(story, every=wanted.every or wanted.timeline),
    ]


@dataclass(frozen=True)
class _Ending:
    """What the last lines speak of."""

    stack: str
    folder: Path
    written: tuple[Path, ...]
    every: bool

    def lines(self, rest: str) -> list[Line]:
        return next_steps(self.stack, self.folder, self.written, rest, every=self.every)


def _found(story: Story, added: list[Line], ending: _Ending, room: int) -> list[Line]:
    """What there is to say about it, of the findings as many as there is room for; what an extra rehearsal `added`; and
    what comes next."""
    broken = policy(story.violations)
    if ending.every:
        return [*findings(story.diagnostics, every=True), *broken, *added, *ending.lines("")]
    room -= len(broken) + len(added) + len(ending.lines("…"))
    found, left = brief_findings(story.diagnostics, room)
    return [*found, *broken, *added, *ending.lines(in_all(left))]


def _write(folder: Path, stack: str, story: Story) -> tuple[tuple[Path, ...], OSError | None]:
    """The files that were written, or why none could be."""
    results = files(story.plan, story.recording.registrations)
    try:
        return replace_folder(folder, {"report.html": page(stack, story, results), **results}), None
    except OSError as error:
        return (), error
