"""What can be wrong with the machine type, or the GPU type, of a pool."""

from collections.abc import Iterable, Sequence

from settings.diagnostics import Text, error, warning
from settings.translation import tr

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
    meaning=tr("Tencent Cloud sells this machine type only to accounts that it has enabled for it."),
    example="pools: {gpu: {instanceType: PNV6.32XLARGE1280}}",
    fix=tr("Ask for it with a ticket first."),
    source="Tencent Cloud document 560/19701",
)
def invite_only(*, machine: str) -> Text:
    return Text(
        message=tr("{machine} is sold only to accounts that Tencent Cloud has enabled for it.", machine=machine),
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
