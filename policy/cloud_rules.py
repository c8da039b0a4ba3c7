"""Rules on the cloud: who reaches the API server and the nodes, and what stays behind and bills when a pool goes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from planner.network.public_addresses import admits_strangers
from policy.rule import Resource, Rule, StackRule, items
from settings.translation import joined, tr

_NODE_POOL = "tencentcloud:Kubernetes/nodePool:NodePool"
_RULE_SETS = (
    "tencentcloud:Security/groupRuleSet:GroupRuleSet",
    "tencentcloud:Security/groupLiteRule:GroupLiteRule",
    "tencentcloud:Security/groupRule:GroupRule",
)
"""Resources that open a security group; the last one by one rule."""
_ENDPOINTS = (
    "tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint",
    "tencentcloud:Kubernetes/cluster:Cluster",
)
"""Resources that can open an API server to the Internet."""
_PUBLIC, _GROUP = "clusterInternet", "clusterInternetSecurityGroup"
_WEB_PORTS = frozenset({"80", "443"})
"""What a load balancer may offer to everyone."""
_FEW = 4
"""Ranges that a message repeats."""


@dataclass(frozen=True)
class Admission:
    """One rule that lets somebody in: a range as it is written, and ports and protocol as the cloud takes them."""

    source: str
    ports: str
    protocol: str

    @property
    def web(self) -> bool:
        return self.protocol == "TCP" and set(self.ports.split(",")) <= _WEB_PORTS


def _kept_instances(type_token: str, _name: str, properties: Mapping[str, object]) -> list[str]:
    if type_token != _NODE_POOL or properties.get("deleteKeepInstance") is False:
        return []
    return [tr("deleteKeepInstance is not false: machines outlive their pool, and are billed")]


def _unguarded(type_token: str, _name: str, properties: Mapping[str, object]) -> list[str]:
    if type_token not in _ENDPOINTS or not properties.get(_PUBLIC) or properties.get(_GROUP):
        return []
    return [tr("the API server is public and has no security group ({group})", group=_GROUP)]


def _open_api(resources: Sequence[Resource]) -> list[tuple[Resource, str]]:
    return [
        (
            endpoint,
            tr(
                "the API server is open to {sources}, by {rule_sets}",
                sources=_shown(admitted),
                rule_sets=joined(rules.name for rules in guards),
            ),
        )
        for endpoint in resources
        if endpoint.type in _ENDPOINTS and endpoint.properties.get(_PUBLIC)
        for guards in [[each for each in resources if each.type in _RULE_SETS and _guards(each, endpoint)]]
        for admitted in [[admission for rules in guards for admission in _admissions(rules)]]
        if _strangers(admitted)
    ]


def _open_groups(resources: Sequence[Resource]) -> list[tuple[Resource, str]]:
    """Security groups of nodes, and of whatever else is no web server."""
    found = []
    endpoints = [each for each in resources if each.type in _ENDPOINTS]
    for rules in (each for each in resources if each.type in _RULE_SETS):
        if any(_guards(rules, endpoint) for endpoint in endpoints):
            continue
        admitted = [admission for admission in _admissions(rules) if not admission.web]
        if _strangers(admitted):
            found.append((rules, tr("opens more than ports 80 and 443 to {sources}", sources=_shown(admitted))))
    return found


def _guards(rules: Resource, endpoint: Resource) -> bool:
    """Whether these are the rules of the endpoint's security group: the endpoint took the group's id from them, both
    took it from one resource, or it is the same."""
    origins = set(endpoint.references.get(_GROUP, ()))
    if origins & {rules.urn, *rules.references.get("securityGroupId", ())}:
        return True
    group = endpoint.properties.get(_GROUP)
    return isinstance(group, str) and rules.properties.get("securityGroupId") == group


def _admissions(rules: Resource) -> Iterator[Admission]:
    given = rules.properties
    for rule in items(given, "ingresses"):
        if str(rule.get("action")).upper() == "ACCEPT":
            for source in (rule.get("cidrBlock"), rule.get("ipv6CidrBlock")):
                yield Admission(str(source), str(rule.get("port")), str(rule.get("protocol")).upper())
    lines = given.get("ingresses")
    for line in lines if isinstance(lines, list | tuple) else []:
        if isinstance(line, str) and line.upper().startswith("ACCEPT#"):
            source, ports, protocol, *_ = [*line.split("#")[1:], "", "", ""]
            yield Admission(source, ports, protocol.upper())
    if given.get("type") == "ingress" and str(given.get("policy")).upper() == "ACCEPT":
        yield Admission(str(given.get("cidrIp")), str(given.get("portRange")), str(given.get("ipProtocol")).upper())


def _strangers(admitted: Sequence[Admission]) -> bool:
    return admits_strangers([each for admission in admitted for each in _range(admission.source)])


def _range(source: str) -> Iterator[IPv4Network | IPv6Network]:
    try:
        yield ip_network(source, strict=False)
    except ValueError:
        return


def _shown(admitted: Sequence[Admission]) -> str:
    sources = [each.source for each in admitted if list(_range(each.source))]
    few = ", ".join(sources[:_FEW])
    return few if len(sources) <= _FEW else tr("{few}, … ({count} ranges)", few=few, count=len(sources))


CLOUD_RULES = (
    Rule("INSTANCES_KEPT", tr("Machines go with their node pool."), _kept_instances),
    Rule("API_SERVER_UNGUARDED", tr("A public API server has a security group."), _unguarded),
)
CLOUD_STACK_RULES = (
    StackRule(
        "API_SERVER_OPEN",
        tr("The API server's security group admits named addresses only."),
        _open_api,
        refused_by=("ENDPOINT_OPEN_TO_ALL",),
    ),
    StackRule(
        "SECURITY_GROUP_OPEN",
        tr("Strangers are admitted to ports 80 and 443 at most."),
        _open_groups,
        refused_by=("VPC_RANGE_NOT_ALLOWED",),
    ),
)
