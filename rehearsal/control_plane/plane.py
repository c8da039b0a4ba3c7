"""A control plane from start to end."""

import socket
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rehearsal.control_plane import commands, credentials, ports
from rehearsal.control_plane.api import UNREACHABLE, Api, ApiError
from rehearsal.control_plane.binaries import Binaries
from rehearsal.control_plane.processes import Processes
from settings.translation import tr


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

    Nothing is left behind (`Processes`).
    """

    def __init__(self, binaries: Binaries, work_dir: Path | None = None) -> None:
        """`work_dir` is where the private directory of data and logs is made, by default where temporary files go."""
        self._binaries = binaries
        self._work_dir = work_dir
        self._held = ExitStack()
        self._processes: Processes | None = None

    def __enter__(self) -> Access:
        with ExitStack() as held:
            port: int = held.enter_context(ports.reserve()).getsockname()[1]
            self._processes = held.enter_context(Processes(ControlPlaneError, self._work_dir))
            access = self._start(self._processes, port)
            self._held = held.pop_all()
        return access

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def check(self) -> None:
        """Raises ControlPlaneError where a process has ended since the start."""
        if self._processes is None:
            raise ControlPlaneError(tr("The control plane was not started."))
        self._processes.check()

    def _start(self, processes: Processes, port: int) -> Access:
        files = commands.Files(processes.root)
        token = credentials.new_token()
        credentials.write_private(files.signing_key, credentials.signing_key())
        credentials.write_private(files.tokens, credentials.token_table(token))

        processes.start("etcd", commands.etcd(self._binaries, files))
        processes.wait("etcd", lambda: _listens(files.etcd_socket))
        processes.start("kube-apiserver", commands.api_server(self._binaries, files, port))
        processes.wait("kube-apiserver", lambda: _certificates(files.authority))
        access = Access(f"https://127.0.0.1:{port}", token, files.authority.read_text(encoding="utf-8"))
        credentials.write_private(files.kubeconfig, access.kubeconfig)
        with access.api() as api:
            processes.wait("kube-apiserver", lambda: _answers(api, "/readyz"))
            processes.start("kube-controller-manager", commands.controller_manager(self._binaries, files))
            processes.start("kube-scheduler", commands.scheduler(self._binaries, files))
            processes.start("kwok", commands.kwok(self._binaries, files))
            # Admission refuses pods until the controllers have given the namespace its service account.
            account = "/api/v1/namespaces/default/serviceaccounts/default"
            processes.wait("kube-controller-manager", lambda: _answers(api, account))
        return access


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


def _certificates(path: Path) -> bool:
    return path.exists() and path.read_text(encoding="utf-8").count("-----END CERTIFICATE-----") > 1


def _answers(api: Api, path: str) -> bool:
    try:
        api.get(path)
    except (*UNREACHABLE, ApiError):
        return False
    return True
