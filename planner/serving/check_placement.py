"""What stands against a model on its pool, and the nearest change that helps."""

from collections.abc import Iterator
from dataclasses import replace

from catalog.load import Catalog
from planner.engines.check_spread import check_spread
from planner.engines.registry import every, find
from planner.images.check import check_image
from planner.images.codes import image_unknown
from planner.model import dtype_codes, facts_codes
from planner.model.check_facts import check_facts
from planner.model.check_task import check_task
from planner.model.facts import own_id, resolve
from planner.plan.types import PoolPlan
from planner.serving import nearest
from planner.serving import placement_codes as codes
from planner.serving.check_extra_args import check_extra_args
from planner.serving.check_extra_split import check_extra_split
from planner.serving.placement import Placement, Situation, hardware_of, has_rdma, situation, slots
from planner.sizing.check import check_on_cpu, check_sizing
from planner.sizing.codes import model_too_large
from planner.sizing.parallelism_codes import gpus_exceed_node
from planner.sizing.remedies import with_remedies
from settings.diagnostics import Diagnostic, softened
from settings.models import Model
from settings.pools import MACHINE_KINDS
from settings.stack import Settings


def check_placement(placed: Placement, catalog: Catalog) -> tuple[Diagnostic, ...]:
    """What stands against a placement: its image, sizing, machines, and arguments that win over settings."""
    case, model = placed.situation, placed.model
    about_image = [*_about_image(case, model, catalog)]
    about_size = _about_size(placed)
    about_spread = tuple(_about_spread(placed, about_size, catalog))
    if any(found.code == image_unknown.name for found in about_image):
        about_spread = tuple(map(softened, about_spread))
        about_size = [
            softened(each) if each.code == dtype_codes.quantization_not_in_image.name else each for each in about_size
        ]
    about_task = check_task(case.section, case.facts, find(model.engine))
    about_name = _about_name(placed, catalog)
    helped = (_helped(found, case, catalog) for found in (*about_image, *about_size))
    return (*about_task, *about_name, *helped, *about_spread, *check_extra_split(placed), *check_extra_args(placed))


def _about_name(placed: Placement, catalog: Catalog) -> Iterator[Diagnostic]:
    facts = placed.facts
    pinned = catalog.pinned_tag(facts.id) if find(placed.model.engine).own_ids and facts.catalogued else None
    if pinned is not None:
        yield facts_codes.tag_moves(placed.situation.at("model"), model=facts.id, pinned=pinned)


def check_unplaced(name: str, settings: Settings, pool: PoolPlan, catalog: Catalog) -> tuple[Diagnostic, ...]:
    """Why the model with this key could not be placed."""
    unknown = tuple(check_facts(name, settings, catalog))
    if unknown:
        return unknown
    model, case = settings.models[name], situation(name, settings, pool, catalog)
    if case is None:
        return (_needs_gpu(name, settings, pool, catalog),)
    return tuple(_helped(found, case, catalog) for found in _about_image(case, model, catalog))


def _about_image(case: Situation, model: Model, catalog: Catalog) -> Iterator[Diagnostic]:
    return check_image(case.section, case.facts, model.engine, case.host, case.image, catalog=catalog, cuda=model.cuda)


def _about_size(placed: Placement) -> list[Diagnostic]:
    case, sizing = placed.situation, placed.sizing
    hardware = hardware_of(case)
    if hardware is None:
        return check_on_cpu(case.section, case.facts, case.pool, sizing)
    found = check_sizing(case.section, case.facts, hardware, case.ask, sizing)
    return with_remedies(case.section, case.facts, hardware, case.ask, found)


def _about_spread(placed: Placement, about_size: list[Diagnostic], catalog: Catalog) -> Iterator[Diagnostic]:
    """What stands against a replica over several machines, once it has as many as it needs."""
    case, sizing = placed.situation, placed.sizing
    if placed.gpu is None or any(found.code == gpus_exceed_node.name for found in about_size):
        return
    yield from check_spread(
        case.section,
        placed.model.engine,
        placed.image.flags,
        tensor_parallel=sizing.tensor_parallel,
        gpus=sizing.gpus,
        slots=slots(case.pool),
        rdma=has_rdma(case.pool, catalog),
        own_image=placed.model.image is not None,
    )


def _helped(found: Diagnostic, case: Situation, catalog: Catalog) -> Diagnostic:
    """An error without a way out, given the nearest one outside the model's own settings."""
    # No other machine, format or engine changes what somebody stated of the driver.
    if found.severity != "error" or found.fix or found.path == case.host.driver_path:
        return found
    several = case.pool.kind in MACHINE_KINDS and case.host.gpu is not None
    too_large = found.code == model_too_large.name
    if too_large and several and not nearest.one_machine_holds(case, catalog):
        found = codes.multi_node_needed(found.path, shortage=found, gpu=case.pool.gpu or "")
    remedy, fix = next(nearest.ways(case, catalog), (found.remedy, ()))
    return replace(found, remedy=remedy, fix=fix)


def _needs_gpu(name: str, settings: Settings, pool: PoolPlan, catalog: Catalog) -> Diagnostic:
    section, facts = f"models.{name}", resolve(name, settings, catalog)
    able = [engine for engine in every() if engine.on_cpu]
    other, entry = able[0], catalog.models.get(facts.family) if facts else None
    return codes.engine_needs_gpu(
        f"{section}.engine",
        engine=settings.models[name].engine,
        pool=pool.name,
        other=(other.name, other.title),
        able=[engine.name for engine in able],
        known=own_id(entry, other) if entry else None,
        model_path=f"{section}.model",
    )
