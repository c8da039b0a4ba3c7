"""What the Internet can ask for: the page, which asks for a login, and the API of engines, which ask for a key."""

from collections.abc import Iterator

import pytest

from planner.engines.api import PATHS as MEANT
from planner.engines.engine import Engine
from planner.engines.registry import every
from planner.plan.access import ExposurePlan
from tests.security.attacks import attacks, plan_of, services
from tests.security.routing import Arrival, arrival, ways
from tests.security.stacks import CLIENTS, STACKS, objects, registrations

LISTED_FOR_ALL = ("llamacpp", "/v1/models")
"""llama.cpp tells everybody what its model is called (tools/server/server-http.cpp, the public endpoints)."""


def guarded(engine: str, path: str) -> bool:
    """Whether the engine asks for its key there (vLLM 0.8.5, entrypoints/openai/api_server.py, the narrowest of the
    pinned releases; SGLang 0.5.18, srt/utils/auth.py; llama.cpp, tools/server/server-http.cpp)."""
    return {
        "vllm": path.startswith("/v1"),
        "sglang": not path.startswith(("/health", "/metrics")),
        "llamacpp": path not in {"/", "/health", "/v1/health", "/models", "/v1/models"},
    }[engine]


def exposed() -> Iterator[tuple[str, ExposurePlan]]:
    for name in STACKS:
        exposure = plan_of(name).exposure
        if exposure is not None:
            yield name, exposure


EXPOSED = [name for name, _ in exposed()]
CLOSED = [name for name in STACKS if name not in EXPOSED]


def arrivals(name: str, *, by_beginning: bool = False) -> Iterator[tuple[str, Arrival, str]]:
    """(model, arrival, path that was asked) of every attack that gets as far as an engine."""
    plan, behind = plan_of(name), services(name)
    for host, path in attacks(plan):
        reached = arrival(name, host, path, by_beginning=by_beginning)
        if reached is not None and behind[reached.service] != "page":
            yield behind[reached.service], reached, path


@pytest.mark.parametrize("name", EXPOSED)
def test_no_path_of_an_engine_is_reached_but_those_by_which_its_model_is_meant_to_be_asked(name: str) -> None:
    models = plan_of(name).models
    for model, reached, path in arrivals(name):
        assert reached.path in models[model].api, path
        assert path in (reached.path, f"/{model}{reached.path}")


@pytest.mark.parametrize("name", EXPOSED)
def test_where_a_path_is_read_as_a_beginning_only_what_lies_below_the_api_is_reached_beside_it(name: str) -> None:
    models = plan_of(name).models
    for model, reached, path in arrivals(name, by_beginning=True):
        assert reached.path.startswith(models[model].api), path


@pytest.mark.parametrize("engine", [engine for engine in every() if engine.keyed], ids=lambda engine: engine.name)
def test_every_path_of_the_api_is_one_that_the_key_guards(engine: Engine) -> None:
    for path in {path for paths in MEANT.values() for path in paths}:
        assert guarded(engine.name, path) == ((engine.name, path) != LISTED_FOR_ALL)


@pytest.mark.parametrize("name", EXPOSED)
def test_whatever_reaches_an_engine_asks_for_its_key(name: str) -> None:
    plan, behind = plan_of(name), services(name)
    for way in ways(name):
        if way.service is None or behind[way.service] == "page":
            continue
        assert not way.below
        assert (way.rewrite or way.path).startswith("/v1/")
        assert plan.models[behind[way.service]].spec.api_key_env is not None


# One API of all models chooses by what a request says: tests/requests/test_api.py.
@pytest.mark.parametrize("name", [name for name in EXPOSED if plan_of(name).api is None])
def test_every_path_of_the_api_leads_to_its_model_below_the_address_that_is_printed(name: str) -> None:
    plan, behind = plan_of(name), services(name)
    assert plan.exposure is not None
    for model, url in plan.exposure.api_urls:
        host, _, base = url.partition("://")[2].partition("/")
        for path in MEANT[plan.models[model].task]:
            reached = arrival(name, host, f"/{base}{path.removeprefix('/v1')}")
            assert reached is not None, path
            assert (behind[reached.service], reached.path) == (model, path)


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
