"""Who hands requests on to the chat page and the API; with port-forward the node itself, which no policy stops."""

import hashlib
from collections.abc import Sequence

from planner.network.public_addresses import EVERYWHERE, PRIVATE
from planner.plan.access import FromRange, InNamespace, Source
from settings.stack import Settings

QCLOUD = "qcloud"
ENVOY = "envoy-gateway"
GATEWAY = "tke-llm"
"""The Gateway that is made."""
API_GATEWAY = "api"
"""The Gateway that is made inside the cluster, for one API of all models."""
BALANCER_RANGE = "100.64.0.0/10"
"""Where load balancers' health checks come from, and addresses inside Tencent Cloud (vendor 214/65860)."""
CONTROLLERS = {"nginx": "ingress-nginx"}
"""Namespaces of Ingress controllers by class, where their own installation guides put them."""
OWNING_GATEWAY = "gateway.envoyproxy.io/owning-gateway"
"""Start of the labels by which Envoy Gateway marks the proxies of a Gateway."""
LIMITER = (
    ("app.kubernetes.io/component", "ratelimit"),
    ("app.kubernetes.io/managed-by", "envoy-gateway"),
    ("app.kubernetes.io/name", "envoy-ratelimit"),
)
"""Labels of Envoy Gateway's rate limit service (internal/infrastructure/kubernetes/ratelimit/resource.go,
rateLimitLabels)."""
_NAME_LENGTH = 48


def cluster_ranges(settings: Settings) -> tuple[str, ...]:
    """The ranges of VPC, pods and Services; of a cluster that exists only its VPC's, where the stack file names it."""
    if not settings.owns_cluster():
        return () if settings.network.vpc_id is None else (str(settings.network.cidr),)
    cluster = settings.cluster
    inside = cluster.service_cidr if cluster.network_mode == "vpc-cni" else cluster.pod_cidr
    return str(settings.network.cidr), str(inside)


def _node_ranges(settings: Settings) -> tuple[str, ...]:
    """Where nodes pass connections on from: their own addresses and, in mode gr, the one they have among the pods."""
    vpc_cni = not settings.owns_cluster() or settings.cluster.network_mode == "vpc-cni"
    return cluster_ranges(settings)[:1] if vpc_cni else cluster_ranges(settings)


def balancer_sources(vpc_ranges: Sequence[str], clients: Sequence[str] = ()) -> list[Source]:
    """Where connections through a CLB come from: its health checks, nodes that pass them on with their own address,
    and `clients` themselves where the CLB leads straight to pods."""
    return [FromRange(cidr) for cidr in dict.fromkeys([*vpc_ranges, BALANCER_RANGE, *clients])]


def proxies_of(gateway: str, namespace: str, proxies: str) -> InNamespace:
    """The proxies of the Gateway of that name in `namespace`; `proxies` is Envoy's namespace."""
    return InNamespace(proxies, ((f"{OWNING_GATEWAY}-name", gateway), (f"{OWNING_GATEWAY}-namespace", namespace)))


def proxies_service(gateway: str, namespace: str) -> str:
    """The Service before the proxies of a Gateway, as Envoy Gateway calls it (internal/infrastructure/kubernetes/
    proxy/resource.go, ExpectedResourceHashedName; internal/utils/misc.go, GetHashedName)."""
    owner = f"{namespace}/{gateway}"
    name = owner.replace("/", "-")
    name = name if len(name) <= _NAME_LENGTH else name[:_NAME_LENGTH].removesuffix("-")
    return f"envoy-{name}-{hashlib.sha256(owner.encode()).hexdigest()[:8]}"


def gateway_sources(namespace: str, proxies: str, attach_to: tuple[str, str] | None) -> list[Source]:
    """The proxies that hand on what a Gateway takes: of the stack's own, in `namespace`, or of the one to attach to.
    `proxies` is Envoy's namespace."""
    if attach_to is not None:
        # Some controllers run the proxies beside the Gateway, Envoy's in its own namespace.
        return [InNamespace(name) for name in dict.fromkeys([attach_to[0], proxies])]
    return [proxies_of(GATEWAY, namespace, proxies)]


def ingress_sources(settings: Settings) -> list[Source]:
    """Who hands on what an Ingress takes: its class's controller, or on class qcloud the load balancer."""
    expose = settings.expose
    if expose.ingress_class != QCLOUD:
        name = CONTROLLERS.get(expose.ingress_class)
        return [] if name is None else [InNamespace(name)]
    clients = [str(allowed) for allowed in expose.allow] or [EVERYWHERE]
    return balancer_sources(_node_ranges(settings) or tuple(map(str, PRIVATE)), clients if expose.direct_access else ())
