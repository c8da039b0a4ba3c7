"""The probes of a container, evaluated against the running process as a kubelet evaluates them."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from e2e.containers import RenderedProbe
from e2e.mapping import Process

Execute = Callable[[list[str], float], int | None]
"""Runs a command in the container: its status, None where it took too long."""


@dataclass(frozen=True)
class ProbeResult:
    """One evaluation. `at` is in seconds since the watch began."""

    at: float
    took: float
    passed: bool
    said: str


def evaluate(probe: RenderedProbe, ports: Mapping[str, int], execute: Execute) -> tuple[bool, str]:
    """Whether the probe passes now, and what was heard."""
    if probe.action == "exec":
        status = execute(list(probe.given["command"]), probe.timeout)
        return status == 0, "no end in time" if status is None else f"status {status}"
    port = ports[str(probe.given["port"])]
    try:
        if probe.action == "tcpSocket":
            socket.create_connection(("127.0.0.1", port), probe.timeout).close()
            return True, "open"
        status = _get(probe, port)
    except (OSError, http.client.HTTPException) as error:
        return False, type(error).__name__
    return 200 <= status < 400, f"HTTP {status}"


def _get(probe: RenderedProbe, port: int) -> int:
    if str(probe.given.get("scheme", "HTTP")).upper() == "HTTPS":
        # A kubelet does not look at the certificate either.
        context = ssl._create_unverified_context()  # noqa: S323, SLF001
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=probe.timeout, context=context)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=probe.timeout)
    headers = {each["name"]: each["value"] for each in probe.given.get("httpHeaders") or ()}
    try:
        connection.request("GET", probe.given.get("path", "/"), headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


@dataclass
class Watch:
    """Evaluates the probes of one container in the background: the startup probe until it passes, then the others.

    `broken` says what a kubelet would restart the container for.
    """

    process: Process
    execute: Execute
    answers: dict[str, list[ProbeResult]] = field(default_factory=dict)
    started: float | None = None
    """Seconds until the startup probe passed."""
    ready: bool = False
    lost: int = 0
    """How often the container was ready and then was not."""
    broken: str = ""

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        self._end = threading.Event()
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        self._run(self._startup)

    def end(self) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def slowest(self, kind: str, since: float = 0.0) -> float:
        return max((each.took for each in self.answers.get(kind, ()) if each.at >= since), default=0.0)

    def failed(self, kind: str, since: float = 0.0) -> int:
        return sum(not each.passed for each in self.answers.get(kind, ()) if each.at >= since)

    @property
    def now(self) -> float:
        return time.monotonic() - self._began

    def _run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _startup(self) -> None:
        probe = self.process.probes.get("startup")
        if probe is not None:
            for good, row in self._each("startup", probe):
                if good and row >= probe.successes:
                    break
                if not good and row >= probe.failures:
                    self.broken = f"the startup probe failed {row} times"
                    return
            else:
                return
        self.started = self.now
        for kind, follow in (("readiness", self._readiness), ("liveness", self._liveness)):
            if kind in self.process.probes:
                self._run(follow)
        if "readiness" not in self.process.probes:
            self.ready = True

    def _readiness(self) -> None:
        probe = self.process.probes["readiness"]
        for good, row in self._each("readiness", probe):
            if good and row >= probe.successes:
                self.ready = True
            elif not good and row >= probe.failures and self.ready:
                self.ready = False
                self.lost += 1

    def _liveness(self) -> None:
        probe = self.process.probes["liveness"]
        for good, row in self._each("liveness", probe):
            if not good and row >= probe.failures:
                self.broken = f"the liveness probe failed {row} times"
                return

    def _each(self, kind: str, probe: RenderedProbe):  # noqa: ANN202
        """Whether each evaluation passed, and how many in a row have gone the same way."""
        kept = self.answers.setdefault(kind, [])
        row, before = 0, None
        due = time.monotonic() + probe.initial_delay
        while not self._end.wait(max(0.0, due - time.monotonic())):
            due = max(due + probe.period, time.monotonic())
            at = self.now
            good, said = evaluate(probe, self.process.ports, self.execute)
            kept.append(ProbeResult(at, self.now - at, good, said))
            row = row + 1 if good == before else 1
            before = good
            yield good, row
