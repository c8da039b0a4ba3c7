"""A stack at rest on a control plane: what is not ready, who runs where, what an update did, what is left."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.load import Catalog
from components.workloads.kube import GPU_RESOURCE
from rehearsal.cluster.cluster import Patience
from rehearsal.cluster.nodes import POOL
from rehearsal.cluster.objects import Object, Paths, Ref, UnknownKindError
from rehearsal.cluster.readiness import Judge
from rehearsal.cluster.state import GROUP_LABEL, ClusterState, look
from rehearsal.control_plane.api import Api, GoneError

_PAUSE = 0.3
_GIVEN = frozenset({"configmaps/kube-root-ca.crt", "serviceaccounts/default"})
"""What Kubernetes itself puts into every namespace."""
_TRACES = frozenset({"events", "endpointslices", "endpoints"})
_SERVERS = ("Deployment", "StatefulSet", "LeaderWorkerSet")


@dataclass(frozen=True)
class NotReady:
    """One object that is not as it should be, and the cause."""

    resource: str
    cause: str

    def __str__(self) -> str:
        return f"{self.resource}: {self.cause}"


@dataclass(frozen=True)
class Rest:
    """What there was when nothing moved any more; `not_ready` is empty where all of the stack is ready."""

    state: ClusterState
    not_ready: tuple[NotReady, ...]


def at_rest(api: Api, catalog: Catalog, objects: Sequence[Ref]) -> Rest:
    """Look until all of these objects are ready, those too that Pulumi does not wait for, or nothing moves any more."""
    patience = Patience()
    paths = Paths(api)
    begun = moved = time.monotonic()
    before: frozenset[str] = frozenset()
    while True:
        state = look(api, paths)
        judge = Judge(state, catalog)
        found = [(wanted, each) for wanted in objects for each in judge.unready(wanted)]
        if state.fingerprint != before:
            before, moved = state.fingerprint, time.monotonic()
        if not found or patience.over((each for _, each in found), begun, moved):
            told = (NotReady(str(wanted), each.cause) for wanted, each in found)
            return Rest(state, tuple(dict.fromkeys(told)))
        time.sleep(_PAUSE)


@dataclass(frozen=True)
class Interruption:
    """What an update did on the way. `interrupted` are workloads that had no pod for a time; `waited` are pods that
    found no free GPU, and the scheduler's words; `lost` are volumes whose data is gone."""

    interrupted: tuple[str, ...]
    waited: tuple[NotReady, ...]
    lost: tuple[str, ...]


def interruption(before: ClusterState, after: ClusterState, objects: Iterable[Ref]) -> Interruption:
    """What happened to the pods and volumes of these objects between two states at rest."""
    namespaces = {each.namespace for each in objects}
    return Interruption(
        tuple(_interrupted(before, after)), tuple(_waited(before, after)), tuple(_lost(before, after, namespaces))
    )


def _interrupted(before: ClusterState, after: ClusterState) -> Iterator[str]:
    """Workloads none of whose pods outlived the update though they cannot have been replaced one by one."""
    for kind in _SERVERS:
        for old in before.every(kind):
            metadata = old["metadata"]
            new = after.find(kind, metadata["namespace"], metadata["name"])
            if new is None or GROUP_LABEL in (metadata.get("labels") or {}):
                continue
            had, has = _uids(before, old), _uids(after, new)
            if had and not had & has and _stops(new, len(had)):
                yield f"{kind} {metadata['namespace']}/{metadata['name']}"


def _uids(state: ClusterState, owner: Object) -> set[str]:
    return {pod["metadata"]["uid"] for pod in state.pods_of(owner)}


def _stops(owner: Object, pods: int) -> bool:
    if owner["kind"] != "Deployment":
        return owner["spec"].get("replicas", 1) == 1
    strategy = owner["spec"]["strategy"]
    unavailable = (strategy.get("rollingUpdate") or {}).get("maxUnavailable", 0)
    return strategy["type"] == "Recreate" or (isinstance(unavailable, int) and unavailable >= pods)


def _waited(before: ClusterState, after: ClusterState) -> Iterator[NotReady]:
    told = {each["metadata"]["uid"] for each in before.every("Event")}
    for event in after.every("Event"):
        about = event["involvedObject"]
        fresh = event["reason"] == "FailedScheduling" and event["metadata"]["uid"] not in told
        if fresh and f"Insufficient {GPU_RESOURCE}" in event["message"]:
            yield NotReady(f"pod {about['namespace']}/{about['name']}", event["message"])


def _lost(before: ClusterState, after: ClusterState, namespaces: set[str]) -> Iterator[str]:
    there = {volume["metadata"]["uid"] for volume in after.every("PersistentVolume")}
    for volume in before.every("PersistentVolume"):
        claim = volume["spec"].get("claimRef") or {}
        if volume["metadata"]["uid"] not in there and claim.get("namespace") in namespaces:
            size = volume["spec"]["capacity"]["storage"]
            yield f"the volume of claim {claim['namespace']}/{claim['name']} ({size})"


@dataclass(frozen=True)
class Left:
    """`kept` is there because the stack file says `retain`, or was there before; `forgotten` should be gone."""

    kept: tuple[str, ...]
    forgotten: tuple[str, ...]


def left_over(api: Api, objects: Sequence[Ref], retained: Iterable[Ref], pools: Iterable[str]) -> Left:
    """Look for everything that the stack has made, directly or not: `objects` it made, `pools` it had."""
    paths, kept = Paths(api), set(retained)
    state = look(api, paths)
    there = [wanted for wanted in objects if _exists(api, paths, wanted)]
    forgotten = [str(wanted) for wanted in there if wanted not in kept]
    for namespace in sorted({wanted.name for wanted in objects if wanted.kind == "Namespace"}):
        named = {wanted.name for wanted in kept if wanted.namespace == namespace}
        if state.find("Namespace", "", namespace):
            forgotten += [each for each in _inside(api, paths, namespace) if each.rpartition("/")[2] not in named]
    claims = {(wanted.namespace, wanted.name) for wanted in objects if wanted.kind == "PersistentVolumeClaim"}
    volumes: list[str] = []
    for volume in state.every("PersistentVolume"):
        claim = volume["spec"].get("claimRef") or {}
        if (claim.get("namespace"), claim.get("name")) in claims:
            keeps = volume["spec"].get("persistentVolumeReclaimPolicy") == "Retain"
            held = f"PersistentVolume of claim {claim['namespace']}/{claim['name']}"
            (volumes if keeps else forgotten).append(held)
    nodes = {*pools}
    forgotten += [
        f"Node {node['metadata']['name']}"
        for node in state.every("Node")
        if node["metadata"]["labels"].get(POOL) in nodes
    ]
    return Left((*(str(wanted) for wanted in there if wanted in kept), *volumes), tuple(dict.fromkeys(forgotten)))


def _exists(api: Api, paths: Paths, wanted: Ref) -> bool:
    try:
        api.get(paths.of(wanted))
    except (GoneError, UnknownKindError):
        return False
    return True


def _inside(api: Api, paths: Paths, namespace: str) -> Iterator[str]:
    """``plural namespace/name`` of everything in a namespace."""
    for path in paths.namespaced():
        plural = path.rpartition("/")[2]
        items: list[dict[str, Any]] = [] if plural in _TRACES else api.get(path)["items"]
        for each in items:
            metadata = each["metadata"]
            if metadata["namespace"] == namespace and f"{plural}/{metadata['name']}" not in _GIVEN:
                yield f"{plural} {namespace}/{metadata['name']}"
