"""The plan: every number that the components use, decided before the first resource exists.

Memory is GiB (2**30 bytes) where a name ends in `_gib`, MiB where in `_mib`; times are seconds.
"""

from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from planner.plan.access import ApiPlan, ExposurePlan, PolicyPlan
from planner.plan.rollout import OrderPlan, SmokeTestPlan, WarmStartPlan
from planner.plan.server import ChatTemplate, EngineSpec
from planner.plan.software import AddonPlan, InstallPlan, RedisPlan
from settings.diagnostics import Diagnostic
from settings.models import Task

if TYPE_CHECKING:
    from planner.plan.monitoring import MonitoringPlan


@dataclass(frozen=True)
class Reason:
    """Why a number is what it is, in plain words: `subject` is the path it belongs to."""

    subject: str
    choice: str
    because: str


@dataclass(frozen=True, kw_only=True)
class NamesPlan:
    """What everything of the stack is called and found again by. `namespace` is the stack's own, `suffix` ends names
    that a whole cluster shares ("" where the cluster is ours), `tags` are the user's."""

    project: str
    stack: str
    namespace: str
    suffix: str = ""
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class SystemPoolPlan:
    """The CPU nodes of a cluster that the stack makes. `labels` are those that pods without GPU are pinned by,
    `public_bandwidth` the Mbps of a public address of each node (0: none). Without `key_id` they have a password."""

    instance_type: str
    nodes: int
    disk_gib: int
    key_id: str | None
    labels: tuple[tuple[str, str], ...]
    public_bandwidth: int = 0


@dataclass(frozen=True, kw_only=True)
class ClusterPlan:
    """A cluster to make. In network mode "gr" pods and Services share `pod_cidr`; in "vpc-cni" pods have addresses of
    the VPC, and Services `service_cidr`. `services` is the most that it may have. `api_allow`: who may reach the public
    endpoint of the API server; None where it is reached from inside the VPC only."""

    version: str
    level: str
    network_mode: str
    pod_cidr: IPv4Network | None
    service_cidr: IPv4Network | None
    services: int
    api_allow: tuple[IPv4Network, ...] | None
    deletion_protection: bool
    makes_roles: bool
    system_pool: SystemPoolPlan


@dataclass(frozen=True, kw_only=True)
class ExistingClusterPlan:
    """A cluster that the stack does not make: a TKE cluster by its `id`, or one that a kubeconfig leads to. `public`:
    which endpoint of a TKE cluster is used."""

    id: str | None = None
    kubeconfig_path: str | None = None
    context: str | None = None
    public: bool = False


@dataclass(frozen=True)
class SubnetPlan:
    """A subnet to make, or the id of one that exists."""

    zone: str
    cidr: IPv4Network | None = None
    existing_id: str | None = None


@dataclass(frozen=True)
class NetworkPlan:
    """The VPC to make or use. `nat_bandwidth` is None where no NAT gateway is made. `store_cidr` is the subnet of a
    file system that outlives the stack, and with it the VPC. `pod_subnets` are for pods alone, one in each zone; with
    `shared`, pods take addresses of `subnets` as well. `pod_cidr`: the range of pods outside the VPC, None where they
    have addresses of it."""

    vpc_id: str | None
    cidr: IPv4Network
    subnets: tuple[SubnetPlan, ...]
    nat_bandwidth: int | None
    store_cidr: IPv4Network | None = None
    pod_subnets: tuple[SubnetPlan, ...] = ()
    shared: bool = False
    pod_cidr: IPv4Network | None = None


@dataclass(frozen=True, kw_only=True)
class ConnectionPlan:
    """The Cloud Connect Network of a mount target, and the region of the VPC that is attached to it."""

    ccn_id: str
    region: str


@dataclass(frozen=True, kw_only=True)
class MadeFileSystem:
    """A file system to make, of Tencent Cloud's `storage_type`. CFS Turbo is mounted from `cidr`, a range inside the
    network of `connection` that nothing else uses, and sold by capacity; for CFS both are None."""

    storage_type: str
    connection: ConnectionPlan | None = None
    cidr: IPv4Network | None = None


