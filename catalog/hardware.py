"""GPUs, machine types, and the GPU types of super nodes."""

from typing import Literal

from pydantic import PositiveFloat, PositiveInt

from catalog.entry import Entry, Record

DiskType = Literal["CLOUD_PREMIUM", "CLOUD_SSD", "CLOUD_BSSD", "CLOUD_HSSD"]


class Gpu(Entry):
    """A GPU model. `usable_gib` is what a process sees after ECC and firmware, per GPU; `mig`: it can be cut into
    instances (Multi-Instance GPU). `bandwidth_gbs`: peak bandwidth of its memory in GB/s (10**9 bytes); None: unknown.

    `fp8`, `awq`, `gptq`, `mxfp4`: the formats of weights that it reads; `marlin`: by fast kernels, also of nvfp4.
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


class SuperSpec(Record):
    """One row of the super nodes' specification table: `gpus` with any of `vcpu` and up to `memory_gib`."""

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
