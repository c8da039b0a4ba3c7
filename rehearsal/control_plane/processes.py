"""Programs that end when this process does, in a private directory that goes with them."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from rehearsal.control_plane import directory
from settings.translation import tr

PATIENCE = 90.0
"""Seconds; two to four are usual, and a machine that compiles at the same time takes many times that."""
_STOP_TIMEOUT = 30.0
_PAUSE = 0.03
_LOG_LINES = 12


class Processes:
    """Nothing is left behind, neither after an exception nor after `kill -9` of this process: the processes belong to a
    supervisor that ends them, and removes their directory, when this process is gone. Not for several threads.
    """

    def __init__(self, failure: type[Exception], parent: Path | None = None, patience: float = PATIENCE) -> None:
        """`failure` is what is raised where a process ends or is not ready in time, with the last lines of its log.

        Raises ValueError where `parent`, which by default is where temporary files go, is too deep for a Unix socket.
        """
        self.root, lock = directory.make(parent)
        """The private directory of data and logs, in which the programs run."""
        self._failure = failure
        self._patience = patience
        self._heard = b""
        self._ended: dict[str, int] = {}
        try:
            self._supervisor = self._supervise(lock)
        finally:
            # From here on the supervisor alone holds the lock.
            os.close(lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, name: str, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start a program; it sees nothing of this process' environment, and `environment`."""
        self._order({"name": name, "argv": list(argv), "environment": dict(environment or {})})

    def complete(self, name: str, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Run a program to its end, which has to be a good one: status 0."""
        self.start(name, argv, environment)
        self.wait(name, lambda: self._ended.get(name) == 0)
        del self._ended[name]

    def wait(self, name: str, ready: Callable[[], bool]) -> None:
        """Return when the process is ready."""
        deadline = time.monotonic() + self._patience
        self._listen()
        while not ready():
            self._complain()
            if time.monotonic() > deadline:
                raise self._failure(
                    tr(
                        "{name} was not ready within {patience:.0f} s.{last_lines}",
                        name=name,
                        patience=self._patience,
                        last_lines=self._last_lines(name),
                    )
                )
            time.sleep(_PAUSE)
            self._listen()

    def end(self, name: str) -> None:
        """Kill a process, and return when it is gone."""
        self._order({"end": name})
        deadline = time.monotonic() + _STOP_TIMEOUT
        while name not in self._ended and time.monotonic() < deadline:
            time.sleep(_PAUSE)
            self._listen()
        self._ended.pop(name, None)

    def check(self) -> None:
        """Raises where a process has ended since the start."""
        self._listen()
        self._complain()

    def close(self) -> None:
        """End all processes and remove the directory."""
        if self._supervisor.stdin and self._supervisor.stdout:
            with suppress(BrokenPipeError):
                self._supervisor.stdin.close()
            self._supervisor.wait(_STOP_TIMEOUT)
            self._supervisor.stdout.close()
        # The supervisor has done it, unless it was killed.
        shutil.rmtree(self.root, ignore_errors=True)

    def _order(self, order: Mapping[str, object]) -> None:
        if self._supervisor.stdin is None or self._supervisor.stdin.closed:
            raise self._failure(tr("It was ended."))
        # Where the supervisor is gone, the next look at the processes says so.
        with suppress(BrokenPipeError):
            self._supervisor.stdin.write(json.dumps(order).encode() + b"\n")
            self._supervisor.stdin.flush()

    def _listen(self) -> None:
        if self._supervisor.stdout is None or self._supervisor.stdout.closed:
            return
        with suppress(BlockingIOError):
            self._heard += os.read(self._supervisor.stdout.fileno(), 65536)
        *lines, self._heard = self._heard.split(b"\n")
        for line in lines:
            told = json.loads(line)
            self._ended[told["ended"]] = told["status"]

    def _complain(self) -> None:
        for name, status in self._ended.items():
            raise self._failure(
                tr(
                    "{name} ended with status {status}.{last_lines}",
                    name=name,
                    status=status,
                    last_lines=self._last_lines(name),
                )
            )
        if self._supervisor.poll() is not None:
            raise self._failure(tr("The supervisor was ended, and all processes with it."))

    def _last_lines(self, name: str) -> str:
        log = self.root / f"{name}.log"
        if not log.exists():
            return ""
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
        return tr(" The last lines of its log:") + "".join(f"\n  {line}" for line in lines)

    def _supervise(self, lock: int) -> subprocess.Popen[bytes]:
        script = Path(__file__).with_name("supervisor.py")
        with (self.root / "supervisor.log").open("ab") as log:
            supervisor = subprocess.Popen(
                [sys.executable, "-I", "-S", str(script), str(self.root), str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=[lock],
                # Ctrl-C, and a kill of our process group, are not for it: it has to clean up after both.
                start_new_session=True,
            )
        if supervisor.stdout:
            os.set_blocking(supervisor.stdout.fileno(), False)
        return supervisor
