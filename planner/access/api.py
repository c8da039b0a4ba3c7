"""One API for all models: Envoy Gateway before them, which asks for a key, reads the model out of the request and
counts what each client takes (docs/decisions/api-gateway.md).

It is one more Gateway inside the cluster, at which the chat page and port-forwards ask; with `expose.via: gateway` the
same routes hang at the public one, on a host of their own. The counters are in a Redis in the stack's namespace, which
Envoy Gateway's rate limit service keeps there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from packaging.version import Version

from catalog.load import Catalog
from catalog.software import Chart
from planner.access.sources import API_GATEWAY, ENVOY, GATEWAY, proxies_of, proxies_service
from planner.engines.api import MODELS
from planner.page.replicas import PORT, redis_plan
from planner.plan.access import ApiModelPlan, ApiPlan, ClientPlan, ExposurePlan
from planner.plan.rollout import SmokeTestPlan
from planner.plan.software import CpuPods, InstallPlan
from planner.plan.types import CpuPlan, ModelPlan
from planner.software.charts import choose, home, plan_install
from settings.api import Client
from settings.stack import Settings
from settings.translation import tr

CLIENT_KEYS = "clientKeys"
"""The secret of the stack file that gives keys, by client."""
PAGE_CLIENT, SMOKE_CLIENT = "webui", "smoke-test"
"""The chat page and the smoke test, as clients of the API."""
OWN_CLIENTS = (PAGE_CLIENT, SMOKE_CLIENT)
"""Clients that the stack itself brings; their keys are shown to nobody."""
SMOKE_REQUESTS, SMOKE_TOKENS = 120, 2_000
"""Most requests a minute of the smoke test, and most tokens for each model: it asks for 16 (and again every two seconds
where something is not ready), so that its key, should it get out, is worth little."""
REDIS = "api-redis"
"""Name of the Redis with the counters: Service, Deployment and Secrets, in either namespace."""
REDIS_PASSWORD = "password"  # noqa: S105  a key of the Secret
OLDEST_ENVOY = Version("1.9")
"""The release whose objects were run here. Those before it have Lua filters on and no setting for them
(api/v1alpha1/envoygateway_types.go of v1.8.3: `disableLua`, of v1.9.1: `enableLua`)."""

PROXIES = 2
"""Of each Gateway: one may go with its node."""
CONTROLLER, ENVOY_POD = (100, 256), (100, 512)
"""CPU in millis and MiB that the controller asks for (charts/gateway-helm/values.tmpl.yaml of v1.9.1), and that a proxy
and the rate limit service do (DefaultDeploymentCPUResourceRequests, DefaultDeploymentMemoryResourceRequests)."""

_CONFIG = "config.envoyGateway"
_LIMITER = f"{_CONFIG}.provider.kubernetes.rateLimitDeployment"


def has_api(settings: Settings) -> bool:
    """Whether all models have one API."""
    return settings.api.via == "gateway"


def api_chart(settings: Settings, catalog: Catalog) -> Chart:
    """The chart of Envoy Gateway that serves it."""
    return choose(ENVOY, "helm", settings, catalog)


def api_host(settings: Settings) -> str | None:
    """The public host of the API; None inside the cluster only, and where it is missing: the page has its own."""
    expose = settings.expose
    if expose.via != "gateway" or expose.api_host == expose.host:
        return None
    return expose.api_host or (None if settings.webui.enabled else expose.host)


def names_at_api(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """What requests may name, as far as the stack file says: name, model, and the path of the setting."""
    for name, model in settings.models.items():
        yield model.served_name or name, name, f"models.{name}.servedName"
        for adapter in model.lora.adapters if model.lora else ():
            yield adapter, name, f"models.{name}.lora.adapters.{adapter}"


def plan_api(settings: Settings, models: Mapping[str, ModelPlan], catalog: Catalog) -> ApiPlan | None:
    """Decide the API; None where each model has an address of its own."""
    if not has_api(settings):
        return None
    namespace, envoy = settings.namespace_name(), home(ENVOY, catalog)
    served = tuple(
        ApiModelPlan(
            name=name,
            model=model.name,
            service=model.name,
            port=model.spec.port,
            paths=tuple(path for path in model.api if path != MODELS),
            keyed=model.spec.api_key_env is not None,
        )
        for model in models.values()
        for name in (model.served_name, *model.adapters)
    )
    clients = tuple(_client(name, client, served) for name, client in settings.clients.items())
    if settings.webui.enabled:
        chats = tuple(each.name for each in served if models[each.model].task == "chat")
        clients = (*clients, ClientPlan(name=PAGE_CLIENT, models=chats))
    host = api_host(settings)
    return ApiPlan(
        host=host,
        models=served,
        clients=clients,
        redis=redis_plan(settings, catalog) if has_limits(settings) else None,
        body_mib=settings.api.body_mib,
        envoy_namespace=envoy,
        service=proxies_service(API_GATEWAY, namespace),
        inside=proxies_of(API_GATEWAY, namespace, envoy),
        public=None if host is None else proxies_of(GATEWAY, namespace, envoy),
    )


def _client(name: str, client: Client, served: tuple[ApiModelPlan, ...]) -> ClientPlan:
    known = {each.name for each in served}
    return ClientPlan(
        name=name,
        models=tuple(each for each in dict.fromkeys(client.models) if each in known),
        requests_per_minute=client.requests_per_minute,
        tokens_per_minute=client.tokens_per_minute,
        tokens_per_day=client.tokens_per_day,
        expires=client.expires,
        key_version=client.key_version,
        previous_until=client.previous_until,
    )


def with_test_client(api: ApiPlan | None, test: SmokeTestPlan | None) -> ApiPlan | None:
    """The API with the smoke test as one more client, which reaches all models; it has limits where there is something
    that counts."""
    if api is None or test is None:
        return api
    names = tuple(model.name for model in api.models)
    asking = ClientPlan(name=SMOKE_CLIENT, models=names)
    if api.redis is not None:
        tokens = SMOKE_TOKENS * len(names)
        asking = replace(asking, requests_per_minute=SMOKE_REQUESTS, tokens_per_minute=tokens)
    return replace(api, clients=(*api.clients, asking))


def has_limits(settings: Settings) -> bool:
    """Whether anybody has a limit, which somebody must count."""
    return any(
        limit is not None
        for each in settings.clients.values()
        for limit in (each.requests_per_minute, each.tokens_per_minute, each.tokens_per_day)
    )


def plan_envoy(settings: Settings, catalog: Catalog, cpu: CpuPlan) -> InstallPlan:
    """Envoy Gateway as the API needs it: with Lua filters, and a rate limit service where there are limits."""
    counted = has_limits(settings)
    install = plan_install(api_chart(settings, catalog), settings, catalog, limiter=counted)
    values: list[tuple[str, object]] = [*install.values, (f"{_CONFIG}.extensionApis.enableLua", True)]
    if counted:
        address = f"{REDIS}.{settings.namespace_name()}.svc:{PORT}"
        password = {"secretKeyRef": {"name": REDIS, "key": REDIS_PASSWORD}}
        values += [
            (f"{_CONFIG}.rateLimit.backend", {"type": "Redis", "redis": {"url": address}}),
            # Envoy gives up after 20 ms by itself, and lets the request through uncounted.
            (f"{_CONFIG}.rateLimit.timeout", "1s"),
            (f"{_LIMITER}.container.env", [{"name": "REDIS_AUTH", "valueFrom": password}]),
            *([(f"{_LIMITER}.pod.nodeSelector", dict(cpu.node_selector))] if cpu.node_selector else []),
        ]
    return replace(install, values=tuple(values))


def api_pods(api: ApiPlan | None, exposure: ExposurePlan | None) -> tuple[CpuPods, ...]:
    """The pods of the API on the CPU nodes."""
    if api is None:
        return ()
    gateways = 1 if exposure is None else 2
    pods = [CpuPods("Envoy Gateway", 1, *CONTROLLER), CpuPods(tr("the proxies"), gateways * PROXIES, *ENVOY_POD)]
    if api.redis is not None:
        pods += [
            CpuPods(tr("the rate limit service"), 1, *ENVOY_POD),
            CpuPods(tr("its Redis"), 1, api.redis.cpu_millis, api.redis.memory_mib),
        ]
    return tuple(pods)
