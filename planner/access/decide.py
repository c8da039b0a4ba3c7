"""How people reach the chat page and the API: the way in, its routes and addresses.

One host serves the API of all models. With a gateway each model lies under its own path, ``/<model>/v1``, which reaches
the engine as ``/v1``; a stack with one model has plain ``/v1`` too. An Ingress cannot replace a path in the same way
for every class, so there a second model gives each a host of its own, ``<model>.<host>``. Of an engine only the paths
by which its model is meant to be asked are routed, each by itself (planner/engines/api.py): its API key guards none
outside ``/v1`` (vLLM, docs/usage/security.md), and below it lie some that load adapters from anywhere. A model without
a key (Ollama) is not routed at all; the chat page, which asks people to log in, speaks for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from catalog.load import Catalog
from planner.access.api import api_host, has_api, plan_envoy
from planner.access.sources import (
    CONTROLLERS,
    ENVOY,
    GATEWAY,
    QCLOUD,
    gateway_sources,
    ingress_sources,
    proxies_service,
)
from planner.network.decide import pods_have_vpc_addresses
from planner.network.location import touches_the_cloud
from planner.page.decide import PORT
from planner.plan.access import ExposurePlan, RoutePlan
from planner.plan.software import InstallPlan
from planner.plan.types import CpuPlan, ModelPlan
from planner.software.charts import choose, home, plan_install
from settings.access import Expose
from settings.stack import Settings

INGRESS = "tke-llm"
"""The Ingress that is made."""
PAGE = "webui"
API = "/v1"
CERTIFICATE = "tke-llm-certificate"
"""The Secret that we make for a certificate id, or that cert-manager makes for an issuer."""

READY_MARGIN = 300
"""Seconds for the load balancer beyond the slowest model's start."""


def plan_exposure(
    settings: Settings, models: Mapping[str, ModelPlan], catalog: Catalog, cpu: CpuPlan
) -> ExposurePlan | None:
    """Decide the way in; None for port-forward, and where the host is missing. `cpu`: where pods without GPU run."""
    expose = settings.expose
    if expose.via == "port-forward" or expose.host is None:
        return None
    scheme = expose.scheme()
    if has_api(settings):
        # Its routes are its own (planner/access/api.py).
        host = api_host(settings)
        api, urls = (), {} if host is None else dict.fromkeys(models, f"{host}{API}")
    else:
        keyed = [model for model in models.values() if model.spec.api_key_env is not None]
        api, urls = _api(expose.via, expose.api_host or expose.host, keyed)
    page = (RoutePlan(PAGE, None, expose.host, "/", PAGE, PORT, below=True),) if settings.webui.enabled else ()
    plan = ExposurePlan(
        via=expose.via,
        scheme=scheme,
        routes=(*page, *api),
        chat_url=f"{scheme}://{expose.host}" if page else None,
        api_urls=tuple((model, f"{scheme}://{address}") for model, address in urls.items()),
        tls_secret=_secret(expose),
        certificate_id=expose.tls.certificate_id if expose.tls else None,
        issuer=expose.tls.issuer if expose.tls else None,
        internal=expose.internal,
        allow=expose.allow,
        balancer=shapes_balancer(settings),
        direct_access=_direct(settings),
        address=_address(expose),
        ready_seconds=max((model.progress_deadline_seconds for model in models.values()), default=0) + READY_MARGIN,
    )
    return _by_gateway(plan, settings, catalog, cpu) if expose.via == "gateway" else _by_ingress(plan, settings)


def _by_gateway(plan: ExposurePlan, settings: Settings, catalog: Catalog, cpu: CpuPlan) -> ExposurePlan:
    install, attach_to = _software(settings, catalog, cpu), attached(settings.expose)
    namespace, envoy = settings.namespace_name(), install.namespace if install else home(ENVOY, catalog)
    return replace(
        plan,
        install=install,
        attach_to=attach_to,
        controller=ENVOY,
        proxies=None if attach_to else f"{proxies_service(GATEWAY, namespace)}.{envoy}.svc",
        sources=tuple(gateway_sources(namespace, envoy, attach_to)),
    )


def _by_ingress(plan: ExposurePlan, settings: Settings) -> ExposurePlan:
    return replace(
        plan,
        ingress_class=settings.expose.ingress_class,
        sources=tuple(ingress_sources(settings)),
    )


def _address(expose: Expose) -> tuple[str, str | None, str, str]:
    if expose.via == "ingress":
        return "ingress", None, INGRESS, ".status.loadBalancer.ingress"
    within, name = attached(expose) or (None, GATEWAY)
    return "gateway", within, name, ".status.addresses"


def attached(expose: Expose) -> tuple[str, str] | None:
    """(namespace, name) of the Gateway to attach to; None where one is made, or none is used."""
    if expose.via != "gateway" or expose.gateway is None:
        return None
    namespace, _, name = expose.gateway.partition("/")
    return namespace, name


def shapes_balancer(settings: Settings) -> bool:
    """Whether the load balancer is a CLB that follows our annotations: not one behind another controller, nor on a
    cluster of which only a kubeconfig is known."""
    expose = settings.expose
    ours = expose.gateway is None if expose.via == "gateway" else expose.ingress_class == QCLOUD
    return ours and touches_the_cloud(settings)


def installs(expose: Expose) -> bool:
    """Whether Envoy Gateway is installed."""
    return expose.installs_envoy() and expose.gateway is None


def has_unknown_controller(expose: Expose) -> bool:
    """Whether requests are handed on by an Ingress controller whose namespace is not known."""
    return expose.via == "ingress" and expose.ingress_class not in {QCLOUD, *CONTROLLERS}


def _software(settings: Settings, catalog: Catalog, cpu: CpuPlan) -> InstallPlan | None:
    if not installs(settings.expose):
        return None
    if has_api(settings):
        return plan_envoy(settings, catalog, cpu)
    return plan_install(choose(ENVOY, settings.expose.install, settings, catalog), settings, catalog)


def _direct(settings: Settings) -> bool:
    """Whether the load balancer goes straight to pods. A gateway does so where pods have addresses in the VPC, which
    saves a hop and keeps the caller's address; an Ingress where it is asked to."""
    if settings.expose.via == "ingress":
        return settings.expose.direct_access
    return pods_have_vpc_addresses(settings)


def _secret(expose: Expose) -> str | None:
    if expose.tls is None or attached(expose):
        return None
    return expose.tls.secret or CERTIFICATE


def _api(via: str, host: str, keyed: Sequence[ModelPlan]) -> tuple[tuple[RoutePlan, ...], dict[str, str]]:
    """The routes to the models and each model's address without scheme."""
    alone = len(keyed) == 1
    routes: list[RoutePlan] = []
    urls: dict[str, str] = {}
    for model in keyed:
        plain = alone or via == "ingress"
        at = host if alone or via == "gateway" else f"{model.name}.{host}"
        urls[model.name] = f"{at}{API}" if plain else f"{at}/{model.name}{API}"
        as_they_are = [
            RoutePlan(f"{model.name}-api", model.name, at, path, model.name, model.spec.port) for path in model.api
        ]
        if via == "gateway":
            routes += [replace(each, path=f"/{model.name}{each.path}", rewrite=each.path) for each in as_they_are]
        if plain:
            routes += as_they_are
    return tuple(routes), urls
