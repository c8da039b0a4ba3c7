"""What a resource is about, from the data that it carries: its part in the whole, its model, its pool."""

from collections.abc import Mapping

from components.workloads.kube import COMPONENT_LABEL, DOWNLOAD, INFERENCE, INSTANCE_LABEL
from planner.plan.types import InstallPlan, ModelPlan, Plan, PoolPlan
from planner.pools.decide import POOL_LABEL
from rehearsal.registration import Registration
from settings.paths import value_at


def labels(registration: Registration) -> Mapping[str, object]:
    """Labels of a Kubernetes object, or those that a node pool gives its nodes: a list of name and value on a native
    pool, a map otherwise."""
    inputs = registration.inputs
    given = value_at(inputs, "metadata", "labels") if "metadata" in inputs else inputs.get("labels")
    if isinstance(given, list):
        return {each["name"]: each.get("value", "") for each in given}
    return given if isinstance(given, Mapping) else {}


def part_of(registration: Registration) -> str:
    """Its part in the whole (`components.workloads.kube`); "" where it says none."""
    return str(labels(registration).get(COMPONENT_LABEL, ""))


def instance_of(registration: Registration) -> str:
    """Which one of its part it is, such as the model's name; "" where it does not say."""
    return str(labels(registration).get(INSTANCE_LABEL, ""))


def model_of(registration: Registration, plan: Plan) -> ModelPlan | None:
    """The model that it serves or downloads."""
    return plan.models.get(instance_of(registration)) if part_of(registration) in (INFERENCE, DOWNLOAD) else None


def pool_of(registration: Registration, plan: Plan) -> PoolPlan | None:
    """The pool of the stack file that this node pool is; None for any other resource, the CPU nodes included."""
    own = (POOL_LABEL, labels(registration).get(POOL_LABEL))
    return next((pool for pool in plan.pools.values() if own in pool.labels), None)


def software_of(registration: Registration, plan: Plan) -> InstallPlan | None:
    """The software that this release, or the namespace for it, is there for."""
    inputs = registration.inputs
    namespace = inputs.get("namespace", value_at(inputs, "metadata", "name"))
    gateway = plan.exposure.install if plan.exposure is not None else None
    installs = (*plan.installs, *([gateway] if gateway is not None else []))
    return next((each for each in installs if each.namespace == namespace), None)
