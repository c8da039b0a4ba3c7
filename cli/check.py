"""`tke-llm check`: settings and planner alone, on a stack file."""

import shlex
from collections.abc import Sequence

from cli.findings import brief_findings, findings, in_all, verdict
from cli.language import tr
from cli.refusal import refuse
from cli.stackfile import load
from cli.summary import summary
from cli.text import SCREEN, Line, commands, show
from planner.plan.types import Plan
from planner.prove import prove
from settings.diagnostics import Diagnostic, blocking
from settings.parse import parse


def check(stack: str, *, every: bool, as_json: bool) -> int:
    """Print the verdict, with `every` whatever there is to say; 1 where the stack is not ready, else 0."""
    given = load(stack)
    plan, diagnostics = prove(parse(given))
    if plan is None or blocking(diagnostics):
        refuse(given.stack, diagnostics, as_json=as_json, every=every)
        return 1
    if as_json:
        from cli.report import check_report, dump  # noqa: PLC0415  people get no JSON

        dump(check_report(given.stack, plan, diagnostics))
    else:
        show([verdict(given.stack, diagnostics), *_ready(stack, plan, diagnostics, every=every)])
    return 0


def _ready(stack: str, plan: Plan, diagnostics: Sequence[Diagnostic], *, every: bool) -> list[Line]:
    """What was decided and found, on one screen unless `every`, and what comes next."""
    name = shlex.quote(stack)
    rehearse = (f"tke-llm rehearse {name}", tr("what `pulumi up` would make, when and why"))
    decided = summary(plan, short=not every)
    if every:
        return [*decided, *findings(diagnostics, every=True), *commands([rehearse])]
    room = SCREEN - 1 - len(decided) - len(commands([rehearse, rehearse]))
    found, left = brief_findings(diagnostics, room)
    whole = tr("all of this in full, and {rest}", rest=in_all(left)) if left else tr("all of this in full")
    return [*decided, *found, *commands([rehearse, (f"tke-llm check {name} --all", whole)])]
