"""The stack file as frozen, typed values.

One class per section of the stack file (``tke-llm:<section>``). Defaults live here and nowhere else: the JSON
Schema, docs/configuration.md and the sample stacks are generated from, or checked against, these classes.

Everything here is plain data. Secrets never enter: `Settings.secrets` holds only the names of those that are set.
"""

from ipaddress import IPv4Network
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic.types import Strict

from catalog.engines import EngineName, SourceName
from settings.access import Expose, NetworkPolicy, Oidc
from settings.api import Api, Client
from settings.monitoring import Monitoring
from settings.names import (
    ArgumentText,
    CcnId,
    CloudId,
    ClusterId,
    CudaVersion,
    DiagnosticCode,
    DottedVersion,
    Email,
    Hardware,
    HostAddress,
    ImageReference,
    KeyId,
    KubernetesRelease,
    MirrorAddress,
    ModelId,
    ModelName,
    Namespace,
    ObjectName,
    OneLine,
    PoolName,
    Quantity,
    Registry,
    Revision,
    ServedName,
    SubnetId,
    TagValue,
    TemplateText,
    Url,
    VariableName,
    VariableValue,
    VpcId,
    Word,
    Zone,
)
from settings.pools import Pool
from settings.section import Section
from settings.translation import tr
from settings.tuning import KvOffload, Lora, Speculative
from settings.values import (
    SHORTEST_CONTEXT,
    Cidr,
    Count,
    Flag,
    Fraction,
    Number,
    Price,
    Size,
    Tokens,
    dns_name,
    switch,
)
from settings.warm_start import WarmStart

Task = Literal["chat", "embed", "rerank"]


class Nat(Section):
    """Internet access of the VPC."""

    enabled: Flag = Field(default=True, description="Make a NAT gateway, so that nodes and pods reach the Internet.")
    bandwidth: Literal[20, 50, 100, 200, 500, 1000, 2000, 5000] = Field(
        default=100, description="Bandwidth of the NAT gateway and its EIP, in Mbps; downloads run at this speed."
    )


class Network(Section):
    """VPC, subnets and Internet access; or an existing VPC."""

    zones: tuple[Zone, ...] = Field(
        default=(), max_length=6, description="Availability zones, the preferred one first. One subnet is made in each."
    )
    cidr: Cidr = Field(default=IPv4Network("10.0.0.0/16"), description="Address range of the VPC that is made.")
    vpc_id: VpcId | None = Field(default=None, description="An existing VPC to use instead of making one.")
    subnet_ids: tuple[SubnetId, ...] = Field(
        default=(), max_length=6, description="Existing subnets in that VPC, in the order of `zones`."
    )
    pod_subnet_ids: tuple[SubnetId, ...] = Field(
        default=(),
        max_length=6,
        description="Existing subnets in that VPC for pods alone (`vpc-cni`), in the order of `zones`.",
    )
    share_subnets: Flag = Field(
        default=False,
        description="Let pods take addresses of the nodes' subnets as well; a cluster that was made so needs it.",
    )
    nat: Annotated[Nat, BeforeValidator(switch)] = Field(
        default=Nat.model_construct(),
        description="`true`, `false`, or `{bandwidth}`: a NAT gateway for downloads and images.",
    )


class Endpoint(Section):
    """How the Kubernetes API server is reached."""

    access: Literal["intranet", "public"] = Field(
        default="intranet",
        description="`intranet`: from inside the VPC only; `public`: from the addresses in `allow`.",
    )
    allow: tuple[Cidr, ...] = Field(
        default=(), max_length=1000, description="Address ranges that may reach a public API server."
    )


