"""Who may talk to whom in the namespace, and what is doubtful about it.

NetworkPolicies hold only where something enforces them: on the machines of TKE its add-on, on super nodes another one
(eNP), and never for pods on their node's own network.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from urllib.parse import urlsplit

from catalog.load import Catalog
from planner.access.decide import ENVOY, GATEWAY, QCLOUD
from planner.network.public_addresses import WIDEST, admits_strangers
from planner.plan.types import (
    ExposurePlan,
    FromRange,
    InNamespace,
    InstallPlan,
    ModelPlan,
    PageRoads,
    PolicyPlan,
    ScalingPlan,
    SmokeTestEgress,
    SmokeTestPlan,
    Source,
    WebuiPlan,
)
from planner.software.addons import NETWORK_POLICY
from planner.software.autoscaling import KEDA
from planner.software.charts import home
from settings.diagnostics import Diagnostic
from settings.models import Settings

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
"""Private addresses (RFC 1918)."""
BALANCER_RANGE = "100.64.0.0/10"
"""Where load balancers' health checks come from, and addresses inside Tencent Cloud (vendor 214/65860)."""
EVERYWHERE = "0.0.0.0/0"
METADATA = (IPv4Network("169.254.0.23/32"), IPv4Network("169.254.169.254/32"))
"""Metadata services, which hand out the credentials of a node's role: Tencent Cloud's (metadata.tencentyun.com, vendor
213/4934) and that of most other clouds, for a cluster that exists. Tencent Cloud's mirrors and DNS lie in the same
link-local range (RFC 3927), so these addresses alone are always closed."""

CONTROLLERS = {"nginx": "ingress-nginx"}
"""Namespaces of Ingress controllers by class, where their own installation guides put them."""
OWNING_GATEWAY = "gateway.envoyproxy.io/owning-gateway"
"""Start of the labels by which Envoy Gateway marks the proxies of a Gateway."""

PORTS = {"http": 80, "https": 443}
INSIDE = (".svc", ".local", ".internal", ".lan")
"""Ends of host names that lead to private addresses as a rule."""


def plan_policies(
    settings: Settings,
    catalog: Catalog,
    *,
    webui: WebuiPlan | None,
    exposure: ExposurePlan | None,
    scaling: Mapping[str, ScalingPlan],
    installs: Sequence[InstallPlan],
) -> PolicyPlan | None:
    """The roads to open; None where the namespace is left open."""
    if not settings.network_policy.enabled:
        return None
    admitted = [InNamespace(name) for name in settings.network_policy.admit]
    return PolicyPlan(
        cluster_ranges=cluster_ranges(settings),
        page=None if webui is None else _page(settings, webui),
        sources=(*_by_road(settings, exposure, catalog), *admitted),
        scraped=tuple((model, _scraper(installs, catalog)) for model in scaling),
        reach=tuple(map(str, _reachable(settings.network_policy.reach))),
        acme=exposure is not None and exposure.issuer is not None,
    )


def with_smoke_test(policies: PolicyPlan | None, test: SmokeTestPlan | None) -> PolicyPlan | None:
    """The roads with those of the smoke test; of the gateway it reaches the proxies that lead to the page."""
    if policies is None or test is None:
        return policies
    proxies = next((each for each in policies.sources if isinstance(each, InNamespace) and each.labels), None)
    tried = tuple(road.model for road in test.forbidden if road.model is not None)
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


def _by_road(settings: Settings, exposure: ExposurePlan | None, catalog: Catalog) -> list[Source]:
    """Who hands requests on to page and API; with port-forward the node itself, which needs no road."""
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
    return balancer_sources(_node_ranges(settings) or PRIVATE, clients if exposure.direct_access else ())


def _reachable(reach: Sequence[IPv4Network]) -> Iterator[IPv4Network]:
    """What may be reached of what is asked for: a metadata service is no road."""
    return (each for each in reach if each not in METADATA)


def holding_metadata(cidr: str) -> list[str]:
    """The metadata services within a range, to be cut out of it."""
    return [str(service) for service in METADATA if service.subnet_of(IPv4Network(cidr))]


def _scraper(installs: Sequence[InstallPlan], catalog: Catalog) -> InNamespace:
    """Who reads the metrics of models that scale by load."""
    ours = next((install.namespace for install in installs if install.software == KEDA), None)
    return InNamespace(ours or home(KEDA, catalog))


def _page(settings: Settings, webui: WebuiPlan) -> PageRoads:
    asked = settings.webui
    return PageRoads(
        internet=not asked.offline or "STORAGE_PROVIDER" in asked.env,
        login_port=None if asked.oidc is None else _port(asked.oidc.provider_url),
        database=webui.database or asked.redis is not None,
        redis=webui.redis is not None,
    )


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or PORTS.get(parts.scheme, PORTS["https"])


def check_policies(settings: Settings, models: Mapping[str, ModelPlan], catalog: Catalog) -> Iterator[Diagnostic]:
    """What is doubtful about the closed namespace."""
    asked = settings.network_policy
    if not asked.enabled:
        yield Diagnostic(
            severity="warning",
            code="NETWORK_POLICY_OFF",
            path="networkPolicy",
            message="Every pod of the cluster may talk to the models and the chat page, and these to everything.",
            remedy="Remove the key, so that the namespace is closed but for what the stack needs.",
            given="false",
            fix=(("networkPolicy", None),),
        )
        return
    yield from _enforcement(settings, catalog)
    yield from _exempt(settings, models)
    expose = settings.expose
    if expose.via == "ingress" and not asked.admit and expose.ingress_class not in {QCLOUD, *CONTROLLERS}:
        yield Diagnostic(
            severity="warning",
            code="INGRESS_CONTROLLER_UNKNOWN",
            path="networkPolicy.admit",
            message=f"Where the controller of the Ingress class {expose.ingress_class} runs is not known, so the "
            "NetworkPolicies keep it out.",
            remedy="Name its namespace in networkPolicy.admit.",
            given=expose.ingress_class,
        )
    yield from _downloads(settings)
    yield from _reach(asked.reach)


