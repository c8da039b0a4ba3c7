"""What can be wrong with a pool's labels, taints, billing, disk and number of nodes."""

from settings.diagnostics import Text, error, warning
from settings.translation import tr


@error(
    meaning=tr("The system disk of the GPU nodes is smaller than what the node kind or the engine's image needs."),
    example="pools: {gpu: {instanceType: PNV4.7XLARGE116, disk: 50}}",
    fix=tr("Use the size that is suggested, or leave it out."),
    source="Tencent Cloud document 457/54485 (100 GB for native nodes); catalog/data/images.yaml",
)
def disk_too_small(*, pool: str, size: int, need: int, kind: str, native: bool) -> Text:
    """`need` is in GiB; `native`: it is what native nodes ask for, whatever is on them."""
    return Text(
        message=tr("A native node needs a system disk of {need} GiB at least.", need=need)
        if native
        else tr(
            "The system disk holds the system, the engine's images and what is kept there: {need} GiB are needed.",
            need=need,
        ),
        remedy=tr("Set pools.{pool}.disk to {need}, or leave it out.", pool=pool, need=need),
        given=tr("{size} GiB", size=size),
        allowed=tr("{need} to 2048 GiB", need=need),
        fix=(("", {"size": need, "type": kind}),),
    )


@error(
    meaning=tr("A label of nodes has a domain that Kubernetes or this program keeps for itself."),
    example="pools: {gpu: {labels: {tke-llm/pool: mine}}}",
    fix=tr("Use a domain of your own, or none."),
    source="Kubernetes documentation, labels and selectors; planner/pools/decide.py (tke-llm/pool finds a "
    "pool's nodes)",
    forceable=False,
)
def label_reserved(*, label: str, value: str, domain: str, ours: bool, free_path: str | None) -> Text:
    """`ours`: this program keeps the domain, not Kubernetes. `free_path`: where the label would stand without it, where
    no other does."""
    return Text(
        message=tr("This program sets labels that begin with {domain}/ itself.", domain=domain)
        if ours
        else tr("Kubernetes keeps labels that begin with {domain}/ for itself.", domain=domain),
        remedy=tr("Use a domain of your own, or none."),
        given=label,
        allowed=tr("another domain"),
        fix=(("", None), *(((free_path, value),) if free_path else ())),
    )


@error(
    meaning=tr("Two taints of a pool have the same key and effect; nodes with GPUs carry nvidia.com/gpu already."),
    example="pools: {gpu: {taints: [{key: team}, {key: team, value: ml}]}}",
    fix=tr("Remove one of them."),
    source="Kubernetes, pkg/apis/core/validation (taints are unique by key and effect)",
    forceable=False,
)
def taint_twice(*, key: str, value: str, effect: str) -> Text:
    return Text(
        message=tr("The nodes carry a taint {key} with the effect {effect} already.", key=key, effect=effect),
        remedy=tr("Remove it."),
        given=f"{key}={value}:{effect}",
        allowed=tr("one taint for each key and effect"),
        fix=(("", None),),
    )


@error(
    meaning=tr("Native nodes cannot be spot nodes."),
    example="pools: {gpu: {kind: native, charge: spot}}",
    fix=tr("Use postpaid, or kind: ordinary."),
    source="The provider's kubernetes_native_node_pool, instance_charge_type",
)
def spot_not_native(*, kind_path: str, said: bool) -> Text:
    """`said`: the stack file says that the nodes are native; otherwise they are so by default."""
    return Text(
        message=tr("Native nodes are billed postpaid or prepaid; spot nodes are ordinary nodes."),
        remedy=tr("Use postpaid, or kind: ordinary.") if said else tr("Set kind to ordinary, or use postpaid."),
        given="spot",
        allowed="postpaid, prepaid",
        fix=(("", "postpaid"),) if said else ((kind_path, "ordinary"),),
    )


@error(
    meaning=tr("A maximum spot price is given for nodes that are billed otherwise."),
    example="pools: {gpu: {kind: ordinary, spotMaxPrice: 3.5}}",
    fix=tr("Set charge: spot, or remove the price."),
    source="The provider's kubernetes_node_pool, spot_max_price",
)
def spot_price_without_spot(*, price: float, charge: str) -> Text:
    """`charge` is the place of the pool's billing."""
    return Text(
        message=tr("A maximum price is given for nodes that are not spot nodes."),
        remedy=tr("Set charge: spot, or remove it."),
        given=str(price),
        fix=((charge, "spot"),),
    )


@warning(
    meaning=tr("Nodes are paid by the month, whatever becomes of the stack."),
    example="pools: {gpu: {charge: prepaid}}",
    fix=tr("Use postpaid unless the nodes are to stay."),
    source="Tencent Cloud's billing of prepaid instances",
)
def prepaid_nodes(*, pool: str) -> Text:
    return Text(
        message=tr(
            "The nodes of pool {pool} are paid by the month; destroying the stack gives nothing back.", pool=pool
        ),
        remedy=tr("Use postpaid unless you mean to keep them."),
        given="prepaid",
        fix=(("", "postpaid"),),
    )


@warning(
    meaning=tr("No model runs on the pool, whose nodes are billed."),
    example="pools: {gpu: {instanceType: PNV4.7XLARGE116}, spare: {instanceType: PNV4.7XLARGE116}}\nmodels: {chat: "
    "{pool: gpu}}",
    fix=tr("Remove the pool, or name it as the pool of a model."),
    source="planner/pools/check.py",
)
def pool_unused(*, pool: str, removable: bool) -> Text:
    return Text(
        message=tr("No model runs on pool {pool}; its nodes would be billed for nothing.", pool=pool),
        remedy=tr("Remove the pool, or name it as the pool of a model."),
        fix=(("", None),) if removable else (),
    )


@warning(
    meaning=tr("The pool starts without a node; the autoscaler adds one once a model's pod is Pending."),
    example="pools: {gpu: {nodes: {min: 0, max: 1}}}",
    fix=tr("Set nodes.min to 1 where the first start must not wait for a machine that may be sold out."),
    source="Kubernetes cluster autoscaler",
)
def nodes_from_zero(*, pool: str, most: int) -> Text:
    nodes = f"pools.{pool}.nodes"
    return Text(
        message=tr(
            "Pool {pool} starts without a node; one is added once a model waits for it, if any is to be had.", pool=pool
        ),
        remedy=tr("Set {nodes}.min to 1.", nodes=nodes),
        given="0",
        fix=((nodes, {"min": 1, "max": most}),),
    )
