"""The stand-in for KEDA, while a ScaledObject is paused."""

from typing import Any

import pytest

from rehearsal.cluster import scalers

DEPLOYMENT = {"kind": "Deployment", "metadata": {"namespace": "llm", "name": "chat"}, "spec": {}}
AUTOSCALER = "/apis/autoscaling/v2/namespaces/llm/horizontalpodautoscalers/keda-hpa-chat"
TARGET = "/apis/apps/v1/namespaces/llm/deployments/chat"


class FakeCluster:
    """World and API server in one: holds a ScaledObject, its target and its HPA, and notes what is asked."""

    def __init__(self, *, paused: bool, replicas: int, scaled: bool) -> None:
        metadata = {"namespace": "llm", "name": "chat", "uid": "1", "annotations": {scalers.PAUSED: "0"}}
        if not paused:
            del metadata["annotations"]
        spec = {"scaleTargetRef": {"name": "chat"}, "minReplicaCount": 1, "maxReplicaCount": 2, "triggers": []}
        self._scaled = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": metadata, "spec": spec}
        hpa = {"spec": {"scaleTargetRef": {"name": "chat"}, "minReplicas": 1, "maxReplicas": 2}}
        self._objects = {"Deployment": {**DEPLOYMENT, "spec": {"replicas": replicas}}}
        self._objects |= {"HorizontalPodAutoscaler": hpa} if scaled else {}
        self.asked: list[tuple[object, ...]] = []

    def every(self, _kind: str) -> list[dict[str, Any]]:
        return [self._scaled]

    def find(self, kind: str, _namespace: str, _name: str) -> dict[str, Any] | None:
        return self._objects.get(kind)

    def apply(self, path: str, _body: object, manager: str) -> None:
        self.asked.append(("apply", path, manager))

    def delete(self, path: str) -> None:
        self.asked.append(("delete", path))

    def patch(self, path: str, body: object) -> None:
        self.asked.append(("patch", path, body))


@pytest.mark.parametrize(
    ("cluster", "asked"),
    [
        (FakeCluster(paused=False, replicas=1, scaled=False), [("apply", AUTOSCALER, "keda")]),
        (FakeCluster(paused=False, replicas=2, scaled=True), []),
        (
            FakeCluster(paused=True, replicas=2, scaled=True),
            [("delete", AUTOSCALER), ("patch", TARGET, {"spec": {"replicas": 0}})],
        ),
        (FakeCluster(paused=True, replicas=0, scaled=False), []),
        (
            FakeCluster(paused=False, replicas=0, scaled=False),
            [("apply", AUTOSCALER, "keda"), ("patch", TARGET, {"spec": {"replicas": 1}})],
        ),
    ],
    ids=["new", "scaled", "paused", "at zero", "back"],
)
def test_a_paused_model_is_held_at_zero_and_scaled_again_afterwards(
    cluster: Any, asked: list[tuple[object, ...]]
) -> None:
    scalers.step(cluster, cluster)
    assert cluster.asked == asked
