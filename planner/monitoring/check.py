"""What is wrong with monitoring, or worth knowing of it."""

from collections.abc import Collection, Iterator, Mapping

from catalog.load import Catalog
from planner.monitoring import codes
from planner.monitoring.check_managed import check_keys, check_managed, namespace_of
from planner.monitoring.decide import shown_by
from planner.plan.monitoring import MonitoringPlan
from planner.plan.types import ModelPlan, PoolPlan
from planner.software.check import check_chart, check_release
from planner.software.gpu_exporter import gpu_exporter_chart, has_machines_with_gpus
from planner.software.prometheus import PROMETHEUS, installs_exporters, installs_prometheus, prometheus_chart
from settings.diagnostics import Diagnostic
from settings.stack import Settings
from settings.translation import tr

VIA = "monitoring.via"


def check_monitoring(
    settings: Settings,
    catalog: Catalog,
    plan: MonitoringPlan | None,
    models: Mapping[str, ModelPlan],
    pools: Mapping[str, PoolPlan],
) -> Iterator[Diagnostic]:
    """What is wrong with monitoring; nothing where none is asked for."""
    yield from check_keys(settings)
    if plan is None:
        return
    if plan.managed is not None:
        yield from check_managed(settings, plan, plan.managed)
    elif not installs_prometheus(settings):
        labels = ", ".join(f"{key}={value}" for key, value in plan.labels) or tr("anyhow")
        yield codes.prometheus_expected(VIA, owned=settings.owns_cluster(), namespace=namespace_of(plan), labels=labels)
        yield check_release(PROMETHEUS, VIA, catalog)
    else:
        yield from check_chart(prometheus_chart(settings, catalog), VIA, settings, catalog)
    for name, model in models.items():
        shown = shown_by(model.engine, catalog)
        if shown is None or "ttft" not in shown.metrics:
            yield codes.engine_shows_little(f"models.{name}.engine", engine=model.engine, whole=shown is None)
    yield from _check_gpus(settings, catalog, [pool for pool in pools.values() if pool.gpu])
    if settings.network_policy.enabled and plan.scraped:
        yield codes.scraper_reaches_api(VIA, namespace=namespace_of(plan), whole=plan.managed is not None)


def _check_gpus(settings: Settings, catalog: Catalog, pools: Collection[PoolPlan]) -> Iterator[Diagnostic]:
    """Who shows what the GPUs of these pools do."""
    if any(pool.kind == "super" for pool in pools):
        yield codes.gpus_unseen_on_super_nodes(VIA)
    if installs_exporters(settings):
        if any(map(has_machines_with_gpus, pools)):
            yield from check_chart(gpu_exporter_chart(settings, catalog), VIA, settings, catalog)
    elif any(pool.kind != "super" for pool in pools):
        yield codes.gpu_exporter_expected(VIA)
