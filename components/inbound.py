"""Exposure and policies: software, load balancer and its guard, routes, one API for all models, and who may talk to
whom inside."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.cloud.load_balancer import LoadBalancerGuard, LoadBalancerGuardArgs
from components.cloud.network import VpcNetwork
from components.naming import Naming
from components.workloads import inference, kube, webui
from components.workloads.api_counters import ApiCounters, ApiCountersArgs
from components.workloads.api_gateway import ApiGateway, ApiGatewayArgs
from components.workloads.client_keys import ClientKeys
from components.workloads.gateway import GatewayRoutes, GatewayRoutesArgs
from components.workloads.ingress import Ingress, IngressArgs
from components.workloads.network_policy import NetworkPolicies, NetworkPoliciesArgs
from components.workloads.software import Software, SoftwareArgs
from planner.access.sources import ENVOY
from planner.plan.access import ApiPlan, ExposurePlan, RoutePlan
from planner.plan.software import InstallPlan
from planner.plan.types import Plan, ScalingPlan
from planner.software.gpu_exporter import GPU_EXPORTER


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
    names by model, and that of the page under None. `keys` are those of the API's clients, `engine_keys` the engines'
    own by model. `installed` is the software that is there by now. `outside` and `inside` are the options of what is
    made in the cloud and in the cluster."""

    naming: Naming
    plan: Plan
    namespace: pulumi.Input[str]
    network: VpcNetwork | None
    installer: Installer
    services: Mapping[str | None, pulumi.Input[str]]
    keys: ClientKeys | None
    engine_keys: Mapping[str, pulumi.Input[str]]
    installed: Mapping[str, pulumi.Resource]
    outside: pulumi.ResourceOptions
    inside: pulumi.ResourceOptions
    instance_id: pulumi.Input[str] | None = None


def make_inbound(name: str, args: InboundArgs) -> list[pulumi.Resource]:
    """Make the exposure, the API and the NetworkPolicies, as far as the plan has them, and return what was made."""
    plan = args.plan
    made: list[pulumi.Resource] = []
    if plan.policies is not None:
        policies = NetworkPoliciesArgs(
            namespace=args.namespace,
            models=list(plan.models.values()),
            plan=plan.policies,
            api=plan.api,
            exporter=args.installed.get(GPU_EXPORTER),
            instance_id=args.instance_id,
        )
        made.append(NetworkPolicies(f"{name}-policies", policies, args.inside))
    envoy = [args.installed[ENVOY]] if ENVOY in args.installed else []
    if plan.exposure is not None and plan.exposure.install is not None:
        envoy = [args.installer.install(plan.exposure.install)]
    exposed = [] if plan.exposure is None else [_expose(name, args, plan.exposure, envoy)]
    made += exposed
    if plan.api is not None and args.keys is not None:
        made += _api(name, args, plan.api, args.keys, [*envoy, *exposed])
    return made


def _api(
    name: str, args: InboundArgs, api: ApiPlan, keys: ClientKeys, after: Sequence[pulumi.Resource]
) -> list[pulumi.Resource]:
    plan = args.plan
    made: list[pulumi.Resource] = []
    if api.redis is not None:
        counters = ApiCountersArgs(
            namespace=args.namespace,
            envoy_namespace=api.envoy_namespace,
            plan=api.redis,
            cpu=plan.cpu,
            pull_secret=plan.pull_secret,
            installed=after,
        )
        made.append(ApiCounters(f"{name}-api-counters", counters, args.inside))
    gateway = ApiGatewayArgs(
        namespace=args.namespace,
        plan=api,
        exposure=plan.exposure,
        keys=keys.current,
        previous_keys=keys.previous,
        engine_keys=args.engine_keys,
        node_selector=args.installer.node_selector,
        cold_starts=dict(cold_starts(api, plan.scaling)),
        suffix=plan.names.suffix,
        after=after,
    )
    return [*made, ApiGateway(f"{name}-api", gateway, args.inside)]


def cold_starts(api: ApiPlan, scaling: Mapping[str, ScalingPlan]) -> Iterator[tuple[str, int]]:
    """Of the models that have no replica while nobody asks them, by the names at the API."""
    for each in api.models:
        scaled = scaling.get(each.model)
        if scaled is not None and scaled.to_zero is not None:
            yield each.name, scaled.to_zero.cold_start_seconds


def _expose(
    name: str, args: InboundArgs, exposure: ExposurePlan, installed: Sequence[pulumi.Resource]
) -> GatewayRoutes | Ingress:
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
                after=installed,
                api=args.plan.api is not None,
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
