"""What else the page shows of a plan: findings, reasons, memory, costs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cli.language import tr, translate, trn
from planner.plan.types import MemoryBudget, ModelPlan, Plan, PoolPlan
from policy.rule import Violation
from settings.diagnostics import Diagnostic

MONTH = 730
"""Hours: a year's 8,760 in twelve."""


@dataclass(frozen=True)
class Finding:
    """One diagnostic, or a rule of the policy pack that is broken. `fix` is the change as it stands in a stack file."""

    severity: str
    code: str
    path: str
    message: str
    given: str
    allowed: str
    remedy: str
    fix: str
    forced: bool


@dataclass(frozen=True)
class Part:
    """A part of a GPU's memory in GiB. `kind` names its colour."""

    kind: str
    label: str
    gib: float


@dataclass(frozen=True)
class Memory:
    """The memory of each GPU (of the machine, for a model on CPU) of one model's replica."""

    model: str
    title: str
    note: str
    total: float
    limit: float
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Cost:
    """What a pool costs at the price of the stack file; amounts are (least nodes, most nodes), None without a price."""

    pool: str
    machines: str
    price: float | None
    hour: tuple[float, float] | None
    day: tuple[float, float] | None
    month: tuple[float, float] | None
    note: str


def findings(diagnostics: Sequence[Diagnostic], violations: Sequence[Violation]) -> tuple[Finding, ...]:
    """All of them, gravest first."""
    broken = [
        Finding(
            "policy", each.code, f"{each.type} {each.resource}", translate(each.message), "", "", "", "", each.forced
        )
        for each in violations
    ]
    told = [
        Finding(
            each.severity,
            each.code,
            each.path,
            translate(each.message),
            translate(each.given),
            translate(each.allowed),
            translate(each.remedy),
            _fix(each),
            each.forced,
        )
        for severity in ("error", "warning", "note")
        for each in diagnostics
        if each.severity == severity
    ]
    return (*broken, *told)


def _fix(found: Diagnostic) -> str:
    """The change in the stack file, a line for each key."""
    return "\n".join(
        tr("remove {path}", path=path)
        if value is None
        else f"{path}: {json.dumps(value, ensure_ascii=False, default=str)}"
        for path, value in found.fix
    )


def memory(plan: Plan) -> tuple[Memory, ...]:
    """Each model's."""
    return tuple(_memory(model, plan.pools[model.pool]) for model in plan.models.values())


def _memory(model: ModelPlan, pool: PoolPlan) -> Memory:
    budget = model.memory
    title = tr("memory of pool {pool}", pool=pool.name)
    if model.gpus:
        title = trn(
            "{number} GPU of pool {pool} per replica",
            "{number} GPUs of pool {pool} per replica",
            model.gpus,
            pool=pool.name,
        )
    if pool.gpu and model.gpus:
        title = tr("{gpu}, {gpus}", gpu=pool.gpu, gpus=title)
    parts = tuple(part for part in _parts(budget) if part.gib >= 0.005)
    values = {"number": model.concurrency, "each": budget.kv_one_sequence}
    note = tr("{number:.1f} requests of the longest context at a time; each takes {each:.2f} GiB", **values)
    return Memory(model.name, title, note, budget.total, budget.limit, parts)


def _parts(budget: MemoryBudget) -> Iterator[Part]:
    yield Part("weights", tr("weights"), budget.weights)
    yield Part("activations", tr("activations"), budget.activations)
    yield Part("runtime", tr("the engine and its libraries"), budget.non_torch)
    yield Part("graphs", tr("CUDA graphs"), budget.graphs)
    yield Part("cache", tr("KV cache"), max(0.0, budget.kv_room))
    yield Part("outside", tr("beside the engine's share"), budget.outside)
    yield Part("spare", tr("left free"), max(0.0, budget.total - budget.limit - budget.outside))


def costs(plan: Plan) -> tuple[Cost, ...]:
    """Each GPU pool's, whether or not its price is known."""
    return tuple(_cost(pool, plan) for pool in plan.pools.values())


def _cost(pool: PoolPlan, plan: Plan) -> Cost:
    if pool.kind == "super":
        return Cost(pool.name, str(pool.gpu_type), None, None, None, None, tr("billed by the pod"))
    if pool.kind == "existing":
        return Cost(pool.name, tr("nodes that exist"), None, None, None, None, tr("not made by this stack"))
    least, most = (0, 0) if plan.paused else (pool.min_nodes, pool.max_nodes)
    nodes = str(least) if least == most else tr("{least} to {most}", least=least, most=most)
    machines = f"{nodes} x {pool.instance_type}"
    if pool.price is None:
        note = tr("no price; set prices.{machine} to yours", machine=pool.instance_type)
        return Cost(pool.name, machines, None, None, None, None, note)
    hour, day, month = ((least * pool.price * hours, most * pool.price * hours) for hours in (1, 24, MONTH))
    return Cost(pool.name, machines, pool.price, hour, day, month, tr("paused") if plan.paused else "")
