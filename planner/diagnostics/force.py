"""``force: [CODE]``: errors that the user takes upon himself become warnings, visibly."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from planner.diagnostics import codes
from planner.diagnostics.explain import codes as registered
from settings.diagnostics import Diagnostic
from settings.suggest import MISSPELT, closest


def taken(finding: Diagnostic, force: Collection[str]) -> Diagnostic:
    """The finding, as a warning where it is an error of a code that `force` names and that may be forced."""
    if finding.severity != "error" or finding.code not in force or not registered()[finding.code].forceable:
        return finding
    return replace(finding, severity="warning", forced=True)


def forced(findings: Iterable[Diagnostic], force: tuple[str, ...], undecided: Iterable[str]) -> list[Diagnostic]:
    """`findings` with the errors of the forced codes as warnings, and what is wrong with the forcing itself.

    `undecided` are the paths of parts that the plan lacks. Where forcing would leave no error and such a part, there
    is nothing to go on with, and that is an error of its own.
    """
    if not force:
        return list(findings)
    registry = registered()
    changed = [taken(finding, force) for finding in findings]
    used = {finding.code for finding in changed if finding.forced}
    for index, code in enumerate(force):
        path = f"force[{index}]"
        if code not in registry:
            changed.append(codes.unknown_code(path, name=code, near=_meant(code)))
        elif not registry[code].forceable:
            changed.append(codes.cannot_force(path, name=code))
        elif code not in used:
            changed.append(codes.force_unused(path, name=code))
    if not any(finding.severity == "error" for finding in changed):
        changed += [codes.cannot_force(path, part=path) for path in undecided]
    return changed


def _meant(code: str) -> str | None:
    """The code that is misspelt; a wall that is not named letter for letter is not to fall."""
    able = [name for name, each in registered().items() if each.severity == "error" and each.forceable]
    return closest(code, able, MISSPELT)
