"""The whole stack decided: settings and facts in, one plan out."""

from collections.abc import Iterable

from catalog.load import Catalog, load
from planner.access.api import api_pods, has_api, has_limits, plan_api, plan_envoy, with_test_client
from planner.access.check import check_exposure, check_rules
from planner.access.check_api import check_api
from planner.access.check_namespace import check_namespace
from planner.access.check_policies import check_policies
from planner.access.decide import plan_exposure
from planner.access.policies import plan_policies, with_smoke_test
from planner.cluster.check import check_cluster
from planner.cluster.check_names import check_names
from planner.cluster.check_pause import check_pause
from planner.cluster.check_placeholders import check_placeholders
from planner.cluster.decide import plan_cluster, plan_names
from planner.diagnostics.force import forced
from planner.images.check_mirrors import check_mirrors
from planner.images.reference import split
from planner.images.size import page_gib
from planner.model.check import check_references
from planner.monitoring.check import check_monitoring
from planner.monitoring.decide import plan_monitoring, prometheus_namespace
from planner.monitoring.scale_to_zero import with_scale_to_zero
from planner.network.check import check_network
from planner.network.check_endpoint import check_endpoint
from planner.network.check_internet import check_internet
from planner.network.check_location import check_location
from planner.network.decide import plan_network
from planner.page.check import check_webui
from planner.page.decide import explain_webui, plan_webui, webui_image
from planner.page.replicas import plan_redis, redis_image
from planner.plan.types import ModelPlan, Plan, PoolPlan, Reason, StoragePlan
from planner.pools.check import check_pools
from planner.pools.check_system_pool import check_system_pool
from planner.pools.cpu_pods import plan_cpu
from planner.pools.decide import plan_pool
from planner.pools.system_pool import plan_system_pool
from planner.rollout.check import check_warm_start
from planner.rollout.order import plan_durations, plan_order
from planner.rollout.smoke_test import explain_smoke_test, plan_smoke_test
from planner.rollout.warm_start import explain_warm_start, first_starts, plan_warm_start, step_seconds
from planner.serving.models import decide_models
from planner.software.addons import plan_addons
from planner.software.autoscaling import plan_keda, plan_scaling
from planner.software.check import check_lws, check_scaling
from planner.software.gpu_exporter import plan_gpu_exporter
from planner.software.lws import plan_lws
from planner.software.prometheus import plan_prometheus, prometheus_pods
from planner.storage.check import check_storage
from planner.storage.decide import explain_storage, plan_storage
from planner.storage.origin import outlives
from settings.diagnostics import Diagnostic
from settings.stack import Settings

GRAVITY = {"error": 0, "warning": 1, "note": 2}


