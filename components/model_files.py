"""Where the models' files lie in the cloud: behind a StorageClass, or on a file system that volumes name."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi

from components.cloud.network import Network
from components.cloud.storage import (
    Connection,
    ExistingFileSystem,
    ExistingFileSystemArgs,
    FileSystem,
    FileSystemArgs,
    SharedStorage,
    SharedStorageArgs,
    Turbo,
)
from components.naming import Naming
from components.workloads.model_store import StaticVolume
from planner.plan.types import Plan
from settings.models import Settings


@dataclass(frozen=True, kw_only=True)
class ModelFilesArgs:
    """`network`: where file systems are made, None where nothing is made in the cloud."""

    naming: Naming
    plan: Plan
    network: Network | None


@dataclass(frozen=True, kw_only=True)
class ModelFiles:
    """`parameters` are those of the class that makes the store, `volume` names a file system instead. `kept` is the
    stack's output `modelStore`: what another stack has to say to find the models after this one is gone."""

    parameters: pulumi.Output[dict[str, str]] | None = None
    volume: StaticVolume | None = None
    kept: Mapping[str, pulumi.Input[str]] | None = None


def store_zone(plan: Plan) -> str:
    """Where the models are read, for a file system in another zone answers more slowly; "" without a network."""
    zones = [pool.zone for pool in plan.pools.values() if pool.zone is not None]
    return next(iter([*zones, *plan.settings.network.zones]), "")


def model_files(name: str, args: ModelFilesArgs, opts: pulumi.ResourceOptions) -> ModelFiles:
    """Make what the plan's storage asks for. Raises ValueError where a plan has no network for a file system."""
    storage = args.plan.storage
    if storage.kind == "class":
        return ModelFiles()
    if storage.origin == "given":
        return ModelFiles(volume=_volume(args.plan, _existing(name, args, opts)))
    if args.network is None:
        raise ValueError("the plan has no network for a file system")
    network, settings, zone = args.network, args.plan.settings, store_zone(args.plan)
    shared = SharedStorage(
        f"{name}-storage",
        SharedStorageArgs(
            naming=args.naming,
            plan=storage,
            vpc_id=network.vpc_id,
            subnet_id=network.subnet_in(zone),
            zone=zone,
            cidr=network.cidr,
            retain=settings.retain,
        ),
        opts,
    )
    if storage.origin == "provisioned":
        return ModelFiles(parameters=shared.parameters)
    made = FileSystem(
        f"{name}-files",
        FileSystemArgs(
            naming=args.naming,
            performance=settings.storage.performance,
            zone=zone,
            vpc_id=network.vpc_id,
            subnet_id=network.store_subnet_id or network.subnet_in(zone),
            access_group_id=shared.access_group_id,
            retain=settings.retain,
            turbo=turbo(settings, storage.request_gib) if storage.kind == "cfs-turbo" else None,
        ),
        opts,
    )
    return ModelFiles(volume=_volume(args.plan, made), kept=_kept(settings, network, made) if settings.retain else None)


def turbo(settings: Settings, capacity: int) -> Turbo:
    """What a CFS Turbo file system needs beyond CFS. Raises ValueError where a plan lacks it."""
    storage = settings.storage
    return Turbo(
        ccn_id=_required(storage.ccn_id, "storage.ccnId"),
        cidr=_required_range(storage.turbo_cidr),
        region=_required(settings.region, "tencentcloud:region"),
        capacity=capacity,
    )


def _volume(plan: Plan, files: FileSystem | ExistingFileSystem) -> StaticVolume:
    return StaticVolume(
        driver=files.driver,
        attributes=files.volume_attributes,
        super_nodes=any(pool.kind == "super" for pool in plan.pools.values()),
    )


def _existing(name: str, args: ModelFilesArgs, opts: pulumi.ResourceOptions) -> ExistingFileSystem:
    settings, storage, network = args.plan.settings, args.plan.settings.storage, args.network
    connect = None
    if network is not None and settings.network.vpc_id is None and storage.ccn_id is not None:
        region = _required(settings.region, "tencentcloud:region")
        connect = Connection(ccn_id=storage.ccn_id, vpc_id=network.vpc_id, region=region)
    return ExistingFileSystem(
        f"{name}-files",
        ExistingFileSystemArgs(
            file_system_id=_required(storage.file_system_id, "storage.fileSystemId"),
            mount_host=_required(storage.mount_host, "storage.mountHost"),
            mount_path=storage.mount_path,
            turbo=args.plan.storage.kind == "cfs-turbo",
            connect=connect,
        ),
        opts,
    )


def _kept(settings: Settings, network: Network, made: FileSystem) -> dict[str, pulumi.Input[str]]:
    """Settings of the stack file by their paths, as they find the file system again."""
    ccn_id = settings.storage.ccn_id
    return {
        "storage.kind": settings.storage.kind,
        "storage.fileSystemId": made.fsid,
        "storage.mountHost": made.mount_host,
        **({"network.vpcId": network.vpc_id} if ccn_id is None else {"storage.ccnId": ccn_id}),
    }


def _required(value: str | None, path: str) -> str:
    if value is None:
        raise ValueError(f"the plan has no {path}")
    return value


def _required_range(value: IPv4Network | None) -> IPv4Network:
    if value is None:
        raise ValueError("the plan has no storage.turboCidr")
    return value
