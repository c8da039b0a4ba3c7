"""Who may talk to whom in the namespace.

NetworkPolicies hold only where something enforces them: on the machines of TKE its add-on, on super nodes another one
(eNP), and never for pods on their node's own network.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from urllib.parse import urlsplit

from catalog.load import Catalog
from planner.access.decide import ENVOY, GATEWAY, QCLOUD
from planner.network.public_addresses import EVERYWHERE, PRIVATE
from planner.plan.types import (
    ExposurePlan,
    FromRange,
    InNamespace,
    InstallPlan,
    PageEgress,
    PolicyPlan,
    ScalingPlan,
    SmokeTestEgress,
    SmokeTestPlan,
    Source,
    WebuiPlan,
)
from planner.software.autoscaling import KEDA
from planner.software.charts import home
from settings.models import Settings

BALANCER_RANGE = "100.64.0.0/10"
"""Where load balancers' health checks come from, and addresses inside Tencent Cloud (vendor 214/65860)."""
METADATA = (IPv4Network("169.254.0.23/32"), IPv4Network("169.254.169.254/32"))
"""Metadata services, which hand out the credentials of a node's role: Tencent Cloud's (metadata.tencentyun.com, vendor
213/4934) and that of most other clouds, for a cluster that exists. Tencent Cloud's mirrors and DNS lie in the same
link-local range (RFC 3927), so these addresses alone are always closed."""

CONTROLLERS = {"nginx": "ingress-nginx"}
"""Namespaces of Ingress controllers by class, where their own installation guides put them."""
OWNING_GATEWAY = "gateway.envoyproxy.io/owning-gateway"
"""Start of the labels by which Envoy Gateway marks the proxies of a Gateway."""

PORTS = {"http": 80, "https": 443}


def plan_policies(
    settings: Settings,
    catalog: Catalog,
    *,
    webui: WebuiPlan | None,
    exposure: ExposurePlan | None,
    scaling: Mapping[str, ScalingPlan],
    installs: Sequence[InstallPlan],
) -> PolicyPlan | None:
    """What to let through; None where the namespace is left open."""
    if not settings.network_policy.enabled:
        return None
    admitted = [InNamespace(name) for name in settings.network_policy.admit]
    return PolicyPlan(
        cluster_ranges=cluster_ranges(settings),
        page=None if webui is None else _page(settings, webui),
        sources=(*_entries(settings, exposure, catalog), *admitted),
        scraped=tuple((model, _scraper(installs, catalog)) for model in scaling),
        reach=tuple(map(str, _reachable(settings.network_policy.reach))),
        acme=exposure is not None and exposure.issuer is not None,
    )


def with_smoke_test(policies: PolicyPlan | None, test: SmokeTestPlan | None) -> PolicyPlan | None:
    """The policies with those of the smoke test; of the gateway it reaches the proxies that lead to the page."""
    if policies is None or test is None:
        return policies
    proxies = next((each for each in policies.sources if isinstance(each, InNamespace) and each.labels), None)
    tried = tuple(each.model for each in test.forbidden if each.model is not None)
    return replace(policies, smoke_test=SmokeTestEgress(proxies=proxies if test.gateway else None, tried=tried))


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


def _entries(settings: Settings, exposure: ExposurePlan | None, catalog: Catalog) -> list[Source]:
    """Who hands requests on to page and API; with port-forward the node itself, which no policy stops."""
    if exposure is None:
        return []
    if exposure.via == "gateway":
        proxies = exposure.install.namespace if exposure.install else home(ENVOY, catalog)
        if exposure.attach_to is not None:
            # Some controllers run the proxies beside the Gateway, Envoy's in its own namespace.
            return [InNamespace(name) for name in dict.fromkeys([exposure.attach_to[0], proxies])]
        marks = ((f"{OWNING_GATEWAY}-name", GATEWAY), (f"{OWNING_GATEWAY}-namespace", settings.namespace_name()))
        return [InNamespace(proxies, marks)]
    if exposure.ingress_class != QCLOUD:
        name = CONTROLLERS.get(exposure.ingress_class or "")
        return [] if name is None else [InNamespace(name)]
    clients = [str(allowed) for allowed in exposure.allow] or [EVERYWHERE]
    return balancer_sources(
        _node_ranges(settings) or tuple(map(str, PRIVATE)), clients if exposure.direct_access else ()
    )


def _reachable(reach: Sequence[IPv4Network]) -> Iterator[IPv4Network]:
    """What may be reached of what is asked for: never a metadata service."""
    return (each for each in reach if each not in METADATA)


def holding_metadata(cidr: str) -> list[str]:
    """The metadata services within a range, to be cut out of it."""
    return [str(service) for service in METADATA if service.subnet_of(IPv4Network(cidr))]


def _scraper(installs: Sequence[InstallPlan], catalog: Catalog) -> InNamespace:
    """Who reads the metrics of models that scale by load."""
    ours = next((install.namespace for install in installs if install.software == KEDA), None)
    return InNamespace(ours or home(KEDA, catalog))


def _page(settings: Settings, webui: WebuiPlan) -> PageEgress:
    asked = settings.webui
    return PageEgress(
        internet=not asked.offline or "STORAGE_PROVIDER" in asked.env,
        login_port=None if asked.oidc is None else _port(asked.oidc.provider_url),
        database=webui.database or asked.redis is not None,
        redis=webui.redis is not None,
    )


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or PORTS.get(parts.scheme, PORTS["https"])
