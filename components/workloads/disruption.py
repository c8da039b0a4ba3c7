"""How many pods of one workload may be evicted at a time, as nodes are drained."""

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as kubernetes


def disruption_budget(
    name: str,
    kubernetes_name: str,
    namespace: pulumi.Input[str],
    labels: Mapping[str, str],
    *,
    selector: Mapping[str, str],
    parent: pulumi.Resource,
) -> kubernetes.policy.v1.PodDisruptionBudget:
    """One at a time; a budget that let none go would hold up every drain of a node."""
    return kubernetes.policy.v1.PodDisruptionBudget(
        f"{name}-disruption-budget",
        metadata={"name": kubernetes_name, "namespace": namespace, "labels": dict(labels)},
        spec={"max_unavailable": 1, "selector": {"match_labels": dict(selector)}},
        opts=pulumi.ResourceOptions(parent=parent),
    )
