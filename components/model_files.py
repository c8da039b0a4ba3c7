"""Where the models' files lie in the cloud: behind a StorageClass, or on a file system that volumes name."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.cloud.network import VpcNetwork
from components.cloud.storage import (
    ExistingFileSystem,
    ExistingFileSystemArgs,
    FileSystem,
    FileSystemArgs,
    SharedStorage,
    SharedStorageArgs,
)
from components.naming import Naming
from components.workloads.model_store import StaticVolume
from planner.plan.types import GivenFileSystem, MadeFileSystem, Plan


@dataclass(frozen=True, kw_only=True)
class ModelFilesArgs:
    """`network`: where file systems are made, None where nothing is made in the cloud."""

    naming: Naming
    plan: Plan
    network: VpcNetwork | None


@dataclass(frozen=True, kw_only=True)
class ModelFiles:
    """`parameters` are those of the class that makes the store, `volume` names a file system instead. `kept` is the
    stack's output `modelStore`: what another stack has to say to find the models after this one is gone."""

    parameters: pulumi.Output[dict[str, str]] | None = None
    volume: StaticVolume | None = None
    kept: Mapping[str, pulumi.Input[str]] | None = None


def model_files(name: str, args: ModelFilesArgs, opts: pulumi.ResourceOptions) -> ModelFiles:
    """Make what the plan's storage asks for. Raises ValueError where a plan has no network for a file system."""
    storage = args.plan.storage
    if storage.kind == "class":
        return ModelFiles()
    if isinstance(storage.file_system, GivenFileSystem):
        return ModelFiles(volume=_volume(args.plan, _existing(name, args, storage.file_system, opts)))
    if args.network is None:
        raise ValueError("the plan has no network for a file system")
    network, retain = args.network, args.plan.retain
    shared = SharedStorage(
        f"{name}-storage",
        SharedStorageArgs(
            naming=args.naming,
            plan=storage,
            vpc_id=network.vpc_id,
            subnet_id=network.subnet_in(storage.zone),
            cidr=network.cidr,
            retain=retain,
        ),
        opts,
    )
    if storage.file_system is None:
        return ModelFiles(parameters=shared.parameters)
    made = FileSystem(
        f"{name}-files",
        FileSystemArgs(
            naming=args.naming,
            plan=storage.file_system,
            zone=storage.zone,
            capacity=storage.request_gib,
            vpc_id=network.vpc_id,
            subnet_id=network.store_subnet_id or network.subnet_in(storage.zone),
            access_group_id=shared.access_group_id,
            retain=retain,
        ),
        opts,
    )
    kept = _kept(storage.kind, storage.file_system, network, made) if retain else None
    return ModelFiles(volume=_volume(args.plan, made), kept=kept)


def _volume(plan: Plan, files: FileSystem | ExistingFileSystem) -> StaticVolume:
    return StaticVolume(
        driver=files.driver,
        attributes=files.volume_attributes,
        super_nodes=any(pool.kind == "super" for pool in plan.pools.values()),
    )


def _existing(
    name: str, args: ModelFilesArgs, given: GivenFileSystem, opts: pulumi.ResourceOptions
) -> ExistingFileSystem:
    return ExistingFileSystem(
        f"{name}-files",
        ExistingFileSystemArgs(
            plan=given,
            turbo=args.plan.storage.kind == "cfs-turbo",
            vpc_id=None if args.network is None else args.network.vpc_id,
        ),
        opts,
    )


def _kept(kind: str, plan: MadeFileSystem, network: VpcNetwork, made: FileSystem) -> dict[str, pulumi.Input[str]]:
    """Settings of the stack file by their paths, as they find the file system again."""
    reached = (
        {"network.vpcId": network.vpc_id}
        if plan.connection is None
        else {"storage.ccnId": pulumi.Output.from_input(plan.connection.ccn_id)}
    )
    return {
        "storage.kind": kind,
        "storage.fileSystemId": made.fsid,
        "storage.mountHost": made.mount_host,
        **reached,
    }
