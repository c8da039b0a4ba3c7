"""The account-wide service roles by which TKE acts on other products."""

import json
from dataclasses import dataclass

import pulumi
import tencentcloud_iac_pulumi as tencentcloud

from components.naming import Naming


@dataclass(frozen=True)
class ServiceRole:
    """A role that a product assumes (`service`), with the preset policies it needs."""

    name: str
    service: str
    policies: tuple[str, ...]


SERVICE_ROLES = (
    ServiceRole(
        "TKE_QCSRole",
        "ccs.qcloud.com",
        (
            "QcloudAccessForTKERole",
            "QcloudAccessForTKERoleInOpsManagement",
            "QcloudAccessForTKERoleInCreatingCFSStorageclass",
        ),
    ),
    ServiceRole("IPAMDofTKE_QCSRole", "ccs.qcloud.com", ("QcloudAccessForIPAMDofTKERole",)),
    ServiceRole("AS_QCSRole", "as.cloud.tencent.com", ("QcloudAccessForASRole",)),
)
"""For clusters and CFS volumes; for VPC-CNI (both Tencent Cloud document 457/37808); for the scaling groups of ordinary
pools (error AutoScalingRoleUnauthorized of the API as)."""


def trust_policy(service: str) -> str:
    """The role document by which `service` may assume a role, as JSON."""
    statement = {"action": "name/sts:AssumeRole", "effect": "allow", "principal": {"service": [service]}}
    return json.dumps({"version": "2.0", "statement": [statement]}, sort_keys=True)


@dataclass(frozen=True, kw_only=True)
class ServiceRolesArgs:
    naming: Naming


class ServiceRoles(pulumi.ComponentResource):
    """Makes the service roles that the account lacks, and attaches their policies to all of them.

    A role that is there already is left as it is. Neither a role nor an attachment is ever deleted by a stack: other
    clusters of the account stand on them. `ready` is what a cluster must wait for.
    """

    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: ServiceRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:cloud:ServiceRoles", name, {}, opts)
        ours = f"made by {args.naming.project} {args.naming.stack}"
        self.ready = []
        for role in SERVICE_ROLES:
            # A role keeps its name account-wide, so whether to make it can only be known by asking; its description
            # tells ours, which stays declared, from one that was there before, which is never touched.
            found = tencentcloud.cam.get_roles(name=role.name, opts=pulumi.InvokeOptions(parent=self)).role_lists or []
            existing = next((r for r in found if r.name == role.name), None)
            role_name: pulumi.Input[str] = role.name
            if existing is None or existing.description == ours:
                role_name = tencentcloud.cam.Role(
                    f"{name}-{role.name}",
                    name=role.name,
                    description=ours,
                    document=trust_policy(role.service),
                    tags=args.naming.tags,
                    opts=pulumi.ResourceOptions(
                        parent=self,
                        retain_on_delete=True,
                        # A stack that was destroyed and comes back takes up the role it left behind.
                        import_=None if existing is None else existing.role_id,
                    ),
                ).name
            self.ready += [
                tencentcloud.cam.RolePolicyAttachmentByName(
                    f"{name}-{role.name}-{policy}",
                    role_name=role_name,
                    policy_name=policy,
                    opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
                )
                for policy in role.policies
            ]
        self.register_outputs({})
