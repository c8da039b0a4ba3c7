"""Add-ons of the cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import tencentcloud_iac_pulumi as tencentcloud

from planner.plan import AddonPlan

# The provider gives up after 3 minutes; the first image pull on a new node alone can take longer.
TIMEOUTS = pulumi.CustomTimeouts(create="20m", update="20m", delete="20m")


@dataclass(frozen=True, kw_only=True)
class AddonsArgs:
    """`nodes` maps what an add-on `needs` (a pool's name, or ``system``) to the resources that bring those nodes."""

    cluster_id: pulumi.Input[str]
    addons: Sequence[AddonPlan]
    nodes: Mapping[str, Sequence[pulumi.Resource]]


class Addons(pulumi.ComponentResource):
    """Add-ons, each after the nodes that it runs on. `installed` holds them by name."""

    installed: dict[str, pulumi.Resource]

    def __init__(self, name: str, args: AddonsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:cloud:Addons", name, {}, opts)
        self.installed = {
            addon.name: tencentcloud.kubernetes.Addon(
                f"{name}-{addon.name}",
                cluster_id=args.cluster_id,
                addon_name=addon.name,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    # Not by data: an add-on is ready only when its pods run, and they need a node.
                    depends_on=list(args.nodes[addon.needs]),
                    custom_timeouts=TIMEOUTS,
                ),
            )
            for addon in args.addons
        }
        self.register_outputs({})
