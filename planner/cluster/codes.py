"""What can be wrong with the cluster and the names of what a stack makes in it, and what a pause and examples mean."""

from collections.abc import Iterable, Sequence
from typing import Literal

from settings.diagnostics import Text, error, note, warning
from settings.translation import joined, tr


@error(
    meaning=tr("The Kubernetes version is not a version."),
    example="cluster: {version: latest}",
    fix=tr('Use a version such as "1.32.2", in quotes.'),
    source="planner/cluster/check.py",
    forceable=False,
)
def kubernetes_version_unreadable(*, version: str, usual: str, known: Iterable[str]) -> Text:
    return Text(
        message=tr("{version!r} is not a Kubernetes version.", version=version),
        remedy=tr("Use {usual}.", usual=usual),
        given=version,
        allowed=", ".join(known),
        fix=(("", usual),),
    )


@error(
    meaning=tr("The Kubernetes version is older than what the rendered objects need."),
    example="cluster: {version: 1.22.5}",
    fix=tr("Use the version that is suggested."),
    source="containerd from 1.24 (Tencent Cloud 457), Pod Security admission 1.25, LeaderWorkerSet 1.26, Envoy Gateway "
    "1.30",
)
def kubernetes_too_old(*, version: str, oldest: str, feature: str, usual: str) -> Text:
    """`feature` is what needs `oldest` or later."""
    return Text(
        message=tr("Kubernetes {version} is too old for {feature}.", version=version, feature=feature),
        remedy=tr("Use {usual}.", usual=usual),
        given=version,
        allowed=tr("{oldest} or later", oldest=oldest),
        fix=(("", usual),),
    )


@warning(
    meaning=tr("The catalogue does not know that TKE offers this version for new clusters."),
    example="cluster: {version: 1.32.9}",
    fix=tr("Use a version of the list, or see that the console offers this one."),
    source="catalog/data/kubernetes.yaml",
)
def kubernetes_version_unknown(*, version: str, near: str, known: Iterable[str]) -> Text:
    return Text(
        message=tr("The catalogue does not know that TKE offers Kubernetes {version}.", version=version),
        remedy=tr("Use {near}, or compare it with the versions that the console offers for a new cluster.", near=near),
        given=version,
        allowed=", ".join(known),
        fix=(("", near),),
    )


@error(
    meaning=tr("An existing cluster is to be used, but nothing says how to reach it."),
    example="cluster: {existing: {}}",
    fix=tr("Set cluster.existing.id or .kubeconfigPath, or the secret tke-llm:kubeconfig."),
    source="planner/cluster/check.py",
    forceable=False,
)
def no_way_to_the_cluster() -> Text:
    return Text(
        message=tr("The existing cluster is named neither by its id nor by a kubeconfig."),
        remedy=tr("Set cluster.existing.id or .kubeconfigPath, or the secret tke-llm:kubeconfig."),
        allowed=tr("id, kubeconfigPath, or the secret kubeconfig"),
    )


@warning(
    meaning=tr("A setting shapes a new cluster, and this one exists."),
    example="cluster: {version: 1.32.2, existing: {id: cls-1}}",
    fix=tr("Remove it."),
    source="planner/cluster/check.py",
)
def no_effect_on_existing_cluster(*, setting: str) -> Text:
    return Text(
        message=tr("{setting} has no effect: the cluster exists already.", setting=setting),
        remedy=tr("Remove it."),
        fix=(("", None),),
    )


@error(
    meaning=tr("A pool is to be made, but of the cluster only a kubeconfig is known."),
    example="cluster: {existing: {kubeconfigPath: ~/.kube/config}}\npools: {gpu: {instanceType: PNV4.7XLARGE116}}",
    fix=tr("Use kind: existing with the labels of the nodes, or name the cluster by its id."),
    source="Arguments of the provider's node pools (cluster_id)",
    forceable=False,
)
def pool_needs_a_cluster_id(*, pool: str, kind: str) -> Text:
    return Text(
        message=tr("Pool {pool} cannot be made in a cluster that is known by its kubeconfig only.", pool=pool),
        remedy=tr("Set kind: existing with the nodes' labels, or name the cluster by cluster.existing.id."),
        given=kind,
        allowed="existing",
        fix=(("", "existing"),),
    )


