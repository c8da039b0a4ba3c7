"""What can be wrong with the parallelism that is asked for."""

from collections.abc import Sequence

from settings.diagnostics import Fix, Text, error, warning
from settings.translation import joined, tr


@error(
    meaning=tr("The tensor-parallel size does not divide the model's attention heads (or KV heads)."),
    example="models: {chat: {model: Qwen/Qwen3-32B, tensorParallel: 3}}",
    fix=tr("Use the size that is suggested, or leave tensorParallel out."),
    source="vLLM issues 2652, 414, 4232, 5003; the guide's FAQ",
)
def heads_not_divisible(
    *, model: str, heads: int, kv_heads: int, asked: int, nearest: int, legal: Sequence[int]
) -> Text:
    return Text(
        message=tr(
            "{model} has {heads} attention heads and {kv_heads} KV heads, which {asked} GPUs cannot share evenly.",
            model=model,
            heads=heads,
            kv_heads=kv_heads,
            asked=asked,
        ),
        remedy=tr("Set tensorParallel to {nearest}, or leave it out.", nearest=nearest),
        given=str(asked),
        allowed=", ".join(map(str, legal)),
        fix=(("", nearest),),
    )


@warning(
    meaning=tr(
        "The tensor-parallel size divides the heads but is no power of two, and the other widths of the "
        "model are not known."
    ),
    example="models: {chat: {model: my-org/my-model, architecture: {heads: 24, kvHeads: 12, …}, tensorParallel: 6}}",
    fix=tr("Use a power of two."),
    source="Widths of the catalogue's models are multiples of powers of two; few divide by anything else.",
)
def tensor_parallel_unusual(*, model: str, asked: int, usual: Sequence[int]) -> Text:
    return Text(
        message=tr(
            "{asked} divides the heads of {model}, but its other layers are rarely cut for such a number.",
            asked=asked,
            model=model,
        ),
        remedy=tr("Use a power of two."),
        given=str(asked),
        allowed=", ".join(map(str, usual)),
    )


@error(
    meaning=tr(
        "A layer's width cannot be shared by so many GPUs: the parts are no whole number, or cut the "
        "blocks or groups of weights that share a scale. A warning where nobody read how large those "
        "groups are."
    ),
    example="models: {chat: {model: MiniMaxAI/MiniMax-M2, tensorParallel: 8}}",
    fix=tr("Set expertParallel, use the size that is suggested, or leave the split to the planner."),
    source="vLLM's recipe of MiniMax-M2 (pure TP8 is not supported); vllm issues 17569, 25292, 42384; QwenLM/Qwen3 "
    "issue 1485 (SGLang); planner/sizing/widths.py",
)
def width_not_divisible(
    *, model: str, format_: str, what: str, given: str, fix: Fix, legal: Sequence[int], doubtful: bool
) -> Text:
    """`what` is the width, the GPUs and the parts; `doubtful`: the group of this file was not read."""
    setting, value = fix[0][0].rpartition(".")[2], fix[0][1]
    change = (
        tr("Set {setting} to {value}", setting=setting, value=str(value).lower())
        if value is not None
        else tr("Leave {setting} out", setting=setting)
    )
    return Text(
        message=tr("{model} ({format}) cannot be cut so: {what}.", model=model, format=format_, what=what),
        remedy=tr("{change}; the planner chooses a split that works if all of them are left out.", change=change),
        given=given,
        allowed=tr("tensorParallel of {sizes}", sizes=joined(map(str, legal))),
        fix=fix,
        severity="warning" if doubtful else None,
    )


@error(
    meaning=tr("Expert parallelism: the experts of a layer cannot be divided among the GPUs."),
    example="models: {chat: {engine: sglang, model: MiniMaxAI/MiniMax-M2, tensorParallel: 24, expertParallel: true}}\n"
    "# on three machines with 8 GPUs",
    fix=tr("Leave expertParallel out, or use a number of GPUs that divides the experts."),
    source="planner/sizing/widths.py (each GPU holds experts whole; SGLang deals out as many to each)",
)
def experts_not_divisible(*, model: str, experts: int, gpus: int) -> Text:
    return Text(
        message=tr(
            "{model} has {experts} experts in a layer, which cannot be divided among {gpus} GPUs.",
            model=model,
            experts=experts,
            gpus=gpus,
        ),
        remedy=tr("Leave expertParallel out."),
        given="true",
        allowed=tr("a number of GPUs that divides {experts}", experts=experts),
        fix=(("", None),),
    )


@error(
    meaning=tr(
        "`expertParallel` or `dataParallel` is requested with a model that has no experts. A warning "
        "where nobody says whether it has."
    ),
    example="models: {chat: {model: Qwen/Qwen3-8B, expertParallel: true}}",
    fix=tr("Take it out; more replicas do for a dense model what data parallelism would."),
    source="vLLM documentation, expert parallel deployment and data parallel deployment",
)
def no_experts(*, model: str, setting: str, given: str, known: bool) -> Text:
    return Text(
        message=tr("{model} has no experts to divide among GPUs.", model=model)
        if known
        else tr(
            "Nothing says whether {model} has experts, so each data-parallel rank is counted with all weights.",
            model=model,
        ),
        remedy=tr("Take {setting} out.", setting=setting)
        + (tr(" For more requests at once raise replicas.") if setting == "dataParallel" else ""),
        given=given,
        fix=(("", None),),
        severity=None if known else "warning",
    )


