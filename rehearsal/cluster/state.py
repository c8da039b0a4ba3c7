"""What is in the cluster at one moment: all objects of the kinds that decide whether a stack is ready."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.cluster.objects import Object, Paths, UnknownKindError
from rehearsal.control_plane.api import Api, GoneError
from rehearsal.kinds import KINDS

_ALWAYS = {
    "Node": "v1",
    "Pod": "v1",
    "ServiceAccount": "v1",
    "Event": "v1",
    "CSIDriver": "storage.k8s.io/v1",
    "VolumeAttachment": "storage.k8s.io/v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
}
"""What Kubernetes, kubelets and controllers make of that which the program registers."""
WATCHED: Mapping[str, str] = {
    **_ALWAYS,
    **{each.short: each.api_version for each in KINDS.values() if each.watched and each.api_version is not None},
}
"""The API version of each kind that is looked at. Kinds that have a definition of their own may not be there."""
GROUP_LABEL = "leaderworkerset.sigs.k8s.io/name"
"""On the pods and StatefulSets of a LeaderWorkerSet: its name."""
_ONLY = {"Event": "?fieldSelector=type%3DWarning"}
"""Of these kinds, what is looked at."""

# Nodes report their health, and events count up, without anything having happened.
_RESTLESS = frozenset({"Node", "Event"})


@dataclass(frozen=True)
class ClusterState:
    """`objects` by kind."""

    objects: Mapping[str, tuple[dict[str, Any], ...]]

    def every(self, kind: str) -> tuple[dict[str, Any], ...]:
        return self.objects.get(kind, ())

    def find(self, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
        """The object of this name; `namespace` is "" for a cluster-scoped kind."""
        for each in self.every(kind):
            metadata = each["metadata"]
            if metadata["name"] == name and metadata.get("namespace", "") == namespace:
                return each
        return None

    def owned(self, kind: str, owner: Object) -> Iterator[dict[str, Any]]:
        """Objects of a kind that this one controls, directly."""
        uid = owner["metadata"]["uid"]
        for each in self.every(kind):
            if any(reference["uid"] == uid for reference in each["metadata"].get("ownerReferences", ())):
                yield each

    def pods_of(self, owner: Object) -> list[dict[str, Any]]:
        """The pods of a workload. Those of a LeaderWorkerSet are not its own but of StatefulSets that it makes."""
        if owner.get("kind") == "LeaderWorkerSet":
            return self.selected(owner["metadata"]["namespace"], {GROUP_LABEL: owner["metadata"]["name"]})
        sets = list(self.owned("ReplicaSet", owner)) if owner.get("kind") == "Deployment" else [owner]
        return [pod for each in sets for pod in self.owned("Pod", each)]

    def selected(self, namespace: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        """The pods that carry all of these labels."""
        return [
            pod
            for pod in self.every("Pod")
            if pod["metadata"]["namespace"] == namespace
            and labels.items() <= (pod["metadata"].get("labels") or {}).items()
        ]

    def warning(self, obj: Object, reasons: Iterable[str] = ()) -> str | None:
        """The message of the latest warning event about an object, of one of these reasons where some are given."""
        wanted = set(reasons)
        events = [
            event
            for event in self.every("Event")
            if event["involvedObject"].get("uid") == obj["metadata"]["uid"]
            and (not wanted or event["reason"] in wanted)
        ]
        latest = max(events, key=lambda event: int(event["metadata"]["resourceVersion"]), default=None)
        return None if latest is None else str(latest["message"])

    @property
    def fingerprint(self) -> frozenset[str]:
        """Changes when anything happens."""
        return frozenset(
            f"{each['metadata']['uid']}:{each['metadata']['resourceVersion']}"
            for kind, objects in self.objects.items()
            if kind not in _RESTLESS
            for each in objects
        )


def look(api: Api, paths: Paths) -> ClusterState:
    """Ask for all of it."""
    seen: dict[str, tuple[dict[str, Any], ...]] = {}
    groups = {each["name"] for each in api.get("/apis")["groups"]}
    for kind, version in WATCHED.items():
        group, slash, _ = version.partition("/")
        if slash and group not in groups:
            continue
        try:
            items = api.get(f"{paths.collection(version, kind)}{_ONLY.get(kind, '')}")["items"]
        except (UnknownKindError, GoneError):
            # Its definition is not there (yet), though others of its group are.
            continue
        # Items of a list do not say what they are.
        seen[kind] = tuple({"apiVersion": version, "kind": kind, **item} for item in items)
    return ClusterState(seen)


def revision(api: Api) -> str:
    """Another one as soon as anything is written, of whatever kind: of etcd, which every list carries."""
    return str(api.get("/api/v1/namespaces?limit=1")["metadata"]["resourceVersion"])


def condition(obj: Object, kind: str) -> Mapping[str, Any]:
    """One condition of an object's status; empty where it has none of this type."""
    return next((each for each in obj.get("status", {}).get("conditions") or () if each["type"] == kind), {})
