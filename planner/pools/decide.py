"""The GPU pools: what their nodes are, hold and let onto them."""

from collections.abc import Iterable

from catalog.load import Catalog
from planner.engines.node_cache import FILLER, FOLDER_KEEPER, keeps_files
from planner.engines.pod import FOLDERS
from planner.engines.prefetch import PREFETCH, is_prefetched
from planner.images.size import largest_gib
from planner.plan.server import Resources, on_disk
from planner.plan.types import DriverPlan, PoolPlan
from planner.pools.allocatable import allocatable
from planner.serving.downloads import kept_gib
from planner.software.addons import daemonsets
from planner.software.gpu_exporter import gpu_exporter_needs
from settings.pools import Driver, Pool
from settings.quantity import mebibytes
from settings.stack import Settings
from settings.values import dns_name

POOL_LABEL = "tke-llm/pool"
"""Label that every node of a pool of ours carries; its value is `<stack>-<pool>`."""
GPU_TAINT = ("nvidia.com/gpu", "present", "PreferNoSchedule")
"""Taint that keeps pods without a toleration off GPU nodes while there is room elsewhere. It only asks: the DaemonSet
that mounts CFS Turbo there has no toleration (deploy/cfsturbo/kubernetes/csi-node.yaml of
TencentCloud/kubernetes-csi-tencentcloud), and those of other add-ons are not known."""
GPU_TOLERATION = (GPU_TAINT[0], "", "")
"""Tolerates that key with any value and effect: nodes that exist, and pools with a taint of their own beside ours, have
it with others."""
SUPER_NODE_SELECTOR = (("node.kubernetes.io/instance-type", "eklet"),)
SUPER_NODE_TAINT = ("eks.tke.cloud.tencent.com/eklet", "", "NoSchedule")
"""How super nodes are labelled and tainted (vendor 457/40027)."""

NATIVE_DISK = 100
"""Smallest system disk of a native node in GiB (vendor 457/54485)."""
SMALLEST_DISK = 50
"""Smallest system disk of a CVM in GiB."""
SYSTEM_GIB = 20
"""Allowance for the operating system, the kubelet and logs."""
PULL_FACTOR = 1.5
"""containerd keeps the compressed layers beside the unpacked ones; engine images compress to about half."""
FULLEST = 0.85
"""Above this share of the disk the kubelet removes images (imageGCHighThresholdPercent, its default)."""
NOTHING = Resources(0, 0, 0)


def plan_pool(name: str, settings: Settings, catalog: Catalog) -> PoolPlan | None:
    """Decide one pool; None where its machine, GPU type or GPU is missing or unknown (a rule says which)."""
    pool = settings.pools[name]
    if pool.kind == "existing":
        return _existing(name, settings, catalog)
    if pool.kind == "super":
        return _super(name, settings, catalog)
    machine = catalog.machines.get(pool.instance_type or "")
    if machine is None or (0 < machine.gpus < 1):
        return None
    whole = allocatable(machine, daemonsets(settings, catalog, gpu=machine.gpu is not None), catalog)
    exporter = gpu_exporter_needs(settings, catalog) if machine.gpu else NOTHING
    cpu, memory = _left(settings, pool, *whole, exporter)
    own = (POOL_LABEL, _pool_label(settings, name))
    return PoolPlan(
        name=name,
        kind=pool.kind,
        gpu=machine.gpu,
        gpus_per_node=machine.gpus,
        instance_type=machine.name,
        gpu_type=None,
        min_nodes=pool.nodes.min,
        max_nodes=pool.nodes.max,
        zone=settings.zone_of(pool),
        disk_gib=pool.disk.size or needed_disk(name, settings, catalog),
        disk_type=pool.disk.type,
        allocatable_cpu_millis=cpu,
        allocatable_memory_mib=memory,
        labels=(*pool.labels.items(), own),
        taints=(*((GPU_TAINT,) if machine.gpu else ()), *_taints(pool)),
        node_selector=(own,),
        tolerations=_tolerations(pool, gpu=bool(machine.gpu)),
        public_bandwidth=pool.public_bandwidth,
        charge=pool.charge,
        spot_max_price=pool.spot_max_price,
        key_id=pool.key_id,
        driver=_driver(pool.driver),
        price=settings.prices.get(machine.name),
    )


def _driver(driver: Driver | None) -> DriverPlan | None:
    """The driver that the stack file states or asks for."""
    if driver is None:
        return None
    return DriverPlan(
        version=driver.version,
        name=driver.name,
        cuda=driver.cuda,
        cuda_name=driver.cuda_name,
        cudnn=driver.cudnn,
        cudnn_name=driver.cudnn_name,
        url=driver.url,
        mig=driver.mig,
    )


def _pool_label(settings: Settings, name: str) -> str:
    """The value of `POOL_LABEL` on a pool's nodes; the stack's name keeps two stacks on one cluster apart."""
    return f"{dns_name(settings.stack)}-{name}"


