"""Types of the catalogue's entries. Every entry names its source; unknown is `None`, never a guess.

Sizes are GiB (2**30 bytes) unless a name says otherwise; `verified: false` marks a fact on which a rule may only warn.
"""

from typing import Any, Literal, Self

from packaging.version import Version
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

from catalog.engines import EngineName, SourceName

DiskType = Literal["CLOUD_PREMIUM", "CLOUD_SSD", "CLOUD_BSSD", "CLOUD_HSSD"]
ModelKind = Literal["chat", "embedding", "reranker"]
WeightFormat = Literal["bf16", "fp16", "fp32", "fp8", "int8", "awq", "gptq", "mxfp4", "nvfp4", "bitsandbytes", "gguf"]


class Entry(BaseModel):
    """One fact sheet of the catalogue."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    source: str = Field(min_length=3)
    note: str | None = None
    verified: bool = True


class Gpu(Entry):
    """A GPU model. `usable_gib` is what a process sees after ECC and firmware, per GPU; `mig`: it can be cut into
    instances (Multi-Instance GPU). `bandwidth_gbs`: GB/s (10**9 bytes) of its memory at most; None: unknown.

    `fp8`, `awq`, `gptq`, `mxfp4`: what it reads of weights; `marlin`: by fast kernels, which read nvfp4 too.
    """

    name: str
    compute_capability: float
    memory_gb: int
    usable_gib: PositiveFloat
    nvlink: bool | None = None
    bf16: bool
    fp8: Literal["full", "weight-only", "none"]
    awq: bool
    gptq: bool
    marlin: bool
    mxfp4: bool
    mig: bool = False
    bandwidth_gbs: PositiveFloat | None = None


class Machine(Entry):
    """A CVM machine type. `gpus` is a fraction for shared (GRID) types and 0 for CPU types.

    `regions` are those where it is known to be offered (coarse); empty: unknown. `native`: offered as a native node.
    `disk_types` are those of the system disk; empty: unknown. `availability`: "open", or "invite" where Tencent Cloud
    must enable it for the account.
    """

    name: str
    family: str
    gpu: str | None = None
    gpus: float = 0
    vcpu: PositiveInt
    memory_gib: PositiveInt
    native: bool | None = None
    availability: Literal["open", "invite"] = "open"
    regions: tuple[str, ...] = ()
    disk_types: tuple[DiskType, ...] = ()
    rdma_gbps: int | None = None


class SuperSpec(BaseModel):
    """One row of the super nodes' specification table: `gpus` with any of `vcpu` and up to `memory_gib`."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    gpus: float
    vcpu: tuple[int, ...]
    memory_gib: tuple[int, int]


class SuperGpu(Entry):
    """A `gpu-type` annotation value of super nodes, with the specs that a pod's requests are rounded up to.

    `driver` is the documented driver or its CUDA class, None where unknown.
    """

    name: str
    gpu: str
    driver: str | None = None
    cuda: str | None = None
    specs: tuple[SuperSpec, ...]


class Weights(BaseModel):
    """Weight files of one format: size in GiB and the repository ids that hold them.

    `estimated`: nobody lists the file; its size is that of another build of the model by the bits of its numbers.
    `include` names the files that are meant where a repository holds several sizes, `exclude` those that hold the same
    weights once more. `verified: true` where the size was published: of the files, or as the number of parameters in
    the headers of the repository's safetensors files, each of the two bytes of a plain 16-bit format. `verified: false`
    where it was computed from the architecture.
    `group` and `intermediate_size` are those of `scales.yaml`; None: not known, or not padded.
    Computed are fp8 with 8 bits a weight, awq and gptq with 4.16 (groups of 128), nvfp4 with 4.5; embeddings, output
    layer and encoders stay in 16 bits. Published sizes of Qwen3-8B-AWQ and DeepSeek-R1 agree within 0.2 %.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

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


class LibraryTag(BaseModel):
    """A tag of Ollama's library: GB (10**9 bytes) of its file, and the model that it holds."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    gb: PositiveFloat
    model: str


class LibraryFamily(Entry):
    """Models of Ollama's library that share the first part of their ids; `tags` are the second parts. `latest`: the
    tag that no tag, and "latest", stood for when the source was written."""

    name: str
    tags: dict[str, LibraryTag] = {}
    latest: str | None = None


class ModelArchitecture(BaseModel):
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

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

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


