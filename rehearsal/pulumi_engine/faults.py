"""Faults that a rehearsal asks for: which resource, what goes wrong there, how often."""

from dataclasses import dataclass
from threading import Lock
from typing import Literal

Trouble = Literal["fail", "hang", "lose", "stall"]
"""``fail``: the cloud refuses. ``hang``: never ready, until the time allowed is over. ``lose``: made, but the answer is
lost on the way. ``stall``: no answer at all, until somebody stops the engine."""


@dataclass(frozen=True)
class Fault:
    """`resource` is the name in the program; the first `times` attempts to make or change it fail."""

    resource: str
    trouble: Trouble = "fail"
    times: int = 1


class Faults:
    """The faults that are still to happen. Thread-safe: the engine makes many resources at once."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._left = {fault: fault.times for fault in faults}
        self._lock = Lock()

    def take(self, name: str) -> Fault | None:
        """The fault for a resource of this name, used up by this call."""
        with self._lock:
            for fault, left in self._left.items():
                if left and fault.resource == name:
                    self._left[fault] -= 1
                    return fault
        return None
