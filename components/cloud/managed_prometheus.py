"""Tencent's managed Prometheus (TMP): an instance, and its agent in the cluster.

Whatever the provider's updates drop makes another resource (terraform-provider-tencentcloud,
resource_tc_monitor_tmp_instance.go: network and zone; resource_tc_monitor_tmp_tke_cluster_agent.go: all but external
labels). Where the agent's pods run is left to TMP: `in_cluster_pod_config` is written through a pointer that is nil
there, which ends the provider.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import tencentcloud_iac_pulumi as tencentcloud

from components.cloud.network import VpcNetwork
from components.naming import Naming
from planner.plan.monitoring import ManagedPlan

CLUSTER_TYPE = "tke"
"""What TMP calls a TKE cluster that is not serverless (API monitor 2018-07-24, PrometheusClusterAgentBasic)."""


@dataclass(frozen=True, kw_only=True)
class ManagedPrometheusArgs:
    """`network` is where an instance is made, None where one exists. `after`: what the agent needs in the cluster."""

    naming: Naming
    plan: ManagedPlan
    region: str
    cluster_id: pulumi.Input[str]
    network: VpcNetwork | None
    after: Sequence[pulumi.Resource]


class ManagedPrometheus(pulumi.ComponentResource):
    """`ready` is what objects wait for that the agent reads, whose kinds it brings. `query_url` is the root of the
    instance's HTTP API inside the VPC, None of an instance that the stack does not make."""

    instance_id: pulumi.Output[str]
    query_url: pulumi.Output[str] | None
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: ManagedPrometheusArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:cloud:ManagedPrometheus", name, None, opts)
        self._name = name
        if args.plan.instance_id is not None:
            self.instance_id, self.query_url = pulumi.Output.from_input(args.plan.instance_id), None
        else:
            made = self._instance(args)
            self.instance_id, self.query_url = made.id, made.api_root_path
        self.ready = [self._agent(args)] if args.plan.attaches else []
        self.register_outputs({"instanceId": self.instance_id})

    @property
    def told(self) -> dict[str, pulumi.Output[str] | None]:
        """What the stack's outputs tell of it."""
        return {"instanceId": self.instance_id, "queryUrl": self.query_url}

    def _instance(self, args: ManagedPrometheusArgs) -> tencentcloud.monitor.TmpInstance:
        if args.network is None:
            raise ValueError("the plan has no network for an instance of the managed Prometheus")
        return tencentcloud.monitor.TmpInstance(
            f"{self._name}-instance",
            instance_name=args.naming.name("metrics"),
            vpc_id=args.network.vpc_id,
            subnet_id=args.network.subnet_in(args.plan.zone),
            zone=args.plan.zone,
            data_retention_time=args.plan.retention_days,
            tags=args.naming.tags,
            opts=pulumi.ResourceOptions(
                parent=self, replace_on_changes=["vpcId", "subnetId", "zone"], delete_before_replace=True
            ),
        )

    def _agent(self, args: ManagedPrometheusArgs) -> pulumi.Resource:
        return tencentcloud.monitor.TmpTkeClusterAgent(
            f"{self._name}-agent",
            instance_id=self.instance_id,
            agents=tencentcloud.monitor.TmpTkeClusterAgentAgentsArgs(
                region=args.region, cluster_type=CLUSTER_TYPE, cluster_id=args.cluster_id, enable_external=False
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                # Its pods need a node, and TMP reaches the API server by its inner address.
                depends_on=list(args.after),
                replace_on_changes=["agents.region", "agents.clusterType", "agents.clusterId"],
                delete_before_replace=True,
            ),
        )
