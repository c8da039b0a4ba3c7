"""What a resource is about, from the data that it carries: its part in the whole, its model, its pool."""

from collections.abc import Mapping
from typing import Protocol

from components.workloads.kube import COMPONENT_LABEL, DOWNLOAD, INFERENCE, INSTANCE_LABEL
from planner.plan.software import InstallPlan
from planner.plan.types import ModelPlan, Plan, PoolPlan
from planner.pools.decide import POOL_LABEL
from settings.paths import value_at


class Resource(Protocol):
    """Whatever has the inputs of a resource."""

    @property
    def inputs(self) -> Mapping[str, object]: ...


def labels(resource: Resource) -> Mapping[str, str]:
    """Labels of a Kubernetes object, or those that a node pool gives its nodes."""
    inputs = resource.inputs
    if "metadata" not in inputs:
        return node_labels(inputs)
    given = value_at(inputs, "metadata", "labels")
    return given if isinstance(given, Mapping) else {}


def node_labels(inputs: Mapping[str, object]) -> Mapping[str, str]:
    """Labels that a node pool gives its nodes: a list of name and value on a native pool, a map otherwise."""
    given = inputs.get("labels")
    if isinstance(given, list):
        return {each["name"]: each.get("value", "") for each in given}
    return given if isinstance(given, Mapping) else {}


def part_of(resource: Resource) -> str:
    """Its part in the whole (`components.workloads.kube`); "" where it says none."""
    return str(labels(resource).get(COMPONENT_LABEL, ""))


def instance_of(resource: Resource) -> str:
    """Which one of its part it is, such as the model's name; "" where it does not say."""
    return str(labels(resource).get(INSTANCE_LABEL, ""))


def model_of(resource: Resource, plan: Plan) -> ModelPlan | None:
    """The model that it serves or downloads."""
    return plan.models.get(instance_of(resource)) if part_of(resource) in (INFERENCE, DOWNLOAD) else None


def pool_of(resource: Resource, plan: Plan) -> PoolPlan | None:
    """The pool of the stack file that this node pool is; None for any other resource, the CPU nodes included."""
    own = (POOL_LABEL, labels(resource).get(POOL_LABEL))
    return next((pool for pool in plan.pools.values() if own in pool.labels), None)


def software_of(resource: Resource, plan: Plan) -> InstallPlan | None:
    """The software that this release, or the namespace for it, is there for."""
    inputs = resource.inputs
    namespace = inputs.get("namespace", value_at(inputs, "metadata", "name"))
    return next((each for each in installs(plan) if each.namespace == namespace), None)


def installs(plan: Plan) -> tuple[InstallPlan, ...]:
    """All software that the stack installs."""
    gateway = plan.exposure.install if plan.exposure is not None else None
    return (*plan.installs, *([gateway] if gateway is not None else []))
