"""One model, decided: what serves it, on what, with which numbers, and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from catalog.load import Catalog
from planner.diagnostics.finding import Finding
from planner.diagnostics.force import taken
from planner.engines import operations
from planner.engines.check import check_options
from planner.engines.operations import PROBE_PERIOD, Requests, Update
from planner.engines.registry import find
from planner.engines.request import EngineRequest
from planner.engines.spread import spread
from planner.images.mirrors import resolve as road
from planner.images.size import image_gib
from planner.plan.server import MODELS_MOUNT, Resources
from planner.plan.types import DownloadPlan, ModelPlan, PoolPlan, Reason, StoragePlan
from planner.serving import capacity, nearest, super_nodes
from planner.serving.capacity import Demand
from planner.serving.downloads import plan_download
from planner.serving.placement import Placement, has_rdma, place
from planner.sizing import on_cpu
from settings.diagnostics import Diagnostic, softened
from settings.models import Model, Settings

NETWORK_STORES = ("cfs", "cfs-turbo")
SCHEDULING_SECONDS = 60


@dataclass(frozen=True)
class Decision:
    """What was decided of one model. `plan` is None where an error that nobody forced leaves nothing to build."""

    plan: ModelPlan | None
    reasons: tuple[Reason, ...]
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True)
class _Run:
    """How the replicas run: resources of one pod (with all the replica's GPUs), its startup budget, and how a replica
    is replaced."""

    resources: Resources
    shm_mib: int
    load_seconds: float
    startup_failures: int
    update: Update
    because: str


def placements(settings: Settings, pools: Mapping[str, PoolPlan], catalog: Catalog) -> dict[str, Placement]:
    """Every model that can be placed on its pool, by name."""
    found = {
        name: place(name, settings, pool, catalog, explain=False)
        for name, model in settings.models.items()
        if (pool := pools.get(settings.pool_of(model) or "")) is not None
    }
    return {name: placed for name, placed in found.items() if isinstance(placed, Placement)}


def decide(
    name: str,
    settings: Settings,
    pool: PoolPlan,
    store: StoragePlan,
    catalog: Catalog,
    *,
    explain: bool = True,
    neighbours: Mapping[str, Placement] | None = None,
) -> Decision:
    """Decide the model with this key on its pool. Total: what is wrong comes back as diagnostics, all at once.

    A code in `force` turns its error into a warning; the plan is then made as if the rule did not exist. `explain` off
    leaves out the search for the nearest fix, for callers that try many pools. `neighbours` are the `placements` of all
    models, where the caller knows them.
    """
    placed = place(name, settings, pool, catalog, explain=explain)
    if not isinstance(placed, Placement):
        return Decision(None, (), placed)
    if neighbours is None:
        neighbours = placements(settings, {pool.name: pool}, catalog)
    room, demands = capacity.room_of(pool), _demands(name, placed, settings, pool, neighbours)
    run, about_run = _run(placed, pool, store, catalog, spare=capacity.has_spare(room, demands, name))
    image = road(placed.image.reference, settings, catalog)
    download, why_download, about_download = plan_download(
        name, settings, placed.facts, placed.facts.format, image, store, catalog
    )
    request = _request(placed, store, run, image=image, directory=download.directory)
    diagnostics = (
        *placed.findings,
        *(finding.at(name) for finding in about_run),
        *_options(placed, request),
        *(finding.at(name) for finding in _replicas(placed, run)),
        *capacity.check(pool, room, demands, name),
        *about_download,
    )
    judged = tuple(taken(diagnostic, settings.force) for diagnostic in diagnostics)
    if any(diagnostic.severity == "error" for diagnostic in judged):
        return Decision(None, (), judged)
    plan = _plan(placed, run, request, download, catalog)
    return Decision(plan, (*_reasons(plan, placed, run), *why_download), judged)


def _counts(model: Model) -> tuple[int, int]:
    """Fewest and most replicas."""
    scaling = model.autoscaling
    return (scaling.min, scaling.max) if scaling else (model.replicas, model.replicas)


def _demands(
    name: str, placed: Placement, settings: Settings, pool: PoolPlan, neighbours: Mapping[str, Placement]
) -> tuple[Demand, ...]:
    """What every model on this pool asks of it; those that cannot be placed ask for nothing."""
    demands = []
    for other, model in settings.models.items():
        if settings.pool_of(model) != pool.name:
            continue
        found = placed if other == name else neighbours.get(other)
        if found is not None:
            size = found.gpus // found.nodes or on_cpu.needed_mib(found.facts, found.sizing.context)
            demands.append(Demand(other, size, *_counts(model), pods=found.nodes))
    return tuple(demands)


def _run(
    placed: Placement, pool: PoolPlan, store: StoragePlan, catalog: Catalog, *, spare: bool
) -> tuple[_Run, list[Finding]]:
    engine, gpus = find(placed.model.engine), placed.gpus // placed.nodes
    findings: list[Finding] = []
    offered = pool
    if pool.kind == "super" and pool.gpu_type is not None:
        offered, findings = _super_offer(pool, gpus, catalog)
    shm = operations.shm_mib(gpus) if engine.shared_memory else 0
    in_ram = 0 if gpus else on_cpu.needed_mib(placed.facts, placed.sizing.context)
    wanted = operations.requests(offered, gpus, shm, least_memory_mib=in_ram)
    if not wanted.fits:
        findings.append(_too_large(placed, wanted, shm + (in_ram or operations.LEAST_MEMORY_MIB), catalog))
    load = operations.load_seconds(
        placed.facts.weights_bytes,
        store.read_mbps,
        placed.gpus or 1,
        prefetch="safetensors-prefetch" in placed.image.flags and store.kind in NETWORK_STORES,
    )
    least, _ = _counts(placed.model)
    run = _Run(
        resources=Resources(wanted.cpu_millis, wanted.memory_mib, placed.gpus),
        shm_mib=shm,
        load_seconds=load,
        startup_failures=operations.startup_failures(load, catalog.durations[engine.start].seconds),
        update=operations.update(least, spare=spare),
        because=wanted.because,
    )
    return run, findings


def _super_offer(pool: PoolPlan, gpus: int, catalog: Catalog) -> tuple[PoolPlan, list[Finding]]:
    """The pool as the super-node spec with that many GPUs, or with the next more."""
    kind = catalog.super_gpus[pool.gpu_type or ""]
    spec = operations.super_spec(kind, gpus)
    if spec is not None:
        cpu, memory = spec
        return replace(pool, gpus_per_node=float(gpus), allocatable_cpu_millis=cpu, allocatable_memory_mib=memory), []
    offered = sorted({max(1, int(s.gpus)) for s in kind.specs})
    larger = next((count for count in offered if count > gpus), None)
    return pool, [
        Finding(
            severity="warning",
            code="NO_SUPER_SPEC",
            setting="gpus",
            message=f"Super nodes are documented to offer {kind.name} with {', '.join(map(str, offered))} GPUs, "
            f"not {gpus}; the pod may be refused, or billed as the next larger.",
            remedy=f"Set gpus to {larger}." if larger else "Use fewer GPUs.",
            given=str(gpus),
            allowed=", ".join(map(str, offered)),
            fix=(("gpus", larger),) if larger else (),
        )
    ]


def _too_large(placed: Placement, wanted: Requests, least_mib: int, catalog: Catalog) -> Finding:
    pool = placed.situation.pool
    larger = nearest.roomier(placed.situation, placed.gpus, least_mib, catalog) if placed.gpus else None
    return Finding(
        severity="error",
        code="POD_TOO_LARGE",
        setting="pool",
        message=f"One replica's share of a node of pool {pool.name} is {wanted.memory_mib} MiB and {wanted.cpu_millis} "
        f"millicores; the engine needs {least_mib} MiB and one core at the least.",
        remedy=f"Use {larger.name}, which has more memory." if larger else "Use a machine with more memory.",
        given=pool.name,
        allowed=f"{least_mib} MiB or more",
        fix=((f"/pools.{pool.name}.instanceType", larger.name),) if larger else (),
    )


def _request(placed: Placement, store: StoragePlan, run: _Run, *, image: str, directory: str) -> EngineRequest:
    model, sizing, flags = placed.model, placed.sizing, placed.image.flags
    by_engine = not sizing.computed and model.max_model_len is None and "max-model-len=auto" in flags
    return EngineRequest(
        served_name=served_name(placed),
        model_id=placed.facts.id,
        model_path=f"{MODELS_MOUNT}/{directory}",
        image=image,
        flags=flags,
        user=placed.image.user,
        compute_capability=placed.gpu.compute_capability if placed.gpu else None,
        tensor_parallel=sizing.tensor_parallel,
        pipeline_parallel=sizing.pipeline_parallel,
        context=None if by_engine else sizing.context,
        utilization=None if find(model.engine).memory == "own" else sizing.budget.utilization,
        chunk=sizing.static.chunk if sizing.static else None,
        running=sizing.static.running if sizing.static else None,
        dtype=sizing.dtype,
        at_load=sizing.at_load,
        reasoning_parser=placed.facts.reasoning_parser,
        tool_parser=placed.facts.tool_parser,
        network_store=store.kind in NETWORK_STORES,
        resources=run.resources,
        shm_mib=run.shm_mib,
        startup_failures=run.startup_failures,
        load_seconds=run.load_seconds,
        env=tuple(model.env.items()),
        extra_args=model.extra_args,
        annotations=super_nodes.server_annotations(placed.situation.pool, placed.gpus // placed.nodes),
    )


def served_name(placed: Placement) -> str:
    """The model's name in the API."""
    own_id = find(placed.model.engine).own_ids
    return placed.facts.id if own_id else placed.model.served_name or placed.name


def _options(placed: Placement, request: EngineRequest) -> tuple[Diagnostic, ...]:
    ours = dict(find(placed.model.engine).emit(replace(request, env=())).env)
    found = tuple(
        check_options(
            f"models.{placed.name}",
            placed.model,
            placed.image.flags,
            placed.image.release,
            ours,
            name=placed.name,
            context=request.context,
        )
    )
    guessed = any(finding.code == "IMAGE_UNKNOWN" for finding in placed.findings)
    unknown = ("FLAG_UNKNOWN_TO_IMAGE", "RAY_NOT_IN_IMAGE", "EXTRA_ARGS_INVALID")
    return tuple(softened((each,))[0] if guessed and each.code in unknown else each for each in found)


def _replicas(placed: Placement, run: _Run) -> Iterator[Finding]:
    model = placed.model
    if model.autoscaling is not None and "replicas" in model.model_fields_set:
        yield Finding(
            severity="warning",
            code="REPLICAS_IGNORED",
            setting="replicas",
            message="Autoscaling decides the number of replicas, so replicas has no effect.",
            remedy="Take replicas out.",
            given=str(model.replicas),
            fix=(("replicas", None),),
        )
    if run.update.strategy == "Recreate":
        minutes = run.load_seconds / 60
        yield Finding(
            severity="note",
            code="UPDATE_INTERRUPTS",
            setting="replicas",
            message="No GPU is spare for a second pod, so a change to this model stops it until the new pod has loaded "
            f"its weights (about {max(minutes, 1):.0f} min) and started.",
            remedy="Give the pool room for one more replica if that is too long.",
        )


def _plan(placed: Placement, run: _Run, request: EngineRequest, download: DownloadPlan, catalog: Catalog) -> ModelPlan:
    pool = placed.situation.pool
    spec = spread(find(placed.model.engine).emit(request), placed.nodes, rdma=has_rdma(pool, catalog))
    model, facts, sizing = placed.model, placed.facts, placed.sizing
    least, most = _counts(model)
    startup = run.startup_failures * PROBE_PERIOD
    image = image_gib(spec.image, model.engine, catalog)
    pull = image * catalog.durations["image_pull_per_gib"].seconds
    grows = pool.kind in ("native", "ordinary") and pool.max_nodes > pool.min_nodes
    node = catalog.durations[f"{pool.kind}_gpu_pool"].seconds if grows else 0.0
    return ModelPlan(
        name=placed.name,
        model_id=facts.id,
        served_name=request.served_name,
        pool=pool.name,
        engine=model.engine,
        format=sizing.at_load or facts.format,
        dtype=sizing.dtype,
        gpus=placed.gpus,
        tensor_parallel=sizing.tensor_parallel,
        pipeline_parallel=sizing.pipeline_parallel,
        nodes=placed.nodes,
        max_model_len=request.context or 0,
        gpu_memory_utilization=sizing.budget.utilization,
        concurrency=sizing.concurrency,
        memory=sizing.budget,
        weights_gib=facts.weights_gib,
        min_replicas=least,
        max_replicas=most,
        autoscaled=model.autoscaling is not None,
        strategy=run.update.strategy,
        max_surge=run.update.max_surge,
        max_unavailable=run.update.max_unavailable,
        startup_seconds=startup,
        progress_deadline_seconds=startup + spec.grace_period + SCHEDULING_SECONDS + round(pull + node),
        spec=spec,
        download=download,
        key_version=model.key_version,
        priority_class=model.priority_class,
        family=facts.family,
        source_image=placed.image.reference,
        image_gib=image,
    )


def _reasons(plan: ModelPlan, placed: Placement, run: _Run) -> Iterator[Reason]:
    """Why the numbers are what they are, in plain words."""
    at = f"models.{plan.name}"
    if plan.nodes > 1:
        yield Reason(
            f"{at}.gpus",
            f"{plan.nodes} machines x {plan.gpus // plan.nodes}",
            "one machine of the pool has fewer GPUs than a replica was asked to take"
            + ("; they talk over RDMA" if plan.spec.spread and plan.spec.spread.rdma else ""),
        )
    for setting, choice, because in placed.sizing.because:
        yield Reason(f"{at}.{setting}", choice, because)
    spec = plan.spec
    yield Reason(f"{at}.image", spec.image, placed.image.because)
    yield Reason(f"{at}.replicas", plan.strategy, run.update.because)
    yield Reason(
        f"{at}.startup",
        f"{plan.startup_seconds} s",
        f"{plan.weights_gib:.1f} GiB take about {run.load_seconds:.0f} s to read; twice that and the engine's own "
        "start, ten minutes at the least",
    )
    yield Reason(
        f"{at}.memory",
        f"{spec.resources.memory_mib} MiB",
        f"{run.because}; {run.shm_mib} MiB of it for /dev/shm",
    )
