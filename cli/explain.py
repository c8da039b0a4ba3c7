"""`tke-llm explain` and `tke-llm schema`: what the program knows about itself."""

from typing import Any

from cli.language import tr, translate
from cli.report import dump
from cli.text import Piece, complain, facts, heading, line, paragraph, show
from planner.diagnostics.explain import codes
from planner.diagnostics.explain import explain as entry_of
from settings.diagnostics import Code


def explain(code: str, *, as_json: bool) -> int:
    """Print a code's entry; 2 where there is no such code."""
    entry = entry_of(code)
    if entry is None:
        from settings.suggest import closest  # noqa: PLC0415  a known code needs no suggestion

        near = closest(code.upper(), codes())
        known = tr("no diagnostic is called {code}", code=code)
        complain(tr("no diagnostic is called {code}; did you mean {near}?", code=code, near=near) if near else known)
        return 2
    if as_json:
        dump(_document(entry))
        return 0
    force = tr("can be taken as a warning with `tke-llm:force`") if entry.forceable else tr("cannot be forced")
    severity = {"error": tr("error"), "warning": tr("warning"), "note": tr("note")}[entry.severity]
    if entry.when == "asked":
        severity = tr("{severity}, shown by `tke-llm check STACK --all`", severity=severity)
    rows = [(tr("fix"), translate(entry.fix).strip()), (tr("source"), translate(entry.source).strip())]
    if entry.severity == "error":
        rows.insert(1, (tr("force"), force))
    show(
        [
            line(Piece(entry.name, "strong"), tr("  ({severity})", severity=severity)),
            (),
            *paragraph(" ".join(translate(entry.meaning).split())),
            *heading(tr("Example")),
            *(line("  ", text) for text in entry.example.rstrip().splitlines()),
            (),
            *facts(rows, indent=0),
        ]
    )
    return 0


def _document(entry: Code[Any]) -> dict[str, object]:
    return {
        "code": entry.name,
        "severity": entry.severity,
        "meaning": entry.meaning,
        "example": entry.example,
        "fix": entry.fix,
        "source": entry.source,
        "forceable": entry.forceable,
        "rules": list(entry.rules),
        "when": entry.when,
    }


def schema() -> int:
    """Print the JSON Schema of the stack file; it is JSON either way."""
    from settings.schema import json_schema  # noqa: PLC0415  explaining a code needs no schema

    dump(json_schema())
    return 0
