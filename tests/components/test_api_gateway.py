"""The API of all models, as it is registered: routes, keys, who is let to what, limits. What Envoy makes of it:
tests/requests/test_api.py."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from components.workloads.api_gateway import (
    CLIENT_HEADER,
    ApiGateway,
    ApiGatewayArgs,
    clients_secret,
    ends,
    limit_rules,
    object_name,
    script_spec,
)
from planner.access.sources import InNamespace
from planner.plan.access import ApiModelPlan, ApiPlan, ClientPlan, ExposurePlan
from planner.plan.software import RedisPlan
from tests.components.recorder import ComponentRun, Registered, build
from tests.unit.stacks import planned

HOST = "api.example.com"
CHAT = "/v1/chat/completions"
BIG = ApiModelPlan(name="Qwen/Big", model="big", service="big", port=8000, paths=(CHAT,), keyed=True)
FREE = ApiModelPlan(name="free", model="free", service="free", port=11434, paths=(CHAT,), keyed=False)
ANNA = ClientPlan(name="anna", models=("Qwen/Big", "free"), tokens_per_minute=1000)
BERT = ClientPlan(name="bert", models=("free",), tokens_per_minute=1000, requests_per_minute=5)
PLAN = ApiPlan(
    host=HOST,
    models=(BIG, FREE),
    clients=(ANNA, BERT),
    redis=RedisPlan("redis", 1, 1, 1),
    body_mib=20,
    envoy_namespace="envoy-gateway-system",
    service="api",
    inside=InNamespace("envoy-gateway-system", ()),
)


def exposure() -> ExposurePlan:
    expose = {"via": "gateway", "host": "chat.example.com", "apiHost": HOST, "tls": {"secret": "chat"}}
    made = planned({"expose": expose}).exposure
    assert made is not None
    return made


def run(
    plan: ApiPlan = PLAN, public: ExposurePlan | None = None, previous: dict[str, str] | None = None
) -> ComponentRun:
    def make() -> None:
        args = ApiGatewayArgs(
            namespace="llm",
            plan=plan,
            exposure=public,
            keys={client.name: f"sk-{client.name}" for client in plan.clients},
            previous_keys=previous or {},
            engine_keys={"big": "engine-key"},
            node_selector={"pool": "system"},
        )
        ApiGateway("api", args)

    return build(make)


def named(made: ComponentRun, kind: str, name: str) -> Registered:
    (found,) = [
        each for each in made.resources if each.type.endswith(f":{kind}") and each.inputs["metadata"]["name"] == name
    ]
    return found


def spec(made: ComponentRun, kind: str, name: str) -> dict[str, Any]:
    return named(made, kind, name).inputs["spec"]


def test_keys_are_secrets_and_stand_nowhere_else() -> None:
    made = run(previous={"anna": "sk-before"})
    secret = named(made, "Secret", clients_secret(PLAN.clients))
    assert secret.inputs["stringData"] == {"anna": "sk-anna", "bert": "sk-bert", "anna.previous": "sk-before"}
    written = json.dumps([each.inputs for each in made.resources if not each.type.endswith(":Secret")])
    assert "sk-" not in written
    assert "engine-key" not in written


def test_other_keys_are_another_secret_so_that_there_is_always_one() -> None:
    before = clients_secret((ANNA, BERT))
    assert before == clients_secret((BERT, replace(ANNA, tokens_per_minute=1, models=())))
    for clients in ((ANNA,), (ANNA, replace(BERT, key_version=2)), (ANNA, BERT, replace(BERT, name="carl"))):
        assert clients_secret(clients) != before
    made = run()
    secret = named(made, "Secret", before)
    assert all(made.depends(each, secret) for each in made.of(":SecurityPolicy"))


def test_an_engines_key_takes_the_place_of_the_clients() -> None:
    made = run()
    name = object_name("Qwen/Big")
    assert named(made, "Secret", name).inputs["stringData"] == {"credential": "Bearer engine-key"}
    injected = spec(made, "HTTPRouteFilter", name)["credentialInjection"]
    assert injected == {"overwrite": True, "credential": {"valueRef": {"name": name}}}
    (backend,) = spec(made, "HTTPRoute", name)["rules"][0]["backendRefs"]
    assert [each["extensionRef"]["name"] for each in backend["filters"]] == [name]
    (backend,) = spec(made, "HTTPRoute", "api-free")["rules"][0]["backendRefs"]
    assert backend == {"name": "free", "port": 11434}


def test_every_route_asks_for_a_key_and_a_model_is_opened_to_its_clients_alone() -> None:
    made = run()
    for name, default, allowed in (
        ("api", "Allow", None),
        (object_name("Qwen/Big"), "Deny", ["anna"]),
        ("api-free", "Deny", ["anna", "bert"]),
    ):
        policy = spec(made, "SecurityPolicy", name)
        assert policy["apiKeyAuth"]["credentialRefs"] == [{"name": clients_secret(PLAN.clients)}]
        assert policy["apiKeyAuth"]["sanitize"] is True
        assert policy["authorization"]["defaultAction"] == default
        values = [each["principal"]["headers"][0]["values"] for each in policy["authorization"].get("rules", [])]
        assert values == ([] if allowed is None else [allowed])


def test_a_model_nobody_may_ask_for_is_opened_to_nobody() -> None:
    made = run(replace(PLAN, clients=(BERT,)))
    policy = spec(made, "SecurityPolicy", object_name("Qwen/Big"))
    assert policy["authorization"] == {"defaultAction": "Deny"}


def test_inside_the_cluster_any_host_will_do_and_outside_it_is_the_apis() -> None:
    made = run(public=exposure())
    for name in ("api", "api-free"):
        inside, public = spec(made, "HTTPRoute", name), spec(made, "HTTPRoute", f"{name}-public")
        assert inside["parentRefs"] == [{"name": "api", "sectionName": "http"}]
        assert "hostnames" not in inside
        assert public["parentRefs"] == [{"name": "tke-llm", "sectionName": "https-1"}]
        assert public["hostnames"] == [HOST]
        assert inside["rules"] == public["rules"]
        policy = spec(made, "SecurityPolicy", name)
        assert [each["name"] for each in policy["targetRefs"]] == [name, f"{name}-public"]
    connections = spec(made, "ClientTrafficPolicy", "api")["targetRefs"]
    assert [(each["name"], each.get("sectionName")) for each in connections] == [("api", None), ("tke-llm", "https-1")]


@pytest.mark.parametrize("tls", [True, False])
def test_at_every_listener_of_the_api_nobody_brings_the_headers_that_the_gateway_sets(tls: bool) -> None:
    expose = {"via": "gateway", "host": "chat.example.com", "apiHost": HOST}
    expose |= {"tls": {"secret": "chat"}} if tls else {"internal": True}
    public = planned({"expose": expose}).exposure
    policies = [each.inputs["spec"] for each in run(public=public).of(":ClientTrafficPolicy")]
    for each in policies:
        assert each["headers"]["earlyRequestHeaders"]["remove"] == [CLIENT_HEADER, "x-tke-llm-model"]
    held = {(target["name"], target.get("sectionName")) for each in policies for target in each["targetRefs"]}
    assert held == {("api", None), ("tke-llm", "https-1" if tls else "http")}
    timed = {target["name"] for each in policies if "timeout" in each for target in each["targetRefs"]}
    assert timed == ({"api", "tke-llm"} if tls else {"api"})


def test_without_a_public_host_there_is_no_public_route() -> None:
    routes = [each.inputs["metadata"]["name"] for each in run(replace(PLAN, host=None), exposure()).of(":HTTPRoute")]
    assert not [name for name in routes if name.endswith("-public")]


def test_its_proxies_are_inside_the_cluster_on_the_cpu_nodes() -> None:
    kubernetes = spec(run(), "EnvoyProxy", "api")["provider"]["kubernetes"]
    assert kubernetes["envoyService"] == {"type": "ClusterIP"}
    assert kubernetes["envoyDeployment"]["pod"] == {"nodeSelector": {"pool": "system"}}


def test_the_log_has_neither_headers_of_the_client_nor_a_query() -> None:
    (settings,) = spec(run(), "EnvoyProxy", "api")["telemetry"]["accessLog"]["settings"]
    fields = " ".join(settings["format"]["json"].values()).upper()
    assert "AUTHORIZATION" not in fields
    assert CLIENT_HEADER.upper() not in fields
    assert "%REQ(:PATH)%" not in fields


def test_clients_with_one_limit_share_a_rule_and_not_a_counter() -> None:
    rules = list(limit_rules((ANNA, BERT)))
    assert [(each["limit"]["requests"], each["limit"]["unit"]) for each in rules] == [(5, "Minute"), (1000, "Minute")]
    assert all(each["shared"] for each in rules)
    for rule, who in zip(rules, ("bert", "anna|bert"), strict=True):
        (selector,) = rule["clientSelectors"]
        assert [(each["type"], each.get("value")) for each in selector["headers"]] == [
            ("RegularExpression", who),
            ("Distinct", None),
        ]
    assert [each.get("cost", {}).get("request", {}).get("number") for each in rules] == [None, 0]


def test_many_clients_fit_into_the_rules() -> None:
    many = [replace(ANNA, name=f"{'c' * 37}{n:03}") for n in range(200)]
    values = [
        header["value"]
        for rule in limit_rules(many)
        for selector in rule["clientSelectors"]
        for header in selector["headers"]
        if "value" in header
    ]
    # HeaderMatch.value, api/v1alpha1/ratelimit_types.go of Envoy Gateway 1.9.1.
    assert max(map(len, values)) <= 1024
    assert sorted(name for value in values for name in value.split("|")) == [each.name for each in many]


def test_without_limits_nothing_is_counted() -> None:
    made = run(replace(PLAN, redis=None, clients=(replace(ANNA, tokens_per_minute=None),)))
    traffic = spec(made, "BackendTrafficPolicy", "api")
    assert "rateLimit" not in traffic
    assert traffic["requestBuffer"] == {"limit": "20Mi"}
    assert traffic["retry"]["retryOn"] == {"triggers": ["connect-failure"]}


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ({}, {}),
        ({"expires": "1970-01-02"}, {"anna": 86400, "anna.previous": 86400}),
        ({"previous_until": "1970-01-01T00:01Z"}, {"anna.previous": 60}),
        ({"expires": "1970-01-02", "previous_until": "1970-01-03"}, {"anna": 86400, "anna.previous": 86400}),
    ],
)
def test_a_previous_key_ends_at_its_date_and_never_after_the_key(
    client: dict[str, Any], expected: dict[str, int]
) -> None:
    assert dict(ends([replace(ANNA, **client)], {"anna": "sk-before"})) == expected


def test_the_script_knows_what_each_client_is_shown() -> None:
    (lua,) = spec(run(), "EnvoyExtensionPolicy", "api")["lua"]
    assert lua["filterContext"]["models"] == {"anna": ["Qwen/Big", "free"], "bert": ["free"]}
    assert "function envoy_on_request" in lua["inline"]


def test_the_script_is_told_that_something_else_is_configured() -> None:
    def version(plan: ApiPlan) -> str:
        return script_spec(plan, {})["lua"][0]["filterContext"]["version"]

    assert version(PLAN) == version(replace(PLAN))
    assert version(PLAN) != version(replace(PLAN, clients=PLAN.clients[:1]))


def test_the_names_of_the_scripts_counters_become_labels() -> None:
    patches = spec(run(), "EnvoyProxy", "api")["bootstrap"]["jsonPatches"]
    regexes = {each["value"]["tag_name"]: each["value"]["regex"] for each in patches}
    name = "http.http-10080.lua.tke_llm.prompt_tokens.client.a-1.model.Qwen/Qwen2.5.client.x"
    for label, value in (("client", "a-1"), ("model", "Qwen/Qwen2.5.client.x")):
        found = re.search(regexes[label], name)
        assert found is not None
        assert found[2] == value
        assert not re.search(regexes[label], "cluster.httproute/llm/api-model.client.rule/0.upstream_rq_200")


@pytest.mark.parametrize(("first", "second"), [("Qwen/Big", "qwen-big"), ("a.b", "a-b"), ("x" * 60, "x" * 61)])
def test_names_that_differ_have_objects_that_differ(first: str, second: str) -> None:
    assert object_name(first) != object_name(second)
    for name in (first, second):
        assert len(f"{object_name(name)}-public") <= 63
        assert set(object_name(name)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_a_route_comes_after_all_that_guards_it_and_goes_before() -> None:
    made = run(public=exposure())
    for route in made.of(":HTTPRoute"):
        name = route.inputs["metadata"]["name"].removesuffix("-public")
        guards = [
            named(made, kind, of)
            for kind, of in (
                ("Gateway", "api"),
                ("Secret", clients_secret(PLAN.clients)),
                ("EnvoyExtensionPolicy", "api"),
                ("BackendTrafficPolicy", "api"),
                ("ClientTrafficPolicy", "api"),
                ("SecurityPolicy", name),
            )
        ]
        assert all(made.depends(route, each) for each in guards), name
