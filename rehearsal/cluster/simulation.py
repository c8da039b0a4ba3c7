"""The rehearsed cluster as it runs: its picture, the stand-ins that work beside the real controllers, and waiting."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from catalog.load import Catalog
from components.workloads.kube import GPU_RESOURCE
from rehearsal.cluster import balancers, gateways, scalers
from rehearsal.cluster.binder import Binder
from rehearsal.cluster.collector import Collector
from rehearsal.cluster.groups import Groups
from rehearsal.cluster.machines import Machines, waits
from rehearsal.cluster.objects import Object, Paths, Ref
from rehearsal.cluster.readiness import Judge, Unready
from rehearsal.cluster.world import ON_DEMAND, ClusterState, condition, look
from rehearsal.control_plane.api import Api, GoneError
from rehearsal.controllers.definitions import Definitions


@dataclass(frozen=True)
class ReadinessProblem:
    """One thing that is not as it should be: which resource, and the cause."""

    resource: str
    cause: str
    settled: bool = False

    def __str__(self) -> str:
        return f"{self.resource}: {self.cause}"


@dataclass(frozen=True)
class Patience:
    """Seconds without any event after which waiting ends: `settled` where all that is left to wait for is settled,
    `quiet` otherwise, and `longest` whatever happens."""

    settled: float = 5.0
    quiet: float = 20.0
    longest: float = 300.0


@dataclass
class Observations:
    """What was watched along the way: pods by ``namespace/name``."""

    waited_for_gpu: dict[str, str] = field(default_factory=dict)
    """Pods that found no free GPU, and the scheduler's words."""
    unscheduled_since: dict[str, float] = field(default_factory=dict)
    scheduling: dict[str, float] = field(default_factory=dict)
    """Seconds from the moment that a pod was seen until it had a node."""


class Simulation:
    """One cluster, empty at first. Not for several threads."""

    def __init__(self, api: Api, catalog: Catalog, patience: Patience | None = None) -> None:
        self.api = api
        self.catalog = catalog
        self.paths = Paths(api)
        self.machines = Machines(api)
        self.definitions = Definitions(api)
        self.collector = Collector(api, self.paths)
        self.seen = Observations()
        self.world = ClusterState({})
        self.patience = patience or Patience()
        self._binder = Binder(api)
        self._groups = Groups(api)
        self._kinds: set[str] = set()

    def watch(self, kind: str) -> None:
        """Look at objects of this kind too."""
        if kind in ON_DEMAND:
            self._kinds.add(kind)
        if kind == "ScaledObject":
            self._kinds.add("HorizontalPodAutoscaler")

    def step(self) -> None:
        """Take a picture and let every stand-in do what is to do."""
        self.world = world = look(self.api, self.paths, self._kinds)
        for act in (
            lambda: self._binder.step(world),
            lambda: self.machines.step(world),
            lambda: balancers.step(self.api, world),
            lambda: gateways.step(self.api, world),
            lambda: scalers.step(self.api, world),
            lambda: self._groups.step(world),
            lambda: self.collector.step(world),
        ):
            # The picture is a moment old: what it shows may be gone by now. The next one will not show it.
            with suppress(GoneError):
                act()
        self._note(world)

    def unready(self, wanted: Ref) -> list[Unready]:
        """Why an object is not ready, as of the last picture."""
        return self.judge.unready(wanted)

    @property
    def judge(self) -> Judge:
        return Judge(self.world, self.catalog, {**self._binder.refused, **self._groups.refused})

    def wait(self, left: Callable[[], Sequence[ReadinessProblem]]) -> tuple[ReadinessProblem, ...]:
        """Run until `left`, which is asked after each step, has nothing any more; else until nothing happens any more,
        and return what was left then."""
        begun = quiet_since = time.monotonic()
        fingerprint: frozenset[str] = frozenset()
        while True:
            self.step()
            findings = tuple(left())
            if not findings:
                return ()
            now = time.monotonic()
            if self.world.fingerprint != fingerprint:
                fingerprint, quiet_since = self.world.fingerprint, now
            most = self.patience.settled if all(each.settled for each in findings) else self.patience.quiet
            if now - quiet_since > most or now - begun > self.patience.longest:
                return findings
            time.sleep(_PAUSE)

    def _note(self, world: ClusterState) -> None:
        now = time.monotonic()
        for pod in world.every("Pod"):
            name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
            if "nodeName" not in pod["spec"]:
                self.seen.unscheduled_since.setdefault(name, now)
                if waits(pod) and f"Insufficient {GPU_RESOURCE}" in _words(pod):
                    self.seen.waited_for_gpu[name] = _words(pod)
            elif name in self.seen.unscheduled_since:
                self.seen.scheduling[name] = now - self.seen.unscheduled_since.pop(name)


_PAUSE = 0.15


def _words(pod: Object) -> str:
    return str(condition(pod, "PodScheduled").get("message", ""))