def plan_stack(settings: Settings, catalog: Catalog | None = None) -> Plan:
    """Decide the whole stack. Total and pure: what is wrong is in the plan's diagnostics, gravest first.

    `catalog` is the one that ships with the program unless given.
    """
    catalog = catalog or load()
    cluster, store = plan_cluster(settings, plan_system_pool(settings)), plan_storage(settings, catalog)
    pools = {name: pool for name in settings.pools if (pool := plan_pool(name, settings, catalog)) is not None}
    models, reasons, findings = _models(settings, pools, store, catalog)
    webui = plan_webui(settings, models, catalog)
    durations = plan_durations(models, page_gib(webui_image(settings, catalog), catalog), store, catalog)
    order = plan_order(settings, pools, models, durations)
    spanning = [name for name, model in models.items() if model.nodes > 1]
    cpu = plan_cpu(cluster, pools)
    exposure = plan_exposure(settings, models, catalog, cpu)
    warm_start = plan_warm_start(settings, models, pools, store, catalog)
    api = plan_api(settings, models, catalog)
    wanted = (
        plan_keda(settings, catalog),
        plan_lws(settings, catalog, spans=bool(spanning)),
        # A way in by a gateway brings its own.
        plan_envoy(settings, catalog, cpu) if api is not None and exposure is None else None,
        plan_prometheus(settings, catalog),
        plan_gpu_exporter(settings, catalog, pools),
    )
    installs = tuple(install for install in wanted if install is not None)
    scaling = with_scale_to_zero(
        plan_scaling(settings, models, step_seconds(warm_start, models, pools, catalog)),
        settings,
        models=models,
        api=api,
        envoy=catalog.metrics["envoy"],
        prometheus=prometheus_namespace(settings, installs),
        starts=first_starts(warm_start, models, pools, store, catalog),
    )
    monitoring = plan_monitoring(
        settings, catalog, models=models, pools=pools, exposure=exposure, scaling=scaling, installs=installs, api=api
    )
    policies = plan_policies(
        settings,
        catalog,
        webui=webui,
        exposure=exposure,
        scaling=scaling,
        installs=installs,
        measured=() if monitoring is None else [(model, monitoring.scraper) for model in monitoring.scraped],
        gpus_read_by=None if monitoring is None else monitoring.scraper,
    )
    asked = plan_smoke_test(
        settings, models=models, pools=pools, webui=webui, exposure=exposure, policies=policies, api=api
    )
    smoke_test = asked if settings.smoke_test else None
    running = None if settings.pause else smoke_test
    findings = [
        *check_location(settings, catalog),
        *check_network(settings),
        *check_internet(settings),
        *check_cluster(settings, catalog),
        *check_endpoint(settings),
        *check_namespace(settings, catalog),
        *check_system_pool(
            settings, catalog, models, webui, [*api_pods(api, exposure), *prometheus_pods(settings, catalog)]
        ),
        *check_pools(settings, store, catalog),
        *check_storage(settings, catalog),
        *check_names(settings),
        *check_references(settings, catalog),
        *findings,
        *check_mirrors(_images(settings, models, catalog), settings, catalog),
        *check_webui(settings, models, catalog),
        *check_exposure(settings, catalog),
        *check_rules(exposure),
        *check_api(settings, catalog),
        *check_scaling(settings, catalog),
        *check_monitoring(settings, catalog, monitoring, models, pools),
        *check_pause(settings),
        *check_warm_start(settings, models, pools, store, catalog),
        *check_placeholders(settings),
        *check_policies(settings, models, catalog),
        *(finding for name in spanning[:1] for finding in check_lws(f"models.{name}.gpus", settings, catalog)),
    ]
    undecided = [f"pools.{name}" for name in settings.pools if name not in pools]
    undecided += [f"models.{name}" for name in settings.models if name not in models]
    return Plan(
        names=plan_names(settings),
        cluster=cluster,
        network=plan_network(settings, store_subnet=outlives(settings)),
        addons=plan_addons(settings, catalog),
        storage=store,
        pools=pools,
        models=models,
        webui=webui,
        order=order,
        durations=durations,
        exposure=exposure,
        scaling=scaling,
        cpu=cpu,
        api=with_test_client(api, smoke_test),
        installs=installs,
        policies=with_smoke_test(policies, smoke_test),
        smoke_test=running,
        warm_start=warm_start,
        monitoring=monitoring,
        region=settings.region,
        retain=settings.retain,
        paused=settings.pause,
        pull_secret=settings.images.pull_secret,
        reasons=(
            *reasons,
            *explain_storage(store),
            *explain_webui(settings, models),
            *explain_smoke_test(settings, running),
            *explain_warm_start(warm_start),
            Reason(subject="order", choice=order.chosen, because=order.because),
        ),
        diagnostics=gravest_first(forced(distinct(findings), settings.force, undecided)),
    )


def gravest_first(findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Errors, warnings, notes; each in the order given."""
    return tuple(sorted(findings, key=lambda finding: GRAVITY[finding.severity]))


def distinct(findings: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Each finding once; a fix may hold a mapping, so they cannot be hashed."""
    kept: list[Diagnostic] = []
    for finding in findings:
        if finding not in kept:
            kept.append(finding)
    return kept


def _models(
    settings: Settings, pools: dict[str, PoolPlan], store: StoragePlan, catalog: Catalog
) -> tuple[dict[str, ModelPlan], list[Reason], list[Diagnostic]]:
    """Decide every model whose pool could be decided."""
    models: dict[str, ModelPlan] = {}
    reasons: list[Reason] = []
    findings: list[Diagnostic] = []
    for name, decision in decide_models(settings, pools, store, catalog):
        reasons += decision.reasons
        findings += decision.diagnostics
        if decision.plan is not None:
            models[name] = decision.plan
    return models, reasons, findings


def _images(settings: Settings, models: dict[str, ModelPlan], catalog: Catalog) -> dict[str, str]:
    """Every image by its path in the stack file, as it is called before any mirror."""
    images = {
        f"models.{name}.image": settings.models[name].image or split(model.source_image).repository
        for name, model in models.items()
    }
    page = webui_image(settings, catalog)
    if settings.webui.enabled and page is not None:
        images["webui.image"] = page
    redis = redis_image(catalog)
    if plan_redis(settings, catalog) is not None and redis is not None:
        images["webui.redis"] = redis
    if has_api(settings) and has_limits(settings) and redis is not None:
        images["clients"] = redis
    return images