class AttentionFloor(BaseModel):
    """The compute capability below which an engine has no kernels for a kind of attention."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

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
    models: dict[str, Any] = {}


class ReleaseTrait(Entry):
    """What an engine's releases have from `since` on and before `until` and their parsers do not tell; None: all have
    it from the first, or to this day."""

    name: str
    engine: EngineName
    since: str | None = None
    until: str | None = None

    def held_by(self, release: Version) -> bool:
        """Whether a release has it."""
        after = self.since is None or release >= Version(self.since)
        return after and (self.until is None or release < Version(self.until))


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
    `min_sglang` the first release that knows the architecture (where a row's source does not say: whose registry of
    models has the class, in vLLM's source distributions 0.3.0 to 0.30.0; there is none of 0.15).
    `last_vllm`: the last release that still serves the class (vLLM's model_executor/models/registry.py lists those that
    it has given up).
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


class ImageVariant(BaseModel):
    """A build of a tag: `suffix` is appended to the tag; `min_driver` is the driver branch that its CUDA needs.

    `older_gpus` holds (the highest compute capability, the branch that GPUs up to it need). `compat_drivers` are older
    branches that data-centre GPUs run it on by the forward-compatibility libraries that the image holds; `compat_env`
    the variable that makes it use them, None where it does so by itself. `branches` are those that its
    NVIDIA_REQUIRE_CUDA names, without which NVIDIA's container toolkit does not start it, the last that of its CUDA,
    from which on every newer one is admitted; empty: not known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    suffix: str = ""
    cuda: str | None = None
    min_driver: int | None = None
    older_gpus: tuple[float, int] | None = None
    compat_drivers: tuple[int, ...] = ()
    compat_env: str | None = None
    branches: tuple[int, ...] = ()
    min_compute: float | None = None
    verified: bool = True

    def admits(self, branch: int) -> bool:
        """Whether the toolkit starts it under a driver of this branch, as far as that is known."""
        return not self.branches or branch in self.branches or branch > self.branches[-1]

    def driver_for(self, compute_capability: float) -> int | None:
        """The driver branch that it needs on such a GPU; None: not known."""
        if self.older_gpus is not None and compute_capability <= self.older_gpus[0]:
            return self.older_gpus[1]
        return self.min_driver


class KnownLine(BaseModel):
    """Tags that were published and are built alike: as the pinned tag `like`, or in these `builds`."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    tags: tuple[str, ...]
    like: str | None = None
    builds: tuple[ImageVariant, ...] = ()

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.like is None) == (not self.builds):
            raise ValueError("give either like or builds")
        return self


class KnownTags(Entry):
    """Tags of a repository that exist beside the pinned ones. Nobody recorded what arguments they take."""

    repository: str
    lines: tuple[KnownLine, ...]


class Image(Entry):
    """A pinned image. `flags`: what came or went with the tag beyond its arguments and `ReleaseTrait`s; `size_gib`
    unpacked; `ready`: the path by which a server says that it can answer."""

    repository: str
    tag: str
    role: str
    engine: EngineName | None = None
    variants: tuple[ImageVariant, ...] = ()
    flags: tuple[str, ...] = ()
    size_gib: float | None = None
    user: int | None = None
    default: bool = False
    ready: str | None = None
    default_gpu_memory_utilization: float | None = None

    @property
    def name(self) -> str:
        return f"{self.repository}:{self.tag}"


class Mirror(Entry):
    """What a registry is pulled through on the mainland. `blocked`: known to be unreachable from there.

    `transparent`: TKE's nodes are configured to use the mirror by themselves, so that image names stay as they are.
    """

    registry: str
    mirror: str | None = None
    blocked: bool | None = None
    transparent: bool = False


class Duration(Entry):
    """How long a step takes, in seconds; `estimate: true` where no source gives a figure."""

    name: str
    seconds: PositiveFloat
    estimate: bool = True


class StorageClassFacts(Entry):
    """Throughput of a store in MB/s (10**6 bytes) as one client sees it, and the capacity steps of its kind.

    `elastic`: it grows as it is filled, so that its free space says nothing of what fits; None: unknown.
    `read_mbps` and `write_mbps` hold up to `min_gib` (an empty store where there is none); each GiB above adds
    `mbps_per_gib`, up to `max_mbps`. What counts is what is stored (CFS), or the capacity (CFS Turbo).
    """

    name: str
    read_mbps: PositiveFloat
    write_mbps: PositiveFloat
    mbps_per_gib: float = 0
    max_mbps: float | None = None
    min_gib: int | None = None
    step_gib: int | None = None
    elastic: bool | None = None

    def reads(self, gib: float) -> float:
        """MB/s of reading from a store of this size in GiB."""
        return self._scaled(self.read_mbps, gib)

    def writes(self, gib: float) -> float:
        """MB/s of writing to a store of this size in GiB."""
        return self._scaled(self.write_mbps, gib)

    def _scaled(self, floor: float, gib: float) -> float:
        grown = floor + self.mbps_per_gib * max(0.0, gib - (self.min_gib or 0))
        return grown if self.max_mbps is None else min(grown, self.max_mbps)


class Region(Entry):
    """A region and its zones. `mainland`: inside the mainland's network. No `zones`: unknown, a rule may only warn."""

    name: str
    mainland: bool
    zones: tuple[str, ...] = ()


