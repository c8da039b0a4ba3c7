"""Who may talk to whom in the namespace.

NetworkPolicies hold only where something enforces them: on the machines of TKE its add-on, on super nodes another one
(eNP), and never for pods on their node's own network.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from urllib.parse import urlsplit

from catalog.load import Catalog
from planner.access.sources import cluster_ranges
from planner.plan.access import (
    ExporterPlan,
    ExposurePlan,
    InNamespace,
    PageEgress,
    PolicyPlan,
    Scraper,
    SmokeTestEgress,
)
from planner.plan.rollout import SmokeTestPlan
from planner.plan.software import InstallPlan
from planner.plan.types import ScalingPlan, WebuiPlan
from planner.software.autoscaling import KEDA
from planner.software.charts import home, installed_in
from planner.software.gpu_exporter import GPU_EXPORTER
from settings.stack import Settings

METADATA = (IPv4Network("169.254.0.23/32"), IPv4Network("169.254.169.254/32"))
"""Metadata services, which hand out the credentials of a node's role: Tencent Cloud's (metadata.tencentyun.com, vendor
213/4934) and that of most other clouds, for a cluster that exists. Tencent Cloud's mirrors and DNS lie in the same
link-local range (RFC 3927), so these addresses alone are always closed."""

PORTS = {"http": 80, "https": 443}


def plan_policies(
    settings: Settings,
    catalog: Catalog,
    *,
    webui: WebuiPlan | None,
    exposure: ExposurePlan | None,
    scaling: Mapping[str, ScalingPlan],
    installs: Sequence[InstallPlan],
    measured: Sequence[tuple[str, Scraper]] = (),
    gpus_read_by: Scraper | None = None,
) -> PolicyPlan | None:
    """What to let through; None where the namespace is left open. `measured`: by model, who reads its metrics beside
    what scales it; `gpus_read_by` reads those of GPUs."""
    if not settings.network_policy.enabled:
        return None
    admitted = [InNamespace(name) for name in settings.network_policy.admit]
    return PolicyPlan(
        cluster_ranges=cluster_ranges(settings),
        page=None if webui is None else _page(settings, webui),
        sources=(*(exposure.sources if exposure else ()), *admitted),
        scraped=(
            *((name, _scraper(installs, catalog)) for name, plan in scaling.items() if plan.to_zero is None),
            *measured,
        ),
        reach=tuple(map(str, _reachable(settings.network_policy.reach))),
        acme=exposure is not None and exposure.issuer is not None,
        exporter=None if gpus_read_by is None else _exporter(installs, catalog, gpus_read_by),
    )


def with_smoke_test(policies: PolicyPlan | None, test: SmokeTestPlan | None) -> PolicyPlan | None:
    """The policies with those of the smoke test; of the gateway it reaches the proxies that lead to the page."""
    if policies is None or test is None:
        return policies
    proxies = next((each for each in policies.sources if isinstance(each, InNamespace) and each.labels), None)
    tried = tuple(each.model for each in test.forbidden if each.model is not None)
    return replace(policies, smoke_test=SmokeTestEgress(proxies=proxies if test.gateway else None, tried=tried))


def _reachable(reach: Sequence[IPv4Network]) -> Iterator[IPv4Network]:
    """What may be reached of what is asked for: never a metadata service."""
    return (each for each in reach if each not in METADATA)


def holding_metadata(cidr: str) -> list[str]:
    """The metadata services within a range, to be cut out of it."""
    return [str(service) for service in METADATA if service.subnet_of(IPv4Network(cidr))]


def _scraper(installs: Sequence[InstallPlan], catalog: Catalog) -> InNamespace:
    """Who reads the metrics of models that scale by load."""
    return InNamespace(installed_in(KEDA, installs) or home(KEDA, catalog))


def _exporter(installs: Sequence[InstallPlan], catalog: Catalog, scraper: Scraper) -> ExporterPlan | None:
    """What shows the GPUs' metrics, where the stack brings it."""
    namespace = installed_in(GPU_EXPORTER, installs)
    return None if namespace is None else ExporterPlan(namespace, int(catalog.metrics["dcgm"].port or 0), scraper)


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
