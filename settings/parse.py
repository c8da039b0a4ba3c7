"""From what a reader found to typed settings, or to everything that is wrong with it, all at once.

Pure: no file, no pulumi, no YAML. Nothing a stack file can hold makes `parse` raise.
"""

from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from settings import codes, secrecy
from settings.diagnostics import Diagnostic
from settings.paths import Step, join, remove, split
from settings.stack import SECTION_NAMES, Settings

_DEEPEST = 16
"""Levels. The schema has six; deeper values are refused before anything walks through them."""

_MOST_ROUNDS = 8
"""Validations of what is left after faults are taken out. A rule between keys shows only once the keys are sound."""

_MOST_SUGGESTIONS = 100
"""Findings. Beyond these, only the first of a thousand equal mistakes helps."""


@dataclass(frozen=True)
class StackInput:
    """What a reader found.

    `sections` are the keys below ``tke-llm:`` that are no secrets, known or not, as plain values. `secrets` names the
    secrets that are set (``hfToken``, ``apiKeys``, ``apiKeys.chat``) and says whether each is sealed; their values are
    not here. `problems` is what the reader itself found wrong; `parse` carries it on. Readers raise nothing.
    """

    project: str
    stack: str
    region: str | None = None
    sections: dict[str, object] = field(default_factory=dict)
    secrets: dict[str, bool] = field(default_factory=dict)
    problems: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True)
class Parsed:
    """`settings` is what is left after the faulty parts are taken out (None where nothing can be built), so that the
    planner can report its own findings in the same run. It may be used only where no problem is an error."""

    settings: Settings | None
    problems: tuple[Diagnostic, ...]


def parse(given: StackInput) -> Parsed:
    """Validate a stack file. Total: every fault becomes a diagnostic with its path, and none repeats a secret."""
    found = _parse(given)
    return Parsed(found.settings, tuple(map(secrecy.discreet, found.problems)))


def _parse(given: StackInput) -> Parsed:
    if not given.sections and any(problem.severity == "error" for problem in given.problems):
        return Parsed(None, given.problems)
    problems = list(given.problems)
    problems += [secrecy.in_clear(name) for name, sealed in given.secrets.items() if not sealed]
    sections: dict[str, Any] = {}
    for name, value in given.sections.items():
        if name in SECTION_NAMES:
            copy = _copy((name,), value, problems)
            if copy is not _TAKEN_OUT:
                sections[name] = copy
        elif len(problems) < _MOST_SUGGESTIONS:
            from settings.explain import unknown_section  # noqa: PLC0415  errors alone pay for it

            problems.append(unknown_section(name, value))
    sections |= {"project": given.project, "stack": given.stack, "region": given.region}
    sections["secrets"] = frozenset(given.secrets)
    return Parsed(_validate(sections, problems), tuple(problems))


class _Out:
    pass


_TAKEN_OUT = _Out()


def _copy(steps: tuple[Step, ...], value: object, problems: list[Diagnostic]) -> object:
    """A copy without secrets and without what is nested too deeply; each is reported."""
    if len(steps) > _DEEPEST:
        path = join(steps[:4])
        problems.append(codes.impossible_value(path, codes.value_nested_too_deeply(path=path, most=_DEEPEST)))
        return _TAKEN_OUT
    if isinstance(value, dict) and not secrecy.is_sealed(value):
        children = {str(key): _copy((*steps, str(key)), child, problems) for key, child in value.items()}
        for key in [key for key in children if secrecy.masked(key) != key]:
            problems.append(secrecy.in_name(steps))
            del children[key]
        return {key: child for key, child in children.items() if child is not _TAKEN_OUT}
    if isinstance(value, list | tuple):
        entries = [_copy((*steps, index), child, problems) for index, child in enumerate(value)]
        return [entry for entry in entries if entry is not _TAKEN_OUT]
    problem = secrecy.in_section(steps, value)
    if problem is not None:
        problems.append(problem)
        return _TAKEN_OUT if problem.severity == "error" else value
    return value


def _validate(sections: dict[str, Any], problems: list[Diagnostic]) -> Settings | None:
    """Settings of what is sound; takes what is not out of `sections` and adds it to `problems`."""
    for _ in range(_MOST_ROUNDS):
        try:
            return Settings.model_validate(sections)
        except ValidationError as error:
            from settings.explain import explain  # noqa: PLC0415  errors alone pay for it

            places: set[tuple[Step, ...]] = set()
            for fault in error.errors(include_url=False):
                place, problem = explain(fault, sections)
                places.add(place)
                if not _known(problem, problems) and len(problems) < _MOST_SUGGESTIONS:
                    problems.append(problem)
            if () in places:
                return None
            # Later entries of a list first, so that the earlier ones keep their index.
            for place in sorted(places, key=lambda steps: [str(step).zfill(9) for step in steps], reverse=True):
                remove(sections, place)
    return None


def _known(problem: Diagnostic, problems: list[Diagnostic]) -> bool:
    """Whether a problem was said already, or only follows from a value that was taken out."""
    if problem.code == "MISSING_KEY" or problem.allowed.startswith("an object of at least one"):
        here = split(problem.path)
        return any(split(other.path)[: len(here)] == here for other in problems if other.severity == "error")
    return any(other.path == problem.path for other in problems if other.severity == "error")