def needed_disk(name: str, settings: Settings, catalog: Catalog) -> int:
    """GiB that the system disk of a pool's nodes needs for the images of the engines on it, for what their pods write
    and for the models' files that are kept there, in steps of 10.

    Each engine counts with the largest image that the catalogue has of it. An image of unknown size counts nothing.
    Files count once: those of a model that is replaced make room for the next one's.
    """
    pool = settings.pools[name]
    served = [model for model in settings.models.values() if settings.pool_of(model) == name]
    sizes = [largest_gib(engine, catalog) for engine in {model.engine for model in served}]
    if is_prefetched(settings, pool):
        # An update brings the next image while the last one runs; the kubelet removes neither, for pods use both.
        sizes *= 2
    machine = catalog.machines.get(pool.instance_type or "")
    slots = max(1, int(machine.gpus)) if machine else 1
    pods = sum(min(model.replica_range()[1], slots) for model in served)
    held = pods * on_disk(FOLDERS) + kept_gib(name, settings, catalog)
    return max(disk_for(sizes, held), NATIVE_DISK if pool.kind == "native" else SMALLEST_DISK)


def _left(
    settings: Settings, pool: Pool, cpu_millis: int, memory_mib: int, exporter: Resources = NOTHING
) -> tuple[int, int]:
    """CPU and memory of a node less what the pods take that keep images and files there and that show what its GPUs
    do."""
    taken = [exporter, *([PREFETCH] if is_prefetched(settings, pool) else [])]
    if keeps_files(settings, pool):
        taken += [FILLER, FOLDER_KEEPER]
    cpu_millis -= sum(each.cpu_millis for each in taken)
    return max(0, cpu_millis), max(0, memory_mib - sum(each.memory_mib for each in taken))


def disk_for(image_sizes: Iterable[float], held: float = 0) -> int:
    """GiB of a system disk that holds these images (unpacked sizes, GiB) and `held` GiB that nothing clears by itself,
    in steps of 10."""
    need = (sum(image_sizes) * PULL_FACTOR + SYSTEM_GIB + held) / FULLEST
    return int(-(-need // 10) * 10)


def _taints(pool: Pool) -> tuple[tuple[str, str, str], ...]:
    return tuple((taint.key, taint.value, taint.effect) for taint in pool.taints)


def _tolerations(pool: Pool, *, gpu: bool) -> tuple[tuple[str, str, str], ...]:
    return (*((GPU_TOLERATION,) if gpu else ()), *_taints(pool))


def _super(name: str, settings: Settings, catalog: Catalog) -> PoolPlan | None:
    """A pool of super nodes; its allocatable figures are those of the largest pod of that GPU type."""
    pool = settings.pools[name]
    kind = catalog.super_gpus.get(pool.gpu_type or "")
    largest = max(kind.specs, key=lambda spec: spec.gpus) if kind else None
    if kind is None or largest is None or largest.gpus < 1:
        return None
    others = sum(other.kind == "super" for other in settings.pools.values()) > 1
    own = (POOL_LABEL, _pool_label(settings, name))
    return PoolPlan(
        name=name,
        kind="super",
        gpu=kind.gpu,
        gpus_per_node=largest.gpus,
        instance_type="",
        gpu_type=kind.name,
        min_nodes=pool.nodes.min,
        max_nodes=pool.nodes.max,
        zone=settings.zone_of(pool),
        disk_gib=pool.disk.size or needed_disk(name, settings, catalog),
        disk_type=pool.disk.type,
        allocatable_cpu_millis=max(largest.vcpu) * 1000,
        allocatable_memory_mib=largest.memory_gib[1] * 1024,
        labels=(*pool.labels.items(), own),
        taints=_taints(pool),
        node_selector=(*SUPER_NODE_SELECTOR, *((own,) if others else ())),
        tolerations=(SUPER_NODE_TAINT, *_taints(pool)),
        public_bandwidth=pool.public_bandwidth,
        driver=_driver(pool.driver),
    )


def _existing(name: str, settings: Settings, catalog: Catalog) -> PoolPlan | None:
    pool = settings.pools[name]
    if pool.cpu is None or pool.memory is None or (pool.gpu is not None and pool.gpu not in catalog.gpus):
        return None
    if (pool.gpu is None) != (not pool.gpus_per_node):
        return None
    cpu, memory = _left(settings, pool, pool.cpu * 1000, mebibytes(pool.memory))
    return PoolPlan(
        name=name,
        kind="existing",
        gpu=pool.gpu,
        gpus_per_node=pool.gpus_per_node or 0,
        instance_type="",
        gpu_type=None,
        min_nodes=pool.nodes.min,
        max_nodes=pool.nodes.max,
        zone=None,
        disk_gib=0,
        disk_type="",
        allocatable_cpu_millis=cpu,
        allocatable_memory_mib=memory,
        labels=(),
        taints=(),
        node_selector=tuple(pool.node_selector.items()),
        tolerations=_tolerations(pool, gpu=bool(pool.gpu)),
        driver=_driver(pool.driver),
    )
