"""What can be wrong with how a model fits into the memory of its GPUs, or of a node."""

from dataclasses import dataclass

from settings.diagnostics import Diagnostic, Text, error, warning
from settings.translation import tr


@dataclass(frozen=True)
class Shortage:
    """Memory that is missing on each GPU, in GiB: what the `weights` take, the `cache` of one sequence of `context`
    tokens and at least `working`, against the `limit` that the engine has of what is `usable` on each of `gpus`.
    `loading` is what the weights take all at once before they are quantised, 0 where they are not."""

    model: str
    format: str
    weights: float
    cache: float
    context: int
    working: float
    loading: float
    limit: float
    usable: float
    gpus: int
    gpu: str

    def __str__(self) -> str:
        where = f"{self.gpus} x {self.gpu}" if self.gpus > 1 else self.gpu
        if self.loading > self.usable:
            return tr(
                "This release reads all weights of {model} before it quantises them: {loading:.1f} GiB on each "
                "GPU, and there are {usable:.1f} GiB on {where}.",
                model=self.model,
                loading=self.loading,
                usable=self.usable,
                where=where,
            )
        computing = tr(", and at least {working:.1f} GiB to compute in,", working=self.working) if self.working else ""
        return tr(
            "{model} ({format}) needs {weights:.1f} GiB for weights and {cache:.1f} GiB for the cache of one "
            "sequence of {context} tokens{computing} on each GPU; the engine has {limit:.1f} of {usable:.1f} "
            "GiB on {where}.",
            model=self.model,
            format=self.format,
            weights=self.weights,
            cache=self.cache,
            context=self.context,
            computing=computing,
            limit=self.limit,
            usable=self.usable,
            where=where,
        )


@dataclass(frozen=True)
class NodeShortage:
    """Memory of a node without GPUs that is missing, in GiB."""

    model: str
    needed: float
    context: int
    pool: str
    limit: float

    def __str__(self) -> str:
        return tr(
            "{model} needs {needed:.1f} GiB of memory at {context} tokens; a node of pool {pool} has {limit:.1f} GiB.",
            model=self.model,
            needed=self.needed,
            context=self.context,
            pool=self.pool,
            limit=self.limit,
        )


@error(
    meaning=tr("Weights and the cache of one sequence exceed what the engine may use of the GPUs, so it cannot start."),
    example="pools: {gpu: {instanceType: GN7.2XLARGE32}}    # 1 x T4\n"
    "models: {chat: {model: deepseek-ai/DeepSeek-R1-Distill-Qwen-7B}}",
    fix=tr("Use more or larger GPUs, a smaller format, or a smaller model; the nearest that works is named."),
    source="planner/sizing/memory.py (KAITO's formulas; vLLM refuses to start with less)",
)
def model_too_large(*, shortage: Shortage | NodeShortage) -> Text:
    on_gpu = isinstance(shortage, Shortage)
    return Text(
        message=str(shortage),
        remedy=tr("Use more or larger GPUs, or a smaller format of the model.")
        if on_gpu
        else tr("Use a smaller model, or larger nodes."),
        given=shortage.model,
        allowed=tr("up to {limit:.1f} GiB on each GPU", limit=shortage.limit)
        if on_gpu
        else tr("up to {limit:.1f} GiB", limit=shortage.limit),
    )


@error(
    meaning=tr(
        "The weights fit, but not the cache of one sequence of `maxModelLen` tokens, so the engine refuses to start."
    ),
    example="models: {chat: {model: deepseek-ai/DeepSeek-R1-Distill-Qwen-7B, maxModelLen: 131072}}    # on one A10",
    fix=tr("Set maxModelLen to what fits, which is named."),
    source='planner/sizing/memory.py; the guide\'s FAQ ("max seq len is larger than the maximum number of tokens")',
)
def context_too_long(*, shortage: Shortage) -> Text:
    return Text(
        message=str(shortage),
        remedy=tr("Use more or larger GPUs, or a smaller format of the model."),
        given=str(shortage.context),
        allowed=tr("up to {limit:.1f} GiB on each GPU", limit=shortage.limit),
    )


@warning(
    meaning=tr("The model does not fit the GPUs, so Ollama keeps a part of it in RAM, which is many times slower."),
    example="pools: {gpu: {instanceType: GN7.2XLARGE32}}    # 1 x T4\n"
    'models: {chat: {engine: ollama, model: "deepseek-r1:32b"}}',
    fix=tr("Use more or larger GPUs, or a smaller model."),
    source="Ollama's scheduler (partial offload)",
)
def cpu_offload(*, shortage: Diagnostic, engine: str, gpu: str) -> Text:
    """`shortage`: what MODEL_TOO_LARGE or CONTEXT_TOO_LONG said."""
    return Text(
        message=tr(
            "{message} {engine} keeps what does not fit {gpu} in RAM, where it is many times slower.",
            message=shortage.message,
            engine=engine,
            gpu=gpu,
        ),
        remedy=shortage.remedy,
        given=shortage.given,
        allowed=shortage.allowed,
        fix=shortage.fix,
    )


