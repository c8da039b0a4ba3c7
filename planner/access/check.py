"""What is wrong with the way in, or worth knowing of it."""

from collections.abc import Iterator, Sequence

from catalog.load import Catalog
from planner.access import codes
from planner.access.api import has_api
from planner.access.check_gateway import check_gateway
from planner.access.decide import API, QCLOUD, attached, shapes_balancer
from planner.engines.registry import every, find
from planner.network import endpoint_codes
from planner.network.location import in_mainland, touches_the_cloud
from planner.network.public_addresses import is_documentation
from planner.plan.access import ExposurePlan
from settings import codes as shared_codes
from settings.access import Expose, Tls
from settings.diagnostics import Diagnostic, Fix
from settings.stack import Settings
from settings.translation import tr

_COMMON = {"via", "host", "api_host", "tls", "internal", "allow"}
KEYS = {
    "port-forward": frozenset({"via"}),
    "gateway": frozenset(_COMMON | {"install", "gateway"}),
    "ingress": frozenset(_COMMON | {"ingress_class", "direct_access"}),
}
"""The keys that mean something for each kind of exposure."""

MOST_RULES = 50
"""Of a host and a path, that one HTTP or HTTPS listener of a CLB takes (vendor document 214/6187)."""

PAGE_PATHS = frozenset(
    {"api", "ollama", "openai", "oauth", "static", "ws", "health", "auth", "admin", "workspace", "c"}
)
"""First path segments of Open WebUI (backend/open_webui/main.py and the page's routes)."""


