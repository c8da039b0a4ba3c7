"""A stack that is not ready, where a command needs one that is."""

from collections.abc import Sequence

from cli.findings import findings, verdict
from cli.report import check_report, dump
from cli.text import show
from settings.diagnostics import Diagnostic


def refuse(stack: str, diagnostics: Sequence[Diagnostic], *, as_json: bool) -> None:
    """Say what stands against it."""
    if as_json:
        dump(check_report(stack, None, diagnostics))
    else:
        show([verdict(stack, diagnostics), *findings(diagnostics)])
