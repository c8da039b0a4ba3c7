"""The evaluator, against what the NetworkPolicy API says."""

from dataclasses import replace
from typing import Any

import pytest

from tests.security.evaluator import Outside, Pod, PolicyEvaluator, selects

PAGE = Pod("page", "llm", {"app": "page"}, "10.0.1.1", node="n1", ports={("http", "TCP"): 8080})
MODEL = Pod("model", "llm", {"app": "model", "gpu": "a10"}, "10.0.1.2", node="n2", ports={("http", "TCP"): 8000})
PROXY = Pod("proxy", "gateway", {"app": "proxy"}, "10.0.1.3")
INTERNET = Outside("198.51.100.7")
NAMESPACES = {"llm": {}, "gateway": {"role": "edge"}}


def policy(spec: dict[str, Any], namespace: str = "llm") -> dict[str, Any]:
    return {"metadata": {"name": "p", "namespace": namespace}, "spec": spec}


def cluster(*specs: dict[str, Any], blocks_match_pods: bool = True) -> PolicyEvaluator:
    return PolicyEvaluator(NAMESPACES, [policy(each) for each in specs], blocks_match_pods)


DENY_ALL = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
TO_MODEL = {"matchLabels": {"app": "model"}}


def admit(*peers: dict[str, Any], ports: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    rule: dict[str, Any] = {"from": list(peers)}
    return {"podSelector": TO_MODEL, "ingress": [rule if ports is None else {**rule, "ports": ports}]}


def test_without_policies_everything_passes() -> None:
    assert cluster().allows(INTERNET, MODEL, 22)


def test_a_default_deny_closes_both_directions_of_its_namespace_and_no_other() -> None:
    closed = cluster(DENY_ALL)
    assert not closed.allows(PAGE, MODEL, 8000)
    assert not closed.allows(INTERNET, PAGE, 8080)
    assert not closed.allows(PAGE, INTERNET, 443)
    assert closed.allows(PROXY, INTERNET, 443)


def test_policies_add_up() -> None:
    both = cluster(DENY_ALL, admit({"podSelector": {}}), {"podSelector": {}, "egress": [{}]})
    assert both.allows(PAGE, MODEL, 8000)


def test_a_connection_needs_both_ends() -> None:
    assert not cluster(DENY_ALL, admit({"podSelector": {}})).allows(PAGE, MODEL, 8000)
    assert not cluster(DENY_ALL, {"podSelector": {}, "egress": [{}]}).allows(PAGE, MODEL, 8000)


def test_a_pod_selector_alone_means_the_policys_namespace() -> None:
    assert not cluster(admit({"podSelector": {}})).allows(PROXY, MODEL, 8000)


def test_a_namespace_selector_means_all_pods_of_such_namespaces() -> None:
    open_to_edge = cluster(admit({"namespaceSelector": {"matchLabels": {"role": "edge"}}}))
    assert open_to_edge.allows(PROXY, MODEL, 8000)
    assert not open_to_edge.allows(PAGE, MODEL, 8000)


def test_both_selectors_in_one_peer_must_match_and_in_two_either() -> None:
    gateway = {"matchLabels": {"kubernetes.io/metadata.name": "gateway"}}
    other = {"matchLabels": {"app": "other"}}
    one = cluster(admit({"namespaceSelector": gateway, "podSelector": other}))
    two = cluster(admit({"namespaceSelector": gateway}, {"podSelector": other}))
    assert not one.allows(PROXY, MODEL, 8000)
    assert two.allows(PROXY, MODEL, 8000)


def test_a_rule_without_peers_admits_everyone() -> None:
    assert cluster({"podSelector": {}, "ingress": [{"ports": [{"port": 8000}]}]}).allows(INTERNET, MODEL, 8000)


def test_no_rules_admit_no_one() -> None:
    assert not cluster({"podSelector": {}, "ingress": []}).allows(PAGE, MODEL, 8000)


@pytest.mark.parametrize(("ip", "expected"), [("10.1.0.1", True), ("10.1.2.3", False), ("10.2.0.1", False)])
def test_an_ip_block_holds_but_for_its_exceptions(ip: str, expected: bool) -> None:
    block = {"ipBlock": {"cidr": "10.1.0.0/16", "except": ["10.1.2.0/24"]}}
    assert cluster(admit(block)).allows(Outside(ip), MODEL, 8000) is expected


@pytest.mark.parametrize("matches", [True, False])
def test_whether_a_block_matches_a_pods_address_is_the_implementations(matches: bool) -> None:
    within = cluster(admit({"ipBlock": {"cidr": "10.0.0.0/8"}}), blocks_match_pods=matches)
    assert within.allows(PROXY, MODEL, 8000) is matches
    assert within.allows(Outside("10.9.9.9"), MODEL, 8000)


def test_an_internet_address_matches_no_selector() -> None:
    assert not cluster(admit({"namespaceSelector": {}})).allows(INTERNET, MODEL, 8000)


@pytest.mark.parametrize(
    ("ports", "port", "protocol", "expected"),
    [
        ([{"port": 8000}], 8000, "TCP", True),
        ([{"port": 8000}], 8001, "TCP", False),
        ([{"port": 8000}], 8000, "UDP", False),
        ([{"port": 8000, "protocol": "UDP"}], 8000, "UDP", True),
        ([{"protocol": "TCP"}], 9, "TCP", True),
        ([{"protocol": "TCP"}], 9, "UDP", False),
        ([{"port": 8000, "endPort": 8010}], 8010, "TCP", True),
        ([{"port": 8000, "endPort": 8010}], 8011, "TCP", False),
        ([{"port": "http"}], 8000, "TCP", True),
        ([{"port": "http"}], 8080, "TCP", False),
        ([{"port": "metrics"}], 8000, "TCP", False),
        ([{"port": 1}, {"port": 8000}], 8000, "TCP", True),
        ([], 9, "UDP", True),
    ],
)
def test_ports(ports: list[dict[str, Any]], port: int, protocol: str, expected: bool) -> None:
    assert cluster(admit(ports=ports)).allows(PAGE, MODEL, port, protocol) is expected


def test_a_named_port_of_an_egress_rule_is_the_targets() -> None:
    leave = {"podSelector": {"matchLabels": {"app": "page"}}, "policyTypes": ["Egress"]}
    named = cluster({**leave, "egress": [{"ports": [{"port": "http"}]}]})
    assert named.allows(PAGE, MODEL, 8000)
    assert not named.allows(PAGE, MODEL, 8080)
    assert not named.allows(PAGE, INTERNET, 8080)


@pytest.mark.parametrize(
    ("spec", "ingress_open", "egress_open"),
    [
        ({}, False, True),
        ({"egress": [{}]}, False, True),
        ({"egress": [{"ports": [{"port": 1}]}]}, False, False),
        ({"egress": []}, False, True),
        ({"policyTypes": ["Ingress"]}, False, True),
        ({"policyTypes": ["Egress"]}, True, False),
        ({"policyTypes": ["Egress"], "ingress": [{}]}, True, False),
    ],
)
def test_what_a_policy_is_about_by_default(spec: dict[str, Any], ingress_open: bool, egress_open: bool) -> None:
    given = cluster({"podSelector": {}, **spec})
    assert given.allows(INTERNET, PAGE, 8080) is ingress_open
    assert given.allows(PAGE, INTERNET, 443) is egress_open


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"key": "gpu", "operator": "In", "values": ["a10", "l20"]}, True),
        ({"key": "gpu", "operator": "In", "values": ["l20"]}, False),
        ({"key": "gpu", "operator": "NotIn", "values": ["a10"]}, False),
        ({"key": "zone", "operator": "NotIn", "values": ["z1"]}, True),
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"key": "zone", "operator": "Exists"}, False),
        ({"key": "zone", "operator": "DoesNotExist"}, True),
        ({"key": "gpu", "operator": "DoesNotExist"}, False),
    ],
)
def test_expressions(expression: dict[str, Any], expected: bool) -> None:
    assert selects({"matchExpressions": [expression]}, MODEL.labels) is expected


