"""Replicas by load, as KEDA and Kubernetes' own autoscaler follow what the stack renders: a Deployment's, and the
groups of a LeaderWorkerSet.

Only times are shortened, to a hundredth, but to a second at least and six at most.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from pods import Pods
from scene import Object, Rendered, Scene, path, rendered

from components.workloads.autoscaling import PAUSED
from rehearsal.controllers.controllers import Controllers
from tests.waiting import until

STACKS = {"Deployment": "Pulumi.dev.yaml", "LeaderWorkerSet": "Pulumi.two-machines.yaml"}


@pytest.fixture(scope="module", autouse=True)
def software(controllers: Controllers) -> None:
    for each in ("lws", "keda"):
        controllers.install(each)


def autoscaled(kind: str) -> Rendered:
    def change(sections: dict[str, Any]) -> None:
        sections["models"]["chat"]["autoscaling"] = {"min": 1, "max": 3, "scaleDown": True}
        sections["pools"]["gpu"]["nodes"] = {"min": 2, "max": 6}

    return rendered(STACKS[kind], f"llm-{kind.lower()}", change)


def hurry(scaled: Object) -> None:
    def short(given: dict[str, Any], key: str) -> None:
        given[key] = min(6, max(1, given[key] // 100))

    short(scaled["spec"], "pollingInterval")
    behavior = scaled["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    short(behavior["scaleDown"], "stabilizationWindowSeconds")
    for direction in behavior.values():
        short(direction["policies"][0], "periodSeconds")


@dataclass
class Model:
    """An autoscaled model that runs: `waiting` and `running` set what each of its pods shows."""

    scene: Scene
    pods: Pods
    workload: Object
    scaled: Object

    def show(self, waiting: int, running: int) -> None:
        self.pods.gauges = {"vllm:num_requests_waiting": waiting, "vllm:num_requests_running": running}

    def full(self) -> int:
        """The running requests that a replica keeps its place for."""
        _, kept = self.scaled["spec"]["triggers"]
        return int(kept["metadata"]["targetValue"])

    def replicas(self) -> int:
        return self.scene.read(self.workload)["spec"]["replicas"]

    def ready(self) -> int:
        return self.scene.read(self.workload).get("status", {}).get("readyReplicas", 0)

    def seen(self) -> list[str]:
        """What the autoscaler read last, mean per replica, in the order of the triggers."""
        namespace = self.scaled["metadata"]["namespace"]
        path = f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers/keda-hpa-chat"
        read = self.scene.api.get(path).get("status", {}).get("currentMetrics") or []
        return [each["external"]["current"]["averageValue"] for each in read if "external" in each]

    def steps(self, over: Callable[[], bool]) -> int:
        """How often the number of replicas is changed until it is over: nothing else of the workload changes."""
        before = self.scene.read(self.workload)["metadata"]["generation"]
        until(over)
        return self.scene.read(self.workload)["metadata"]["generation"] - before

    def annotate(self, annotations: Mapping[str, str | None]) -> None:
        self.scene.api.patch(path(self.scaled), {"metadata": {"annotations": annotations}})


@pytest.fixture(scope="module", params=STACKS)
def model(request: pytest.FixtureRequest, scene: Scene, pods: Pods) -> Model:
    made = autoscaled(request.param)
    workload, scaled = made[request.param], made["ScaledObject"]
    hurry(scaled)
    model = Model(scene, pods, workload, scaled)
    model.show(waiting=0, running=0)
    scene.run(workload)
    # KEDA reads the variables of its target, the key among them.
    for kind in ("Secret", "Service"):
        scene.apply(made[kind])
    until(lambda: model.ready() == 1)
    scene.apply(scaled)
    return model


def test_replicas_come_one_at_a_time_stay_while_they_are_busy_and_go_when_they_are_not(model: Model) -> None:
    assert model.replicas() == 1
    model.show(waiting=10, running=0)
    assert model.steps(lambda: model.replicas() == 3) == 2

    model.show(waiting=0, running=model.full())
    until(lambda: model.seen() == ["0", str(model.full())])
    # Longer than it takes for all to go, as is seen after.
    calm = time.monotonic() + 15
    assert model.steps(lambda: time.monotonic() > calm) == 0

    model.show(waiting=0, running=0)
    assert model.steps(lambda: model.replicas() == 1) == 2


def test_a_paused_model_has_no_replica_and_gets_its_least_back_though_no_pod_shows_a_gauge(model: Model) -> None:
    model.annotate(PAUSED)
    until(lambda: model.replicas() == 0 and model.ready() == 0)
    model.annotate(dict.fromkeys(PAUSED))
    until(lambda: model.replicas() == 1 and model.ready() == 1)
