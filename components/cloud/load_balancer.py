"""Who may reach a load balancer that Kubernetes makes: a security group that it is bound to."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import tencentcloud_iac_pulumi as tencentcloud

from components.naming import Naming
from planner.network.public_addresses import EVERYWHERE

PORTS = "80,443"


@dataclass(frozen=True, kw_only=True)
class LoadBalancerGuardArgs:
    """`allow`: who may reach it; nobody named: everyone who finds it."""

    naming: Naming
    allow: Sequence[IPv4Network] = ()


class LoadBalancerGuard(pulumi.ComponentResource):
    """A security group for the load balancer alone. With it bound, and the load balancer's traffic let through to its
    targets, the nodes' own group admits nobody from outside."""

    security_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: LoadBalancerGuardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:cloud:LoadBalancerGuard", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = tencentcloud.security.Group(
            f"{name}-group",
            name=args.naming.name("load-balancer"),
            description="Load balancer in front of the chat page and the API",
            tags=args.naming.tags,
            opts=child,
        )
        rules = tencentcloud.security.GroupRuleSet(
            f"{name}-rules",
            security_group_id=group.id,
            ingresses=[
                tencentcloud.security.GroupRuleSetIngressArgs(
                    action="ACCEPT", cidr_block=source, protocol="TCP", port=PORTS, description="expose.allow"
                )
                for source in map(str, args.allow or [EVERYWHERE])
            ],
            egresses=[
                tencentcloud.security.GroupRuleSetEgressArgs(
                    action="ACCEPT", cidr_block=EVERYWHERE, protocol="ALL", port="ALL", description="anywhere"
                )
            ],
            opts=child,
        )
        # Through the rules' own output, so that the load balancer never stands behind a group that is half made.
        self.security_group_id = rules.security_group_id
        self.register_outputs({"securityGroupId": self.security_group_id})
