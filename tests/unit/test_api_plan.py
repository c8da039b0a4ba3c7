"""One API for all models, decided: its names, who asks it, what it takes of the cluster, and what is refused."""

from typing import Any

import pytest

from planner.plan.access import ApiPlan
from planner.plan.software import InstallPlan
from planner.plan.types import Plan
from settings.paths import apply_fix
from tests.unit.stacks import KUBECONFIG, codes, found, merged, planned, sections

LIMITED = {"app": {"models": ["chat"], "tokensPerMinute": 1000}}
API: dict[str, object] = {"cluster.version": "1.34.1", "api": {"via": "gateway"}, "clients": LIMITED}
PUBLIC = {
    "via": "gateway",
    "host": "chat.example.com",
    "apiHost": "api.example.com",
    "install": "helm",
    "tls": {"secret": "chat"},
}


def decided(*changes: dict[str, object]) -> ApiPlan:
    plan = planned(merged(API, *changes))
    assert plan.api is not None
    return plan.api


def envoy(plan: Plan) -> InstallPlan:
    """Envoy Gateway as it is installed, for the API alone or for the way in as well."""
    of_exposure = [] if plan.exposure is None or plan.exposure.install is None else [plan.exposure.install]
    (found,) = [each for each in (*plan.installs, *of_exposure) if each.software == "envoy-gateway"]
    return found


def without(fixed: dict[str, object], plan: Plan, code: str) -> set[str]:
    """The codes that are left once the fix of this one is applied to the changes."""
    changed = apply_fix(sections(fixed), found(plan, code).fix)
    return codes(planned({name: changed.get(name) for name in {*changed, *sections(fixed)}}))


def test_a_stack_that_asks_for_no_api_has_none() -> None:
    assert planned().api is None
    assert planned().installs == ()


def test_models_and_their_adapters_are_names_of_one_api() -> None:
    adapters = {"maxRank": 16, "adapters": {"support": {"model": "me/support"}}}
    plan = decided({"models.chat.servedName": "qwen", "models.chat.lora": adapters, "clients": None})
    assert [(each.name, each.model, each.service) for each in plan.models] == [
        ("qwen", "chat", "chat"),
        ("support", "chat", "chat"),
    ]


def test_the_list_of_models_is_the_gateways_own_answer() -> None:
    (model,) = decided().models
    assert "/v1/chat/completions" in model.paths
    assert "/v1/models" not in model.paths


def test_the_page_is_a_client_without_limits_for_what_chats() -> None:
    plan = decided({"models.embed": {"model": "BAAI/bge-m3", "task": "embed"}, "pools.gpu.nodes": 2})
    page = next(each for each in plan.clients if each.name == "webui")
    assert page.models == ("chat",)
    assert page.tokens_per_minute is page.requests_per_minute is page.tokens_per_day is None
    assert "webui" not in {each.name for each in decided({"webui": False}).clients}


def test_only_limits_bring_a_redis_and_a_rate_limit_service() -> None:
    free = planned(merged(API, {"clients": {"app": {"models": ["chat"]}}}))
    assert free.api is not None
    assert free.api.redis is None
    assert "config.envoyGateway.rateLimit.backend" not in dict(envoy(free).values)
    counted = planned(API)
    assert counted.api is not None
    assert counted.api.redis is not None
    values: dict[str, Any] = dict(envoy(counted).values)
    assert values["config.envoyGateway.rateLimit.backend"]["redis"]["url"] == "api-redis.llm.svc:6379"
    assert "ratelimit" in values["global.images.ratelimit.image"]


def test_the_image_of_the_rate_limit_service_comes_through_the_mirror_of_its_registry() -> None:
    plan = planned(merged(API, {"images": {"mirrors": {"docker.io": "hub.example.com/proxy"}}}))
    assert str(dict(envoy(plan).values)["global.images.ratelimit.image"]).startswith(
        "hub.example.com/proxy/envoyproxy/"
    )


def test_lua_filters_are_let_in_wherever_envoy_gateway_is_installed_for_it() -> None:
    for expose in ({"via": "port-forward"}, PUBLIC):
        assert dict(envoy(planned(merged(API, {"expose": expose}))).values)[
            "config.envoyGateway.extensionApis.enableLua"
        ]


def test_the_password_of_the_counters_is_no_value_of_the_chart() -> None:
    ((variable,),) = [value for name, value in envoy(planned(API)).values if name.endswith("container.env")]  # type: ignore[misc]
    assert variable["name"] == "REDIS_AUTH"
    assert variable["valueFrom"] == {"secretKeyRef": {"name": "api-redis", "key": "password"}}


