"""Stands in for KEDA: makes the HorizontalPodAutoscaler of each ScaledObject, which Kubernetes' own controller runs."""

from typing import Any

from rehearsal.cluster.objects import Object
from rehearsal.cluster.world import World
from rehearsal.control_plane.api import Api


def step(api: Api, world: World) -> None:
    """Make what is missing and bring up to date what differs."""
    for each in world.every("ScaledObject"):
        if "deletionTimestamp" in each["metadata"]:
            continue
        wanted = _autoscaler(each)
        metadata = wanted["metadata"]
        there = world.find("HorizontalPodAutoscaler", metadata["namespace"], metadata["name"])
        if there is None or _bounds(there) != _bounds(wanted):
            path = f"/apis/autoscaling/v2/namespaces/{metadata['namespace']}/horizontalpodautoscalers"
            api.apply(f"{path}/{metadata['name']}", wanted, manager="keda")


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
