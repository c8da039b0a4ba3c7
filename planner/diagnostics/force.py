"""``force: [CODE]``: errors that the user takes upon himself become warnings, visibly."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from settings.diagnostics import Diagnostic
from settings.suggest import closest


def forced(findings: Iterable[Diagnostic], force: tuple[str, ...], undecided: Iterable[str]) -> list[Diagnostic]:
    """`findings` with the errors of the forced codes as warnings, and what is wrong with the forcing itself.

    `undecided` are the paths of parts that the plan lacks. Where forcing would leave no error and such a part, there
    is nothing to go on with, and that is an error of its own.
    """
    if not force:
        return list(findings)
    from planner.diagnostics.explain import codes  # noqa: PLC0415  the registry is read by runs that force something only

    registry = codes()
    allowed = {code for code in force if code in registry and registry[code].forceable}
    changed = [
        replace(finding, severity="warning", forced=True)
        if finding.severity == "error" and finding.code in allowed
        else finding
        for finding in findings
    ]
    used = {finding.code for finding in changed if finding.forced}
    for index, code in enumerate(force):
        path = f"force[{index}]"
        if code not in registry:
            changed.append(_unknown(path, code, registry))
        elif code not in allowed:
            changed.append(_refused(path, code))
        elif code not in used:
            changed.append(_unused(path, code))
    if not any(finding.severity == "error" for finding in changed):
        changed += _undecided(undecided)
    return changed


def _unknown(path: str, code: str, registry: Iterable[str]) -> Diagnostic:
    near = closest(code, registry)
    return Diagnostic(
        severity="error",
        code="UNKNOWN_CODE",
        path=path,
        message=f"There is no diagnostic code {code}.",
        remedy=f"Use {near}, or remove it." if near else "Remove it.",
        given=code,
        allowed="a code of docs/diagnostics.md",
        fix=((path, near),),
    )


def _refused(path: str, code: str) -> Diagnostic:
    return Diagnostic(
        severity="error",
        code="CANNOT_FORCE",
        path=path,
        message=f"{code} cannot be overridden: there would be nothing to go on with.",
        remedy="Remove it, and mend the error itself.",
        given=code,
        fix=((path, None),),
    )


def _unused(path: str, code: str) -> Diagnostic:
    return Diagnostic(
        severity="note",
        code="FORCE_UNUSED",
        path=path,
        message=f"{code} is forced, but no such error occurs.",
        remedy="Remove it, so that it does not hide one later.",
        given=code,
        fix=((path, None),),
    )


def _undecided(paths: Iterable[str]) -> Iterator[Diagnostic]:
    for path in paths:
        yield Diagnostic(
            severity="error",
            code="CANNOT_FORCE",
            path=path,
            message=f"Nothing could be decided for {path}, whatever is forced.",
            remedy="Mend the error that is named for it, and take its code out of force.",
        )
