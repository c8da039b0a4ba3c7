"""A model on its pool: its facts, the image, and how it lies on the GPUs."""

from dataclasses import dataclass, replace

from catalog.hardware import Gpu, Machine
from catalog.load import Catalog
from planner.engines.arguments import (
    allows_longer,
    batch_size,
    cache_type,
    deals_experts,
    encodes_whole,
    forgoes_images,
    quantization,
)
from planner.engines.registry import find
from planner.engines.spread import machines
from planner.images.decide import Host, ImageChoice, plan_image
from planner.model.dtype import quantised_by
from planner.model.facts import ModelFacts, resolve
from planner.plan.types import PoolPlan
from planner.serving.drafts_and_adapters import extras_of
from planner.sizing.ask import Ask
from planner.sizing.decide import Hardware, Sizing, plan_sizing
from planner.sizing.extras import NONE, Extras
from planner.sizing.on_cpu import plan_on_cpu
from planner.sizing.parallelism import beyond
from settings.models import Model
from settings.stack import Settings
from settings.translation import listed, tr


@dataclass(frozen=True)
class Situation:
    """A model on a pool, as asked for in `section` of the stack file.

    `image` is None where no image of the engine runs there; `own_image` is the stack file's own, `region` the stack's,
    None where not known. `ram_gib` is what pods may use of the memory of one of the pool's nodes; None: not known.
    """

    section: str
    facts: ModelFacts
    ask: Ask
    host: Host
    pool: PoolPlan
    image: ImageChoice | None
    own_image: str | None
    region: str | None
    ram_gib: float | None = None

    def at(self, setting: str) -> str:
        """The path of one of the model's own settings."""
        return f"{self.section}.{setting}"


@dataclass(frozen=True)
class Placement:
    """One model on its pool, or what comes nearest where it breaks a rule."""

    name: str
    model: Model
    situation: Situation
    image: ImageChoice
    sizing: Sizing

    @property
    def facts(self) -> ModelFacts:
        return self.situation.facts

    @property
    def gpu(self) -> Gpu | None:
        """None on a pool without GPUs."""
        return self.situation.host.gpu

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


def place(name: str, settings: Settings, pool: PoolPlan, catalog: Catalog) -> Placement | None:
    """Place the model with this key; None where there is nothing to place (`check_unplaced` says why).

    Where it breaks a rule the placement is what to use if the user insists.
    """
    case = situation(name, settings, pool, catalog)
    if case is None or case.image is None:
        return None
    hardware = hardware_of(case)
    sizing = plan_sizing(case.facts, hardware, case.ask) if hardware else plan_on_cpu(case.facts, pool, case.ask)
    return Placement(name, settings.models[name], case, case.image, sizing)


def situation(name: str, settings: Settings, pool: PoolPlan, catalog: Catalog) -> Situation | None:
    """What the model with this key has to do with on its pool; None where nothing is known of it, or it needs a GPU and
    there is none."""
    model, facts = settings.models[name], resolve(name, settings, catalog)
    gpu = catalog.gpus[pool.gpu] if pool.gpu else None
    if facts is None or (gpu is None and not find(model.engine).on_cpu):
        return None
    driver, there = _driver(settings, pool), pool.kind == "existing"
    documented = _documented(pool, catalog)
    host = Host(gpu, driver, f"pools.{pool.name}.driver", documented, there=there, variables=model.env)
    image = plan_image(model.engine, host, catalog, model.image)
    return Situation(
        section=f"models.{name}",
        facts=_as_cut(facts, model),
        ask=_quantised(ask_of(model, image, gpu, extras_of(model, facts, catalog)), model, facts, gpu),
        host=host,
        pool=pool,
        image=image,
        own_image=model.image,
        region=settings.region,
        ram_gib=_ram_gib(pool, catalog),
    )


def _quantised(ask: Ask, model: Model, facts: ModelFacts, gpu: Gpu | None) -> Ask:
    """What is asked with a quantisation that an argument sets, where it goes (check_extra_args judges it elsewhere)."""
    method = quantization(model.extra_args)
    return replace(ask, quantization=method) if quantised_by(method, facts, gpu, find(ask.engine), ask.flags) else ask


def _as_cut(facts: ModelFacts, model: Model) -> ModelFacts:
    """The facts with the widths that are cut."""
    whole = encodes_whole(model.extra_args)
    return replace(facts, widths=replace(facts.widths, vision_heads=None)) if whole else facts


def hardware_of(case: Situation) -> Hardware | None:
    """The GPUs that a replica may run on; None on a pool without."""
    gpu, pool = case.host.gpu, case.pool
    return Hardware(gpu, pool.gpus_per_node, pool.max_nodes, case.ram_gib) if gpu else None


def slots(pool: PoolPlan) -> int:
    """GPUs on each machine of a pool; a part of a GPU counts as one."""
    return int(max(1.0, pool.gpus_per_node))


def has_rdma(pool: PoolPlan, catalog: Catalog) -> bool:
    """Whether the pool's machines have an RDMA network among themselves."""
    machine = catalog.machines.get(pool.instance_type)
    return machine is not None and machine.rdma_gbps is not None


def _driver(settings: Settings, pool: PoolPlan) -> int | None:
    driver = settings.pools[pool.name].driver
    return int(driver.version.split(".", maxsplit=1)[0]) if driver and driver.version else None


def ram_for_pods(machine: Machine, catalog: Catalog) -> float:
    """GiB of a machine's memory less what TKE holds back."""
    return machine.memory_gib - catalog.reserved["memory"].held_back(machine.memory_gib)


def _ram_gib(pool: PoolPlan, catalog: Catalog) -> float | None:
    """What pods may use of a node's memory: of an existing one what the stack file says of it."""
    machine = catalog.machines.get(pool.instance_type)
    return ram_for_pods(machine, catalog) if machine else pool.allocatable_memory_mib / 1024 or None


def _documented(pool: PoolPlan, catalog: Catalog) -> str | None:
    kind = catalog.super_gpus.get(pool.gpu_type) if pool.gpu_type else None
    if kind is None or not (kind.driver or kind.cuda):
        return None
    driver = [tr("driver {version}", version=kind.driver)] if kind.driver else []
    return listed([*driver, *([f"CUDA {kind.cuda}"] if kind.cuda else [])], "and")


def ask_of(model: Model, choice: ImageChoice | None, gpu: Gpu | None, extras: Extras = NONE) -> Ask:
    """What a model of the stack file asks of its engine, with this image on this GPU."""
    engine, dealt = find(model.engine), deals_experts(model.extra_args)
    return Ask(
        engine=model.engine,
        utilization=model.gpu_memory_utilization,
        default_utilization=choice.utilization if choice else engine.default_utilization,
        context=model.max_model_len,
        gpus=model.gpus,
        tensor_parallel=model.tensor_parallel,
        pipeline_parallel=model.pipeline_parallel,
        data_parallel=model.data_parallel,
        expert_parallel=model.expert_parallel if dealt is None else dealt,
        dtype=model.dtype,
        quantization=model.quantization,
        extras=extras,
        sequences=model.max_num_seqs,
        batched_tokens=batch_size(model.extra_args) or model.max_num_batched_tokens,
        cache_dtype=model.kv_cache_dtype,
        cache_argument=cache_type(model.extra_args),
        flags=choice.flags if choice else frozenset(),
        backend_chosen=engine.backend_env in model.env,
        no_images=forgoes_images(model.extra_args, engine),
        longer_allowed=allows_longer(model.extra_args, model.env),
        longest=engine.longest(choice.flags, gpu.compute_capability) if gpu and choice else None,
    )
