"""The plan: every number that the components use, decided before the first resource exists.

Memory is GiB (2**30 bytes) where a name ends in `_gib`, MiB where in `_mib`; times are seconds.
"""

from dataclasses import dataclass, field
from ipaddress import IPv4Network

from planner.engines.spec import EngineSpec
from settings.diagnostics import Diagnostic
from settings.models import Settings


@dataclass(frozen=True)
class Reason:
    """Why a number is what it is, in plain words: `subject` is the path it belongs to."""

    subject: str
    choice: str
    because: str


@dataclass(frozen=True)
class SubnetPlan:
    """A subnet to make, or the id of one that exists."""

    zone: str
    cidr: IPv4Network | None = None
    existing_id: str | None = None


@dataclass(frozen=True)
class NetworkPlan:
    """The VPC to make or use. `nat_bandwidth` is None where no NAT gateway is made."""

    vpc_id: str | None
    cidr: IPv4Network
    subnets: tuple[SubnetPlan, ...]
    nat_bandwidth: int | None


@dataclass(frozen=True)
class AddonPlan:
    """An add-on to install, in the order given; `needs` says which pool must have a node first."""

    name: str
    needs: str


@dataclass(frozen=True)
class StoragePlan:
    """The model store and the WebUI's volume. `request_gib` is the claim's size (CFS bills what is used)."""

    kind: str
    provisioner: str
    parameters: tuple[tuple[str, str], ...]
    request_gib: int
    read_mbps: float
    write_mbps: float
    webui_class: str | None
    webui_gib: int
    webui_disk_type: str


@dataclass(frozen=True)
class PoolPlan:
    """One GPU pool. `allocatable_*` are per node, after the system's reservation and DaemonSets."""

    name: str
    kind: str
    gpu: str | None
    gpus_per_node: float
    instance_type: str | None
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


@dataclass(frozen=True)
class MemoryBudget:
    """Where the memory of each GPU goes, GiB per GPU. `total` is usable memory, `limit` = total x utilisation."""

    total: float
    utilization: float
    weights: float
    kv_one_sequence: float
    activations: float
    non_torch: float

    @property
    def limit(self) -> float:
        return self.total * self.utilization

    @property
    def kv_room(self) -> float:
        """What is left for the KV cache once weights and overheads are in."""
        return self.limit - self.weights - self.activations - self.non_torch


@dataclass(frozen=True)
class DownloadPlan:
    """What the download Job does. `directory` (below the store's mount) names model, revision and format, so that
    another model or revision never touches the one that is served. `marker` is the file the server waits for."""

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


@dataclass(frozen=True)
class ModelPlan:
    """One model, decided."""

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
    max_model_len: int
    gpu_memory_utilization: float
    concurrency: float
    memory: MemoryBudget
    weights_gib: float
    replicas: int
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


@dataclass(frozen=True)
class WebuiPlan:
    """The chat page: image, plain environment (back-ends are added by the component from the models' Services)."""

    image: str
    replicas: int
    cpu_millis: int
    memory_mib: int
    env: tuple[tuple[str, str], ...]
    strategy: str


@dataclass(frozen=True)
class OrderPlan:
    """Whether GPU pools wait for the downloads; `hold` names the pools that do."""

    chosen: str
    hold: tuple[str, ...]
    because: str


@dataclass(frozen=True)
class Plan:
    """The whole decision. When `errors` is not empty, `pools` and `models` hold only what could be decided."""

    settings: Settings
    network: NetworkPlan | None
    addons: tuple[AddonPlan, ...]
    storage: StoragePlan
    pools: dict[str, PoolPlan]
    models: dict[str, ModelPlan]
    webui: WebuiPlan | None
    order: OrderPlan
    durations: dict[str, float]
    reasons: tuple[Reason, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = field(default=())

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.diagnostics if d.severity == "error")

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.diagnostics if d.severity == "warning")
