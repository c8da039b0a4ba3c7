"""The controllers of what a stack installs, beside a control plane."""

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from functools import cached_property
from typing import Any, Self

from rehearsal.control_plane import credentials, ports
from rehearsal.control_plane.binaries import Binaries
from rehearsal.control_plane.plane import Access
from rehearsal.control_plane.processes import Processes
from rehearsal.controllers import envoy_gateway, keda, lws
from rehearsal.controllers.binaries import find
from rehearsal.controllers.definitions import Definitions, path_of
from rehearsal.controllers.release import Controller, ControllerError, Release

CONTROLLERS: Mapping[str, Controller] = {
    "envoy-gateway": envoy_gateway.ENVOY_GATEWAY,
    "keda": keda.KEDA,
    "lws": lws.LWS,
    # What is of its kinds is taken by the API server, held against their schemas, and followed by nobody.
    "kube-prometheus-stack": Controller(),
    # It defines no kind, and there is no GPU here.
    "dcgm-exporter": Controller(),
}
"""By the name of the software in the plan."""


class Controllers:
    """`with Controllers(access) as controllers: controllers.install("keda")` installs as the software's chart would,
    with the processes on this machine. They end with the block, and with this process (`Processes`).

    Not for several threads.
    """

    def __init__(self, access: Access, proxy: str | None = None) -> None:
        """`proxy`: the HTTP proxy that answers for pods; without one nobody does, and nothing leaves this machine."""
        self._access = access
        self._proxy = proxy or ""
        self._held = ExitStack()
        self._releases: dict[str, Release] = {}

    def __enter__(self) -> Self:
        with ExitStack() as held:
            # Whatever was held for processes is free only when they have ended.
            self._holders = held.enter_context(ExitStack())
            self._api = held.enter_context(self._access.api())
            nobody = held.enter_context(ports.reserve())
            self._proxy = self._proxy or "http://{}:{}".format(*nobody.getsockname())
            self._processes = held.enter_context(Processes(ControllerError))
            self._kubeconfig = self._processes.root / "kubeconfig"
            credentials.write_private(self._kubeconfig, self._access.kubeconfig)
            self._definitions = Definitions(self._api)
            self._held = held.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def install(
        self,
        software: str,
        kinds: Collection[tuple[str, str]] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        """Install the definitions, where `kinds` are given (group and name) of those alone and of what the controller
        needs, and the rest of the chart, with these values, unless that was done before; return when the controller
        serves its kinds.

        Raises ControllerError, MissingBinariesError, MissingDefinitionsError.
        """
        if software in self._releases:
            return
        controller, binaries = CONTROLLERS[software], self._binaries
        wanted = None if kinds is None or controller.kinds is None else {*kinds, *controller.kinds}
        names = self._definitions.install(software, wanted)
        self._processes.wait(f"Definitions of {software}", lambda: all(map(self._definitions.established, names)))
        release = Release(self._api, self._processes, self._kubeconfig, self._proxy, values)
        if controller.owns_definitions:
            release.own(map(path_of, names))
        self._holders.callback(release.let_go)
        with ExitStack() as undo:
            undo.callback(release.uninstall)
            controller.start(release, binaries)
            undo.pop_all()
        self._releases[software] = release

    def remove(self, software: str) -> None:
        """Take away what `install` brought, as `helm uninstall` does: definitions in a chart's `crds/` stay."""
        if release := self._releases.pop(software, None):
            release.uninstall()

    @cached_property
    def _binaries(self) -> Binaries:
        return find()

    def check(self) -> None:
        """Raises ControllerError where a process has ended."""
        self._processes.check()
