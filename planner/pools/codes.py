"""What can be wrong with a pool: its machine or GPU type, driver, billing, labels, taints, disk and nodes; and with
the CPU nodes."""

from collections.abc import Iterable, Sequence

from settings.diagnostics import Fix, Text, error, warning
from settings.translation import joined, listed, tr

ANY_WITH_GPUS = tr("a machine type with GPUs (`tke-llm fit MODEL` lists those that fit)")


@error(
    meaning=tr("The machine type is not in the catalogue, so nothing can be proved for it."),
    example="pools: {gpu: {instanceType: PNV4.7XLARGE117}}",
    fix=tr("Use the type that is suggested. Where a newer one is meant, add it to catalog/data/machines.yaml."),
    source="catalog/data/machines.yaml",
)
def unknown_machine(*, machine: str, near: str | None, holding: str | None, gpu: bool, known: Iterable[str]) -> Text:
    """`near` is what was probably meant, `holding` a machine that holds what is to run there; `gpu`: the machine is to
    have GPUs."""
    otherwise = ANY_WITH_GPUS if gpu else tr("a machine type of the list")
    return Text(
        message=tr("The catalogue has no machine type {machine}.", machine=machine),
        remedy=_instead(near, holding, otherwise),
        given=machine,
        allowed=", ".join(known),
        fix=(("", near or holding),) if near or holding else (),
    )


def _instead(near: str | None, holding: str | None, otherwise: str) -> str:
    if near:
        return tr("Use {near}.", near=near)
    return (
        tr("Use {holding}, which holds all that is to run there.", holding=holding)
        if holding
        else tr("Use {otherwise}.", otherwise=otherwise)
    )


@error(
    meaning=tr("A pool of machines does not say which machines."),
    example="pools: {gpu: {kind: native}}",
    fix=tr("Set instanceType; `tke-llm fit MODEL` lists those that serve a model."),
    source="Required by the provider's node pools",
    forceable=False,
)
def missing_instance_type(*, pool: str, near: str | None, known: Iterable[str]) -> Text:
    return Text(
        message=tr("Pool {pool} names no machine type.", pool=pool),
        remedy=_instead(None, near, ANY_WITH_GPUS),
        allowed=", ".join(known),
        fix=(("", near),) if near else (),
    )


@error(
    meaning=tr("A model that needs a GPU is on machines that have none."),
    example="pools: {gpu: {instanceType: SA5.LARGE8}}",
    fix=tr("Use the machine that is suggested, or another with GPUs."),
    source="catalog/data/machines.yaml",
)
def machine_without_gpu(*, machine: str, pool: str, near: str | None) -> Text:
    return Text(
        message=tr("{machine} has no GPU, and a model that needs one is on pool {pool}.", machine=machine, pool=pool),
        remedy=_instead(None, near, ANY_WITH_GPUS),
        given=machine,
        allowed=tr("machine types with whole GPUs"),
        fix=(("", near),) if near else (),
    )


@error(
    meaning=tr("The machine or GPU type has a share of a GPU (GRID), and memory is planned for whole GPUs only."),
    example="pools: {gpu: {instanceType: GN7.LARGE20}}",
    fix=tr("Use the type with whole GPUs that is suggested."),
    source="Tencent Cloud document 560/19701 (shares of a T4 need the GRID driver)",
    forceable=False,
)
def fractional_gpu(*, kind: str, near: str | None) -> Text:
    return Text(
        message=tr("{kind} has a share of a GPU, while engines are planned for whole ones.", kind=kind),
        remedy=tr("Use {near}.", near=near or tr("a type with whole GPUs")),
        given=kind,
        allowed=tr("types with whole GPUs"),
        fix=(("", near),) if near else (),
    )


@error(
    meaning=tr("The machine type is not offered as a native node (a warning where the catalogue does not know)."),
    example="pools: {gpu: {kind: native, instanceType: GN8.LARGE56}}",
    fix=tr("Use kind: ordinary."),
    source="Tencent Cloud document 457/54485 (GPU families of native nodes)",
)
def not_native(*, machine: str, known: bool, verified: bool) -> Text:
    """`known`: the catalogue says that it is not offered; `verified`: somebody has tried it."""
    doubt = tr("The catalogue does not know whether {machine} is offered as a native node.", machine=machine)
    return Text(
        message=tr("{machine} is not offered as a native node.", machine=machine) if known else doubt,
        remedy=tr("Use kind: ordinary.") if known else tr("Look it up in the console, or use kind: ordinary."),
        given="native",
        allowed="ordinary",
        fix=(("", "ordinary"),),
        severity="error" if known and verified else "warning",
    )


