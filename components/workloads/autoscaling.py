"""Replicas by load: a KEDA ScaledObject, from which KEDA makes a HorizontalPodAutoscaler."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.workloads import kube, multi_node
from planner.plan.types import ScalingPlan

COMPONENT = "autoscaling"
POLL_SECONDS = 15
CALM_SECONDS = 600
"""The load must have been low for so long before a replica goes."""
DOWN_SECONDS = 300
"""And one goes at a time, so far apart."""
FAILURES = 3
"""So many times in a row the gauge may not be had before the replicas no longer follow it."""
PAUSED = {"autoscaling.keda.sh/paused-replicas": "0"}
"""While a ScaledObject has this annotation, KEDA holds its target at that number and scales nothing."""


@dataclass(frozen=True, kw_only=True)
class ModelAutoscalingArgs:
    """`port` is the pods' own, where they show their metrics. `spread`: the model runs as a LeaderWorkerSet. While
    `paused` it has no replica, whatever waits. `after` is what must be there first: KEDA where the stack installs
    it, and the workload."""

    namespace: str
    plan: ScalingPlan
    port: int
    spread: bool = False
    paused: bool = False
    after: Sequence[pulumi.Resource] = ()


class ModelAutoscaling(pulumi.ComponentResource):
    """The scaling of one model. It is deleted before KEDA, which has to take its finalizer off."""

    def __init__(self, name: str, args: ModelAutoscalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:workloads:Autoscaling", name, None, opts)
        CustomResource(
            f"{name}-scaled-object",
            api_version="keda.sh/v1alpha1",
            kind="ScaledObject",
            metadata={
                "name": args.plan.model,
                "namespace": args.namespace,
                "labels": kube.labels("scaled-object", args.plan.model, COMPONENT),
                **({"annotations": PAUSED} if args.paused else {}),
            },
            spec=scaled_object_spec(args),
            # It names the workload in words, and its kind is KEDA's.
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        self.register_outputs({})


def scaled_object_spec(args: ModelAutoscalingArgs) -> dict[str, Any]:
    """KEDA's settings. Where no pod shows a gauge, as after a pause, KEDA would not even scale to the least: the
    fallback brings it."""
    plan = args.plan
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "name": plan.model}
    group = {"apiVersion": multi_node.API_VERSION, "kind": multi_node.KIND, "name": multi_node.group_name(plan.model)}
    return {
        "scaleTargetRef": group if args.spread else deployment,
        "pollingInterval": POLL_SECONDS,
        "minReplicaCount": plan.least,
        "maxReplicaCount": plan.most,
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": behavior(plan)}},
        "fallback": {
            "failureThreshold": FAILURES,
            "replicas": plan.least,
            "behavior": "currentReplicasIfHigher",
        },
        "triggers": [
            trigger(args, gauge, per_replica)
            for gauge, per_replica in ((plan.metric, plan.waiting), *((plan.kept,) if plan.kept else ()))
        ],
    }


def trigger(args: ModelAutoscalingArgs, gauge: str, per_replica: int) -> dict[str, Any]:
    """A gauge that calls for one replica for each `per_replica` of what it counts. Those of all pods are summed: their
    mean would ask for no more replicas than the first."""
    plan = args.plan
    return {
        "type": "metrics-api",
        "metadata": {
            "url": f"http://{plan.model}.{args.namespace}.svc.cluster.local:{args.port}{plan.path}",
            "format": "prometheus",
            "valueLocation": gauge,
            "targetValue": str(per_replica),
            "aggregateFromKubeServiceEndpoints": "true",
            "aggregationType": "sum",
        },
    }


def behavior(plan: ScalingPlan) -> dict[str, Any]:
    """One replica at a time: while it loads its weights the queue stays long and would call for all there are. None
    goes, unless asked for, since a GPU that is given back may be sold out when it is wanted again."""
    up = {"policies": [{"type": "Pods", "value": 1, "periodSeconds": plan.step_seconds}]}
    if not plan.scale_down:
        return {"scaleUp": up, "scaleDown": {"selectPolicy": "Disabled"}}
    down = {
        "stabilizationWindowSeconds": CALM_SECONDS,
        "policies": [{"type": "Pods", "value": 1, "periodSeconds": DOWN_SECONDS}],
    }
    return {"scaleUp": up, "scaleDown": down}
