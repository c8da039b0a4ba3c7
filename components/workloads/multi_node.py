"""A model over several machines: a LeaderWorkerSet instead of a Deployment.

Replicas are groups of pods, one pod on each machine. The leader's pod is the server's own; the others run the same
image with the command that the plan has for them, answer no requests and so have no probes: the leader fails its own
when one of them is lost, and the whole group is made anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import PodSpecArgs, PodTemplateSpecArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from components.workloads import kube
from planner.plan.server import EngineSpec, Spread
from planner.plan.types import ModelPlan

API_VERSION = "leaderworkerset.x-k8s.io/v1"
KIND = "LeaderWorkerSet"
LEADERS = {"leaderworkerset.sigs.k8s.io/worker-index": "0"}
"""The label of leaders, which alone answer requests."""

SERVING = ("startup_probe", "readiness_probe", "liveness_probe", "lifecycle", "ports")
"""What a container has because it answers requests."""


@dataclass(frozen=True, kw_only=True)
class GroupArgs:
    """`pod` is the server's, as a Deployment would run it; `labels` and `annotations` are those of its pods."""

    namespace: pulumi.Input[str]
    model: ModelPlan
    labels: Mapping[str, str]
    annotations: Mapping[str, pulumi.Input[str]]
    pod: Mapping[str, Any]
    paused: bool = False
    after: Sequence[pulumi.Resource] = ()


def group_name(model: str) -> str:
    """The object's name. Not the model's own: its controller makes a headless Service of this name for the pods."""
    return f"{model}-group"


def leader_worker_set(name: str, args: GroupArgs, parent: pulumi.Resource) -> CustomResource:
    """The object. Pulumi waits until a group answers, as long as it would wait for a Deployment."""
    wait = f"{args.model.progress_deadline_seconds + kube.WAIT_MARGIN}s"
    return CustomResource(
        f"{name}-server",
        api_version=API_VERSION,
        kind=KIND,
        metadata={
            "name": group_name(args.model.name),
            "namespace": args.namespace,
            "labels": dict(args.labels),
            "annotations": {"pulumi.com/waitFor": "condition=Available"},
        },
        spec=group_spec(args),
        opts=pulumi.ResourceOptions(
            parent=parent,
            # As for a Deployment; and the controller's release brings the kind.
            depends_on=list(args.after),
            custom_timeouts=pulumi.CustomTimeouts(create=wait, update=wait, delete="20m"),
        ),
    )


def group_spec(args: GroupArgs) -> dict[str, Any]:
    """One group for each replica. `replicas` is left out where an autoscaler owns it."""
    spread = _spread(args.model.spec)
    metadata = ObjectMetaArgs(labels=dict(args.labels), annotations=dict(args.annotations) or None)

    def template(pod: dict[str, Any]) -> PodTemplateSpecArgs:
        return PodTemplateSpecArgs(metadata=metadata, spec=PodSpecArgs(**pod))

    group: dict[str, Any] = {
        "leaderWorkerTemplate": {
            "size": spread.size,
            "restartPolicy": "RecreateGroupOnPodRestart",
            "leaderTemplate": template(leader_pod(args.pod, spread)),
            "workerTemplate": template(worker_pod(args.pod, spread)),
        },
        # A group takes all of its machines, so it makes room before the next one comes unless there are more.
        "rolloutStrategy": {
            "type": "RollingUpdate",
            "rollingUpdateConfiguration": {"maxUnavailable": 1, "maxSurge": args.model.max_surge},
        },
        "startupPolicy": "LeaderCreated",
    }
    if not args.model.autoscaled:
        group["replicas"] = 0 if args.paused else args.model.min_replicas
    return group


def leader_pod(pod: Mapping[str, Any], spread: Spread) -> dict[str, Any]:
    """The server's pod, one to a machine."""
    return _on_machine(pod, spread, pod["containers"][0])


def worker_pod(pod: Mapping[str, Any], spread: Spread) -> dict[str, Any]:
    """The same pod without what makes it a server, with the command of the others."""
    server = {key: value for key, value in pod["containers"][0].items() if key not in SERVING}
    return _on_machine(pod, spread, {**server, "command": list(spread.worker_command)})


def on_host_network(models: Iterable[ModelPlan]) -> list[ModelPlan]:
    """The models whose pods use the machines' own network (RDMA): Pod Security `baseline` refuses such pods."""
    return [model for model in models if model.spec.on_host]


def _spread(spec: EngineSpec) -> Spread:
    if spec.spread is None:
        raise ValueError("the plan keeps this model on one machine")
    return spec.spread


def _on_machine(pod: Mapping[str, Any], spread: Spread, container: Mapping[str, Any]) -> dict[str, Any]:
    """The pod with this container, which knows its own address. With RDMA it is on the machine's own network, and
    may lock memory as the network cards need it."""
    address = kube.field_env(spread.address_env, "status.podIP")
    container = {**container, "env": [*container["env"], address]}
    changed: dict[str, Any] = {**pod, "containers": [container]}
    if spread.rdma:
        security = {**kube.container_security(), "capabilities": {"drop": ["ALL"], "add": ["IPC_LOCK"]}}
        changed["containers"] = [{**container, "security_context": security}]
        changed |= {"host_network": True, "dns_policy": "ClusterFirstWithHostNet"}
    return changed
