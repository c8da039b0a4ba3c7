"""Exposure by Ingress: TKE's own class, whose CLB reaches pods through NodePorts or directly, or any other class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from components.workloads import kube
from planner.access.decide import INGRESS
from planner.access.sources import QCLOUD
from planner.plan.access import ExposurePlan, RoutePlan

NAME = INGRESS
COMPONENT = "ingress"
CERTIFICATE_KEY = "qcloud_cert_id"
"""What TKE's controller reads in the Secret of an Ingress (vendor document 457/45738)."""

NGINX = "nginx"
STREAMING = {
    "nginx.ingress.kubernetes.io/proxy-read-timeout": "3600",
    "nginx.ingress.kubernetes.io/proxy-send-timeout": "3600",
    "nginx.ingress.kubernetes.io/proxy-body-size": "0",
}
"""Answers may be silent for longer than a minute, and documents that are uploaded larger than a megabyte."""


@dataclass(frozen=True, kw_only=True)
class IngressArgs:
    """`targets` are the Services' names and `selectors` their pods' labels, both by route. `subnet_id` is that of an
    internal load balancer and `security_group_id` that which guards it; both None where the load balancer is not ours
    to shape."""

    namespace: pulumi.Input[str]
    plan: ExposurePlan
    targets: Mapping[str, pulumi.Input[str]]
    selectors: Mapping[str, Mapping[str, str]]
    subnet_id: pulumi.Input[str] | None = None
    security_group_id: pulumi.Input[str] | None = None


class Ingress(pulumi.ComponentResource):
    """One Ingress for all hosts. Pulumi waits for its load balancer, and for the pods behind it."""

    def __init__(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:workloads:Ingress", name, None, opts)
        plan, child = args.plan, pulumi.ResourceOptions(parent=self)
        secret: pulumi.Input[str] | None = plan.tls_secret
        if plan.certificate_id is not None:
            secret = kubernetes.core.v1.Secret(
                f"{name}-certificate",
                metadata={
                    "name": plan.tls_secret,
                    "namespace": args.namespace,
                    "labels": kube.labels("certificate", NAME, COMPONENT),
                },
                # An id, not a key: it may be read.
                string_data={CERTIFICATE_KEY: plan.certificate_id},
                opts=child,
            ).metadata["name"]
        targets = dict(args.targets)
        if plan.ingress_class == QCLOUD and not plan.direct_access:
            one_of_each = {route.name: route for route in plan.routes}.values()
            targets = {route.name: self._node_port(name, args, route) for route in one_of_each}
        wait = f"{plan.ready_seconds}s"
        metadata: kubernetes.meta.v1.ObjectMetaArgsDict = {
            "name": NAME,
            "namespace": args.namespace,
            "labels": kube.labels("ingress", NAME, COMPONENT),
        }
        if asked := annotations(args):
            metadata["annotations"] = asked
        spec: kubernetes.networking.v1.IngressSpecArgsDict = {
            "ingress_class_name": plan.ingress_class,
            "rules": [
                {"host": host, "http": {"paths": [_path(route, targets[route.name]) for route in routes]}}
                for host, routes in by_host(plan.routes).items()
            ],
        }
        if secret is not None:
            spec["tls"] = [{"hosts": list(plan.hosts), "secret_name": secret}]
        kubernetes.networking.v1.Ingress(
            f"{name}-ingress",
            metadata=metadata,
            spec=spec,
            opts=pulumi.ResourceOptions(
                parent=self, custom_timeouts=pulumi.CustomTimeouts(create=wait, update=wait, delete="20m")
            ),
        )
        self.register_outputs({})

    def _node_port(self, name: str, args: IngressArgs, route: RoutePlan) -> pulumi.Output[str]:
        """A Service that TKE's controller can bind to: it wants a port on every node. The one that the rest of the
        stack uses stays inside the cluster."""
        return kubernetes.core.v1.Service(
            f"{name}-{route.name}-service",
            metadata=kube.service_metadata(
                f"{route.service}-ingress", args.namespace, kube.labels("ingress", route.service, COMPONENT)
            ),
            spec=kube.service_spec(args.selectors[route.name], route.port, kind="NodePort"),
            opts=pulumi.ResourceOptions(parent=self),
        ).metadata["name"]


def annotations(args: IngressArgs) -> dict[str, pulumi.Input[str]]:
    """What the Ingress asks of its controller beyond the rules (TKE, Ingress annotations)."""
    plan = args.plan
    given: dict[str, pulumi.Input[str]] = {}
    if plan.issuer is not None:
        given["cert-manager.io/cluster-issuer"] = plan.issuer
    if plan.ingress_class == NGINX:
        given |= STREAMING
    if plan.ingress_class != QCLOUD:
        return given
    if args.subnet_id is not None:
        given["kubernetes.io/ingress.subnetId"] = args.subnet_id
    if args.security_group_id is not None:
        given["ingress.cloud.tencent.com/security-groups"] = args.security_group_id
        # Otherwise the nodes' own group would have to admit the callers as well.
        given["ingress.cloud.tencent.com/pass-to-target"] = "true"
    if plan.direct_access:
        given["ingress.cloud.tencent.com/direct-access"] = "true"
    if plan.scheme == "https":
        given["ingress.cloud.tencent.com/auto-rewrite"] = "true"
    return given


def by_host(routes: Sequence[RoutePlan]) -> dict[str, list[RoutePlan]]:
    """Routes by host, the longest path first: not every controller sorts them by itself."""
    hosts: dict[str, list[RoutePlan]] = {}
    for route in sorted(routes, key=lambda route: -len(route.path)):
        hosts.setdefault(route.host, []).append(route)
    return hosts


def _path(route: RoutePlan, service: pulumi.Input[str]) -> kubernetes.networking.v1.HTTPIngressPathArgsDict:
    return {
        "path": route.path,
        "path_type": "Prefix" if route.below else "Exact",
        "backend": {"service": {"name": service, "port": {"number": route.port}}},
    }
