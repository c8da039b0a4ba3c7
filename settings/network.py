"""VPC, subnets and the way to the Internet in the stack file."""

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from settings.names import SubnetId, VpcId, Zone
from settings.section import Section
from settings.values import Cidr, Flag, switch


class Nat(Section):
    """Internet access of the VPC."""

    enabled: Flag = Field(default=True, description="Make a NAT gateway, so that nodes and pods reach the Internet.")
    bandwidth: Literal[20, 50, 100, 200, 500, 1000, 2000, 5000] = Field(
        default=100, description="Bandwidth of the NAT gateway and its EIP, in Mbps; downloads run at this speed."
    )


class Network(Section):
    """VPC, subnets and Internet access; or an existing VPC."""

    zones: tuple[Zone, ...] = Field(
        default=(), max_length=6, description="Availability zones, the preferred one first. One subnet is made in each."
    )
    cidr: Cidr = Field(default=IPv4Network("10.0.0.0/16"), description="Address range of the VPC that is made.")
    vpc_id: VpcId | None = Field(default=None, description="An existing VPC to use instead of making one.")
    subnet_ids: tuple[SubnetId, ...] = Field(
        default=(), max_length=6, description="Existing subnets in that VPC, in the order of `zones`."
    )
    pod_subnet_ids: tuple[SubnetId, ...] = Field(
        default=(),
        max_length=6,
        description="Existing subnets in that VPC for pods alone (`vpc-cni`), in the order of `zones`.",
    )
    share_subnets: Flag = Field(
        default=False,
        description="Let pods take addresses of the nodes' subnets as well; a cluster that was made so needs it.",
    )
    nat: Annotated[Nat, BeforeValidator(switch)] = Field(
        default=Nat.model_construct(),
        description="`true`, `false`, or `{bandwidth}`: a NAT gateway for downloads and images.",
    )
