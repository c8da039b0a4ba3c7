"""What is public asks who is there, over TLS."""

from typing import Any

import pytest

from policy.rules import Resource, violations

INTERNAL = {"service.kubernetes.io/qcloud-loadbalancer-internal-subnetid": "subnet-1"}
NO_LOGIN, NO_TLS = "PUBLIC_WITHOUT_AUTHENTICATION", "PUBLIC_WITHOUT_TLS"
RULES = {NO_LOGIN, NO_TLS}

PAGE_ENV = [{"name": "WEBUI_AUTH", "value": "True"}]
KEYED_ENV = [{"name": "VLLM_API_KEY", "valueFrom": {"secretKeyRef": {"name": "chat", "key": "api-key"}}}]


def kubernetes(token: str, name: str, spec: dict[str, Any], annotations: dict[str, str] | None = None) -> Resource:
    metadata = {"name": name, "namespace": "llm", "annotations": annotations or {}}
    return Resource(f"kubernetes:{token}", f"the-{name}", {"metadata": metadata, "spec": spec})


def workload(name: str, env: list[dict[str, Any]]) -> list[Resource]:
    """A Deployment and its ClusterIP Service."""
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main", "env": env}]}}
    return [
        kubernetes("apps/v1:Deployment", name, {"template": template}),
        kubernetes("core/v1:Service", name, {"type": "ClusterIP", "selector": {"app": name}}),
    ]


PAGE, CHAT, OLLAMA = workload("webui", PAGE_ENV), workload("chat", KEYED_ENV), workload("small", [])
BACKENDS = [*PAGE, *CHAT, *OLLAMA]


def balancer(app: str, annotations: dict[str, str] | None = None, **spec: Any) -> Resource:
    given = {"type": "LoadBalancer", "selector": {"app": app}, "ports": [{"port": 443}], **spec}
    return kubernetes("core/v1:Service", "front", given, annotations)


def ingress(service: str, path: str, *, tls: bool = True, annotations: dict[str, str] | None = None) -> Resource:
    paths = [{"path": path, "backend": {"service": {"name": service}}}]
    spec: dict[str, Any] = {"rules": [{"host": "chat.example.com", "http": {"paths": paths}}]}
    if tls:
        spec["tls"] = [{"hosts": ["chat.example.com"], "secretName": "tls"}]
    return kubernetes("networking.k8s.io/v1:Ingress", "in", spec, annotations)


HTTPS = {"name": "https", "protocol": "HTTPS", "port": 443}
HTTP = {"name": "http", "protocol": "HTTP", "port": 80}
REDIRECT = {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]}


def gateway(*listeners: dict[str, Any], annotations: dict[str, str] | None = None, **spec: Any) -> Resource:
    given = {"gatewayClassName": "envoy", "listeners": list(listeners), **spec}
    return kubernetes("gateway.networking.k8s.io/v1:Gateway", "edge", given, annotations)


def route(name: str, *rules: dict[str, Any], section: str | None = "https", parent: str = "edge") -> Resource:
    reference = {"name": parent} if section is None else {"name": parent, "sectionName": section}
    spec = {"parentRefs": [reference], "rules": list(rules)}
    return kubernetes("gateway.networking.k8s.io/v1:HTTPRoute", name, spec)


def to(service: str, path: str | None = None) -> dict[str, Any]:
    matches = {} if path is None else {"matches": [{"path": {"type": "PathPrefix", "value": path}}]}
    return {**matches, "backendRefs": [{"name": service, "port": 80}]}


def guard(kind: str, name: str, **how: Any) -> Resource:
    spec = {"targetRefs": [{"group": "gateway.networking.k8s.io", "kind": kind, "name": name}], **how}
    return kubernetes("gateway.envoyproxy.io/v1alpha1:SecurityPolicy", "guard", spec)


def found(*resources: Resource) -> list[tuple[str, str]]:
    every = violations([*resources, *BACKENDS])
    return [(each.code, each.resource) for each in every if each.code in RULES]


def messages(*resources: Resource) -> str:
    return " ".join(each.message for each in violations([*resources, *BACKENDS]) if each.code in RULES)


def test_services_inside_the_cluster_are_not_public() -> None:
    assert found() == []


TLS_PORT = {"service.cloud.tencent.com/specify-protocol": '{"443": {"protocol": ["TCP_SSL"], "tls": "cert"}}'}


