"""Pools as nodes, super-node machines, amounts."""

from typing import Any

import pytest

from catalog.load import load
from rehearsal.cluster.amounts import Amount, requested
from rehearsal.cluster.machines import waits
from rehearsal.cluster.nodes import SimulatedPool, simulated
from rehearsal.cluster.super_nodes import NoSuchMachineError, granted
from settings.quantity import size
from tests.unit.stacks import planned

GPU_TYPE = "eks.tke.cloud.tencent.com/gpu-type"


def native(*, gpu_addon: bool = True, **changes: Any) -> SimulatedPool:
    """The GPU pool of the dev stack as it is asked of the cloud, with some properties of its machines changed."""
    plan = planned()
    (planned_pool,) = plan.pools.values()
    inside = {
        "instanceTypes": ["PNV4.7XLARGE116"],
        "systemDisk": {"diskSize": 100},
        "replicas": 1,
        "scaling": {"minReplicas": 1, "maxReplicas": 3},
        "enableAutoscaling": False,
    }
    inputs = {
        "labels": [{"name": name, "value": value} for name, value in (*planned_pool.labels, ("team", "a"))],
        "taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "PreferNoSchedule"}],
        "native": {**inside, **changes},
    }
    zones = ["ap-guangzhou-6"]
    return simulated("kubernetes.NativeNodePool", inputs, planned_pool, load(), gpu_addon=gpu_addon, zones=zones)


def test_a_native_pool_becomes_nodes_with_the_labels_and_taints_that_it_was_given() -> None:
    pool = native()
    node = pool.node(1)
    assert (pool.name, pool.kind) == ("gpu", "native")
    assert node["metadata"]["labels"]["team"] == "a"
    assert node["metadata"]["labels"]["topology.kubernetes.io/zone"] == "ap-guangzhou-6"
    assert node["spec"]["taints"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "PreferNoSchedule"}]
    assert node["status"]["allocatable"]["nvidia.com/gpu"] == "1"
    assert (pool.count, pool.most) == (1, 1)


def test_without_the_gpu_add_on_nobody_announces_the_gpus() -> None:
    assert "nvidia.com/gpu" not in native(gpu_addon=False).node(1)["status"]["allocatable"]


def test_an_autoscaled_pool_may_grow() -> None:
    pool = native(enableAutoscaling=True)
    assert (pool.count, pool.most) == (1, 3)


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
