"""Pools as nodes, super-node machines, amounts, and what an update does to a resource."""

from dataclasses import replace
from typing import Any

import pytest

from catalog.load import load
from rehearsal.cluster.amounts import Amount, requested
from rehearsal.cluster.changes import ChangeKind, carried_over, compare
from rehearsal.cluster.machines import waits
from rehearsal.cluster.nodes import pool_of
from rehearsal.cluster.super_nodes import NoSuchMachineError, granted
from rehearsal.registration import Registration
from settings.quantity import size
from tests.unit.stacks import planned

GPU_TYPE = "eks.tke.cloud.tencent.com/gpu-type"


def registered(kind: str, name: str, inputs: dict[str, Any], **more: Any) -> Registration:
    return Registration(
        type=f"tencentcloud:Kubernetes/{kind[0].lower()}{kind[1:]}:{kind}",
        name=name,
        urn=f"urn:pulumi:dev::p::tke-llm:cloud:GpuPool$x::{name}",
        parent="",
        custom=True,
        inputs=inputs,
        id="1",
        outputs={},
        **more,
    )


def native(**changes: Any) -> Registration:
    inside = {
        "instanceTypes": ["PNV4.7XLARGE116"],
        "systemDisk": {"diskSize": 100},
        "replicas": 1,
        "scaling": {"minReplicas": 1, "maxReplicas": 3},
        "enableAutoscaling": False,
    }
    inputs = {
        "labels": [{"name": "team", "value": "a"}],
        "taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "PreferNoSchedule"}],
        "native": {**inside, **changes},
    }
    return registered("NativeNodePool", "llm-gpu-pool-nodes", inputs)


def test_a_native_pool_becomes_nodes_with_the_labels_and_taints_that_it_was_given() -> None:
    pool = pool_of(native(), planned(), load(), gpu_addon=True)
    node = pool.node(1)
    assert node["metadata"]["labels"]["team"] == "a"
    assert node["spec"]["taints"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "PreferNoSchedule"}]
    assert node["status"]["allocatable"]["nvidia.com/gpu"] == "1"
    assert (pool.count, pool.most) == (1, 1)


def test_without_the_gpu_add_on_nobody_announces_the_gpus() -> None:
    pool = pool_of(native(), planned(), load(), gpu_addon=False)
    assert "nvidia.com/gpu" not in pool.node(1)["status"]["allocatable"]


def test_an_autoscaled_pool_may_grow() -> None:
    pool = pool_of(native(enableAutoscaling=True), planned(), load(), gpu_addon=True)
    assert (pool.count, pool.most) == (1, 3)


def test_machines_of_another_type_replace_those_there_are() -> None:
    small = pool_of(native(), planned(), load(), gpu_addon=True)
    large = pool_of(native(instanceTypes=["PNV4.28XLARGE466"]), planned(), load(), gpu_addon=True)
    assert not small.alike(large)
    assert small.alike(replace(small, count=5))


def gpu_pod(cpu: str, memory: str, gpus: str, **annotations: str) -> dict[str, Any]:
    limits = {"cpu": cpu, "memory": memory, "nvidia.com/gpu": gpus}
    return {
        "metadata": {"annotations": annotations},
        "spec": {"containers": [{"resources": {"limits": {key: value for key, value in limits.items() if value}}}]},
    }


def test_a_pod_on_a_super_node_gets_the_smallest_machine_that_holds_it() -> None:
    machine = granted(gpu_pod("5", "30Gi", "1", **{GPU_TYPE: "A10*PNV4"}), load())
    assert machine is not None
    assert (machine.gpus, machine.vcpu, machine.memory_gib) == (1, 8, 30)


def test_of_a_list_of_types_the_first_that_holds_the_pod_counts() -> None:
    machine = granted(gpu_pod("16", "100Gi", "1", **{GPU_TYPE: "V100,T4"}), load())
    assert machine is not None
    assert machine.gpu_type == "T4"


@pytest.mark.parametrize(
    ("pod", "told"),
    [
        (gpu_pod("4", "30Gi", "3", **{GPU_TYPE: "A10*PNV4"}), "has 3 GPUs"),
        (gpu_pod("4", "30Gi", "1"), "only to a pod with the annotation"),
        (gpu_pod("4", "60Gi", "1", **{GPU_TYPE: "V100"}), "60.0 GiB"),
    ],
)
def test_a_pod_that_no_super_node_machine_holds_is_refused(pod: dict[str, Any], told: str) -> None:
    with pytest.raises(NoSuchMachineError, match=told):
        granted(pod, load())


def test_a_pod_without_gpu_is_given_whatever_it_asks() -> None:
    assert granted(gpu_pod("4", "30Gi", ""), load()) is None


def test_a_pod_counts_as_its_containers_together_or_its_largest_init_container() -> None:
    spec = {
        "initContainers": [{"resources": {"requests": {"cpu": "3", "memory": "64Mi"}}}],
        "containers": [
            {"resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}},
            {"resources": {"limits": {"cpu": "1", "memory": "512Mi", "nvidia.com/gpu": "2"}}},
        ],
    }
    assert requested(spec) == Amount(cpu_millis=3000, memory_mib=1536, gpus=2)


@pytest.mark.parametrize(
    ("quantity", "expected"), [("1Gi", 2**30), ("1.5Gi", 3 * 2**29), ("20G", 20 * 10**9), ("7", 7)]
)
def test_quantities_of_storage_are_bytes(quantity: str, expected: int) -> None:
    assert size(quantity) == expected


def test_a_pod_waits_when_the_scheduler_has_said_so() -> None:
    told = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}
    assert waits({"status": {"conditions": [told]}})
    assert not waits({"status": {}})


def job(**spec: Any) -> Registration:
    inputs = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "load"}, "spec": spec}
    return registered("Job", "load", inputs)


def test_a_job_with_another_template_is_replaced_and_with_another_limit_updated() -> None:
    had = job(template={"image": "a"}, backoffLimit=1)
    assert compare(had, job(template={"image": "b"}, backoffLimit=1)).change is ChangeKind.REPLACE
    updated = compare(had, job(template={"image": "a"}, backoffLimit=2))
    assert (updated.change, updated.fields) == (ChangeKind.UPDATE, ("spec.backoffLimit",))
    assert compare(had, had).change is ChangeKind.KEEP
    assert compare(None, had).change is ChangeKind.CREATE


def test_what_a_program_ignores_keeps_its_old_value() -> None:
    had = registered("Claim", "store", {"kind": "PersistentVolumeClaim", "spec": {"resources": "100Gi", "mode": "a"}})
    wants = registered(
        "Claim",
        "store",
        {"kind": "PersistentVolumeClaim", "spec": {"resources": "200Gi", "mode": "b"}},
        ignore_changes=("spec.resources",),
    )
    carried = carried_over(had, wants)
    assert carried.inputs["spec"] == {"resources": "100Gi", "mode": "b"}
    assert compare(had, carried).fields == ("spec.mode",)