def _reach(reach: Sequence[IPv4Network]) -> Iterator[Diagnostic]:
    """What is asked for in `networkPolicy.reach` and goes too far."""
    for index, given in enumerate(reach):
        path = f"networkPolicy.reach[{index}]"
        if given in METADATA:
            yield Diagnostic(
                severity="error",
                code="METADATA_ASKED_FOR",
                path=path,
                message=f"{given.network_address} is the metadata service, which hands out a node's credentials; it is "
                "closed to every pod.",
                remedy="Remove the range.",
                given=str(given),
                fix=((path, None),),
            )
        elif admits_strangers([given]):
            yield Diagnostic(
                severity="error",
                code="REACH_TOO_WIDE",
                path=path,
                message=f"{given} is no private range: downloads reach the Internet anyway, and with it they would "
                "reach everything that is not the Internet.",
                remedy="Name the private range of your mirror.",
                given=str(given),
                allowed=f"no more public addresses than one /{WIDEST} has",
                fix=((path, None),),
            )
        elif closed := holding_metadata(str(given)):
            yield Diagnostic(
                severity="note",
                code="METADATA_CUT",
                path=path,
                message=f"{given} holds the metadata service; {' and '.join(closed)} stays closed.",
                remedy="Name narrower ranges if you want to read them in the policies.",
                given=str(given),
            )


def _enforcement(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    if not settings.owns_cluster():
        yield Diagnostic(
            severity="note",
            code="NETWORK_POLICY_UNENFORCED",
            path="networkPolicy",
            message="NetworkPolicies hold only where something in the cluster enforces them, which is not known of a "
            "cluster that exists already.",
            remedy="See that it does: on TKE by the add-on Network Policy. docs/security.md has a test.",
        )
    elif not settings.network_policy.addon:
        yield Diagnostic(
            severity="warning",
            code="NETWORK_POLICY_UNENFORCED",
            path="networkPolicy.addon",
            message="Without the add-on nothing in a new cluster enforces the NetworkPolicies.",
            remedy="Install it in the console (Network Policy), or let the stack do it.",
            given="false",
            fix=(("networkPolicy.addon", None),),
        )
    elif not catalog.addons[NETWORK_POLICY].verified:
        yield Diagnostic(
            severity="note",
            code="ADDON_NAME_ASSUMED",
            path="networkPolicy.addon",
            message=f"The name of the add-on that enforces NetworkPolicies, {NETWORK_POLICY}, follows from that of its "
            "DaemonSet; nobody has confirmed it.",
            remedy="If `pulumi up` ends by saying that there is no such add-on, all else is up: set "
            "networkPolicy.addon to false and install Network Policy in the console.",
        )


def _exempt(settings: Settings, models: Mapping[str, ModelPlan]) -> Iterator[Diagnostic]:
    """Pods that are not kept in, whatever is enforced elsewhere."""
    for name in dict.fromkeys(settings.pool_of(model) for model in settings.models.values()):
        if name in settings.pools and settings.pools[name].kind == "super":
            yield Diagnostic(
                severity="warning",
                code="NETWORK_POLICY_NOT_ON_SUPER_NODES",
                path=f"pools.{name}.kind",
                message="On super nodes the add-on that enforces NetworkPolicies does not run; another, eNP, does so "
                "where pods share network interfaces (VPC-CNI), and this stack does not install it.",
                remedy="Ask for eNP in the console, or rely on the API key and the security group.",
                given="super",
            )
    for name, model in models.items():
        if model.spec.spread is not None and model.spec.spread.rdma:
            yield Diagnostic(
                severity="warning",
                code="NETWORK_POLICY_NOT_ON_HOST",
                path=f"models.{name}.gpus",
                message="For RDMA the pods are on their machines' own network, where no NetworkPolicy holds: whatever "
                "reaches the nodes reaches the engines' unguarded ports.",
                remedy="Keep the nodes' security group closed, and other workloads off this VPC.",
            )


def _downloads(settings: Settings) -> Iterator[Diagnostic]:
    for name, model in settings.models.items():
        endpoint = model.download.endpoint
        if endpoint is None or not _private(endpoint, settings.network_policy.reach):
            continue
        path = f"models.{name}.download.endpoint"
        yield Diagnostic(
            severity="warning",
            code="DOWNLOAD_ENDPOINT_PRIVATE",
            path=path,
            message=f"{endpoint} seems to lie inside the VPC, where the NetworkPolicies let no download go.",
            remedy="Name its address range in networkPolicy.reach.",
            given=endpoint,
        )


def _private(endpoint: str, reach: Sequence[IPv4Network]) -> bool:
    """Whether an address is private and not among those that may be reached. Of a name it is guessed, unless some
    range may be reached."""
    host = urlsplit(endpoint).hostname or ""
    try:
        address = IPv4Address(host)
    except AddressValueError:
        return not reach and ("." not in host or host.endswith(INSIDE))
    return address.is_private and not any(address in allowed for allowed in reach)
