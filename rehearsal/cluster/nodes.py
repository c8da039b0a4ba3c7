"""The nodes that a pool of the recorded program becomes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.hardware import Machine
from catalog.load import Catalog
from components.workloads.kube import GPU_RESOURCE
from planner.plan.types import Plan, PoolPlan
from planner.pools.allocatable import allocatable
from planner.pools.decide import SUPER_NODE_SELECTOR, SUPER_NODE_TAINT
from planner.software.addons import SYSTEM
from rehearsal.subjects import node_labels

POOL = "rehearsal.tke-llm/pool"
"""Label of ours: the pool's name in the plan."""
NUMBER = "rehearsal.tke-llm/number"
"""Label of ours: which machine of its pool, counted from 1."""
GPU_NODE = "rehearsal.tke-llm/gpu"
"""Label of ours on nodes with GPUs, where the device plugin's DaemonSet runs."""
ZONE = "topology.kubernetes.io/zone"

MOST_PODS = 110
"""The kubelet's default."""
SUPER_PODS = 200
"""Default quota of pods that a cluster may run on super nodes; nothing else bounds them."""

USUAL_EFFECT = "NoSchedule"
"""Of a taint on nodes that exist, where the plan tolerates any."""

TaintKey = tuple[str, str, str]


@dataclass(frozen=True)
class SimulatedPool:
    """Machines that are alike: `count` of them now, up to `most` where an autoscaler adds them.

    `allocatable` is in Kubernetes' quantities, before the DaemonSets of add-ons, which run as pods of their own.
    """

    name: str
    kind: str
    count: int
    most: int
    allocatable: Mapping[str, str]
    labels: Mapping[str, str]
    taints: tuple[TaintKey, ...]
    zones: tuple[str, ...]

    def node(self, number: int) -> dict[str, Any]:
        """The Node object of the machine with this number, counted from 1; machines go round the zones."""
        name = f"{self.name}-{number}"
        zone = {ZONE: self.zones[(number - 1) % len(self.zones)]} if self.zones else {}
        gpu = {GPU_NODE: "true"} if GPU_RESOURCE in self.allocatable and self.kind != "super" else {}
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": name,
                "labels": {
                    "kubernetes.io/hostname": name,
                    **zone,
                    **self.labels,
                    POOL: self.name,
                    NUMBER: str(number),
                    **gpu,
                },
                # The attach-detach controller leaves nodes without it to their kubelet.
                "annotations": {"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
            },
            "spec": {
                "taints": [{"key": key, "value": value, "effect": effect} for key, value, effect in self.taints],
            },
            "status": {"capacity": dict(self.allocatable), "allocatable": dict(self.allocatable)},
        }


def simulated(
    kind: str,
    inputs: Mapping[str, Any],
    planned: PoolPlan | None,
    catalog: Catalog,
    *,
    gpu_addon: bool,
    zones: Sequence[str],
) -> SimulatedPool:
    """The pool that was asked of the cloud: `kind` is the short type of the resource, `inputs` are in clear,
    `planned` is None for the CPU nodes, `zones` are those of its subnets. Without the GPU add-on its machines
    announce no GPUs.

    Labels, taints, machine type and size are those that the program registered, not those that it planned.
    """
    labels = node_labels(inputs)
    if kind == "kubernetes.ServerlessNodePool":
        assert planned is not None  # noqa: S101  super nodes are made for models alone
        return _super(inputs, planned, zones)
    if kind == "kubernetes.NativeNodePool":
        native = inputs["native"]
        scaling = native.get("scaling") or {}
        count = int(native.get("replicas") or 0)
        most = int(scaling.get("maxReplicas", count)) if native.get("enableAutoscaling") else count
        machine, disk = catalog.machines[native["instanceTypes"][0]], native["systemDisk"]["diskSize"]
    else:
        config = inputs["autoScalingConfig"]
        machine, disk = catalog.machines[config["instanceType"]], config["systemDiskSize"]
        count = int(inputs.get("desiredCapacity", inputs["minSize"]))
        most = int(inputs["maxSize"]) if inputs.get("enableAutoScale", True) else count
    return SimulatedPool(
        name=SYSTEM if planned is None else planned.name,
        kind="system" if planned is None else planned.kind,
        count=count,
        most=most,
        allocatable=_room(machine, int(disk), catalog, gpu_addon=gpu_addon),
        labels={"node.kubernetes.io/instance-type": machine.name, **labels},
        taints=_taints(inputs.get("taints")),
        zones=tuple(zones),
    )


def existing_pools(plan: Plan) -> tuple[SimulatedPool, ...]:
    """Pools of a cluster that is not ours: as many machines as the stack file says, and as it describes them."""
    return tuple(
        SimulatedPool(
            name=pool.name,
            kind="existing",
            count=pool.max_nodes,
            most=pool.max_nodes,
            allocatable=_resources(
                pool.allocatable_cpu_millis, pool.allocatable_memory_mib, pool.gpus_per_node, pods=MOST_PODS
            ),
            labels=dict(pool.node_selector),
            taints=tuple((key, value, effect or USUAL_EFFECT) for key, value, effect in pool.tolerations),
            zones=(),
        )
        for pool in plan.pools.values()
        if pool.kind == "existing"
    )


def _super(inputs: Mapping[str, Any], planned: PoolPlan, zones: Sequence[str]) -> SimulatedPool:
    """One virtual node per pool: no machine stands behind it, only the quota of pods bounds it."""
    key, value, effect = SUPER_NODE_TAINT
    return SimulatedPool(
        name=planned.name,
        kind="super",
        count=1,
        most=1,
        allocatable=_resources(
            planned.allocatable_cpu_millis * SUPER_PODS,
            planned.allocatable_memory_mib * SUPER_PODS,
            planned.gpus_per_node * SUPER_PODS,
            pods=SUPER_PODS,
        ),
        labels={**dict(SUPER_NODE_SELECTOR), **node_labels(inputs)},
        taints=((key, value, effect), *_taints(inputs.get("taints"))),
        zones=tuple(zones),
    )


def _room(machine: Machine, disk_gib: int, catalog: Catalog, *, gpu_addon: bool) -> dict[str, str]:
    cpu, memory = allocatable(machine, (), catalog)
    return {
        **_resources(cpu, memory, machine.gpus if gpu_addon else 0, pods=MOST_PODS),
        "ephemeral-storage": f"{disk_gib}Gi",
    }


def _resources(cpu_millis: int, memory_mib: int, gpus: float, *, pods: int) -> dict[str, str]:
    gpu = {GPU_RESOURCE: str(int(gpus))} if gpus >= 1 else {}
    return {"cpu": f"{cpu_millis}m", "memory": f"{memory_mib}Mi", "pods": str(pods), **gpu}


def _taints(given: Iterable[Mapping[str, str]] | None) -> tuple[TaintKey, ...]:
    return tuple((each["key"], each.get("value") or "", each["effect"]) for each in given or ())
