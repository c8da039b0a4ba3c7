"""The TKE cluster in the stack file, its CPU nodes and the way to its API server."""

from ipaddress import IPv4Network
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.types import Strict

from settings.names import ClusterId, Hardware, KeyId, KubernetesRelease, OneLine
from settings.section import Section
from settings.translation import tr
from settings.values import Cidr, Flag


class Endpoint(Section):
    """How the Kubernetes API server is reached."""

    access: Literal["intranet", "public"] = Field(
        default="intranet",
        description="`intranet`: from inside the VPC only; `public`: from the addresses in `allow`.",
    )
    allow: tuple[Cidr, ...] = Field(
        default=(), max_length=1000, description="Address ranges that may reach a public API server."
    )


class SystemPool(Section):
    """The CPU nodes that everything not on a GPU runs on."""

    instance_type: Hardware = Field(default="SA5.LARGE8", description="CVM machine type of the CPU nodes.")
    nodes: Annotated[int, Strict(), Field(ge=1, le=50)] = Field(default=2, description="Number of CPU nodes.")
    disk: Annotated[int, Strict(), Field(ge=50, le=2048)] = Field(
        default=100, description="System disk of each CPU node in GiB; engine images are unpacked here for downloads."
    )
    key_id: KeyId | None = Field(
        default=None, description="SSH key pair (`skey-…`) for the nodes; without it a random password is set."
    )
    public_bandwidth: Annotated[int, Strict(), Field(ge=0, le=2000)] | None = Field(
        default=None, description="Public bandwidth of each CPU node in Mbps; absent: the pools', without NAT."
    )


class ExistingCluster(Section):
    """A cluster that this stack does not make."""

    id: ClusterId | None = Field(default=None, description="Id of a TKE cluster (`cls-…`).")
    kubeconfig_path: OneLine | None = Field(
        default=None, description="Path of a kubeconfig file; the secret `tke-llm:kubeconfig` serves instead."
    )
    context: OneLine | None = Field(default=None, description="Context within the kubeconfig.")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.id is not None and (self.kubeconfig_path is not None or self.context is not None):
            raise ValueError(
                tr("`id` and `kubeconfigPath` (with `context`) exclude each other"), tr("Take out one or the other.")
            )
        return self


class Cluster(Section):
    """The managed TKE cluster, or an existing one."""

    version: KubernetesRelease = Field(default="1.32.2", description="Kubernetes version.")
    level: Literal["L5", "L20", "L50", "L100", "L200", "L500", "L1000", "L3000", "L5000"] = Field(
        default="L5", description="Size class of the managed control plane (the number of nodes it serves)."
    )
    network_mode: Literal["vpc-cni", "gr"] = Field(
        default="vpc-cni", description="Pod network: `vpc-cni` gives pods VPC addresses, `gr` a range of their own."
    )
    service_cidr: Cidr = Field(default=IPv4Network("172.16.0.0/20"), description="Address range of Services (vpc-cni).")
    pod_cidr: Cidr = Field(default=IPv4Network("172.20.0.0/16"), description="Address range of pods and Services (gr).")
    endpoint: Endpoint | None = Field(
        default=None, description="How the API server is reached; absent: from inside the VPC, with a warning."
    )
    system_pool: SystemPool = Field(default=SystemPool.model_construct(), description="The CPU nodes.")
    service_roles: Literal["assume", "create"] = Field(
        default="assume",
        description="`create` makes the account's missing TKE service roles; a stack never deletes them.",
    )
    deletion_protection: Flag = Field(default=False, description="Refuse deletion of the cluster in the cloud.")
    existing: ExistingCluster | None = Field(default=None, description="Use this cluster instead of making one.")
