"""What a super node makes of a pod: the machine that it is given, which is the smallest that holds its requests."""

from dataclasses import dataclass
from math import ceil

from catalog.load import Catalog
from rehearsal.cluster.amounts import Amount, requested
from rehearsal.cluster.objects import Object

PREFIX = "eks.tke.cloud.tencent.com"
GPU_TYPE = f"{PREFIX}/gpu-type"
_SHARED = 1
"""GPUs that a pod asks for to get a part of one, by a type such as `1/4*T4`."""


@dataclass(frozen=True)
class Granted:
    """The machine that a pod is billed for. `memory_gib` is what it asked for, in whole GiB."""

    gpu_type: str
    gpus: float
    vcpu: int
    memory_gib: int

    def __str__(self) -> str:
        return f"{self.gpus:g} x {self.gpu_type}, {self.vcpu} vCPU, {self.memory_gib} GiB"


class NoSuchMachineError(Exception):
    """No machine of the type holds the pod; the message says why."""


def granted(pod: Object, catalog: Catalog) -> Granted | None:
    """The machine of a pod on a super node; None for a pod without GPU. Raises `NoSuchMachineError`.

    Of a list of types the first that holds the pod counts.
    """
    annotations = pod["metadata"].get("annotations") or {}
    asks = requested(pod["spec"])
    types = [each.strip() for each in annotations.get(GPU_TYPE, "").split(",") if each.strip()]
    if not asks.gpus:
        return None
    if not types:
        raise NoSuchMachineError(f"a super node gives a GPU only to a pod with the annotation {GPU_TYPE}")
    for kind in types:
        if (machine := _smallest(kind, asks, catalog)) is not None:
            return machine
    raise NoSuchMachineError(
        f"no machine of {', '.join(types)} has {asks.gpus} GPUs, {asks.cpu_millis / 1000:g} vCPU and "
        f"{asks.memory_mib / 1024:.1f} GiB"
    )


def _smallest(kind: str, asks: Amount, catalog: Catalog) -> Granted | None:
    known = catalog.super_gpus.get(kind)
    if known is None:
        return None
    memory = ceil(asks.memory_mib / 1024)
    fitting = [
        Granted(kind, spec.gpus, vcpu, max(memory, spec.memory_gib[0]))
        for spec in known.specs
        if max(spec.gpus, _SHARED) == asks.gpus and memory <= spec.memory_gib[1]
        for vcpu in spec.vcpu
        if vcpu * 1000 >= asks.cpu_millis
    ]
    return min(fitting, key=lambda machine: machine.vcpu, default=None)
