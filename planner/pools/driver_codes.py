"""What can be wrong with the driver that a pool states or has installed, and with MIG."""

from collections.abc import Iterable

from settings.diagnostics import Fix, Text, error, warning
from settings.translation import tr


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
