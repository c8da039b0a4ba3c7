"""Stands in for the LeaderWorkerSet controller: makes the pods of each group, and anew when their template changes."""

import hashlib
import json
from typing import Any

from rehearsal.cluster.objects import Object
from rehearsal.cluster.world import ClusterState, condition
from rehearsal.control_plane.api import Api, ApiError

_LABEL = "leaderworkerset.sigs.k8s.io"
_REVISION = f"{_LABEL}/template-revision-hash"


class Groups:
    """`refused`: sets, by UID, whose pods the API server does not take, and its words."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.refused: dict[str, str] = {}

    def step(self, world: ClusterState) -> None:
        """Bring the groups of each set one step nearer to what it asks for."""
        for each in world.every("LeaderWorkerSet"):
            if "deletionTimestamp" not in each["metadata"]:
                self._step(world, each)

    def _step(self, world: ClusterState, owner: Object) -> None:
        pods = {pod["metadata"]["name"]: pod for pod in world.owned("Pod", owner)}
        wanted = {pod["metadata"]["name"]: pod for pod in _pods(owner)}
        path = f"/api/v1/namespaces/{owner['metadata']['namespace']}/pods"
        surplus = [name for name, pod in pods.items() if name not in wanted or _old(pod, wanted[name])]
        # One group at a time, the last one first, as the controller does with its default of maxUnavailable 1.
        leaving = max((_group(pods[name]) for name in surplus), default=None)
        for name in surplus:
            if _group(pods[name]) == leaving and "deletionTimestamp" not in pods[name]["metadata"]:
                self._api.delete(f"{path}/{name}")
        for name in wanted.keys() - pods.keys():
            self._create(path, wanted[name], owner["metadata"]["uid"])
        ready = sum(
            all(_ready(pods.get(name)) for name, pod in wanted.items() if _group(pod) == str(number))
            for number in range(_replicas(owner))
        )
        _status(self._api, owner, ready)

    def _create(self, path: str, pod: dict[str, Any], owner: str) -> None:
        try:
            self._api.create(path, pod)
        except ApiError as error:
            # 409: the one of this name is still on its way out.
            if error.status != 409:
                self.refused[owner] = error.message


def _status(api: Api, owner: Object, ready: int) -> None:
    status = {"replicas": _replicas(owner), "readyReplicas": ready}
    had = owner.get("status", {})
    if any(had.get(key, 0) != value for key, value in status.items()):
        metadata = owner["metadata"]
        path = f"/apis/{owner['apiVersion']}/namespaces/{metadata['namespace']}/leaderworkersets/{metadata['name']}"
        api.patch(f"{path}/status", {"status": status})


def _replicas(owner: Object) -> int:
    return int(owner["spec"].get("replicas", 1))


def _group(pod: Object) -> str:
    return str(pod["metadata"]["labels"][f"{_LABEL}/group-index"])


def _old(pod: Object, wanted: Object) -> bool:
    return pod["metadata"]["labels"][_REVISION] != wanted["metadata"]["labels"][_REVISION]


def _ready(pod: Object | None) -> bool:
    return pod is not None and condition(pod, "Ready").get("status") == "True"


def _pods(owner: Object) -> list[dict[str, Any]]:
    """The pods that the set should have."""
    template = owner["spec"]["leaderWorkerTemplate"]
    revision = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]
    made: list[dict[str, Any]] = []
    for group in range(_replicas(owner)):
        for worker in range(int(template.get("size", 1))):
            chosen = (
                template["workerTemplate"] if worker else template.get("leaderTemplate", template["workerTemplate"])
            )
            made.append(_pod(owner, chosen, group, worker, revision))
    return made


def _pod(owner: Object, template: Object, group: int, worker: int, revision: str) -> dict[str, Any]:
    metadata, given = owner["metadata"], template.get("metadata") or {}
    leader = f"{metadata['name']}-{group}"
    labels = {
        f"{_LABEL}/name": metadata["name"],
        f"{_LABEL}/group-index": str(group),
        f"{_LABEL}/worker-index": str(worker),
        _REVISION: revision,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{leader}-{worker}" if worker else leader,
            "namespace": metadata["namespace"],
            "labels": {**(given.get("labels") or {}), **labels},
            "annotations": given.get("annotations") or {},
            "ownerReferences": [
                {
                    "apiVersion": owner["apiVersion"],
                    "kind": owner["kind"],
                    "name": metadata["name"],
                    "uid": metadata["uid"],
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": template["spec"],
    }
