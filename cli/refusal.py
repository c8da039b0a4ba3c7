"""A stack that is not ready, where a command needs one that is."""

from collections.abc import Sequence

from cli.findings import findings, verdict
from cli.language import tr
from cli.text import commands, show
from settings.diagnostics import Diagnostic


def refuse(stack: str, diagnostics: Sequence[Diagnostic], *, as_json: bool, every: bool = False) -> None:
    """Say what stands against it, with `every` whatever there is to say."""
    if as_json:
        from cli.report import check_report, dump  # noqa: PLC0415  people get no JSON

        dump(check_report(stack, None, diagnostics))
        return
    following = commands([("tke-llm explain CODE", tr("what a code means, with an example"))])
    show([verdict(stack, diagnostics), *findings(diagnostics, every=every), *following])
