"""The JSON documents of ``--json``."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli.language import current_language, translate
from cli.text import UNSEEN, put, writes_unicode
from planner.plan.types import Plan
from planner.report.document import document
from settings.diagnostics import Diagnostic

if TYPE_CHECKING:
    # A check must not pay for the rehearsal.
    from rehearsal.story import Story


def check_report(stack: str, plan: Plan | None, diagnostics: Sequence[Diagnostic]) -> dict[str, object]:
    """The verdict, every diagnostic and, where there is one, the plan (whose own list of diagnostics is left out)."""
    errors = sum(each.severity == "error" for each in diagnostics)
    return {
        "stack": stack,
        "ready": errors == 0,
        "errors": errors,
        "warnings": sum(each.severity == "warning" for each in diagnostics),
        "diagnostics": document(tuple(diagnostics)),
        "plan": plan_document(plan) if plan is not None and errors == 0 else None,
    }


def plan_document(plan: Plan) -> dict[str, object]:
    return {key: value for key, value in _object(plan).items() if key != "diagnostics"}


def story_report(stack: str, story: "Story", written: Sequence[Path]) -> dict[str, object]:
    """The check's report, and what the rehearsal adds: the tree, the clock, the files."""
    from rehearsal.tree import tree  # noqa: PLC0415  a check must not pay for the rehearsal

    times = story.timeline
    checked = check_report(stack, story.plan, story.diagnostics)
    return {
        **checked,
        "ready": checked["ready"] and not story.broken,
        "violations": document(story.violations),
        "resources": document(tree(story.recording.registrations)),
        "timeline": document(times),
        "orders": [
            {"order": each.order, "total": each.total, "waiting": document(each.waiting)} for each in story.orders
        ],
        "byHand": None if story.by_hand is None else {**_object(story.by_hand), "total": story.by_hand.total},
        "log": document(story.recording.log),
        "files": [str(path) for path in written],
    }


def _object(value: object) -> dict[str, object]:
    made = document(value)
    assert isinstance(made, dict)  # noqa: S101  a dataclass becomes an object
    return made


def dump(report: object, indent: int | None = 2) -> None:
    """Print one JSON document to stdout: in ASCII where that takes no more, and with nothing that a terminal obeys. A
    document that nobody reads line by line is written several times as fast without `indent`."""
    text = json.dumps(_said(report), indent=indent, ensure_ascii=not writes_unicode())
    put(text.translate(_ESCAPED) + "\n")


def _said(value: object) -> object:
    """The document with its sentences in the language that is spoken. Keys, codes and names are no sentences."""
    if current_language() == "en":
        return value
    if isinstance(value, str):
        return translate(value)
    if isinstance(value, dict):
        return {key: _said(part) for key, part in value.items()}
    return list(map(_said, value)) if isinstance(value, list | tuple) else value


_ESCAPED = {code: f"\\u{code:04x}" for code in UNSEEN if code > 0x1F}
"""Those below are escaped by JSON itself."""
