"""What can be doubtful about what is kept for the next replica."""

from settings.diagnostics import Text, error, note, warning
from settings.translation import joined, tr


@warning(
    meaning=tr(
        "Images are to be pulled ahead onto nodes that exist, and the stack file names no label by which "
        "they are told from the cluster's others."
    ),
    example="warmStart: {images: true} with pools: {gpu: {kind: existing}}",
    fix=tr("Give a label that the GPU nodes carry and no others."),
    source="components/workloads/image_prefetch.py (a DaemonSet runs on every node that it may)",
)
def images_on_any_node(*, pool: str) -> Text:
    return Text(
        message=tr(
            "Nothing is pulled ahead for pool {pool}: without a label that tells its nodes from others, "
            "every node of the cluster would get its images.",
            pool=pool,
        ),
        remedy=tr("Give pools.{pool}.nodeSelector.", pool=pool),
    )


@note(
    meaning=tr("Pods on super nodes take their image from an image cache, which this program does not make."),
    example="warmStart: {images: true} with pools: {gpu: {kind: super, gpuType: A10*PNV4}}",
    fix=tr("Make the image cache once, in the console or by the API; it is billed as a snapshot."),
    source="Tencent Cloud documents 457/44484 (image cache) and 457/36162 (use-image-cache: auto)",
)
def image_cache_expected(*, pool: str, images: tuple[str, ...], gib: int) -> Text:
    """`gib`: the size of the pods' disk, which the cache's should have."""
    return Text(
        message=tr(
            "Pods of pool {pool} look for an image cache that holds {images}, and pull the image where there is none.",
            pool=pool,
            images=joined(images),
        ),
        remedy=tr(
            "Make one of {gib} GiB in the same region (console, image cache). How much sooner a pod starts, "
            "no source says: the plan counts the whole pull.",
            gib=gib,
        ),
    )


@note(
    meaning=tr("What engines compile is to be kept, and of this model there is nothing to keep."),
    example="warmStart: {compileCache: true} with models: {chat: {engine: ollama}}",
    fix=tr("Nothing is to be done; the other models' is kept."),
    source="planner/engines (start_compiled, eager); planner/rollout/warm_start.py (groups of machines)",
)
def nothing_compiled(*, model: str, engine: str, eager: bool, machines: int) -> Text:
    """`eager`: its engine is told to compile nothing, `machines`: it spans so many."""
    reason = tr("{engine} compiles nothing that a later replica could use", engine=engine)
    if eager:
        reason = tr("{engine} is told to compile nothing (--enforce-eager)", engine=engine)
    elif machines > 1:
        reason = tr("each of its {machines} machines compiles for itself", machines=machines)
    return Text(
        message=tr("Nothing is kept of what {model} compiles: {reason}.", model=model, reason=reason),
        remedy=tr("Nothing is to be done."),
    )


@warning(
    meaning=tr(
        "Models' files are to be kept on the nodes' disks, and the pool has no nodes of which that could be told."
    ),
    example="warmStart: {modelCache: true} with pools: {gpu: {kind: super, gpuType: A10*PNV4}}",
    fix=tr("For nodes that exist give a label that they carry and no others; on super nodes nothing can be kept."),
    source="Tencent Cloud document 457/40027 (super nodes run no DaemonSet); components/workloads/node_cache.py (a "
    "DaemonSet runs on every node that it may)",
)
def model_cache_nowhere(*, pool: str, exists: bool) -> Text:
    """`exists`: its nodes exist, and no label tells them from others; else they are super nodes."""
    if exists:
        return Text(
            message=tr(
                "No model's files are kept on the nodes of pool {pool}: without a label that tells them from others, "
                "every node of the cluster would get them.",
                pool=pool,
            ),
            remedy=tr("Give pools.{pool}.nodeSelector.", pool=pool),
        )
    return Text(
        message=tr(
            "No model's files are kept for pool {pool}: super nodes have no disk that outlives a pod.", pool=pool
        ),
        remedy=tr("Nothing is to be done; its models are read from the store."),
    )


@note(
    meaning=tr("Models' files are to be kept on the nodes' disks, and the engine's image has no Python to copy them."),
    example="warmStart: {modelCache: true} with models: {chat: {engine: ollama}}",
    fix=tr("Nothing is to be done; the model is read from the store."),
    source="planner/engines (python); components/workloads/scripts/node_cache.py",
)
def files_not_kept(*, model: str, engine: str) -> Text:
    return Text(
        message=tr(
            "The files of {model} are not kept on its nodes: the image of {engine} has no Python, which copies them.",
            model=model,
            engine=engine,
        ),
        remedy=tr("Nothing is to be done."),
    )


