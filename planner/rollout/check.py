"""What is doubtful about what is kept for the next replica."""

from collections.abc import Iterator, Mapping

from planner.engines.prefetch import is_prefetched
from planner.plan.types import ModelPlan, PoolPlan
from planner.rollout import codes
from settings.diagnostics import Diagnostic
from settings.models import Settings

IMAGES = "warmStart.images"


def check_warm_start(
    settings: Settings, models: Mapping[str, ModelPlan], pools: Mapping[str, PoolPlan]
) -> Iterator[Diagnostic]:
    """What is kept elsewhere, or not at all."""
    if not settings.warm_start.images:
        return
    for name, plan in pools.items():
        images = tuple(dict.fromkeys(model.spec.image for model in models.values() if model.pool == name))
        if plan.kind == "super" and images:
            yield codes.image_cache_expected(IMAGES, pool=name, images=images, gib=plan.disk_gib)
        elif images and not is_prefetched(settings, settings.pools[name]):
            yield codes.images_on_any_node(IMAGES, pool=name)