def test_all_parts_of_a_selector_must_match() -> None:
    both = {"matchLabels": {"app": "model"}, "matchExpressions": [{"key": "zone", "operator": "Exists"}]}
    assert not selects(both, MODEL.labels)


def test_a_node_reaches_its_own_pods_and_a_pod_itself_whatever_the_policies() -> None:
    closed = cluster(DENY_ALL)
    assert closed.allows(Outside("10.0.0.2", node="n2"), MODEL, 8000)
    assert not closed.allows(Outside("10.0.0.1", node="n1"), MODEL, 8000)
    assert closed.allows(MODEL, MODEL, 8000)


def test_a_pod_on_its_nodes_network_is_outside_all_policies_and_has_only_an_address() -> None:
    outside = replace(PAGE, host_network=True)
    assert cluster(DENY_ALL).allows(INTERNET, outside, 8080)
    assert not cluster(admit({"podSelector": {}})).allows(outside, MODEL, 8000)
    assert cluster(admit({"ipBlock": {"cidr": "10.0.1.1/32"}}), blocks_match_pods=False).allows(outside, MODEL, 8000)


@pytest.mark.parametrize(
    "spec",
    [
        {"podSelector": {}, "ingres": []},
        {"podSelector": {}, "ingress": [{"to": []}]},
        admit({"ipblock": {"cidr": "10.0.0.0/8"}}),
        admit({"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}),
        admit(ports=[{"port": 1, "endport": 2}]),
    ],
)
def test_a_misspelt_policy_is_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"unknown fields|stands alone"):
        cluster(spec)
