"""What is doubtful about what is kept for the next replica."""

from collections.abc import Iterator, Mapping

from planner.engines.compile_cache import compiles
from planner.engines.prefetch import is_prefetched
from planner.engines.registry import find
from planner.plan.types import ModelPlan, PoolPlan
from planner.rollout import codes
from planner.rollout.warm_start import hands_over
from settings.diagnostics import Diagnostic
from settings.stack import Settings

IMAGES = "warmStart.images"


def check_warm_start(
    settings: Settings, models: Mapping[str, ModelPlan], pools: Mapping[str, PoolPlan]
) -> Iterator[Diagnostic]:
    """What is kept elsewhere, or not at all."""
    if settings.warm_start.images:
        yield from _images(settings, models, pools)
    if settings.warm_start.compile_cache:
        yield from _compiled(models)


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
