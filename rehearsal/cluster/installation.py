"""What the cloud puts into the cluster while the stack is made: nodes, add-ons, software, and what was there before."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from planner.plan.types import InstallPlan, Plan
from planner.software.addons import GPU
from rehearsal.cluster import platform
from rehearsal.cluster.nodes import existing_pools
from rehearsal.cluster.objects import Ref, ref
from rehearsal.cluster.readiness import Unready
from rehearsal.cluster.recorded import Recorded
from rehearsal.cluster.simulation import Simulation
from rehearsal.control_plane.api import ApiError

GATEWAY = "envoy-gateway"
_SOFTWARE = (GATEWAY, "keda", "lws")


class Installation:
    """One stack's cluster. Software stands for its custom resource definitions; stand-ins do its work."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._definitions: set[str] = set()

    def before(self, stack: Recorded) -> None:
        """Put in place what the stack finds there: classes of storage, and all of a cluster that is not its own."""
        plan = stack.plan
        for pool in existing_pools(plan):
            self._simulation.machines.make(pool)
        for each in platform.given_classes(plan):
            self._apply(each)
        if not plan.owns_cluster:
            for each in platform.every_driver():
                self._apply(each)
        for software in _given_software(plan):
            self.software(software, stack)

    def gateway(self, plan: Plan) -> None:
        """Put the Gateway in place that the stack's routes attach to, where it is somebody else's."""
        for each in platform.given_gateway(plan):
            self._simulation.watch(each["kind"])
            self._apply(each)

    def cluster(self) -> None:
        """Start what a new cluster runs by itself."""
        self._apply(platform.cluster_services())
        for addon in self._simulation.catalog.addons.values():
            if addon.default:
                self.addon(addon.name)

    def addon(self, name: str) -> None:
        """Start an add-on's DaemonSet, and its CSI drivers."""
        for each in self._parts(name):
            self._apply(each)

    def remove_addon(self, name: str) -> None:
        for each in self._parts(name):
            with suppress(ApiError):
                self._simulation.api.delete(self._simulation.paths.of(ref(each)))

    def release(self, chart: str, stack: Recorded) -> None:
        """Install the software of a chart; nothing for a chart that the plan does not know."""
        for install in installs(stack.plan):
            if install.chart == chart:
                self.software(install.software, stack)

    def software(self, name: str, stack: Recorded) -> None:
        """Install the definitions of those kinds that the stack uses. Raises `MissingDefinitionsError`."""
        used = {
            (str(each.inputs["apiVersion"]).partition("/")[0], str(each.inputs["kind"]))
            for each in stack.registrations
            if "apiVersion" in each.inputs
        }
        wanted = {(group, kind) for group, kind in used if "." in group}
        if name == GATEWAY and any(group == _GATEWAY_GROUP for group, _ in wanted):
            wanted |= {(_GATEWAY_GROUP, kind) for kind in ("GatewayClass", "Gateway")}
        self._definitions.update(self._simulation.definitions.install(name, wanted))

    def unready(self) -> list[Unready]:
        """Definitions that the API server does not serve yet."""
        return [
            Unready(f"the API server does not serve {name} yet")
            for name in sorted(self._definitions)
            if not self._simulation.definitions.established(name)
        ]

    def _parts(self, addon: str) -> list[dict[str, Any]]:
        known = self._simulation.catalog.addons.get(addon)
        return [*platform.drivers(addon), *([] if known is None else [platform.daemonset(known)])]

    def _apply(self, wanted: Mapping[str, Any]) -> None:
        place: Ref = ref(wanted)
        self._simulation.api.apply(self._simulation.paths.of(place), dict(wanted))


_GATEWAY_GROUP = "gateway.networking.k8s.io"


def installs(plan: Plan) -> tuple[InstallPlan, ...]:
    """All software that the stack installs."""
    gateway = plan.exposure.install if plan.exposure else None
    return (*plan.installs, *([gateway] if gateway else []))


def has_gpu_addon(stack: Recorded) -> bool:
    """Whether anything tells Kubernetes of the GPUs of ordinary and native nodes."""
    return any(each.inputs.get("addonName") == GPU for each in stack.registrations)


def _given_software(plan: Plan) -> list[str]:
    """What runs on the cluster already: anything on one that is not ours, a gateway where the stack file says so."""
    installed = {install.software for install in installs(plan)}
    if plan.owns_cluster:
        needed = plan.exposure.controller if plan.exposure else None
        return [] if needed is None or needed in installed else [needed]
    return [name for name in _SOFTWARE if name not in installed]
