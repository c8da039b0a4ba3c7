"""What must hold of every stack file. Each judge returns its complaints, in sentences; none means that it holds."""

import inspect
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from planner.prove import prove
from planner.report.document import document
from rehearsal.engine import ProgramError
from rehearsal.policies import broken_rules
from rehearsal.registration import Registration
from rehearsal.run import rehearse
from settings.diagnostics import Diagnostic
from settings.parse import StackInput, parse
from settings.paths import apply_fix

PROGRAM = Path(__file__).parents[2] / "__main__.py"

MOST_CALLS = 6_000_000
"""Calls of functions that one proof may take: ten times what the largest samples take. Counted, since time would decide
differently on each machine."""

Prove = Callable[[StackInput], tuple[object, tuple[Diagnostic, ...]]]


_PROJECT = tuple(str(Path(__file__).parents[2] / room) for room in ("planner", "settings", "catalog", "tests"))


class TooManyCallsError(BaseException):
    """A proof goes on and on. No `except Exception` on the way may take it for an error of its own."""


@contextmanager
def bounded(most: int = MOST_CALLS) -> Iterator[None]:
    """Raises `TooManyCallsError` inside what calls more than `most` functions."""
    left = most

    def count(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal left
        if event == "call":
            left -= 1
            if left < 0 and _would_pass_on(frame, late=left < -most):
                sys.setprofile(None)
                raise TooManyCallsError(f"more than {most:,} calls")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)


def _would_pass_on(frame: FrameType, *, late: bool) -> bool:
    """Whether what is raised in this frame reaches its caller, for it comes once only. A generator that nobody holds
    any more is closed, which is a call, and its exception goes nowhere; a callback of a library's may swallow it too,
    so that those are called upon only when it is `late`."""
    if frame.f_code.co_flags & inspect.CO_GENERATOR:
        return False
    return late or frame.f_code.co_filename.startswith(_PROJECT)


def proof(given: StackInput) -> tuple[object, tuple[Diagnostic, ...]]:
    plan, diagnostics = prove(parse(given))
    return plan, tuple(diagnostics)


def is_total(given: StackInput, prove: Prove = proof, most: int = MOST_CALLS) -> list[str]:
    """A proof ends, within bounds, without an exception."""
    try:
        with bounded(most):
            prove(given)
    except (Exception, TooManyCallsError) as error:  # noqa: BLE001  whatever it is, it is the finding
        return [f"the proof raised {type(error).__name__}: {error}"]
    return []


def is_deterministic(given: StackInput, prove: Prove = proof) -> list[str]:
    """Two proofs of one stack file say the same, to the last number."""
    first, second = (document(prove(given)) for _ in range(2))
    return [] if first == second else ["two proofs of one stack file differ"]


def has_places_and_fixes(given: StackInput, prove: Prove = proof) -> list[str]:
    """Every error has a place and a remedy; a fix given as data, applied, takes that error away from its place."""
    complaints = []
    for error in (each for each in prove(given)[1] if each.severity == "error"):
        where = f"{error.code} at {error.path!r}"
        if not error.path or not error.remedy:
            complaints.append(f"{where} lacks a place or a remedy")
        fix = [(path, value) for path, value in error.fix if ":" not in path]
        if fix and len(fix) == len(error.fix):
            mended = StackInput(**{**vars(given), "sections": apply_fix(given.sections, fix)})
            if any((left.code, left.path) == (error.code, error.path) for left in prove(mended)[1] if _stands(left)):
                complaints.append(f"the fix of {where}, {error.fix}, does not help")
    return complaints


def _stands(found: Diagnostic) -> bool:
    return found.severity == "error"


def ready_is_ready(given: StackInput) -> list[str]:
    """What a proof calls ready, the program registers whole: no rule of the policy pack refuses it, and no two objects
    have one name."""
    try:
        rehearsed = rehearse(given, PROGRAM)
    except ProgramError as error:
        return [f"the proof found the stack ready, and the program stopped: {error}"]
    if rehearsed.recording is None:
        return []
    registrations = rehearsed.recording.registrations
    return [
        *(
            f"the proof found the stack ready, and the policy pack refuses it: {each}"
            for each in broken_rules(registrations)
        ),
        *names_are_unique(registrations),
    ]


def names_are_unique(registrations: tuple[Registration, ...]) -> list[str]:
    """No two Kubernetes objects of one kind have one name in one namespace."""
    names = Counter(
        (str(each.inputs.get("kind")), str(metadata.get("namespace")), str(metadata.get("name")))
        for each in registrations
        if each.type.startswith("kubernetes:") and isinstance(metadata := each.inputs.get("metadata"), dict)
    )
    return [f"{count} objects are called {' '.join(name)}" for name, count in names.items() if count > 1]
