"""How people reach the chat page and the API: the way in, its routes and addresses.

One host serves the API of all models. With a gateway each model lies under its own path, ``/<model>/v1``, which reaches
the engine as ``/v1``; a stack with one model has plain ``/v1`` too. An Ingress cannot replace a path in the same way
for every class, so there a second model gives each a host of its own, ``<model>.<host>``. Nothing but ``/v1`` of an
engine is ever routed: its API key guards no other path (vLLM, docs/usage/security.md). A model without a key (Ollama)
is not routed at all; the chat page, which asks people to log in, speaks for it.
"""

from collections.abc import Mapping, Sequence

from catalog.load import Catalog
from planner.network.location import touches_the_cloud
from planner.page.decide import PORT
from planner.plan.types import ExposurePlan, InstallPlan, ModelPlan, RoutePlan
from planner.software.charts import choose, plan_install
from settings.access import Expose
from settings.models import Settings

QCLOUD = "qcloud"
ENVOY = "envoy-gateway"
GATEWAY = "tke-llm"
"""The Gateway that is made."""
PAGE = "webui"
API = "/v1"
CERTIFICATE = "tke-llm-certificate"
"""The Secret that we make for a certificate id, or that cert-manager makes for an issuer."""

READY_MARGIN = 300
"""Seconds for the load balancer beyond the slowest model's start."""


def plan_exposure(settings: Settings, models: Mapping[str, ModelPlan], catalog: Catalog) -> ExposurePlan | None:
    """Decide the way in; None for port-forward, and where the host is missing."""
    expose = settings.expose
    if expose.via == "port-forward" or expose.host is None:
        return None
    scheme = expose.scheme()
    keyed = [model for model in models.values() if model.spec.api_key_env is not None]
    api, urls = _api(expose.via, expose.api_host or expose.host, keyed)
    page = (RoutePlan(PAGE, None, expose.host, "/", PAGE, PORT),) if settings.webui.enabled else ()
    gateway = expose.via == "gateway"
    return ExposurePlan(
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
        install=_software(settings, catalog) if gateway else None,
        attach_to=attached(expose) if gateway else None,
        ingress_class=None if gateway else expose.ingress_class,
        ready_seconds=max((model.progress_deadline_seconds for model in models.values()), default=0) + READY_MARGIN,
    )


def attached(expose: Expose) -> tuple[str, str] | None:
    """(namespace, name) of the Gateway to attach to; None where one is made."""
    namespace, _, name = (expose.gateway or "").partition("/")
    return (namespace, name) if namespace else None


def shapes_balancer(settings: Settings) -> bool:
    """Whether the load balancer is a CLB that follows our annotations: not one behind another controller, nor on a
    cluster of which only a kubeconfig is known."""
    expose = settings.expose
    ours = expose.gateway is None if expose.via == "gateway" else expose.ingress_class == QCLOUD
    return ours and touches_the_cloud(settings)


def installs(expose: Expose) -> bool:
    """Whether Envoy Gateway is installed."""
    return expose.via == "gateway" and expose.gateway is None and expose.install != "none"


def _software(settings: Settings, catalog: Catalog) -> InstallPlan | None:
    if not installs(settings.expose):
        return None
    return plan_install(choose(ENVOY, settings.expose.install, settings, catalog), settings, catalog)


def _direct(settings: Settings) -> bool:
    """Whether the load balancer goes straight to pods. A gateway does so where pods have addresses in the VPC, which
    saves a hop and keeps the caller's address; an Ingress where it is asked to."""
    if settings.expose.via == "ingress":
        return settings.expose.direct_access
    return settings.owns_cluster() and settings.cluster.network_mode == "vpc-cni"


def _secret(expose: Expose) -> str | None:
    if expose.tls is None or (expose.via == "gateway" and expose.gateway is not None):
        return None
    return expose.tls.secret or CERTIFICATE


def _api(via: str, host: str, keyed: Sequence[ModelPlan]) -> tuple[tuple[RoutePlan, ...], dict[str, str]]:
    """The routes to the models and each model's address without scheme."""
    alone = len(keyed) == 1
    routes: list[RoutePlan] = []
    urls: dict[str, str] = {}
    for model in keyed:
        name, port = f"{model.name}-api", model.spec.port
        own = f"/{model.name}{API}"
        if via == "ingress":
            at = host if alone else f"{model.name}.{host}"
            routes.append(RoutePlan(name, model.name, at, API, model.name, port))
            urls[model.name] = f"{at}{API}"
            continue
        routes.append(RoutePlan(name, model.name, host, own, model.name, port, rewrite=API))
        if alone:
            routes.append(RoutePlan(name, model.name, host, API, model.name, port))
        urls[model.name] = f"{host}{API if alone else own}"
    return tuple(routes), urls