class SystemPool(Section):
    """The CPU nodes that everything not on a GPU runs on."""

    instance_type: Hardware = Field(default="SA5.LARGE8", description="CVM machine type of the CPU nodes.")
    nodes: Annotated[int, Strict(), Field(ge=1, le=50)] = Field(default=2, description="Number of CPU nodes.")
    disk: Annotated[int, Strict(), Field(ge=50, le=2048)] = Field(
        default=100, description="System disk of each CPU node in GiB; engine images are unpacked here for downloads."
    )
    key_id: KeyId | None = Field(
        default=None, description="SSH key pair (`skey-…`) for the nodes; without it a random password is set."
    )
    public_bandwidth: Annotated[int, Strict(), Field(ge=0, le=2000)] | None = Field(
        default=None, description="Public bandwidth of each CPU node in Mbps; absent: the pools', without NAT."
    )


class ExistingCluster(Section):
    """A cluster that this stack does not make."""

    id: ClusterId | None = Field(default=None, description="Id of a TKE cluster (`cls-…`).")
    kubeconfig_path: OneLine | None = Field(
        default=None, description="Path of a kubeconfig file; the secret `tke-llm:kubeconfig` serves instead."
    )
    context: OneLine | None = Field(default=None, description="Context within the kubeconfig.")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.id is not None and (self.kubeconfig_path is not None or self.context is not None):
            raise ValueError(
                tr("`id` and `kubeconfigPath` (with `context`) exclude each other"), tr("Take out one or the other.")
            )
        return self


class Cluster(Section):
    """The managed TKE cluster, or an existing one."""

    version: KubernetesRelease = Field(default="1.32.2", description="Kubernetes version.")
    level: Literal["L5", "L20", "L50", "L100", "L200", "L500", "L1000", "L3000", "L5000"] = Field(
        default="L5", description="Size class of the managed control plane (the number of nodes it serves)."
    )
    network_mode: Literal["vpc-cni", "gr"] = Field(
        default="vpc-cni", description="Pod network: `vpc-cni` gives pods VPC addresses, `gr` a range of their own."
    )
    service_cidr: Cidr = Field(default=IPv4Network("172.16.0.0/20"), description="Address range of Services (vpc-cni).")
    pod_cidr: Cidr = Field(default=IPv4Network("172.20.0.0/16"), description="Address range of pods and Services (gr).")
    endpoint: Endpoint | None = Field(
        default=None, description="How the API server is reached; absent: from inside the VPC, with a warning."
    )
    system_pool: SystemPool = Field(default=SystemPool.model_construct(), description="The CPU nodes.")
    service_roles: Literal["assume", "create"] = Field(
        default="assume",
        description="`create` makes the account's missing TKE service roles; a stack never deletes them.",
    )
    deletion_protection: Flag = Field(default=False, description="Refuse deletion of the cluster in the cloud.")
    existing: ExistingCluster | None = Field(default=None, description="Use this cluster instead of making one.")


