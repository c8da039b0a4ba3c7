"""The stand-ins for software that runs beside Kubernetes: LeaderWorkerSets, KEDA, CSI drivers."""

from dataclasses import replace
from typing import Any

from stage import Sections, Stage, about, add, pod_of, spoil

from planner.plan.types import InstallPlan
from rehearsal.cluster.objects import title
from rehearsal.cluster.recorded import Recorded


def with_software(stack: Recorded, software: str) -> Recorded:
    """The stack with a release that brings this software."""
    install = InstallPlan(software, "market", software, software, None, None, None, f"{software}-system")
    cluster = next(each for each in stack.registrations if each.type.endswith(":Cluster"))
    release = replace(
        cluster,
        type="tencentcloud:Kubernetes/clusterRelease:ClusterRelease",
        name=software,
        urn=f"{cluster.urn}-{software}",
        inputs={"chart": software, "name": software},
        dependencies=(cluster.urn,),
    )
    return Recorded(replace(stack.plan, installs=(install,)), (*stack.registrations, release))


def two_machines(sections: Sections) -> None:
    sections["pools"]["gpu"]["nodes"] = {"min": 1, "max": 3}


def group(stage: Stage, stack: Recorded, size: int) -> dict[str, Any]:
    """A LeaderWorkerSet whose pods ask for what the dev stack's server asks for."""
    (server,) = (
        dict(each.inputs)
        for each in stack.registrations
        if each.inputs.get("kind") == "Deployment" and title(each).endswith("/chat")
    )
    template = {"metadata": {"labels": {"app": "big"}}, "spec": pod_of(server)}
    return {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": {"name": "big", "namespace": stage.namespace},
        "spec": {
            "replicas": 1,
            "leaderWorkerTemplate": {"size": size, "workerTemplate": template},
        },
    }


def test_a_group_gets_a_machine_for_each_of_its_pods(stage: Stage) -> None:
    stack = with_software(stage.record(two_machines), "lws")
    up = stage.session.up(add(stack, group(stage, stack, 2)))
    assert up.findings == ()
    (pool,) = (pool for pool in up.usage.pools if pool.name == "gpu")
    assert [node.requested.gpus for node in pool.nodes] == [1, 1, 1]
    names = {pod.name for node in pool.nodes for pod in node.pods}
    assert {f"{stage.namespace}/big-0", f"{stage.namespace}/big-0-1"} <= names


def test_a_group_without_enough_machines_is_told_in_the_schedulers_words(stage: Stage) -> None:
    stack = with_software(stage.record(two_machines), "lws")
    found = stage.session.up(add(stack, group(stage, stack, 3))).findings
    assert "Insufficient nvidia.com/gpu" in about(found, f"LeaderWorkerSet {stage.namespace}/big")


def test_a_kind_whose_software_nobody_installs_is_refused(stage: Stage) -> None:
    stack = stage.record()
    lonely = {**group(stage, stack, 1), "apiVersion": "leaderworkerset.example.com/v1"}
    found = stage.session.up(add(stack, lonely)).findings
    assert "has no kind LeaderWorkerSet" in about(found, f"LeaderWorkerSet {stage.namespace}/big")


def scaled(stage: Stage, target: str, least: int) -> dict[str, Any]:
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "chat", "namespace": stage.namespace},
        "spec": {
            "scaleTargetRef": {"name": target},
            "minReplicaCount": least,
            "maxReplicaCount": 3,
            "triggers": [{"type": "metrics-api", "metadata": {"targetValue": "5", "url": "http://chat:8000/metrics"}}],
        },
    }


def test_a_scaled_object_brings_its_target_to_its_least_size(stage: Stage) -> None:
    def unscaled(it: dict[str, Any]) -> None:
        del it["spec"]["replicas"]

    stack = spoil(with_software(stage.record(two_machines), "keda"), "Deployment", "chat", unscaled)
    up = stage.session.up(add(stack, scaled(stage, "chat", 2)))
    assert up.findings == ()
    (pool,) = (pool for pool in up.usage.pools if pool.name == "gpu")
    assert sum(node.requested.gpus for node in pool.nodes) == 2


def test_a_scaled_object_without_a_target(stage: Stage) -> None:
    stack = with_software(stage.record(), "keda")
    found = about(
        stage.session.up(add(stack, scaled(stage, "chatt", 1))).findings, f"ScaledObject {stage.namespace}/chat"
    )
    assert 'deployments.apps "chatt" not found' in found


def test_a_class_without_a_network_makes_no_file_system(stage: Stage) -> None:
    def nowhere(it: dict[str, Any]) -> None:
        it["parameters"].pop("vpcid", None)

    stack = stage.record(lambda sections: sections.update(storage={"kind": "cfs"}, retain=False))
    found = stage.session.up(spoil(stack, "StorageClass", "cfs-ai", nowhere)).findings
    told = about(found, f"PersistentVolumeClaim {stage.namespace}/ai-model")
    assert told == "VpcID should not be empty: the class has no parameter vpcid"
