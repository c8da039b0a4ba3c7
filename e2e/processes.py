"""Runs containers as a kubelet does: preStop, SIGTERM, the grace period, and a log for each."""

import json
import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from e2e import sandbox
from e2e.containers import RenderedPod
from e2e.mapping import HIDDEN, Process
from e2e.sandbox import InstalledSoftware, Volumes

TAIL = 25
FAULTS = 5
"""The last lines of a log that an error shows, and how many before them that name a fault."""
_FAULT = re.compile(r"\w+Error\b")
_POLL = 0.1
_START = 20.0
"""Seconds until bubblewrap has told the process id of what it started."""


class RunError(Exception):
    """A process did not start, ended, or did not do what its container must; with the last lines of its log."""


class Masker:
    """Takes secrets out of whatever is shown."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # The longest first: one secret may stand inside another.
        self._secrets = sorted({each for each in secrets if len(each) > 3}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for each in self._secrets:
            text = text.replace(each, HIDDEN)
        return text


@dataclass
class Running:
    """A container that was started. `child` is the process id of its first process on this machine."""

    pod: RenderedPod
    process: Process
    outer: subprocess.Popen[bytes]
    child: int
    log: Path
    started: float

    @property
    def ended(self) -> bool:
        return self.outer.poll() is not None


@dataclass(frozen=True)
class Stop:
    """How a container ended: seconds of preStop and of the rest, and whether SIGKILL was needed."""

    pre_stop: float
    after_term: float
    killed: bool
    status: int


class ProcessGroup:
    """The processes of one run. `with Machine(...)` ends every one of them, however the block is left; should this
    process be killed, the kernel ends them."""

    def __init__(self, root: Path, programs: Mapping[str, InstalledSoftware], mask: Masker) -> None:
        self.volumes = Volumes(root / "volumes")
        self.mask = mask
        self._logs = root / "logs"
        self._programs = programs
        self._running: list[Running] = []

    def __enter__(self) -> "ProcessGroup":
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._running:
            if not each.ended:
                _kill(each)
        for each in self._running:
            each.outer.wait()

    @property
    def logs(self) -> Sequence[Path]:
        return sorted(self._logs.glob("*.log"))

    def log(self, process: Process) -> Path:
        return self._logs / f"{process.name.replace('/', '-')}.log"

    def start(self, process: Process, pod: RenderedPod) -> Running:
        """Start a container; raises `RunError` where its first process cannot be started."""
        log = self.log(process)
        told, info = os.pipe()
        with log.open("ab") as output:
            outer = subprocess.Popen(
                self._line(process, pod, process.argv, info),
                env=self._environment(process),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(info,),
                start_new_session=True,
            )
        os.close(info)
        with os.fdopen(told, "rb") as answer:
            child = _child(answer.fileno())
        running = Running(pod, process, outer, child, log, time.monotonic())
        self._running.append(running)
        if not child:
            raise RunError(self.failure(running, "was not started"))
        return running

    def finish(self, process: Process, pod: RenderedPod, limit: float) -> int:
        """Run a container to its end and return its status; raises `RunError` after `limit` seconds."""
        running = self.start(process, pod)
        try:
            return running.outer.wait(limit)
        except subprocess.TimeoutExpired:
            raise RunError(self.failure(running, f"did not end in {limit:.0f} s")) from None

    def execute(self, running: Running, argv: Sequence[str], limit: float | None) -> int | None:
        """Run a command beside a container, in the same surroundings; its status, None after `limit` seconds."""
        with running.log.open("ab") as output:
            inside = subprocess.Popen(
                self._line(running.process, running.pod, argv, None),
                env=self._environment(running.process),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            return inside.wait(limit)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if inside.poll() is None:
                inside.kill()
                inside.wait()

    def stop(self, running: Running) -> Stop:
        """preStop, SIGTERM to the first process, and SIGKILL when the pod's grace period is over."""
        began = time.monotonic()
        deadline = began + running.pod.grace
        hook = running.process.container.pre_stop
        if hook:
            self.execute(running, hook, running.pod.grace)
        hooked = time.monotonic()
        if not running.ended:
            os.kill(running.child, signal.SIGTERM)
        try:
            running.outer.wait(max(0.0, deadline - time.monotonic()))
            killed = False
        except subprocess.TimeoutExpired:
            _kill(running)
            killed = True
        return Stop(hooked - began, time.monotonic() - hooked, killed, running.outer.wait())

    def failure(self, running: Running, what: str) -> str:
        """A sentence about a container, and the last lines of its log."""
        name, log = running.process.name, self.mask(running.log.read_text("utf-8", "replace")).splitlines()
        shown = [*[line for line in log[:-TAIL] if _FAULT.search(line)][-FAULTS:], *log[-TAIL:]]
        return "\n".join([f"{name} {what}. The end of its log:", *(f"    {line}" for line in shown)])

    def tail(self, log: Path, lines: int = TAIL) -> list[str]:
        return self.mask(log.read_text(encoding="utf-8", errors="replace")).splitlines()[-lines:]

    def _line(self, process: Process, pod: RenderedPod, argv: Sequence[str], info: int | None) -> list[str]:
        software = self._programs[process.image.program]
        bwrap, *rest = sandbox.command(process, pod, self.volumes, software, argv)
        return [bwrap, *(("--info-fd", str(info)) if info is not None else ()), *rest]

    def _environment(self, process: Process) -> dict[str, str]:
        software = self._programs[process.image.program]
        path = [*map(str, software.path), "/usr/local/bin", "/usr/bin", "/bin"]
        return {"PATH": ":".join(path), **software.env, **process.env}


def _kill(running: Running) -> None:
    """The first process takes all others of its container with it."""
    for number in (running.child, running.outer.pid):
        if number:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)


def _child(descriptor: int) -> int:
    """The process id that bubblewrap tells; 0 where it ended without."""
    heard = b""
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        if not select.select([descriptor], [], [], _POLL)[0]:
            continue
        part = os.read(descriptor, 4096)
        heard += part
        if not part or b"}" in heard:
            break
    return int(json.loads(heard)["child-pid"]) if b"}" in heard else 0


@contextmanager
def interrupts() -> Iterator[None]:
    """SIGTERM and SIGHUP end a run as Ctrl-C does, so that all of its processes are ended."""

    def stop(number: int, _frame: object) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
