"""Who comes in, and how: exposure, one API for all models with its clients, NetworkPolicies."""

from dataclasses import dataclass, field
from ipaddress import IPv4Network
from urllib.parse import urlsplit

from planner.plan.software import InstallPlan, RedisPlan


@dataclass(frozen=True, kw_only=True)
class ClientPlan:
    """Who may ask at the API host. `models` are names as requests say them: served names and LoRA adapters. A limit is
    None where there is none. `expires` and `previous_until` are UTC, ISO 8601: from when on its key, and the key before
    the last raise of `key_version`, open nothing; None: the key always does, the one before until the next raise."""

    name: str
    models: tuple[str, ...]
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tokens_per_day: int | None = None
    expires: str | None = None
    key_version: int = 1
    previous_until: str | None = None


@dataclass(frozen=True, kw_only=True)
class ApiModelPlan:
    """A name that requests at the API host may ask for. `model` is the one of the stack file that answers, `service`
    and `port` its Service, `paths` what it is asked by, and `keyed` that it wants its own key."""

    name: str
    model: str
    service: str
    port: int
    paths: tuple[str, ...]
    keyed: bool


@dataclass(frozen=True)
class RoutePlan:
    """One way in: requests for `host` at `path`, and at what lies `below` it, go to the Service, with `rewrite` as
    their path where that is given. `target` is the model's name, None for the chat page."""

    name: str
    target: str | None
    host: str
    path: str
    service: str
    port: int
    rewrite: str | None = None
    below: bool = False


@dataclass(frozen=True)
class InNamespace:
    """Pods of another namespace, all of them or those with `labels`."""

    name: str
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class FromRange:
    """Addresses outside the cluster; where pods have VPC addresses, a range of the VPC means pods as well."""

    cidr: str


Source = InNamespace | FromRange


@dataclass(frozen=True)
class OfInstance:
    """Pods in the namespace that is called by the id of the managed Prometheus which the stack makes: an id that nobody
    knows before."""


Scraper = Source | OfInstance
"""Who reads metrics."""


@dataclass(frozen=True, kw_only=True)
class ApiPlan:
    """One address for all models. `host` is None where it is reached inside the cluster only, `redis` where no client
    has a limit. Larger bodies than `body_mib` are refused. Inside, it is at `service` in `envoy_namespace`, before the
    pods `inside`; `public` are those behind its host."""

    host: str | None
    models: tuple[ApiModelPlan, ...]
    clients: tuple[ClientPlan, ...]
    redis: RedisPlan | None
    body_mib: int
    envoy_namespace: str
    service: str
    inside: InNamespace
    public: InNamespace | None = None

    @property
    def url(self) -> str:
        """Its base URL inside the cluster."""
        return f"http://{self.service}.{self.envoy_namespace}.svc/v1"


@dataclass(frozen=True)
class ExposurePlan:
    """The way in through a load balancer (`via` "gateway" or "ingress").

    `tls_secret` is the Secret that holds the certificate, `certificate_id` what that Secret names on class qcloud,
    `issuer` the cert-manager ClusterIssuer that fills it. `attach_to` is (namespace, name) of a Gateway that is not
    ours. `api_urls` are (model, base URL) of the models that ask for a key; the others are not routed. `balancer` says
    whether the load balancer is one of Tencent Cloud that the stack shapes. `address` is (kind, namespace, name, path)
    of the object whose status has the load balancer's address; namespace None: the stack's. `controller` is the
    software that must run for it, installed or there already, `proxies` the Service before the proxies of a Gateway of
    ours, and `sources` are those who hand requests on.
    """

    via: str
    scheme: str
    routes: tuple[RoutePlan, ...]
    chat_url: str | None
    api_urls: tuple[tuple[str, str], ...]
    tls_secret: str | None
    certificate_id: str | None
    issuer: str | None
    internal: bool
    allow: tuple[IPv4Network, ...]
    balancer: bool
    direct_access: bool
    install: InstallPlan | None = None
    attach_to: tuple[str, str] | None = None
    ingress_class: str | None = None
    ready_seconds: int = 0
    # Not before `install`: the names of the smoke test's Jobs follow from the order of the fields.
    address: tuple[str, str | None, str, str] = field(kw_only=True)
    controller: str | None = None
    proxies: str | None = None
    sources: tuple[Source, ...] = ()

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host name that is served, each once, in the order of the routes; that of one API for all models has no
        route here."""
        apis = (urlsplit(url).hostname or "" for _, url in self.api_urls)
        return tuple(dict.fromkeys((*(route.host for route in self.routes), *apis)))


@dataclass(frozen=True, kw_only=True)
class PageEgress:
    """Where the chat page goes beside the models. `internet`: anywhere outside. `login_port`: the TCP port of the OIDC
    provider, which may be anywhere. `database`: PostgreSQL or Redis inside the VPC, on ports that only a secret names.
    `redis`: the one that the stack makes."""

    internet: bool = False
    login_port: int | None = None
    database: bool = False
    redis: bool = False


@dataclass(frozen=True, kw_only=True)
class SmokeTestEgress:
    """Where the smoke test goes beside the models and the page: `proxies` are the gateway's. `tried` are the models to
    which the pod that tries forbidden connections may go, and which must not let it in."""

    proxies: Source | None = None
    tried: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExporterPlan:
    """The namespace of what shows the GPUs' metrics, the port of its pods, and who alone reads them there."""

    namespace: str
    port: int
    scraper: Scraper


@dataclass(frozen=True, kw_only=True)
class PolicyPlan:
    """Who may talk to whom in the namespace. `cluster_ranges`: those of VPC, pods and Services as far as they are
    known. `page`: None where there is no chat page. `sources` reach the page and the API from outside the namespace;
    `scraped` are, by model, those that read its metrics. `reach`: private ranges that downloads and page may go to.
    `acme`: cert-manager may prove here, by pods of its own, that the host names are ours. `smoke_test`: None where
    nothing is asked after the rollout. `exporter`: None where the stack installs none."""

    cluster_ranges: tuple[str, ...] = ()
    page: PageEgress | None = None
    sources: tuple[Source, ...] = ()
    scraped: tuple[tuple[str, Scraper], ...] = ()
    reach: tuple[str, ...] = ()
    acme: bool = False
    smoke_test: SmokeTestEgress | None = None
    exporter: ExporterPlan | None = None
