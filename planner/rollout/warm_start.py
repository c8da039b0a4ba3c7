"""What is kept so that a new replica starts sooner, and how long its start takes without that and with it."""

import hashlib
from collections.abc import Iterator, Mapping

from catalog.load import Catalog
from planner.engines.compile_cache import KEEPER, KEPT_DAYS, compiles
from planner.engines.pod import HOME
from planner.engines.prefetch import PREFETCH, is_prefetched
from planner.engines.registry import find
from planner.plan.rollout import CompileCachePlan, NodeCachePlan, PrefetchPlan, StartPlan, WarmStartPlan
from planner.plan.types import ModelPlan, PoolPlan, Reason, StoragePlan
from planner.rollout.node_cache import plan_node_cache
from planner.rollout.order import POOL_STEP
from settings.stack import Settings
from settings.translation import tr

COMPILED = "compile-cache"
"""The folder of the store for what engines compiled, beside the models'."""


def plan_warm_start(
    settings: Settings,
    models: Mapping[str, ModelPlan],
    pools: Mapping[str, PoolPlan],
    store: StoragePlan,
    catalog: Catalog,
) -> WarmStartPlan | None:
    """What is kept; None where the stack file asks for nothing."""
    asked = settings.warm_start
    if not (asked.images or asked.compile_cache or asked.model_cache):
        return None
    prefetch = tuple(
        _prefetch(name, models, catalog)
        for name, pool in settings.pools.items()
        if is_prefetched(settings, pool) and any(model.pool == name for model in models.values())
    )
    there = {each.pool for each in prefetch}
    caches = {
        name: _compile_cache(model, pools[model.pool])
        for name, model in models.items()
        if asked.compile_cache and hands_over(model)
    }
    kept = {
        name: cache for name in settings.pools if (cache := plan_node_cache(name, settings, models, pools, catalog))
    }
    cold = {name: _start(model, store.read_mbps, catalog) for name, model in models.items()}
    warm = {
        name: _start(
            model,
            _reads(model, kept.get(model.pool), store),
            catalog,
            pulled=model.pool in there,
            compiled=name in caches,
        )
        for name, model in models.items()
    }
    return WarmStartPlan(
        prefetch=prefetch, compile_caches=caches, node_caches=tuple(kept.values()), cold=cold, warm=warm
    )


def _reads(model: ModelPlan, kept: NodeCachePlan | None, store: StoragePlan) -> float:
    """MB/s that a replica's files are read at: those of its node's disk where they are kept there and it is known."""
    if kept is None or kept.mbps is None or model.download.directory not in kept.directories:
        return store.read_mbps
    return kept.mbps


def hands_over(model: ModelPlan) -> bool:
    """Whether a replica leaves the next one what its engine compiled. The machines of a group each compile for ranks of
    their own, and only one of them tells when it serves."""
    return model.nodes == 1 and compiles(find(model.engine), model.spec.command)


def _compile_cache(model: ModelPlan, pool: PoolPlan) -> CompileCachePlan:
    spec = model.spec
    same = repr((spec.image, pool.gpu, spec.command, spec.env))
    return CompileCachePlan(
        folder=f"{COMPILED}/{model.download.directory}",
        file=f"{hashlib.sha256(same.encode()).hexdigest()[:16]}.tar",
        cached=f"{HOME}/.cache",
        resources=KEEPER,
        days=KEPT_DAYS,
    )


def _prefetch(pool: str, models: Mapping[str, ModelPlan], catalog: Catalog) -> PrefetchPlan:
    images = {model.spec.image: model.image_gib for model in models.values() if model.pool == pool}
    per_gib = catalog.durations["image_pull_per_gib"].seconds
    return PrefetchPlan(pool=pool, images=tuple(images), resources=PREFETCH, seconds=sum(images.values()) * per_gib)


def _start(
    model: ModelPlan, read_mbps: float, catalog: Catalog, *, pulled: bool = False, compiled: bool = False
) -> StartPlan:
    """One more replica on a node that has room: the image is there where it is `pulled` ahead, files are read at
    `read_mbps`, and what an earlier one has `compiled` is brought."""
    engine = find(model.engine)
    return StartPlan(
        image=0.0 if pulled else model.image_gib * catalog.durations["image_pull_per_gib"].seconds,
        files=model.download.bytes / 1e6 / read_mbps,
        engine=catalog.durations[(engine.start_compiled if compiled else None) or engine.start].seconds,
    )


def step_seconds(
    plan: WarmStartPlan | None, models: Mapping[str, ModelPlan], pools: Mapping[str, PoolPlan], catalog: Catalog
) -> dict[str, int]:
    """Seconds that one more replica of each model takes to come up; nothing where nothing is kept. Where its pool grows
    it waits for a machine, and for image and files on that, as if none were kept there."""
    if plan is None:
        return {}
    found: dict[str, int] = {}
    for name, start in plan.warm.items():
        machine = _machine_seconds(pools[models[name].pool], catalog)
        there = plan.cold[name] if machine else start
        found[name] = round(machine + there.image + there.files + start.engine)
    return found


def first_starts(
    plan: WarmStartPlan | None,
    models: Mapping[str, ModelPlan],
    pools: Mapping[str, PoolPlan],
    store: StoragePlan,
    catalog: Catalog,
) -> dict[str, int]:
    """Seconds in which each model's first replica comes up where there was none, whatever is kept for it."""
    if plan is not None:
        return step_seconds(plan, models, pools, catalog)
    return {
        name: round(_machine_seconds(pools[model.pool], catalog) + _start(model, store.read_mbps, catalog).seconds)
        for name, model in models.items()
    }


def _machine_seconds(pool: PoolPlan, catalog: Catalog) -> float:
    """A machine for one more replica, where the pool may have to make one."""
    if pool.kind == "super":
        return catalog.durations["super_pod"].seconds
    grows = pool.kind in POOL_STEP and pool.max_nodes > pool.min_nodes
    return catalog.durations[POOL_STEP[pool.kind]].seconds if grows else 0.0


def explain_warm_start(plan: WarmStartPlan | None) -> Iterator[Reason]:
    """The start of one more replica of each model, without what is kept and with it."""
    if plan is None:
        return
    for name, warm in plan.warm.items():
        cold = plan.cold[name]
        yield Reason(
            f"models.{name}.start",
            tr("{seconds:.0f} s", seconds=warm.seconds),
            tr(
                "one more replica on a node with room: {warm}; with nothing kept {seconds:.0f} s: {cold}",
                warm=_parts(warm),
                seconds=cold.seconds,
                cold=_parts(cold),
            ),
        )


def _parts(start: StartPlan) -> str:
    return tr(
        "image {image:.0f} s, files {files:.0f} s, engine {engine:.0f} s",
        image=start.image,
        files=start.files,
        engine=start.engine,
    )
