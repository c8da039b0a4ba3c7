"""How long resources take to be made, by the plan's durations: from the moment that all they wait for is there until
Pulumi is done with them, in seconds."""

from collections.abc import Callable, Mapping

from planner.plan.types import Plan, PoolPlan
from planner.rollout.order import POOL_STEP
from rehearsal.registration import Registration
from rehearsal.subjects import instance_of, part_of, pool_of
from settings.paths import value_at

Seconds = Callable[[Registration, Plan], float]


class UndescribedError(LookupError):
    """A resource that no record says anything of."""


def nothing(_: Registration, __: Plan) -> float:
    """Of what exists in the state alone."""
    return 0.0


def takes(step: str) -> Seconds:
    """As long as this step of the plan."""
    return lambda _, plan: plan.durations[step]


def by_part(parts: Mapping[str, Seconds]) -> Seconds:
    """As long as others of its part in the whole."""

    def seconds(registration: Registration, plan: Plan) -> float:
        part = part_of(registration)
        if part not in parts:
            raise UndescribedError(
                f"{registration.name} says that it is {part or 'nothing'} ({registration.type}): "
                f"rehearsal/kinds.py knows {', '.join(parts)}; add how long it takes there"
            )
        return parts[part](registration, plan)

    return seconds


def node_pool(registration: Registration, plan: Plan) -> float:
    """The CPU nodes, or a pool of the stack file with the nodes that it has from the start."""
    pool = pool_of(registration, plan)
    if pool is None:
        return plan.durations["system_pool"]
    if pool.kind not in POOL_STEP:
        return plan.durations["super_pool"]
    return plan.durations[POOL_STEP[pool.kind] if pool.min_nodes and not plan.paused else "cloud_object"]


def _machine(pool: PoolPlan, plan: Plan) -> float:
    """The machine under a pod that is not there before the pod: a super node's, or the first one of an empty pool."""
    if pool.kind == "super":
        return plan.durations["super_pod"]
    return plan.durations[POOL_STEP[pool.kind]] if pool.kind in POOL_STEP and not pool.min_nodes else 0.0


def endpoint(registration: Registration, plan: Plan) -> float:
    public = bool(registration.inputs.get("clusterInternet"))
    return plan.durations["cluster_endpoint_public" if public else "cluster_endpoint_intranet"]


def file_system(registration: Registration, plan: Plan) -> float:
    turbo = registration.inputs.get("protocol") == "TURBO"
    return plan.durations["cfs_turbo_file_system" if turbo else "cfs_file_system"]


def claim(registration: Registration, plan: Plan) -> float:
    """A block volume waits for its first pod; only a shared one is made at once, unless its volume is named."""
    spec = registration.inputs["spec"]
    shared = value_at(spec, "accessModes") == ["ReadWriteMany"] and value_at(spec, "volumeName") is None
    return plan.durations["pvc_cfs" if shared else "kubernetes_object"]


def ingress(_: Registration, plan: Plan) -> float:
    """Only Tencent Cloud's own class makes a load balancer for each Ingress."""
    balanced = plan.exposure is not None and plan.exposure.balancer
    return plan.durations["load_balancer" if balanced else "kubernetes_object"]


def server(registration: Registration, plan: Plan) -> float:
    """A model until it answers. The machines of a group load at the same time, as replicas do. An image that is pulled
    ahead is waited for before (`prefetch`), but on a machine that comes with the pod."""
    if plan.paused:
        return plan.durations["kubernetes_object"]
    name = instance_of(registration)
    pool = plan.models[name].pool
    machine = _machine(plan.pools[pool], plan)
    ahead = not machine and plan.warm_start is not None and plan.warm_start.on(pool) is not None
    return machine + (0.0 if ahead else plan.durations[f"pull:{name}"]) + plan.durations[f"load:{name}"]


def prefetch(registration: Registration, plan: Plan) -> float:
    """Images that are pulled ahead, one after the other, onto the nodes that are there."""
    pool = instance_of(registration)
    if plan.paused or _machine(plan.pools[pool], plan):
        return plan.durations["kubernetes_object"]
    one_of = {model.spec.image: name for name, model in plan.models.items() if model.pool == pool}
    return sum(plan.durations[f"pull:{name}"] for name in one_of.values())


def node_folder(registration: Registration, plan: Plan) -> float:
    """A pod on each node that is there, which waits for its image, the replicas' own."""
    pool = instance_of(registration)
    ahead = plan.warm_start is not None and plan.warm_start.on(pool) is not None
    if plan.paused or ahead or _machine(plan.pools[pool], plan):
        return plan.durations["kubernetes_object"]
    cached = () if plan.warm_start is None else plan.warm_start.node_caches
    return next(each.seconds for each in cached if each.pool == pool)


def download(registration: Registration, plan: Plan) -> float:
    """The engine's image, which the Job runs, and the longest of the model's downloads."""
    name = instance_of(registration)
    return plan.durations[f"pull:{name}"] + plan.durations[f"download:{name}"]


def page(_: Registration, plan: Plan) -> float:
    """The chat page; its disk is made once its pod has a node."""
    disk = plan.durations["pvc_cbs"] if plan.storage.webui_class is not None else 0.0
    return plan.durations["pull:webui"] + disk + plan.durations["webui_start"]