def test_a_load_balancer_with_tls_may_lead_to_the_page() -> None:
    assert found(balancer("webui", TLS_PORT)) == []


@pytest.mark.parametrize(
    "annotations",
    [
        {},
        {"service.cloud.tencent.com/specify-protocol": '{"443": {"protocol": ["TCP"]}}'},
        {"service.cloud.tencent.com/specify-protocol": '{"8443": {"protocol": ["HTTPS"]}}'},
        {"service.cloud.tencent.com/specify-protocol": "no json"},
    ],
)
def test_a_load_balancer_without_tls_is_found(annotations: dict[str, str]) -> None:
    assert found(balancer("webui", annotations)) == [(NO_TLS, "the-front")]


def test_a_load_balancer_may_not_lead_to_a_whole_engine_even_with_a_key() -> None:
    assert found(balancer("chat", TLS_PORT)) == [(NO_LOGIN, "the-front")]


def test_a_load_balancer_of_which_nothing_is_known_is_found() -> None:
    assert found(balancer("elsewhere", TLS_PORT)) == [(NO_LOGIN, "the-front")]


def test_a_load_balancer_inside_the_vpc_is_let_pass() -> None:
    assert found(balancer("small", INTERNAL)) == []


@pytest.mark.parametrize(
    ("service", "path"), [("webui", "/"), ("chat", "/v1"), ("chat", "/v1/"), ("chat", "/v1/models")]
)
def test_an_ingress_may_lead_to_the_page_and_to_v1(service: str, path: str) -> None:
    assert found(ingress(service, path)) == []


@pytest.mark.parametrize(
    ("service", "path", "because"),
    [
        ("chat", "/", "below /v1 only"),
        ("chat", "/v10", "below /v1 only"),
        ("chat", "/metrics", "below /v1 only"),
        ("small", "/v1", "asks no one"),
        ("elsewhere", "/", "nothing in this stack shows"),
    ],
)
def test_an_ingress_may_lead_nowhere_else(service: str, path: str, because: str) -> None:
    assert found(ingress(service, path)) == [(NO_LOGIN, "the-in")]
    assert because in messages(ingress(service, path))


def test_an_empty_key_is_no_question() -> None:
    keyless = workload("open", [{"name": "VLLM_API_KEY", "value": ""}])
    assert found(ingress("open", "/v1"), *keyless) == [(NO_LOGIN, "the-in")]


def test_the_default_backend_of_an_ingress_is_public() -> None:
    spec = {"defaultBackend": {"service": {"name": "chat"}}, "tls": [{"secretName": "tls"}]}
    assert found(kubernetes("networking.k8s.io/v1:Ingress", "in", spec)) == [(NO_LOGIN, "the-in")]


def test_an_ingress_without_tls_is_found_but_inside_the_vpc() -> None:
    assert found(ingress("webui", "/", tls=False)) == [(NO_TLS, "the-in")]
    inside = {"kubernetes.io/ingress.subnetId": "subnet-1"}
    assert found(ingress("small", "/", tls=False, annotations=inside)) == []


def test_a_gateway_with_tls_may_lead_to_the_page_and_to_v1() -> None:
    assert found(gateway(HTTPS), route("page", to("webui")), route("api", to("chat", "/v1"))) == []


def test_a_route_to_an_engine_without_a_path_is_found() -> None:
    assert found(gateway(HTTPS), route("api", to("chat"))) == [(NO_LOGIN, "the-api")]


@pytest.mark.parametrize("key", ["replacePrefixMatch", "replaceFullPath"])
@pytest.mark.parametrize(("rewritten", "expected"), [("/v1/models", []), ("/", [(NO_LOGIN, "the-api")])])
def test_a_route_is_judged_by_the_path_that_the_engine_sees(
    key: str, rewritten: str, expected: list[tuple[str, str]]
) -> None:
    rewrite = {"type": "URLRewrite", "urlRewrite": {"path": {key: rewritten}}}
    assert found(gateway(HTTPS), route("api", {**to("chat", "/chat/v1"), "filters": [rewrite]})) == expected


def test_a_route_is_judged_where_the_gateway_is_not_ours() -> None:
    assert found(route("api", to("small", "/v1"), parent="theirs")) == [(NO_LOGIN, "the-api")]