@dataclass(frozen=True, kw_only=True)
class GivenFileSystem:
    """A file system that exists: `file_system_id` is its id (``cfs-…``) or the FSID of its mount target at
    `mount_host`, `mount_path` the folder on it. `connection`: where the VPC is not connected to it yet."""

    file_system_id: str
    mount_host: str
    mount_path: str | None = None
    connection: ConnectionPlan | None = None


@dataclass(frozen=True)
class StoragePlan:
    """The model store and the WebUI's volume. `request_gib` is the claim's size (CFS bills what is used).

    `origin` says where the files lie: "provisioned" (the claim's StorageClass makes the file system, which goes with
    the claim), "made" (the stack makes it, and volumes name it), "given" (it exists), "class" (a StorageClass that
    exists decides: `class_name`, or the cluster's default for None). `file_system` is the one made or given. `zone`:
    where the models are read, for a file system in another zone answers more slowly; "" without a network. `elastic`:
    its free space says nothing of what fits.

    `makes_webui_class`: the class `webui_class` is the stack's own. `leaves_claims`: a claim, and so its namespace, has
    to outlive the stack for its data to do so.
    """

    kind: str
    provisioner: str
    parameters: tuple[tuple[str, str], ...]
    request_gib: int
    read_mbps: float
    write_mbps: float
    webui_class: str | None
    webui_gib: int
    webui_disk_type: str
    origin: str = "provisioned"
    access_mode: str = "ReadWriteMany"
    elastic: bool = False
    zone: str = ""
    class_name: str | None = None
    file_system: MadeFileSystem | GivenFileSystem | None = None
    makes_webui_class: bool = False
    leaves_claims: bool = False


