"""The pools of the stack file: which machines models run on, and what is on them."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic.types import Strict

from settings.names import (
    DottedVersion,
    DriverVersion,
    FileName,
    Hardware,
    KeyId,
    LabelKey,
    LabelValue,
    Quantity,
    Url,
    Zone,
)
from settings.section import Section
from settings.translation import tr
from settings.values import MOST_NODES, Flag, Number, bounds, sized, versioned

MACHINE_KINDS = frozenset({"native", "ordinary"})
"""Kinds of pools whose machines the stack makes, and which bill by the machine."""


class NodeRange(Section):
    """Smallest and largest number of nodes."""

    min: Annotated[int, Strict(), Field(ge=0, le=MOST_NODES)] = Field(
        default=1, description="Smallest number of nodes."
    )
    max: Annotated[int, Strict(), Field(ge=1, le=MOST_NODES)] = Field(default=1, description="Largest number of nodes.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(tr("min {min} is larger than max {max}", min=self.min, max=self.max))
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

    version: DriverVersion | None = Field(default=None, description="Driver version, such as 550.90.07.")
    name: FileName | None = Field(
        default=None, description="File name of the driver, as TKE lists it (ordinary pools)."
    )
    cuda: DottedVersion | None = Field(
        default=None, description="CUDA version to install on the node (ordinary pools)."
    )
    cuda_name: FileName | None = Field(default=None, description="File name of that CUDA, as TKE lists it.")
    cudnn: DottedVersion | None = Field(
        default=None, description="cuDNN version to install on the node (ordinary pools)."
    )
    cudnn_name: FileName | None = Field(default=None, description="File name of that cuDNN, as TKE lists it.")
    url: Url | None = Field(default=None, description="Address of a driver of your own (ordinary pools).")
    mig: Flag = Field(default=False, description="Turn on MIG (ordinary pools).")


class Taint(Section):
    """A taint that every node of the pool carries."""

    key: LabelKey = Field(description="Key of the taint.")
    value: LabelValue = Field(default="", description="Value of the taint.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = Field(
        default="NoSchedule", description="Effect of the taint."
    )


class Pool(Section):
    """Machines with GPUs that models run on."""

    kind: Literal["native", "ordinary", "super", "existing"] = Field(
        default="native",
        description="`native` or `ordinary` nodes, `super` nodes (no machines, billed per pod), or nodes that exist.",
    )
    instance_type: Hardware | None = Field(default=None, description="Machine type (native and ordinary pools).")
    gpu_type: Hardware | None = Field(default=None, description="GPU type of super nodes, such as `T4` or `A10*PNV4`.")
    zone: Zone | None = Field(default=None, description="Zone of the pool; absent: the first zone of the network.")
    nodes: Annotated[NodeRange, BeforeValidator(bounds)] = Field(
        default=NodeRange.model_construct(),
        description="`{min, max}` or one number; a range turns on node autoscaling.",
    )
    charge: Literal["postpaid", "prepaid", "spot"] = Field(default="postpaid", description="How nodes are billed.")
    spot_max_price: Annotated[Number, Field(gt=0, le=1_000_000)] | None = Field(
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
    key_id: KeyId | None = Field(default=None, description="SSH key pair (`skey-…`) for the nodes.")
    labels: dict[LabelKey, LabelValue] = Field(default={}, max_length=50, description="Labels of the nodes.")
    taints: tuple[Taint, ...] = Field(
        default=(),
        max_length=50,
        description="Further taints of the nodes; models tolerate them. DaemonSets of add-ons may not.",
    )
    node_selector: dict[LabelKey, LabelValue] = Field(
        default={},
        max_length=50,
        description="Labels that find the nodes (existing pools); absent: any, with GPUs any that has enough free.",
    )
    gpu: Hardware | None = Field(default=None, description="GPU of the nodes (existing pools); absent: CPU only.")
    gpus_per_node: Annotated[int, Strict(), Field(ge=0, le=16)] | None = Field(
        default=None, description="GPUs on each node (existing pools)."
    )
    cpu: Annotated[int, Strict(), Field(ge=1, le=10_000)] | None = Field(
        default=None, description="Allocatable CPU cores of each node (existing pools)."
    )
    memory: Quantity | None = Field(default=None, description="Allocatable memory of each node (existing pools).")