@warning(
    meaning=tr("The catalogue lists other regions for this machine type."),
    example="tencentcloud:region: ap-jakarta   # with PNV4.7XLARGE116",
    fix=tr("Look it up in the console before `pulumi up`; the catalogue's lists are coarse."),
    source="catalog/data/machines.yaml",
)
def machine_not_seen_in_region(*, machine: str, region: str, regions: Iterable[str]) -> Text:
    return Text(
        message=tr("{machine} is not known to be offered in {region}.", machine=machine, region=region),
        remedy=tr("Look it up in the console, or use another region."),
        given=machine,
        allowed=", ".join(regions),
    )


@warning(
    meaning=tr("Tencent Cloud sells this machine type to accounts that it has enabled only."),
    example="pools: {gpu: {instanceType: PNV6.32XLARGE1280}}",
    fix=tr("Ask for it with a ticket first."),
    source="Tencent Cloud document 560/19701",
)
def invite_only(*, machine: str) -> Text:
    return Text(
        message=tr("{machine} is sold to accounts that Tencent Cloud has enabled for it only.", machine=machine),
        remedy=tr("Ask for it with a ticket before you run `pulumi up`."),
        given=machine,
    )


@error(
    meaning=tr("The machine type has no system disk of this type."),
    example="pools: {gpu: {instanceType: PNV4.7XLARGE116, disk: {type: CLOUD_BSSD}}}",
    fix=tr("Use a type of the list."),
    source="Tencent Cloud document 457/54485",
)
def disk_type_not_offered(
    *, machine: str, given: str, offered: Sequence[str], verified: bool, disk: str, size: int | None
) -> Text:
    """`disk` is the place of the pool's disk, whose `size` in GiB stays."""
    return Text(
        message=tr("{machine} has no system disk of type {given}.", machine=machine, given=given),
        remedy=tr("Use {offered}.", offered=offered[0]),
        given=given,
        allowed=", ".join(offered),
        fix=((disk, {"type": offered[0], **({"size": size} if size else {})}),),
        severity="error" if verified else "warning",
    )


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
        else tr("The system disk holds the system and the engine's images: {need} GiB are needed.", need=need),
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
        else tr("Kubernetes keeps labels that begin with {domain}/ itself.", domain=domain),
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
    meaning=tr("A driver, CUDA, cuDNN or MIG is requested on nodes that come with their own."),
    example="pools: {gpu: {kind: native, driver: {cuda: 12.4.0}}}",
    fix=tr("State the version only, or use kind: ordinary."),
    source="The provider's kubernetes_native_node_pool has no gpu_args",
)
def driver_not_installed(*, kind: str, given: Iterable[str], fix: Fix) -> Text:
    return Text(
        message=tr("A driver, CUDA, cuDNN or MIG cannot be chosen for {kind} nodes: they come as they are.", kind=kind),
        remedy=tr("State the driver's version only, or use kind: ordinary.")
        if kind == "native"
        else tr("State the driver's version only."),
        given=", ".join(given),
        allowed="version",
        fix=fix,
    )


@error(
    meaning=tr("A driver, CUDA or cuDNN is given by its version without its file name, or the other way round."),
    example="pools: {gpu: {kind: ordinary, driver: {version: 535.161.07}}}",
    fix=tr("Give both, as TKE lists them, or neither."),
    source="The provider's kubernetes_node_pool, gpu_args (validator)",
)
def driver_incomplete(*, missing: str, given: str, value: str, fix: Fix) -> Text:
    """`given` is the key of the two that is there, with its `value`."""
    return Text(
        message=tr("TKE installs by version and file name together; {missing} is missing.", missing=missing),
        remedy=tr("Give {missing} as TKE lists it, or remove {given}.", missing=missing, given=given),
        given=value,
        fix=fix,
    )


@error(
    meaning=tr("MIG is requested on a GPU that cannot be cut into instances."),
    example="pools: {gpu: {kind: ordinary, instanceType: GN7.5XLARGE80, driver: {mig: true}}}",
    fix=tr("Remove it, or use an A100 or newer."),
    source="NVIDIA Multi-Instance GPU user guide, supported GPUs",
)
def mig_not_supported(*, gpu: str) -> Text:
    return Text(
        message=tr("The {gpu} cannot be cut into MIG instances.", gpu=gpu),
        remedy=tr("Remove it."),
        given="true",
        allowed=tr("GPUs with MIG: A100 and newer data centre models"),
        fix=(("", None),),
    )


