"""The parts that all our pods and objects share: labels, security contexts, probes, resources. Pure."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, TypedDict

from planner.plan.server import ExecProbe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pulumi
    from pulumi_kubernetes.core.v1 import (
        AffinityArgsDict,
        ContainerArgsDict,
        EmptyDirVolumeSourceArgsDict,
        EnvVarArgsDict,
        NodeSelectorTermArgsDict,
        PodSecurityContextArgsDict,
        PodSpecArgsDict,
        ProbeArgsDict,
        ResourceRequirementsArgsDict,
        SecurityContextArgsDict,
        ServiceSpecArgsDict,
        TolerationArgsDict,
        VolumeArgsDict,
        VolumeMountArgsDict,
    )
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

    from planner.plan.server import Probe, Resources, Scratch
    from planner.plan.types import CpuPlan

GPU_RESOURCE = "nvidia.com/gpu"
NAME_LABEL = "app.kubernetes.io/name"
INSTANCE_LABEL = "app.kubernetes.io/instance"
COMPONENT_LABEL = "app.kubernetes.io/component"

INFERENCE, DOWNLOAD, CHAT_PAGE, PAGE_STATE = "inference", "download", "chat-page", "page-state"
API_STATE = "api-state"
SMOKE_TEST, POLICY_PROBE = "smoke-test", "policy-probe"
PREFETCH = "image-prefetch"
NODE_FOLDER, NODE_FILES = "node-folder", "node-files"
"""What is run, as `COMPONENT_LABEL` has it."""

ROOT = 0

WAIT_MARGIN = 120
"""Seconds that Pulumi waits beyond Kubernetes' own deadline, so that Kubernetes' verdict is the one that is shown."""

SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}
"""Annotation of ClusterIP Services. Pulumi would hold a Service until its pods are ready, which the Deployment's own
wait does already, with the right budget. A ClusterIP Service owns nothing outside the cluster."""

WHY_ROOT, WHY_HOST_NETWORK, WHY_ANY_NODE = "tke-llm/why-root", "tke-llm/why-host-network", "tke-llm/why-any-node"
"""Annotations by which a pod says why it needs what the policy pack refuses otherwise (policy/pod_rules.py)."""

NAMESPACE_LABELS = {
    "pod-security.kubernetes.io/enforce": "baseline",
    "pod-security.kubernetes.io/warn": "restricted",
}
"""Pod Security admission. All our pods pass `baseline`, but for those that use RDMA; the download Job is UID 0 and so
not `restricted`."""


PRIVILEGED = {"pod-security.kubernetes.io/enforce": "privileged"}
"""The one level that lets pods use something of their node: its network, a folder."""


def namespace_labels(*, host_network: bool) -> dict[str, str]:
    """What the namespace enforces. Pods on their machine's network are refused by everything but `privileged`."""
    return NAMESPACE_LABELS | (PRIVILEGED if host_network else {})


def labels(application: str, instance: str, component: str) -> dict[str, str]:
    """The recommended labels: what it is (`vllm`), which one (`chat`), its part in the whole (`inference`)."""
    return {
        NAME_LABEL: application,
        INSTANCE_LABEL: instance,
        COMPONENT_LABEL: component,
        "app.kubernetes.io/part-of": "tke-llm",
        "app.kubernetes.io/managed-by": "pulumi",
    }


def selector(instance: str, component: str) -> dict[str, str]:
    """Labels that find a workload's pods. The application is left out, for a selector can never change and an
    engine may."""
    return {INSTANCE_LABEL: instance, COMPONENT_LABEL: component}


def pod_security(user: int, group: int, fs_group: int | None = None) -> PodSecurityContextArgsDict:
    """Pod level: who the processes are, and the runtime's seccomp profile."""
    context: PodSecurityContextArgsDict = {
        "run_as_non_root": user != ROOT,
        "run_as_user": user,
        "run_as_group": group,
        "seccomp_profile": {"type": "RuntimeDefault"},
    }
    if fs_group is not None:
        context["fs_group"] = fs_group
        context["fs_group_change_policy"] = "OnRootMismatch"
    return context