def check_exposure(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with the way in."""
    expose = settings.expose
    yield from _keys(expose)
    for index, allowed in enumerate(expose.allow):
        path = f"expose.allow[{index}]"
        if is_documentation(allowed):
            yield endpoint_codes.documentation_address(path, cidr=str(allowed), key=path)
    if expose.via == "port-forward":
        return
    if expose.host is None:
        yield codes.host_missing("expose.host", via=expose.via)
    if not has_api(settings):
        yield from check_gateway(settings, catalog) if expose.via == "gateway" else _ingress(settings)
    yield from _tls(settings)
    yield from _balancer(settings)
    yield from _routes(settings)
    if expose.host is not None and in_mainland(settings, catalog) and not expose.internal:
        yield codes.icp_filing("expose.host", host=expose.host, region=settings.region)


def check_rules(exposure: ExposurePlan | None) -> Iterator[Diagnostic]:
    """Whether a listener of the CLB has room for all rules of the Ingress."""
    if exposure is not None and exposure.ingress_class == QCLOUD and len(exposure.routes) > MOST_RULES:
        yield codes.forwarding_rules_many("expose.via", rules=len(exposure.routes), most=MOST_RULES)


def _keys(expose: Expose) -> Iterator[Diagnostic]:
    for key in sorted(expose.model_fields_set - KEYS[expose.via]):
        yield _key_not_for_kind(
            expose,
            key,
            owner=f"via: {expose.via}",
            kinds=[kind for kind, keys in KEYS.items() if key in keys],
            allowed=[_alias(each) for each in KEYS[expose.via]],
        )


def _key_not_for_kind(
    expose: Expose, key: str, *, owner: str, kinds: Sequence[str] = (), allowed: Sequence[str] = ()
) -> Diagnostic:
    name = _alias(key)
    return shared_codes.key_not_for_kind(
        f"expose.{name}",
        key=name,
        owner=owner,
        setting="expose.via",
        kind=expose.via,
        said="via" in expose.model_fields_set,
        kinds=kinds,
        allowed=allowed,
    )


def _alias(key: str) -> str:
    return str(Expose.model_fields[key].alias)


def _ingress(settings: Settings) -> Iterator[Diagnostic]:
    expose = settings.expose
    if expose.direct_access and expose.ingress_class != QCLOUD:
        yield _key_not_for_kind(
            expose, "direct_access", owner=tr("the Ingress class {ingress_class}", ingress_class=expose.ingress_class)
        )
    if expose.ingress_class == QCLOUD and not touches_the_cloud(settings):
        yield codes.ingress_class_assumed("expose.ingressClass", ingress_class=QCLOUD)
    if expose.ingress_class == QCLOUD:
        yield codes.ingress_idle_timeout("expose.ingressClass")


def _tls(settings: Settings) -> Iterator[Diagnostic]:
    expose = settings.expose
    if expose.tls is None:
        yield from _plain(settings)
        return
    if attached(expose):
        return
    given = {str(Tls.model_fields[key].alias): str(value) for key, value in expose.tls if value is not None}
    allowed = ["certificateId"] if _by_id(expose) else ["secret", "issuer"]
    if len(given) != 1:
        kept = [(name, value) for name, value in given.items() if name in allowed]
        yield codes.tls_source("expose.tls", given=list(given), allowed=allowed, kept=kept)
        return
    ((name, value),) = given.items()
    if name not in allowed:
        yield codes.certificate_not_for_road(
            f"expose.tls.{name}", given=name, allowed=allowed, by_id=_by_id(expose), fix=_other_way(expose)
        )
    elif name == "issuer":
        yield codes.cert_manager_needed("expose.tls.issuer", issuer=value, gateway=expose.via == "gateway")


def _by_id(expose: Expose) -> bool:
    """Whether the certificate is one of Tencent Cloud's, by its id (class qcloud takes no other)."""
    return expose.via == "ingress" and expose.ingress_class == QCLOUD


def _other_way(expose: Expose) -> Fix:
    """The way in that takes the certificate which this one cannot."""
    if _by_id(expose):
        return ("expose.ingressClass", None), ("expose.directAccess", None), ("expose.via", "gateway")
    if expose.via == "gateway":
        return ("expose.via", "ingress"), ("expose.install", None), ("expose.gateway", None)
    return (("expose.ingressClass", QCLOUD),)


def _plain(settings: Settings) -> Iterator[Diagnostic]:
    """No certificate: passwords and keys would cross the Internet readable, which nobody gets by leaving a key out."""
    expose = settings.expose
    if attached(expose) or expose.internal:
        yield codes.plain_http("expose.tls", attached=attached(expose) is not None)
    else:
        yield codes.plaintext_public("expose.tls", shaped=shapes_balancer(settings))


def _balancer(settings: Settings) -> Iterator[Diagnostic]:
    """Whether the load balancer can be kept private or guarded as asked."""
    expose = settings.expose
    if attached(expose):
        return
    if not shapes_balancer(settings):
        owner = expose.ingress_class if touches_the_cloud(settings) else None
        for key in ("internal", "allow"):
            if given := getattr(expose, key):
                yield codes.balancer_not_ours(f"expose.{key}", key=key, given=str(given), ingress_class=owner)
    elif expose.internal and not settings.owns_cluster() and settings.network.vpc_id is None:
        yield codes.internal_without_subnet("network.subnetIds")


def _routes(settings: Settings) -> Iterator[Diagnostic]:
    expose = settings.expose
    if has_api(settings):
        # It asks for keys itself, and has a host and names of its own.
        return
    keyed = [name for name, model in settings.models.items() if find(model.engine).keyed]
    if not keyed and not settings.webui.enabled:
        yield codes.nothing_to_expose("expose.via", via=expose.via)
    for name, model in settings.models.items():
        if name not in keyed:
            engine, others = find(model.engine), tuple(other.name for other in every() if other.keyed)
            yield codes.model_not_routed(
                f"models.{name}.engine", model=name, engine=engine.name, title=engine.title, others=others
            )
    if expose.via == "gateway" and settings.webui.enabled and expose.api_host in {None, expose.host}:
        for name in keyed:
            if name in PAGE_PATHS:
                yield codes.path_taken(
                    "expose.apiHost", model=name, path=f"/{name}{API}", host=expose.host, api_host=expose.api_host
                )
    if expose.via == "ingress" and len(keyed) > 1 and expose.host is not None:
        path = "expose.apiHost" if expose.api_host else "expose.host"
        yield codes.host_per_model(path, models=keyed, host=expose.api_host or expose.host)
