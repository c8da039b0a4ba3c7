"""A whole rehearsal of one stack: the proof, the recording, the clock under every order, the work by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from planner.plan.types import Plan
from policy.rule import Violation
from rehearsal.clock import Idle, Manual, Timeline, Waiting, idle, manual, planned, waiting
from rehearsal.engine import Recording
from rehearsal.policies import broken_rules
from rehearsal.registration import Registration
from rehearsal.run import Rehearsal, rehearse
from settings.diagnostics import Diagnostic
from settings.parse import StackInput

ORDERS = ("fastest", "cheapest")


@dataclass(frozen=True)
class OrderTime:
    """What one order of provisioning means: seconds until everything is up, what GPUs wait, and its clock."""

    order: str
    total: float
    waiting: Waiting
    timeline: Timeline
    idle: tuple[Idle, ...]


@dataclass(frozen=True)
class Story:
    """What there is to tell. `orders` names the two orders, whichever of them the stack has; `by_hand` the guide's
    sequence, None for a stack without a cluster of its own, which the guide does not describe. `violations` are the
    rules of the policy pack that the stack breaks."""

    plan: Plan
    diagnostics: tuple[Diagnostic, ...]
    recording: Recording
    timeline: Timeline
    orders: tuple[OrderTime, ...]
    by_hand: Manual | None
    violations: tuple[Violation, ...] = ()

    @property
    def broken(self) -> tuple[Violation, ...]:
        """The rules that are broken without the stack file saying so."""
        return tuple(each for each in self.violations if not each.forced)


def tell(given: StackInput, program: Path) -> Story | Rehearsal:
    """Rehearse a stack and run the clock over it; the bare rehearsal where errors kept the program from running.

    Raises `ProgramError` where the program stops.
    """
    rehearsed = rehearse(given, program)
    plan, recording = rehearsed.plan, rehearsed.recording
    if plan is None or recording is None:
        return rehearsed
    return Story(
        plan=plan,
        diagnostics=rehearsed.diagnostics,
        recording=recording,
        timeline=planned(recording.registrations, plan),
        orders=tuple(_orders(given, program, plan, recording.registrations)) if plan.models else (),
        by_hand=manual(recording.registrations, plan) if plan.owns_cluster else None,
        violations=broken_rules(recording.registrations, plan.forced),
    )


def _orders(given: StackInput, program: Path, plan: Plan, own: Sequence[Registration]) -> list[OrderTime]:
    """The clock under each order; the program runs again for the one that the stack does not have."""
    told: list[OrderTime] = []
    for order in ORDERS:
        if order == plan.order.chosen:
            told.append(_timed(order, plan, own))
            continue
        other = rehearse(replace(given, sections={**given.sections, "order": order}), program)
        if other.plan is not None and other.recording is not None:
            told.append(_timed(order, other.plan, other.recording.registrations))
    return told


def _timed(order: str, plan: Plan, registrations: Sequence[Registration]) -> OrderTime:
    times = planned(registrations, plan)
    waits = waiting(registrations, plan, times)
    return OrderTime(order, times.total, waits, times, idle(registrations, plan, times))