@dataclass(frozen=True)
class CpuPlan:
    """Where pods without GPU run: on nodes with the labels of `node_selector`, never on nodes that carry all labels of
    one set of `avoid`. On super nodes `annotations` shape the machine of every pod, `download_annotations` that of a
    download, which unpacks an engine's image."""

    node_selector: tuple[tuple[str, str], ...] = ()
    tolerations: tuple[tuple[str, str, str], ...] = ()
    avoid: tuple[tuple[tuple[str, str], ...], ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
    download_annotations: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class DriverPlan:
    """The NVIDIA driver of a pool's nodes, with CUDA and cuDNN, each by version and the file name that TKE lists; `url`
    leads to a driver of one's own. `mig`: MIG is turned on."""

    version: str | None = None
    name: str | None = None
    cuda: str | None = None
    cuda_name: str | None = None
    cudnn: str | None = None
    cudnn_name: str | None = None
    url: str | None = None
    mig: bool = False


@dataclass(frozen=True)
class PoolPlan:
    """One GPU pool, of machines (`instance_type`) or super nodes (`gpu_type`), or of nodes that exist, of which neither
    is known ("" and None). `allocatable_*` are per node, after the system's reservation and DaemonSets.
    `public_bandwidth`: Mbps of a public address of each node, or of each pod on super nodes (0: none). `driver`: what
    is there, or what ordinary nodes install; None where nobody said. `price`: of one node per hour, as the stack file
    gives it; `spot_max_price` in the same currency."""

    name: str
    kind: str
    gpu: str | None
    gpus_per_node: float
    instance_type: str
    gpu_type: str | None
    min_nodes: int
    max_nodes: int
    zone: str | None
    disk_gib: int
    disk_type: str
    allocatable_cpu_millis: int
    allocatable_memory_mib: int
    labels: tuple[tuple[str, str], ...]
    taints: tuple[tuple[str, str, str], ...]
    node_selector: tuple[tuple[str, str], ...]
    tolerations: tuple[tuple[str, str, str], ...]
    public_bandwidth: int = 0
    charge: str = "postpaid"
    spot_max_price: float | None = None
    key_id: str | None = None
    driver: DriverPlan | None = None
    price: float | None = None


@dataclass(frozen=True)
class MemoryBudget:
    """Where the memory of each GPU goes, GiB per GPU. `total` is usable memory, `limit` = total x utilisation;
    `outside` lies beside that share."""

    total: float
    utilization: float
    weights: float
    kv_one_sequence: float
    activations: float
    non_torch: float
    graphs: float = 0.0
    outside: float = 0.0

    @property
    def limit(self) -> float:
        return self.total * self.utilization

    @property
    def kv_room(self) -> float:
        """What is left for the KV cache once weights and overheads are in."""
        return self.limit - self.weights - self.activations - self.non_torch - self.graphs


@dataclass(frozen=True)
class DownloadPlan:
    """What the download Job does. `directory` (below the store's mount) names model, revision and format, so that
    another model or revision never touches the one that is served. `marker` is the file the server waits for.
    `elastic`: the store's free space says nothing of what fits."""

    source: str
    repository: str
    revision: str | None
    directory: str
    marker: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    workers: int
    retries: int
    endpoint: str | None
    needs_token: bool
    image: str
    bytes: int
    seconds: float
    cpu_millis: int
    memory_mib: int
    deadline_seconds: int
    elastic: bool = False


@dataclass(frozen=True)
class ModelPlan:
    """One model, decided. `max_model_len` is None where the engine is left to take the context that fits.
    `kv_cache_dtype` is the type of the cache's numbers, "auto" where it is the computation's; `max_num_seqs` and
    `max_num_batched_tokens` are None where the engine decides, `kv_offload_gib` where nothing is offloaded. Another
    `key_version` means another generated API key. `family` is the catalogue's entry, or the model's own id;
    `source_image` the engine's image before any mirror, `image_gib` its size unpacked, and
    `download_image_gib` that of the one that fetches the files; `task` what it is served for.
    `chat_template` is that of the stack file, where it holds one. `api` are the paths that it is meant to be asked by.

    `speculative` names method and draft, `adapters` what a request may ask for beside the model. `further` are what its
    server reads beside its weights.
    """

    name: str
    model_id: str
    served_name: str
    pool: str
    engine: str
    format: str
    dtype: str
    gpus: int
    tensor_parallel: int
    pipeline_parallel: int
    nodes: int
    max_model_len: int | None
    gpu_memory_utilization: float
    concurrency: float
    memory: MemoryBudget
    weights_gib: float
    min_replicas: int
    max_replicas: int
    autoscaled: bool
    strategy: str
    max_surge: int
    max_unavailable: int
    startup_seconds: int
    progress_deadline_seconds: int
    spec: EngineSpec
    download: DownloadPlan
    data_parallel: int = 1
    expert_parallel: bool = False
    key_version: int = 1
    priority_class: str | None = None
    family: str = ""
    kv_cache_dtype: str = "auto"
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    kv_offload_gib: int | None = None
    speculative: str | None = None
    adapters: tuple[str, ...] = ()
    further: tuple[DownloadPlan, ...] = ()
    source_image: str = ""
    image_gib: float = 0.0
    download_image_gib: float = 0.0
    task: Task = "chat"
    chat_template: ChatTemplate | None = None
    api: tuple[str, ...] = ()

    @property
    def first_replicas(self) -> int:
        """Replicas that come with the model: one also where it has none while nobody asks."""
        return max(1, self.min_replicas)

    @property
    def downloads(self) -> tuple[DownloadPlan, ...]:
        """All that is brought into the store for it, its weights first."""
        return (self.download, *self.further)


@dataclass(frozen=True)
class WebuiPlan:
    """The chat page: image, plain environment (back-ends are added by the component from the models' Services).

    `database`: its data is in the PostgreSQL database of the secret, and it has no volume. `redis` is made for it
    where its replicas need one and none is named. `login`: people may come by single sign-on, whose client secret is a
    secret. `ready`: the path that answers once the page can. `sealed_env`: names of the variables that come from the
    secret `webuiEnv`.
    """

    image: str
    replicas: int
    cpu_millis: int
    memory_mib: int
    env: tuple[tuple[str, str], ...]
    strategy: str
    database: bool = False
    redis: RedisPlan | None = None
    login: bool = False
    ready: str = "/health"
    priority_class: str | None = None
    sealed_env: tuple[str, ...] = ()

    @property
    def admin_email(self) -> str:
        """The administrator's login, as the page is told it."""
        return dict(self.env)["WEBUI_ADMIN_EMAIL"]


@dataclass(frozen=True, kw_only=True)
class ScaleToZeroPlan:
    """How a model comes back that has no replica while nobody asks it.

    The Prometheus at the URL `prometheus` is asked, in PromQL, whether requests for it came lately (`asked`, 1 or 0),
    and how many wait in queues (`waiting`) and are being answered (`running`). The last replica goes `idle_seconds`
    after the last request; `cold_start_seconds` after the first one another answers, as far as can be estimated.
    """

    prometheus: str
    asked: str
    waiting: str
    running: str
    idle_seconds: int
    cold_start_seconds: int


@dataclass(frozen=True)
class ScalingPlan:
    """Replicas of one model by load: one more for each `waiting` requests in the queues of all its pods together.

    `metric` is the engine's gauge of waiting requests, which its pods show at `path`. `step_seconds` is the time that
    one added replica is given to come up before the next is added. `kept` is there where replicas are given back: the
    gauge of requests that are being answered, and how many of them, over all pods, keep a replica each. `to_zero` is
    there where the last replica goes as well: pods that may not be there cannot be asked.
    """

    model: str
    path: str
    metric: str
    waiting: int
    least: int
    most: int
    scale_down: bool
    step_seconds: int
    kept: tuple[str, int] | None = None
    to_zero: ScaleToZeroPlan | None = None


@dataclass(frozen=True)
class Plan:
    """The whole decision. When `errors` is not empty, `pools` and `models` hold only what could be decided.

    `region` is that of the cloud's resources, None where the stack file names none. `retain` keeps the data when the
    stack is destroyed. `pull_secret` is the name of the Secret that images are pulled with. While `paused` no model has
    a replica and no pool of ours a node, whatever their ranges say, so that no other number of the plan changes.
    `exposure` is None where people come by port-forward. `installs` is what autoscaling, groups of machines and
    monitoring need;
    the gateway's own software is in `exposure`. `policies` is None where the namespace is left open, `smoke_test` where
    nothing is asked after the rollout; its connections stay open while the stack is paused. `api` is None where each
    model has an address of its own, `warm_start` where nothing is kept for the next replica, `monitoring` where nothing
    is measured.
    """

    names: NamesPlan
    cluster: ClusterPlan | ExistingClusterPlan
    network: NetworkPlan | None
    addons: tuple[AddonPlan, ...]
    storage: StoragePlan
    pools: dict[str, PoolPlan]
    models: dict[str, ModelPlan]
    webui: WebuiPlan | None
    order: OrderPlan
    durations: dict[str, float]
    reasons: tuple[Reason, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    exposure: ExposurePlan | None = None
    scaling: dict[str, ScalingPlan] = field(default_factory=dict)
    cpu: CpuPlan = CpuPlan()
    installs: tuple[InstallPlan, ...] = ()
    policies: PolicyPlan | None = None
    smoke_test: SmokeTestPlan | None = None
    warm_start: WarmStartPlan | None = None
    region: str | None = None
    retain: bool = False
    pull_secret: str | None = None
    paused: bool = False
    api: ApiPlan | None = None
    monitoring: "MonitoringPlan | None" = None

    @property
    def owns_cluster(self) -> bool:
        """Whether the stack makes the cluster, and so the pools and add-ons."""
        return isinstance(self.cluster, ClusterPlan)

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.diagnostics if d.severity == "error")

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.diagnostics if d.severity == "warning")

    @property
    def forced(self) -> tuple[str, ...]:
        """Codes of the errors that the stack file takes upon itself, in alphabetical order."""
        return tuple(sorted({d.code for d in self.diagnostics if d.forced}))