def container_security() -> SecurityContextArgsDict:
    """Container level: no capability, no way to gain one, and no file to write but in its volumes."""
    return {
        "allow_privilege_escalation": False,
        "capabilities": {"drop": ["ALL"]},
        "read_only_root_filesystem": True,
    }


def container(name: str, image: str, command: Sequence[str], resources: Resources) -> ContainerArgsDict:
    """One that runs a command and needs nothing else: mounts are for its caller to add."""
    return {
        "name": name,
        "image": image,
        "image_pull_policy": "IfNotPresent",
        "command": list(command),
        "resources": requirements(resources),
        "security_context": container_security(),
    }


def pod(
    *,
    security: PodSecurityContextArgsDict,
    containers: Sequence[ContainerArgsDict],
    node_selector: Mapping[str, str],
    volumes: Sequence[VolumeArgsDict] = (),
    tolerations: Sequence[tuple[str, str, str]] = (),
    avoid: Sequence[Sequence[tuple[str, str]]] = (),
    apart: Mapping[str, str] | None = None,
    priority_class: str | None = None,
    pull_secret: str | None = None,
) -> PodSpecArgsDict:
    """A pod that holds no Kubernetes credential and sees no Service environment (`VLLM_PORT=tcp://…` breaks vLLM).

    `apart`: labels of the pods that it keeps off its node where it can.
    """
    spec: PodSpecArgsDict = {
        "automount_service_account_token": False,
        "enable_service_links": False,
        "security_context": security,
        "containers": list(containers),
    }
    if volumes:
        spec["volumes"] = list(volumes)
    if node_selector:
        spec["node_selector"] = dict(node_selector)
    if tolerations:
        spec["tolerations"] = [toleration(*each) for each in tolerations]
    if avoid:
        spec["affinity"] = away_from(avoid)
    if apart is not None:
        spec["topology_spread_constraints"] = [
            {
                "max_skew": 1,
                "topology_key": "kubernetes.io/hostname",
                "when_unsatisfiable": "ScheduleAnyway",
                "label_selector": {"match_labels": dict(apart)},
            }
        ]
    if priority_class is not None:
        spec["priority_class_name"] = priority_class
    if pull_secret is not None:
        spec["image_pull_secrets"] = [{"name": pull_secret}]
    return spec


class Place(TypedDict):
    """Where a pod runs, as `pod` takes it."""

    node_selector: Mapping[str, str]
    tolerations: Sequence[tuple[str, str, str]]
    avoid: Sequence[Sequence[tuple[str, str]]]


def on_cpu_nodes(cpu: CpuPlan) -> Place:
    """The place of a pod without GPU."""
    return {"node_selector": dict(cpu.node_selector), "tolerations": cpu.tolerations, "avoid": cpu.avoid}


def away_from(sets: Sequence[Sequence[tuple[str, str]]]) -> AffinityArgsDict:
    """Stay off nodes that carry all labels of any of the sets. Terms are alternatives, and the expressions of one all
    hold: so each term picks one label of every set that a node must lack."""
    terms: list[NodeSelectorTermArgsDict] = [
        {"match_expressions": [{"key": key, "operator": "NotIn", "values": [value]} for key, value in lacking]}
        for lacking in product(*sets)
    ]
    return {"node_affinity": {"required_during_scheduling_ignored_during_execution": {"node_selector_terms": terms}}}


def toleration(key: str, value: str, effect: str) -> TolerationArgsDict:
    """Tolerate one taint; an empty value stands for any value, an empty effect for any effect."""
    tolerated: TolerationArgsDict = {"key": key, "operator": "Equal" if value else "Exists"}
    if value:
        tolerated["value"] = value
    if effect:
        tolerated["effect"] = effect
    return tolerated


def probe(probe: Probe, port: str = "http") -> ProbeArgsDict:
    """An HTTP GET probe on a named port, or one by a command."""
    if isinstance(probe, ExecProbe):
        return {
            "exec_": {"command": list(probe.command)},
            "period_seconds": probe.period,
            "failure_threshold": probe.failures,
            "timeout_seconds": probe.timeout,
        }
    rendered: ProbeArgsDict = {
        "http_get": {"path": probe.path, "port": port},
        "period_seconds": probe.period,
        "failure_threshold": probe.failures,
        "timeout_seconds": probe.timeout,
    }
    if probe.delay:
        rendered["initial_delay_seconds"] = probe.delay
    return rendered


