"""How a replica is run: what it requests, how long it may take to start, how it is updated and drained."""

import math
from dataclasses import dataclass

from catalog.hardware import SuperGpu
from planner.plan.types import PoolPlan
from settings.pools import MACHINE_KINDS
from settings.translation import tr

PROBE_PERIOD = 10
LEAST_STARTUP_SECONDS = 600
LOAD_MARGIN = 2.0
RANKS_READ_AGAIN = 1.5
"""The load may take this much longer than bytes / throughput; and again so where every rank of a tensor-parallel group
reads the files by itself over the network (vLLM PRs 24469 and 36012)."""

PRE_STOP_SECONDS = 15
"""In this time the pod leaves the Service's endpoints; then the server is told to stop (KServe LLMInferenceService)."""
EXIT_SECONDS = 15

SHM_MIB_PER_GPU = 2048
MOST_SHM_MIB = 16384
BASE_MEMORY_MIB = 8192
MEMORY_MIB_PER_GPU = 8192
LEAST_MEMORY_MIB = 4096
CPU_MILLIS_PER_GPU = 2000
BASE_CPU_MILLIS = 2000
LEAST_CPU_MILLIS = 1000
WHOLE_MACHINE_SHARE = 0.9


@dataclass(frozen=True)
class Requests:
    """CPU and memory of one pod. `fits` is false where the machine has less than the engine needs at the least."""

    cpu_millis: int
    memory_mib: int
    fits: bool
    because: str


@dataclass(frozen=True)
class Update:
    """How a Deployment replaces its pods."""

    strategy: str
    max_surge: int
    max_unavailable: int
    because: str


def shm_mib(gpus: int) -> int:
    """Size of /dev/shm: NCCL and the engine's processes exchange data there, so it grows with the GPUs of the pod
    (production-stack: 4 GiB for two, 20 GiB for eight)."""
    return min(SHM_MIB_PER_GPU * max(gpus, 1), MOST_SHM_MIB)


def requests(pool: PoolPlan, gpus: int, shm: int, *, least_memory_mib: int = 0, offload_mib: int = 0) -> Requests:
    """CPU and memory of one replica, within its share of the machine.

    The engine keeps a process per GPU and stages a weight file of about 5 GiB in each (KAITO's 16 GiB floor for one).
    /dev/shm counts against the same limit. A replica with all GPUs of a machine of ours gets nearly all of its memory:
    nothing else needs it, and the page cache of the weights does. An unknown machine (allocatable 0) bounds nothing.
    Without GPU the weights lie in RAM: `least_memory_mib` is then what the pod needs, and all it asks for; with GPUs it
    is what they do not hold, which the pod asks for besides. `offload_mib` of memory keep what the GPUs' cache has no
    room for; the engine takes them as it starts.
    """
    floor = (LEAST_MEMORY_MIB if gpus else least_memory_mib) + shm + offload_mib
    staged = BASE_MEMORY_MIB + MEMORY_MIB_PER_GPU * gpus + least_memory_mib
    memory = staged + shm + offload_mib if gpus else floor
    cpu = BASE_CPU_MILLIS + CPU_MILLIS_PER_GPU * gpus
    if not pool.allocatable_memory_mib or not pool.allocatable_cpu_millis:
        return Requests(cpu, memory, fits=True, because=tr("what the engine needs; the machine's size is not known"))
    slots = max(1.0, pool.gpus_per_node)
    share = min(1.0, gpus / slots) if gpus else 1.0
    most_memory = int(pool.allocatable_memory_mib * share)
    most_cpu = int(pool.allocatable_cpu_millis * share)
    whole = gpus and gpus >= slots and pool.kind in MACHINE_KINDS
    if whole:
        memory = max(memory, int(most_memory * WHOLE_MACHINE_SHARE))
    return Requests(
        cpu_millis=max(min(cpu, most_cpu), 1),
        memory_mib=max(min(memory, most_memory), 1),
        fits=floor <= most_memory and most_cpu >= LEAST_CPU_MILLIS,
        because=tr("nearly the whole machine, whose GPUs it takes all") if whole else tr("its share of the machine"),
    )


def load_seconds(weights_bytes: int, read_mbps: float, gpus: int, *, prefetch: bool) -> float:
    """Expected seconds to read the weights from the store: bytes / throughput (10**6 bytes per second)."""
    once = weights_bytes / (read_mbps * 1e6)
    return once if prefetch or gpus == 1 else once * RANKS_READ_AGAIN


def startup_failures(load: float, warm_up: float) -> int:
    """How many probes, `PROBE_PERIOD` apart, may fail before a starting server is given up.

    At least ten minutes, as KServe and production-stack allow; both the load and the warm-up (compilation, CUDA graphs)
    may take twice what is expected.
    """
    return math.ceil(max(LEAST_STARTUP_SECONDS, (load + warm_up) * LOAD_MARGIN) / PROBE_PERIOD)


def update(replicas: int, *, spare: bool) -> Update:
    """Rolling where a spare place on the pool takes the new pod first; else the old pod must make room."""
    if spare:
        return Update("RollingUpdate", 1, 0, tr("there is a spare place for the new pod"))
    if replicas == 1:
        return Update("Recreate", 0, 1, tr("no place is spare, so the old pod must go before the new one can start"))
    return Update("RollingUpdate", 0, 1, tr("no place is spare, so replicas are replaced one at a time"))


def super_spec(super_gpu: SuperGpu, gpus: int) -> tuple[int, int] | None:
    """(CPU millis, memory MiB) of the largest spec with that many GPUs on a super node; None: there is none."""
    specs = [spec for spec in super_gpu.specs if max(1.0, spec.gpus) == gpus]
    if not specs:
        return None
    largest = max(specs, key=lambda spec: (spec.memory_gib[1], max(spec.vcpu)))
    return max(largest.vcpu) * 1000, largest.memory_gib[1] * 1024
