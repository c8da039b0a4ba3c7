"""What measures a stack: a managed Prometheus where that is meant, and what any Prometheus is told."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.cloud.cluster import AttachedCluster, ManagedCluster
from components.cloud.managed_prometheus import ManagedPrometheus, ManagedPrometheusArgs
from components.cloud.network import VpcNetwork
from components.naming import Naming
from components.workloads.monitoring import Monitoring, MonitoringArgs
from planner.plan.monitoring import ManagedPlan
from planner.plan.types import Plan
from planner.software.prometheus import PROMETHEUS


@dataclass(frozen=True, kw_only=True)
class MeasuredArgs:
    """`installed` is the software of the stack by name; `outside` and `inside` are options of what is made in the cloud
    and in the cluster."""

    naming: Naming
    plan: Plan
    namespace: pulumi.Input[str]
    cluster: ManagedCluster | AttachedCluster
    network: VpcNetwork | None
    installed: Mapping[str, pulumi.Resource]
    outside: pulumi.ResourceOptions
    inside: pulumi.ResourceOptions


def make_measured(name: str, args: MeasuredArgs) -> ManagedPrometheus | None:
    """Make what the plan measures by; the managed Prometheus, where there is one."""
    plan = args.plan.monitoring
    if plan is None:
        return None
    managed = None if plan.managed is None else _managed(name, args, plan.managed)
    ready = [] if managed is None else managed.ready
    Monitoring(
        f"{name}-monitoring",
        MonitoringArgs(
            namespace=args.namespace,
            plan=plan,
            models=args.plan.models,
            naming=args.naming,
            after=[args.installed[PROMETHEUS]] if PROMETHEUS in args.installed else ready,
            instance_id=None if managed is None else managed.instance_id,
        ),
        args.inside,
    )
    return managed


def reached_inside(plan: Plan) -> bool:
    """Whether the API server needs an address inside the VPC for what measures the stack: without one the managed
    Prometheus' agent is not installed (Tencent Cloud 1116, FAQs of TKE)."""
    managed = None if plan.monitoring is None else plan.monitoring.managed
    return managed is not None and managed.attaches


def _managed(name: str, args: MeasuredArgs, plan: ManagedPlan) -> ManagedPrometheus:
    return ManagedPrometheus(
        f"{name}-prometheus",
        ManagedPrometheusArgs(
            naming=args.naming,
            plan=plan,
            region=args.plan.region or "",
            cluster_id=args.cluster.cluster_id,
            network=args.network,
            after=[args.cluster],
        ),
        args.outside,
    )