@error(
    meaning=tr(
        "The data-parallel ranks of a replica would lie on several machines, which this program does not set up."
    ),
    example="models: {chat: {model: deepseek-ai/DeepSeek-R1, dataParallel: 16}} on machines with 8 GPUs",
    fix=tr("Keep the ranks on one machine; use tensorParallel and pipelineParallel over several, or more replicas."),
    source="vLLM documentation, data parallel deployment (each machine is started with its own "
    "--data-parallel-size-local, --data-parallel-start-rank and --data-parallel-address)",
)
def data_parallel_spans_machines(*, ranks: int, gpus: int, slots: int) -> Text:
    return Text(
        message=tr(
            "{ranks} data-parallel ranks on {gpus} GPUs take more than one machine with {slots}; each would "
            "have to be started as a server of its own.",
            ranks=ranks,
            gpus=gpus,
            slots=slots,
        ),
        remedy=tr("Leave dataParallel out: tensorParallel and pipelineParallel span machines, and so do replicas."),
        given=str(ranks),
        allowed=tr("up to {slots} GPUs", slots=slots),
        fix=(("", None),),
    )


@error(
    meaning=tr("`gpus` is not tensorParallel x pipelineParallel (x dataParallel)."),
    example="models: {chat: {model: Qwen/Qwen3-32B, gpus: 4, tensorParallel: 2, pipelineParallel: 1}}",
    fix=tr("Give two of the three, or none."),
    source="vLLM documentation, parallelism",
)
def parallelism_mismatch(*, gpus: int, tensor_parallel: int, pipeline_parallel: int, data_parallel: int) -> Text:
    product = f"tensorParallel {tensor_parallel} x pipelineParallel {pipeline_parallel}"
    product += f" x dataParallel {data_parallel}" if data_parallel > 1 else ""
    return Text(
        message=tr("{gpus} GPUs per replica are not {product}.", gpus=gpus, product=product),
        remedy=tr(
            "Set gpus to {gpus}, or leave it out.",
            gpus=tensor_parallel * pipeline_parallel * data_parallel,
        ),
        given=str(gpus),
        allowed="tensorParallel x pipelineParallel" + (" x dataParallel" if data_parallel > 1 else ""),
        fix=(("", None),),
    )


@error(
    meaning=tr("The engine cannot cut this kind of model into pipeline stages."),
    example="models: {chat: {model: google/gemma-3n-E4B-it, pipelineParallel: 2}}",
    fix=tr("Leave pipelineParallel (or gpus) out."),
    source="catalog/data/unstaged.yaml (vLLM's classes that are no SupportsPP)",
)
def no_stages(*, model: str, title: str, stages: int) -> Text:
    return Text(
        message=tr(
            "{title} cannot cut {model} into pipeline stages, and {stages} are requested.",
            title=title,
            model=model,
            stages=stages,
        ),
        remedy=tr("Leave it out: layers are then split over as many GPUs as the model needs."),
        given=str(stages),
        allowed="1",
        fix=(("", None),),
    )


@error(
    meaning=tr("There are more pipeline stages than layers."),
    example="models: {chat: {model: Qwen/Qwen2.5-0.5B-Instruct, pipelineParallel: 32}}",
    fix=tr("Leave pipelineParallel out."),
    source="Each stage holds at least one layer.",
)
def too_many_stages(*, model: str, layers: int, stages: int) -> Text:
    return Text(
        message=tr(
            "{model} has {layers} layers; they cannot be cut into {stages} stages.",
            model=model,
            layers=layers,
            stages=stages,
        ),
        remedy=tr("Leave pipelineParallel out."),
        given=str(stages),
        allowed=tr("1 to {layers}", layers=layers),
        fix=(("", None),),
    )


@error(
    meaning=tr(
        "A replica asks for more GPUs than the pool's machines can share evenly, one machine where the "
        "pool has one node."
    ),
    example="pools: {gpu: {instanceType: PNV4.7XLARGE116}}    # 1 x A10\n"
    "models: {chat: {model: Qwen/Qwen3-8B, tensorParallel: 4}}",
    fix=tr("Leave the setting out, use a larger machine, or give the pool as many nodes as a replica is to span."),
    source="A pod runs on one node; over several a LeaderWorkerSet gives each machine an equal share "
    "(planner/sizing/parallelism.py).",
    forceable=False,
)
def gpus_exceed_node(*, asked: int, slots: int, nodes: int, setting: str, nearest: int) -> Text:
    """`slots` GPUs on each of up to `nodes` machines."""
    return Text(
        message=tr(
            "{nodes} machines with {slots} GPUs each cannot evenly share a replica of {asked} GPUs.",
            nodes=nodes,
            slots=slots,
            asked=asked,
        )
        if nodes > 1
        else tr(
            "A replica of {asked} GPUs does not fit one machine of this pool, which has {slots}, and the pool has one.",
            asked=asked,
            slots=slots,
        ),
        remedy=tr(
            "Set {setting} to {nearest}, leave it out, use a machine with {asked} GPUs, or give the pool "
            "more nodes for a replica to span.",
            setting=setting,
            nearest=nearest,
            asked=asked,
        ),
        given=str(asked),
        allowed=tr("up to {slots}", slots=slots * nodes),
        fix=(("", None),),
    )
