"""One API for all models as a part of the whole stack: who holds which key, who asks whom, what waits for what."""

import json
from typing import Any

import pytest

from tests.components.recorder import ComponentRun, Registered
from tests.components.test_stack_access import stack
from tests.unit.stacks import merged
from tests.unit.test_api_plan import API, PUBLIC

PASSWORD = "RandomPassword"
POLICY = "networking.k8s.io/v1:NetworkPolicy"


def named(made: ComponentRun, kind: str, name: str) -> Registered:
    (found,) = [each for each in made.of(kind) if each.inputs["metadata"]["name"] == name]
    return found


def keys(made: ComponentRun) -> set[str]:
    """The generated keys of clients, by the resources' names."""
    return {each.name.removeprefix("llm-api-keys-") for each in made.of(PASSWORD) if "api-keys" in each.name}


def clients(**app: Any) -> dict[str, object]:
    return {"clients": {"app": {"models": ["chat"], **app}}}


def test_every_client_has_a_key_and_the_output_holds_all_but_the_pages() -> None:
    made = stack(dict(API))
    assert keys(made) == {"app-1", "webui-1", "smoke-test-1"}
    shown = made.seen["clients"]
    assert shown.secret
    assert shown.value.keys() == {"app"}


def test_a_stack_without_an_api_has_no_such_output_and_no_such_key() -> None:
    made = stack({})
    assert "clients" not in made.seen
    assert keys(made) == set()


def test_a_raised_version_makes_a_key_and_keeps_the_one_before_alone() -> None:
    made = stack(merged(API, clients(keyVersion=3)))
    assert keys(made) == {"app-3", "app-2", "webui-1", "smoke-test-1"}


def test_a_given_key_is_the_clients_and_none_is_made() -> None:
    made = stack(dict(API), secrets={"clientKeys.app": "a key of mine"})
    assert keys(made) == {"webui-1", "smoke-test-1"}
    assert made.seen["clients"].value == {"app": "a key of mine"}


def test_the_page_asks_the_api_by_a_key_of_its_own() -> None:
    made = stack(merged(API, {"webui.replicas": None}))
    (page,) = [each for each in made.of("apps/v1:Deployment") if each.inputs["metadata"]["name"] == "webui"]
    container = page.inputs["spec"]["template"]["spec"]["containers"][0]
    env = {each["name"]: each.get("value") for each in container["env"]}
    assert env["OPENAI_API_BASE_URLS"] == "http://envoy-llm-api-82c66009.envoy-gateway-system.svc/v1"
    assert env["ENABLE_OLLAMA_API"] == "False"
    assert ";" not in named(made, "core/v1:Secret", "webui").inputs["stringData"]["openai-api-keys"]


def test_engines_admit_the_proxies_and_neither_page_nor_anybody_who_is_admitted_to_it() -> None:
    made = stack(merged(API, {"expose": PUBLIC, "networkPolicy": {"admit": ["team-a"]}, "smokeTest": False}))
    (rule,) = named(made, POLICY, "allow-model-chat").inputs["spec"]["ingress"]
    owners = [peer["podSelector"]["matchLabels"]["gateway.envoyproxy.io/owning-gateway-name"] for peer in rule["from"]]
    assert owners == ["api", "tke-llm"]
    page = named(made, POLICY, "allow-webui").inputs["spec"]["egress"]
    targets = [peer for each in page for peer in each["to"]]
    assert {"kubernetes.io/metadata.name": "envoy-gateway-system"} in [
        peer["namespaceSelector"]["matchLabels"] for peer in targets if "namespaceSelector" in peer
    ]
    assert not [
        peer for peer in targets if peer.get("podSelector", {}).get("matchLabels", {}).get("instance") == "chat"
    ]


def test_only_the_rate_limit_service_reaches_the_counters() -> None:
    made = stack(dict(API))
    (rule,) = named(made, POLICY, "allow-api-redis").inputs["spec"]["ingress"]
    (peer,) = rule["from"]
    assert peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == "envoy-ratelimit"
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "envoy-gateway-system"}


def test_the_password_of_the_counters_is_where_the_rate_limit_service_runs() -> None:
    made = stack(dict(API))
    (password,) = [
        each
        for each in made.of("core/v1:Secret")
        if each.inputs["metadata"]["name"] == "api-redis"
        and each.inputs["metadata"]["namespace"] == "envoy-gateway-system"
    ]
    assert password.inputs["stringData"].keys() == {"password"}
    assert made.depends(password, made.one("helm.sh/v3:Release"))


def test_without_limits_nothing_counts() -> None:
    made = stack(merged(API, clients()))
    assert not [each for each in made.of("core/v1:Secret") if each.inputs["metadata"]["name"] == "api-redis"]
    assert not made.of("workloads:ApiCounters")


@pytest.mark.parametrize("expose", [{"via": "port-forward"}, PUBLIC])
def test_the_apis_objects_come_after_envoy_gateway_which_is_installed_once(expose: dict[str, object]) -> None:
    made = stack(merged(API, {"expose": expose}))
    release = made.one("helm.sh/v3:Release")
    for kind in ("SecurityPolicy", "EnvoyExtensionPolicy", "ClientTrafficPolicy", "HTTPRouteFilter"):
        found = made.of(f"v1alpha1:{kind}")
        assert found
        assert all(made.depends(each, release) for each in found)
    assert release.inputs["values"]["config"]["envoyGateway"]["extensionApis"] == {"enableLua": True}


def test_by_port_forward_the_api_has_a_command_and_an_address() -> None:
    made = stack(dict(API))
    assert made.seen["apiBaseUrl"].value == "http://127.0.0.1:8090/v1"
    command = made.seen["portForward"].value["api"]
    assert command.startswith("kubectl --namespace envoy-gateway-system port-forward service/envoy-llm-api-")
    assert command.endswith(" 8090:80")


def test_a_public_api_is_one_address_and_models_have_none() -> None:
    made = stack(merged(API, {"expose": PUBLIC}))
    assert made.seen["apiBaseUrl"].value == "https://api.example.com/v1"
    assert made.seen["models"].value["chat"]["apiBaseUrl"] is None
    curl = made.seen["curl"].value
    assert "https://api.example.com/v1/chat/completions" in curl
    assert "--json clients | jq -r '.[\"app\"]'" in curl
    assert json.loads(curl.rpartition("-d '")[2].rstrip("'"))["model"] == "chat"


def test_the_public_gateway_has_a_listener_for_the_apis_host() -> None:
    made = stack(merged(API, {"expose": PUBLIC}))
    listeners = named(made, "k8s.io/v1:Gateway", "tke-llm").inputs["spec"]["listeners"]
    assert [each.get("hostname") for each in listeners] == [None, "chat.example.com", "api.example.com"]
