"""What the Internet can ask for: the page, which asks for a login, and /v1 of engines, which ask for a key."""

from collections.abc import Iterator

import pytest

from planner.plan.types import ExposurePlan, Plan
from tests.security.pods import ours
from tests.security.routing import arrival, ways
from tests.security.stacks import CLIENTS, STACKS, objects, registrations, rehearsed

UNGUARDED = (
    "/metrics", "/health", "/ping", "/load", "/version", "/docs", "/openapi.json", "/server_info",
    "/tokenize", "/detokenize", "/invocations", "/score", "/rerank", "/pooling", "/classify",
    "/pause", "/resume", "/sleep", "/wake_up", "/update_weights", "/scale_elastic_ep", "/reset_prefix_cache",
    "/generate", "/flush_cache", "/get_model_info", "/update_weights_from_disk", "/start_profile",
    "/api/generate", "/api/pull", "/api/delete",
)  # fmt: skip
"""Routes of vLLM, SGLang and Ollama that no key guards (vLLM documentation, usage/security; SGLang's HTTP server)."""


def plan_of(name: str) -> Plan:
    plan = rehearsed(name).plan
    assert plan is not None
    return plan


def exposed() -> Iterator[tuple[str, ExposurePlan]]:
    for name in STACKS:
        exposure = plan_of(name).exposure
        if exposure is not None:
            yield name, exposure


EXPOSED = [name for name, _ in exposed()]
CLOSED = [name for name in STACKS if name not in EXPOSED]


def attacks(plan: Plan) -> Iterator[tuple[str, str]]:
    """(host, path): every unguarded route, plainly and in disguise, at every name that may lead somewhere."""
    assert plan.exposure is not None
    hosts = [*plan.exposure.hosts, "unknown.example.com", *(f"{name}.{plan.exposure.hosts[0]}" for name in plan.models)]
    for host in hosts:
        for path in UNGUARDED:
            yield from ((host, form) for form in (path, f"{path}/", f"/v1x{path}", f"/v1{path[1:]}", f"//{path}"))
            yield from ((host, f"/{name}{path}") for name in plan.models)
            yield from ((host, f"/{name}{form}") for name in plan.models for form in (f"/v1x{path}", f"/v2{path}"))


def services(name: str) -> dict[str, str]:
    """What stands behind each Service: the page, or a model by its key."""
    behind: dict[str, str] = {}
    for service in objects(name, "Service"):
        selector = service["spec"]["selector"]
        for pod in ours(name):
            if selector.items() <= {**pod.pod.labels, "leaderworkerset.sigs.k8s.io/worker-index": "0"}.items():
                behind[service["metadata"]["name"]] = pod.model or pod.role
    return behind


@pytest.mark.parametrize("name", EXPOSED)
def test_no_unguarded_route_of_an_engine_is_reached(name: str) -> None:
    plan, behind = plan_of(name), services(name)
    for host, path in attacks(plan):
        reached = arrival(name, host, path)
        assert reached is None or behind[reached.service] == "page", (host, path, reached)


@pytest.mark.parametrize("name", EXPOSED)
def test_whatever_reaches_an_engine_is_below_v1_and_asks_for_its_key(name: str) -> None:
    plan, behind = plan_of(name), services(name)
    models = [way for way in ways(name) if way.service is not None and behind[way.service] != "page"]
    for way in models:
        assert (way.rewrite or way.path) == "/v1"
        assert plan.models[behind[way.service or ""]].spec.api_key_env is not None


@pytest.mark.parametrize("name", EXPOSED)
def test_every_address_that_is_printed_leads_to_its_model(name: str) -> None:
    plan, behind = plan_of(name), services(name)
    assert plan.exposure is not None
    for model, url in plan.exposure.api_urls:
        host, _, path = url.partition("://")[2].partition("/")
        reached = arrival(name, host, f"/{path}/chat/completions")
        assert reached is not None
        assert (behind[reached.service], reached.path) == (model, "/v1/chat/completions")


@pytest.mark.parametrize("name", EXPOSED)
def test_an_unknown_host_leads_nowhere(name: str) -> None:
    for path in ("/", "/v1/models", "/metrics"):
        assert arrival(name, "unknown.example.com", path) is None


@pytest.mark.parametrize("name", [name for name, exposure in exposed() if exposure.via == "gateway"])
def test_plain_http_leads_nowhere_where_our_gateway_ends_tls(name: str) -> None:
    plan = plan_of(name)
    assert plan.exposure is not None
    if plan.exposure.attach_to is not None:
        return
    for host in plan.exposure.hosts:
        for path in ("/", "/v1/models", *(f"/{model}/v1/models" for model in plan.models)):
            assert arrival(name, host, path, plain=True) is None
            assert any(way.redirect for way in ways(name) if way.host == host)


def test_the_load_balancer_of_an_ingress_sends_plain_http_on() -> None:
    (ingress,) = objects("ingress", "Ingress")
    assert ingress["metadata"]["annotations"]["ingress.cloud.tencent.com/auto-rewrite"] == "true"
    assert ingress["spec"]["tls"]


@pytest.mark.parametrize("name", STACKS)
def test_the_page_asks_for_a_login_and_lets_nobody_sign_up(name: str) -> None:
    for deployment in objects(name, "Deployment"):
        for container in deployment["spec"]["template"]["spec"]["containers"]:
            env = {each["name"]: each.get("value") for each in container.get("env", [])}
            if container["name"] == "open-webui":
                assert env["WEBUI_AUTH"] == "True"
                assert env["ENABLE_SIGNUP"] == "False"


@pytest.mark.parametrize("name", CLOSED)
def test_a_stack_by_port_forward_has_no_door_to_the_outside(name: str) -> None:
    assert not [*objects(name, "Ingress"), *objects(name, "Gateway"), *objects(name, "HTTPRoute")]
    assert {service["spec"]["type"] for service in objects(name, "Service")} == {"ClusterIP"}


@pytest.mark.parametrize("name", STACKS)
def test_security_groups_admit_everyone_only_to_the_load_balancers_ports(name: str) -> None:
    for rules in (each for each in registrations(name) if each.type.endswith(":GroupRuleSet")):
        ingresses = rules.inputs["ingresses"]
        assert isinstance(ingresses, list)
        for rule in (each for each in ingresses if each["action"] == "ACCEPT" and each["cidrBlock"] == "0.0.0.0/0"):
            assert "balancer" in rules.name
            assert (rule["protocol"], rule["port"]) == ("TCP", "80,443")


def test_an_allow_list_is_all_that_the_load_balancer_admits() -> None:
    guards = [
        each
        for each in registrations("ingress-straight-to-pods")
        if each.type.endswith(":GroupRuleSet") and "balancer" in each.name
    ]
    (guard,) = guards
    ingresses = guard.inputs["ingresses"]
    assert isinstance(ingresses, list)
    assert [rule["cidrBlock"] for rule in ingresses] == [CLIENTS]
