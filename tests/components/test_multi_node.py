"""A model over several machines, as it is registered."""

from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.workloads import kube
from components.workloads.inference import InferenceArgs, server_pod
from components.workloads.multi_node import GroupArgs, leader_worker_set, on_host_network
from planner.engines.spread import spread
from planner.plan.server import Resources
from planner.plan.types import ModelPlan
from tests.components.plans import MODEL, POOL, SPEC
from tests.components.recorder import ComponentRun, build

LABELS = kube.labels("vllm", "chat", "inference")


def model(*, rdma: bool = False, **changes: Any) -> ModelPlan:
    whole = replace(SPEC, resources=Resources(cpu_millis=8000, memory_mib=32768, gpus=16))
    return replace(MODEL, nodes=2, gpus=16, spec=spread(whole, 2, rdma=rdma), **changes)


def made(planned: ModelPlan | None = None) -> ComponentRun:
    planned = planned or model()

    def make() -> None:
        controller = pulumi.CustomResource("test:index:Controller", "controller", {})
        parent = pulumi.ComponentResource("test:index:Inference", "chat")
        claim = pulumi.Output.from_input("ai-model")
        pod = server_pod(InferenceArgs(namespace="llm", model=planned, pool=POOL, claim=claim), [])
        leader_worker_set(
            "chat",
            GroupArgs(
                namespace="llm",
                model=planned,
                labels=LABELS,
                annotations={"tke-llm/api-key-checksum": pulumi.Output.from_input("abcd")},
                pod=pod,
                after=[controller],
            ),
            parent,
        )

    return build(make)


def template(recorder: ComponentRun, role: str) -> dict[str, Any]:
    group = recorder.one(":LeaderWorkerSet").inputs["spec"]["leaderWorkerTemplate"]
    return group[f"{role}Template"]


def container(recorder: ComponentRun, role: str) -> dict[str, Any]:
    (only,) = template(recorder, role)["spec"]["containers"]
    return only


def test_a_group_has_a_pod_on_each_machine_and_falls_and_rises_as_one():
    inputs = made().one(":LeaderWorkerSet").inputs
    assert inputs["apiVersion"] == "leaderworkerset.x-k8s.io/v1"
    group = inputs["spec"]["leaderWorkerTemplate"]
    assert group["size"] == 2
    assert group["restartPolicy"] == "RecreateGroupOnPodRestart"


def test_the_group_leaves_the_models_own_name_to_its_service():
    assert made().one(":LeaderWorkerSet").inputs["metadata"]["name"] == "chat-group"


def test_workers_do_not_wait_for_a_leader_that_waits_for_them():
    assert made().one(":LeaderWorkerSet").inputs["spec"]["startupPolicy"] == "LeaderCreated"


def test_each_pod_asks_for_the_gpus_of_one_machine():
    recorder = made()
    for role in ("leader", "worker"):
        assert container(recorder, role)["resources"]["limits"]["nvidia.com/gpu"] == "8"


def test_only_the_leader_serves_and_is_probed():
    recorder = made()
    leader, worker = container(recorder, "leader"), container(recorder, "worker")
    assert {"startupProbe", "readinessProbe", "livenessProbe", "ports"} <= leader.keys()
    assert {"startupProbe", "readinessProbe", "livenessProbe", "ports", "lifecycle"}.isdisjoint(worker)
    assert "--headless" in worker["command"]
    assert "--headless" not in leader["command"]


def test_all_pods_read_the_model_and_share_memory():
    recorder = made()
    for role in ("leader", "worker"):
        mounts = {mount["mountPath"] for mount in container(recorder, role)["volumeMounts"]}
        assert {"/models", "/dev/shm"} <= mounts
        volumes = {volume["name"]: volume for volume in template(recorder, role)["spec"]["volumes"]}
        assert volumes["models"]["persistentVolumeClaim"]["claimName"] == "ai-model"
        assert template(recorder, role)["spec"]["enableServiceLinks"] is False


def test_pods_stay_in_their_own_network_without_rdma():
    recorder = made()
    for role in ("leader", "worker"):
        assert "hostNetwork" not in template(recorder, role)["spec"]
        assert container(recorder, role)["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert not on_host_network([model()])


def test_with_rdma_pods_use_the_machines_network_and_may_lock_memory():
    recorder = made(model(rdma=True))
    for role in ("leader", "worker"):
        pod = template(recorder, role)["spec"]
        assert (pod["hostNetwork"], pod["dnsPolicy"]) == (True, "ClusterFirstWithHostNet")
        security = container(recorder, role)["securityContext"]
        assert security["capabilities"] == {"drop": ["ALL"], "add": ["IPC_LOCK"]}
        assert security["allowPrivilegeEscalation"] is False
    hosted = model(rdma=True)
    assert on_host_network([MODEL, hosted]) == [hosted]


def test_replicas_are_left_to_an_autoscaler():
    assert made(model(min_replicas=3)).one(":LeaderWorkerSet").inputs["spec"]["replicas"] == 3
    assert "replicas" not in made(model(autoscaled=True)).one(":LeaderWorkerSet").inputs["spec"]


def test_pulumi_waits_for_a_group_as_long_as_for_a_deployment():
    group = made().one(":LeaderWorkerSet")
    assert group.inputs["metadata"]["annotations"]["pulumi.com/waitFor"] == "condition=Available"
    assert group.registration.timeouts["create"] == f"{MODEL.progress_deadline_seconds + kube.WAIT_MARGIN}s"


def test_the_controller_is_there_first():
    recorder = made()
    assert recorder.depends(recorder.one(":LeaderWorkerSet"), recorder.one("test:index:Controller"))


def test_the_pods_labels_and_annotations_are_the_servers():
    recorder = made()
    for role in ("leader", "worker"):
        metadata = template(recorder, role)["metadata"]
        assert metadata["labels"] == LABELS
        assert metadata["annotations"] == {"tke-llm/api-key-checksum": "abcd"}


def test_a_model_on_one_machine_is_no_group():
    with pytest.raises(ValueError, match="one machine"):
        made(MODEL)


def test_every_machine_says_its_own_address_and_talks_over_a_named_card() -> None:
    """vLLM and SGLang ask the routing table otherwise, and NCCL and Gloo take any card (vllm/envs.py; NCCL's and
    PyTorch's documentation of *_SOCKET_IFNAME)."""
    assert dict(model().spec.env)["NCCL_SOCKET_IFNAME"] == dict(model().spec.env)["GLOO_SOCKET_IFNAME"] == "eth0"
    recorder = made()
    for role in ("leader", "worker"):
        (address,) = [each for each in container(recorder, role)["env"] if each["name"] == "VLLM_HOST_IP"]
        assert address["valueFrom"] == {"fieldRef": {"fieldPath": "status.podIP"}}
