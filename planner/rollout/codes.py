"""What can be doubtful about what is kept for the next replica."""

from settings.diagnostics import Text, note, warning
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
