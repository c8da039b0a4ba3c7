"""Replicas by load: a KEDA ScaledObject, from which KEDA makes a HorizontalPodAutoscaler."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.workloads import kube, multi_node
from planner.plan.types import ScaleToZeroPlan, ScalingPlan

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
    fallback brings it. Where the last replica may go and Prometheus does not answer, what runs stays."""
    plan = args.plan
    to_zero = plan.to_zero
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "name": plan.model}
    group = {"apiVersion": multi_node.API_VERSION, "kind": multi_node.KIND, "name": multi_node.group_name(plan.model)}
    return {
        "scaleTargetRef": group if args.spread else deployment,
        "pollingInterval": POLL_SECONDS,
        # A replica comes with the model, and has as long for the first request as for each one after.
        **(
            {}
            if to_zero is None
            else {"cooldownPeriod": to_zero.idle_seconds, "initialCooldownPeriod": to_zero.idle_seconds}
        ),
        "minReplicaCount": plan.least,
        "maxReplicaCount": plan.most,
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": behavior(plan)}},
        "fallback": {
            "failureThreshold": FAILURES,
            "replicas": max(1, plan.least),
            "behavior": "currentReplicasIfHigher",
        },
        "triggers": list(_of_pods(args) if to_zero is None else _of_prometheus(plan, to_zero)),
    }


def _of_pods(args: ModelAutoscalingArgs) -> Iterator[dict[str, Any]]:
    plan = args.plan
    yield trigger(args, plan.metric, plan.waiting)
    if plan.kept is not None:
        yield trigger(args, *plan.kept)


def _of_prometheus(plan: ScalingPlan, to_zero: ScaleToZeroPlan) -> Iterator[dict[str, Any]]:
    """The same gauges as Prometheus has them, and the requests that come while no pod shows any. KEDA takes a trigger
    for active whose query gives more than 0: the first replica comes when any is, and the last one goes when none has
    been for as long as it is given."""
    queries = [(to_zero.asked, 1), (to_zero.waiting, plan.waiting)]
    if plan.kept is not None:
        queries.append((to_zero.running, plan.kept[1]))
    for query, per_replica in queries:
        yield {
            "type": "prometheus",
            "metadata": {"serverAddress": to_zero.prometheus, "query": query, "threshold": str(per_replica)},
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
