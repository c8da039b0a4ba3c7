"""Rules on what a stack takes of the cluster around it: namespaces, rights, and the node's own services."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, ip_network

from catalog.load import load
from planner.access.namespaces import DEFAULT, SYSTEM, is_of_others
from planner.access.policies import METADATA
from planner.software.charts import home
from planner.software.gpu_exporter import GPU_EXPORTER
from policy.rule import Rule, in_kubernetes, items, kind_of, mapping, texts
from settings.paths import value_at
from settings.translation import tr

_BINDINGS = frozenset({"ClusterRoleBinding", "RoleBinding"})
_ROLES = frozenset({"ClusterRole", "Role"})
_ALL_POWERFUL = frozenset({"cluster-admin", "admin", "system:masters"})
"""Roles that may read every Secret of their scope (Kubernetes documentation, RBAC, user-facing roles)."""


def _namespace(type_token: str, _name: str, properties: Mapping[str, object]) -> list[str]:
    if not in_kubernetes(type_token):
        return []
    kind = kind_of(type_token)
    if kind == "Namespace":
        name = value_at(properties, "metadata", "name")
        # A controller's own is made for the controller; what is closed in it, below, is somebody else's.
        foreign = isinstance(name, str) and (name == DEFAULT or name.startswith(SYSTEM))
        return [tr("takes the namespace {name}, which is not its own", name=name)] if foreign else []
    name = value_at(properties, "metadata", "namespace")
    if kind != "NetworkPolicy" or not isinstance(name, str) or not (name == DEFAULT or is_of_others(name, load())):
        return []
    if name == home(GPU_EXPORTER, load()):
        # The stack's own, and nothing else is in it.
        return []
    return [tr("closes the namespace {name}, which is not its own", name=name)]


def _rights(type_token: str, _name: str, properties: Mapping[str, object]) -> list[str]:
    kind = kind_of(type_token)
    if not in_kubernetes(type_token):
        return []
    role = value_at(properties, "roleRef", "name")
    if kind in _BINDINGS and role in _ALL_POWERFUL:
        return [tr("binds {role}, which may read every Secret", role=role)]
    everything = [
        rule
        for rule in items(properties, "rules")
        if all("*" in texts(rule.get(key)) for key in ("verbs", "resources"))
    ]
    return [tr("allows everything on everything")] if kind in _ROLES and everything else []


def _metadata(type_token: str, _name: str, properties: Mapping[str, object]) -> list[str]:
    if not in_kubernetes(type_token) or kind_of(type_token) != "NetworkPolicy":
        return []
    return [
        tr(
            "spec.egress[{index}]: opens the metadata service, {network_address}",
            index=index,
            network_address=service.network_address,
        )
        for index, rule in enumerate(items(properties, "spec", "egress"))
        for service in METADATA
        if not rule.get("to") or any(_opens(mapping(peer, "ipBlock"), service) for peer in items(rule, "to"))
    ]


def _opens(block: Mapping[str, object], address: IPv4Network) -> bool:
    if not any(address.subnet_of(each) for each in _ranges([block.get("cidr")])):
        return False
    # Pulumi's own spelling of `except`, which is a word of Python's, comes first.
    cut = [*texts(block.get("except_")), *texts(block.get("except"))]
    return not any(address.subnet_of(each) for each in _ranges(cut))


def _ranges(given: list[object] | list[str]) -> Iterator[IPv4Network]:
    for text in given:
        try:
            found = ip_network(str(text), strict=False)
        except ValueError:
            continue
        if isinstance(found, IPv4Network):
            yield found


NAMESPACE_RULES = (
    Rule(
        "NAMESPACE_NOT_OWN",
        tr("A stack takes no namespace of others."),
        _namespace,
        refused_by=("NAMESPACE_OF_OTHERS", "NAMESPACE_DEFAULT"),
    ),
    Rule("CLUSTER_ADMIN", tr("Nothing is given every right."), _rights),
    Rule(
        "METADATA_REACHED",
        tr("No pod reaches a metadata service."),
        _metadata,
        refused_by=("METADATA_ASKED_FOR", "REACH_TOO_WIDE"),
    ),
)
