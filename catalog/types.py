"""Types of the catalogue's entries. Every entry names its source; unknown is `None`, never a guess.

Sizes are GiB (2**30 bytes) unless a name says otherwise; `verified: false` marks a fact on which a rule may only warn.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

EngineName = Literal["vllm", "sglang", "ollama"]
WeightFormat = Literal["bf16", "fp16", "fp32", "fp8", "int8", "awq", "gptq", "mxfp4", "nvfp4", "gguf"]


class Entry(BaseModel):
    """One fact sheet of the catalogue."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    source: str = Field(min_length=3)
    note: str | None = None
    verified: bool = True


class Gpu(Entry):
    """A GPU model. `usable_gib` is what a process sees after ECC and firmware, per GPU."""

    name: str
    compute_capability: float
    memory_gb: int
    usable_gib: float
    nvlink: bool | None = None
    bf16: bool
    fp8: Literal["full", "weight-only", "none"]
    awq: bool
    gptq: bool
    marlin: bool


class Machine(Entry):
    """A CVM machine type. `gpus` is a fraction for shared (GRID) types and 0 for CPU types.

    `zones` are zones or regions where it is known to be offered (coarse); empty: unknown. `native`: offered as a
    native node. `availability`: "open", or "invite" where Tencent Cloud must enable it for the account.
    """

    name: str
    family: str
    gpu: str | None = None
    gpus: float = 0
    vcpu: int
    memory_gib: int
    native: bool | None = None
    availability: Literal["open", "invite"] = "open"
    regions: tuple[str, ...] = ()
    disk_types: tuple[str, ...] = ()
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
    """Weight files of one format: size in GiB and the repository ids that hold them."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    gib: float
    huggingface: str | None = None
    modelscope: str | None = None
    ollama: str | None = None


class Architecture(BaseModel):
    """The figures of a model's config.json that decide memory. `kv_layers` counts the layers that keep a KV cache
    (all of them unless the model is a hybrid); `computable: false` marks attention whose cache we do not model."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    layers: int
    hidden_size: int | None = None
    heads: int
    kv_heads: int
    head_dim: int
    kv_lora_rank: int | None = None
    qk_rope_head_dim: int | None = None
    experts: int | None = None
    kv_layers: int | None = None
    max_positions: int
    computable: bool = True


class Model(Entry):
    """A model family member. `weights` maps a format to its files; `format` is that of `id` itself.

    `id` is the Hugging Face id; `min_vllm` / `min_sglang` the first release that knows the architecture.
    """

    id: str
    parameters_b: float | None = None
    active_b: float | None = None
    architecture_class: str
    architecture: Architecture
    dtype: Literal["bfloat16", "float16", "float32"] = "bfloat16"
    format: WeightFormat
    weights: dict[WeightFormat, Weights]
    reasoning_parser: str | None = None
    tool_parser: str | None = None
    license: str
    gated: bool = False
    min_vllm: str | None = None
    min_sglang: str | None = None
    aliases: tuple[str, ...] = ()


class ImageVariant(BaseModel):
    """A build of a tag: `suffix` is appended to the tag; `min_driver` is the driver branch that its CUDA needs."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    suffix: str = ""
    cuda: str | None = None
    min_driver: int | None = None
    min_compute: float | None = None
    verified: bool = True


class Image(Entry):
    """A pinned image. `flags`: version-dependent flags and variables that this tag knows; `size_gib` unpacked."""

    repository: str
    tag: str
    role: str
    engine: EngineName | None = None
    variants: tuple[ImageVariant, ...] = ()
    flags: tuple[str, ...] = ()
    size_gib: float | None = None
    user: int | None = None
    default: bool = False
    default_gpu_memory_utilization: float | None = None


class Mirror(Entry):
    """What a registry is pulled through on the mainland. `blocked`: known to be unreachable from there."""

    registry: str
    mirror: str | None = None
    blocked: bool | None = None


class Duration(Entry):
    """How long a step takes, in seconds; `estimate: true` where no source gives a figure."""

    name: str
    seconds: float
    estimate: bool = True


class StorageClassFacts(Entry):
    """Throughput of a store in MB/s (10**6 bytes) as one client sees it, and the capacity steps of its kind."""

    name: str
    read_mbps: float
    write_mbps: float
    min_gib: int | None = None
    step_gib: int | None = None


class Region(Entry):
    """A region and its zones. `mainland`: inside the mainland's network. No `zones`: unknown, a rule may only warn."""

    name: str
    mainland: bool
    zones: tuple[str, ...] = ()


class KubernetesVersion(Entry):
    """A Kubernetes version that TKE offers for new clusters."""

    version: str


class Addon(Entry):
    """A TKE add-on and the names of what it brings: `default` where a new cluster has it already."""

    name: str
    default: bool = False
    daemonset_cpu_millis: int = 0
    daemonset_memory_mib: int = 0
