"""What is doubtful about the charts that a stack installs, and about scaling by load."""

from collections.abc import Iterator

from catalog import versions
from catalog.checks import registry_of
from catalog.load import Catalog
from catalog.software import Chart
from planner.engines.registry import every, find
from planner.images.check_mirrors import check_mirrors
from planner.network.location import in_mainland
from planner.software import codes
from planner.software.autoscaling import KEDA, keda_chart
from planner.software.charts import OCI, is_tested
from planner.software.lws import LWS, lws_chart
from settings.diagnostics import Diagnostic
from settings.pools import MACHINE_KINDS
from settings.stack import Settings
from settings.translation import tr


def check_chart(chart: Chart, path: str, settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is doubtful about installing this chart; `path` is the setting that asks for it."""
    yield check_release(chart.software, path, catalog, chart)
    mainland = in_mainland(settings, catalog)
    if settings.owns_cluster() and chart.kubernetes is not None:
        asked = versions.kubernetes_version(settings.cluster.version)
        if asked is not None and not is_tested(chart, asked):
            yield _untested(chart, chart.kubernetes, settings, catalog)
    if mainland and chart.installer == "helm":
        yield from _from_abroad(chart, path, settings, catalog)
    nodes_pull = [image.mainland if image.mainland and mainland else image.image for image in chart.images]
    for image in {registry_of(image): image for image in nodes_pull}.values():
        yield from check_mirrors({path: image}, settings, catalog)


def check_release(software: str, path: str, catalog: Catalog, chart: Chart | None = None) -> Diagnostic:
    """Which release runs, and which was run here; without a `chart`, of software that the cluster is said to have."""
    run = (each for each in catalog.charts.values() if each.software == software and each.rehearsed)
    rehearsed = chart if chart and chart.rehearsed else next(run, None)
    return codes.controller_rehearsed(
        path,
        software=software,
        release=chart and chart.number,
        chooser=tr("the app market installs") if chart else tr("the cluster has"),
        rehearsed=rehearsed and rehearsed.rehearsed,
        reason=tr(rehearsed.rehearsed_note) if rehearsed and rehearsed is chart and rehearsed.rehearsed_note else None,
    )


def _untested(chart: Chart, tested: tuple[str, str], settings: Settings, catalog: Catalog) -> Diagnostic:
    offered = catalog.kubernetes_versions
    known = [each for each in offered if (version := versions.kubernetes_version(each)) and is_tested(chart, version)]
    return codes.chart_not_tested(
        "cluster.version",
        software=chart.software,
        version=chart.version,
        kubernetes=settings.cluster.version,
        oldest=tested[0],
        newest=tested[1],
        near=next(iter(known), None),
    )


def _from_abroad(chart: Chart, path: str, settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """Charts are read by the machine that runs Pulumi, which has no mirror that is set up by itself."""
    registry = registry_of(chart.chart.removeprefix(OCI)) if chart.chart.startswith(OCI) else None
    if registry is None or registry in settings.images.mirrors:
        return
    entry = catalog.mirrors.get(registry)
    if entry is not None and entry.blocked:
        yield codes.chart_from_abroad(path, registry=registry, chart=chart.chart)


def check_scaling(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with scaling by load, or worth knowing of it."""
    scaling = {name: model for name, model in settings.models.items() if model.autoscaling is not None}
    for name, model in scaling.items():
        path = f"models.{name}.autoscaling"
        engine = find(model.engine)
        if model.replica_range()[0] == 0:
            yield from _to_zero(name, path, settings)
        elif model.autoscaling and "idle_minutes" in model.autoscaling.model_fields_set:
            yield codes.idle_minutes_ignored(f"{path}.idleMinutes", minutes=model.autoscaling.idle_minutes)
        if engine.metrics is None:
            others = tuple(engine.name for engine in every() if engine.metrics is not None)
            yield codes.autoscaling_without_metric(path, engine=model.engine, others=others)
        elif model.autoscaling and model.autoscaling.scale_down:
            yield codes.gpus_given_back(f"{path}.scaleDown")
    if not scaling:
        return
    first = f"models.{next(iter(scaling))}.autoscaling"
    if settings.owns_cluster():
        yield from check_chart(keda_chart(settings, catalog), first, settings, catalog)
    else:
        yield codes.keda_expected(first)
        yield check_release(KEDA, first, catalog)


def _to_zero(name: str, path: str, settings: Settings) -> Iterator[Diagnostic]:
    missing = [
        setting
        for setting, there in (
            ("api.via: gateway", settings.api.via == "gateway"),
            ("monitoring.via: prometheus-operator", settings.monitoring.in_cluster()),
        )
        if not there
    ]
    if missing:
        yield codes.scale_to_zero(f"{path}.min", model=name, missing=missing)
        return
    yield codes.cold_start(f"{path}.min", model=name)
    pool = settings.pool_of(settings.models[name])
    if pool is None or pool not in settings.pools or settings.pools[pool].kind not in MACHINE_KINDS:
        return
    nodes = settings.pools[pool].nodes
    if nodes.min > 0 and settings.may_idle(pool):
        yield codes.idle_nodes_billed(f"pools.{pool}.nodes", model=name, pool=pool, least=nodes.min, most=nodes.max)


def check_lws(path: str, settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is worth knowing of the LeaderWorkerSet controller; `path` is the model's setting that makes it span
    machines."""
    if settings.owns_cluster():
        yield from check_chart(lws_chart(settings, catalog), path, settings, catalog)
    else:
        yield codes.lws_expected(path)
        yield check_release(LWS, path, catalog)
