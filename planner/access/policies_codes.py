"""What can be wrong with the NetworkPolicies that close the namespace."""

from collections.abc import Iterable

from settings.diagnostics import Text, error, note, warning
from settings.translation import joined, tr


@warning(
    meaning=tr(
        "The stack makes no NetworkPolicies, so every pod of the cluster reaches the models' unguarded "
        "routes and the chat page."
    ),
    example="networkPolicy: false",
    fix=tr(
        "Remove the key. A further namespace gets in by networkPolicy.admit, a private mirror is reached "
        "by networkPolicy.reach."
    ),
    source="vLLM documentation, usage/security (the API key guards /v1 only); vendor document 457/31424",
)
def network_policy_off() -> Text:
    return Text(
        message=tr("Every pod of the cluster may talk to the models and the chat page, and these to everything."),
        remedy=tr("Remove the key, so that the namespace is closed but for what the stack needs."),
        given="false",
        fix=(("", None),),
    )


@warning(
    meaning=tr(
        "NetworkPolicies are made, but nothing is known to enforce them (a note on a cluster that exists already)."
    ),
    example="networkPolicy: {addon: false}",
    fix=tr("Install the add-on Network Policy, by this stack or in the console."),
    source="vendor document 457/31424 (policies hold where the add-on runs)",
)
def network_policy_unenforced(*, owned: bool) -> Text:
    """`owned`: the cluster is the stack's own, where nothing else would enforce them."""
    if not owned:
        return Text(
            severity="note",
            message=tr(
                "NetworkPolicies hold only where something in the cluster enforces them, which is not known of a "
                "cluster that exists already."
            ),
            remedy=tr("See that it does: on TKE by the add-on Network Policy. docs/security.md has a test."),
        )
    return Text(
        message=tr("Without the add-on nothing in a new cluster enforces the NetworkPolicies."),
        remedy=tr("Install it in the console (Network Policy), or let the stack do it."),
        given="false",
        fix=(("", None),),
    )


@note(
    meaning=tr("The add-on that enforces NetworkPolicies is installed by a name that nobody has confirmed."),
    example="cluster: {}   # a cluster of our own, networkPolicy on",
    fix=tr(
        "If `pulumi up` ends by saying that there is no such add-on, all else is up (but Ollama, which "
        "waits for it): set networkPolicy.addon to false and install Network Policy in the console."
    ),
    source="catalog/data/addons.yaml (networkpolicy)",
    when="asked",
)
def addon_name_assumed(*, addon: str) -> Text:
    return Text(
        message=tr(
            "The name of the add-on that enforces NetworkPolicies, {addon}, follows from that of its "
            "DaemonSet; nobody has confirmed it.",
            addon=addon,
        ),
        remedy=tr(
            "If `pulumi up` ends by saying that there is no such add-on, all else is up: set "
            "networkPolicy.addon to false and install Network Policy in the console."
        ),
    )


@warning(
    meaning=tr("Pods on super nodes are not kept in by the add-on that enforces NetworkPolicies on machines."),
    example="pools: {gpu: {kind: super, gpuType: T4}}",
    fix=tr(
        "Ask for the eNP add-on (it needs VPC-CNI with shared network interfaces), or rely on API key "
        "and security group."
    ),
    source="vendor document 457/115877 (eNP runs on super nodes only)",
)
def network_policy_not_on_super_nodes() -> Text:
    return Text(
        message=tr(
            "On super nodes the add-on that enforces NetworkPolicies does not run; another, eNP, does so "
            "where pods share network interfaces (VPC-CNI), and this stack does not install it."
        ),
        remedy=tr("Ask for eNP in the console, or rely on the API key and the security group."),
        given="super",
    )


