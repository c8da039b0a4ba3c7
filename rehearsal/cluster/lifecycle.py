"""Up, update and down of a stack on the rehearsed cluster."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from rehearsal.cluster.changes import ChangeKind, Differing, carried_over, compare, predecessor
from rehearsal.cluster.installation import Installation, has_gpu_addon
from rehearsal.cluster.nodes import SimulatedPool, is_pool, pool_of
from rehearsal.cluster.objects import Ref, UnknownKindError, body, ref, title
from rehearsal.cluster.readiness import Unready
from rehearsal.cluster.recorded import Recorded
from rehearsal.cluster.simulation import ReadinessProblem, Simulation
from rehearsal.cluster.steps import ClusterStep, carry_out
from rehearsal.control_plane.api import ApiError
from rehearsal.manifests import is_object
from rehearsal.registration import Registration
from rehearsal.tree import short_type

_AWAITED = frozenset(
    {
        "Namespace",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "Service",
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "Pod",
        "Ingress",
    }
)
"""Kinds that Pulumi's provider waits for by itself."""
_SKIP_AWAIT = "pulumi.com/skipAwait"
_WAIT_FOR = "pulumi.com/waitFor"
_RELEASES = frozenset({"Release", "kubernetes.ClusterRelease"})


@dataclass(frozen=True)
class Warned:
    """A warning of the API server, and the object that it was said of."""

    resource: str
    message: str


