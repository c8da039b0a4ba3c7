"""The verdict on a stack and its diagnostics, for people."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cli.language import tr, trn
from cli.text import Line, Piece, Style, flush_left, heading, line, paragraph
from settings import translation
from settings.diagnostics import Diagnostic, Severity

if TYPE_CHECKING:
    # A check must not pay for the policies.
    from policy.rule import Violation

_STYLES: dict[Severity, Style] = {"error": "bad", "warning": "warn", "note": "note"}
_TITLES: Mapping[Severity, str] = {
    "error": translation.tr("Errors"),
    "warning": translation.tr("Warnings"),
    "note": translation.tr("Notes"),
}


def verdict(stack: str, diagnostics: Sequence[Diagnostic], broken: int = 0) -> Line:
    """One line: whether the stack can be deployed, and how much there is to say about it. `broken`: how often it breaks
    a rule of the policy pack."""
    said, style = judged(diagnostics, broken)
    return line(Piece(tr("{stack}: {verdict}", stack=stack, verdict=said), style))


def judged(diagnostics: Sequence[Diagnostic], broken: int = 0) -> tuple[str, Style]:
    """The same without the stack's name, and how it is coloured."""
    errors, warnings = (counted(diagnostics, severity) for severity in ("error", "warning"))
    if errors or broken:
        violations = trn("{number} policy violation", "{number} policy violations", broken)
        said, style = tr("not ready, {count}", count=errors or violations), "bad"
    else:
        said, style = tr("ready to deploy"), "warn" if warnings else "good"
    return (tr("{verdict}, {warnings}", verdict=said, warnings=warnings) if warnings else said), style


def counted(diagnostics: Sequence[Diagnostic], severity: Severity) -> str:
    """How many there are of a severity; "" where there are none."""
    number = sum(each.severity == severity for each in diagnostics)
    if not number:
        return ""
    if severity == "error":
        return trn("{number} error", "{number} errors", number)
    if severity == "warning":
        return trn("{number} warning", "{number} warnings", number)
    return trn("{number} note", "{number} notes", number)


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


def brief_findings(diagnostics: Sequence[Diagnostic], room: int) -> tuple[list[Line], list[Diagnostic]]:
    """What somebody can act on now in so many lines, gravest first, a code's fix once; and what is not told in full of
    it, or of the rest. Errors and warnings for which there is no room are named at least, before any note is told."""
    grave, notes = (
        [each for severity in severities for each in diagnostics if each.severity == severity and each.when == "always"]
        for severities in (("error", "warning"), ("note",))
    )
    named: list[Diagnostic] = []
    full: list[Diagnostic] = []
    for each in grave:
        if len(_briefly([*named, each], ())) > room:
            return _briefly(named, ()), list(diagnostics)
        named.append(each)
    for each in grave:
        if len(_briefly(named, [*full, each])) <= room:
            full.append(each)
    for each in notes:
        if len(_briefly([*named, each], [*full, each])) <= room:
            named.append(each)
            full.append(each)
    return _briefly(named, full), [each for each in diagnostics if each not in full]


def _briefly(named: Sequence[Diagnostic], full: Sequence[Diagnostic]) -> list[Line]:
    """Each by its place, and by what is to be said of it where it is in `full`."""
    lines: list[Line] = []
    for at, each in enumerate(named):
        before = named[:at]
        if not any(other.severity == each.severity for other in before):
            lines += heading(_TITLES[each.severity])
        known = each not in full or any(other.code == each.code for other in before)
        lines += _brief(each, known=known)
    return lines


def in_all(found: Sequence[Diagnostic]) -> str:
    """How much that is: ``1 warning, 4 notes``; "" where there is nothing."""
    return tr(", ").join(filter(None, (counted(found, severity) for severity in ("error", "warning", "note"))))


def policy(violations: "Sequence[Violation]") -> list[Line]:
    """The rules of the policy pack that are broken, each with the resource that breaks it."""
    lines = heading(tr("Policy")) if violations else []
    for place, each in enumerate(violations):
        lines += [()] if place else []
        lines.append(_place(each.code, f"{each.type} {each.resource}", "warn" if each.forced else "bad", each.forced))
        lines += paragraph(each.message, indent=4)
    return lines


def _place(code: str, path: str, style: Style, forced: bool) -> Line:
    return line("  ", Piece(code, style), tr(" (forced)") if forced else "", "  ", Piece(path, "path"))


def _finding(found: Diagnostic) -> list[Line]:
    lines = [_place(found.code, found.path, _STYLES[found.severity], found.forced), *paragraph(found.message, indent=4)]
    rows = ((tr("given"), found.given), (tr("allowed"), found.allowed), (tr("fix"), found.remedy))
    for name, text in rows:
        if text:
            lines += paragraph(text, Piece(flush_left(name, 9), "dim"), indent=4)
    return lines


def _brief(found: Diagnostic, *, known: bool) -> list[Line]:
    """Its place, and what is not `known` of its code from one before."""
    lines = [_place(found.code, found.path, _STYLES[found.severity], found.forced)]
    if known:
        return lines
    lines += paragraph(found.message, indent=4)
    wanted = found.severity != "note"
    return [*lines, *(paragraph(found.remedy, Piece(flush_left(tr("fix"), 9), "dim"), indent=4) if wanted else [])]
