"""The models that are served, in the stack file."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.types import Strict

from catalog.engines import EngineName, SourceName
from settings.names import (
    ArgumentText,
    CudaVersion,
    DottedVersion,
    ImageReference,
    ModelId,
    ObjectName,
    OneLine,
    PoolName,
    Revision,
    ServedName,
    TemplateText,
    Url,
    VariableName,
    VariableValue,
)
from settings.section import Section
from settings.translation import tr
from settings.tuning import KvOffload, Lora, Speculative
from settings.values import SHORTEST_CONTEXT, Count, Flag, Fraction, Number, Size, Tokens

Task = Literal["chat", "embed", "rerank"]


class Architecture(Section):
    """What the planner must know of a model that the catalogue does not have (see `tke-llm model add`)."""

    layers: Count = Field(description="Hidden layers (`num_hidden_layers`).")
    heads: Size = Field(description="Attention heads (`num_attention_heads`).")
    kv_heads: Size = Field(description="Key-value heads (`num_key_value_heads`).")
    head_dim: Size = Field(description="Size of one head (`head_dim`).")
    kv_lora_rank: Size | None = Field(default=None, description="MLA: `kv_lora_rank`.")
    qk_rope_head_dim: Size | None = Field(default=None, description="MLA: `qk_rope_head_dim`.")
    kv_layers: Annotated[int, Strict(), Field(ge=0, le=1000)] | None = Field(
        default=None, description="Layers whose cache grows with the context; absent: all but the sliding ones."
    )
    sliding_layers: Count | None = Field(
        default=None, description="Layers that keep the last `slidingWindow` tokens only."
    )
    sliding_window: Tokens | None = Field(default=None, description="Window of these layers (`sliding_window`).")
    sliding_kv_heads: Size | None = Field(
        default=None, description="Key-value heads of these layers, where they are not those of the rest."
    )
    sliding_head_dim: Size | None = Field(
        default=None, description="Size of one head of these layers, where it is not that of the rest."
    )
    v_head_dim: Size | None = Field(
        default=None, description="Size of one head's value (`v_head_dim`), where it is not a key's."
    )
    hidden_size: Size | None = Field(default=None, description="Width of the model (`hidden_size`).")
    intermediate_size: Tokens | None = Field(
        default=None, description="Inner width of a layer without experts (`intermediate_size`)."
    )
    experts: Size | None = Field(default=None, description="Routed experts of a layer (`num_experts`).")
    dense_layers: Count | None = Field(
        default=None, description="Layers without experts, of a model with experts (`first_k_dense_replace`)."
    )
    moe_intermediate_size: Tokens | None = Field(
        default=None, description="Inner width of one expert (`moe_intermediate_size`)."
    )
    vocab_size: Tokens | None = Field(default=None, description="Tokens of the vocabulary (`vocab_size`).")
    tied_embeddings: Flag = Field(
        default=False, description="The output layer is the table of the input (`tie_word_embeddings`)."
    )
    group_size: Size | None = Field(
        default=None, description="Weights that share a scale (`group_size`, `weight_block_size`)."
    )
    max_positions: Tokens = Field(description="Longest context (`max_position_embeddings`).")
    weights_gib: Annotated[Number, Field(gt=0, le=100_000)] = Field(description="Size of the weight files in GiB.")
    dtype: Literal["bfloat16", "float16", "float32"] = Field(
        default="bfloat16", description="`torch_dtype` of the weights."
    )
    format: Literal["bf16", "fp16", "fp32", "fp8", "awq", "gptq", "mxfp4", "int8", "nvfp4", "bitsandbytes", "gguf"] = (
        Field(default="bf16", description="How the weights are stored.")
    )
    float16: Flag = Field(
        default=True, description="Whether it runs in half precision; `false` where its numbers overflow (Gemma)."
    )
    min_vllm: DottedVersion | None = Field(
        default=None, description="First release of vLLM that knows the architecture; absent: nobody checks."
    )
    min_sglang: DottedVersion | None = Field(default=None, description="First release of SGLang that knows it.")

    @model_validator(mode="after")
    def _kept(self) -> Self:
        if (self.sliding_layers is None) != (self.sliding_window is None):
            raise ValueError(tr("slidingLayers and slidingWindow go together"), tr("Give both of them, or neither."))
        if (self.kv_layers or 0) + (self.sliding_layers or 0) > self.layers:
            rule = tr("kvLayers and slidingLayers are more than the {layers} layers that there are", layers=self.layers)
            raise ValueError(rule, tr("Lower one of them, or raise layers."))
        if self.sliding_layers is None and (self.sliding_kv_heads or self.sliding_head_dim):
            rule = tr("slidingKvHeads and slidingHeadDim say something of slidingLayers, which are none")
            raise ValueError(rule, tr("Give slidingLayers and slidingWindow as well, or take these out."))
        return self


class Download(Section):
    """How the model's files are fetched."""

    include: tuple[OneLine, ...] = Field(
        default=(), max_length=100, description="Only files that match these patterns."
    )
    exclude: tuple[OneLine, ...] = Field(default=(), max_length=100, description="No files that match these patterns.")
    workers: Annotated[int, Strict(), Field(ge=1, le=64)] = Field(default=8, description="Files fetched at a time.")
    retries: Annotated[int, Strict(), Field(ge=0, le=100)] = Field(
        default=6, description="How often a failed download is started again; it goes on where it stopped."
    )
    endpoint: Url | None = Field(default=None, description="Mirror of Hugging Face (`HF_ENDPOINT`).")