class KubernetesVersion(Entry):
    """A Kubernetes version that TKE offers for new clusters."""

    version: str


class Addon(Entry):
    """A TKE add-on and the names of what it brings: `default` where a new cluster has it already. `tolerates_taints`:
    whether the pods of its DaemonSet run on nodes with any taint; None where that is not known."""

    name: str
    default: bool = False
    daemonset_cpu_millis: int = 0
    daemonset_memory_mib: int = 0
    tolerates_taints: bool | None = None


class ReservedTier(BaseModel):
    """One step of a progressive scale: `percent` of the capacity that lies above `above`."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    above: float
    percent: float


class ReservedResources(Entry):
    """What TKE holds back of every node for itself: CPU cores, or GiB of memory.

    `base` is held back of any node, each tier adds its share of what lies between it and the next one, and
    `eviction` is what the kubelet keeps free.
    """

    name: str
    base: float = 0
    tiers: tuple[ReservedTier, ...]
    eviction: float = 0

    def held_back(self, capacity: float) -> float:
        """What is held back of a node of this capacity, in the unit of the capacity."""
        ends = [tier.above for tier in self.tiers[1:]] + [capacity]
        shares = (
            tier.percent / 100 * max(0.0, min(end, capacity) - tier.above)
            for tier, end in zip(self.tiers, ends, strict=True)
        )
        return self.base + sum(shares) + self.eviction


class PageVariable(Entry):
    """A variable of Open WebUI that a stack file does not set by the way: the program sets it (`decided_by` says by
    what), or a value other than those that match `safe` undoes something (`why`), whichever `setting` there is."""

    name: str
    decided_by: str | None = None
    why: str | None = None
    setting: str | None = None
    safe: str | None = None

    @model_validator(mode="after")
    def _one_reason(self) -> Self:
        if (self.decided_by is None) == (self.why is None):
            raise ValueError("give either decided_by or why")
        return self


class ChartImage(BaseModel):
    """An image that a chart runs. The other fields are the dotted names of values: `reference` takes the whole image;
    where the chart knows parts, `repository` takes the registry too unless `registry` is given.

    `mainland` is where nodes on the mainland pull it when its own registry is blocked there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    image: str
    mainland: str | None = None
    reference: str | None = None
    registry: str | None = None
    repository: str | None = None
    tag: str | None = None


class ChartPart(BaseModel):
    """Pods of a chart that asks for nothing by itself, or for too little: the dotted names of the values that place
    them on the CPU nodes (`node_selector`, None: they belong elsewhere) and that take their `resources`, and what one
    of them then asks for."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    node_selector: str | None = None
    resources: str
    cpu_millis: PositiveInt
    memory_mib: PositiveInt


class Chart(Entry):
    """Software that the stack may install into a cluster, one version of it.

    `installer` "market" is TKE's app market, which installs its newest `version`. `kubernetes` are the oldest and the
    newest minor that it is tested on. `node_selector` is the dotted name of the value that places its pods, `parts` has
    them where there are several; `values` are set whatever the stack is. `limiter` is the image of its rate limit
    service, which it runs where limits are counted, None where that is not known. `awaited`: `pulumi up` waits until
    its pods are ready.
    `rehearsed` is the release that was run by this project against a real API server for this one, where one was;
    `rehearsed_note` says why it is another.
    """

    name: str
    software: Literal["envoy-gateway", "keda", "lws", "kube-prometheus-stack", "dcgm-exporter"]
    installer: Literal["market", "helm"]
    chart: str
    repository: str | None = None
    version: str | None = None
    market_namespace: str | None = None
    release: str
    namespace: str
    node_selector: str | None = None
    kubernetes: tuple[str, str] | None = None
    images: tuple[ChartImage, ...] = ()
    limiter: ChartImage | None = None
    parts: tuple[ChartPart, ...] = ()
    values: dict[str, bool | str | list[str]] = {}
    awaited: bool = True
    rehearsed: str | None = None
    rehearsed_note: str | None = None

    @property
    def number(self) -> str | None:
        """The version as releases are counted, without the v of a tag."""
        return self.version and self.version.removeprefix("v")

    @model_validator(mode="after")
    def _another_release_has_a_reason(self) -> Self:
        if (self.rehearsed in {None, self.number}) != (self.rehearsed_note is None):
            raise ValueError("give rehearsed_note where rehearsed is another release than version, and only there")
        return self
