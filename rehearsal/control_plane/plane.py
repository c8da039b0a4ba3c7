"""A control plane from start to end."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rehearsal.control_plane import commands, credentials, directory, ports
from rehearsal.control_plane.api import Api, ApiError
from rehearsal.control_plane.binaries import Binaries

START_TIMEOUT = 90.0
"""Seconds; two to four are usual, and a machine that compiles at the same time takes many times that."""
_STOP_TIMEOUT = 30.0
_PAUSE = 0.03
_LOG_LINES = 12


class ControlPlaneError(Exception):
    """A process of the control plane ended or did not become ready; the message ends with the last lines of its log."""


@dataclass(frozen=True)
class Access:
    """What a client needs to reach a running control plane as its administrator."""

    server: str
    token: str
    authority: str
    """Certificates to trust, in PEM."""

    @property
    def kubeconfig(self) -> str:
        return credentials.kubeconfig(self.server, self.token, self.authority)

    def api(self) -> Api:
        """A new client; close it, or use it in a `with`."""
        return Api(self.server, self.token, self.authority)


class ControlPlane:
    """`with ControlPlane(binaries) as access:` starts all processes, waits until pods can be made, and ends them.

    Nothing is left behind, neither after an exception nor after `kill -9` of this process: the processes belong to a
    supervisor that ends them, and removes their directory, when this process is gone.
    """

    def __init__(self, binaries: Binaries, work_dir: Path | None = None, start_timeout: float = START_TIMEOUT) -> None:
        """`work_dir` is where the private directory of data and logs is made, by default where temporary files go."""
        self._binaries = binaries
        self._work_dir = work_dir
        self._start_timeout = start_timeout
        self._files: commands.Files | None = None
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._port: socket.socket | None = None
        self._heard = b""

    def __enter__(self) -> Access:
        try:
            return self._start()
        except BaseException:
            self._stop()
            raise

    def __exit__(self, *_: object) -> None:
        self._stop()

    def check(self) -> None:
        """Raises ControlPlaneError where a process has ended since the start."""
        if self._supervisor is None or self._supervisor.stdout is None:
            raise ControlPlaneError("The control plane is not running.")
        with suppress(BlockingIOError):
            self._heard += os.read(self._supervisor.stdout.fileno(), 65536)
        if b"\n" in self._heard:
            ended = json.loads(self._heard.split(b"\n", 1)[0])
            name = ended["ended"]
            raise ControlPlaneError(f"{name} ended with status {ended['status']}.{self._last_lines(name)}")
        if self._supervisor.poll() is not None:
            raise ControlPlaneError(
                "The supervisor of the control plane was ended from outside, and all processes with it."
            )

    def _start(self) -> Access:
        deadline = time.monotonic() + self._start_timeout
        root, lock = directory.make(self._work_dir)
        self._files = files = commands.Files(root)
        try:
            self._supervisor = start_supervisor(root, lock)
        finally:
            # From here on the supervisor alone holds the lock.
            os.close(lock)
        self._port = ports.reserve()
        port: int = self._port.getsockname()[1]
        token = credentials.new_token()
        credentials.write_private(files.signing_key, credentials.signing_key())
        credentials.write_private(files.tokens, credentials.token_table(token))

        self._run("etcd", commands.etcd(self._binaries, files))
        self._wait("etcd", lambda: _listens(files.etcd_socket), deadline)
        self._run("kube-apiserver", commands.api_server(self._binaries, files, port))
        self._wait("kube-apiserver", lambda: _certificates(files.authority), deadline)
        access = Access(f"https://127.0.0.1:{port}", token, files.authority.read_text(encoding="utf-8"))
        credentials.write_private(files.kubeconfig, access.kubeconfig)
        with access.api() as api:
            self._wait("kube-apiserver", lambda: _answers(api, "/readyz"), deadline)
            self._run("kube-controller-manager", commands.controller_manager(self._binaries, files))
            self._run("kube-scheduler", commands.scheduler(self._binaries, files))
            self._run("kwok", commands.kwok(self._binaries, files))
            # Admission refuses pods until the controllers have given the namespace its service account.
            account = "/api/v1/namespaces/default/serviceaccounts/default"
            self._wait("kube-controller-manager", lambda: _answers(api, account), deadline)
        return access

    def _run(self, name: str, argv: list[str]) -> None:
        if self._supervisor is None or self._supervisor.stdin is None:
            raise ControlPlaneError("The control plane is not running.")
        self._supervisor.stdin.write(json.dumps({"name": name, "argv": argv}).encode() + b"\n")
        self._supervisor.stdin.flush()

    def _wait(self, name: str, ready: Callable[[], bool], deadline: float) -> None:
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise ControlPlaneError(
                    f"{name} was not ready {self._start_timeout:.0f} s after the start of the control plane."
                    f"{self._last_lines(name)}"
                )
            time.sleep(_PAUSE)

    def _last_lines(self, name: str) -> str:
        if self._files is None or not (log := self._files.log(name)).exists():
            return ""
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
        return "\n".join([" The last lines of its log:", *(f"  {line}" for line in lines)])

    def _stop(self) -> None:
        if self._supervisor and self._supervisor.stdin and self._supervisor.stdout:
            with suppress(BrokenPipeError):
                self._supervisor.stdin.close()
            self._supervisor.wait(_STOP_TIMEOUT)
            self._supervisor.stdout.close()
        if self._files:
            # The supervisor has done it, unless it was killed.
            shutil.rmtree(self._files.root, ignore_errors=True)
        if self._port:
            self._port.close()
        self._supervisor = self._files = self._port = None


def start_supervisor(root: Path, lock: int) -> subprocess.Popen[bytes]:
    script = Path(__file__).with_name("supervisor.py")
    with (root / "supervisor.log").open("ab") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-I", "-S", str(script), str(root), str(os.getpid())],
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


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


def _certificates(path: Path) -> bool:
    return path.exists() and path.read_text(encoding="utf-8").count("-----END CERTIFICATE-----") > 1


def _answers(api: Api, path: str) -> bool:
    try:
        api.get(path)
    except (OSError, http.client.HTTPException, ApiError):
        return False
    return True