class Autoscaling(Section):
    """Replicas by load."""

    min: Annotated[int, Strict(), Field(ge=0, le=1000)] = Field(
        default=1,
        description="Fewest replicas; 0: none while nobody asks, with one API for all models and monitoring.",
    )
    idle_minutes: Annotated[int, Strict(), Field(ge=5, le=10_080)] = Field(
        default=30, description="Minutes without a request after which the last replica goes, where `min` is 0."
    )
    max: Count = Field(description="Most replicas.")
    waiting: Size = Field(default=5, description="Requests waiting per replica above which a replica is added.")
    scale_down: Flag = Field(
        default=False,
        description="Give a replica back when the others have room for all that runs; off by default, for released "
        "GPUs may be sold out.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(tr("min {min} is larger than max {max}", min=self.min, max=self.max))
        return self


class Model(Section):
    """One model that is served."""

    model: ModelId = Field(
        description="Model id, such as `deepseek-ai/DeepSeek-R1-Distill-Qwen-7B`; for Ollama `name:tag`."
    )
    pool: PoolName | None = Field(default=None, description="Pool it runs on; may be left out where there is only one.")
    engine: EngineName = Field(default="vllm", description="Serving engine.")
    task: Task | None = Field(
        default=None,
        description="What it is served for: `chat`, `embed` (`/v1/embeddings`) or `rerank` (`/v1/rerank`); absent: "
        "what the model was trained for.",
    )
    source: SourceName | None = Field(
        default=None, description="Where it is downloaded from; absent: ModelScope, or Ollama's registry for Ollama."
    )
    revision: Revision | None = Field(default=None, description="Branch, tag or commit to download.")
    replicas: Annotated[int, Strict(), Field(ge=1, le=1000)] = Field(default=1, description="Copies of the model.")
    image: ImageReference | None = Field(
        default=None, description="Engine image; absent: the catalogue's for this GPU and driver."
    )
    cuda: CudaVersion | None = Field(default=None, description="CUDA version inside an image of your own.")
    gpus: Count | None = Field(default=None, description="GPUs per replica; absent: the fewest that hold the model.")
    tensor_parallel: Count | None = Field(default=None, description="GPUs that each layer is split over.")
    pipeline_parallel: Count | None = Field(default=None, description="Stages that the layers are split into.")
    data_parallel: Count | None = Field(
        default=None,
        description="Data-parallel ranks inside one pod: each has attention and its KV cache to itself, all share the "
        "experts; for models with experts.",
    )
    expert_parallel: Flag | None = Field(
        default=None,
        description="Expert parallelism: each GPU holds whole experts of a layer instead of a part of each; absent: "
        "where they cannot be cut and tensorParallel is left to the planner.",
    )
    dtype: Literal["auto", "half", "float16", "bfloat16", "float32"] = Field(
        default="auto", description="Computation type; `auto` chooses what the GPU can do."
    )
    quantization: Literal["fp8", "awq", "gptq", "bitsandbytes"] | None = Field(
        default=None, description="Quantise at load (fp8, bitsandbytes), or state what the weights are."
    )
    max_model_len: Annotated[Tokens, Field(ge=SHORTEST_CONTEXT)] | None = Field(
        default=None, description="Context in tokens; absent: the longest that fits."
    )
    gpu_memory_utilization: Fraction | None = Field(
        default=None, description="Share of GPU memory that the engine may use; absent: the engine's own default."
    )
    kv_cache_dtype: (
        Literal["auto", "bfloat16", "float16", "fp8", "fp8_e4m3", "fp8_e5m2", "f16", "q8_0", "q4_0"] | None
    ) = Field(
        default=None,
        description="Type of the numbers in the KV cache, as the engine calls it; absent or `auto`: the computation's.",
    )
    max_num_seqs: Size | None = Field(
        default=None, description="Most requests that are answered at a time; absent: the engine decides."
    )
    max_num_batched_tokens: Tokens | None = Field(
        default=None,
        description="Most tokens of one step; longer prompts are read in such pieces; absent: the engine decides.",
    )
    prefix_caching: Flag | None = Field(
        default=None, description="Keep the cache of prompts that begin alike; absent: as the engine does by itself."
    )
    speculative: Speculative | None = Field(
        default=None,
        description="Speculative decoding: several tokens are proposed cheaply and verified by the model in one step.",
    )
    lora: Lora | None = Field(
        default=None, description="LoRA adapters that are served beside the model, each under a name of its own."
    )
    kv_offload: KvOffload | None = Field(
        default=None, description="Memory of the machine that keeps what the GPU's cache has no room for."
    )
    chat_template: TemplateText | None = Field(
        default=None,
        description="Chat template: a file in the model's folder, one of the image by its whole path, or its own text.",
    )
    served_name: ServedName | None = Field(default=None, description="Name in the API; absent: the model's key.")
    env: dict[VariableName, VariableValue] = Field(
        default={}, max_length=200, description="Further environment variables of the engine."
    )
    extra_args: tuple[ArgumentText, ...] = Field(
        default=(), max_length=200, description="Last resort: arguments appended to the engine's; they win."
    )
    architecture: Architecture | None = Field(
        default=None, description="Figures of a model that is not in the catalogue."
    )
    download: Download = Field(default=Download.model_construct(), description="How its files are fetched.")
    autoscaling: Autoscaling | None = Field(default=None, description="Replicas by load instead of a fixed number.")
    key_version: Count = Field(default=1, description="Raise it to have a new API key made in place of the old one.")
    priority_class: ObjectName | None = Field(
        default=None, description="PriorityClass of the pods; it must be in the cluster already."
    )

    def replica_range(self) -> tuple[int, int]:
        """Fewest and most replicas."""
        scaling = self.autoscaling
        return (scaling.min, scaling.max) if scaling else (self.replicas, self.replicas)
