"""The proof of a stack: what could be parsed in, a plan and everything that is wrong out."""

from collections.abc import Iterable

from planner.plan.types import Plan
from planner.plan_stack import distinct, gravest_first, plan_stack
from settings.diagnostics import Diagnostic
from settings.parse import Parsed
from settings.paths import split
from settings.secrecy import discreet
from settings.translation import joined, tr


def prove(parsed: Parsed) -> tuple[Plan | None, tuple[Diagnostic, ...]]:
    """Plan what could be parsed, and merge the parser's findings with the plan's.

    A finding of the plan that follows from a part which the parser took out is left out. The plan is None where
    nothing could be built of the stack file.
    """
    if parsed.settings is None:
        return None, gravest_first(parsed.problems)
    planned = plan_stack(parsed.settings)
    errors = [problem for problem in parsed.problems if problem.severity == "error"]
    own = [finding for finding in planned.diagnostics if not any(_follows(finding, problem) for problem in errors)]
    plain = {finding.path for finding in own if finding.code == "SECRET_IN_ENV"}
    guessed = [problem for problem in parsed.problems if problem.severity == "error" or problem.path not in plain]
    return planned, gravest_first(map(discreet, distinct([*guessed, *own])))


def refusal(diagnostics: Iterable[Diagnostic]) -> str:
    """The message that stops ``pulumi up``: every error with its place, what stands there, what may, and the fix."""
    errors = [finding for finding in diagnostics if finding.severity == "error"]
    count = tr("1 error") if len(errors) == 1 else tr("{count} errors", count=len(errors))
    lines = [tr("The stack file has {count}; nothing was made.", count=count)]
    for error in errors:
        place = error.path or tr("stack file")
        lines += ["", tr("{place}: {message} [{code}]", place=place, message=error.message, code=error.code)]
        lines += [tr("    given:   {given}", given=error.given)] if error.given else []
        lines += [tr("    allowed: {allowed}", allowed=error.allowed)] if error.allowed else []
        lines += [tr("    fix:     {remedy}", remedy=error.remedy)]
    return joined([*lines, "", tr("`tke-llm explain CODE` says more about a code.")], "\n")


def _follows(finding: Diagnostic, problem: Diagnostic) -> bool:
    """Whether a finding speaks of a part that the parser took out, or of something that names it."""
    broken = split(problem.path)[:2]
    if not broken:
        return False
    if split(finding.path)[: len(broken)] == broken:
        # A name that nobody knows is wrong whatever else is.
        return finding.path == problem.path or not finding.code.startswith("UNKNOWN_")
    section = broken[0]
    if section == "pools":
        return finding.code in {"UNKNOWN_POOL", "POOL_NOT_NAMED"}
    if section == "models":
        return finding.code in {"POOL_UNUSED", "API_KEY_WITHOUT_MODEL", "UNKNOWN_API_MODEL"}
    return section == "network" and finding.code == "POOL_ZONE_NOT_IN_NETWORK"
