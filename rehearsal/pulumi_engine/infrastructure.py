"""What resources of the cloud bring into the cluster on a control plane: nodes, add-ons, software."""

from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import Any, cast

from planner.access.sources import ENVOY
from planner.plan.types import Plan
from planner.software.addons import GPU
from planner.software.autoscaling import KEDA
from planner.software.lws import LWS
from planner.software.prometheus import PROMETHEUS
from rehearsal.cluster import platform
from rehearsal.cluster.cluster import Cluster
from rehearsal.cluster.nodes import SimulatedPool, existing_pools, simulated
from rehearsal.cluster.objects import Ref, ref
from rehearsal.cluster.readiness import Judge, Unready
from rehearsal.controllers.controllers import Controllers
from rehearsal.kinds import ADDON, AGENT, CLUSTER, SUBNET, find, types
from rehearsal.pulumi_engine.acceptance import kind, values_in
from rehearsal.pulumi_engine.world import CloudResource, CloudState
from rehearsal.subjects import installs, pool_of, software_of


def controlled_by(plan: Plan) -> list[str]:
    """The software whose controllers look after objects of the stack, whoever installs it."""
    exposed = plan.exposure is not None and (plan.exposure.attach_to or plan.exposure.controller)
    routed = exposed or plan.api is not None
    spread = any(model.spec.spread is not None for model in plan.models.values())
    needed = {ENVOY: routed, KEDA: bool(plan.scaling), LWS: spread, PROMETHEUS: plan.monitoring is not None}
    return [name for name, wanted in needed.items() if wanted]


class Infrastructure:
    """The cloud's side of one operation of the engine: `world` is what there is in the cloud, `plan` that of the stack
    as it is to be."""

    def __init__(self, cluster: Cluster, controllers: Controllers, world: CloudState, plan: Plan) -> None:
        self.cluster = cluster
        self._controllers = controllers
        self._installing = Lock()
        self._world = world
        self._plan = plan

    def prepare(self) -> None:
        """Have in place what the stack finds there: classes of storage, all of a cluster that is not its own, and what
        an engine that was killed had brought about. Raises `ControllerError`, `MissingDefinitionsError`."""
        machines = self.cluster.machines
        # The machines of an engine that was killed are there, and not bought again.
        self.cluster.settle(lambda _: [])
        for pool in [*existing_pools(self._plan), *map(self._pool, self._world.of_type(*types("pool")))]:
            if pool.name not in machines.pools:
                machines.make(pool, self.cluster.state)
        objects = platform.given_classes(self._plan)
        if not self._plan.owns_cluster:
            objects += platform.every_driver()
        for software in [*self._given_software(), *self._installed()]:
            self._controllers.install(software)
        for each in [*objects, *platform.given_gateway(self._plan)]:
            self.cluster.apply(each)

    def made(self, resource: CloudResource) -> list[Unready]:
        """Bring about what comes with a resource that was just made; what is not ready of it in the end."""
        if find(resource.type).role == "pool":
            pool = self._pool(resource)
            self.cluster.machines.make(pool, self.cluster.state)
            return self._nodes(pool)
        for each in self._brought(resource):
            self.cluster.apply(each)
        for software in self._software(resource):
            values = resource.inputs.get("values")
            with self._installing:
                self._controllers.install(software, values=values if isinstance(values, Mapping) else None)
        return []

    def changed(self, resource: CloudResource) -> list[Unready]:
        """As `made`, of a resource with new inputs."""
        if find(resource.type).role != "pool":
            return []
        pool = self._pool(resource)
        self.cluster.machines.change(pool, self.cluster.state)
        return self._nodes(pool)

    def removed(self, resource: CloudResource) -> list[Unready]:
        """Take away what came with a resource that is gone; what is left of it in the end."""
        machines = self.cluster.machines
        if find(resource.type).role == "pool":
            name = self._pool(resource).name
            machines.remove(name, self.cluster.state)
            return self.cluster.settle(lambda judge: _left(machines.nodes(name, judge.state)))
        if kind(resource) == CLUSTER.type:
            for service in self._balanced():
                self._world.leave(f"load balancer of {service}")
        for each in self._brought(resource):
            self.cluster.remove(ref(each))
        for software in self._software(resource):
            with self._installing:
                self._controllers.remove(software)
        return []

    def _pool(self, resource: CloudResource) -> SimulatedPool:
        asked = cast("Mapping[str, Any]", resource.inputs)
        addons = {each.inputs.get("addonName") for each in self._world.of_type(ADDON.type)}
        given = [
            each.inputs.get("availabilityZone")
            for each in self._world.of_type(SUBNET.type)
            if each.id in set(values_in(asked))
        ]
        planned = pool_of(resource, self._plan)
        zones = given or ([planned.zone] if planned is not None else [])
        return simulated(
            find(resource.type).short,
            asked,
            planned,
            self.cluster.catalog,
            gpu_addon=GPU in addons,
            zones=[str(zone) for zone in zones if zone],
        )

    def _nodes(self, pool: SimulatedPool) -> list[Unready]:
        def missing(judge: Judge) -> list[Unready]:
            told = self.cluster.machines.missing(pool.name, judge.state)
            return [Unready(told)] if told else []

        return self.cluster.settle(missing)

    def _brought(self, resource: CloudResource) -> list[dict[str, Any]]:
        """Objects that a cluster runs by itself, or that an add-on brings."""
        addons = self.cluster.catalog.addons
        if kind(resource) == CLUSTER.type:
            default = [each.name for each in addons.values() if each.default]
            return [platform.cluster_services(), *(part for name in default for part in platform.addon(name, addons))]
        return platform.addon(str(resource.inputs["addonName"]), addons) if kind(resource) == ADDON.type else []

    def _software(self, resource: CloudResource) -> list[str]:
        if kind(resource) == AGENT.type:
            # Of the operator's software it brings the kinds, which are all that a cluster here has of it.
            return [PROMETHEUS]
        if find(resource.type).role != "release":
            return []
        installed = software_of(resource, self._plan)
        return [] if installed is None else [installed.software]

    def _installed(self) -> Iterator[str]:
        for resource in self._world.resources.values():
            yield from self._software(resource)

    def _given_software(self) -> list[str]:
        """What runs there already, since the stack needs it and does not install it."""
        installed = {install.software for install in installs(self._plan)}
        if self._brings_agent():
            installed.add(PROMETHEUS)
        return [name for name in controlled_by(self._plan) if name not in installed]

    def _brings_agent(self) -> bool:
        managed = None if self._plan.monitoring is None else self._plan.monitoring.managed
        return managed is not None and managed.attaches

    def _balanced(self) -> Iterator[Ref]:
        """What has a load balancer in the cloud, whoever made it."""
        state = self.cluster.state
        for each in [*state.every("Service"), *state.every("Ingress")]:
            if each["kind"] == "Ingress" or each["spec"].get("type") == "LoadBalancer":
                yield ref(each)


def _left(nodes: Sequence[Mapping[str, Any]]) -> list[Unready]:
    return [Unready("nodes are left")] if nodes else []
