"""One piece of software: what its chart puts into the cluster, and its processes beside it."""

import base64
import socket
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rehearsal.control_plane import credentials, ports
from rehearsal.control_plane.api import Api, GoneError
from rehearsal.control_plane.binaries import Binaries
from rehearsal.control_plane.processes import Processes


class ControllerError(Exception):
    """A controller did not become ready, or ended; the message says why, or ends with the last lines of its log."""


class Release:
    """What was put into the cluster and what runs, so that all of it can go again.

    Programs run outside the cluster: a Service of type ExternalName leads the API server to their port on loopback.
    """

    def __init__(
        self, api: Api, processes: Processes, kubeconfig: Path, proxy: str, values: Mapping[str, Any] | None = None
    ) -> None:
        self.api = api
        self.values = values or {}
        """What the chart was given, as far as it matters here."""
        self.kubeconfig = kubeconfig
        """The administrator's."""
        self.proxy = proxy
        """The HTTP proxy through which pods are reached."""
        self.root = processes.root
        """A private directory that all releases share; their processes run in it."""
        self._processes = processes
        self._objects: list[str] = []
        self._running: list[str] = []
        self._held = ExitStack()

    def hold(self, holder: socket.socket) -> None:
        """Keep a socket open as long as the release is there."""
        self._held.enter_context(holder)

    def let_go(self) -> None:
        """Close what is held."""
        self._held.close()

    def port(self) -> int:
        """A free port on loopback for a server of this release."""
        holder = ports.reserve()
        self.hold(holder)
        port: int = holder.getsockname()[1]
        if sys.platform != "linux":
            holder.close()
        return port

    def apply(self, collection: str, obj: Mapping[str, Any]) -> None:
        """Apply one object; it goes with the release, unless it is a namespace, as with Helm."""
        path = f"{collection}/{obj['metadata']['name']}"
        self.api.apply(path, dict(obj), "helm")
        if obj["kind"] != "Namespace":
            self._objects.append(path)

    def own(self, paths: Iterable[str]) -> None:
        """Take these objects into the release, so that they go with it."""
        self._objects += paths

    def apply_namespace(self, name: str) -> None:
        self.apply("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def apply_service(self, namespace: str, name: str) -> None:
        """A Service whose name leads to this machine, whatever port is asked for."""
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"type": "ExternalName", "externalName": "localhost"},
        }
        self.apply(f"/api/v1/namespaces/{namespace}/services", service)

    def run(self, name: str, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start a process; it ends with the release."""
        self._processes.start(name, argv, {"KUBECONFIG": str(self.kubeconfig), **(environment or {})})
        self._running.append(name)

    def end(self, name: str) -> None:
        """End a process."""
        self._processes.end(name)
        self._running.remove(name)

    def complete(self, name: str, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Run a program to its end, which has to be a good one; raises ControllerError."""
        self._processes.complete(name, argv, {"KUBECONFIG": str(self.kubeconfig), **(environment or {})})

    def wait(self, name: str, ready: Callable[[], bool]) -> None:
        """Wait until a process is ready; raises ControllerError."""
        self._processes.wait(name, ready)

    def mount(self, name: str, namespace: str, secret: str) -> Path:
        """The keys of a Secret as files, as a kubelet mounts it, once the process `name` has filled it."""
        path = f"/api/v1/namespaces/{namespace}/secrets/{secret}"
        self.wait(name, lambda: bool(self._read(path).get("data")))
        place = self.root / secret
        place.mkdir(exist_ok=True)
        for key, value in self._read(path)["data"].items():
            credentials.write_private(place / key, base64.b64decode(value).decode())
        return place

    def uninstall(self) -> None:
        """End the processes and take away what was put into the cluster."""
        for name in self._running:
            self._processes.end(name)
        for path in reversed(self._objects):
            with suppress(GoneError):
                self.api.delete(path)
            self.wait(f"The removal of {path}", partial(self._is_gone, path))
        self.let_go()

    def _is_gone(self, path: str) -> bool:
        return not self._read(path)

    def _read(self, path: str) -> Mapping[str, Any]:
        try:
            return self.api.get(path)
        except GoneError:
            return {}


def _nothing(_release: Release, _binaries: Binaries) -> None:
    """Nobody here could see what would come beside the definitions."""


@dataclass(frozen=True)
class Controller:
    """How one piece of software is started.

    `start` applies what the chart renders, starts the processes and returns when they serve their kinds.
    `kinds`: those that it does not start without, by group and name; None where that is all that it defines.
    `owns_definitions`: the chart's templates hold the definitions, so that they go with the release; those in a chart's
    `crds/` stay.
    """

    start: Callable[[Release, Binaries], None] = _nothing
    kinds: tuple[tuple[str, str], ...] | None = None
    owns_definitions: bool = False
