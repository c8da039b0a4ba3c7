"""What can be wrong with the driver of nodes for the CUDA of an image."""

from collections.abc import Sequence

from settings.diagnostics import Fix, Text, error, warning
from settings.translation import joined, tr


@warning(
    meaning=tr(
        "Nobody stated the driver of the pool's nodes, so the build for the older CUDA was taken. A "
        "note, and for who asks only, where the nodes are still to be made and nothing speaks against "
        "that build."
    ),
    example="pools: {gpu: {instanceType: PNV4.7XLARGE116}}",
    fix=tr("State pools.<name>.driver as nvidia-smi shows it on such a node."),
    source="vLLM PR 39878 (CUDA 13 by default from v0.20.0 on); llm-d issue 706",
)
def driver_unknown(
    *,
    gpu: str,
    cuda: str | None,
    driver: int | None,
    documented: str | None,
    newest: tuple[str | None, int | None] | None,
    image_path: str,
    better: str | None,
    sound: bool,
) -> Text:
    """`cuda` and `driver` are the image's; `newest` is another build's CUDA with the driver it needs, `better` an image
    that asks for less. `sound`: the image asks for the least, and no node is there yet to be looked at."""
    return Text(
        severity="note" if sound else None,
        when="asked" if sound else None,
        message=tr(
            "Nobody stated the NVIDIA driver of the {gpu} nodes; {an_image} was taken, which needs driver "
            "{driver} or newer.",
            gpu=gpu,
            an_image=_an_image(cuda, first=False),
            driver=driver,
        )
        + (
            tr(" The vendor documents {documented}, which may be out of date.", documented=documented)
            if documented
            else ""
        ),
        remedy=tr(
            "State the driver that nvidia-smi shows on such a node; from {driver} on the CUDA {cuda} image serves.",
            driver=newest[1],
            cuda=newest[0],
        )
        if newest
        else tr("State the driver that nvidia-smi shows on such a node."),
        allowed=tr("a driver version such as 580.65.06"),
        fix=((image_path, better),) if better else (),
    )


@error(
    meaning=tr("The CUDA inside the image needs a newer driver than the pool states."),
    example="pools: {gpu: {instanceType: PNV4.7XLARGE116, driver: 550.90.07}}\n"
    'models: {chat: {model: Qwen/Qwen3-8B, image: "docker.io/vllm/vllm-openai:v0.29.0"}}',
    fix=tr("Use the build that is named, or upgrade the driver of the nodes."),
    source="catalog/data/images.yaml (min_driver); vLLM PR 33992 (what it says then); gpustack issue 4678, vLLM issue "
    "33447",
)
def driver_too_old(
    *,
    cuda: str | None,
    floor: int | None,
    driver: int | None,
    instead: str | None,
    by_default: bool,
    image_path: str,
    bridge: str | None,
) -> Text:
    """`floor` is the driver that the image needs, `instead` an image that runs with the driver that there is;
    `by_default`: without an image in the stack file it is taken. `bridge` is the path of the variable by which the
    image uses its own libraries for older drivers; None: it has none for this one."""
    fix: Fix = ()
    if instead is not None:
        remedy = tr(
            "Use {instead}, or upgrade the driver of the nodes to branch {floor}.", instead=instead, floor=floor
        )
        fix = ((image_path, None if by_default else instead),)
    elif bridge is not None:
        remedy = tr(
            "Upgrade the driver of the nodes to branch {floor}, or set {bridge} to 1: the image then uses its own "
            "libraries.",
            floor=floor,
            bridge=bridge,
        )
        fix = ((bridge, "1"),)
    else:
        remedy = tr("Upgrade the driver of the nodes to branch {floor}.", floor=floor)
    return Text(
        message=tr(
            "{an_image} needs driver {floor} or newer; the pool states {driver}.",
            an_image=_an_image(cuda),
            floor=floor,
            driver=driver,
        ),
        remedy=remedy,
        given=str(driver),
        allowed=tr("{floor} or newer", floor=floor),
        fix=fix,
    )


@warning(
    meaning=tr(
        "The image's CUDA asks for a newer driver than the pool states, by a figure that nobody has "
        "verified; or the libraries for older drivers that the image holds may make up for it."
    ),
    example="pools: {gpu: {instanceType: PNV4.7XLARGE116, driver: 550.90.07}}\n"
    'models: {chat: {image: "docker.io/vllm/vllm-openai:v0.29.0", env: {VLLM_ENABLE_CUDA_COMPATIBILITY: "1"}}}',
    fix=tr("Use a newer driver branch where one can be had."),
    source='catalog/data/images.yaml (variants with verified false, compat_drivers); NVIDIA, "CUDA compatibility"; '
    "vLLM PR 33992",
)
def driver_may_be_too_old(*, cuda: str | None, floor: int | None, driver: int | None, bridged: bool) -> Text:
    """`bridged`: the image has libraries for this driver, and uses them."""
    return Text(
        message=tr(
            "{an_image} asks for driver {floor} or so; the pool states {driver}. ",
            an_image=_an_image(cuda),
            floor=floor,
            driver=driver,
        )
        + (
            tr("It brings libraries for older drivers of data-centre GPUs; nobody has tried them on such nodes.")
            if bridged
            else tr("Nobody has tried that pair.")
        ),
        remedy=tr("Use a driver of branch {floor} or newer where one can be had.", floor=floor),
        given=str(driver),
        allowed=tr("{floor} or newer", floor=floor),
    )


@error(
    meaning=tr(
        "The driver is of a branch that the image does not admit, though a newer one than the oldest of "
        "those: NVIDIA's container toolkit then does not start it."
    ),
    example="pools: {gpu: {instanceType: GN10Xp.2XLARGE40, kind: ordinary, driver: 530.30.02}}    # V100: vLLM v0.8.5",
    fix=tr("Install a driver of one of the branches that are named."),
    source="catalog/data/images.yaml (branches); vLLM issue 5635 (driver 530, cuda>=12.4: unsatisfied condition)",
)
def driver_branch_refused(
    *,
    cuda: str | None,
    driver: int | None,
    branches: Sequence[int],
    instead: str | None,
    image_path: str,
    verified: bool,
) -> Text:
    """`branches` are those that are admitted, with all newer ones than the last; `instead` is an image that admits the
    driver that there is."""
    allowed = tr("{branches}, or {last} and newer", branches=joined(map(str, branches[:-1])), last=branches[-1])
    return Text(
        message=tr(
            "{an_image} admits drivers of the branches {allowed}; the pool states {driver}.",
            an_image=_an_image(cuda),
            allowed=allowed,
            driver=driver,
        ),
        remedy=tr("Use {instead}, or install a driver of branch {allowed}.", instead=instead, allowed=allowed)
        if instead
        else tr("Install a driver of branch {allowed}.", allowed=allowed),
        given=str(driver),
        allowed=allowed,
        fix=((image_path, instead),) if instead else (),
        severity=None if verified else "warning",
    )


def _an_image(cuda: str | None, *, first: bool = True) -> str:
    """The image as a sentence names it, which it may be the `first` word of."""
    if cuda is None:
        return tr("An image with a CUDA of its own") if first else tr("an image with a CUDA of its own")
    return tr("An image with CUDA {cuda}", cuda=cuda) if first else tr("an image with CUDA {cuda}", cuda=cuda)
