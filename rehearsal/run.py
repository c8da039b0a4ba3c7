"""Proves a stack and runs its program."""

from dataclasses import dataclass
from pathlib import Path

from planner.plan.types import Plan
from planner.prove import prove
from rehearsal.cloud import Cloud
from rehearsal.config import engine_values
from rehearsal.durations import UndescribedError
from rehearsal.engine import Program, ProgramError, Recording, run_program
from rehearsal.kinds import find
from settings.diagnostics import Diagnostic, blocking
from settings.parse import StackInput, parse


@dataclass(frozen=True)
class Rehearsal:
    """A stack, proved and run: `recording` is None where an error kept the program from being started."""

    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...]
    recording: Recording | None

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(each for each in self.diagnostics if each.severity == "error")


def rehearse(given: StackInput, program: Path, cloud: Cloud | None = None, *, preview: bool = False) -> Rehearsal:
    """Prove the stack, and where no error stands against it, run the program for it.

    `cloud` makes up what a real one would; absent: one that gives the same answers in every run.

    Raises `ProgramError` where the program stops nevertheless, or makes what no record describes.
    """
    plan, diagnostics = prove(parse(given))
    if plan is None or blocking(diagnostics):
        return Rehearsal(plan, diagnostics, None)
    cloud = cloud or Cloud(seed=f"{given.project}/{given.stack}")
    config, secret = engine_values(given, cloud)
    recording = run_program(
        Program(program.resolve(), given.project, given.stack, config, secret), cloud, preview=preview
    )
    try:
        for each in recording.registrations:
            find(each.type)
    except UndescribedError as error:
        raise ProgramError(str(error)) from error
    return Rehearsal(plan, diagnostics, recording)
