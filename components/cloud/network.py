"""The VPC, its subnets, security groups and the way out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import tencentcloud_iac_pulumi as tencentcloud

from components.naming import Naming
from planner.network.decide import MOST_BY_TRAFFIC
from planner.network.public_addresses import EVERYWHERE
from planner.plan.types import NetworkPlan, SubnetPlan

API_PORT = "443"
"""Port of the load balancer in front of a public API server."""

MOST_EIPS = 10
"""Most EIPs on one NAT gateway (provider schema of `assigned_eip_sets`)."""


def eip_bandwidths(bandwidth: int) -> list[int]:
    """Mbps of each EIP that a NAT gateway of `bandwidth` Mbps needs; one EIP alone would cap downloads."""
    count = min(-(-bandwidth // MOST_BY_TRAFFIC), MOST_EIPS)
    return [min(MOST_BY_TRAFFIC, bandwidth)] * count


@dataclass(frozen=True, kw_only=True)
class VpcNetworkArgs:
    """`api_allow`: who may reach a public API server, None where the endpoint is not public. `store_zone`: where the
    models are read."""

    naming: Naming
    plan: NetworkPlan
    api_allow: Sequence[IPv4Network] | None = None
    store_zone: str = ""


class VpcNetwork(pulumi.ComponentResource):
    """A VPC with one subnet per zone, or an existing one; security groups; and a NAT gateway for what is made here.

    `subnet_ids` follow the order of the zones, `pod_subnet_ids` are those that pods take their addresses from.
    `routes_out` are the resources that must exist before anything in the VPC can download; it is empty where no NAT
    gateway is made. Routes of existing subnets are left alone.

    Where a file system outlives the stack, so do its own subnet and the VPC around it: neither can be deleted while
    its mount target is there, and neither costs anything.
    """

    vpc_id: pulumi.Output[str]
    cidr: pulumi.Output[str]
    subnet_ids: list[pulumi.Output[str]]
    pod_subnet_ids: list[pulumi.Output[str]]
    node_security_group_id: pulumi.Output[str]
    api_security_group_id: pulumi.Output[str] | None
    store_subnet_id: pulumi.Output[str] | None
    routes_out: list[pulumi.Resource]

    def __init__(self, name: str, args: VpcNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:cloud:Network", name, {}, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)

        self.vpc_id, self.cidr = self._vpc(args.plan)
        self.subnet_ids = [self._subnet(subnet.zone, subnet) for subnet in args.plan.subnets]
        pods = [self._subnet(f"pods-{subnet.zone}", subnet) for subnet in args.plan.pod_subnets]
        # The nodes' first: a cluster that has them keeps them, and the provider only ever appends.
        self.pod_subnet_ids = [*(self.subnet_ids if args.plan.shared else []), *pods]
        made = {
            **_made({str(place): each for place, each in enumerate(args.plan.subnets)}, self.subnet_ids),
            **_made({f"pods-{each.zone}": each for each in args.plan.pod_subnets}, pods),
        }
        self.store_subnet_id = None
        if args.plan.store_cidr is not None:
            store = SubnetPlan(args.store_zone or args.plan.subnets[0].zone, args.plan.store_cidr)
            self.store_subnet_id = self._subnet("store", store, kept=True)
        self.node_security_group_id = self._node_security_group()
        self.api_security_group_id = None if args.api_allow is None else self._api_security_group(args.api_allow)
        bandwidth = args.plan.nat_bandwidth
        self.routes_out = [] if bandwidth is None or not made else self._nat(bandwidth, made)

        self.register_outputs(
            {
                "vpcId": self.vpc_id,
                "cidr": self.cidr,
                "subnetIds": self.subnet_ids,
                "nodeSecurityGroupId": self.node_security_group_id,
                "apiSecurityGroupId": self.api_security_group_id,
            }
        )

    def subnet_in(self, zone: str | None) -> pulumi.Output[str]:
        """Id of the subnet of a zone; of the preferred zone for None."""
        zones = [subnet.zone for subnet in self._args.plan.subnets]
        return self.subnet_ids[0 if zone is None else zones.index(zone)]

    def _vpc(self, plan: NetworkPlan) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        if plan.vpc_id is not None:
            return pulumi.Output.from_input(plan.vpc_id), pulumi.Output.from_input(str(plan.cidr))
        vpc = tencentcloud.vpc.Instance(
            f"{self._name}-vpc",
            name=self._args.naming.name("vpc"),
            cidr_block=str(plan.cidr),
            tags=self._args.naming.tags,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=plan.store_cidr is not None),
        )
        return vpc.id, vpc.cidr_block

    def _subnet(self, role: str, subnet: SubnetPlan, *, kept: bool = False) -> pulumi.Output[str]:
        if subnet.existing_id is not None:
            return pulumi.Output.from_input(subnet.existing_id)
        return tencentcloud.subnet.Instance(
            f"{self._name}-subnet-{role}",
            name=self._args.naming.name(f"subnet-{role}"),
            vpc_id=self.vpc_id,
            availability_zone=subnet.zone,
            cidr_block=str(subnet.cidr),
            is_multicast=False,
            tags=self._args.naming.tags,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=kept),
        ).id

    def _node_security_group(self) -> pulumi.Output[str]:
        sources: list[tuple[pulumi.Input[str], str]] = [(self.cidr, "nodes, pods and load balancers of the VPC")]
        if self._args.plan.pod_cidr is not None:
            sources.append((str(self._args.plan.pod_cidr), "pods of the cluster"))
        return self._security_group(
            "nodes",
            "Nodes and super nodes of the cluster",
            [
                tencentcloud.security.GroupRuleSetIngressArgs(
                    action="ACCEPT", cidr_block=source, protocol="ALL", port="ALL", description=description
                )
                for source, description in sources
            ],
        )

    def _api_security_group(self, allow: Sequence[IPv4Network]) -> pulumi.Output[str]:
        return self._security_group(
            "api",
            "Public endpoint of the API server",
            [
                tencentcloud.security.GroupRuleSetIngressArgs(
                    action="ACCEPT",
                    cidr_block=str(source),
                    protocol="TCP",
                    port=API_PORT,
                    description="cluster.endpoint.allow",
                )
                for source in allow
            ],
        )

    def _security_group(
        self, role: str, description: str, ingresses: list[tencentcloud.security.GroupRuleSetIngressArgs]
    ) -> pulumi.Output[str]:
        group = tencentcloud.security.Group(
            f"{self._name}-{role}-security-group",
            name=self._args.naming.name(role),
            description=description,
            tags=self._args.naming.tags,
            opts=self._child,
        )
        rules = tencentcloud.security.GroupRuleSet(
            f"{self._name}-{role}-rules",
            security_group_id=group.id,
            ingresses=ingresses,
            egresses=[
                tencentcloud.security.GroupRuleSetEgressArgs(
                    action="ACCEPT", cidr_block=EVERYWHERE, protocol="ALL", port="ALL", description="anywhere"
                )
            ],
            opts=self._child,
        )
        # Through the rules' own output, so that nothing runs behind a group that admits nothing yet.
        return rules.security_group_id

    def _nat(self, bandwidth: int, subnet_ids: Mapping[str, pulumi.Output[str]]) -> list[pulumi.Resource]:
        naming = self._args.naming
        eips = [
            tencentcloud.eip.Instance(
                f"{self._name}-eip-{number}",
                name=naming.name(f"eip-{number}"),
                internet_charge_type="TRAFFIC_POSTPAID_BY_HOUR",
                internet_max_bandwidth_out=mbps,
                tags=naming.tags,
                opts=self._child,
            )
            for number, mbps in enumerate(eip_bandwidths(bandwidth))
        ]
        gateway = tencentcloud.nat.Gateway(
            f"{self._name}-nat",
            name=naming.name("nat"),
            vpc_id=self.vpc_id,
            nat_product_version=1,  # the kind whose bandwidth can be chosen; it cannot be changed later
            bandwidth=bandwidth,
            max_concurrent=1000000,
            assigned_eip_sets=[eip.public_ip for eip in eips],
            tags=naming.tags,
            opts=self._child,
        )
        table = tencentcloud.route.Table(
            f"{self._name}-routes",
            name=naming.name("routes"),
            vpc_id=self.vpc_id,
            tags=naming.tags,
            opts=self._child,
        )
        entry = tencentcloud.route.TableEntry(
            f"{self._name}-route-out",
            route_table_id=table.id,
            destination_cidr_block=EVERYWHERE,
            next_type="NAT",
            next_hub=gateway.id,
            description="to the Internet",
            opts=self._child,
        )
        associations = [
            tencentcloud.route.TableAssociation(
                f"{self._name}-route-subnet-{role}", route_table_id=table.id, subnet_id=subnet_id, opts=self._child
            )
            for role, subnet_id in subnet_ids.items()
        ]
        return [entry, *associations]


def _made(planned: Mapping[str, SubnetPlan], ids: Sequence[pulumi.Output[str]]) -> dict[str, pulumi.Output[str]]:
    """The ids of those subnets that the stack makes, by what their routes are called."""
    return {role: id_ for (role, plan), id_ in zip(planned.items(), ids, strict=True) if plan.existing_id is None}
