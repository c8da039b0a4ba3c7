"""Add-ons of the cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import tencentcloud_iac_pulumi as tencentcloud

from planner.plan.software import AddonPlan

# The provider gives up after 3 minutes; the first image pull on a new node alone can take longer.
TIMEOUTS = pulumi.CustomTimeouts(create="20m", update="20m", delete="20m")


@dataclass(frozen=True, kw_only=True)
class AddonsArgs:
    """`nodes` maps what an add-on `needs` (a pool's name, or ``system``) to the resources that bring those nodes."""

    cluster_id: pulumi.Input[str]
    addons: Sequence[AddonPlan]
    nodes: Mapping[str, Sequence[pulumi.Resource]]


class Addons(pulumi.ComponentResource):
    """Add-ons, each after the nodes that it runs on. `installed` holds them by name, but for those that come last."""

    installed: dict[str, pulumi.Resource]

    def __init__(self, name: str, args: AddonsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:cloud:Addons", name, {}, opts)
        self._name, self._args = name, args
        self.installed = {addon.name: self._install(addon) for addon in args.addons if not addon.last}
        self.register_outputs({})

    def finish(self, after: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        """Install the add-ons that come last."""
        return [self._install(addon, after) for addon in self._args.addons if addon.last]

    def _install(self, addon: AddonPlan, after: Sequence[pulumi.Resource] = ()) -> pulumi.Resource:
        return tencentcloud.kubernetes.Addon(
            f"{self._name}-{addon.name}",
            cluster_id=self._args.cluster_id,
            addon_name=addon.name,
            opts=pulumi.ResourceOptions(
                parent=self,
                # Not by data: an add-on is ready only when its pods run, and they need a node. One that comes last
                # needs nothing of the rest; the engine starts nothing any more once a resource has failed.
                depends_on=[*self._args.nodes[addon.needs], *after],
                custom_timeouts=TIMEOUTS,
            ),
        )
