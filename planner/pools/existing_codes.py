"""What can be wrong with a pool of nodes that exist already."""

from collections.abc import Iterable, Sequence

from settings.diagnostics import Text, error, warning
from settings.translation import joined, tr


@error(
    meaning=tr("The figures that decide what fits are missing for nodes that exist already."),
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
        return tr("Use {meant}: the one with the memory that the GPU has.", meant=joined(gpus, " or "))
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