def test_a_public_api_has_a_host_of_its_own_and_models_have_no_route() -> None:
    plan = planned(merged(API, {"expose": PUBLIC}))
    assert not plan.errors
    assert plan.api is not None
    assert plan.exposure is not None
    assert plan.api.host == "api.example.com"
    assert [route.name for route in plan.exposure.routes] == ["webui"]
    assert plan.exposure.hosts == ("chat.example.com", "api.example.com")


def test_without_a_page_the_one_host_is_the_apis() -> None:
    expose = {key: value for key, value in PUBLIC.items() if key != "apiHost"}
    plan = planned(merged(API, {"expose": expose, "webui": False}))
    assert not plan.errors
    assert plan.api is not None
    assert plan.api.host == "chat.example.com"


def test_the_smoke_test_asks_no_public_address_with_an_engines_key() -> None:
    plan = planned(merged(API, {"expose": PUBLIC}))
    assert plan.smoke_test is not None
    assert [each.public_url for each in plan.smoke_test.models] == [None]


def test_its_pods_are_counted_on_the_system_pool() -> None:
    small = {"cluster.systemPool": {"instanceType": "SA5.MEDIUM4", "nodes": 1}}
    told = found(planned(merged(API, small)), "SYSTEM_POOL_TOO_SMALL")
    assert "the proxies (2 x 512 MiB)" in told.message
    assert "the rate limit service (1 x 512 MiB)" in told.message
    assert "SYSTEM_POOL_TOO_SMALL" not in without(merged(API, small), planned(merged(API, small)), told.code)


REFUSED = {
    "API_BY_ROUTER": ("api.via", {"api": {"via": "router"}}),
    "API_NEEDS_OWN_GATEWAY": ("expose.install", {"expose": {**PUBLIC, "install": "market"}}),
    "API_GATEWAY_TOO_OLD": ("cluster.version", {"cluster.version": "1.32.2"}),
    "API_HOST_MISSING": ("expose.apiHost", {"expose": {**PUBLIC, "apiHost": "chat.example.com"}}),
    "CLIENTS_WITHOUT_API": ("clients", {"api": None}),
    "UNKNOWN_API_MODEL": ("clients.app.models[0]", {"clients": {"app": {"models": ["chta"]}}}),
    "CLIENT_NAME_TAKEN": ("clients.webui", {"clients": {"webui": {"models": ["chat"]}}}),
    "API_NOT_BY_INGRESS": (
        "expose.via",
        {"expose": {"via": "ingress", "host": "chat.example.com", "ingressClass": "nginx", "tls": {"secret": "chat"}}},
    ),
    "API_NAME_TWICE": (
        "models.other.servedName",
        {"models.other": {"model": "Qwen/Qwen2.5-7B-Instruct", "servedName": "chat"}, "pools.gpu.nodes": 2},
    ),
}


@pytest.mark.parametrize("code", REFUSED)
def test_what_cannot_be_is_refused_with_a_fix_that_helps(code: str) -> None:
    path, changes = REFUSED[code]
    given = merged(API, changes)
    plan = planned(given)
    told = found(plan, code)
    assert (told.severity, told.path) == ("error", path)
    assert told.fix
    assert code not in without(given, plan, code)


def test_a_model_meant_by_its_key_is_found_under_the_name_that_requests_use() -> None:
    plan = planned(merged(API, {"models.chat.servedName": "qwen-7b"}))
    assert found(plan, "UNKNOWN_API_MODEL").fix == (("clients.app.models[0]", "qwen-7b"),)


def test_an_api_that_nobody_can_ask_is_doubtful() -> None:
    told = found(planned(merged(API, {"clients": None})), "API_WITHOUT_CLIENTS")
    assert told.severity == "warning"


def test_in_a_cluster_of_others_a_second_envoy_gateway_is_told_of() -> None:
    there = merged({**KUBECONFIG}, {"api": {"via": "gateway"}, "clients": LIMITED})
    plan = planned(there)
    assert not plan.errors
    assert found(plan, "GATEWAY_SHARED").path == "api.via"


def test_a_model_that_knows_no_key_is_behind_the_api_too() -> None:
    plan = planned(merged(API, {"models.chat": {"model": "qwen2.5:0.5b", "engine": "ollama"}, "expose": PUBLIC}))
    assert plan.api is not None
    assert [each.keyed for each in plan.api.models] == [False]
    assert "MODEL_NOT_ROUTED" not in codes(plan)
