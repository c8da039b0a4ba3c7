"""Node pools: the CPU system pool and the pools with GPUs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_random as random
import tencentcloud_iac_pulumi as tencentcloud

from components.naming import POOL_NAME_LIMIT, Naming
from planner.plan.types import DriverPlan, PoolPlan, SystemPoolPlan
from planner.software.addons import SYSTEM as SYSTEM_POOL

kubernetes = tencentcloud.kubernetes

NODE_OS = "tlinux3.1x86_64"
"""Public image of the nodes of the cluster and its ordinary pools (TencentOS Server 3.1)."""

CEILING = 1000
"""`max_size` of a pool of fixed size. The provider refuses to change bounds and desired capacity in one update, so
the bounds never change and the size is the desired capacity alone."""

CHARGE_TYPES = {"postpaid": "POSTPAID_BY_HOUR", "prepaid": "PREPAID", "spot": "SPOTPAID"}
PUBLIC_CHARGE_TYPE = "TRAFFIC_POSTPAID_BY_HOUR"
PREPAID_MONTHS = 1
PREPAID_RENEWAL = "NOTIFY_AND_MANUAL_RENEW"

# A machine type that is nearly sold out is retried for a while before a pool gives up.
TIMEOUTS = pulumi.CustomTimeouts(create="60m", update="60m", delete="30m")


def node_password(name: str, parent: pulumi.Resource) -> pulumi.Output[str]:
    """A sealed random password that a node accepts: 16 characters, the most that the provider takes, of all four
    kinds, special ones only from the list of the API (type LoginSettings)."""
    return random.RandomPassword(
        f"{name}-password",
        length=16,
        min_lower=2,
        min_upper=2,
        min_numeric=2,
        min_special=2,
        override_special="@#%+=:",
        opts=pulumi.ResourceOptions(parent=parent),
    ).result


@dataclass(frozen=True, kw_only=True)
class SystemNodePoolArgs:
    """The CPU nodes, spread over `subnet_ids`."""

    naming: Naming
    plan: SystemPoolPlan
    cluster_id: pulumi.Input[str]
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]


class SystemNodePool(pulumi.ComponentResource):
    """CPU nodes of the ordinary kind, which everything that needs no GPU is pinned to by the plan's labels. `node_pool`
    is done when the nodes are ready."""

    node_pool: pulumi.Resource

    def __init__(self, name: str, args: SystemNodePoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:cloud:SystemPool", name, {}, opts)
        pool = kubernetes.NodePool(
            f"{name}-nodes",
            name=args.naming.name(SYSTEM_POOL, POOL_NAME_LIMIT),
            cluster_id=args.cluster_id,
            vpc_id=args.vpc_id,
            subnet_ids=list(args.subnet_ids),
            min_size=0,
            max_size=CEILING,
            desired_capacity=args.plan.nodes,
            enable_auto_scale=False,
            wait_node_ready=True,
            multi_zone_subnet_policy="EQUALITY",
            retry_policy="INCREMENTAL_INTERVALS",
            delete_keep_instance=False,
            node_os=NODE_OS,
            labels=dict(args.plan.labels),
            auto_scaling_config=kubernetes.NodePoolAutoScalingConfigArgs(
                instance_type=args.plan.instance_type,
                system_disk_type="CLOUD_PREMIUM",
                system_disk_size=args.plan.disk_gib,
                orderly_security_group_ids=[args.security_group_id],
                instance_charge_type=CHARGE_TYPES["postpaid"],
                **_public(args.plan.public_bandwidth),
                **_login(name, args.plan.key_id, self),
            ),
            tags=args.naming.tags,
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=TIMEOUTS),
        )
        self.node_pool = pool
        self.register_outputs({"poolId": pool.id})


@dataclass(frozen=True, kw_only=True)
class GpuPoolArgs:
    """One pool of machines or super nodes.

    While `paused` it has no node. `after`: what must be done before GPUs are bought (the GPU add-on; with order
    `cheapest` the downloads too).
    """

    naming: Naming
    plan: PoolPlan
    cluster_id: pulumi.Input[str]
    vpc_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    security_group_id: pulumi.Input[str]
    paused: bool = False
    after: Sequence[pulumi.Resource] = ()


class GpuPool(pulumi.ComponentResource):
    """Native, ordinary or super nodes with GPUs in one zone. Pools that exist already are not made."""

    node_pool: pulumi.Resource

    def __init__(self, name: str, args: GpuPoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:cloud:GpuPool", name, {}, opts)
        self._name = name
        self._after = list(args.after)
        self._pool_name = args.naming.name(args.plan.name, POOL_NAME_LIMIT)
        self._autoscaled = args.plan.min_nodes != args.plan.max_nodes
        self._nodes = 0 if args.paused else args.plan.min_nodes
        make = {"native": self._native, "ordinary": self._ordinary, "super": self._super}[args.plan.kind]
        pool = make(args)
        self.node_pool = pool
        self.register_outputs({"poolId": pool.id})

    def _options(self, *, ignored: list[str], replacing: list[str]) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self,
            # Not by data: neither gives a pool anything. TKE would install its own GPU add-on with the pool where there
            # is none, and downloads have to be over before GPUs are billed.
            depends_on=self._after,
            custom_timeouts=TIMEOUTS,
            ignore_changes=ignored,
            replace_on_changes=replacing,
            # The new machines would need GPUs beside those of the old ones, and a pool of the same name.
            delete_before_replace=True,
        )

    def _native(self, args: GpuPoolArgs) -> pulumi.CustomResource:
        plan = args.plan
        return kubernetes.NativeNodePool(
            f"{self._name}-nodes",
            name=self._pool_name,
            cluster_id=args.cluster_id,
            type="Native",
            labels=[kubernetes.NativeNodePoolLabelArgs(name=key, value=value) for key, value in plan.labels],
            taints=[
                kubernetes.NativeNodePoolTaintArgs(key=key, value=value, effect=effect)
                for key, value, effect in plan.taints
            ],
            tags=[
                kubernetes.NativeNodePoolTagArgs(
                    resource_type="machine",
                    tags=[
                        kubernetes.NativeNodePoolTagTagArgs(key=key, value=value)
                        for key, value in args.naming.tags.items()
                    ],
                )
            ],
            native=kubernetes.NativeNodePoolNativeArgs(
                instance_charge_type=CHARGE_TYPES[plan.charge],
                instance_charge_prepaid=kubernetes.NativeNodePoolNativeInstanceChargePrepaidArgs(
                    period=PREPAID_MONTHS, renew_flag=PREPAID_RENEWAL
                )
                if plan.charge == "prepaid"
                else None,
                instance_types=[plan.instance_type],
                system_disk=kubernetes.NativeNodePoolNativeSystemDiskArgs(
                    disk_type=plan.disk_type, disk_size=plan.disk_gib
                ),
                subnet_ids=[args.subnet_id],
                security_group_ids=[args.security_group_id],
                key_ids=None if plan.key_id is None else [plan.key_id],
                scaling=kubernetes.NativeNodePoolNativeScalingArgs(
                    min_replicas=self._nodes, max_replicas=plan.max_nodes, create_policy="ZonePriority"
                ),
                enable_autoscaling=self._autoscaled,
                replicas=self._nodes,
                auto_repair=True,
                internet_accessible=kubernetes.NativeNodePoolNativeInternetAccessibleArgs(
                    charge_type=PUBLIC_CHARGE_TYPE, max_bandwidth_out=plan.public_bandwidth
                )
                if plan.public_bandwidth
                else None,
            ),
            # The cluster autoscaler owns the size from the first node on.
            opts=self._options(ignored=["native.replicas"] if self._autoscaled else [], replacing=[]),
        )

    def _ordinary(self, args: GpuPoolArgs) -> pulumi.CustomResource:
        plan = args.plan
        return kubernetes.NodePool(
            f"{self._name}-nodes",
            name=self._pool_name,
            cluster_id=args.cluster_id,
            vpc_id=args.vpc_id,
            subnet_ids=[args.subnet_id],
            min_size=self._nodes if self._autoscaled else 0,
            max_size=plan.max_nodes if self._autoscaled else CEILING,
            desired_capacity=self._nodes,
            enable_auto_scale=self._autoscaled,
            wait_node_ready=None if self._autoscaled else True,
            retry_policy="INCREMENTAL_INTERVALS",
            delete_keep_instance=False,
            node_os=NODE_OS,
            labels=dict(plan.labels),
            taints=[
                kubernetes.NodePoolTaintArgs(key=key, value=value, effect=effect) for key, value, effect in plan.taints
            ],
            auto_scaling_config=kubernetes.NodePoolAutoScalingConfigArgs(
                instance_type=plan.instance_type,
                system_disk_type=plan.disk_type,
                system_disk_size=plan.disk_gib,
                orderly_security_group_ids=[args.security_group_id],
                **_public(plan.public_bandwidth),
                **_charge(plan),
                **_login(self._name, plan.key_id, self),
            ),
            node_config=None
            if plan.driver is None
            else kubernetes.NodePoolNodeConfigArgs(gpu_args=_gpu_args(plan.driver)),
            tags=args.naming.tags,
            opts=self._options(
                # The cluster autoscaler owns the size from the first node on.
                ignored=["desiredCapacity"] if self._autoscaled else [],
                # The provider accepts another driver on a living pool and sends nothing; only a new pool gets it.
                replacing=["nodeConfig.gpuArgs"],
            ),
        )

    def _super(self, args: GpuPoolArgs) -> pulumi.CustomResource:
        plan = args.plan
        return kubernetes.ServerlessNodePool(
            f"{self._name}-nodes",
            name=self._pool_name,
            cluster_id=args.cluster_id,
            serverless_nodes=[
                kubernetes.ServerlessNodePoolServerlessNodeArgs(subnet_id=args.subnet_id, display_name=self._pool_name)
            ],
            security_group_ids=[args.security_group_id],
            labels=dict(plan.labels),
            taints=[
                kubernetes.ServerlessNodePoolTaintArgs(key=key, value=value, effect=effect)
                for key, value, effect in plan.taints
            ],
            # The provider reports changes of these as done and sends nothing; only a new pool gets them.
            opts=self._options(ignored=[], replacing=["serverlessNodes", "labels"]),
        )


def _login(name: str, key_id: str | None, parent: pulumi.Resource) -> dict[str, Any]:
    """How a node is logged in to: exactly one of key pair and password is mandatory on ordinary nodes."""
    return {"key_ids": [key_id]} if key_id is not None else {"password": node_password(name, parent)}


def _public(mbps: int) -> dict[str, Any]:
    """Arguments of an ordinary node's public address. Its absence is always said: left out, a pool that had one keeps
    it."""
    if not mbps:
        return {"public_ip_assigned": False, "internet_max_bandwidth_out": 0}
    return {
        "public_ip_assigned": True,
        "internet_max_bandwidth_out": mbps,
        "internet_charge_type": PUBLIC_CHARGE_TYPE,
    }


def _charge(plan: PoolPlan) -> dict[str, Any]:
    """Billing arguments. The charge type is always sent: left out, a pool that was spot stays spot."""
    billing: dict[str, Any] = {"instance_charge_type": CHARGE_TYPES[plan.charge]}
    if plan.charge == "spot":
        price = None if plan.spot_max_price is None else f"{plan.spot_max_price:g}"
        return {**billing, "spot_instance_type": "one-time", "spot_max_price": price}
    if plan.charge == "prepaid":
        return {
            **billing,
            "instance_charge_type_prepaid_period": PREPAID_MONTHS,
            "instance_charge_type_prepaid_renew_flag": PREPAID_RENEWAL,
        }
    return billing


def _gpu_args(driver: DriverPlan) -> tencentcloud.kubernetes.NodePoolNodeConfigGpuArgsArgs:
    """Driver, CUDA and cuDNN to install; the provider wants name and version of each, or neither."""

    def pair(version: str | None, name: str | None) -> dict[str, str] | None:
        return None if version is None or name is None else {"version": version, "name": name}

    return kubernetes.NodePoolNodeConfigGpuArgsArgs(
        driver=pair(driver.version, driver.name),
        cuda=pair(driver.cuda, driver.cuda_name),
        cudnn=pair(driver.cudnn, driver.cudnn_name),
        custom_driver=None if driver.url is None else {"address": driver.url},
        mig_enable=driver.mig,
    )
