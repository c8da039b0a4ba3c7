"""Models: their weights, what decides their memory, and what engines must be told for them."""

from typing import Any, Literal

from packaging.version import Version
from pydantic import Field, PositiveFloat, PositiveInt

from catalog.engines import EngineName, SourceName
from catalog.entry import Entry, Record

ModelKind = Literal["chat", "embedding", "reranker"]
WeightFormat = Literal["bf16", "fp16", "fp32", "fp8", "int8", "awq", "gptq", "mxfp4", "nvfp4", "bitsandbytes", "gguf"]


class Weights(Record):
    """Weight files of one format: size in GiB and the repository ids that hold them.

    `estimated`: nobody lists the file; its size is that of another build of the model by the bits of its numbers.
    `include` names the files that are meant where a repository holds several sizes, `exclude` those that hold the same
    weights once more. `verified: true` where the size was published: of the files, or as the number of parameters in
    the headers of the repository's safetensors files, each of the two bytes of a plain 16-bit format. `verified: false`
    where it was computed from the architecture.
    `group` and `intermediate_size` are those of `scales.yaml`; None: not known, or not padded.
    Computed sizes take 8 bits a weight for fp8, 4.16 for awq and gptq (groups of 128), 4.5 for nvfp4, and 16 for the
    embeddings, the output layer and encoders. Published sizes of Qwen3-8B-AWQ and DeepSeek-R1 agree within 0.2 %.
    """

    gib: PositiveFloat
    huggingface: str | None = None
    modelscope: str | None = None
    ollama: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    verified: bool = True
    estimated: bool = False
    group: PositiveInt | None = None
    group_verified: bool = True
    intermediate_size: PositiveInt | None = None

    def repository(self, source: SourceName) -> str | None:
        """The id under which a source holds the files; None: it has none known."""
        return getattr(self, source)

    @property
    def repositories(self) -> tuple[str, ...]:
        """The ids under which sources hold the files: Hugging Face's, ModelScope's, Ollama's, as far as known."""
        return tuple(each for each in (self.huggingface, self.modelscope, self.ollama) if each)


class Scales(Entry):
    """How many weights along a layer's width share a scale in the files of the `formats`, and the width of a dense
    layer where it was padded before quantising. `name` is the id of a repository; an asterisk stands for anything."""

    name: str
    formats: tuple[WeightFormat, ...]
    group: PositiveInt
    intermediate_size: PositiveInt | None = None


class Unstaged(Entry):
    """A class of models (`name`) that these engines cannot cut into pipeline stages."""

    name: str
    engines: tuple[EngineName, ...]


class LibraryTag(Record):
    """A tag of Ollama's library: GB (10**9 bytes) of its file, and the model that it holds."""

    gb: PositiveFloat
    model: str


class LibraryFamily(Entry):
    """Models of Ollama's library that share the first part of their ids; `tags` are the second parts. `latest`: the
    tag that an id without a tag, or with "latest", stood for when the source was written."""

    name: str
    tags: dict[str, LibraryTag] = Field(default={})
    latest: str | None = None


class ModelArchitecture(Record):
    """The figures of a model's config.json that decide memory.

    `kv_layers` counts the layers whose KV cache grows with the context (all of them unless the model is a hybrid);
    `sliding_layers` those that keep the last `sliding_window` tokens only. `computable: false` marks attention whose
    cache we do not model. `head_dim` is that of queries and keys, `v_head_dim` that of values where it differs.
    `kv_heads` and `head_dim` are those of the layers whose cache grows, `sliding_kv_heads` and `sliding_head_dim` those
    of the others where they differ. `encoder_gib`: GiB that the encoder of images takes beside its weights, at least,
    while the engine tries the largest image; 0 where nobody measured it.

    `attention` names kinds of attention in attention.yaml; multi-head latent attention is known by its `kv_lora_rank`.

    The widths (`intermediate_size` of a dense layer, `moe_intermediate_size` of one expert, `shared_intermediate_size`
    of all shared experts of a layer together, `dense_layers` the layers without experts) and `vocab_size` give the
    number of parameters; None: not read. `tied_embeddings`: the output layer is the table of the input. `mtp_layers`:
    layers for multi-token prediction that the repository holds besides, with embeddings of their own. `vision_heads`:
    attention heads of the encoder of images, where tensor parallelism cuts those too and few sizes divide them.
    """

    layers: PositiveInt
    hidden_size: int | None = None
    intermediate_size: PositiveInt | None = None
    vocab_size: PositiveInt | None = None
    tied_embeddings: bool = False
    heads: PositiveInt
    kv_heads: PositiveInt
    head_dim: PositiveInt
    v_head_dim: PositiveInt | None = None
    q_lora_rank: PositiveInt | None = None
    kv_lora_rank: int | None = None
    qk_rope_head_dim: int | None = None
    experts: int | None = None
    active_experts: PositiveInt | None = None
    moe_intermediate_size: PositiveInt | None = None
    shared_intermediate_size: int = 0
    dense_layers: int = 0
    mtp_layers: int = 0
    vision_heads: PositiveInt | None = None
    kv_layers: int | None = None
    sliding_layers: int = 0
    sliding_window: int | None = None
    sliding_kv_heads: PositiveInt | None = None
    sliding_head_dim: PositiveInt | None = None
    encoder_gib: float = 0.0
    max_positions: PositiveInt
    computable: bool = True
    attention: tuple[str, ...] = ()

    @property
    def table_numbers(self) -> int:
        """Numbers in the embeddings and the output layer; 0 where a figure is not known."""
        return (1 if self.tied_embeddings else 2) * (self.vocab_size or 0) * (self.hidden_size or 0)