@pytest.mark.parametrize(("kind", "name"), [("Gateway", "edge"), ("HTTPRoute", "api")])
def test_a_gateway_that_asks_itself_may_lead_to_an_engine_without_a_key(kind: str, name: str) -> None:
    asking = guard(kind, name, apiKeyAuth={"credentialRefs": [{"name": "keys"}]})
    assert found(gateway(HTTPS), route("api", to("small", "/v1")), asking) == []


@pytest.mark.parametrize(
    "policy", [guard("HTTPRoute", "other", basicAuth={}), guard("HTTPRoute", "api", cors={"allowOrigins": ["*"]})]
)
def test_a_security_policy_for_another_or_without_a_question_does_not_help(policy: Resource) -> None:
    assert found(gateway(HTTPS), route("api", to("small", "/v1")), policy) == [(NO_LOGIN, "the-api")]


def test_a_gateway_without_tls_is_found_once() -> None:
    assert found(gateway(HTTP), route("page", to("webui"), section="http")) == [(NO_TLS, "the-edge")]


def test_beside_tls_plain_http_may_only_redirect() -> None:
    both = gateway(HTTP, HTTPS)
    assert found(both, route("page", to("webui")), route("move", REDIRECT, section="http")) == []
    assert found(both, route("page", to("webui"), section="http")) == [(NO_TLS, "the-page")]
    assert found(both, route("page", to("webui"), section=None)) == [(NO_TLS, "the-page")]


@pytest.mark.parametrize("where", ["gateway", "its proxy", "its class's proxy"])
def test_a_gateway_inside_the_vpc_is_let_pass(where: str) -> None:
    settings = {"provider": {"kubernetes": {"envoyService": {"annotations": INTERNAL}}}}
    proxy = kubernetes("gateway.envoyproxy.io/v1alpha1:EnvoyProxy", "inside", settings)
    reference = {"parametersRef": {"kind": "EnvoyProxy", "name": "inside"}}
    made = {
        "gateway": [gateway(HTTP, infrastructure={"annotations": INTERNAL})],
        "its proxy": [gateway(HTTP, infrastructure=reference), proxy],
        "its class's proxy": [
            gateway(HTTP),
            proxy,
            kubernetes("gateway.networking.k8s.io/v1:GatewayClass", "envoy", reference),
        ],
    }[where]
    assert found(*made, route("api", to("small"), section=None)) == []


def test_a_gateway_without_a_load_balancer_is_not_public() -> None:
    proxy = kubernetes(
        "gateway.envoyproxy.io/v1alpha1:EnvoyProxy",
        "inside",
        {"provider": {"kubernetes": {"envoyService": {"type": "ClusterIP"}}}},
    )
    inside = gateway(HTTP, infrastructure={"parametersRef": {"kind": "EnvoyProxy", "name": "inside"}})
    assert found(inside, proxy, route("api", to("small"), section=None)) == []


def test_a_proxy_that_no_one_names_hides_nothing() -> None:
    settings = {"provider": {"kubernetes": {"envoyService": {"annotations": INTERNAL}}}}
    proxy = kubernetes("gateway.envoyproxy.io/v1alpha1:EnvoyProxy", "inside", settings)
    assert found(gateway(HTTP), proxy) == [(NO_TLS, "the-edge")]


@pytest.mark.parametrize("given", [{"type": "NodePort"}, {"externalIPs": ["100.1.1.1"]}, {"type": "LoadBalancer"}])
def test_an_engine_without_a_key_is_opened_to_no_address(given: dict[str, Any]) -> None:
    front = kubernetes("core/v1:Service", "front", {"selector": {"app": "small"}, "ports": [{"port": 443}], **given})
    assert "KEYLESS_TO_ADDRESSES" in {each.code for each in violations([front, *BACKENDS])}
    keyed = kubernetes("core/v1:Service", "front", {"selector": {"app": "chat"}, "ports": [{"port": 443}], **given})
    assert "KEYLESS_TO_ADDRESSES" not in {each.code for each in violations([keyed, *BACKENDS])}


def test_a_load_balancer_inside_the_vpc_is_no_guard_for_an_engine_without_a_key() -> None:
    assert [each.code for each in violations([balancer("small", INTERNAL), *OLLAMA])].count("KEYLESS_TO_ADDRESSES") == 1


def test_an_external_address_is_public() -> None:
    front = kubernetes("core/v1:Service", "front", {"selector": {"app": "chat"}, "externalIPs": ["100.1.1.1"]})
    assert (NO_LOGIN, "the-front") in found(front)
