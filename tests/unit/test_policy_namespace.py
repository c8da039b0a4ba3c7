"""What a stack may not take of the cluster around it, and what its page may not let happen."""

from typing import Any

import pytest

from policy.rules import Hidden, Resource, violations


def codes(token: str, properties: dict[str, Any]) -> list[str]:
    return [each.code for each in violations([Resource(f"kubernetes:{token}", "r", properties)])]


@pytest.mark.parametrize("name", ["kube-system", "kube-node-lease", "default"])
def test_the_namespaces_of_others_are_not_taken(name: str) -> None:
    assert codes("core/v1:Namespace", {"metadata": {"name": name}}) == ["NAMESPACE_NOT_OWN"]
    assert codes("core/v1:Namespace", {"metadata": {"name": f"my-{name}"}}) == []


@pytest.mark.parametrize("name", ["kube-system", "default", "envoy-gateway-system", "keda", "ingress-nginx"])
def test_the_namespaces_of_others_are_not_closed(name: str) -> None:
    policy = "networking.k8s.io/v1:NetworkPolicy"
    assert codes(policy, {"metadata": {"namespace": name}}) == ["NAMESPACE_NOT_OWN"]
    assert codes(policy, {"metadata": {"namespace": f"my-{name}"}}) == []


def test_the_namespace_that_the_exporter_of_gpus_has_for_itself_may_be_closed() -> None:
    assert codes("networking.k8s.io/v1:NetworkPolicy", {"metadata": {"namespace": "dcgm-exporter"}}) == []


def test_a_controller_is_given_its_namespace() -> None:
    assert codes("core/v1:Namespace", {"metadata": {"name": "envoy-gateway-system"}}) == []


@pytest.mark.parametrize("kind", ["ClusterRoleBinding", "RoleBinding"])
def test_nobody_is_made_administrator_of_the_cluster(kind: str) -> None:
    token = f"rbac.authorization.k8s.io/v1:{kind}"
    assert codes(token, {"roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}}) == ["CLUSTER_ADMIN"]
    assert codes(token, {"roleRef": {"kind": "ClusterRole", "name": "view"}}) == []


def test_no_role_allows_everything() -> None:
    every = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
    assert codes("rbac.authorization.k8s.io/v1:ClusterRole", {"rules": [every]}) == ["CLUSTER_ADMIN"]
    assert codes("rbac.authorization.k8s.io/v1:ClusterRole", {"rules": [{**every, "resources": ["pods"]}]}) == []


def egress(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"egress": list(rules)}}


def block(cidr: str, but: list[str] | None = None) -> dict[str, Any]:
    return {"to": [{"ipBlock": {"cidr": cidr, **({"except": but} if but else {})}}]}


BOTH = ["169.254.0.23/32", "169.254.169.254/32"]


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        ({}, 2),
        (block("0.0.0.0/0"), 2),
        (block("169.254.0.0/24"), 1),
        (block("169.254.0.0/16", BOTH[:1]), 1),
        (block("169.254.0.0/16", BOTH), 0),
        (block("0.0.0.0/0", ["169.254.0.0/16"]), 0),
        (block("10.0.0.0/8"), 0),
        ({"to": [{"podSelector": {}}]}, 0),
    ],
)
def test_no_policy_opens_the_metadata_service(rule: dict[str, Any], broken: int) -> None:
    assert codes("networking.k8s.io/v1:NetworkPolicy", egress(rule)) == ["METADATA_REACHED"] * broken


def page(**variables: Any) -> dict[str, Any]:
    env = [{"name": "WEBUI_AUTH", "value": "True"}, *({"name": n, "value": v} for n, v in variables.items())]
    return {"spec": {"containers": [{"name": "page", "image": "a/b:v1", "env": env}]}}


def undone(**variables: Any) -> list[str]:
    pod = Resource("kubernetes:core/v1:Pod", "p", page(**variables))
    return [each.message for each in violations([pod]) if each.code == "PAGE_PROMISE_UNDONE"]


@pytest.mark.parametrize(
    "variables",
    [
        {"WEBUI_AUTH_TRUSTED_EMAIL_HEADER": "X-Email"},
        {"WEBUI_AUTH_TRUSTED_EMAIL_HEADER": Hidden.UNKNOWN},
        {"DEFAULT_USER_ROLE": "user"},
        {"OAUTH_MERGE_ACCOUNTS_BY_EMAIL": "True"},
        {"JWT_EXPIRES_IN": "-1"},
    ],
)
def test_no_variable_undoes_what_the_page_promises(variables: dict[str, Any]) -> None:
    assert len(undone(**variables)) == 1


def test_sign_up_is_let_pass_while_new_accounts_wait() -> None:
    assert undone(ENABLE_SIGNUP="True", DEFAULT_USER_ROLE="pending") == []
    assert len(undone(ENABLE_SIGNUP="True", DEFAULT_USER_ROLE="admin")) == 2