@error(
    meaning=tr("The model fits neither the GPUs nor the RAM that goes with them, where Ollama would keep the rest."),
    example="pools: {gpu: {instanceType: GN7.2XLARGE32}}    # 1 x T4, 32 GiB\n"
    'models: {chat: {engine: ollama, model: "deepseek-r1:671b"}}',
    fix=tr("Use a machine whose GPUs hold the model, or a smaller model."),
    source='Ollama: "model requires more system memory than is available" (issues 14719, 5958)',
)
def ram_too_small(*, shortage: Diagnostic, engine: str, spilled: float, ram: float) -> Text:
    """`shortage`: what MODEL_TOO_LARGE or CONTEXT_TOO_LONG said; `spilled`: GiB that the GPUs do not hold at the least,
    `ram`: GiB of the node's memory that go with them."""
    return Text(
        message=tr(
            "{message} {engine} would keep the other {spilled:.1f} GiB in RAM, and {ram:.1f} GiB of the "
            "node's go with these GPUs.",
            message=shortage.message,
            engine=engine,
            spilled=spilled,
            ram=ram,
        ),
        remedy=shortage.remedy,
        given=shortage.given,
        allowed=shortage.allowed,
        fix=shortage.fix,
    )


@warning(
    meaning=tr(
        "vLLM's old engine, on a GPU older than Ampere, gets a context whose prompts may take more "
        "memory than there is, for it reads a prompt whole there."
    ),
    example="models: {chat: {maxModelLen: 65536}}, on a V100",
    fix=tr("Set maxModelLen to 16384 or less."),
    source="vLLM issues 6723, 8024, 11352 (chunked prefill aborts); vllm 0.8.5, vllm/engine/arg_utils.py",
)
def context_long_for_v0(*, asked: int, longest: int) -> Text:
    return Text(
        message=tr(
            "On this GPU vLLM's old engine reads a whole prompt at once, and {asked} tokens of it may take "
            "more memory than there is: reading it in chunks aborts the server on GPUs older than Ampere.",
            asked=asked,
        ),
        remedy=tr("Set maxModelLen to {longest} or less.", longest=longest),
        given=str(asked),
        allowed=tr("up to {longest}", longest=longest),
        fix=(("", longest),),
    )


@error(
    meaning=tr("`maxModelLen` is longer than the model was made for."),
    example="models: {chat: {model: Qwen/Qwen2.5-7B-Instruct, maxModelLen: 100000}}",
    fix=tr(
        "Set it to the model's own limit or less; or give the engine --hf-overrides with a rope scaling in extraArgs."
    ),
    source="max_position_embeddings of the model's config.json; vLLM refuses more",
)
def context_beyond_model(*, model: str, asked: int, longest: int, settable: bool, doubtful: bool) -> Text:
    """`longest` is the model's own context, `settable` where maxModelLen may be so short; `doubtful`: it may be gone
    beyond, or nobody has verified it."""
    return Text(
        message=tr(
            "{model} was made for at most {longest} tokens; the engine refuses more.", model=model, longest=longest
        ),
        remedy=tr("Set maxModelLen to {longest} or less.", longest=longest)
        if settable
        else tr("Leave maxModelLen out."),
        given=str(asked),
        allowed=tr("up to {longest}", longest=longest),
        fix=(("", longest if settable else None),),
        severity="warning" if doubtful else None,
    )


@warning(
    meaning=tr("The engine can start by the strict rule, but the published estimators would keep more memory free."),
    example="models: {chat: {model: deepseek-ai/DeepSeek-R1}}    # fp8 on 8 x H20 96 GB: run in practice, refused "
    "by KAITO",
    fix=tr("Shorten maxModelLen, or use more GPUs, if the engine runs out of memory as it starts."),
    source="KAITO's estimator and PR 2139 (activations, CUDA graphs, margins)",
)
def memory_tight(*, taken: float, limit: float, gpu: str, context: int, shorter: int | None) -> Text:
    """`taken` GiB of the `limit` that the engine has on each GPU; `shorter`: a context that leaves enough."""
    return Text(
        message=tr(
            "Weights and cache take {taken:.1f} of the {limit:.1f} GiB that the engine has on each {gpu}; "
            "the published estimators would keep more for activations and CUDA graphs, so it may fail to "
            "start.",
            taken=taken,
            limit=limit,
            gpu=gpu,
        ),
        remedy=tr("If it fails, use more GPUs or a smaller format.")
        if shorter is None
        else tr("Set maxModelLen to {shorter}.", shorter=shorter),
        given=str(context),
        allowed="" if shorter is None else tr("up to {shorter} by those estimators", shorter=shorter),
        fix=() if shorter is None else (("", shorter),),
    )


@warning(
    meaning=tr("The model keeps its cache in a way that is not modelled, so only its weights were checked."),
    example="models: {chat: {model: google/gemma-4-E2B-it}}",
    fix=tr("Set maxModelLen to what the model's card recommends."),
    source="catalog/data/models (computable)",
)
def kv_not_computed(*, model: str) -> Text:
    return Text(
        message=tr(
            "The attention of {model} keeps its cache in a way that is not modelled, so only its weights were checked.",
            model=model,
        ),
        remedy=tr("Set maxModelLen to what the model's card recommends for this GPU."),
        given=model,
    )


@warning(
    meaning=tr("`gpuMemoryUtilization` is nearly all GPU memory, though the CUDA context lies outside it."),
    example="models: {chat: {model: Qwen/Qwen3-8B, gpuMemoryUtilization: 0.99}}",
    fix=tr("Stay at 0.95 or below."),
    source="vLLM refuses to start where less than its share is free; KAITO uses 0.82 to 0.84",
)
def utilization_high(*, share: float, most: float) -> Text:
    return Text(
        message=tr(
            "The engine may take {share:.0%} of each GPU, but the CUDA context and the communication buffers "
            "lie outside that share.",
            share=share,
        ),
        remedy=tr("Set gpuMemoryUtilization to {most} or less.", most=most),
        given=str(share),
        allowed=tr("up to {most}", most=most),
        fix=(("", None),),
    )
