"""What can be wrong with one server over several machines."""

from collections.abc import Sequence

from settings.diagnostics import Text, error, warning
from settings.translation import listed, tr


@error(
    meaning=tr("The engine serves from one machine only, and the requested GPUs are on several."),
    example="models: {chat: {model: 'deepseek-r1:671b', engine: ollama, gpus: 16}}",
    fix=tr("Use vllm or sglang."),
    source="Ollama has no distributed mode.",
)
def multi_node_not_for_engine(
    *, engine: str, able: Sequence[str], gpus: int, nodes: int, slots: int, gpus_path: str
) -> Text:
    return Text(
        message=tr(
            "{engine} serves from one machine only; {gpus} GPUs take {nodes} machines with {slots} each.",
            engine=engine,
            gpus=gpus,
            nodes=nodes,
            slots=slots,
        ),
        remedy=tr("Use {able}, fewer GPUs, or a larger machine.", able=listed(able, "or")),
        given=engine,
        allowed=", ".join(able),
        fix=((gpus_path, None),),
    )


@error(
    meaning=tr(
        "The image's release of vLLM does not know --nnodes, and has no other way over several machines "
        "that this program uses."
    ),
    example="models: {chat: {pipelineParallel: 2, gpus: 16, image: 'docker.io/vllm/vllm-openai:v0.11.0'}}",
    fix=tr("Use a release that knows it."),
    source="catalog/data/arguments (nnodes)",
)
def multi_node_not_in_image(*, engine: str, flag: str, own_image: bool, slots: int) -> Text:
    return Text(
        message=tr(
            "The image's release of {engine} cannot span machines by itself (--{flag}).", engine=engine, flag=flag
        ),
        remedy=tr("Leave image out, or use a later release.")
        if own_image
        else tr("Use GPUs that a later release runs on, or no more than {slots} of these.", slots=slots),
        fix=(("", None),),
    )


@warning(
    meaning=tr("The GPUs of a replica are spread evenly over its machines, which leaves some unused."),
    example="models: {chat: {gpus: 12}} on machines with 8 GPUs",
    fix=tr("Use a multiple of the machine's GPUs."),
    source="planner/engines/spread.py",
)
def gpus_left_idle(*, gpus: int, nodes: int, slots: int) -> Text:
    return Text(
        message=tr(
            "{gpus} GPUs are spread evenly over {nodes} machines, which leaves {idle} of {slots} GPUs of each unused.",
            gpus=gpus,
            nodes=nodes,
            idle=slots - gpus // nodes,
            slots=slots,
        ),
        remedy=tr("Use a multiple of {slots}.", slots=slots),
        given=str(gpus),
    )


@warning(
    meaning=tr("Tensor parallelism spans machines without RDMA between them."),
    example="models: {chat: {tensorParallel: 16}} on machines with 8 GPUs",
    fix=tr("Split layers inside a machine and stages over machines."),
    source="vLLM documentation, parallelism and scaling",
)
def layers_span_machines(*, tensor_parallel: int, inside: int, stages: int, stages_path: str) -> Text:
    """`inside` x `stages`: tensor and pipeline parallel sizes that keep layers within a machine."""
    return Text(
        message=tr(
            "Layers are split over {tensor_parallel} GPUs on more than one machine, which exchange data for "
            "every token over the VPC's network; that is many times slower than inside a machine.",
            tensor_parallel=tensor_parallel,
        ),
        remedy=tr("Set tensorParallel to {inside} and pipelineParallel to {stages}.", inside=inside, stages=stages),
        given=str(tensor_parallel),
        fix=(("", inside), (stages_path, stages)),
    )
