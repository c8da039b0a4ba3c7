"""Stands in for KEDA: makes the HorizontalPodAutoscaler of each ScaledObject, which Kubernetes' own controller runs.

A ScaledObject that is paused has none, and its target the number of replicas that the annotation says.
"""

from collections.abc import Mapping
from typing import Any

from rehearsal.cluster.objects import Object
from rehearsal.cluster.world import ClusterState
from rehearsal.control_plane.api import Api

PAUSED = "autoscaling.keda.sh/paused-replicas"
PLURALS: Mapping[str, str] = {"Deployment": "deployments", "LeaderWorkerSet": "leaderworkersets"}


def step(api: Api, world: ClusterState) -> None:
    """Make what is missing and bring up to date what differs."""
    for each in world.every("ScaledObject"):
        if "deletionTimestamp" in each["metadata"]:
            continue
        wanted = _autoscaler(each)
        metadata, target = wanted["metadata"], wanted["spec"]["scaleTargetRef"]
        path = f"/apis/autoscaling/v2/namespaces/{metadata['namespace']}/horizontalpodautoscalers/{metadata['name']}"
        there = world.find("HorizontalPodAutoscaler", metadata["namespace"], metadata["name"])
        paused = paused_at(each)
        if paused is not None:
            if there is not None:
                api.delete(path)
            _scale(api, world, metadata["namespace"], target, paused)
            continue
        if there is None or _bounds(there) != _bounds(wanted):
            api.apply(path, wanted, manager="keda")
        # The HPA does not look at a target without replicas; the first one is KEDA's to bring.
        found = world.find(target["kind"], metadata["namespace"], target["name"])
        if found is not None and found["spec"].get("replicas", 1) == 0:
            _scale(api, world, metadata["namespace"], target, wanted["spec"]["minReplicas"])


def paused_at(scaled: Object) -> int | None:
    """The replicas at which a ScaledObject holds its target; None where it scales."""
    said = scaled["metadata"].get("annotations", {}).get(PAUSED)
    return None if said is None else int(said)


def _scale(api: Api, world: ClusterState, namespace: str, target: Mapping[str, str], replicas: int) -> None:
    found = world.find(target["kind"], namespace, target["name"])
    if found is not None and found["spec"].get("replicas", 1) != replicas:
        path = f"/apis/{target['apiVersion']}/namespaces/{namespace}/{PLURALS[target['kind']]}/{target['name']}"
        api.patch(path, {"spec": {"replicas": replicas}})


def _autoscaler(scaled: Object) -> dict[str, Any]:
    spec, metadata = scaled["spec"], scaled["metadata"]
    target = {"apiVersion": "apps/v1", "kind": "Deployment", **spec["scaleTargetRef"]}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {
            "name": f"keda-hpa-{metadata['name']}",
            "namespace": metadata["namespace"],
            "ownerReferences": [
                {
                    "apiVersion": scaled["apiVersion"],
                    "kind": scaled["kind"],
                    "name": metadata["name"],
                    "uid": metadata["uid"],
                    "controller": True,
                }
            ],
        },
        "spec": {
            "scaleTargetRef": {key: target[key] for key in ("apiVersion", "kind", "name")},
            # Nothing asks anything, so the target stays at its least; KEDA itself ends the last pod, not the HPA.
            "minReplicas": max(1, spec.get("minReplicaCount", 0)),
            "maxReplicas": spec.get("maxReplicaCount", 100),
            "metrics": [
                {
                    "type": "External",
                    "external": {
                        "metric": {"name": f"s{number}-{trigger['type']}"},
                        "target": {"type": "AverageValue", "averageValue": "1"},
                    },
                }
                for number, trigger in enumerate(spec["triggers"])
            ],
        },
    }


def _bounds(autoscaler: Object) -> tuple[object, ...]:
    spec = autoscaler["spec"]
    return (spec["scaleTargetRef"]["name"], spec["minReplicas"], spec["maxReplicas"])
