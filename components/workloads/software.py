"""Software that the stack installs into the cluster: Envoy Gateway, KEDA, LeaderWorkerSet, Prometheus, the exporter of
GPUs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import tencentcloud_iac_pulumi as tencentcloud

from components.workloads import kube
from planner.plan.software import InstallPlan

COMPONENT = "software"
MARKET = "tke-market"
INSTALL_SECONDS = 900
"""Images come through mirrors, and Helm waits for the pods."""

TIMEOUTS = pulumi.CustomTimeouts(create="20m", update="20m", delete="20m")
"""Longer than the installation itself; the namespace's deletion waits for load balancers to be given back."""


@dataclass(frozen=True, kw_only=True)
class SoftwareArgs:
    """`cluster_id` is needed for the app market. `node_selector` finds the CPU nodes."""

    plan: InstallPlan
    cluster_id: pulumi.Input[str] | None = None
    node_selector: Mapping[str, str]


class Software(pulumi.ComponentResource):
    """A namespace and the release in it. `release` is what objects of the software's own kinds wait for.

    The namespace is ours so that its deletion is awaited: what the software made in it (the gateway's LoadBalancer
    Service above all) is deleted with it, finalizers included, before the cluster goes, even where the software is
    gone already.
    """

    release: pulumi.Resource

    def __init__(self, name: str, args: SoftwareArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:workloads:Software", name, None, opts)
        plan = args.plan
        namespace = kubernetes.core.v1.Namespace(
            f"{name}-namespace",
            metadata={"name": plan.namespace, "labels": kube.labels("namespace", plan.namespace, COMPONENT)},
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=TIMEOUTS),
        )
        into = namespace.metadata["name"]
        self.release = self._market(name, args, into) if plan.installer == "market" else self._helm(name, args, into)
        self.register_outputs({})

    def _market(self, name: str, args: SoftwareArgs, namespace: pulumi.Output[str]) -> pulumi.Resource:
        if args.cluster_id is None:
            raise ValueError("the app market installs into a cluster that is named by its id")
        return tencentcloud.kubernetes.ClusterRelease(
            f"{name}-release",
            cluster_id=args.cluster_id,
            name=args.plan.release,
            namespace=namespace,
            chart=args.plan.chart,
            chart_from=MARKET,
            chart_namespace=args.plan.market_namespace,
            cluster_type="tke",
            opts=pulumi.ResourceOptions(
                parent=self,
                # The market chooses the version, which the provider then reads as if it had been asked for.
                ignore_changes=["chartVersion"],
                custom_timeouts=pulumi.CustomTimeouts(create="30m", update="30m"),
            ),
        )

    def _helm(self, name: str, args: SoftwareArgs, namespace: pulumi.Output[str]) -> pulumi.Resource:
        plan = args.plan
        return kubernetes.helm.v3.Release(
            f"{name}-release",
            name=plan.release,
            namespace=namespace,
            chart=plan.chart,
            version=plan.version,
            repository_opts=None if plan.repository is None else {"repo": plan.repository},
            values=chart_values(plan, args.node_selector),
            timeout=INSTALL_SECONDS,
            skip_await=None if plan.awaited else True,
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=TIMEOUTS),
        )


def chart_values(plan: InstallPlan, node_selector: Mapping[str, str]) -> dict[str, Any]:
    """The chart's values as a tree: images where they are pulled from elsewhere, and the nodes to run on."""
    tree: dict[str, Any] = {}
    for name, value in plan.values:
        _put(tree, name, value)
    placing = plan.part_selectors if plan.node_selector is None else (plan.node_selector, *plan.part_selectors)
    for name in placing if node_selector else ():
        _put(tree, name, dict(node_selector))
    return tree


def _put(tree: dict[str, Any], name: str, value: object) -> None:
    *parents, last = name.split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
    tree[last] = value