class AttentionFloor(Record):
    """The compute capability below which an engine has no kernels for a kind of attention."""

    engine: EngineName
    min_compute: float
    verified: bool = True


class Attention(Entry):
    """A kind of attention that not every GPU runs; `what` names it in a sentence."""

    name: str
    what: str
    floors: tuple[AttentionFloor, ...]


class SharedArchitecture(Entry):
    """An architecture that several models have: base, instruct, dated and quantised ones.

    `models` holds what they share besides the `shape`, as a model's row would write it; a row that says otherwise wins,
    as does its `note`.
    """

    name: str
    shape: ModelArchitecture
    models: dict[str, Any] = Field(default={})


class ModelArgument(Entry):
    """What one engine's command line must hold for a model, `argument` its flag with its value.

    `why`: what is amiss without it. `since` is the first release that takes it, `until` the first that serves the model
    as well without it; None: none known. `tools`: it only shows the model the tools of a request, by a file that the
    engine's own images bring, so that it goes with a parser of calls or not at all.
    """

    name: str
    engine: EngineName
    argument: tuple[str, ...] = Field(min_length=1)
    why: str = Field(min_length=10)
    since: str | None = None
    until: str | None = None
    tools: bool = False


class CatalogModel(Entry):
    """A model family member. `weights` maps a format to its files; `format` is that of `id` itself.

    `id` is the Hugging Face id, `architecture_id` the name of its architecture in `architectures/`; `min_vllm` /
    `min_sglang` the first release that knows the architecture (where a row's source does not say, the first of vLLM's
    source distributions 0.3.0 to 0.30.0 whose registry of models has the class; there is none of 0.15).
    `last_vllm`: the last release that still serves the class (vLLM's model_executor/models/registry.py lists those that
    it has dropped).
    `kind`: what it was trained for; only "chat" answers at `/v1/chat/completions`.
    `arguments` are what engines must be told for it, which a row names (`data/model_arguments.yaml`).
    `tools_in_template` is false where the repository's own chat template does not show the model the tools of a
    request, so that its parser is of use with another template only.
    `float16` is false where vLLM refuses half precision (config/model.py: Gemma 2 and 3, GLM-4-0414).
    """

    id: str
    parameters_b: float | None = None
    active_b: float | None = None
    kind: ModelKind = "chat"
    architecture_class: str
    architecture_id: str
    architecture: ModelArchitecture
    attention: tuple[Attention, ...] = ()
    dtype: Literal["bfloat16", "float16", "float32"] = "bfloat16"
    format: WeightFormat
    weights: dict[WeightFormat, Weights]
    reasoning_parser: str | None = None
    tool_parser: str | None = None
    tools_in_template: bool = True
    license: str
    gated: bool = False
    min_vllm: str | None = None
    min_sglang: str | None = None
    last_vllm: str | None = None
    float16: bool = True
    arguments: tuple[ModelArgument, ...] = ()
    unstaged: tuple[EngineName, ...] = ()
    aliases: tuple[str, ...] = ()

    def min_release(self, engine: EngineName) -> str | None:
        """The first release of an engine that knows the architecture and all that it must be told; None: not known."""
        needed = [each.since for each in self.arguments if each.engine == engine and not each.tools]
        known = [release for release in (getattr(self, f"min_{engine}", None), *needed) if release]
        return max(known, key=Version, default=None)

    def last_release(self, engine: EngineName) -> str | None:
        """The last release of an engine that serves the architecture; None: none is known to have given it up."""
        return getattr(self, f"last_{engine}", None)
