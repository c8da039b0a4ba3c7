"""Answers what NetworkPolicies let through, after the API's own words (networking.k8s.io/v1, NetworkPolicySpec).

A connection passes when the policies that select its source let it out and those that select its target let it in.
Whether an `ipBlock` matches the address of a pod is left to each implementation by the API: `blocks_match_pods` says
which kind is meant. Pods on their node's network are known by address alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""The label that every namespace carries."""

_SPEC = {"podSelector", "policyTypes", "ingress", "egress"}
_RULE = {"ingress": {"from", "ports"}, "egress": {"to", "ports"}}
_PEER = {"podSelector", "namespaceSelector", "ipBlock"}


@dataclass(frozen=True)
class Outside:
    """An address that is no pod's: the Internet, a load balancer, or the node called `node`."""

    ip: str
    node: str | None = None


@dataclass(frozen=True)
class Pod:
    """A pod. `ports` are its named ports: (name, protocol) -> number."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    ip: str
    node: str | None = None
    ports: Mapping[tuple[str, str], int] = field(default_factory=dict)
    host_network: bool = False


End = Outside | Pod


@dataclass(frozen=True)
class PolicyEvaluator:
    """Namespaces by name with their labels, and the NetworkPolicies as the API takes them.

    Raises `ValueError` for a policy with a field that is not known here, so that none is passed over.
    """

    namespaces: Mapping[str, Mapping[str, str]]
    policies: Sequence[Mapping[str, Any]]
    blocks_match_pods: bool = True

    def __post_init__(self) -> None:
        for policy in self.policies:
            _check(policy)

    def allows(self, source: End, target: End, port: int, protocol: str = "TCP") -> bool:
        """Whether `source` can open a connection to a port of `target`."""
        # Nothing keeps a pod from itself, or a node from its own pods (probes, port-forward).
        if source == target or (isinstance(source, Outside) and isinstance(target, Pod) and _on(source, target)):
            return True
        return self._passes("egress", source, target, port, protocol, target) and self._passes(
            "ingress", target, source, port, protocol, target
        )

    def _passes(self, direction: str, subject: End, peer: End, port: int, protocol: str, target: End) -> bool:
        if not isinstance(subject, Pod) or subject.host_network:
            return True
        isolating = [each for each in self.policies if self._selects(each, subject, direction)]
        if not isolating:
            return True
        return any(
            self._peer_matches(policy, rule.get(_OTHER[direction]), peer)
            and _port_matches(rule.get("ports"), target, port, protocol)
            for policy in isolating
            for rule in policy["spec"].get(direction) or ()
        )

    def _selects(self, policy: Mapping[str, Any], pod: Pod, direction: str) -> bool:
        return (
            policy["metadata"]["namespace"] == pod.namespace
            and direction in _directions(policy["spec"])
            and selects(policy["spec"].get("podSelector") or {}, pod.labels)
        )

    def _peer_matches(self, policy: Mapping[str, Any], peers: Sequence[Mapping[str, Any]] | None, end: End) -> bool:
        return not peers or any(self._one_peer_matches(policy, peer, end) for peer in peers)

    def _one_peer_matches(self, policy: Mapping[str, Any], peer: Mapping[str, Any], end: End) -> bool:
        block = peer.get("ipBlock")
        in_pod_network = isinstance(end, Pod) and not end.host_network
        if block is not None:
            return (self.blocks_match_pods or not in_pod_network) and _in_block(block, end.ip)
        if not isinstance(end, Pod) or end.host_network:
            return False
        namespaces = peer.get("namespaceSelector")
        if namespaces is None:
            same = end.namespace == policy["metadata"]["namespace"]
        else:
            labels = {NAMESPACE_NAME: end.namespace, **self.namespaces[end.namespace]}
            same = selects(namespaces, labels)
        return same and selects(peer.get("podSelector") or {}, end.labels)


_OTHER = {"ingress": "from", "egress": "to"}


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector matches; an empty one matches everything."""
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _expression(each, labels) for each in selector.get("matchExpressions") or ()
    )


def _expression(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            # A label that is not there is not among the values either.
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case other:
            raise ValueError(f"unknown operator {other}")


def _on(node: Outside, pod: Pod) -> bool:
    return node.node is not None and node.node == pod.node


def _directions(spec: Mapping[str, Any]) -> set[str]:
    """What a policy is about. Left out: ingress always, egress where it has such rules."""
    given = spec.get("policyTypes")
    if given:
        return {each.lower() for each in given}
    return {"ingress", "egress"} if spec.get("egress") else {"ingress"}


def _in_block(block: Mapping[str, Any], ip: str) -> bool:
    address = ip_address(ip)
    inside = address in ip_network(block["cidr"])
    return inside and not any(address in ip_network(each) for each in block.get("except") or ())


def _port_matches(ports: Sequence[Mapping[str, Any]] | None, target: End, port: int, protocol: str) -> bool:
    return not ports or any(_one_port_matches(each, target, port, protocol) for each in ports)


def _one_port_matches(wanted: Mapping[str, Any], target: End, port: int, protocol: str) -> bool:
    if wanted.get("protocol", "TCP") != protocol:
        return False
    number = wanted.get("port")
    if number is None:
        return True
    if isinstance(number, str):
        return isinstance(target, Pod) and target.ports.get((number, protocol)) == port
    return number <= port <= wanted.get("endPort", number)


def _check(policy: Mapping[str, Any]) -> None:
    spec = policy["spec"]
    _known(spec, _SPEC, "spec")
    for direction, fields in _RULE.items():
        for rule in spec.get(direction) or ():
            _known(rule, fields, direction)
            for peer in rule.get(_OTHER[direction]) or ():
                _known(peer, _PEER, _OTHER[direction])
                if "ipBlock" in peer and len(peer) > 1:
                    raise ValueError("an ipBlock stands alone in its peer")
            for port in rule.get("ports") or ():
                _known(port, {"port", "protocol", "endPort"}, "ports")


def _known(given: Mapping[str, Any], fields: set[str], where: str) -> None:
    if unknown := set(given) - fields:
        raise ValueError(f"{where}: unknown fields {sorted(unknown)}")
