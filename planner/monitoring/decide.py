"""Monitoring: what Prometheus reads of a stack, what it keeps, and what calls for somebody.

The engines show their metrics at the port of their API, so that a NetworkPolicy which admits Prometheus admits it to
the API as well, whose key it does not have. What else it may ask is in docs/security.md.
"""

from collections.abc import Iterator, Mapping, Sequence

from catalog.load import Catalog
from catalog.metrics import MetricsEndpoint
from planner.monitoring import alerts
from planner.monitoring.clients import API, client_records
from planner.monitoring.managed import plan_managed, reader
from planner.monitoring.panels import plan_panels
from planner.monitoring.records import plan_records
from planner.plan.access import ApiPlan, ExposurePlan, InNamespace
from planner.plan.monitoring import AlertPlan, MonitoringPlan, MonitorPlan, RecordPlan
from planner.plan.software import InstallPlan
from planner.plan.types import ModelPlan, PoolPlan, ScalingPlan
from planner.software.autoscaling import KEDA
from planner.software.charts import home, installed_in
from planner.software.gpu_exporter import GPU_EXPORTER
from planner.software.prometheus import PROMETHEUS
from settings.stack import Settings

NAMESPACE = "monitoring"
"""Where Prometheus is, unless the stack file says otherwise."""
LABELS = (("release", "kube-prometheus-stack"),)
"""What a Prometheus of that chart looks for, where its release is called as the chart is."""
PODS = (("app.kubernetes.io/name", "prometheus"),)
"""What the operator labels the pods of every Prometheus with (prometheus-operator,
pkg/prometheus/server/statefulset.go)."""
DCGM_PODS = (("app.kubernetes.io/name", "dcgm-exporter"),)
"""NVIDIA's exporter, whoever installs it (dcgm-exporter, deployment/templates/_helpers.tpl)."""
KEDA_PODS = (("app", "keda-operator"),)
"""kedacore/charts, keda/templates/manager/deployment.yaml."""


def plan_monitoring(
    settings: Settings,
    catalog: Catalog,
    *,
    models: Mapping[str, ModelPlan],
    pools: Mapping[str, PoolPlan],
    exposure: ExposurePlan | None,
    scaling: Mapping[str, ScalingPlan],
    installs: Sequence[InstallPlan],
    api: ApiPlan | None = None,
) -> MonitoringPlan | None:
    """What to measure; None where nothing is. `installs` is what else is installed."""
    if not settings.monitoring.enabled():
        return None
    namespace = settings.namespace_name()
    managed = plan_managed(settings)
    ours = installed_in(PROMETHEUS, installs) is not None
    records = tuple(
        record
        for model in models.values()
        for record in plan_records(
            model, pools[model.pool], namespace, shown_by(model.engine, catalog), catalog.metrics["dcgm"]
        )
    )
    if api is not None:
        records = (*records, *client_records(catalog.metrics["envoy"], namespace))
    proxies = dict(_proxies(exposure, api))
    return MonitoringPlan(
        namespace=namespace,
        scraper=reader(settings) if managed else InNamespace(prometheus_namespace(settings, installs), PODS),
        labels=() if ours else tuple(settings.monitoring.labels.items()) or (() if managed else LABELS),
        monitors=tuple(
            _monitors(
                catalog,
                models,
                proxies,
                keda=(installed_in(KEDA, installs) or home(KEDA, catalog)) if scaling else None,
                exporter=installed_in(GPU_EXPORTER, installs),
            )
        ),
        records=records,
        alerts=(
            *_alerts(settings, catalog, models, scaling=scaling, records=records),
            *_alerts_outside(settings, catalog, exposure, proxies),
        ),
        panels=tuple(
            plan_panels(catalog, records, namespace, gateway=bool(proxies), certificate=_ends_tls(exposure, proxies))
        ),
        managed=managed,
    )


def prometheus_namespace(settings: Settings, installs: Sequence[InstallPlan]) -> str:
    """Where the Prometheus is that reads the stack."""
    return installed_in(PROMETHEUS, installs) or settings.monitoring.namespace or NAMESPACE


