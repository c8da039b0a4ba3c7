"""What is wrong with one API for all models and its clients, or worth knowing of them."""

from collections.abc import Iterator

from packaging.version import Version

from catalog import versions
from catalog.load import Catalog
from planner.access import api_codes as codes
from planner.access import gateway_codes
from planner.access.api import CLIENT_KEYS, OLDEST_ENVOY, OWN_CLIENTS, api_chart, api_host, has_api, names_at_api
from planner.software.charts import is_tested
from planner.software.check import check_chart
from settings.access import Expose
from settings.diagnostics import Diagnostic, Fix
from settings.stack import Settings
from settings.suggest import closest


def check_api(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with the API and its clients."""
    if settings.api.via == "router":
        yield codes.api_by_router("api.via")
    elif has_api(settings):
        yield from _gateway(settings, catalog)
        yield from _host(settings)
        yield from _names(settings)
        if not settings.clients:
            yield codes.api_without_clients("clients", page=settings.webui.enabled)
    elif settings.clients:
        yield codes.clients_without_api("clients")
    yield from _clients(settings)
    yield from _keys(settings)


def _gateway(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    expose = settings.expose
    if expose.via == "ingress":
        yield codes.api_not_by_ingress("expose.via", fix=_by_gateway(expose))
    if expose.via == "gateway" and (expose.gateway is not None or expose.install != "helm"):
        path = "expose.gateway" if expose.gateway is not None else "expose.install"
        yield codes.api_needs_own_gateway(path, given=expose.gateway or expose.install)
    chart = api_chart(settings, catalog)
    yield from check_chart(chart, "api.via", settings, catalog)
    if not settings.owns_cluster():
        yield gateway_codes.gateway_shared("api.via", install="helm")
    if chart.number is not None and Version(chart.number) < OLDEST_ENVOY and settings.owns_cluster():
        yield codes.api_gateway_too_old(
            "cluster.version",
            kubernetes=settings.cluster.version,
            release=chart.number,
            oldest=str(OLDEST_ENVOY),
            near=_new_enough(catalog),
        )


def _by_gateway(expose: Expose) -> Fix:
    keys = {"ingress_class": "ingressClass", "direct_access": "directAccess"}
    given = tuple((f"expose.{key}", None) for name, key in keys.items() if name in expose.model_fields_set)
    return ("expose.via", "gateway"), ("expose.install", "helm"), *given


def _new_enough(catalog: Catalog) -> str | None:
    """The oldest known version of Kubernetes on which a release that can serve the API is tested."""
    charts = [each for each in catalog.charts.values() if each.limiter is not None]
    return next(
        (
            known
            for known in catalog.kubernetes_versions
            if (version := versions.kubernetes_version(known)) and any(is_tested(chart, version) for chart in charts)
        ),
        None,
    )


def _host(settings: Settings) -> Iterator[Diagnostic]:
    expose = settings.expose
    if expose.via == "gateway" and expose.host is not None and api_host(settings) is None:
        _, _, domain = expose.host.partition(".")
        near = f"api.{domain}" if "." in domain and f"api.{domain}" != expose.host else f"api.{expose.host}"
        yield codes.api_host_missing("expose.apiHost", host=expose.host, given=expose.api_host, near=near)


def _names(settings: Settings) -> Iterator[Diagnostic]:
    seen: dict[str, str] = {}
    for name, model, path in names_at_api(settings):
        if name in seen and seen[name] != path:
            taken = {each for each, _, _ in names_at_api(settings)}
            near = next(each for count in range(1, 200) if (each := f"{model}-{count}") not in taken)
            models = [seen[name].split(".")[1], model]
            renamed = near if path.endswith(".servedName") else None
            yield codes.api_name_twice(path, name=name, models=models, near=renamed)
        seen.setdefault(name, path)


def _clients(settings: Settings) -> Iterator[Diagnostic]:
    served = {name: model for name, model, _ in names_at_api(settings)}
    by_model = {model: name for name, model in reversed(served.items())}
    for client, asked in settings.clients.items():
        if client in OWN_CLIENTS:
            free = next(each for count in range(2, 300) if (each := f"{client}-{count}") not in settings.clients)
            kept = asked.model_dump(mode="json", by_alias=True, exclude_unset=True)
            yield codes.client_name_taken(f"clients.{client}", name=client, free=free, kept=kept)
        for index, name in enumerate(asked.models):
            if name not in served:
                near = by_model.get(name) or closest(name, served)
                path = f"clients.{client}.models[{index}]"
                yield codes.unknown_api_model(path, name=name, near=near, known=served)


def _keys(settings: Settings) -> Iterator[Diagnostic]:
    start = f"{CLIENT_KEYS}."
    given = {secret.removeprefix(start) for secret in settings.secrets if secret.startswith(start)}
    for client in sorted(given - settings.clients.keys()):
        near = closest(client, settings.clients)
        yield codes.client_key_without_client(
            f"{CLIENT_KEYS}.{client}", client=client, near=near, clients=settings.clients
        )
    for name, client in settings.clients.items():
        if name in given and client.key_version > 1:
            yield codes.no_previous_key(f"clients.{name}.keyVersion", client=name, key="keyVersion", given=True)
        if client.previous_until is not None and (name in given or client.key_version == 1):
            yield codes.no_previous_key(
                f"clients.{name}.previousUntil", client=name, key="previousUntil", given=name in given
            )