@warning(
    meaning=tr("A model's pods are on their machines' own network for RDMA, where no NetworkPolicy holds."),
    example="pools: {gpu: {kind: ordinary, instanceType: HCCPNV6.96XLARGE2304, nodes: 2}} with models: {chat: "
    "{gpus: 16}}",
    fix=tr("Keep the nodes' security group closed, and other workloads off this VPC."),
    source="Kubernetes documentation, network policies: the behaviour for hostNetwork pods is undefined",
)
def network_policy_not_on_host() -> Text:
    return Text(
        message=tr(
            "For RDMA the pods are on their machines' own network, where no NetworkPolicy holds: whatever "
            "reaches the nodes reaches the engines' unguarded ports."
        ),
        remedy=tr("Keep the nodes' security group closed, and other workloads off this VPC."),
    )


@warning(
    meaning=tr("The NetworkPolicies keep the Ingress controller out, since its namespace is not known."),
    example="expose: {via: ingress, host: chat.example.com, ingressClass: traefik}",
    fix=tr("Name the controller's namespace in networkPolicy.admit."),
    source="planner/access/check_policies.py",
)
def ingress_controller_unknown(*, ingress_class: str) -> Text:
    return Text(
        message=tr(
            "Where the controller of the Ingress class {ingress_class} runs is not known, so the "
            "NetworkPolicies keep it out.",
            ingress_class=ingress_class,
        ),
        remedy=tr("Name its namespace in networkPolicy.admit."),
        given=ingress_class,
    )


@error(
    meaning=tr(
        "networkPolicy.reach names the metadata service, which hands out the credentials of a node's "
        "role to whoever asks."
    ),
    example="networkPolicy: {reach: [169.254.0.23/32]}",
    fix=tr("Remove the range."),
    source="Tencent Cloud document 213/4934 (instance metadata)",
    forceable=False,
    rules=("METADATA_REACHED",),
)
def metadata_asked_for(*, cidr: str, address: str) -> Text:
    return Text(
        message=tr(
            "{address} is the metadata service, which hands out a node's credentials; it is closed to every pod.",
            address=address,
        ),
        remedy=tr("Remove the range."),
        given=cidr,
        fix=(("", None),),
    )


@note(
    meaning=tr("A range of networkPolicy.reach holds the metadata service, whose address stays closed."),
    example="networkPolicy: {reach: [169.254.0.0/16]}",
    fix=tr("Nothing is to be done."),
    source="Tencent Cloud document 213/4934 (instance metadata)",
    when="asked",
)
def metadata_cut(*, cidr: str, closed: Iterable[str]) -> Text:
    return Text(
        message=tr(
            "{cidr} holds the metadata service; {closed} stays closed.", cidr=cidr, closed=joined(closed, " and ")
        ),
        remedy=tr("Name narrower ranges if you want to read them in the policies."),
        given=cidr,
    )


@error(
    meaning=tr(
        "A range of networkPolicy.reach is no private range. Downloads reach the Internet anyway; it "
        "would open whatever is not the Internet to them."
    ),
    example="networkPolicy: {reach: [0.0.0.0/0]}",
    fix=tr("Name the private range of your mirror."),
    source="planner/access/check_policies.py",
    rules=("METADATA_REACHED",),
)
def reach_too_wide(*, cidr: str, widest: int) -> Text:
    return Text(
        message=tr(
            "{cidr} is no private range: downloads reach the Internet anyway, and with it they would reach "
            "everything that is not the Internet.",
            cidr=cidr,
        ),
        remedy=tr("Remove it, or name the private range of your mirror."),
        given=cidr,
        allowed=tr("no more public addresses than one /{widest} has", widest=widest),
        fix=(("", None),),
    )


@warning(
    meaning=tr("A download's mirror seems to be inside the VPC, where downloads are not let."),
    example="models: {chat: {source: huggingface, download: {endpoint: 'http://10.0.9.9:8080'}}}",
    fix=tr("Name its address range in networkPolicy.reach."),
    source="planner/access/check_policies.py",
)
def download_endpoint_private(*, endpoint: str) -> Text:
    return Text(
        message=tr(
            "{endpoint} seems to lie inside the VPC, where the NetworkPolicies let no download go.", endpoint=endpoint
        ),
        remedy=tr("Name its address range in networkPolicy.reach."),
        given=endpoint,
    )
