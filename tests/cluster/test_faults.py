"""Each fault that mocks let pass is found, with the resource and the cause by name."""

from typing import Any

import pytest
from stage import Sections, Stage, about, add, pod_of, spoil


def test_a_missing_toleration(stage: Stage) -> None:
    def closed(sections: Sections) -> None:
        sections["pools"]["gpu"]["taints"] = [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]

    stack = spoil(stage.record(closed), "Deployment", "chat", lambda it: pod_of(it).pop("tolerations"))
    found = about(stage.up(stack).not_ready, f"Deployment {stage.namespace}/chat")
    assert "is Pending: 0/3 nodes are available" in found
    assert "untolerated taint" in found


def test_a_request_above_what_the_machine_has(stage: Stage) -> None:
    def ask(it: dict[str, Any]) -> None:
        resources = pod_of(it)["containers"][0]["resources"]
        resources["limits"]["memory"] = resources["requests"]["memory"] = "110Gi"

    standing = stage.up(spoil(stage.record(), "Deployment", "chat", ask))
    assert "Insufficient memory" in about(standing.not_ready, f"Deployment {stage.namespace}/chat")
    (pool,) = (pool for pool in standing.usage.pools if pool.name == "gpu")
    (waiting,) = pool.waiting
    assert "Insufficient memory" in waiting.note
    assert waiting.asks.memory_mib > pool.nodes[0].allocatable.memory_mib


def test_a_disk_that_two_nodes_want_at_once(stage: Stage) -> None:
    def two_in_a_zone(sections: Sections) -> None:
        sections["cluster"]["systemPool"] = {"nodes": 4}

    def apart(it: dict[str, Any]) -> None:
        it["spec"]["replicas"] = 2
        term = {
            "labelSelector": {"matchLabels": it["spec"]["selector"]["matchLabels"]},
            "topologyKey": "kubernetes.io/hostname",
        }
        pod_of(it)["affinity"] = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}

    stack = spoil(stage.record(two_in_a_zone), "Deployment", "webui", apart)
    found = about(stage.up(stack).not_ready, f"Deployment {stage.namespace}/webui")
    assert "Multi-Attach error for volume" in found


def test_a_rolling_update_without_a_spare_gpu(stage: Stage) -> None:
    def rolling(it: dict[str, Any]) -> None:
        it["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}

    def newer(it: dict[str, Any]) -> None:
        pod_of(it)["containers"][0]["image"] += "-newer"

    stack = spoil(stage.record(), "Deployment", "chat", rolling)
    assert stage.up(stack).not_ready == ()
    standing, interruption = stage.update(spoil(stack, "Deployment", "chat", newer))
    assert "Insufficient nvidia.com/gpu" in about(standing.not_ready, f"Deployment {stage.namespace}/chat")
    (waited,) = {each.resource: each for each in interruption.waited}.values()
    assert waited.resource.startswith(f"pod {stage.namespace}/chat-")


def test_a_service_that_selects_nothing(stage: Stage) -> None:
    def other(it: dict[str, Any]) -> None:
        it["spec"]["selector"] = {"app": "chatt"}

    found = stage.up(spoil(stage.record(), "Service", "chat", other)).not_ready
    assert about(found, f"Service {stage.namespace}/chat") == "no pod has the labels that it selects: app=chatt"


def test_a_service_port_that_its_pods_do_not_have(stage: Stage) -> None:
    def other(it: dict[str, Any]) -> None:
        it["spec"]["ports"][0]["targetPort"] = "web"

    found = stage.up(spoil(stage.record(), "Service", "chat", other)).not_ready
    assert "its pods have no port called web" in about(found, f"Service {stage.namespace}/chat")


@pytest.mark.parametrize(("target", "ready"), [("chat", True), ("chatt", False)])
def test_an_autoscaler_without_a_target(stage: Stage, target: str, ready: bool) -> None:
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
    }
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "chat", "namespace": stage.namespace},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
            "maxReplicas": 2,
            "metrics": [metric],
        },
    }
    found = stage.up(add(stage.record(), scaler)).not_ready
    told = about(found, f"HorizontalPodAutoscaler {stage.namespace}/chat")
    assert (found == ()) is ready
    assert ('deployments.apps "chatt" not found' in told) is not ready


