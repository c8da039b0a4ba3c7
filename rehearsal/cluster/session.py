"""A whole rehearsal on a control plane: up; where a second stack file is given, the update to it; and down."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from catalog.load import Catalog
from rehearsal.cluster.changes import ChangeKind, Differing
from rehearsal.cluster.leftovers import Left, left_over
from rehearsal.cluster.lifecycle import Lifecycle, Warned
from rehearsal.cluster.objects import Object
from rehearsal.cluster.recorded import Recorded
from rehearsal.cluster.simulation import Observations, Patience, ReadinessProblem, Simulation
from rehearsal.cluster.usage import Usage, usage
from rehearsal.cluster.world import ClusterState
from rehearsal.control_plane.api import Api
from rehearsal.registration import MASK, secret_texts


@dataclass(frozen=True)
class Seconds:
    """Where the time went. `apply`: until the API server had accepted every object, all calls together; `schedule`:
    until the pod that waited longest had a node; `ready`: from the first call until everything was ready."""

    apply: float
    schedule: float
    ready: float


@dataclass(frozen=True)
class StackState:
    """The stack at rest: `findings` are what is not ready, nothing when all of it is."""

    findings: tuple[ReadinessProblem, ...]
    usage: Usage
    warnings: tuple[Warned, ...]
    seconds: Seconds

    @property
    def ready(self) -> bool:
        return not self.findings


@dataclass(frozen=True)
class Changed:
    """What the update did to a resource, and the fields that differ."""

    resource: str
    change: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class StackUpdate:
    """The stack after the update, and what it did on the way.

    `interrupted` are workloads that had no pod for a time; `waited` are pods that found no free GPU, and the
    scheduler's words; `lost` are volumes whose data is gone.
    """

    standing: StackState
    changes: tuple[Changed, ...]
    interrupted: tuple[str, ...]
    waited: tuple[ReadinessProblem, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True)
class Teardown:
    """What would not go, and what is left."""

    findings: tuple[ReadinessProblem, ...]
    left: Left
    seconds: float


@dataclass(frozen=True)
class ClusterOutcome:
    """All of it. Without a second stack file, or where the first does not get ready, only `up` was rehearsed."""

    version: str
    up: StackState
    update: StackUpdate | None = None
    down: Teardown | None = None

    @property
    def ready(self) -> bool:
        updated = self.update is None or self.update.standing.ready
        gone = self.down is None or not (self.down.findings or self.down.left.forgotten)
        return self.up.ready and updated and gone


class ClusterSession:
    """One stack on one control plane. Not for several threads."""

    def __init__(self, api: Api, catalog: Catalog, patience: Patience | None = None) -> None:
        self.simulation = Simulation(api, catalog, patience)
        self.lifecycle = Lifecycle(self.simulation)
        self._secrets: set[str] = set()

    def up(self, stack: Recorded) -> StackState:
        """Make everything and wait until it is ready."""
        begun = self._begin(stack)
        return self._standing(self.lifecycle.bring_up(stack), begun)

    def update(self, stack: Recorded) -> StackUpdate:
        """Bring the stack to this one."""
        before, begun = self.simulation.world, self._begin(stack)
        namespaces = {each.namespace for each in self.lifecycle.objects()}
        changes, findings = self.lifecycle.update(stack)
        after = self.simulation.world
        return StackUpdate(
            standing=self._standing(findings, begun),
            changes=tuple(_changed(resource, differing) for resource, differing in changes.items()),
            interrupted=tuple(_interrupted(before, after)),
            waited=tuple(
                ReadinessProblem(f"pod {name}", words)
                for name, words in sorted(self.simulation.seen.waited_for_gpu.items())
            ),
            lost=tuple(_lost(before, after, namespaces)),
        )

    def down(self) -> Teardown:
        """Delete everything and look for what is left."""
        begun = time.monotonic()
        objects, retained = self.lifecycle.objects(), self.lifecycle.retained()
        in_cloud = tuple(self.lifecycle.retained_in_cloud())
        pools = [pool.name for pool in self.simulation.machines.pools.values() if pool.kind != "existing"]
        findings = self._hide(self.lifecycle.tear_down())
        taken = time.monotonic() - begun
        left = left_over(self.simulation, objects, retained, pools)
        return Teardown(findings, replace(left, kept=(*left.kept, *in_cloud)), taken)

    def _begin(self, stack: Recorded) -> float:
        self._secrets |= {text for each in stack.registrations for text in secret_texts(each.inputs)}
        self.simulation.seen = Observations()
        self.lifecycle.applying = 0.0
        self.lifecycle.warnings.clear()
        return time.monotonic()

    def _standing(self, findings: tuple[ReadinessProblem, ...], begun: float) -> StackState:
        return StackState(
            findings=self._hide(findings),
            usage=usage(self.simulation.world, self.simulation.machines, self.simulation.catalog),
            warnings=tuple(dict.fromkeys(self.lifecycle.warnings)),
            seconds=Seconds(
                apply=self.lifecycle.applying,
                schedule=max(self.simulation.seen.scheduling.values(), default=0.0),
                ready=time.monotonic() - begun,
            ),
        )

    def _hide(self, findings: tuple[ReadinessProblem, ...]) -> tuple[ReadinessProblem, ...]:
        """The API server may quote what it refuses, and that may be a secret."""
        hidden = []
        for each in dict.fromkeys(findings):
            cause = each.cause
            for text in sorted(self._secrets, key=len, reverse=True):
                cause = cause.replace(text, MASK)
            hidden.append(replace(each, cause=cause))
        return tuple(hidden)


def rehearse(api: Api, catalog: Catalog, first: Recorded, then: Recorded | None = None) -> ClusterOutcome:
    """Rehearse a stack, and the update to a second one and the teardown where there is one."""
    session = ClusterSession(api, catalog)
    version = str(api.get("/version")["gitVersion"])
    up = session.up(first)
    if then is None or not up.ready:
        return ClusterOutcome(version, up)
    update = session.update(then)
    return ClusterOutcome(version, up, update, session.down())


def _changed(resource: str, differing: Differing) -> Changed:
    made = differing.change in (ChangeKind.CREATE, ChangeKind.DELETE)
    return Changed(resource, differing.change.value, () if made else differing.fields)


def _interrupted(before: ClusterState, after: ClusterState) -> list[str]:
    """Workloads all of whose pods are new, and which may have none while they are replaced."""
    found: list[str] = []
    for kind in ("Deployment", "StatefulSet", "LeaderWorkerSet"):
        for old in before.every(kind):
            new = after.find(kind, old["metadata"]["namespace"], old["metadata"]["name"])
            if new is None:
                continue
            had, has = _uids(before, old), _uids(after, new)
            if had and not had & has and _stops(new, len(had)):
                found.append(f"{kind} {new['metadata']['namespace']}/{new['metadata']['name']}")
    return found


def _uids(world: ClusterState, owner: Object) -> set[str]:
    return {pod["metadata"]["uid"] for pod in world.pods_of(owner)}


def _stops(owner: Object, replicas: int) -> bool:
    if owner["kind"] != "Deployment":
        return replicas == 1
    strategy = owner["spec"]["strategy"]
    unavailable = (strategy.get("rollingUpdate") or {}).get("maxUnavailable", 0)
    return strategy["type"] == "Recreate" or (isinstance(unavailable, int) and unavailable >= replicas)


def _lost(before: ClusterState, after: ClusterState, namespaces: Collection[str]) -> list[str]:
    """Volumes of claims in these namespaces that are gone."""
    there = {volume["metadata"]["uid"] for volume in after.every("PersistentVolume")}
    return [
        _described(volume)
        for volume in before.every("PersistentVolume")
        if volume["metadata"]["uid"] not in there
        and (volume["spec"].get("claimRef") or {}).get("namespace") in namespaces
    ]


def _described(volume: Mapping[str, object]) -> str:
    spec = volume["spec"]
    assert isinstance(spec, Mapping)  # noqa: S101  every volume has one
    claim = spec.get("claimRef") or {}
    return f"the volume of claim {claim.get('namespace')}/{claim.get('name')} ({spec['capacity']['storage']})"