@error(
    meaning=tr("A pool is to be made in an existing cluster whose VPC and subnets are not named."),
    example="cluster: {existing: {id: cls-1}}\npools: {gpu: {instanceType: PNV4.7XLARGE116}}",
    fix=tr("Set network.vpcId, network.zones and network.subnetIds."),
    source="Arguments of the provider's node pools (subnet_ids)",
    forceable=False,
)
def pool_needs_the_vpc(*, pool: str) -> Text:
    return Text(
        message=tr("Pool {pool} is made in the existing cluster, but its VPC and subnets are not named.", pool=pool),
        remedy=tr("Set network.vpcId, .zones and .subnetIds to those of the cluster."),
    )


@error(
    meaning=tr(
        "A model, a pool or a Secret has a name by which the stack, or another model, makes an object of its own."
    ),
    example="models: {webui: {model: Qwen/Qwen2.5-7B-Instruct}}",
    fix=tr("Give it another name."),
    source="planner/cluster/object_names.py (what the stack makes); Kubernetes keeps one object of a kind and name "
    "in a namespace",
    forceable=False,
)
def name_taken(
    *,
    name: str,
    section: Literal["models", "pools", "secrets"],
    model: str | None = None,
    free: str = "",
    kept: object = None,
) -> Text:
    """`model` has the name already, or the stack itself does; `kept` is what stands there and may be called `free`."""
    if section == "secrets":
        return Text(
            message=tr("{name} is the name of a Secret that the stack makes itself.", name=name),
            remedy=tr("Give your Secret another name."),
            given=name,
            allowed=tr("the name of a Secret that is there already"),
        )
    ours = tr("the CPU nodes") if section == "pools" else tr("the stack itself")
    return Text(
        message=tr(
            "{name} is a name that {ours} has in the cluster already.",
            name=name,
            ours=(tr("model {model}", model=model) if model else ours),
        ),
        remedy=tr("Call it {free}.", free=free),
        given=name,
        allowed=tr("a name that no other object of the stack has"),
        fix=(("", None), (f"{section}.{free}", kept)),
    )


@note(
    meaning=tr(
        "The stack is paused: its models have no replica and its GPU pools no node, while data, chat "
        "page, network and endpoint stay, and are billed."
    ),
    example="pause: true",
    fix=tr("Remove pause, or set it to false, once models are to answer again; their GPUs may be sold out then."),
    source="docs/costs.md (Pause)",
)
def paused(*, ranged: Sequence[str], existing: Sequence[str], prepaid: Sequence[str]) -> Text:
    """Pools whose idle nodes the cluster autoscaler takes away, whose nodes are not ours, and that are paid by the
    month."""
    left = [
        *(
            [tr("The cluster autoscaler takes the idle nodes of {ranged} away.", ranged=joined(ranged))]
            if ranged
            else []
        ),
        *([tr("The nodes of {existing} are not ours and stay.", existing=joined(existing))] if existing else []),
        *([tr("{prepaid} is paid for the whole month.", prepaid=joined(prepaid))] if prepaid else []),
    ]
    stays = tr("No model runs and no GPU pool keeps a node; data, chat page and endpoint stay.")
    return Text(
        message=joined([stays, *left], " "),
        remedy=tr("Remove pause to bring the models back; their GPUs may be sold out then."),
        given="true",
        fix=(("", None),),
    )


@warning(
    meaning=tr(
        "An example (an id with `example` in it, a host of example.com, a blank to fill in) stands where "
        "your own belongs."
    ),
    example="storage: {kind: cfs-turbo, ccnId: ccn-example1}",
    fix=tr("Put your own in its place."),
    source="RFC 2606 (reserved domains); the sample stacks",
)
def placeholder(*, value: str) -> Text:
    return Text(
        message=tr(
            "{value} is an example, not something of yours; `pulumi up` would fail there or lead nowhere.", value=value
        ),
        remedy=tr("Put your own in its place."),
        given=value,
    )
