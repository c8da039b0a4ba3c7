"""Faults that a rehearsal asks for: which resource, what goes wrong there, how often."""

from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Literal

from settings.translation import tr

Trouble = Literal["fail", "hang", "lose", "stall"]
"""``fail``: the cloud refuses. ``hang``: never ready, until the time allowed is over. ``lose``: made, but the answer is
lost on the way. ``stall``: no answer at all, until somebody stops the engine."""


@dataclass(frozen=True)
class Fault:
    """`resource` is the name in the program; the first `times` attempts to make or change it fail."""

    resource: str
    trouble: Trouble = "fail"
    times: int = 1


def parse(text: str, trouble: Trouble = "fail") -> Fault:
    """``RESOURCE`` or ``RESOURCE:N``. Raises `ValueError` where N is no number above 0, or the name is empty."""
    name, colon, times = text.rpartition(":")
    if not colon:
        name, times = text, "1"
    if not name or not times.isdecimal() or int(times) < 1:
        raise ValueError(tr("{text!r} is not RESOURCE or RESOURCE:N, such as llm-chat-inference-server:1", text=text))
    return Fault(name, trouble, int(times))


def parse_all(fail: Iterable[str], hang: Iterable[str], lose: Iterable[str]) -> list[Fault]:
    """The faults of the command's options. Raises `ValueError` as `parse` does."""
    return [
        *(parse(each, "fail") for each in fail),
        *(parse(each, "hang") for each in hang),
        *(parse(each, "lose") for each in lose),
    ]


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
