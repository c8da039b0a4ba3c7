"""What stands against how a placed model is served: its place, its pods, its options, its replicas, its download."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from packaging.version import Version

from catalog.arguments import Release
from catalog.load import Catalog
from planner.engines import operations
from planner.engines.check import check_options, check_required
from planner.engines.check_flags import Known
from planner.engines.registry import find
from planner.images.codes import image_unknown
from planner.images.decide import engine_images, release_of
from planner.plan.server import GIB
from planner.serving import codes, nearest
from planner.serving.capacity import Demand, room_of
from planner.serving.check_capacity import check_capacity
from planner.serving.check_downloads import check_download
from planner.serving.check_drafts_and_adapters import check_drafts_and_adapters
from planner.serving.check_placement import check_placement
from planner.serving.decide import ServedModel
from planner.serving.placement import Placement
from settings.diagnostics import Diagnostic, softened
from settings.stack import Settings

BY_RELEASE = ("RAY_NOT_IN_IMAGE", "KV_CACHE_DTYPE_UNKNOWN", "SETTING_NOT_IN_IMAGE")
"""What rests on the image's release, and is doubtful for an image that is only taken for one."""


def check_served(
    served: ServedModel, demands: Sequence[Demand], settings: Settings, catalog: Catalog
) -> Iterator[Diagnostic]:
    """All that stands against a model that could be placed. `demands` are those of all models on its pool."""
    placed = served.placement
    about_placement = check_placement(placed, catalog)
    yield from about_placement
    yield from _super_spec(served, catalog)
    yield from _pod(served, catalog)
    doubtful = any(found.code == image_unknown.name for found in about_placement)
    for found in _options(served, catalog):
        yield softened(found) if doubtful and found.code in BY_RELEASE else found
    yield from check_required(placed.situation.section, placed.model, served.request.required)
    yield from _replicas(served)
    pool = placed.situation.pool
    yield from check_capacity(pool, room_of(pool), demands, placed.name, catalog)
    yield from check_download(placed.name, settings, placed.facts, served.download, catalog)
    yield from check_drafts_and_adapters(placed, settings, served.further, catalog)


def _super_spec(served: ServedModel, catalog: Catalog) -> Iterator[Diagnostic]:
    placed = served.placement
    pool, gpus = placed.situation.pool, placed.gpus // placed.nodes
    if pool.kind != "super" or pool.gpu_type is None:
        return
    kind = catalog.super_gpus[pool.gpu_type]
    if operations.super_spec(kind, gpus) is None:
        offered = sorted({max(1, int(spec.gpus)) for spec in kind.specs})
        larger = next((count for count in offered if count > gpus), None)
        path = placed.situation.at("gpus")
        yield codes.no_super_spec(path, gpu=kind.name, gpus=gpus, offered=offered, larger=larger)


def _pod(served: ServedModel, catalog: Catalog) -> Iterator[Diagnostic]:
    placed, replica = served.placement, served.replica
    if replica.fits:
        return
    case = placed.situation
    without = replica.resources.memory_mib - replica.least_mib + replica.offload_mib
    if replica.offload_mib and without >= GIB:
        yield codes.offload_too_large(
            case.at("kvOffload.gib"), gib=replica.offload_mib // GIB, most=without // GIB, pool=case.pool.name
        )
        return
    larger = nearest.roomier(case, placed.gpus, replica.least_mib, catalog) if placed.gpus else None
    yield codes.pod_too_large(
        case.at("pool"),
        pool=case.pool.name,
        memory_mib=replica.resources.memory_mib,
        cpu_millis=replica.resources.cpu_millis,
        least_mib=replica.least_mib,
        larger=larger.name if larger else None,
        machine_path=f"pools.{case.pool.name}.instanceType",
    )


def _known(placed: Placement, catalog: Catalog) -> Known | None:
    """What is recorded of the arguments of a model's image."""
    image = placed.image
    if image.release is None:
        return None
    version = release_of(image) if image.variant is None and image.older is not None else None

    def recorded() -> Iterator[Release]:
        entries = engine_images(placed.model.engine, catalog)
        return (release for entry in entries if (release := catalog.release(entry)) is not None)

    after = [each for each in recorded() if Version(each.version) > version] if version else []
    later = min(after, key=lambda each: Version(each.version), default=None)
    return Known(image.release, image.variant is not None, later, recorded)


def _options(served: ServedModel, catalog: Catalog) -> Iterator[Diagnostic]:
    placed, request = served.placement, served.request
    ours = dict(
        find(placed.model.engine).emit(replace(request, model=request.model.model_copy(update={"env": {}}))).env
    )
    return check_options(
        placed.situation.section,
        placed.model,
        placed.image.flags,
        _known(placed, catalog),
        ours,
        name=placed.name,
        whole_prompt=_whole_prompt(served),
        catalog=catalog,
    )


def _whole_prompt(served: ServedModel) -> int | None:
    """The context of a model whose prompts the engine puts into one step: those of an encoder, and all in releases
    without chunked prefill (vLLM 0.29.0, config/model.py, `is_chunked_prefill_supported`)."""
    placed, told = served.placement, served.request.max_model_len
    if placed.facts.encoder:
        return told or placed.facts.max_positions
    return None if "chunked-prefill-default" in placed.image.flags else told


def _replicas(served: ServedModel) -> Iterator[Diagnostic]:
    path, model, replica = served.placement.situation.at("replicas"), served.placement.model, served.replica
    if model.autoscaling is not None and "replicas" in model.model_fields_set:
        yield codes.replicas_ignored(path, replicas=model.replicas)
    if replica.update.strategy == "Recreate":
        yield codes.update_interrupts(path, load_seconds=replica.load_seconds)
