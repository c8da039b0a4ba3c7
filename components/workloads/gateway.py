"""Exposure by Gateway API: class, proxy, Gateway and routes of Envoy Gateway, or routes to a Gateway that exists.

The order of deletion is that of dependencies, backwards. Routes go first. Then the Gateway, upon which Envoy Gateway
takes down the proxy and its LoadBalancer Service. Then the class, whose finalizer Envoy Gateway holds while it has a
Gateway. Then the release, and last its namespace, whose deletion waits until the Service, and with it the CLB, is gone
(`Software`). Only after that do nodes and cluster go.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.workloads import kube
from components.workloads.access_log import ACCOUNTS
from planner.access.api import PROXIES
from planner.access.sources import GATEWAY
from planner.plan.access import ExposurePlan, RoutePlan

API_VERSION = "gateway.networking.k8s.io/v1"
ENVOY_VERSION = "gateway.envoyproxy.io/v1alpha1"
CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
NAME = GATEWAY
COMPONENT = "gateway"

REQUEST_TIMEOUT = "1h"
"""Of a whole answer. Without one Envoy ends it after 15 seconds, and any stream after five minutes of silence; with one
Envoy Gateway lifts the latter to an hour too (internal/xds/translator/route.go, idleTimeout)."""

HTTP, HTTPS = "http", "https"

TRAFFIC = {
    "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": NAME}],
    "retry": {"numRetries": 2, "retryOn": {"triggers": ["connect-failure"]}},
    "healthCheck": {"panicThreshold": 0},
}
"""What Envoy does about a pod that does not answer. A connection that fails, upon which nothing was sent, is tried at
another pod (without it, one of two pods down gave 27 of 60 requests a 503). A model none of whose pods is ready is
answered 503 at once, not sent to them all the same, which is what Envoy's panic mode does."""


@dataclass(frozen=True, kw_only=True)
class GatewayRoutesArgs:
    """`subnet_id` is that of an internal load balancer, `security_group_id` that which guards it; both None where the
    load balancer is not ours to shape. `suffix` ends cluster-scoped names on a cluster that is not ours. `after` is
    what brings the kinds of Gateway API; `targets` are the Services' names by route. `api`: whether it serves the API
    of all models too."""

    namespace: pulumi.Input[str]
    plan: ExposurePlan
    node_selector: Mapping[str, str]
    targets: Mapping[str, pulumi.Input[str]]
    subnet_id: pulumi.Input[str] | None = None
    security_group_id: pulumi.Input[str] | None = None
    suffix: str = ""
    after: Sequence[pulumi.Resource] = ()
    api: bool = False