@warning(
    meaning=tr("With MIG a pod gets a part of the GPU, and memory was planned for all of it."),
    example="pools: {gpu: {kind: ordinary, instanceType: GT4.4XLARGE96, driver: {mig: true}}}",
    fix=tr("Remove it, or see that one instance has room for weights and cache."),
    source="NVIDIA Multi-Instance GPU user guide",
)
def mig_not_planned(*, gpu: str) -> Text:
    return Text(
        message=tr(
            "With MIG a pod gets an instance of the {gpu}, while engines are planned for the whole GPU.", gpu=gpu
        ),
        remedy=tr("Remove it, unless the instances have room for what the plan shows."),
        given="true",
        allowed="false",
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
    meaning=tr("A highest spot price is given for nodes that are billed otherwise."),
    example="pools: {gpu: {kind: ordinary, spotMaxPrice: 3.5}}",
    fix=tr("Set charge: spot, or remove the price."),
    source="The provider's kubernetes_node_pool, spot_max_price",
)
def spot_price_without_spot(*, price: float, charge: str) -> Text:
    """`charge` is the place of the pool's billing."""
    return Text(
        message=tr("A highest price is given for nodes that are not spot nodes."),
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


@error(
    meaning=tr("A pool of super nodes does not say which GPU."),
    example="pools: {gpu: {kind: super}}",
    fix=tr("Set gpuType to one of the list."),
    source="Tencent Cloud document 457/39808",
    forceable=False,
)
def missing_gpu_type(*, pool: str, near: str | None, known: Iterable[str]) -> Text:
    return Text(
        message=tr("Pool {pool} names no GPU type.", pool=pool),
        remedy=_instead(None, near, tr("a GPU type of the list")),
        allowed=", ".join(known),
        fix=(("", near),) if near else (),
    )


@error(
    meaning=tr("Super nodes have no such GPU type; a bare A10 is one of several and is refused too."),
    example="pools: {gpu: {kind: super, gpuType: A10}}",
    fix=tr("Use one of the list, such as A10*PNV4."),
    source="Tencent Cloud document 457/39808",
    forceable=False,
)
def unknown_gpu_type(*, kind: str, near: str | None, holding: str | None, known: Iterable[str]) -> Text:
    """`near` is what was probably meant, `holding` a type that holds what is to run there."""
    return Text(
        message=tr("Super nodes offer no GPU type {kind}.", kind=kind),
        remedy=_instead(near, holding, tr("a GPU type of the list, a machine, or a smaller model")),
        given=kind,
        allowed=", ".join(known),
        fix=(("", near or holding),) if near or holding else (),
    )


@error(
    meaning=tr("Of nodes that exist already, the figures are missing that decide what fits."),
    example="pools: {gpu: {kind: existing, nodeSelector: {gpu: a10}}}",
    fix=tr("Set cpu, memory, gpu and gpusPerNode to what one node offers."),
    source="planner/pools/decide.py",
    forceable=False,
)
def pool_facts_missing(*, pool: str, key: str) -> Text:
    return Text(
        message=tr("Nothing can be proved for nodes that exist without their {key}.", key=key),
        remedy=tr(
            "Set pools.{pool}.{key} to what one node offers (`kubectl describe node`, Allocatable).", pool=pool, key=key
        ),
    )


@error(
    meaning=tr("The catalogue has no such GPU."),
    example="pools: {gpu: {kind: existing, gpu: A11, gpusPerNode: 1, cpu: 8, memory: 32Gi}}",
    fix=tr("Use the name that is suggested."),
    source="catalog/data/gpus.yaml",
    forceable=False,
)
def unknown_gpu(*, gpu: str, meant: Sequence[str], known: Iterable[str]) -> Text:
    """`meant` are those of that model, which differ in memory. The key says what is there, so no other is proposed."""
    return Text(
        message=tr("The catalogue has no GPU {gpu}.", gpu=gpu),
        remedy=_meant(meant),
        given=gpu,
        allowed=", ".join(known),
        fix=(("", meant[0]),) if len(meant) == 1 else (),
    )


def _meant(gpus: Sequence[str]) -> str:
    if len(gpus) > 1:
        return tr("Use {meant}, by the memory that it has.", meant=joined(gpus, " or "))
    if gpus:
        return tr("Use {meant}.", meant=gpus[0])
    return tr("Use the GPU of the nodes; where the list lacks it, describe it in catalog/data/gpus.yaml.")


@warning(
    meaning=tr("The pool's nodes exist and no label finds them: its pods go to any node with enough free GPUs."),
    example="pools: {gpu: {kind: existing, gpu: A10, gpusPerNode: 1, cpu: 28, memory: 110Gi}}",
    fix=tr("Set nodeSelector to a label of these nodes, unless all GPU nodes of the cluster are alike."),
    source="Kubernetes documentation, scheduling GPUs (different types of GPUs are told apart by labels)",
)
def any_gpu_node(*, pool: str, gpu: str) -> Text:
    return Text(
        message=tr(
            "Pods of pool {pool} go to any node with enough free GPUs; the plan holds for {gpu} alone.",
            pool=pool,
            gpu=gpu,
        ),
        remedy=tr("Name a label of these nodes (`kubectl get nodes --show-labels`), unless all GPU nodes are alike."),
    )


@error(
    meaning=tr("Two pools of one cluster have different GPUs, and one's pods may go to the other's nodes."),
    example="pools: {one: {kind: existing, gpu: A10, …}, two: {kind: existing, gpu: H20, nodeSelector: {gpu: h20}}}",
    fix=tr("Set nodeSelector of each pool of existing nodes to a label that these nodes alone have."),
    source="Kubernetes documentation, scheduling GPUs (different types of GPUs are told apart by labels)",
)
def gpu_nodes_not_told_apart(*, pool: str, gpu: str, other: str, their_gpu: str) -> Text:
    return Text(
        message=tr(
            "Nothing keeps pods of pool {pool}, planned for {gpu}, off the nodes of pool {other}, which have "
            "{their_gpu}.",
            pool=pool,
            gpu=gpu,
            other=other,
            their_gpu=their_gpu,
        ),
        remedy=tr(
            "Name a label that the nodes of pool {pool} alone have (`kubectl get nodes --show-labels`).", pool=pool
        ),
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


@error(
    meaning=tr("The CPU nodes have GPUs that nothing would use."),
    example="cluster: {systemPool: {instanceType: PNV4.7XLARGE116}}",
    fix=tr("Use the CPU machine that is suggested."),
    source="catalog/data/machines.yaml",
)
def system_pool_has_gpu(*, machine: str, near: str | None) -> Text:
    return Text(
        message=tr("{machine} has a GPU, which nothing on the CPU nodes would use.", machine=machine),
        remedy=tr("Use {near}.", near=near or tr("a machine type without GPU")),
        given=machine,
        allowed=tr("machine types without GPU"),
        fix=(("", near),) if near else (),
    )


@error(
    meaning=tr(
        "The CPU nodes cannot hold the chat page, a download and the cluster's own pods, which would stay Pending."
    ),
    example="cluster: {systemPool: {instanceType: SA5.MEDIUM2, nodes: 1}}",
    fix=tr("Use the machine that is suggested, or more nodes."),
    source="Tencent Cloud document 457/48777 (reserved resources)",
)
def system_pool_too_small(
    *,
    nodes: int,
    machine: str,
    page_copies: int,
    page_mib: int,
    download_mib: int,
    others: Iterable[tuple[str, int, int]] = (),
    near: str | None,
) -> Text:
    """`page_copies` is 0 where there is no chat page; of `others` title, count and MiB of each."""
    pages = [(tr("the chat page"), page_copies, page_mib)] if page_copies else []
    wanted = [
        *(
            tr("{title} ({count} x {mib} MiB)", title=title, count=count, mib=mib)
            for title, count, mib in (*pages, *others)
        ),
        tr("a download ({download_mib} MiB)", download_mib=download_mib),
        tr("the cluster's own pods"),
    ]
    return Text(
        message=tr(
            "{nodes} x {machine} cannot hold {wanted}.", nodes=nodes, machine=machine, wanted=listed(wanted, "and")
        ),
        remedy=tr("Use {near}.", near=near or tr("a larger machine type, or more nodes")),
        given=machine,
        allowed=tr("machine types with room for every pod"),
        fix=(("", near),) if near else (),
    )


@error(
    meaning=tr("The system disk of the CPU nodes cannot hold the engine's image, in which downloads run."),
    example="cluster: {systemPool: {disk: 50}}",
    fix=tr("Use the size that is suggested."),
    source="catalog/data/images.yaml (sizes); the kubelet clears images above 85 % of the disk",
)
def system_disk_too_small(*, size: int, need: int) -> Text:
    """Both are in GiB."""
    return Text(
        message=tr(
            "Downloads run in the engine's image, which is unpacked on the CPU nodes, where the pods write "
            "as well: {need} GiB are needed.",
            need=need,
        ),
        remedy=tr("Set cluster.systemPool.disk to {need}.", need=need),
        given=tr("{size} GiB", size=size),
        allowed=tr("{need} to 2048 GiB", need=need),
        fix=(("", need),),
    )
