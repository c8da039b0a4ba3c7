"""What can be wrong with the CPU nodes of a cluster that this stack makes."""

from collections.abc import Iterable

from settings.diagnostics import Text, error
from settings.translation import listed, tr


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
