"""The TKE cluster: made here, or one that exists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import tencentcloud_iac_pulumi as tencentcloud

from components.cloud.kubeconfig import choose, read, select_context, server_of
from components.cloud.pools import NODE_OS, SystemNodePool, SystemNodePoolArgs
from components.naming import Naming
from planner.network.decide import PODS_PER_NODE
from planner.plan.types import ClusterPlan, ExistingClusterPlan

# An idle account has a cluster in minutes, a busy region takes far longer, and a creation that is given up leaves a
# cluster behind that the state does not know.
TIMEOUTS = pulumi.CustomTimeouts(create="60m", update="60m", delete="30m")


@dataclass(frozen=True, kw_only=True)
class ManagedClusterArgs:
    """`subnet_ids` in order of preference, `pod_subnet_ids` those of pods (network mode vpc-cni);
    `api_security_group_id` only for a public endpoint; `after`: what must be there before the cluster (service roles).
    `retain` keeps disks that claims left behind. `reached_inside`: the API server has an address inside the VPC beside
    a public one too."""

    naming: Naming
    plan: ClusterPlan
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    pod_subnet_ids: Sequence[pulumi.Input[str]]
    node_security_group_id: pulumi.Input[str]
    api_security_group_id: pulumi.Input[str] | None
    retain: bool
    after: Sequence[pulumi.Resource] = ()
    reached_inside: bool = False


class ManagedCluster(pulumi.ComponentResource):
    """A managed cluster, its CPU system pool and its API endpoint.

    `kubeconfig` is secret, and the endpoint's: whatever reads it comes after the CPU nodes and the endpoint.
    """

    cluster_id: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    system_pool: SystemNodePool

    def __init__(self, name: str, args: ManagedClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:cloud:Cluster", name, {}, opts)
        cluster = tencentcloud.kubernetes.Cluster(
            f"{name}-cluster",
            cluster_name=args.naming.name("cluster"),
            cluster_desc=f"LLM serving, {args.naming.project} {args.naming.stack}",
            cluster_deploy_type="MANAGED_CLUSTER",
            cluster_version=args.plan.version,
            cluster_level=args.plan.level,
            cluster_os=NODE_OS,
            container_runtime="containerd",
            cluster_max_pod_num=PODS_PER_NODE,
            vpc_id=args.vpc_id,
            **_network(args),
            instance_delete_mode="terminate",
            resource_delete_options=[
                tencentcloud.kubernetes.ClusterResourceDeleteOptionArgs(
                    resource_type="CBS", delete_mode="retain" if args.retain else "terminate"
                )
            ],
            deletion_protection=args.plan.deletion_protection,
            tags=args.naming.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                # Not by data: TKE looks the service roles up by their fixed names.
                depends_on=list(args.after),
                # The provider leaves both in clear in the state.
                additional_secret_outputs=["password", "certificationAuthority"],
                custom_timeouts=TIMEOUTS,
            ),
        )
        self.system_pool = SystemNodePool(
            f"{name}-system",
            SystemNodePoolArgs(
                naming=args.naming,
                plan=args.plan.system_pool,
                cluster_id=cluster.id,
                vpc_id=args.vpc_id,
                subnet_ids=args.subnet_ids,
                security_group_id=args.node_security_group_id,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        public = args.api_security_group_id is not None
        inside = args.reached_inside or not public
        endpoint = tencentcloud.kubernetes.ClusterEndpoint(
            f"{name}-endpoint",
            cluster_id=cluster.id,
            cluster_internet=public,
            cluster_internet_security_group=args.api_security_group_id,
            cluster_intranet=inside,
            cluster_intranet_subnet_id=args.subnet_ids[0] if inside else None,
            opts=pulumi.ResourceOptions(
                parent=self,
                # Not by data: TKE opens an endpoint only for a cluster with a running node.
                depends_on=[self.system_pool.node_pool],
                additional_secret_outputs=["certificationAuthority"],
                custom_timeouts=TIMEOUTS,
            ),
        )
        self.cluster_id = cluster.id
        # The endpoint's, for the cluster's own were read before it had an endpoint.
        self.kubeconfig = pulumi.Output.secret(endpoint.kube_config if public else endpoint.kube_config_intranet)
        self.register_outputs({"clusterId": self.cluster_id, "kubeconfig": self.kubeconfig})


def _network(args: ManagedClusterArgs) -> dict[str, Any]:
    """Arguments of the pod network. In vpc-cni pods live in the subnets and Services in a range of their own; in gr
    pods and Services share one."""
    if args.plan.network_mode == "gr":
        return {
            "network_type": "GR",
            "cluster_cidr": str(args.plan.pod_cidr),
            "cluster_max_service_num": args.plan.services,
        }
    return {
        "network_type": "VPC-CNI",
        "vpc_cni_type": "tke-route-eni",
        "service_cidr": str(args.plan.service_cidr),
        "cluster_max_service_num": args.plan.services,
        "eni_subnet_ids": list(args.pod_subnet_ids),
    }


@dataclass(frozen=True, kw_only=True)
class AttachedClusterArgs:
    """`kubeconfig`: the secret `tke-llm:kubeconfig`, where it is set."""

    plan: ExistingClusterPlan
    kubeconfig: pulumi.Input[str] | None = None


class AttachedCluster(pulumi.ComponentResource):
    """A cluster that this stack does not make, by the id of a TKE cluster or by a kubeconfig.

    `cluster_id` is the API server's address where there is only a kubeconfig. `kubeconfig` is secret and holds one
    context.
    """

    cluster_id: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]

    def __init__(self, name: str, args: AttachedClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:cloud:ExistingCluster", name, {}, opts)
        cluster_id = args.plan.id
        if cluster_id is not None:
            found = tencentcloud.kubernetes.get_clusters_output(
                cluster_id=cluster_id, opts=pulumi.InvokeOutputOptions(parent=self)
            )
            self.cluster_id = pulumi.Output.from_input(cluster_id)
            self.kubeconfig = pulumi.Output.secret(found).lists.apply(
                lambda clusters: choose(cluster_id, clusters, public=args.plan.public)
            )
        else:
            given = args.kubeconfig
            if given is None:
                given = read(args.plan.kubeconfig_path)
            self.kubeconfig = pulumi.Output.secret(given).apply(lambda text: select_context(text, args.plan.context))
            self.cluster_id = pulumi.Output.unsecret(self.kubeconfig.apply(server_of))
        self.register_outputs({"clusterId": self.cluster_id, "kubeconfig": self.kubeconfig})
