"""`tke-llm rehearse`: the program itself, run against a simulated cloud."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cli.findings import findings, kept_back, policy, verdict
from cli.folder import replace_folder
from cli.refusal import refuse
from cli.rehearsal_text import clock, made, next_steps
from cli.report import dump, story_report
from cli.report_page.page import page
from cli.stackfile import program, stack_file
from cli.summary import reasons, summary
from cli.text import Line, complain, show
from rehearsal.engine import ProgramError
from rehearsal.render import files
from rehearsal.story import Story, tell
from settings.file import read
from settings.parse import StackInput


@dataclass(frozen=True)
class ExtraReport:
    """What an extra rehearsal of the same stack has to say: for people, and as a key and value of the document."""

    ready: bool
    lines: list[Line]
    key: str
    document: object


ExtraRehearsal = Callable[[StackInput, Path, Story], ExtraReport]
"""Goes on from the stack's input, its program and the plain rehearsal."""


def rehearse(stack: str, *, as_json: bool, out: Path | None, extra_rehearsal: ExtraRehearsal | None = None) -> int:
    """Print what would be made and write it, beside the stack file unless `out` says where; 1 where the stack is not
    ready, breaks a rule of the policy pack, or the program stops, and where nothing can be written; else 0."""
    file = stack_file(stack)
    given = read(file)
    main = program(file)
    try:
        story = tell(given, main)
    except ProgramError as error:
        if as_json:
            dump({"stack": given.stack, "ready": False, "failure": str(error)})
        else:
            complain(f"{given.stack}: the program stopped: {error}")
        return 1
    if not isinstance(story, Story):
        refuse(given.stack, story.diagnostics, as_json=as_json)
        return 1
    folder = out or file.absolute().parent / "out" / given.stack
    written, unwritten = _write(folder, given.stack, story)
    extra = extra_rehearsal(given, main, story) if extra_rehearsal else None
    if as_json:
        report = story_report(given.stack, story, written)
        dump(report if extra is None else {**report, extra.key: extra.document})
    else:
        show(
            [
                verdict(given.stack, story.diagnostics, len(story.broken)),
                *summary(story.plan),
                *made(story.recording.registrations),
                *reasons(story.plan),
                *clock(story),
                *findings(story.diagnostics),
                *kept_back(stack, story.diagnostics),
                *policy(story.violations),
                *(extra.lines if extra else ()),
                *(next_steps(given.stack, folder, written) if written else ()),
            ]
        )
    if unwritten is not None:
        complain(f"nothing was written: {unwritten}")
    sound = not story.broken and (extra is None or extra.ready)
    return 0 if sound and unwritten is None else 1


def _write(folder: Path, stack: str, story: Story) -> tuple[tuple[Path, ...], OSError | None]:
    """The files that were written, or why none could be."""
    results = files(story.plan, story.recording.registrations)
    try:
        return replace_folder(folder, {"report.html": page(stack, story, results), **results}), None
    except OSError as error:
        return (), error
