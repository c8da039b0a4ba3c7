"""What is wrong with the road in, or worth knowing of it."""

from collections.abc import Iterator

from catalog.load import Catalog
from planner.access.decide import API, ENVOY, QCLOUD, installs, shapes_balancer
from planner.network import codes as network_codes
from planner.network.location import in_mainland, touches_the_cloud
from planner.network.public_addresses import is_documentation
from planner.software.charts import check_chart, choose
from settings.access import Expose, Tls
from settings.diagnostics import Diagnostic
from settings.models import Settings

_COMMON = {"via", "host", "api_host", "tls", "internal", "allow"}
KEYS = {
    "port-forward": frozenset({"via"}),
    "gateway": frozenset(_COMMON | {"install", "gateway"}),
    "ingress": frozenset(_COMMON | {"ingress_class", "direct_access"}),
}
"""The keys that mean something for each road."""

PAGE_PATHS = frozenset(
    {"api", "ollama", "openai", "oauth", "static", "ws", "health", "auth", "admin", "workspace", "c"}
)
"""First path segments of Open WebUI (backend/open_webui/main.py and the page's routes)."""


def check_exposure(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with the road in."""
    expose = settings.expose
    yield from _keys(expose)
    for index, allowed in enumerate(expose.allow):
        path = f"expose.allow[{index}]"
        if is_documentation(allowed):
            yield network_codes.documentation_address(path, cidr=str(allowed), key=path)
    if expose.via == "port-forward":
        return
    if expose.host is None:
        yield Diagnostic(
            severity="error",
            code="HOST_MISSING",
            path="expose.host",
            message=f"The {expose.via} needs the host name that people type.",
            remedy="Set expose.host to a name that you point at the load balancer, or use via: port-forward.",
            fix=(("expose", {"via": "port-forward"}),),
        )
    yield from _gateway(settings, catalog) if expose.via == "gateway" else _ingress(settings)
    yield from _tls(settings)
    yield from _balancer(settings)
    yield from _routes(settings)
    if expose.host is not None and in_mainland(settings, catalog) and not expose.internal:
        yield Diagnostic(
            severity="note",
            code="ICP_FILING",
            path="expose.host",
            message=f"A public domain that is served from the mainland ({settings.region}) needs an ICP filing.",
            remedy=f"See that {expose.host} is filed, or use internal: true.",
            given=expose.host,
        )


def _keys(expose: Expose) -> Iterator[Diagnostic]:
    for key in sorted(expose.model_fields_set - KEYS[expose.via]):
        roads = [road for road, keys in KEYS.items() if key in keys]
        yield _key(
            "KEY_NOT_FOR_KIND",
            expose,
            key,
            f"means nothing for via: {expose.via}.",
            f"Remove it, or set expose.via to {' or '.join(roads)}.",
            allowed=", ".join(sorted(_alias(expose, k) for k in KEYS[expose.via])),
        )


def _gateway(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    expose = settings.expose
    if expose.gateway is not None:
        yield from _attached(settings)
    if (expose.gateway is not None or expose.install == "none") and settings.owns_cluster():
        path = "expose.gateway" if expose.gateway is not None else "expose.install"
        yield Diagnostic(
            severity="error",
            code="GATEWAY_ABSENT",
            path=path,
            message="The cluster is made by this stack, so no Gateway or Envoy Gateway is in it yet.",
            remedy="Let the stack install it (install: market), or use a cluster that has it (cluster.existing).",
            given=expose.gateway or "none",
            fix=(("expose.gateway", None), ("expose.install", "market")),
        )
    if not installs(expose):
        return
    if expose.install == "market" and not touches_the_cloud(settings):
        yield Diagnostic(
            severity="error",
            code="MARKET_NEEDS_CLUSTER_ID",
            path="expose.install",
            message="The app market installs into TKE clusters that are named by their id; of this one only a "
            "kubeconfig is known.",
            remedy="Use install: helm, or none where Envoy Gateway is there already.",
            given="market",
            allowed="helm, none",
            fix=(("expose.install", "helm"),),
        )
    if not settings.owns_cluster():
        yield Diagnostic(
            severity="note",
            code="GATEWAY_SHARED",
            path="expose.install",
            message="Envoy Gateway is installed into a cluster that this stack did not make; a second installation in "
            "one cluster fails.",
            remedy="Set install: none where Envoy Gateway is there already.",
            given=expose.install,
        )
    yield from check_chart(choose(ENVOY, expose.install, settings, catalog), "expose.install", settings, catalog)


def _attached(settings: Settings) -> Iterator[Diagnostic]:
    """A Gateway that is not ours: only routes are made, and its certificate and load balancer are its own."""
    expose = settings.expose
    for key in ("install", "internal", "allow"):
        if key in expose.model_fields_set:
            yield _key(
                "GATEWAY_NOT_OURS", expose, key, "cannot be set for a Gateway that exists already.", "Remove it."
            )
    for key in sorted(expose.tls.model_fields_set if expose.tls else ()):
        path = f"expose.tls.{Tls.model_fields[key].alias}"
        yield Diagnostic(
            severity="error",
            code="GATEWAY_NOT_OURS",
            path=path,
            message="The certificate of a Gateway that exists already is its own.",
            remedy="Write tls: {} to say that it ends TLS.",
            fix=((path, None),),
        )


def _ingress(settings: Settings) -> Iterator[Diagnostic]:
    expose = settings.expose
    if expose.direct_access and expose.ingress_class != QCLOUD:
        yield _key(
            "KEY_NOT_FOR_KIND",
            expose,
            "direct_access",
            f"means nothing for the Ingress class {expose.ingress_class}.",
            "Remove it.",
        )
    if expose.ingress_class == QCLOUD and not touches_the_cloud(settings):
        yield Diagnostic(
            severity="warning",
            code="INGRESS_CLASS_ASSUMED",
            path="expose.ingressClass",
            message="qcloud is TKE's own Ingress class; whether this cluster is one of TKE is not known.",
            remedy="Name the class of the controller that runs there.",
            given=QCLOUD,
        )
    if expose.ingress_class == QCLOUD:
        yield Diagnostic(
            severity="note",
            code="INGRESS_IDLE_TIMEOUT",
            path="expose.ingressClass",
            message="A CLB ends a request for which nothing comes back for 60 seconds, and no annotation of an Ingress "
            "changes that: long answers must be streamed.",
            remedy="Use via: gateway where clients wait for whole answers.",
        )


def _tls(settings: Settings) -> Iterator[Diagnostic]:
    expose = settings.expose
    if expose.tls is None:
        yield from _plain(settings)
        return
    if expose.via == "gateway" and expose.gateway is not None:
        return
    given = {key: value for key, value in expose.tls.model_dump().items() if value is not None}
    names = {key: str(Tls.model_fields[key].alias) for key in Tls.model_fields}
    allowed = ["certificate_id"] if _by_id(expose) else ["secret", "issuer"]
    if len(given) != 1:
        kept = next((key for key in given if key in allowed), None)
        yield Diagnostic(
            severity="error",
            code="TLS_SOURCE",
            path="expose.tls",
            message="A certificate comes from one place." if given else "No place is named that holds the certificate.",
            remedy=f"Keep {names[kept]}." if kept else f"Set {' or '.join(names[key] for key in allowed)}.",
            given=", ".join(names[key] for key in given),
            allowed=f"one of {', '.join(names[key] for key in allowed)}",
            fix=(("expose.tls", {names[kept]: given[kept]} if kept else None), ("expose.internal", True))
            if not kept
            else (("expose.tls", {names[kept]: given[kept]}),),
        )
        return
    (key,) = given
    if key not in allowed:
        yield _wrong_source(expose, names[key], [names[key] for key in allowed])
    if key == "issuer" and key in allowed:
        yield Diagnostic(
            severity="note",
            code="CERT_MANAGER_NEEDED",
            path="expose.tls.issuer",
            message="cert-manager is not installed by this stack, and it takes part in Gateway API only where that is "
            "turned on (config.enableGatewayAPI)."
            if expose.via == "gateway"
            else "cert-manager is not installed by this stack.",
            remedy=f"See that it runs in the cluster and has the ClusterIssuer {given[key]}.",
            given=str(given[key]),
        )


def _by_id(expose: Expose) -> bool:
    """Whether the certificate is one of Tencent Cloud's, by its id (class qcloud takes no other)."""
    return expose.via == "ingress" and expose.ingress_class == QCLOUD


def _wrong_source(expose: Expose, given: str, allowed: list[str]) -> Diagnostic:
    by_id = _by_id(expose)
    return Diagnostic(
        severity="error",
        code="CERTIFICATE_NOT_FOR_ROAD",
        path=f"expose.tls.{given}",
        message="The Ingress class qcloud takes its certificate from Tencent Cloud SSL, by its id."
        if by_id
        else "TLS ends inside the cluster here, so the certificate must be a Secret there.",
        remedy=f"Use {' or '.join(allowed)}." if by_id else "Use secret or issuer, or the Ingress class qcloud.",
        given=given,
        allowed=", ".join(allowed),
        fix=(("expose.ingressClass", None), ("expose.directAccess", None), ("expose.via", "gateway"))
        if by_id
        else (("expose.via", "ingress"), *((f"expose.{key}", None) for key in ("install", "gateway")))
        if expose.via == "gateway"
        else (("expose.ingressClass", QCLOUD),),
    )


def _plain(settings: Settings) -> Iterator[Diagnostic]:
    """No certificate: passwords and keys would cross the Internet readable, which nobody gets by leaving a key out."""
    expose = settings.expose
    if expose.via == "gateway" and expose.gateway is not None:
        yield Diagnostic(
            severity="warning",
            code="PLAIN_HTTP",
            path="expose.tls",
            message="Whether the Gateway ends TLS is not known, so addresses begin with http.",
            remedy="Write tls: {} where it does.",
            fix=(("expose.tls", {}),),
        )
    elif expose.internal:
        yield Diagnostic(
            severity="warning",
            code="PLAIN_HTTP",
            path="expose.tls",
            message="Passwords and chats travel unencrypted inside the VPC: there is no certificate.",
            remedy="Set expose.tls.",
        )
    else:
        yield Diagnostic(
            severity="error",
            code="PLAINTEXT_PUBLIC",
            path="expose.tls",
            message="Passwords, API keys and chats would cross the Internet unencrypted: there is no certificate.",
            remedy="Set expose.tls, or keep the load balancer inside the VPC with internal: true.",
            allowed="tls, or internal: true",
            fix=(("expose.internal", True),) if shapes_balancer(settings) else (("expose", {"via": "port-forward"}),),
        )


def _balancer(settings: Settings) -> Iterator[Diagnostic]:
    """Whether the load balancer can be kept private or guarded as asked."""
    expose = settings.expose
    if expose.via == "gateway" and expose.gateway is not None:
        return
    if not shapes_balancer(settings):
        why = (
            "on a cluster that is known by its kubeconfig only."
            if not touches_the_cloud(settings)
            else f"of the Ingress class {expose.ingress_class}; its controller has a load balancer of its own."
        )
        for key in ("internal", "allow"):
            if getattr(expose, key):
                yield _key("BALANCER_NOT_OURS", expose, key, f"cannot shape the load balancer {why}", "Remove it.")
    elif expose.internal and not settings.owns_cluster() and settings.network.vpc_id is None:
        yield Diagnostic(
            severity="error",
            code="INTERNAL_WITHOUT_SUBNET",
            path="network.subnetIds",
            message="An internal load balancer lies in a subnet, and none of the cluster's is named.",
            remedy="Set network.vpcId, .zones and .subnetIds to those of the cluster.",
            allowed="the id of a subnet",
        )


def _routes(settings: Settings) -> Iterator[Diagnostic]:
    expose = settings.expose
    keyed = [name for name, model in settings.models.items() if model.engine != "ollama"]
    if not keyed and not settings.webui.enabled:
        yield Diagnostic(
            severity="error",
            code="NOTHING_TO_EXPOSE",
            path="expose.via",
            message="There is no chat page, and no model asks for a key, so nothing may be reached from outside.",
            remedy="Turn the chat page on, or use via: port-forward.",
            given=expose.via,
            fix=(("webui", True),),
        )
    for name in (name for name in settings.models if name not in keyed):
        yield Diagnostic(
            severity="note",
            code="MODEL_NOT_ROUTED",
            path=f"models.{name}.engine",
            message=f"Ollama asks for no key, so {name} is reached through the chat page only.",
            remedy="Serve it with vllm or sglang to have an API at the host.",
            given="ollama",
        )
    on_page = settings.webui.enabled and expose.api_host in {None, expose.host}
    for name in keyed:
        if expose.via == "gateway" and on_page and name in PAGE_PATHS:
            yield Diagnostic(
                severity="error",
                code="PATH_TAKEN",
                path="expose.apiHost",
                message=f"The model {name} would be at /{name}{API} of {expose.host}, where the chat page has paths of "
                "its own.",
                remedy="Give the API a host name of its own, or the model another key.",
                given=expose.api_host or "",
                fix=(("expose.apiHost", f"api.{expose.host}"),) if expose.host else (),
            )
    if expose.via == "ingress" and len(keyed) > 1 and expose.host is not None:
        host = expose.api_host or expose.host
        yield Diagnostic(
            severity="note",
            code="HOST_PER_MODEL",
            path="expose.apiHost" if expose.api_host else "expose.host",
            message="An Ingress gives each of several models a host name: "
            f"{', '.join(f'{name}.{host}' for name in keyed)}.",
            remedy=f"Point *.{host} at the load balancer, and have a certificate that covers it.",
            given=host,
        )


def _alias(expose: Expose, key: str) -> str:
    return str(type(expose).model_fields[key].alias)


def _key(code: str, expose: Expose, key: str, why: str, remedy: str, *, allowed: str = "") -> Diagnostic:
    name = _alias(expose, key)
    kind = expose.via if code == "KEY_NOT_FOR_KIND" else ""
    return Diagnostic(
        severity="error",
        code=code,
        path=f"expose.{name}",
        message=f"{name} {why}",
        remedy=remedy,
        given=f"{name} with via {kind}" if kind else str(getattr(expose, key)),
        allowed=allowed,
        fix=((f"expose.{name}", None),),
    )
