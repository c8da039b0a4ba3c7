"""What is wrong with Tencent's managed Prometheus, or worth knowing of it."""

from collections.abc import Iterator

from planner.monitoring import managed_codes as codes
from planner.monitoring.managed import MOST_RULES, has_subnets
from planner.plan.access import OfInstance
from planner.plan.monitoring import ManagedPlan, MonitoringPlan
from settings import codes as shared_codes
from settings.diagnostics import Diagnostic
from settings.monitoring import Monitoring
from settings.stack import Settings
from settings.translation import tr

SETTING = "monitoring.via"
OWN_KEYS = ("instance_id", "retention_days", "receivers")
"""What nobody but the managed Prometheus is told."""


def check_keys(settings: Settings) -> Iterator[Diagnostic]:
    """Keys that mean nothing beside the others."""
    given = settings.monitoring.model_fields_set
    if not settings.monitoring.managed():
        yield from (_meaningless(settings, key, ("tmp",)) for key in OWN_KEYS if key in given)
    elif settings.monitoring.instance_id is not None and "retention_days" in given:
        yield _meaningless(settings, "retention_days", ())


def _meaningless(settings: Settings, key: str, kinds: tuple[str, ...]) -> Diagnostic:
    asked, fields = settings.monitoring, Monitoring.model_fields
    name = str(fields[key].alias)
    known = set(fields) - ({"retention_days"} if settings.monitoring.managed() else set(OWN_KEYS))
    return shared_codes.key_not_for_kind(
        f"monitoring.{name}",
        key=name,
        owner=f"via: {asked.via}" if kinds else tr("an instance that exists"),
        setting=SETTING,
        kind=asked.via,
        said="via" in asked.model_fields_set,
        kinds=kinds,
        allowed=[str(fields[each].alias) for each in known],
    )


def check_managed(settings: Settings, plan: MonitoringPlan, managed: ManagedPlan) -> Iterator[Diagnostic]:
    """Whether the managed Prometheus can be had, and what is worth knowing of it."""
    yield from _missing(settings, managed)
    yield codes.managed_prometheus_expects(SETTING, owned=settings.owns_cluster())
    yield codes.managed_prometheus_billed(SETTING, made=managed.instance_id is None)
    if plan.alerts and not managed.receivers:
        yield codes.alerts_untold("monitoring.receivers")
    if max(len(plan.records), len(plan.alerts)) > MOST_RULES:
        yield codes.managed_rules_many(SETTING, records=len(plan.records), alerts=len(plan.alerts), most=MOST_RULES)
    if settings.network_policy.enabled and plan.scraped and settings.monitoring.namespace is None:
        yield codes.managed_reader_unverified(SETTING, namespace=namespace_of(plan))


def namespace_of(plan: MonitoringPlan) -> str:
    """Where those are who read the metrics, in words."""
    return "prom-…" if isinstance(plan.scraper, OfInstance) else plan.scraper.name


def _missing(settings: Settings, managed: ManagedPlan) -> Iterator[Diagnostic]:
    existing = settings.cluster.existing
    if not managed.attaches and managed.instance_id is None:
        yield codes.managed_prometheus_needs_instance("monitoring.install")
    elif managed.instance_id is None and not has_subnets(settings):
        yield codes.managed_prometheus_needs_subnet("monitoring.instanceId")
    if managed.attaches and existing is not None and existing.id is None:
        yield codes.managed_prometheus_needs_cluster_id("cluster.existing.id")