class GatewayRoutes(pulumi.ComponentResource):
    """A Gateway with its load balancer, and one HTTPRoute for the page and for each model."""

    def __init__(self, name: str, args: GatewayRoutesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:workloads:Gateway", name, None, opts)
        self._name, self._args = name, args
        made = [] if args.plan.attach_to is not None else [self._gateway()]
        for route_name, routes in grouped(args.plan.routes).items():
            self._object(
                f"{route_name}-route",
                "HTTPRoute",
                route_name,
                route_spec(args.plan, routes, args.targets),
                # Routes name the Gateway in words; without it they would outlive it when the stack goes.
                depends_on=made or list(args.after),
            )
        if args.plan.scheme == HTTPS and made:
            self._object("redirect", "HTTPRoute", "redirect-to-https", redirect_spec(args.plan), depends_on=made)
        self.register_outputs({})

    def _gateway(self) -> CustomResource:
        args = self._args
        gateway_class = CustomResource(
            f"{self._name}-class",
            api_version=API_VERSION,
            kind="GatewayClass",
            metadata={
                "name": f"{NAME}{args.suffix}",
                "labels": kube.labels("gateway-class", f"{NAME}{args.suffix}", COMPONENT),
            },
            spec={"controllerName": CONTROLLER},
            # The release brings the kind, of which an object has no data.
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        proxy = self._object(
            "proxy", "EnvoyProxy", NAME, proxy_spec(args), api_version=ENVOY_VERSION, depends_on=list(args.after)
        )
        annotations = {"pulumi.com/waitFor": "condition=Programmed"}
        if args.plan.issuer is not None:
            annotations["cert-manager.io/cluster-issuer"] = args.plan.issuer
        gateway = self._object(
            "gateway",
            "Gateway",
            NAME,
            gateway_spec(args.plan, f"{NAME}{args.suffix}"),
            annotations=annotations,
            # It names them in words.
            depends_on=[gateway_class, proxy],
            custom_timeouts=pulumi.CustomTimeouts(create="20m", update="20m", delete="20m"),
        )
        self._object("traffic", "BackendTrafficPolicy", NAME, TRAFFIC, api_version=ENVOY_VERSION, depends_on=[gateway])
        return gateway

    def _object(
        self,
        role: str,
        kind: str,
        kubernetes_name: str,
        spec: Mapping[str, Any],
        *,
        api_version: str = API_VERSION,
        annotations: Mapping[str, str] | None = None,
        depends_on: Sequence[pulumi.Resource] = (),
        custom_timeouts: pulumi.CustomTimeouts | None = None,
    ) -> CustomResource:
        return CustomResource(
            f"{self._name}-{role}",
            api_version=api_version,
            kind=kind,
            metadata=kube.custom_metadata(
                kubernetes_name,
                self._args.namespace,
                kube.labels("gateway", kubernetes_name, COMPONENT),
                annotations or {},
            ),
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(depends_on), custom_timeouts=custom_timeouts),
        )


def proxy_spec(args: GatewayRoutesArgs) -> dict[str, Any]:
    """How Envoy runs, and what its load balancer is like."""
    deployment: dict[str, Any] = {"replicas": PROXIES}
    if args.node_selector:
        deployment["pod"] = {"nodeSelector": dict(args.node_selector)}
    service: dict[str, Any] = {"type": "LoadBalancer"}
    if annotations := balancer_annotations(args):
        service["annotations"] = annotations
    kubernetes = {"envoyDeployment": deployment, "envoyService": service}
    provider = {"provider": {"type": "Kubernetes", "kubernetes": kubernetes}}
    return {**provider, **ACCOUNTS} if args.api else provider


def balancer_annotations(args: GatewayRoutesArgs) -> dict[str, pulumi.Input[str]]:
    """Annotations that make TKE's Service controller shape the CLB (vendor document 457/51258)."""
    annotations: dict[str, pulumi.Input[str]] = {}
    if args.subnet_id is not None:
        annotations["service.kubernetes.io/qcloud-loadbalancer-internal-subnetid"] = args.subnet_id
    if args.security_group_id is not None:
        annotations["service.cloud.tencent.com/security-groups"] = args.security_group_id
        # Otherwise the nodes' own group would have to admit the callers as well.
        annotations["service.cloud.tencent.com/pass-to-target"] = "true"
    if args.plan.balancer and args.plan.direct_access:
        annotations["service.cloud.tencent.com/direct-access"] = "true"
    return annotations


def gateway_spec(plan: ExposurePlan, class_name: str) -> dict[str, Any]:
    """One listener for HTTP, and one for HTTPS of each host: cert-manager asks for their names."""
    listeners = [{"name": HTTP, "protocol": "HTTP", "port": 80}]
    if plan.scheme == HTTPS:
        listeners += [
            {
                "name": section(plan, host),
                "protocol": "HTTPS",
                "port": 443,
                "hostname": host,
                "tls": {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": plan.tls_secret}]},
            }
            for host in plan.hosts
        ]
    return {
        "gatewayClassName": class_name,
        "infrastructure": {"parametersRef": {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": NAME}},
        "listeners": [{**each, "allowedRoutes": {"namespaces": {"from": "Same"}}} for each in listeners],
    }


def section(plan: ExposurePlan, host: str) -> str:
    """The listener that serves a host."""
    if plan.scheme != HTTPS:
        return HTTP
    return HTTPS if host == plan.hosts[0] else f"{HTTPS}-{plan.hosts.index(host)}"


def grouped(routes: Sequence[RoutePlan]) -> dict[str, list[RoutePlan]]:
    """Routes by name: the ways to one target on one host make one HTTPRoute."""
    by_name: dict[str, list[RoutePlan]] = {}
    for route in routes:
        by_name.setdefault(route.name, []).append(route)
    return by_name


def route_spec(
    plan: ExposurePlan, routes: Sequence[RoutePlan], targets: Mapping[str, pulumi.Input[str]]
) -> dict[str, Any]:
    """The ways to one target."""
    rewrites = dict.fromkeys(route.rewrite for route in routes)
    return {
        "parentRefs": [parent(plan, section(plan, routes[0].host))],
        "hostnames": [routes[0].host],
        "rules": [
            _rule(alike, targets[routes[0].name])
            for alike in ([each for each in routes if each.rewrite == rewrite] for rewrite in rewrites)
        ],
    }


def _rule(routes: Sequence[RoutePlan], service: pulumi.Input[str]) -> dict[str, Any]:
    """The paths that reach one target as the same path, or as they are."""
    rule: dict[str, Any] = {
        "matches": [
            {"path": {"type": "PathPrefix" if route.below else "Exact", "value": route.path}} for route in routes
        ],
        "timeouts": {"request": REQUEST_TIMEOUT},
        "backendRefs": [{"name": service, "port": routes[0].port}],
    }
    if routes[0].rewrite is not None:
        rewrite = {"path": {"type": "ReplaceFullPath", "replaceFullPath": routes[0].rewrite}}
        rule["filters"] = [{"type": "URLRewrite", "urlRewrite": rewrite}]
    return rule


def redirect_spec(plan: ExposurePlan) -> dict[str, Any]:
    """Whoever comes by HTTP is sent to HTTPS."""
    redirect = {"scheme": HTTPS, "statusCode": 301}
    return {
        "parentRefs": [parent(plan, HTTP)],
        "hostnames": list(plan.hosts),
        "rules": [{"filters": [{"type": "RequestRedirect", "requestRedirect": redirect}]}],
    }


def parent(plan: ExposurePlan, listener: str) -> dict[str, str]:
    """The Gateway that a route belongs to; of one that is not ours, every listener that admits the route."""
    if plan.attach_to is None:
        return {"name": NAME, "sectionName": listener}
    namespace, name = plan.attach_to
    return {"namespace": namespace, "name": name}
