"""How a placed model is served: the pod's resources, the engine's request, the download, and why."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from catalog.load import Catalog
from catalog.models import ModelArgument
from planner.engines import operations
from planner.engines.api import public_paths
from planner.engines.chat_template import inline
from planner.engines.compile_cache import KEEPER
from planner.engines.model_arguments import required
from planner.engines.operations import PROBE_PERIOD, Update
from planner.engines.registry import every, find
from planner.engines.request import EngineRequest
from planner.engines.spread import spread
from planner.images import mirrors
from planner.images.decide import engine_images, reference_of, release_of
from planner.images.size import image_gib
from planner.model.facts import TASKS
from planner.plan.server import GIB, MODELS_MOUNT, Resources
from planner.plan.types import DownloadPlan, ModelPlan, PoolPlan, Reason, StoragePlan
from planner.serving import super_nodes
from planner.serving.downloads import HUBS, plan_download, plan_files, source_of
from planner.serving.drafts_and_adapters import further_files
from planner.serving.placement import Placement, has_rdma
from planner.sizing import on_cpu
from settings.models import Model
from settings.pools import MACHINE_KINDS
from settings.stack import Settings
from settings.translation import tr

NETWORK_STORES = ("cfs", "cfs-turbo")
SCHEDULING_SECONDS = 60


@dataclass(frozen=True)
class Replica:
    """How each replica runs: resources of one pod (with all the replica's GPUs), its startup budget, and how a replica
    is replaced.

    `least_mib` of memory is what the engine needs, `offload_mib` of them for what its cache has no room for; `fits`
    where a replica's share of a node has that and a core.
    """

    resources: Resources
    least_mib: int
    fits: bool
    shm_mib: int
    offload_mib: int
    load_seconds: float
    startup_failures: int
    update: Update
    because: str


@dataclass(frozen=True)
class ServedModel:
    """A placed model with all that its plan is made of, judged or not."""

    placement: Placement
    replica: Replica
    request: EngineRequest
    download: DownloadPlan
    why_download: Reason
    further: tuple[DownloadPlan, ...] = ()
    download_image_gib: float = 0.0


def plan_served(
    placed: Placement, settings: Settings, store: StoragePlan, catalog: Catalog, *, spare: bool
) -> ServedModel:
    """How the model is to be served. `spare`: its pool has room for one more pod of it."""
    keeps = settings.warm_start.compile_cache and find(placed.model.engine).start_compiled is not None
    replica = _replica(placed, store, catalog, spare=spare, keeps=keeps)
    image = mirrors.resolve(placed.image.reference, settings, catalog)
    fetching, owner = _fetching_image(placed, catalog)
    fetcher = mirrors.resolve(fetching, settings, catalog)
    download, why = plan_download(placed.name, settings, placed.facts, fetcher, store)
    model = placed.model
    further = tuple(
        plan_files(files, model.download, settings, fetcher, store) for files in further_files(model, catalog)
    )
    request = _request(
        placed,
        store,
        replica,
        image=image,
        directory=download.directory,
        further=further,
        annotations=super_nodes.server_annotations(
            placed.situation.pool, placed.gpus // placed.nodes, cached=settings.warm_start.images
        ),
        measured=settings.monitoring.enabled(),
    )
    return ServedModel(placed, replica, request, download, why, further, image_gib(fetching, owner, catalog))


def _fetching_image(placed: Placement, catalog: Catalog) -> tuple[str, str]:
    """The image that fetches the files, and the engine that it is of: the hubs' clients are Python, which not every
    engine's image has (llama.cpp, .devops/cuda.Dockerfile, stage server)."""
    engine = find(placed.model.engine)
    if engine.python or source_of(placed.model) not in HUBS:
        return placed.image.reference, engine.name
    other = next(each for each in every() if each.python)
    entry = next(image for image in engine_images(other.name, catalog) if image.default)
    return reference_of(entry, entry.variants[0]), other.name


def plan_model(served: ServedModel, catalog: Catalog) -> ModelPlan:
    """The plan of a model."""
    placed, replica, request = served.placement, served.replica, served.request
    pool = placed.situation.pool
    spec = spread(find(placed.model.engine).emit(request), placed.nodes, rdma=has_rdma(pool, catalog))
    model, facts, sizing = placed.model, placed.facts, placed.sizing
    least, most = model.replica_range()
    startup = replica.startup_failures * PROBE_PERIOD
    image = image_gib(spec.image, model.engine, catalog)
    pull = image * catalog.durations["image_pull_per_gib"].seconds
    grows = pool.kind in MACHINE_KINDS and pool.max_nodes > pool.min_nodes
    node = catalog.durations[f"{pool.kind}_gpu_pool"].seconds if grows else 0.0
    return ModelPlan(
        name=placed.name,
        model_id=facts.id,
        served_name=request.served_name,
        pool=pool.name,
        engine=model.engine,
        format=sizing.precision.at_load or facts.format,
        dtype=sizing.precision.dtype,
        gpus=placed.gpus,
        tensor_parallel=sizing.tensor_parallel,
        pipeline_parallel=sizing.pipeline_parallel,
        data_parallel=sizing.layout.split.data,
        expert_parallel=sizing.layout.split.by_expert,
        nodes=placed.nodes,
        max_model_len=request.max_model_len,
        gpu_memory_utilization=sizing.budget.utilization,
        concurrency=sizing.concurrency,
        memory=sizing.budget,
        weights_gib=facts.weights_gib,
        min_replicas=least,
        max_replicas=most,
        autoscaled=model.autoscaling is not None,
        strategy=replica.update.strategy,
        max_surge=replica.update.max_surge,
        max_unavailable=replica.update.max_unavailable,
        startup_seconds=startup,
        progress_deadline_seconds=startup + spec.grace_period + SCHEDULING_SECONDS + round(pull + node),
        spec=spec,
        download=served.download,
        key_version=model.key_version,
        priority_class=model.priority_class,
        task=facts.task,
        chat_template=inline(model.chat_template) if model.chat_template else None,
        api=public_paths(facts.task, placed.image.release),
        family=facts.family,
        kv_cache_dtype=model.kv_cache_dtype or "auto",
        max_num_seqs=request.running,
        max_num_batched_tokens=request.chunk,
        kv_offload_gib=request.offload_gib,
        speculative=_speculation(model),
        adapters=_adapter_names(model, request.served_name),
        further=served.further,
        source_image=placed.image.reference,
        image_gib=image,
        download_image_gib=served.download_image_gib,
    )


def explain_model(plan: ModelPlan, served: ServedModel) -> Iterator[Reason]:
    """Why the numbers are what they are, in plain words."""
    placed, replica, at = served.placement, served.replica, f"models.{plan.name}"
    if plan.nodes > 1:
        yield Reason(
            f"{at}.gpus",
            tr("{nodes} machines x {gpus}", nodes=plan.nodes, gpus=plan.gpus // plan.nodes),
            tr("one machine of the pool has fewer GPUs than a replica was asked to take")
            + (tr("; they talk over RDMA") if plan.spec.on_host else ""),
        )
    for setting, choice, because in placed.sizing.because:
        yield Reason(f"{at}.{setting}", choice, because)
    spec = plan.spec
    yield Reason(f"{at}.image", spec.image, placed.image.because)
    for argument in required_arguments(placed):
        yield Reason(f"{at}.extraArgs", " ".join(argument.argument), tr(argument.why))
    yield Reason(f"{at}.replicas", plan.strategy, replica.update.because)
    yield Reason(
        f"{at}.startup",
        tr("{seconds:.0f} s", seconds=plan.startup_seconds),
        tr(
            "{weights_gib:.1f} GiB take about {load_seconds:.0f} s to read; twice that and the engine's own "
            "start, ten minutes at the least",
            weights_gib=plan.weights_gib,
            load_seconds=replica.load_seconds,
        ),
    )
    yield Reason(
        f"{at}.memory",
        tr("{memory_mib} MiB", memory_mib=spec.resources.memory_mib),
        tr("{because}; {shm_mib} MiB of it for /dev/shm", because=replica.because, shm_mib=replica.shm_mib),
    )
    yield served.why_download


def _replica(placed: Placement, store: StoragePlan, catalog: Catalog, *, spare: bool, keeps: bool) -> Replica:
    """`keeps`: what its engine compiles is kept for the next one."""
    engine, gpus = find(placed.model.engine), placed.gpus // placed.nodes
    shm = operations.shm_mib(gpus) if engine.shared_memory else 0
    in_ram = 0 if gpus else on_cpu.needed_mib(placed.sizing)
    spilled = on_cpu.spilled_mib(placed.sizing) if gpus and engine.on_cpu else 0
    offered = _offered(placed.situation.pool, gpus, catalog)
    offload = (placed.model.kv_offload.gib if placed.model.kv_offload else 0) * GIB
    if keeps:
        offered = _less_keepers(offered, gpus)
    wanted = operations.requests(offered, gpus, shm, least_memory_mib=in_ram or spilled, offload_mib=offload)
    load = operations.load_seconds(
        placed.facts.weights_bytes,
        store.read_mbps,
        placed.gpus or 1,
        prefetch="safetensors-prefetch" in placed.image.flags and store.kind in NETWORK_STORES,
    )
    least, _ = placed.model.replica_range()
    return Replica(
        resources=Resources(wanted.cpu_millis, wanted.memory_mib, placed.gpus),
        least_mib=shm + (in_ram or operations.LEAST_MEMORY_MIB) + offload,
        fits=wanted.fits,
        shm_mib=shm + (offload if engine.offload.in_shared_memory else 0),
        offload_mib=offload,
        load_seconds=load,
        startup_failures=operations.startup_failures(load, catalog.durations[engine.start].seconds),
        update=operations.update(least, spare=spare),
        because=wanted.because,
    )


def _less_keepers(pool: PoolPlan, gpus: int) -> PoolPlan:
    """The pool, of which a container beside each replica takes its part."""
    pods = max(1, int(pool.gpus_per_node) // max(gpus, 1))
    return replace(
        pool,
        allocatable_cpu_millis=max(0, pool.allocatable_cpu_millis - pods * KEEPER.cpu_millis),
        allocatable_memory_mib=max(0, pool.allocatable_memory_mib - pods * KEEPER.memory_mib),
    )


def _offered(pool: PoolPlan, gpus: int, catalog: Catalog) -> PoolPlan:
    """The pool; one of super nodes as the spec with that many GPUs, where there is one."""
    kind = catalog.super_gpus.get(pool.gpu_type) if pool.kind == "super" and pool.gpu_type is not None else None
    spec = operations.super_spec(kind, gpus) if kind else None
    if spec is None:
        return pool
    cpu, memory = spec
    return replace(pool, gpus_per_node=float(gpus), allocatable_cpu_millis=cpu, allocatable_memory_mib=memory)


def _request(
    placed: Placement,
    store: StoragePlan,
    replica: Replica,
    *,
    image: str,
    directory: str,
    further: tuple[DownloadPlan, ...],
    annotations: super_nodes.Pairs,
    measured: bool,
) -> EngineRequest:
    model, sizing = placed.model, placed.sizing
    paths = [f"{MODELS_MOUNT}/{each.directory}" for each in further]
    drafts = model.speculative is not None and model.speculative.model is not None
    needed = required_arguments(placed)
    tools = placed.facts.tools_in_template or any(each.tools for each in needed) or model.chat_template is not None
    return EngineRequest(
        model=model,
        served_name=_served_name(placed),
        model_id=placed.facts.id,
        model_path=f"{MODELS_MOUNT}/{directory}",
        image=image,
        flags=placed.image.flags,
        user=placed.image.user,
        compute_capability=placed.gpu.compute_capability if placed.gpu else None,
        tensor_parallel=sizing.tensor_parallel,
        pipeline_parallel=sizing.pipeline_parallel,
        data_parallel=sizing.layout.split.data,
        expert_parallel=sizing.layout.split.by_expert,
        max_model_len=None if _by_engine(placed) else sizing.context,
        utilization=None if find(model.engine).memory == "own" else sizing.budget.utilization,
        chunk=sizing.static.chunk if sizing.static else model.max_num_batched_tokens,
        running=sizing.static.running * sizing.layout.split.data if sizing.static else model.max_num_seqs,
        offload_gib=model.kv_offload.gib if model.kv_offload else None,
        draft_path=paths[0] if drafts else None,
        adapters=tuple(zip(model.lora.adapters, paths[drafts:], strict=True)) if model.lora else (),
        dtype=sizing.precision.dtype,
        at_load=sizing.precision.at_load,
        reasoning_parser=placed.facts.reasoning_parser,
        tool_parser=placed.facts.tool_parser if tools else None,
        required=tuple(each.argument for each in needed),
        network_store=store.kind in NETWORK_STORES,
        resources=replica.resources,
        shm_mib=replica.shm_mib,
        startup_failures=replica.startup_failures,
        load_seconds=replica.load_seconds,
        task=placed.facts.task,
        convert=TASKS[placed.facts.kind] != placed.facts.task,
        encoder=placed.facts.encoder,
        annotations=annotations,
        measured=measured,
    )


def required_arguments(placed: Placement) -> tuple[ModelArgument, ...]:
    """The arguments that the image's release needs for the model."""
    image = placed.image
    return required(placed.facts.arguments, placed.model.engine, release_of(image), own_files=image.of_engine)


def _by_engine(placed: Placement) -> bool:
    """Whether the engine finds the context by itself: where its cache is not computed, and where a model that makes no
    text has all that it takes, which may be less than its config.json says (sentence_bert_config.json) and must then
    not be asked for."""
    facts, sizing = placed.facts, placed.sizing
    if placed.model.max_model_len is not None:
        return False
    unknown = not sizing.computed and "max-model-len=auto" in placed.image.flags
    return unknown or (facts.task != "chat" and sizing.context >= facts.max_positions)


def _speculation(model: Model) -> str | None:
    """The speculative decoding, in words."""
    asked = model.speculative
    if asked is None:
        return None
    method, tokens = asked.method, asked.tokens
    if asked.model is None:
        return tr("{method}, {tokens} tokens at a time", method=method, tokens=tokens)
    return tr("{method} of {model}, {tokens} tokens at a time", method=method, model=asked.model, tokens=tokens)


def _adapter_names(model: Model, served: str) -> tuple[str, ...]:
    """What a request asks for to have an adapter."""
    form = find(model.engine).adapter_name
    return tuple(form.format(served=served, name=name) for name in (model.lora.adapters if model.lora else ()))


def _served_name(placed: Placement) -> str:
    """The model's name in the API."""
    own_id = find(placed.model.engine).own_ids
    return placed.facts.id if own_id else placed.model.served_name or placed.name
