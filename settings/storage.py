"""The store of models, and the page's volume, in the stack file."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.types import Strict

from settings.names import CcnId, CloudId, HostAddress, ObjectName, Word
from settings.section import Section
from settings.values import Cidr


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