def tcp_probe(period: int, failures: int, port: str) -> ProbeArgsDict:
    """A probe that opens a connection to a named port."""
    return {"tcp_socket": {"port": port}, "period_seconds": period, "failure_threshold": failures}


def requirements(resources: Resources) -> ResourceRequirementsArgsDict:
    """Requests, and limits that equal them but for CPU: a CPU limit throttles and protects no one on pinned nodes."""
    gpus = {GPU_RESOURCE: str(resources.gpus)} if resources.gpus else {}
    memory = {"memory": _memory(resources.memory_mib)}
    return {"requests": {"cpu": _cpu(resources.cpu_millis), **memory, **gpus}, "limits": {**memory, **gpus}}


def _cpu(millicores: int) -> str:
    """Thousandths of a core as the API server writes them: ``500m``, ``18``. A custom resource that a webhook writes
    anew (LeaderWorkerSet) differs at every `up` where a quantity is in another form (MarshalJSON in
    pkg/api/resource/quantity.go of k8s.io/apimachinery)."""
    return f"{millicores}m" if millicores % 1000 else str(millicores // 1000)


def _memory(mebibytes: int) -> str:
    """MiB as the API server writes them: ``1499Mi``, ``2Gi``."""
    for unit in ("Mi", "Gi"):
        if mebibytes % 1024:
            return f"{mebibytes}{unit}"
        mebibytes //= 1024
    return f"{mebibytes}Ti"


def scratch_volume(scratch: Scratch) -> tuple[VolumeArgsDict, VolumeMountArgsDict]:
    """An emptyDir and its mount."""
    source: EmptyDirVolumeSourceArgsDict = {"medium": "Memory"} if scratch.memory else {}
    source["size_limit"] = _memory(scratch.size_mib)
    return {"name": scratch.name, "empty_dir": source}, {"name": scratch.name, "mount_path": scratch.mount}


def pod_metadata(labels: Mapping[str, str], annotations: Mapping[str, pulumi.Input[str]]) -> ObjectMetaArgsDict:
    """Labels of a pod template, and annotations where there are any."""
    metadata: ObjectMetaArgsDict = {"labels": dict(labels)}
    if annotations:
        metadata["annotations"] = dict(annotations)
    return metadata


def custom_metadata(
    name: str, namespace: pulumi.Input[str], labels: Mapping[str, str], annotations: Mapping[str, str]
) -> ObjectMetaArgsDict:
    """Of a custom resource. An empty map is not kept by the API server, and would be a change at every `up`."""
    return {"name": name, "namespace": namespace, **pod_metadata(labels, annotations)}


def service_metadata(name: str, namespace: pulumi.Input[str], labels: Mapping[str, str]) -> ObjectMetaArgsDict:
    """Of a Service that Pulumi does not wait for (`SKIP_AWAIT`)."""
    return {"name": name, "namespace": namespace, "labels": dict(labels), "annotations": SKIP_AWAIT}


def service_spec(
    selector: Mapping[str, str], port: int, *, name: str = "http", kind: str = "ClusterIP"
) -> ServiceSpecArgsDict:
    """One port, which leads to the pods' port of the same name."""
    return {
        "type": kind,
        "selector": dict(selector),
        "ports": [{"name": name, "port": port, "target_port": name}],
    }


def plain_env(pairs: Sequence[tuple[str, str]]) -> list[EnvVarArgsDict]:
    """Environment variables whose values are no secrets."""
    return [{"name": name, "value": value} for name, value in pairs]


def secret_env(name: str, secret: pulumi.Input[str], key: str) -> EnvVarArgsDict:
    """An environment variable read from a Secret, the only way a secret reaches a pod."""
    return {"name": name, "value_from": {"secret_key_ref": {"name": secret, "key": key}}}


def field_env(name: str, path: str) -> EnvVarArgsDict:
    """An environment variable that holds a field of the pod itself."""
    return {"name": name, "value_from": {"field_ref": {"field_path": path}}}
