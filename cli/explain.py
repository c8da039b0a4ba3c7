"""`tke-llm explain` and `tke-llm schema`: what the program knows about itself."""

from typing import Any

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
        complain(f"no diagnostic is called {code}" + (f"; did you mean {near}?" if near else ""))
        return 2
    if as_json:
        dump(_document(entry))
        return 0
    force = "can be taken as a warning with `tke-llm:force`" if entry.forceable else "cannot be forced"
    shown = ", shown by `tke-llm check STACK --all`" if entry.when == "asked" else ""
    rows = [("fix", entry.fix.strip()), ("source", entry.source.strip())]
    if entry.severity == "error":
        rows.insert(1, ("force", force))
    show(
        [
            line(Piece(entry.name, "strong"), f"  ({entry.severity}{shown})"),
            (),
            *paragraph(" ".join(entry.meaning.split())),
            *heading("Example"),
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
