"""The verdict on a stack and its diagnostics, for people."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.text import Line, Piece, Style, count, heading, line, paragraph
from settings.diagnostics import Diagnostic, Severity

if TYPE_CHECKING:
    # A check must not pay for the policies.
    from policy.rule import Violation

_STYLES: dict[Severity, Style] = {"error": "bad", "warning": "warn", "note": "note"}
_TITLES: dict[Severity, str] = {"error": "Errors", "warning": "Warnings", "note": "Notes"}


def verdict(stack: str, diagnostics: Sequence[Diagnostic], broken: int = 0) -> Line:
    """One line: whether the stack can be deployed, and how much there is to say about it. `broken`: how often it breaks
    a rule of the policy pack."""
    errors = sum(each.severity == "error" for each in diagnostics)
    warnings = sum(each.severity == "warning" for each in diagnostics)
    also = f", {count(warnings, 'warning')}" if warnings else ""
    if errors or broken:
        wrong = count(errors, "error") if errors else count(broken, "policy violation")
        return line(Piece(f"{stack}: not ready, {wrong}{also}", "bad"))
    return line(Piece(f"{stack}: ready to deploy{also}", "warn" if warnings else "good"))


def findings(diagnostics: Sequence[Diagnostic], *, every: bool = False) -> list[Line]:
    """What somebody can act on now (with `every` the rest too), gravest first, each with its place, what was given,
    what is allowed and the nearest fix."""
    shown = [each for each in diagnostics if every or each.when == "always"]
    lines: list[Line] = []
    for severity in ("error", "warning", "note"):
        group = [each for each in shown if each.severity == severity]
        if group:
            lines += heading(_TITLES[severity])
        for place, each in enumerate(group):
            lines += [()] if place else []
            lines += _finding(each)
    return lines


def kept_back(stack: str, diagnostics: Sequence[Diagnostic]) -> list[Line]:
    """One line, where there is more than `findings` shows: how much, and the command that shows it. `stack` is what
    the command was given."""
    more = sum(each.when == "asked" for each in diagnostics)
    noun = "more note" if any(each.severity == "note" and each.when == "always" for each in diagnostics) else "note"
    text = f"{count(more, noun)}: tke-llm check {shlex.quote(stack)} --all"
    return [(), line(Piece(text, "dim"))] if more else []


def policy(violations: "Sequence[Violation]") -> list[Line]:
    """The rules of the policy pack that are broken, each with the resource that breaks it."""
    lines = heading("Policy") if violations else []
    for place, each in enumerate(violations):
        lines += [()] if place else []
        code = Piece(each.code, "warn" if each.forced else "bad")
        forced = " (forced)" if each.forced else ""
        lines.append(line("  ", code, forced, "  ", Piece(f"{each.type} {each.resource}", "path")))
        lines += paragraph(each.message, indent=4)
    return lines


def _finding(found: Diagnostic) -> list[Line]:
    forced = " (forced)" if found.forced else ""
    lines = [line("  ", Piece(found.code, _STYLES[found.severity]), forced, "  ", Piece(found.path, "path"))]
    lines += paragraph(found.message, indent=4)
    for name, text in (("given", found.given), ("allowed", found.allowed), ("fix", found.remedy)):
        if text:
            lines += paragraph(text, Piece(f"{name:<9}", "dim"), indent=4)
    return lines