@warning(
    meaning=tr("The disk on which models' files are to be kept reads no faster than the store that they come from."),
    example="warmStart: {modelCache: true} with pools: {gpu: {disk: {type: CLOUD_PREMIUM}}}",
    fix=tr(
        "Use the disk that is suggested, or leave the cache out; it still spares the store where many start at once."
    ),
    source="catalog/data/disks.yaml, catalog/data/stores.yaml",
)
def model_cache_slower(
    *,
    pool: str,
    disk_mbps: float,
    store_mbps: float,
    kind: str,
    size: int,
    replicas: int,
    faster: tuple[str, int] | None,
) -> Text:
    """MB/s of a disk of `size` GiB and of the store; `replicas` at the most read from that. `faster`: type and size of
    the nearest disk that is, None where none is offered."""
    figures = {"pool": pool, "kind": kind, "size": size, "disk_mbps": disk_mbps, "store_mbps": store_mbps}
    message = tr(
        "With its files on its node a replica of pool {pool} starts no sooner: a {kind} of {size} GiB reads "
        "{disk_mbps:.0f} MB/s, the store {store_mbps:.0f} MB/s.",
        **figures,
    )
    if replicas > 1:
        message = tr(
            "With its files on its node a replica of pool {pool} that starts alone starts no sooner: a {kind} of "
            "{size} GiB reads {disk_mbps:.0f} MB/s, the store {store_mbps:.0f} MB/s, which {replicas} share if all "
            "start at once.",
            **figures,
            replicas=replicas,
        )
    given = tr("{kind}, {size} GiB", kind=kind, size=size)
    if faster is None:
        return Text(
            message=message,
            remedy=tr("No disk of this machine reads faster. Leave warmStart.modelCache out."),
            given=given,
            fix=(("warmStart.modelCache", None),),
        )
    return Text(
        message=message,
        remedy=tr(
            "Set pools.{pool}.disk to {size} GiB of type {kind}, or leave warmStart.modelCache out.",
            pool=pool,
            size=faster[1],
            kind=faster[0],
        ),
        given=given,
        fix=((f"pools.{pool}.disk", {"size": faster[1], "type": faster[0]}),),
    )


@note(
    meaning=tr("Nobody knows how fast the disk reads on which models' files are kept."),
    example="warmStart: {modelCache: true} with pools: {gpu: {disk: {type: CLOUD_BSSD}}}",
    fix=tr("Nothing is to be done; the plan counts on the store's speed."),
    source="catalog/data/disks.yaml (CLOUD_BSSD has no formula; of nodes that exist the disk is not known)",
)
def model_cache_speed_unknown(*, pool: str) -> Text:
    return Text(
        message=tr(
            "How fast the disks of pool {pool} read, no source says: the plan counts no second for files that are kept "
            "there.",
            pool=pool,
        ),
        remedy=tr("Nothing is to be done."),
    )


@error(
    meaning=tr("Models' files are to be kept on the nodes' disks, and one node at a time may read the store."),
    example="warmStart: {modelCache: true} with storage: {kind: class, className: disk, accessMode: ReadWriteOnce}",
    fix=tr("Leave the cache out, or use a store that many nodes may read."),
    source="Kubernetes documentation, persistent volumes, access modes (ReadWriteOnce); "
    "components/workloads/node_cache.py (a pod on each node reads the store)",
)
def model_cache_needs_shared_store(*, mode: str) -> Text:
    return Text(
        message=tr("A pod on each node would read the store, which is mounted as {mode}.", mode=mode),
        remedy=tr("Leave warmStart.modelCache out, or use a store that is ReadWriteMany."),
        fix=(("warmStart.modelCache", None),),
    )


@error(
    meaning=tr("No system disk is large enough for the models' files that are to be kept on each node."),
    example="warmStart: {modelCache: true} with three models of 671B on one pool",
    fix=tr("Leave the cache out, or give models pools of their own."),
    source="terraform-provider-tencentcloud 1.82.42 (system_disk_size: 20 to 2048)",
)
def model_cache_too_large(*, pool: str, gib: int, most: int) -> Text:
    return Text(
        message=tr(
            "Nodes of pool {pool} need a system disk of {gib} GiB with the models' files on it, and {most} GiB is the "
            "largest.",
            pool=pool,
            gib=gib,
            most=most,
        ),
        remedy=tr("Leave warmStart.modelCache out, or give models pools of their own."),
        given=tr("{size} GiB", size=gib),
        allowed=tr("at most {most} GiB", most=most),
        fix=(("warmStart.modelCache", None),),
    )
