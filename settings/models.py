"""The stack file as frozen, typed values.

One class per section of the stack file (``tke-llm:<section>``). Defaults live here and nowhere else: the JSON
Schema, docs/configuration.md and the sample stacks are generated from, or checked against, these classes.

Everything here is plain data. Secrets never enter: `Settings.secrets` holds only the names of those that are set.
"""

from ipaddress import IPv4Network
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator
from pydantic.types import Strict

from settings.access import Expose, NetworkPolicy, Oidc
from settings.section import Section
from settings.values import (
    DNS_LABEL,
    Cidr,
    Count,
    Flag,
    Fraction,
    ModelName,
    Number,
    PoolName,
    Quantity,
    Text,
    bounds,
    dns_name,
    sized,
    switch,
    versioned,
)


class Nat(Section):
    """The road out of the VPC."""

    enabled: Flag = Field(default=True, description="Make a NAT gateway, so that nodes and pods reach the Internet.")
    bandwidth: Literal[20, 50, 100, 200, 500, 1000, 2000, 5000] = Field(
        default=100, description="Bandwidth of the NAT gateway and its EIP, in Mbps; downloads run at this speed."
    )


class Network(Section):
    """VPC, subnets and the road out; or an existing VPC."""

    zones: tuple[Text, ...] = Field(
        default=(), max_length=6, description="Availability zones, the preferred one first. One subnet is made in each."
    )
    cidr: Cidr = Field(default=IPv4Network("10.0.0.0/16"), description="Address range of the VPC that is made.")
    vpc_id: Text | None = Field(default=None, description="An existing VPC to use instead of making one.")
    subnet_ids: tuple[Text, ...] = Field(
        default=(), description="Existing subnets in that VPC, in the order of `zones`."
    )
    pod_subnet_ids: tuple[Text, ...] = Field(
        default=(), description="Existing subnets in that VPC for pods alone (`vpc-cni`), in the order of `zones`."
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
    allow: tuple[Cidr, ...] = Field(default=(), description="Address ranges that may reach a public API server.")


class SystemPool(Section):
    """The CPU nodes that everything not on a GPU runs on."""

    instance_type: Text = Field(default="SA5.LARGE8", description="CVM machine type of the CPU nodes.")
    nodes: Count = Field(default=2, le=50, description="Number of CPU nodes.")
    disk: Annotated[int, Strict(), Field(ge=50, le=2048)] = Field(
        default=100, description="System disk of each CPU node in GiB; engine images are unpacked here for downloads."
    )
    key_id: Text | None = Field(
        default=None, description="SSH key pair (`skey-…`) for the nodes; without it a random password is set."
    )
    public_bandwidth: Annotated[int, Strict(), Field(ge=0, le=2000)] | None = Field(
        default=None, description="Public bandwidth of each CPU node in Mbps; absent: the pools', without NAT."
    )


class ExistingCluster(Section):
    """A cluster that this stack does not make."""

    id: Text | None = Field(default=None, description="Id of a TKE cluster (`cls-…`).")
    kubeconfig_path: Text | None = Field(
        default=None, description="Path of a kubeconfig file; the secret `tke-llm:kubeconfig` serves instead."
    )
    context: Text | None = Field(default=None, description="Context within the kubeconfig.")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.id is not None and (self.kubeconfig_path is not None or self.context is not None):
            raise ValueError("give either `id` or `kubeconfigPath` (with `context`), not both")
        return self


class Cluster(Section):
    """The managed TKE cluster, or an existing one."""

    version: Text = Field(default="1.32.2", description="Kubernetes version.")
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
    file_system_id: Text | None = Field(default=None, description="An existing CFS or CFS Turbo file system.")
    mount_host: Text | None = Field(default=None, description="Mount address of that existing file system.")
    mount_path: Text | None = Field(
        default=None, description="Folder (CFS) or root path (CFS Turbo) on that file system."
    )
    capacity: Count | None = Field(
        default=None, description="Capacity in GiB (CFS Turbo); the request of the PVC otherwise."
    )
    ccn_id: Text | None = Field(
        default=None, description="Cloud Connect Network that a CFS Turbo file system is mounted through."
    )
    turbo_cidr: Cidr | None = Field(default=None, description="Address range of the CFS Turbo mount target in the CCN.")
    class_name: Text | None = Field(default=None, description="Name of the existing StorageClass (kind `class`).")
    access_mode: Literal["ReadWriteMany", "ReadWriteOnce"] | None = Field(
        default=None, description="How that class is mounted; absent: by many nodes, a cluster's default class by one."
    )
    webui_class_name: Text | None = Field(
        default=None, description="StorageClass of the WebUI's volume; absent: a CBS class is made."
    )
    webui_capacity: Annotated[int, Strict(), Field(ge=10, le=32000, multiple_of=10)] = Field(
        default=20, description="Size of the WebUI's block volume in GiB, in steps of 10."
    )


class NodeRange(Section):
    """Smallest and largest number of nodes."""

    min: Annotated[int, Strict(), Field(ge=0, le=1000)] = Field(default=1, description="Smallest number of nodes.")
    max: Annotated[int, Strict(), Field(ge=1, le=1000)] = Field(default=1, description="Largest number of nodes.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is larger than max {self.max}")
        return self


class Disk(Section):
    """The system disk of a GPU node."""

    size: Annotated[int, Strict(), Field(ge=20, le=2048)] | None = Field(
        default=None, description="Size in GiB; absent: computed from the images and caches it must hold."
    )
    type: Literal["CLOUD_PREMIUM", "CLOUD_SSD", "CLOUD_BSSD", "CLOUD_HSSD"] = Field(
        default="CLOUD_SSD", description="Type of the disk."
    )


class Driver(Section):
    """The NVIDIA driver of a pool: what is there (native), or what to install (ordinary)."""

    version: Annotated[str, Strict(), StringConstraints(pattern=r"^[0-9]{3}(\.[0-9]+){0,2}$")] | None = Field(
        default=None, description="Driver version, such as 550.90.07."
    )
    name: Text | None = Field(default=None, description="File name of the driver, as TKE lists it (ordinary pools).")
    cuda: Text | None = Field(default=None, description="CUDA version to install on the node (ordinary pools).")
    cuda_name: Text | None = Field(default=None, description="File name of that CUDA, as TKE lists it.")
    cudnn: Text | None = Field(default=None, description="cuDNN version to install on the node (ordinary pools).")
    cudnn_name: Text | None = Field(default=None, description="File name of that cuDNN, as TKE lists it.")
    url: Text | None = Field(default=None, description="Address of a driver of your own (ordinary pools).")
    mig: Flag = Field(default=False, description="Turn on MIG (ordinary pools).")


class Taint(Section):
    """A taint that every node of the pool carries."""

    key: Text = Field(description="Key of the taint.")
    value: Annotated[str, Strict(), StringConstraints(max_length=63)] = Field(
        default="", description="Value of the taint."
    )
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = Field(
        default="NoSchedule", description="Effect of the taint."
    )


class Pool(Section):
    """Machines with GPUs that models run on."""

    kind: Literal["native", "ordinary", "super", "existing"] = Field(
        default="native",
        description="`native` or `ordinary` nodes, `super` nodes (no machines, billed per pod), or nodes that exist.",
    )
    instance_type: Text | None = Field(default=None, description="Machine type (native and ordinary pools).")
    gpu_type: Text | None = Field(default=None, description="GPU type of super nodes, such as `T4` or `A10*PNV4`.")
    zone: Text | None = Field(default=None, description="Zone of the pool; absent: the first zone of the network.")
    nodes: Annotated[NodeRange, BeforeValidator(bounds)] = Field(
        default=NodeRange.model_construct(),
        description="`{min, max}` or one number; a range turns on node autoscaling.",
    )
    charge: Literal["postpaid", "prepaid", "spot"] = Field(default="postpaid", description="How nodes are billed.")
    spot_max_price: Annotated[Number, Field(gt=0)] | None = Field(
        default=None, description="Highest price per hour for spot nodes."
    )
    public_bandwidth: Annotated[int, Strict(), Field(ge=0, le=2000)] = Field(
        default=0, description="Public bandwidth of each node in Mbps (an alternative to NAT); 0: none."
    )
    driver: Annotated[Driver, BeforeValidator(versioned)] | None = Field(
        default=None, description="Driver version, or an object; native pools only state what is there."
    )
    disk: Annotated[Disk, BeforeValidator(sized)] = Field(
        default=Disk.model_construct(), description="System disk: GiB, or `{size, type}`."
    )
    key_id: Text | None = Field(default=None, description="SSH key pair (`skey-…`) for the nodes.")
    labels: dict[str, Annotated[str, Strict()]] = Field(default={}, description="Labels of the nodes.")
    taints: tuple[Taint, ...] = Field(
        default=(),
        description="Further taints of the nodes; models tolerate them. DaemonSets of add-ons may not.",
    )
    node_selector: dict[str, Annotated[str, Strict()]] = Field(
        default={}, description="Labels that find the nodes (existing pools)."
    )
    gpu: Text | None = Field(default=None, description="GPU of the nodes (existing pools); absent: CPU only.")
    gpus_per_node: Annotated[int, Strict(), Field(ge=0, le=16)] | None = Field(
        default=None, description="GPUs on each node (existing pools)."
    )
    cpu: Count | None = Field(default=None, description="Allocatable CPU cores of each node (existing pools).")
    memory: Quantity | None = Field(default=None, description="Allocatable memory of each node (existing pools).")


class Architecture(Section):
    """What the planner must know of a model that the catalogue does not have (see `tke-llm model add`)."""

    layers: Count = Field(description="Hidden layers (`num_hidden_layers`).")
    heads: Count = Field(description="Attention heads (`num_attention_heads`).")
    kv_heads: Count = Field(description="Key-value heads (`num_key_value_heads`).")
    head_dim: Count = Field(description="Size of one head (`head_dim`).")
    kv_lora_rank: Count | None = Field(default=None, description="MLA: `kv_lora_rank`.")
    qk_rope_head_dim: Count | None = Field(default=None, description="MLA: `qk_rope_head_dim`.")
    max_positions: Count = Field(description="Longest context (`max_position_embeddings`).")
    weights_gib: Annotated[Number, Field(gt=0)] = Field(description="Size of the weight files in GiB.")
    dtype: Literal["bfloat16", "float16", "float32"] = Field(
        default="bfloat16", description="`torch_dtype` of the weights."
    )
    format: Literal["bf16", "fp16", "fp32", "fp8", "awq", "gptq", "mxfp4", "int8", "nvfp4", "gguf"] = Field(
        default="bf16", description="How the weights are stored."
    )


class Download(Section):
    """How the model's files are fetched."""

    include: tuple[Text, ...] = Field(default=(), description="Only files that match these patterns.")
    exclude: tuple[Text, ...] = Field(default=(), description="No files that match these patterns.")
    workers: Annotated[int, Strict(), Field(ge=1, le=64)] = Field(default=8, description="Files fetched at a time.")
    retries: Annotated[int, Strict(), Field(ge=0, le=100)] = Field(
        default=6, description="How often a failed download is started again; it goes on where it stopped."
    )
    endpoint: Text | None = Field(default=None, description="Mirror of Hugging Face (`HF_ENDPOINT`).")


class Autoscaling(Section):
    """Replicas by load."""

    min: Count = Field(default=1, description="Fewest replicas.")
    max: Count = Field(description="Most replicas.")
    waiting: Count = Field(default=5, description="Requests waiting per replica above which a replica is added.")
    scale_down: Flag = Field(
        default=False, description="Give replicas back when idle; off by default, for released GPUs may be sold out."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is larger than max {self.max}")
        return self


class Model(Section):
    """One model that is served."""

    model: Text = Field(
        description="Model id, such as `deepseek-ai/DeepSeek-R1-Distill-Qwen-7B`; for Ollama `name:tag`."
    )
    pool: PoolName | None = Field(default=None, description="Pool it runs on; may be left out where there is only one.")
    engine: Literal["vllm", "sglang", "ollama"] = Field(default="vllm", description="Serving engine.")
    source: Literal["modelscope", "huggingface", "ollama"] | None = Field(
        default=None, description="Where it is downloaded from; absent: ModelScope, or Ollama's registry for Ollama."
    )
    revision: Text | None = Field(default=None, description="Branch, tag or commit to download.")
    replicas: Annotated[int, Strict(), Field(ge=1, le=1000)] = Field(default=1, description="Copies of the model.")
    image: Text | None = Field(
        default=None, description="Engine image; absent: the catalogue's for this GPU and driver."
    )
    cuda: Annotated[str, Strict(), StringConstraints(pattern=r"^[0-9]{2}\.[0-9]$")] | None = Field(
        default=None, description="CUDA version inside an image of your own."
    )
    gpus: Count | None = Field(default=None, description="GPUs per replica; absent: the fewest that hold the model.")
    tensor_parallel: Count | None = Field(default=None, description="GPUs that each layer is split over.")
    pipeline_parallel: Count | None = Field(default=None, description="Stages that the layers are split into.")
    dtype: Literal["auto", "half", "float16", "bfloat16", "float32"] = Field(
        default="auto", description="Computation type; `auto` chooses what the GPU can do."
    )
    quantization: Literal["fp8", "awq", "gptq", "bitsandbytes"] | None = Field(
        default=None, description="Quantise at load (fp8, bitsandbytes), or state what the weights are."
    )
    max_model_len: Annotated[int, Strict(), Field(ge=256)] | None = Field(
        default=None, description="Context in tokens; absent: the longest that fits."
    )
    gpu_memory_utilization: Fraction | None = Field(
        default=None, description="Share of GPU memory that the engine may use; absent: the engine's own default."
    )
    served_name: Text | None = Field(default=None, description="Name in the API; absent: the model's key.")
    env: dict[str, Annotated[str, Strict()]] = Field(
        default={}, description="Further environment variables of the engine."
    )
    extra_args: tuple[Text, ...] = Field(
        default=(), description="Last resort: arguments appended to the engine's; they win."
    )
    architecture: Architecture | None = Field(
        default=None, description="Figures of a model that is not in the catalogue."
    )
    download: Download = Field(default=Download.model_construct(), description="How its files are fetched.")
    autoscaling: Autoscaling | None = Field(default=None, description="Replicas by load instead of a fixed number.")
    key_version: Count = Field(default=1, description="Raise it to have a new API key made in place of the old one.")
    priority_class: Text | None = Field(
        default=None, description="PriorityClass of the pods; it must be in the cluster already."
    )


class Webui(Section):
    """The chat page."""

    enabled: Flag = Field(default=True, description="Whether there is a chat page; `webui: false` for short.")
    admin_email: Annotated[str, Strict(), StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)] = Field(
        default="admin@example.com", description="Login of the administrator, who is made before the first visit."
    )
    replicas: Annotated[int, Strict(), Field(ge=1, le=20)] = Field(
        default=1, description="Copies; more than one needs PostgreSQL (`tke-llm:databaseUrl`)."
    )
    name: Text | None = Field(default=None, description="Title of the page.")
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
    image: Text | None = Field(default=None, description="Image; absent: the catalogue's.")
    memory: Quantity = Field(default="2Gi", description="Memory request and limit.")
    redis: Text | None = Field(
        default=None, description="Address of a Redis for more than one replica; absent: one is made."
    )
    oidc: Oidc | None = Field(default=None, description="Single sign-on.")
    priority_class: Text | None = Field(
        default=None, description="PriorityClass of the pods; it must be in the cluster already."
    )
    env: dict[str, Annotated[str, Strict()]] = Field(default={}, description="Further environment variables.")


class Images(Section):
    """Where images are pulled from."""

    mirrors: dict[str, Annotated[str, Strict()]] = Field(
        default={}, description="Registry -> mirror, over the catalogue's own map."
    )
    pull_secret: Text | None = Field(default=None, description="Name of an image pull Secret in the namespace.")


SECRET_NAMES = ("apiKeys", "hfToken", "webuiAdminPassword", "databaseUrl", "kubeconfig", "oidcClientSecret", "webuiEnv")
"""Top-level keys that hold secrets. They are set with ``pulumi config set --secret`` and never parsed."""
SECRET_MAPS = {"apiKeys": "model", "webuiEnv": "VARIABLE"}
"""Those of them that hold an object of secrets, and what its keys are."""


class Settings(Section):
    """The whole stack file. `pools` and `models` must be given; all else has a default for a first deployment."""

    network: Network = Field(default=Network.model_construct(), description="VPC, subnets and the road out.")
    cluster: Cluster = Field(default=Cluster.model_construct(), description="The TKE cluster.")
    storage: Storage = Field(default=Storage.model_construct(), description="Where models are stored.")
    pools: dict[PoolName, Pool] = Field(min_length=1, description="Machines with GPUs, by name.")
    models: dict[ModelName, Model] = Field(min_length=1, description="Models that are served, by name.")
    webui: Annotated[Webui, BeforeValidator(switch)] = Field(
        default=Webui.model_construct(), description="The chat page, or `false`."
    )
    expose: Expose = Field(default=Expose.model_construct(), description="How people reach it.")
    network_policy: Annotated[NetworkPolicy, BeforeValidator(switch)] = Field(
        default=NetworkPolicy.model_construct(), description="Who may talk to whom inside, or `false`."
    )
    images: Images = Field(default=Images.model_construct(), description="Where images are pulled from.")
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
    force: tuple[Annotated[str, Strict(), StringConstraints(pattern=r"^[A-Z][A-Z0-9_]+$")], ...] = Field(
        default=(), description="Codes of errors to take as warnings."
    )
    namespace: Annotated[str, Strict(), StringConstraints(pattern=DNS_LABEL, max_length=63)] = Field(
        default="llm", description="Kubernetes namespace; on a cluster that exists already: `llm-<stack>`."
    )
    tags: dict[str, Annotated[str, Strict()]] = Field(default={}, description="Tags on every cloud resource.")
    prices: dict[str, Annotated[Number, Field(ge=0)]] = Field(
        default={}, description="Your price per hour of a machine type; used in reports only."
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


SECTION_NAMES = tuple(field.alias or name for name, field in Settings.model_fields.items() if not field.exclude)
"""The keys under ``tke-llm:`` that are sections (not secrets), in the order of the documentation."""
