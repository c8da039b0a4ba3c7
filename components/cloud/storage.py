"""The shared store for models on Cloud File Storage (CFS)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import tencentcloud_iac_pulumi as tencentcloud
from tencentcloud_iac_pulumi.cfs.outputs import GetFileSystemsFileSystemListResult

from components.naming import ACCESS_GROUP_NAME_LIMIT, Naming
from planner.plan.types import ConnectionPlan, GivenFileSystem, MadeFileSystem, StoragePlan
from planner.storage.drivers import CFS_DRIVER, TURBO_DRIVER
from planner.storage.origin import ID_PREFIX


def class_parameters(
    planned: Mapping[str, str], vpc_id: str, subnet_id: str, zone: str, access_group_id: str
) -> dict[str, str]:
    """Parameters of the CFS StorageClass: what the plan chose, and where the file system is to be.

    Without `subdir-share` each claim gets a file system of its own, which goes with the claim. With it, claims would
    share one that outlives them all, billed and holding the access group, after the stack is gone.
    """
    return {
        **planned,
        "vpcid": vpc_id,
        "subnetid": subnet_id,
        "zone": zone,
        "pgroupid": access_group_id,
    }


@dataclass(frozen=True, kw_only=True)
class SharedStorageArgs:
    """`subnet_id` should be in the zone of the pool that reads the models; `cidr` is the VPC's."""

    naming: Naming
    plan: StoragePlan
    vpc_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    cidr: pulumi.Input[str]
    retain: bool


