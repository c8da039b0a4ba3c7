"""`tke-llm demo`: the rehearsal on the mocks of the Pulumi SDK, and on the real engine where that is built."""

from pathlib import Path

from cli.engine import in_all, report
from cli.language import error_text, tr
from cli.progress import working
from cli.rehearse import ExtraReport, Wanted, rehearse
from cli.text import heading, paragraph
from rehearsal.pulumi_engine.cycle import Proved, run
from rehearsal.pulumi_engine.environment import MissingEngineError, find
from rehearsal.pulumi_engine.session import WorkerError
from rehearsal.story import Story
from settings.parse import StackInput


def demo(stack: str, *, as_json: bool, out: Path | None) -> int:
    """As the plain rehearsal, and 1 too where the engine does not do what it has to. Without an engine nothing is
    wrong: it is said that the mocks alone were used."""
    return rehearse(stack, Wanted(), as_json=as_json, out=out, extra_rehearsal=_under_engine)


def _under_engine(given: StackInput, program: Path, story: Story) -> ExtraReport:
    try:
        pulumi = find()
    except MissingEngineError:
        said = tr(
            "the Pulumi engine is not built here, so all of this comes from the mocks of its SDK; `make engine` builds "
            "it once, and the next demo takes the stack up and down with it"
        )
        return ExtraReport(True, [*heading(tr("On the mocks alone")), *paragraph(said, "  ")], "engine", None)
    title = heading(tr("Under the real Pulumi engine, with simulated providers; above: the mocks"))
    try:
        with working(tr("Taking {stack} up and down", stack=given.stack), f"demo {given.stack}"):
            cycle = run(Proved(given, story.plan), program, pulumi)
    except WorkerError as error:
        return ExtraReport(
            False, [*title, *paragraph(error_text(error), "  ")], "engine", {"failure": error_text(error)}
        )
    return ExtraReport(not cycle.problems, [*title, *in_all(cycle, short=True)], "engine", report(given.stack, cycle))