class Lifecycle:
    """One stack on one cluster, which is empty at first."""

    def __init__(self, simulation: Simulation) -> None:
        self.warnings: list[Warned] = []
        self.applying = 0.0
        """Seconds that the API server took to accept objects."""
        self._simulation = simulation
        self._installation = Installation(simulation)
        self._current: dict[str, Registration] = {}

    def bring_up(self, stack: Recorded) -> tuple[ReadinessProblem, ...]:
        """Make everything; what is not ready in the end."""
        self._installation.before(stack)
        return self._move_to(stack)

    def update(self, stack: Recorded) -> tuple[dict[str, Differing], tuple[ReadinessProblem, ...]]:
        """Bring the stack to another one: what happens to each resource, by its title, and what is not ready."""
        before = dict(self._current)
        changes = {
            title(each): differing
            for each in self._carried(stack)
            if each.custom and (differing := compare(predecessor(each, before), each)).change is not ChangeKind.KEEP
        }
        changes |= {title(each): Differing(ChangeKind.DELETE) for each in self._gone(stack) if each.custom}
        return changes, self._move_to(stack)

    def tear_down(self) -> tuple[ReadinessProblem, ...]:
        """Delete everything in reverse order; what would not go."""
        findings = carry_out(self._simulation, self._deletions(list(self._current.values())))
        self._current = {}
        return findings

    def unready(self) -> list[ReadinessProblem]:
        """Everything of the stack that is not ready as of the last picture."""
        return [
            ReadinessProblem(str(wanted), each.cause, each.settled)
            for wanted in self.objects()
            for each in self._simulation.judge.unready(wanted)
        ]

    def objects(self) -> list[Ref]:
        """The Kubernetes objects of the stack as it is."""
        return [ref(body(each)) for each in self._current.values() if is_object(each)]

    def retained(self) -> list[Ref]:
        """Those of them that a teardown leaves."""
        return [ref(body(each)) for each in self._current.values() if is_object(each) and each.retain_on_delete]

    def retained_in_cloud(self) -> list[str]:
        """What of the cloud a teardown leaves, by title."""
        return [
            title(each)
            for each in self._current.values()
            if each.custom and each.retain_on_delete and not is_object(each)
        ]

    def _carried(self, stack: Recorded) -> tuple[Registration, ...]:
        return tuple(carried_over(predecessor(each, self._current), each) for each in stack.registrations)

    def _gone(self, stack: Recorded) -> list[Registration]:
        """What the stack as it is has and the next one has not."""
        followed = {old.urn for each in stack.registrations if (old := predecessor(each, self._current))}
        return [each for urn, each in self._current.items() if urn not in followed]

    def _move_to(self, stack: Recorded) -> tuple[ReadinessProblem, ...]:
        stack = replace(stack, registrations=self._carried(stack))
        for each in stack.registrations:
            self._simulation.watch(str(each.inputs.get("kind")))
        steps = [step for each in stack.registrations for step in self._steps(each, stack)]
        done = frozenset(step.key for step in steps)
        steps += [self._object_deletion(f"{old.urn}#old", old, done) for old in self._superseded(stack)]
        steps += self._deletions(self._gone(stack), after=done)
        self._current = {each.urn: each for each in stack.registrations}
        unfinished = carry_out(self._simulation, steps)
        if not unfinished:
            return self._simulation.wait(self.unready)
        # Pulumi waits for some kinds only, and the cause may lie with another.
        told = {each.resource for each in unfinished}
        return (*unfinished, *(each for each in self.unready() if each.resource not in told))

    def _steps(self, new: Registration, stack: Recorded) -> Iterator[ClusterStep]:
        old = predecessor(new, self._current)
        change = compare(old, new).change
        needs = new.waits_for & {each.urn for each in stack.registrations}
        if change is ChangeKind.KEEP:
            yield _place(new, needs)
            return
        if old is not None and change is ChangeKind.REPLACE and is_object(new) and _same_object(old, new):
            # The old object has to go before a new one of its name can come.
            yield self._object_deletion(f"{new.urn}#old", old, needs)
            needs |= {f"{new.urn}#old"}
        yield self._creation(new, stack, needs, old)

    def _superseded(self, stack: Recorded) -> Iterator[Registration]:
        """Objects that were replaced by ones of other names; Pulumi deletes them when everything else is done."""
        for new in stack.registrations:
            old = predecessor(new, self._current)
            if old is not None and is_object(new) and not _same_object(old, new) and not new.retain_on_delete:
                yield old

    def _creation(
        self, new: Registration, stack: Recorded, needs: frozenset[str], old: Registration | None
    ) -> ClusterStep:
        """The step that makes or changes one resource."""
        if is_object(new):
            wanted = body(new)
            return ClusterStep(new.urn, title(new), needs, lambda: self._apply(wanted), lambda: self._awaited(wanted))
        if is_pool(new):
            pool = pool_of(new, stack.plan, self._simulation.catalog, gpu_addon=has_gpu_addon(stack))
            return ClusterStep(
                new.urn,
                title(new),
                needs,
                lambda: self._machines(pool, new, changed=old is not None),
                lambda: self._nodes(pool.name),
            )
        act = self._brought(new, stack)
        return ClusterStep(new.urn, title(new), needs, act, self._installation.unready) if act else _place(new, needs)

    def _brought(self, new: Registration, stack: Recorded) -> Callable[[], None] | None:
        """What brings into the cluster that which comes with a resource of the cloud; None where nothing does."""
        kind, install = short_type(new.type), self._installation
        if kind == "kubernetes.Cluster":
            return install.cluster
        if kind == "kubernetes.Addon":
            return lambda: install.addon(str(new.inputs["addonName"]))
        if kind in _RELEASES:
            return lambda: install.release(str(new.inputs.get("chart")), stack)
        if new.type == "pulumi:providers:kubernetes":
            return lambda: install.gateway(stack.plan)
        return None

    def _apply(self, wanted: Mapping[str, Any]) -> None:
        place, api = ref(wanted), self._simulation.api
        begun = time.monotonic()
        api.warnings.clear()
        try:
            api.apply(self._simulation.paths.of(place), dict(wanted))
        finally:
            self.applying += time.monotonic() - begun
            self.warnings += [Warned(str(place), message) for message in api.warnings]

    def _awaited(self, wanted: Mapping[str, Any]) -> Sequence[Unready]:
        """What Pulumi would go on waiting for before it makes what depends on this object."""
        annotations, place, judge = wanted["metadata"].get("annotations") or {}, ref(wanted), self._simulation.judge
        if annotations.get(_SKIP_AWAIT) == "true":
            return []
        if place.kind == "PersistentVolumeClaim" and judge.waits_for_consumer(wanted):
            return []
        return judge.unready(place) if place.kind in _AWAITED or _WAIT_FOR in annotations else []

    def _machines(self, pool: SimulatedPool, new: Registration, *, changed: bool) -> None:
        if changed:
            self._simulation.machines.change(pool, self._simulation.world, old_first=new.delete_before_replace)
        else:
            self._simulation.machines.make(pool)

    def _nodes(self, pool: str) -> Sequence[Unready]:
        missing = self._simulation.machines.missing(pool, self._simulation.world)
        return [Unready(missing)] if missing else []

    def _deletions(self, gone: Iterable[Registration], after: frozenset[str] = frozenset()) -> list[ClusterStep]:
        """Delete these, dependents first, when `after` is done."""
        known = {each.urn: each for each in gone}
        dependents: dict[str, set[str]] = {urn: set() for urn in known}
        for each in known.values():
            for wanted in each.waits_for & known.keys():
                dependents[wanted].add(_deleted(each.urn))
        return [self._deletion(each, after | dependents[each.urn], known) for each in reversed(list(known.values()))]

    def _deletion(self, old: Registration, needs: frozenset[str], gone: Mapping[str, Registration]) -> ClusterStep:
        key = _deleted(old.urn)
        if old.retain_on_delete or old.deleted_with in gone:
            return ClusterStep(key, title(old), needs)
        if is_object(old):
            return self._object_deletion(key, old, needs)
        if is_pool(old):
            name = self._pool_name(old)
            machines = self._simulation.machines
            return ClusterStep(
                key,
                title(old),
                needs,
                lambda: machines.remove(name, self._simulation.world),
                lambda: [Unready("nodes are left")] if machines.nodes(name, self._simulation.world) else [],
            )
        if short_type(old.type) == "kubernetes.Addon":
            return ClusterStep(
                key, title(old), needs, lambda: self._installation.remove_addon(str(old.inputs["addonName"]))
            )
        return ClusterStep(key, title(old), needs)

    def _pool_name(self, registration: Registration) -> str:
        names = self._simulation.machines.pools
        return next(name for name in names if f"-{name}-" in registration.name)

    def _object_deletion(self, key: str, old: Registration, needs: frozenset[str]) -> ClusterStep:
        place = ref(body(old))
        return ClusterStep(key, title(old), needs, lambda: self._delete(place), lambda: self._still_there(place))

    def _delete(self, place: Ref) -> None:
        try:
            self._simulation.api.delete(self._simulation.paths.of(place), propagation="Foreground")
            self._simulation.collector.end(place)
        except ApiError as error:
            if error.status != 404:
                raise

    def _still_there(self, place: Ref) -> Sequence[Unready]:
        with suppress(UnknownKindError):
            try:
                found = self._simulation.api.get(self._simulation.paths.of(place))
            except ApiError as error:
                if error.status != 404:
                    raise
                return []
            told = [each["message"] for each in found.get("status", {}).get("conditions", ()) if each.get("message")]
            held = ", ".join(found["metadata"].get("finalizers", []))
            return [
                Unready(
                    f"it is still there{f' (held by {held})' if held else ''}{': ' if told else ''}{'; '.join(told)}"
                )
            ]
        return []


def _same_object(old: Registration, new: Registration) -> bool:
    return ref(body(old)) == ref(body(new))


def _place(registration: Registration, needs: frozenset[str]) -> ClusterStep:
    """A step that only has its place in the graph."""
    return ClusterStep(registration.urn, title(registration), needs)


def _deleted(urn: str) -> str:
    return f"{urn}#deleted"
