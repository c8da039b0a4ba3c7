"""Carries out a graph of steps as Pulumi's engine does: each when all that it needs is done, many at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rehearsal.cluster.objects import UnknownKindError
from rehearsal.cluster.readiness import Unready
from rehearsal.cluster.simulation import ReadinessProblem, Simulation
from rehearsal.control_plane.api import ApiError
from rehearsal.controllers.definitions import MissingDefinitionsError


def nothing() -> None:
    """A step that only has its place in the graph."""


def at_once() -> list[Unready]:
    """A step that is done when it has been taken."""
    return []


@dataclass(frozen=True)
class ClusterStep:
    """`act` starts it, `waiting` says what it still waits for; `needs` are keys of other steps."""

    key: str
    resource: str
    needs: frozenset[str]
    act: Callable[[], None] = nothing
    waiting: Callable[[], Sequence[Unready]] = at_once


@dataclass
class _Progress:
    to_start: list[ClusterStep]
    running: list[ClusterStep] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    failed: list[ReadinessProblem] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)


def carry_out(simulation: Simulation, steps: Sequence[ClusterStep]) -> tuple[ReadinessProblem, ...]:
    """Take all steps; what failed or never got ready. What needs a step that failed is not taken, and named as such.

    `steps` come in an order in which each follows those that it needs.
    """
    progress = _Progress(list(steps))
    unfinished = simulation.wait(lambda: _advance(progress))
    if not unfinished:
        return ()
    still = [ReadinessProblem(step.resource, _because(step, progress)) for step in progress.to_start]
    return (*unfinished, *(each for each in still if each.cause))


def _advance(progress: _Progress) -> list[ReadinessProblem]:
    """Finish what is done, start what can be; what is left to wait for."""
    findings: list[ReadinessProblem] = []
    for step in list(progress.running):
        reasons = step.waiting()
        findings += [ReadinessProblem(step.resource, each.cause, each.settled) for each in reasons]
        if not reasons:
            progress.running.remove(step)
            progress.done.add(step.key)
    # The picture is older than what is started now, so that none of it is judged before the next one.
    for step in list(progress.to_start):
        if step.needs & progress.broken:
            progress.broken.add(step.key)
        elif step.needs <= progress.done:
            progress.to_start.remove(step)
            if _start(step, progress):
                findings.append(ReadinessProblem(step.resource, "it was asked for just now"))
    return [*progress.failed, *findings]


def _start(step: ClusterStep, progress: _Progress) -> bool:
    """Whether there is something to wait for now."""
    try:
        step.act()
    except (ApiError, UnknownKindError, MissingDefinitionsError) as error:
        progress.broken.add(step.key)
        cause = error.message if isinstance(error, ApiError) else str(error)
        progress.failed.append(ReadinessProblem(step.resource, cause, settled=True))
        return False
    if step.waiting is at_once:
        progress.done.add(step.key)
        return False
    progress.running.append(step)
    return True


def _because(step: ClusterStep, progress: _Progress) -> str:
    """Why a step was not taken; "" where it only stands for something else in the graph."""
    if step.act is nothing:
        return ""
    return (
        "not made: what it needs is not ready" if step.key not in progress.broken else "not made: what it needs failed"
    )
