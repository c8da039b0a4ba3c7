"""What is doubtful about what is kept for the next replica."""

from collections.abc import Iterator, Mapping

from catalog.load import Catalog
from planner.engines.compile_cache import compiles
from planner.engines.node_cache import can_be_kept, keeps_files
from planner.engines.prefetch import is_prefetched
from planner.engines.registry import find
from planner.plan.types import ModelPlan, PoolPlan, StoragePlan
from planner.rollout import codes
from planner.rollout.node_cache import LARGEST_DISK, disk_mbps, faster_disk
from planner.rollout.warm_start import hands_over
from settings.diagnostics import Diagnostic
from settings.stack import Settings

IMAGES, MODEL_CACHE = "warmStart.images", "warmStart.modelCache"


def check_warm_start(
    settings: Settings,
    models: Mapping[str, ModelPlan],
    pools: Mapping[str, PoolPlan],
    store: StoragePlan,
    catalog: Catalog,
) -> Iterator[Diagnostic]:
    """What is kept elsewhere, or not at all."""
    if settings.warm_start.images:
        yield from _images(settings, models, pools)
    if settings.warm_start.compile_cache:
        yield from _compiled(models)
    if settings.warm_start.model_cache:
        if store.access_mode == "ReadWriteOnce":
            yield codes.model_cache_needs_shared_store(MODEL_CACHE, mode=store.access_mode)
        for name, pool in pools.items():
            served = {key: model for key, model in models.items() if model.pool == name}
            if served:
                yield from _files(settings, pool, served, store, catalog)


def _files(
    settings: Settings, pool: PoolPlan, served: Mapping[str, ModelPlan], store: StoragePlan, catalog: Catalog
) -> Iterator[Diagnostic]:
    """What is doubtful of files that are kept for these models of a pool."""
    if not keeps_files(settings, settings.pools[pool.name]):
        yield codes.model_cache_nowhere(MODEL_CACHE, pool=pool.name, exists=pool.kind == "existing")
        return
    for name, model in served.items():
        if not can_be_kept(settings.models[name]):
            yield codes.files_not_kept(MODEL_CACHE, model=name, engine=find(model.engine).title)
    if pool.disk_gib > LARGEST_DISK:
        yield codes.model_cache_too_large(MODEL_CACHE, pool=pool.name, gib=pool.disk_gib, most=LARGEST_DISK)
    kept = [model for name, model in served.items() if can_be_kept(settings.models[name])]
    mbps = disk_mbps(pool, catalog)
    if kept and mbps is None:
        yield codes.model_cache_speed_unknown(MODEL_CACHE, pool=pool.name)
    elif kept and mbps is not None and mbps <= store.read_mbps:
        yield codes.model_cache_slower(
            MODEL_CACHE,
            pool=pool.name,
            disk_mbps=mbps,
            store_mbps=store.read_mbps,
            kind=pool.disk_type,
            size=pool.disk_gib,
            replicas=sum(model.max_replicas * model.nodes for model in kept),
            faster=faster_disk(pool, store.read_mbps, catalog),
        )


def _images(settings: Settings, models: Mapping[str, ModelPlan], pools: Mapping[str, PoolPlan]) -> Iterator[Diagnostic]:
    for name, plan in pools.items():
        images = tuple(dict.fromkeys(model.spec.image for model in models.values() if model.pool == name))
        if plan.kind == "super" and images:
            yield codes.image_cache_expected(IMAGES, pool=name, images=images, gib=plan.disk_gib)
        elif images and not is_prefetched(settings, settings.pools[name]):
            yield codes.images_on_any_node(IMAGES, pool=name)


def _compiled(models: Mapping[str, ModelPlan]) -> Iterator[Diagnostic]:
    for name, model in models.items():
        engine = find(model.engine)
        if not hands_over(model):
            eager = engine.start_compiled is not None and not compiles(engine, model.spec.command)
            yield codes.nothing_compiled(
                "warmStart.compileCache", model=name, engine=engine.title, eager=eager, machines=model.nodes
            )
