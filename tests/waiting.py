"""Waits for what another process does."""

import time
from collections.abc import Callable

PATIENCE = 120.0
"""Seconds; most of it is for a machine that compiles at the same time."""


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"did not come true in {PATIENCE:.0f} s"
        time.sleep(0.1)
