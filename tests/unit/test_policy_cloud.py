"""Rules on the cloud."""

from typing import Any

import pytest

from policy.rules import Hidden, Resource, violations

GROUP = "sg-1"


def endpoint(group: Any = GROUP, origin: str = "", **properties: Any) -> Resource:
    given = {"clusterInternet": True, "clusterInternetSecurityGroup": group, **properties}
    references = {"clusterInternetSecurityGroup": [origin]} if origin else {}
    return Resource("tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint", "endpoint", given, "e", references)


def rules(*ingresses: dict[str, Any], group: Any = GROUP, origin: str = "") -> Resource:
    references = {"securityGroupId": [origin]} if origin else {}
    given = {"securityGroupId": group, "ingresses": list(ingresses), "egresses": [accept("0.0.0.0/0")]}
    return Resource("tencentcloud:Security/groupRuleSet:GroupRuleSet", "rules", given, "r", references)


def accept(cidr: str, **fields: Any) -> dict[str, Any]:
    return {"action": "ACCEPT", "cidrBlock": cidr, "protocol": "TCP", "port": "443", **fields}


def codes(*resources: Resource) -> list[str]:
    return [each.code for each in violations(resources)]


@pytest.mark.parametrize(("value", "expected"), [(False, []), (True, ["INSTANCES_KEPT"]), (None, ["INSTANCES_KEPT"])])
def test_machines_go_with_their_pool(value: bool | None, expected: list[str]) -> None:
    properties = {} if value is None else {"deleteKeepInstance": value}
    assert codes(Resource("tencentcloud:Kubernetes/nodePool:NodePool", "n", properties)) == expected


def test_native_pools_have_no_such_switch() -> None:
    assert codes(Resource("tencentcloud:Kubernetes/nativeNodePool:NativeNodePool", "n", {})) == []


@pytest.mark.parametrize("group", [None, ""])
def test_a_public_api_server_needs_a_security_group(group: str | None) -> None:
    assert codes(endpoint(group)) == ["API_SERVER_UNGUARDED"]


def test_an_api_server_inside_the_vpc_needs_none() -> None:
    assert codes(endpoint(None, clusterInternet=False)) == []


def test_a_cluster_that_opens_itself_is_judged_too() -> None:
    assert codes(Resource("tencentcloud:Kubernetes/cluster:Cluster", "c", {"clusterInternet": True})) == [
        "API_SERVER_UNGUARDED"
    ]


def test_named_addresses_may_reach_the_api_server() -> None:
    assert codes(endpoint(), rules(accept("203.0.113.10/32"))) == []


@pytest.mark.parametrize(
    "rule",
    [
        accept("0.0.0.0/0"),
        accept("198.51.100.1/0"),
        {"action": "accept", "cidrBlock": "0.0.0.0/0"},
        {"action": "ACCEPT", "ipv6CidrBlock": "::/0"},
    ],
)
def test_an_api_server_that_is_open_to_all_is_found(rule: dict[str, Any]) -> None:
    (found,) = violations([endpoint(), rules(accept("203.0.113.10/32"), rule)])
    assert (found.code, found.resource) == ("API_SERVER_OPEN", "endpoint")
    assert "by rules" in found.message


@pytest.mark.parametrize("rule", [{"action": "DROP", "cidrBlock": "0.0.0.0/0"}, accept("everyone")])
def test_what_lets_nobody_in_is_let_pass(rule: dict[str, Any]) -> None:
    assert codes(endpoint(), rules(rule)) == []


def test_the_rules_of_another_group_are_their_own_business() -> None:
    assert codes(endpoint(), rules(accept("0.0.0.0/0"), group="sg-2")) == []


@pytest.mark.parametrize(
    ("group_from", "rules_from"), [("r", ""), ("g", "g")], ids=["from the rules", "both from one group"]
)
def test_a_group_that_is_not_known_yet_is_followed_to_where_it_comes_from(group_from: str, rules_from: str) -> None:
    hidden = Hidden.UNKNOWN
    open_rules = rules(accept("0.0.0.0/0"), group=hidden, origin=rules_from)
    assert codes(endpoint(hidden, group_from), open_rules) == ["API_SERVER_OPEN"]


def test_an_unknown_group_from_elsewhere_is_not_mixed_up() -> None:
    hidden = Hidden.UNKNOWN
    open_rules = rules(accept("0.0.0.0/0"), group=hidden, origin="other")
    assert codes(endpoint(hidden, "g"), open_rules) == []


def test_ranges_that_open_the_api_server_together_are_found() -> None:
    halves = rules(accept("0.0.0.0/1"), accept("128.0.0.0/1"))
    assert codes(endpoint(), halves) == ["API_SERVER_OPEN"]
    many = rules(*(accept(f"{first}.0.0.0/8") for first in range(20, 60)))
    (found,) = violations([endpoint(), many])
    assert "40 ranges" in found.message


@pytest.mark.parametrize(
    "opened",
    [
        [accept("0.0.0.0/0", port="ALL", protocol="ALL")],
        [accept("0.0.0.0/0", port="22")],
        [accept("0.0.0.0/0", port="80,443,22")],
        [accept("0.0.0.0/1", port="ALL"), accept("128.0.0.0/1", port="ALL")],
        [{"action": "ACCEPT", "ipv6CidrBlock": "::/0", "port": "ALL", "protocol": "ALL"}],
    ],
)
def test_a_group_of_nodes_that_is_open_to_strangers_is_found(opened: list[dict[str, Any]]) -> None:
    assert codes(rules(*opened)) == ["SECURITY_GROUP_OPEN"]


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("groupLiteRule:GroupLiteRule", {"ingresses": ["ACCEPT#0.0.0.0/0#ALL#ALL"]}),
        (
            "groupRule:GroupRule",
            {"type": "ingress", "policy": "ACCEPT", "cidrIp": "0.0.0.0/0", "portRange": "ALL", "ipProtocol": "ALL"},
        ),
    ],
)
def test_a_group_is_judged_however_it_is_opened(kind: str, properties: dict[str, Any]) -> None:
    assert codes(Resource(f"tencentcloud:Security/{kind}", "r", properties)) == ["SECURITY_GROUP_OPEN"]


def test_a_load_balancer_may_offer_the_web_to_everyone_and_a_vpc_everything_to_itself() -> None:
    web, inside = accept("0.0.0.0/0", port="80,443"), accept("10.0.0.0/16", port="ALL", protocol="ALL")
    assert codes(rules(web, inside)) == []
