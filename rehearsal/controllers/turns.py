"""Turns at ports that a program has no option for: one of it at a time runs on a machine."""

import errno
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial

from rehearsal.controllers.release import ControllerError
from settings.translation import tr

LONGEST_TURN = 900.0
"""Seconds that one waits for another rehearsal to end."""
_LEAVING = 15.0
"""Seconds that ports may stay taken by a program that is being killed."""
_PAUSE = 0.2


def take(
    program: str, ports: Sequence[int], tell: Callable[[str], object], longest: float = LONGEST_TURN
) -> socket.socket:
    """Wait until no other rehearsal runs the program and its ports are free; the turn ends when the socket is closed.

    `tell` is told that it waits for another rehearsal. Raises ControllerError.
    """
    with ExitStack() as undo:
        held = undo.enter_context(socket.socket(socket.AF_UNIX))
        if not _named(held, program):
            tell(
                tr(
                    "Another rehearsal runs {program}, of which a machine has one at a time: waiting until it ends.",
                    program=program,
                )
            )
            late = tr(
                "Another rehearsal has run {program} for {longest:.0f} s: end it, or try later.",
                program=program,
                longest=longest,
            )
            _wait(partial(_named, held, program), longest, late)
        for port in ports:
            taken = tr(
                "Port {port} is taken, and {program} listens nowhere else: end the program that has it.",
                port=port,
                program=program,
            )
            _wait(partial(_free, port), _LEAVING, taken)
        undo.pop_all()
    return held


def _wait(until: Callable[[], bool], longest: float, late: str) -> None:
    deadline = time.monotonic() + longest
    while not until():
        if time.monotonic() > deadline:
            raise ControllerError(late)
        time.sleep(_PAUSE)


def _named(held: socket.socket, program: str) -> bool:
    """An abstract name (unix(7)) is, like a port, one on a machine, and gone with the process that has it."""
    if sys.platform != "linux":
        raise ControllerError(
            tr(
                "{program} reads fixed paths, for which only Linux gives it a root directory of its own.",
                program=program,
            )
        )
    return _bound(held, f"\0tke-llm-{program}")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        # As Go's listeners do: connections that were closed a moment ago are not in the way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return _bound(probe, ("", port))


def _bound(holder: socket.socket, address: str | tuple[str, int]) -> bool:
    try:
        holder.bind(address)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return False
    return True
