"""`tke-llm demo`: the rehearsal on the mocks of the Pulumi SDK, and on the real engine where that is built."""

from functools import partial
from pathlib import Path

from cli.engine import in_all, prove_stack, report
from cli.language import error_text, tr
from cli.progress import working
from cli.rehearse import ExtraReport, Wanted, rehearse
from cli.stackfile import program, stack_file
from cli.text import heading, paragraph
from rehearsal.pulumi_engine.cycle import Proved, run
from rehearsal.pulumi_engine.environment import MissingEngineError, find
from rehearsal.pulumi_engine.session import WorkerError
from settings.file import read


def demo(stack: str, *, as_json: bool, out: Path | None) -> int:
    """As the plain rehearsal, and 1 too where the engine does not do what it has to. Without an engine nothing is
    wrong: it is said that the mocks alone were used."""
    proved, _ = prove_stack(read(stack_file(stack)))
    extra = partial(_under_engine, proved, program(stack_file(stack))) if proved else None
    return rehearse(stack, Wanted(), as_json=as_json, out=out, extra_rehearsal=extra)


def _under_engine(proved: Proved, main: Path) -> ExtraReport:
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
        with working(tr("Taking {stack} up and down", stack=proved.given.stack), f"demo {proved.given.stack}"):
            cycle = run(proved, main, pulumi)
    except WorkerError as error:
        return ExtraReport(
            False, [*title, *paragraph(error_text(error), "  ")], "engine", {"failure": error_text(error)}
        )
    document = report(proved.given.stack, cycle)
    return ExtraReport(not cycle.problems, [*title, *in_all(cycle, short=True)], "engine", document)
