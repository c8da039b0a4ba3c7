"""Exposure and policies: software, load balancer and its guard, routes, and who may talk to whom inside."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.cloud.load_balancer import LoadBalancerGuard, LoadBalancerGuardArgs
from components.cloud.network import VpcNetwork
from components.naming import Naming
from components.workloads import inference, kube, webui
from components.workloads.gateway import GatewayRoutes, GatewayRoutesArgs
from components.workloads.ingress import Ingress, IngressArgs
from components.workloads.network_policy import NetworkPolicies, NetworkPoliciesArgs
from components.workloads.software import Software, SoftwareArgs
from planner.plan.types import ExposurePlan, InstallPlan, Plan, RoutePlan


@dataclass(frozen=True, kw_only=True)
class Installer:
    """Installs software into the cluster. `cluster_id` is what the app market needs, `node_selector` finds the CPU
    nodes."""

    name: str
    inside: pulumi.ResourceOptions
    cluster_id: pulumi.Input[str] | None
    node_selector: Mapping[str, str]

    def install(self, plan: InstallPlan) -> pulumi.Resource:
        """The release, which objects of the software's own kinds wait for."""
        return Software(
            f"{self.name}-{plan.software}",
            SoftwareArgs(plan=plan, cluster_id=self.cluster_id, node_selector=self.node_selector),
            self.inside,
        ).release


@dataclass(frozen=True, kw_only=True)
class InboundArgs:
    """`network`: where an internal load balancer lies; None where the stack knows of none. `services` are the Services'
    names by model, and that of the page under None. `outside` and `inside` are the options of what is made in the cloud
    and in the cluster."""

    naming: Naming
    plan: Plan
    namespace: pulumi.Input[str]
    network: VpcNetwork | None
    installer: Installer
    services: Mapping[str | None, pulumi.Input[str]]
    outside: pulumi.ResourceOptions
    inside: pulumi.ResourceOptions


def make_inbound(name: str, args: InboundArgs) -> list[pulumi.Resource]:
    """Make the exposure and the NetworkPolicies, as far as the plan has them, and return what was made."""
    plan = args.plan
    made: list[pulumi.Resource] = []
    if plan.policies is not None:
        policies = NetworkPoliciesArgs(namespace=args.namespace, models=list(plan.models.values()), plan=plan.policies)
        made.append(NetworkPolicies(f"{name}-policies", policies, args.inside))
    if plan.exposure is not None:
        made.append(_expose(name, args, plan.exposure))
    return made


def _expose(name: str, args: InboundArgs, exposure: ExposurePlan) -> GatewayRoutes | Ingress:
    guard = None
    if exposure.balancer:
        guard = LoadBalancerGuard(
            f"{name}-balancer", LoadBalancerGuardArgs(naming=args.naming, allow=exposure.allow), args.outside
        ).security_group_id
    subnet = args.network.subnet_ids[0] if exposure.internal and args.network is not None else None
    targets = {route.name: args.services[route.target] for route in exposure.routes}
    if exposure.via == "gateway":
        return GatewayRoutes(
            f"{name}-gateway",
            GatewayRoutesArgs(
                namespace=args.namespace,
                plan=exposure,
                node_selector=args.installer.node_selector,
                targets=targets,
                subnet_id=subnet,
                security_group_id=guard,
                suffix=args.plan.names.suffix,
                after=[] if exposure.install is None else [args.installer.install(exposure.install)],
            ),
            args.inside,
        )
    return Ingress(
        f"{name}-ingress",
        IngressArgs(
            namespace=args.namespace,
            plan=exposure,
            targets=targets,
            selectors={route.name: _selector(route, args.plan) for route in exposure.routes},
            subnet_id=subnet,
            security_group_id=guard,
        ),
        args.inside,
    )


def _selector(route: RoutePlan, plan: Plan) -> dict[str, str]:
    """The labels of the pods that a route leads to."""
    if route.target is None:
        return kube.selector(webui.NAME, webui.COMPONENT)
    return inference.answering(plan.models[route.target])
