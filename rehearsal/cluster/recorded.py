"""A stack as it is to be rehearsed: its plan, and what its program registers."""

from dataclasses import dataclass

from planner.plan.types import Plan
from rehearsal.registration import Registration


@dataclass(frozen=True)
class Recorded:
    """`registrations` come dependencies first."""

    plan: Plan
    registrations: tuple[Registration, ...]
