"""Whether GPU pools wait for the downloads, and how long each step is expected to take."""

from collections.abc import Mapping

from catalog.load import Catalog
from planner.engines.registry import find
from planner.plan.rollout import OrderPlan
from planner.plan.types import ModelPlan, PoolPlan, StoragePlan
from settings.stack import Settings
from settings.translation import tr

POOL_STEP = {"native": "native_gpu_pool", "ordinary": "ordinary_gpu_pool"}
"""The step that makes the nodes of a pool, for the kinds that are billed from then on."""


def plan_durations(
    models: Mapping[str, ModelPlan], page_gib: float, store: StoragePlan, catalog: Catalog
) -> dict[str, float]:
    """Seconds of every step that the catalogue knows, of three for each model, and of the chat page's image of
    `page_gib` (``pull:webui``).

    ``download:<model>`` fetches and verifies the files, ``pull:<model>`` brings the engine's image to a node, and
    ``load:<model>`` starts the engine and reads the weights, without any margin.
    """
    seconds = {step.name: step.seconds for step in catalog.durations.values()}
    seconds["pull:webui"] = page_gib * seconds["image_pull_per_gib"]
    for name, model in models.items():
        verified = seconds["download_verify_per_gib"]
        seconds[f"download:{name}"] = max(each.seconds + each.bytes / 2**30 * verified for each in model.downloads)
        seconds[f"pull:{name}"] = model.image_gib * seconds["image_pull_per_gib"]
        seconds[f"load:{name}"] = model.download.bytes / 1e6 / store.read_mbps + seconds[find(model.engine).start]
    return seconds


def plan_order(
    settings: Settings,
    pools: Mapping[str, PoolPlan],
    models: Mapping[str, ModelPlan],
    durations: Mapping[str, float],
) -> OrderPlan:
    """Choose the order of provisioning.

    Only nodes that are billed from their creation can be held back: neither super nodes, billed by the pod, nor nodes
    that exist. `auto` holds a pool where its GPUs would stand idle for longer than the wait that holding adds: the
    time to make the pool and to pull the engine's image.
    """
    waits = {name: _wait(name, pools[name], models, durations) for name in pools if pools[name].kind in POOL_STEP}
    waits = {name: wait for name, wait in waits.items() if wait is not None}
    if settings.order == "fastest":
        return OrderPlan(chosen="fastest", hold=(), because=tr("asked for: downloads and GPU pools start together"))
    if settings.order == "cheapest":
        hold = tuple(waits)
        return OrderPlan(
            chosen="cheapest" if hold else "fastest",
            hold=hold,
            because=tr("asked for: no GPU is billed before its model is in the store")
            if hold
            else tr("no pool is billed before a pod runs on it, so there is nothing to hold back"),
        )
    hold = tuple(name for name, (idle, added) in waits.items() if idle > added)
    if hold:
        idle, added = max(waits[name] for name in hold)
        because = tr(
            "GPUs would be billed for {idle} before the model is there; waiting adds {added}",
            idle=_minutes(idle),
            added=_minutes(added),
        )
        return OrderPlan(chosen="cheapest", hold=hold, because=because)
    because = (
        tr("the model is there about as soon as the GPUs are") if waits else tr("no pool is billed before a pod runs")
    )
    return OrderPlan(chosen="fastest", hold=(), because=because)


def _wait(
    name: str, pool: PoolPlan, models: Mapping[str, ModelPlan], durations: Mapping[str, float]
) -> tuple[float, float] | None:
    """Seconds that the pool's GPUs would stand idle, and that holding the pool back would add; None without models.

    A pool is of use as soon as the first of its models is there.
    """
    own = [key for key, model in models.items() if model.pool == name]
    if not own:
        return None
    create = durations[POOL_STEP[pool.kind]]
    idle = min(durations[f"download:{key}"] for key in own) - create
    return idle, create + max(durations[f"pull:{key}"] for key in own)


def _minutes(seconds: float) -> str:
    if seconds >= 5400:
        return tr("{hours:.1f} h", hours=seconds / 3600)
    return tr("{minutes} min", minutes=max(1, round(seconds / 60)))