def test_a_shared_claim_on_a_disk(stage: Stage) -> None:
    def shared(it: dict[str, Any]) -> None:
        it["spec"]["accessModes"] = ["ReadWriteMany"]

    found = stage.up(spoil(stage.record(), "PersistentVolumeClaim", "webui", shared)).not_ready
    told = about(found, f"PersistentVolumeClaim {stage.namespace}/webui")
    assert told == "a CBS disk is attached to one node: access mode ReadWriteOnce only, not ReadWriteMany"


def test_a_pod_that_pod_security_refuses(stage: Stage) -> None:
    def privileged(it: dict[str, Any]) -> None:
        pod_of(it)["containers"][0]["securityContext"] = {"privileged": True}

    found = stage.up(spoil(stage.record(), "Deployment", "chat", privileged)).not_ready
    assert 'violates PodSecurity "baseline' in about(found, f"Deployment {stage.namespace}/chat")


def test_a_misspelt_field(stage: Stage) -> None:
    def misspelt(it: dict[str, Any]) -> None:
        it["spec"]["acessModes"] = it["spec"].pop("accessModes")

    found = stage.up(spoil(stage.record(), "PersistentVolumeClaim", "ai-model", misspelt)).not_ready
    assert "acessModes: field not declared in schema" in about(
        found, f"PersistentVolumeClaim {stage.namespace}/ai-model"
    )


def test_a_key_that_its_secret_does_not_have(stage: Stage) -> None:
    def other(it: dict[str, Any]) -> None:
        (variable,) = (each for each in pod_of(it)["containers"][0]["env"] if each["name"] == "VLLM_API_KEY")
        variable["valueFrom"]["secretKeyRef"]["key"] = "apiKey"

    found = stage.up(spoil(stage.record(), "Deployment", "chat", other)).not_ready
    told = about(found, f"Deployment {stage.namespace}/chat")
    assert f"couldn't find key apiKey in Secret {stage.namespace}/chat-api-key" in told


def test_a_class_without_a_network_makes_no_file_system(stage: Stage) -> None:
    def nowhere(it: dict[str, Any]) -> None:
        it["parameters"].pop("vpcid", None)

    stack = stage.record(lambda sections: sections.update(storage={"kind": "cfs"}, retain=False))
    found = stage.up(spoil(stack, "StorageClass", "cfs-ai", nowhere)).not_ready
    told = about(found, f"PersistentVolumeClaim {stage.namespace}/ai-model")
    assert told == "VpcID should not be empty: the class has no parameter vpcid"


def test_a_kind_that_no_software_defines(stage: Stage) -> None:
    lonely = {
        "apiVersion": "leaderworkerset.example.com/v1",
        "kind": "LeaderWorkerSet",
        "metadata": {"name": "big", "namespace": stage.namespace},
        "spec": {},
    }
    found = stage.up(add(stage.record(), lonely)).not_ready
    assert "has no kind LeaderWorkerSet" in about(found, f"LeaderWorkerSet {stage.namespace}/big")


def test_a_group_for_which_there_are_not_enough_machines(stage: Stage) -> None:
    def larger(it: dict[str, Any]) -> None:
        it["spec"]["leaderWorkerTemplate"]["size"] = 3

    stack = stage.record(file="Pulumi.two-machines.yaml")
    found = stage.up(spoil(stack, "LeaderWorkerSet", "chat-group", larger)).not_ready
    assert "Insufficient nvidia.com/gpu" in about(found, f"LeaderWorkerSet {stage.namespace}/chat-group")
