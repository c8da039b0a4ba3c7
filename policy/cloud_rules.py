"""Rules on the cloud: who reaches the API server, and what stays behind and bills when a pool goes."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_network

from policy.rule import Resource, Rule, StackRule, items

_NODE_POOL = "tencentcloud:Kubernetes/nodePool:NodePool"
_RULE_SET = "tencentcloud:Security/groupRuleSet:GroupRuleSet"
_ENDPOINTS = (
    "tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint",
    "tencentcloud:Kubernetes/cluster:Cluster",
)
"""Resources that can open an API server to the Internet."""
_PUBLIC, _GROUP = "clusterInternet", "clusterInternetSecurityGroup"


def _kept_instances(type_token: str, _name: str, properties: Mapping[str, object]) -> list[str]:
    if type_token != _NODE_POOL or properties.get("deleteKeepInstance") is False:
        return []
    return ["deleteKeepInstance is not false: machines outlive their pool, and are billed"]


def _unguarded(type_token: str, _name: str, properties: Mapping[str, object]) -> list[str]:
    if type_token not in _ENDPOINTS or not properties.get(_PUBLIC) or properties.get(_GROUP):
        return []
    return [f"the API server is public and has no security group ({_GROUP})"]


def _open(resources: Sequence[Resource]) -> list[tuple[Resource, str]]:
    return [
        (endpoint, f"the API server is open to {source}, by {rules.name}")
        for endpoint in resources
        if endpoint.type in _ENDPOINTS and endpoint.properties.get(_PUBLIC)
        for rules in resources
        if rules.type == _RULE_SET and _guards(rules, endpoint)
        for source in _open_sources(rules)
    ]


def _guards(rules: Resource, endpoint: Resource) -> bool:
    """Whether these are the rules of the endpoint's security group: the endpoint took the group's id from them, both
    took it from one resource, or it is the same."""
    origins = set(endpoint.references.get(_GROUP, ()))
    if origins & {rules.urn, *rules.references.get("securityGroupId", ())}:
        return True
    group = endpoint.properties.get(_GROUP)
    return isinstance(group, str) and rules.properties.get("securityGroupId") == group


def _open_sources(rules: Resource) -> list[str]:
    return [
        str(source)
        for rule in items(rules.properties, "ingresses")
        if str(rule.get("action")).upper() == "ACCEPT"
        for source in (rule.get("cidrBlock"), rule.get("ipv6CidrBlock"))
        if _everywhere(source)
    ]


def _everywhere(source: object) -> bool:
    if not isinstance(source, str) or not source:
        return False
    try:
        return ip_network(source, strict=False).prefixlen == 0
    except ValueError:
        return False


CLOUD_RULES = (
    Rule("INSTANCES_KEPT", "Machines go with their node pool.", _kept_instances),
    Rule("API_SERVER_UNGUARDED", "A public API server has a security group.", _unguarded),
)
CLOUD_STACK_RULES = (
    StackRule("API_SERVER_OPEN", "The API server's security group admits named addresses only.", _open),
)
