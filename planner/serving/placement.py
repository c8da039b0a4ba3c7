"""A model on its pool: its facts, the image, and how it lies on the GPUs."""

from dataclasses import dataclass, replace

from catalog.load import Catalog
from catalog.types import Gpu
from planner.diagnostics.finding import Finding, softened
from planner.engines.arguments import allows_longer, cache_bytes
from planner.engines.check_spread import check_spread
from planner.engines.registry import every, find
from planner.engines.spread import machines
from planner.images import choose as images
from planner.images.choose import Host, ImageChoice
from planner.model.facts import ModelFacts
from planner.model.facts import resolve as facts_of
from planner.plan.types import PoolPlan
from planner.serving import nearest
from planner.sizing import size as sizing
from planner.sizing.ask import Ask
from planner.sizing.on_cpu import lay_on_cpu
from planner.sizing.parallelism import beyond
from planner.sizing.size import Misfit, Sizing
from settings import diagnostics
from settings.diagnostics import Diagnostic
from settings.models import Model, Settings

_SIZE_RULES = ("MODEL_TOO_LARGE", "CONTEXT_TOO_LONG")


@dataclass(frozen=True)
class Placement:
    """One model on its pool, with all findings so far. `gpu` is None on a CPU pool."""

    name: str
    model: Model
    facts: ModelFacts
    gpu: Gpu | None
    image: ImageChoice
    sizing: Sizing
    situation: nearest.Situation
    findings: tuple[Diagnostic, ...]

    @property
    def gpus(self) -> int:
        return self.sizing.gpus if self.gpu else 0

    @property
    def nodes(self) -> int:
        """Machines that one replica takes; one where the pool has not as many as it would need."""
        pool = self.situation.pool
        if not self.gpus or beyond(self.gpus, slots(pool), pool.max_nodes):
            return 1
        return machines(self.gpus, slots(pool))


