"""NVIDIA's dcgm-exporter, which shows what the GPUs of machines do.

It runs on the machines that the stack makes, and says whose pod holds each GPU. On super nodes no DaemonSet runs
(vendor 457/40027), and TKE's own exporter is for nodes with qGPU, which none of ours is (vendor 457/66285).
"""

from collections.abc import Mapping

from catalog.load import Catalog
from catalog.software import Chart
from planner.plan.server import Resources
from planner.plan.software import InstallPlan
from planner.plan.types import PoolPlan
from planner.software.charts import choose, plan_install
from planner.software.prometheus import installs_exporters
from settings.pools import MACHINE_KINDS
from settings.stack import Settings

GPU_EXPORTER = "dcgm-exporter"


def plan_gpu_exporter(settings: Settings, catalog: Catalog, pools: Mapping[str, PoolPlan]) -> InstallPlan | None:
    """Its release, where the stack installs or attaches what reads it and has machines with GPUs."""
    machines = [pool for pool in pools.values() if has_machines_with_gpus(pool)]
    if not installs_exporters(settings) or not machines:
        return None
    nodes = "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    values = {
        "customMetrics": _fields(catalog),
        nodes: [_labelled(pool) for pool in machines],
        # It goes wherever those nodes are, whatever keeps other pods off them.
        "tolerations": [{"operator": "Exists"}],
    }
    return plan_install(gpu_exporter_chart(settings, catalog), settings, catalog, values=values)


def gpu_exporter_chart(settings: Settings, catalog: Catalog) -> Chart:
    """NVIDIA's own chart."""
    return choose(GPU_EXPORTER, "helm", settings, catalog)


def has_machines_with_gpus(pool: PoolPlan) -> bool:
    """Whether the pool's nodes are machines of ours that have GPUs."""
    return pool.kind in MACHINE_KINDS and pool.gpu is not None


def gpu_exporter_needs(settings: Settings, catalog: Catalog) -> Resources:
    """What it takes of every machine with GPUs; nothing where it is not installed."""
    parts = gpu_exporter_chart(settings, catalog).parts if installs_exporters(settings) else ()
    return Resources(sum(part.cpu_millis for part in parts), sum(part.memory_mib for part in parts), 0)


def _fields(catalog: Catalog) -> str:
    """The fields of DCGM that it shows: those that somebody asks for here. Its own choice holds fields of profiling
    too, at which it stops without SYS_ADMIN ("Host engine is running as non-root": NVIDIA/dcgm-exporter issues 402 and
    407)."""
    shown = catalog.metrics["dcgm"].metrics
    return "\n".join(f"{each.name}, gauge, {role}" for role, names in shown.items() for each in names)


def _labelled(pool: PoolPlan) -> dict[str, object]:
    return {
        "matchExpressions": [{"key": key, "operator": "In", "values": [value]} for key, value in pool.node_selector]
    }