class SharedStorage(pulumi.ComponentResource):
    """Who may mount the store, and the parameters of the StorageClass that makes it."""

    access_group_id: pulumi.Output[str]
    parameters: pulumi.Output[dict[str, str]]

    def __init__(self, name: str, args: SharedStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:cloud:SharedStorage", name, {}, opts)
        # A retained file system goes on needing the group that says who may mount it.
        child = pulumi.ResourceOptions(parent=self, retain_on_delete=args.retain)
        group = tencentcloud.cfs.AccessGroup(
            f"{name}-access-group",
            name=args.naming.name("models", ACCESS_GROUP_NAME_LIMIT),
            description=f"Model store of {args.naming.project} {args.naming.stack}",
            opts=child,
        )
        rule = tencentcloud.cfs.AccessRule(
            f"{name}-access-rule",
            access_group_id=group.id,
            auth_client_ip=args.cidr,
            priority=1,
            rw_permission="RW",
            # The download Job starts as root on an empty file system and hands the tree to the server's group.
            user_permission="no_root_squash",
            opts=child,
        )
        # Through the rule's own output, so that no volume is made before anyone may mount it.
        self.access_group_id = rule.access_group_id
        self.parameters = pulumi.Output.all(
            vpc_id=args.vpc_id, subnet_id=args.subnet_id, access_group_id=self.access_group_id
        ).apply(lambda ids: class_parameters(dict(args.plan.parameters), zone=args.plan.zone, **ids))
        self.register_outputs({"accessGroupId": self.access_group_id, "parameters": self.parameters})


NFS_VERSION = "3"
"""The only version of NFS that CFS mounts reliably."""


def cfs_attributes(fs_id: str, host: str, folder: str | None = None) -> dict[str, str]:
    """CSI volume attributes of a CFS file system. `path` begins at its root: over NFS 3 the driver puts ``/<fsid>`` in
    front itself (NodePublishVolume in driver/cfs/node.go of TencentCloud/kubernetes-csi-tencentcloud)."""
    return {"fsid": fs_id, "host": host, "path": f"/{(folder or '').strip('/')}", "vers": NFS_VERSION}


def turbo_attributes(fs_id: str, host: str, root: str | None = None) -> dict[str, str]:
    """CSI volume attributes of a CFS Turbo file system."""
    return {"fsid": fs_id, "host": host, "path": root or "/"}


@dataclass(frozen=True, kw_only=True)
class FileSystemArgs:
    """`capacity` in GiB, which CFS Turbo alone is told."""

    naming: Naming
    plan: MadeFileSystem
    zone: str
    capacity: int
    vpc_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    access_group_id: pulumi.Input[str]
    retain: bool


class FileSystem(pulumi.ComponentResource):
    """A file system that is there before the cluster and, with `retain`, after it; volumes name it statically.

    `fsid` is the name of its mount target and `mount_host` its address: what another stack needs to mount it.
    """

    driver: str
    fsid: pulumi.Output[str]
    mount_host: pulumi.Output[str]
    volume_attributes: pulumi.Output[dict[str, str]]

    def __init__(self, name: str, args: FileSystemArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:cloud:FileSystem", name, {}, opts)
        turbo = args.plan.connection is not None
        file_system = tencentcloud.cfs.FileSystem(
            f"{name}-cfs",
            name=args.naming.name("models"),
            availability_zone=args.zone,
            access_group_id=args.access_group_id,
            tags=args.naming.tags,
            storage_type=args.plan.storage_type,
            **(self._nfs(args) if args.plan.connection is None else self._turbo(name, args, args.plan.connection)),
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=args.retain),
        )
        self.driver = TURBO_DRIVER if turbo else CFS_DRIVER
        self.fsid, self.mount_host = file_system.fs_id, file_system.mount_ip
        self.volume_attributes = pulumi.Output.all(self.fsid, self.mount_host).apply(
            lambda found: turbo_attributes(*found) if turbo else cfs_attributes(*found)
        )
        self.register_outputs({"volumeAttributes": self.volume_attributes})

    def _nfs(self, args: FileSystemArgs) -> dict[str, Any]:
        return {
            "protocol": "NFS",
            "net_interface": "VPC",
            "vpc_id": args.vpc_id,
            "subnet_id": args.subnet_id,
        }

    def _turbo(self, name: str, args: FileSystemArgs, connection: ConnectionPlan) -> dict[str, Any]:
        attachment = _attach(name, self, connection, args.vpc_id)
        return {
            "protocol": "TURBO",
            "net_interface": "CCN",
            # Through the attachment's own output: the mount target is reached by it alone.
            "ccn_id": attachment.ccn_id,
            "cidr_block": str(args.plan.cidr),
            "capacity": args.capacity,
        }


def _attach(
    name: str, parent: pulumi.Resource, connection: ConnectionPlan, vpc_id: pulumi.Input[str]
) -> tencentcloud.ccn.AttachmentV2:
    """Connect the VPC to the network that the mount target is in."""
    return tencentcloud.ccn.AttachmentV2(
        f"{name}-ccn",
        ccn_id=connection.ccn_id,
        instance_id=vpc_id,
        instance_type="VPC",
        instance_region=connection.region,
        opts=pulumi.ResourceOptions(parent=parent),
    )


@dataclass(frozen=True, kw_only=True)
class ExistingFileSystemArgs:
    """`vpc_id`: what the plan's connection attaches; None where nothing is made in the cloud."""

    plan: GivenFileSystem
    turbo: bool
    vpc_id: pulumi.Input[str] | None = None


class ExistingFileSystem(pulumi.ComponentResource):
    """A file system that this stack does not make."""

    driver: str
    volume_attributes: pulumi.Output[dict[str, str]]

    def __init__(self, name: str, args: ExistingFileSystemArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:cloud:ExistingFileSystem", name, {}, opts)
        plan, wanted = args.plan, args.plan.file_system_id
        fsid: pulumi.Output[str] = pulumi.Output.from_input(wanted)
        if wanted.startswith(ID_PREFIX):
            found = tencentcloud.cfs.get_file_systems_output(
                file_system_id=wanted, opts=pulumi.InvokeOutputOptions(parent=self)
            )
            fsid = found.file_system_lists.apply(lambda systems: fsid_of(wanted, systems))
        if plan.connection is not None and args.vpc_id is not None:
            attachment = _attach(name, self, plan.connection, args.vpc_id)
            # Through the attachment's own output: no volume is mounted before it can be reached.
            fsid = pulumi.Output.all(fsid, attachment.ccn_id).apply(lambda both: both[0])
        self.driver = TURBO_DRIVER if args.turbo else CFS_DRIVER
        attributes = turbo_attributes if args.turbo else cfs_attributes
        self.volume_attributes = fsid.apply(lambda found: attributes(found, plan.mount_host, plan.mount_path))
        self.register_outputs({"volumeAttributes": self.volume_attributes})


def fsid_of(file_system_id: str, found: Sequence[GetFileSystemsFileSystemListResult]) -> str:
    """The FSID of a file system; `pulumi.RunError` where the region has none of that id."""
    for system in found:
        if system.file_system_id == file_system_id and system.fs_id:
            return system.fs_id
    raise pulumi.RunError(f"tke-llm:storage.fileSystemId: there is no file system {file_system_id} in this region")