class Storage(Section):
    """The shared store that models are downloaded to."""

    kind: Literal["cfs", "cfs-turbo", "class"] = Field(
        default="cfs", description="`cfs`, `cfs-turbo`, or `class` for a StorageClass that exists already."
    )
    performance: Literal["sd", "hp"] = Field(
        default="hp", description="CFS type: standard (`sd`) or high performance (`hp`)."
    )
    file_system_id: CloudId | None = Field(default=None, description="An existing CFS or CFS Turbo file system.")
    mount_host: HostAddress | None = Field(default=None, description="Mount address of that existing file system.")
    mount_path: Word | None = Field(
        default=None, description="Folder (CFS) or root path (CFS Turbo) on that file system."
    )
    capacity: Annotated[int, Strict(), Field(ge=1, le=1_000_000)] | None = Field(
        default=None, description="Capacity in GiB (CFS Turbo); the request of the PVC otherwise."
    )
    ccn_id: CcnId | None = Field(
        default=None, description="Cloud Connect Network that a CFS Turbo file system is mounted through."
    )
    turbo_cidr: Cidr | None = Field(default=None, description="Address range of the CFS Turbo mount target in the CCN.")
    class_name: ObjectName | None = Field(default=None, description="Name of the existing StorageClass (kind `class`).")
    access_mode: Literal["ReadWriteMany", "ReadWriteOnce"] | None = Field(
        default=None, description="How that class is mounted; absent: by many nodes, a cluster's default class by one."
    )
    webui_class_name: ObjectName | None = Field(
        default=None, description="StorageClass of the WebUI's volume; absent: a CBS class is made."
    )
    webui_capacity: Annotated[int, Strict(), Field(ge=10, le=32000, multiple_of=10)] = Field(
        default=20, description="Size of the WebUI's block volume in GiB, in steps of 10."
    )


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
        default=1, description="Fewest replicas; 0 is refused, for nothing holds a request until a replica is there."
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
        default=None, description="Most requests that are answered at a time; absent: as the engine thinks."
    )
    max_num_batched_tokens: Tokens | None = Field(
        default=None,
        description="Most tokens of one step, prompts being read in such pieces; absent: as the engine thinks.",
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


class Webui(Section):
    """The chat page."""

    enabled: Flag = Field(default=True, description="Whether there is a chat page; `webui: false` for short.")
    admin_email: Email = Field(
        default="admin@example.com", description="Login of the administrator, who is made before the first visit."
    )
    replicas: Annotated[int, Strict(), Field(ge=1, le=20)] = Field(
        default=1, description="Copies; more than one needs PostgreSQL (`tke-llm:databaseUrl`)."
    )
    name: OneLine | None = Field(default=None, description="Title of the page.")
    sign_up: Flag = Field(default=False, description="Let visitors make accounts; they wait for the administrator.")
    persistent_config: Flag = Field(
        default=False, description="Let settings changed in the page outlive a restart; off: the stack file rules."
    )
    model_access: Literal["everyone", "granted"] = Field(
        default="everyone",
        description="Who chats with the models: every signed-in user, or those whom the administrator grants a model.",
    )
    function_calling: Literal["auto", "native", "legacy"] = Field(
        default="auto",
        description="How the page offers tools: in the request (`native`), or in the prompt (`legacy`); `auto`: in the "
        "request where every model takes that. With persistentConfig the page keeps what its first start was told.",
    )
    offline: Flag = Field(
        default=True, description="Never reach for the Internet at start (no model hub is reachable from the mainland)."
    )
    image: ImageReference | None = Field(default=None, description="Image; absent: the catalogue's.")
    memory: Quantity = Field(default="2Gi", description="Memory request and limit.")
    redis: Word | None = Field(
        default=None, description="Address of a Redis for more than one replica; absent: one is made."
    )
    oidc: Oidc | None = Field(default=None, description="Single sign-on.")
    priority_class: ObjectName | None = Field(
        default=None, description="PriorityClass of the pods; it must be in the cluster already."
    )
    env: dict[VariableName, VariableValue] = Field(
        default={}, max_length=200, description="Further environment variables."
    )


class Images(Section):
    """Where images are pulled from."""

    mirrors: dict[Registry, MirrorAddress] = Field(
        default={}, max_length=100, description="Registry -> mirror, over the catalogue's own map."
    )
    pull_secret: ObjectName | None = Field(default=None, description="Name of an image pull Secret in the namespace.")


SECRET_NAMES = (
    "apiKeys",
    "clientKeys",
    "hfToken",
    "webuiAdminPassword",
    "databaseUrl",
    "kubeconfig",
    "oidcClientSecret",
    "webuiEnv",
)
"""Top-level keys that hold secrets. They are set with ``pulumi config set --secret`` and never parsed."""
SECRET_MAPS = {"apiKeys": "model", "clientKeys": "client", "webuiEnv": "VARIABLE"}
"""Those of them that hold an object of secrets, and what its keys are."""


class Settings(Section):
    """The whole stack file. `pools` and `models` must be given; all else has a default for a first deployment."""

    network: Network = Field(default=Network.model_construct(), description="VPC, subnets and Internet access.")
    cluster: Cluster = Field(default=Cluster.model_construct(), description="The TKE cluster.")
    storage: Storage = Field(default=Storage.model_construct(), description="Where models are stored.")
    pools: dict[PoolName, Pool] = Field(min_length=1, max_length=50, description="Machines with GPUs, by name.")
    models: dict[ModelName, Model] = Field(min_length=1, max_length=100, description="Models that are served, by name.")
    webui: Annotated[Webui, BeforeValidator(switch)] = Field(
        default=Webui.model_construct(), description="The chat page, or `false`."
    )
    expose: Expose = Field(default=Expose.model_construct(), description="How people reach it.")
    api: Api = Field(default=Api.model_construct(), description="One API for all models.")
    clients: dict[ModelName, Client] = Field(
        default={}, max_length=200, description="Who asks the API by a key of its own, by name."
    )
    network_policy: Annotated[NetworkPolicy, BeforeValidator(switch)] = Field(
        default=NetworkPolicy.model_construct(), description="Who may talk to whom inside, or `false`."
    )
    monitoring: Monitoring = Field(default=Monitoring.model_construct(), description="Metrics, alerts and a dashboard.")
    images: Images = Field(default=Images.model_construct(), description="Where images are pulled from.")
    warm_start: WarmStart = Field(
        default=WarmStart.model_construct(), description="What is kept so that a new replica starts sooner."
    )
    order: Literal["auto", "fastest", "cheapest"] = Field(
        default="auto",
        description="`cheapest` holds GPUs back until models are downloaded; `fastest` overlaps everything.",
    )
    retain: Flag = Field(
        default=False, description="Keep the model store and the WebUI's data when the stack is destroyed."
    )
    smoke_test: Flag = Field(
        default=True, description="End `pulumi up` with questions to the models and the chat page."
    )
    pause: Flag = Field(
        default=False, description="Take models and GPU pools to zero; data, chat page and endpoint stay."
    )
    force: tuple[DiagnosticCode, ...] = Field(
        default=(), max_length=200, description="Codes of errors to take as warnings."
    )
    namespace: Namespace = Field(
        default="llm", description="Kubernetes namespace; on a cluster that exists already: `llm-<stack>`."
    )
    tags: dict[OneLine, TagValue] = Field(default={}, max_length=45, description="Tags on every cloud resource.")
    prices: dict[Hardware, Price] = Field(
        default={},
        max_length=500,
        description="Your price per hour of a machine type or GPU type; for reports, and for `tke-llm fit --stack`.",
    )

    # Not sections of the stack file: the readers fill them in.
    project: Annotated[str, Field(exclude=True)] = "tke-llm"
    stack: Annotated[str, Field(exclude=True)] = "dev"
    region: Annotated[str | None, Field(exclude=True)] = None
    secrets: Annotated[frozenset[str], Field(exclude=True)] = frozenset()

    def owns_cluster(self) -> bool:
        """Whether this stack makes the cluster (and so the network, pools and add-ons)."""
        return self.cluster.existing is None

    def namespace_name(self) -> str:
        """The namespace: the one asked for, or a default that two stacks on one cluster do not share."""
        return self.namespace if "namespace" in self.model_fields_set else f"{self.namespace}{self.cluster_suffix()}"

    def cluster_suffix(self) -> str:
        """What ends names that a whole cluster shares: the stack's, on a cluster that may hold another stack."""
        return "" if self.owns_cluster() else f"-{dns_name(self.stack)}"

    def pool_of(self, model: Model) -> str | None:
        """The pool that a model names, or the only one there is."""
        return model.pool or (next(iter(self.pools)) if len(self.pools) == 1 else None)

    def zone_of(self, pool: Pool) -> str | None:
        """The zone that a pool names, or the first of the network; None where there is none."""
        return pool.zone or next(iter(self.network.zones), None)


SECTION_NAMES = tuple(field.alias or name for name, field in Settings.model_fields.items() if not field.exclude)
"""The keys under ``tke-llm:`` that are sections (not secrets), in the order of the documentation."""