def place(
    name: str, settings: Settings, pool: PoolPlan, catalog: Catalog, *, explain: bool = True
) -> Placement | tuple[Diagnostic, ...]:
    """Place the model with this key; diagnostics alone where there is nothing to place.

    Where it breaks a rule the placement is what to use if the user insists. `explain` off leaves out the search for
    the nearest fix, for callers that only want the numbers.
    """
    model = settings.models[name]
    facts = facts_of(name, settings, catalog)
    if not isinstance(facts, ModelFacts):
        return tuple(facts)
    gpu = catalog.gpus[pool.gpu] if pool.gpu else None
    if gpu is None and not find(model.engine).on_cpu:
        return (_needs_gpu(model, pool, catalog, facts).at(name),)
    host = Host(gpu, _driver(settings, pool), f"pools.{pool.name}.driver", _documented(pool, catalog))
    choice, about_image = images.choose(facts, model.engine, host, catalog, image=model.image, cuda=model.cuda)
    ask = _ask(model, choice, gpu)
    case = nearest.Situation(facts, ask, host, pool, model.image, settings.region, model.quantization)

    def helped(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        return tuple(_helped(finding, case, catalog) for finding in findings) if explain else findings

    if choice is None:
        return tuple(finding.at(name) for finding in helped(about_image))
    laid = (
        lay_on_cpu(facts, pool, ask)
        if gpu is None
        else sizing.size(facts, gpu, pool.gpus_per_node, ask, pool.max_nodes)
    )
    about_size = _judged(laid.findings, model, facts, gpu)
    about_spread = _about_spread(f"models.{name}", model, choice, laid, pool=pool, catalog=catalog)
    if any(finding.code == "IMAGE_UNKNOWN" for finding in about_image):
        about_spread = diagnostics.softened(about_spread)
    chosen = laid.nearest if isinstance(laid, Misfit) else laid
    return Placement(
        name=name,
        model=model,
        facts=facts,
        gpu=gpu,
        image=choice,
        sizing=chosen,
        situation=case,
        findings=(*(found.at(name) for found in (*helped(about_image), *helped(about_size))), *about_spread),
    )


def slots(pool: PoolPlan) -> int:
    """GPUs on each machine of a pool; a part of a GPU counts as one."""
    return int(max(1.0, pool.gpus_per_node))


def has_rdma(pool: PoolPlan, catalog: Catalog) -> bool:
    """Whether the pool's machines have an RDMA network among themselves."""
    machine = catalog.machines.get(pool.instance_type)
    return machine is not None and machine.rdma_gbps is not None


def _about_spread(
    section: str, model: Model, choice: ImageChoice, laid: Sizing | Misfit, *, pool: PoolPlan, catalog: Catalog
) -> tuple[Diagnostic, ...]:
    """What stands against a replica over several machines, once it has as many as it needs."""
    if pool.gpu is None or any(finding.code == "GPUS_EXCEED_NODE" for finding in laid.findings):
        return ()
    chosen = laid.nearest if isinstance(laid, Misfit) else laid
    return tuple(
        check_spread(
            section,
            model.engine,
            choice.flags,
            tensor_parallel=chosen.tensor_parallel,
            gpus=chosen.gpus,
            slots=slots(pool),
            rdma=has_rdma(pool, catalog),
            own_image=model.image is not None,
        )
    )


def _driver(settings: Settings, pool: PoolPlan) -> int | None:
    driver = settings.pools[pool.name].driver
    return int(driver.version.split(".", maxsplit=1)[0]) if driver and driver.version else None


def _documented(pool: PoolPlan, catalog: Catalog) -> str | None:
    kind = catalog.super_gpus.get(pool.gpu_type) if pool.gpu_type else None
    if kind is None or not (kind.driver or kind.cuda):
        return None
    return " and ".join(filter(None, (kind.driver and f"driver {kind.driver}", kind.cuda and f"CUDA {kind.cuda}")))


def _ask(model: Model, choice: ImageChoice | None, gpu: Gpu | None) -> Ask:
    engine = find(model.engine)
    return Ask(
        engine=model.engine,
        utilization=model.gpu_memory_utilization,
        default_utilization=choice.utilization if choice else engine.default_utilization,
        context=model.max_model_len,
        gpus=model.gpus,
        tensor_parallel=model.tensor_parallel,
        pipeline_parallel=model.pipeline_parallel,
        dtype=model.dtype,
        quantization=model.quantization,
        kv_bytes=cache_bytes(model.extra_args),
        longer_allowed=allows_longer(model.extra_args, model.env),
        longest=engine.longest(choice.flags, gpu.compute_capability) if gpu and choice else None,
    )


def _judged(findings: tuple[Finding, ...], model: Model, facts: ModelFacts, gpu: Gpu | None) -> tuple[Finding, ...]:
    """The findings on memory as grave as their facts allow: a size that nobody verified only warns, and an engine may
    put into RAM what does not fit its GPUs."""
    engine = find(model.engine)
    if engine.on_cpu and gpu is not None:
        return tuple(_offloaded(each, engine.title, gpu) if each.code in _SIZE_RULES else each for each in findings)
    if facts.verified and (gpu is None or gpu.verified):
        return findings
    return tuple(softened((finding,))[0] if finding.code in _SIZE_RULES else finding for finding in findings)


def _offloaded(finding: Finding, engine: str, gpu: Gpu) -> Finding:
    return replace(
        finding,
        severity="warning",
        code="CPU_OFFLOAD",
        message=f"{finding.message} {engine} keeps what does not fit {gpu.name} in RAM, where it is many times slower.",
    )


def _helped(finding: Finding, case: nearest.Situation, catalog: Catalog) -> Finding:
    """An error without a way out, given the nearest one outside the model's own settings."""
    if finding.severity != "error" or finding.fix:
        return finding
    several = case.pool.kind in ("native", "ordinary") and case.host.gpu is not None
    if finding.code == "MODEL_TOO_LARGE" and several and not nearest.one_machine_holds(case, catalog):
        finding = replace(
            finding,
            code="MULTI_NODE_NEEDED",
            message=f"{finding.message} No single machine with {case.pool.gpu} holds it.",
        )
    remedy, fix = next(nearest.ways(case, catalog), (finding.remedy, ()))
    return replace(finding, remedy=remedy, fix=fix)


def _needs_gpu(model: Model, pool: PoolPlan, catalog: Catalog, facts: ModelFacts) -> Finding:
    able = [engine for engine in every() if engine.on_cpu]
    other, entry = able[0], catalog.models.get(facts.family)
    weights = entry.weights.get(other.formats[0]) if entry else None
    known = weights.repository(other.sources[0]) if weights else None
    return Finding(
        severity="error",
        code="ENGINE_NEEDS_GPU",
        setting="engine",
        message=f"{model.engine} needs a GPU, and pool {pool.name} has none.",
        remedy=f"Serve {known} with {other.title}, or use a machine with a GPU."
        if known
        else "Use a machine with a GPU.",
        given=model.engine,
        allowed=", ".join(engine.name for engine in able),
        fix=(("engine", other.name), ("model", known)) if known else (),
    )
