"""`tke-llm check`: settings and planner alone, on a stack file."""

from cli.findings import findings, kept_back, verdict
from cli.stackfile import load
from cli.summary import summary
from cli.text import show
from planner.prove import prove
from settings.diagnostics import blocking
from settings.parse import parse


def check(stack: str, *, every: bool, as_json: bool) -> int:
    """Print the verdict, with `every` whatever there is to say; 1 where the stack is not ready, else 0."""
    given = load(stack)
    plan, diagnostics = prove(parse(given))
    failed = blocking(diagnostics)
    if as_json:
        from cli.report import check_report, dump  # noqa: PLC0415  people get no JSON

        dump(check_report(given.stack, plan, diagnostics))
    else:
        decided = summary(plan) if plan is not None and not failed else []
        more = [] if every else kept_back(stack, diagnostics)
        show([verdict(given.stack, diagnostics), *decided, *findings(diagnostics, every=every), *more])
    return int(failed)