def shown_by(engine: str, catalog: Catalog) -> MetricsEndpoint | None:
    """Where an engine shows its metrics; None where it has none."""
    return next((each for each in catalog.metrics.values() if each.engine == engine), None)


def _proxies(exposure: ExposurePlan | None, api: ApiPlan | None) -> Iterator[tuple[str, InNamespace]]:
    """The proxies of Gateways that are ours, which alone are known by labels: of the way in, and of the API inside."""
    sources = exposure.sources if exposure is not None else ()
    ours = next((each for each in sources if isinstance(each, InNamespace) and each.labels), None)
    if ours is not None and (api is None or ours != api.inside):
        yield alerts.GATEWAY, ours
    if api is not None:
        yield API, api.inside


def _ends_tls(exposure: ExposurePlan | None, proxies: Mapping[str, InNamespace]) -> bool:
    """Whether proxies of ours hold a certificate."""
    return exposure is not None and exposure.scheme == "https" and alerts.GATEWAY in proxies


def _monitors(
    catalog: Catalog,
    models: Mapping[str, ModelPlan],
    proxies: Mapping[str, InNamespace],
    *,
    keda: str | None,
    exporter: str | None,
) -> Iterator[MonitorPlan]:
    """`keda` and `exporter`: the namespaces of those; None: of KEDA, that there is none, of the GPUs' exporter, that
    somebody else's may be in any."""
    for model in models.values():
        shown = shown_by(model.engine, catalog)
        if shown is not None and shown.port is not None:
            yield MonitorPlan(
                name=f"model-{model.name}", model=model.name, port=shown.port, path=shown.path, keyed=shown.keyed
            )
    for name, each in proxies.items():
        yield _others(name, catalog.metrics["envoy"], each.name, each.labels, own_labels=False)
    if keda is not None:
        yield _others("keda", catalog.metrics["keda"], keda, KEDA_PODS)
    if any(model.gpus for model in models.values()):
        yield _others("gpus", catalog.metrics["dcgm"], exporter, DCGM_PODS)


def _others(
    name: str,
    shown: MetricsEndpoint,
    namespace: str | None,
    labels: tuple[tuple[str, str], ...],
    *,
    own_labels: bool = True,
) -> MonitorPlan:
    """Pods that are no model's. What KEDA and the GPUs' exporter say of pods and namespaces is about others."""
    return MonitorPlan(
        name=name,
        port=shown.port or "",
        path=shown.path,
        namespace=namespace,
        labels=labels,
        own_labels=own_labels,
    )


def _alerts(
    settings: Settings,
    catalog: Catalog,
    models: Mapping[str, ModelPlan],
    *,
    scaling: Mapping[str, ScalingPlan],
    records: Sequence[RecordPlan],
) -> Iterator[AlertPlan]:
    """Of the stack itself. Nothing calls for somebody while nothing is meant to run."""
    namespace, targets = settings.namespace_name(), settings.monitoring.targets
    if settings.pause:
        return
    for name, model in models.items():
        names = frozenset(each.name for each in records if each.model == name)
        yield from alerts.of_model(catalog, model, namespace, names, targets=targets, scaling=scaling.get(name))
    if any(model.gpus for model in models.values()):
        yield from alerts.of_gpus(catalog, namespace, owned=settings.owns_cluster())
    yield from alerts.of_volumes(catalog, namespace)
    if scaling:
        yield from alerts.of_scaling(catalog, namespace)


def _alerts_outside(
    settings: Settings, catalog: Catalog, exposure: ExposurePlan | None, proxies: Mapping[str, InNamespace]
) -> Iterator[AlertPlan]:
    """Of the way in, whose certificate ends while a stack is paused as well."""
    namespace = settings.namespace_name()
    if exposure is not None and exposure.scheme == "https":
        yield from alerts.of_certificate(catalog, exposure, namespace, read=_ends_tls(exposure, proxies))
    if proxies and not settings.pause:
        yield from alerts.of_requests(catalog, namespace)
