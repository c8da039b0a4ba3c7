"""What Prometheus keeps of each model, under one name whichever engine serves it and whichever release that is."""

from collections.abc import Callable, Iterator, Sequence

from catalog.metrics import MetricRole, MetricsEndpoint
from catalog.versions import release_in
from planner.plan.monitoring import RecordPlan
from planner.plan.types import ModelPlan, PoolPlan

WINDOW = "5m"
"""What rates are taken over: ten of Prometheus' usual readings, of which several may fail."""

REQUESTS, PROMPTS, GENERATED = "llm:requests:rate5m", "llm:prompt_tokens:rate5m", "llm:generated_tokens:rate5m"
WAITING, RUNNING, REPLICAS = "llm:requests_waiting:sum", "llm:requests_running:sum", "llm:replicas:up"
TTFT_P50, TTFT_P95 = "llm:ttft_seconds:p50", "llm:ttft_seconds:p95"
TPOT_P50, TPOT_P95, TPOT_MEAN = "llm:tpot_seconds:p50", "llm:tpot_seconds:p95", "llm:tpot_seconds:mean5m"
CACHE, PREFIXES = "llm:kv_cache_use:max", "llm:prefix_hits:ratio5m"
GPU_USE, GPU_MEMORY, COST = "llm:gpu_use:avg", "llm:gpu_memory_use:avg", "llm:cost:per_hour"


def plan_records(
    model: ModelPlan, pool: PoolPlan, namespace: str, engine: MetricsEndpoint | None, gpus: MetricsEndpoint
) -> Iterator[RecordPlan]:
    """The series of one model. `engine` is where its engine shows its metrics (None: nowhere), `gpus` where GPUs
    do."""
    if engine is not None:
        for name, expr in _of_engine(engine, model, selector(namespace, model.name)):
            yield RecordPlan(name, expr, namespace, model.name)
    if model.gpus:
        held = f'namespace="{namespace}",pod=~"{pods(model)}"'
        use, used, free = (gpus.names(role)[0] for role in ("gpu_use", "memory_used", "memory_free"))
        yield RecordPlan(GPU_USE, f"avg({use}{{{held}}}) / 100", namespace, model.name)
        memory = f"sum({used}{{{held}}}) / (sum({used}{{{held}}}) + sum({free}{{{held}}}))"
        yield RecordPlan(GPU_MEMORY, memory, namespace, model.name)
    price = per_hour(model, pool)
    if engine is not None and price is not None:
        # One that loads is billed as one that answers.
        billed = f"count(up{{{selector(namespace, model.name)}}}) * {price:.4f}"
        yield RecordPlan(COST, billed, namespace, model.name)


def selector(namespace: str, model: str) -> str:
    """What tells a model's own series from those of others."""
    return f'namespace="{namespace}",model="{model}"'


def pods(model: ModelPlan) -> str:
    """The names of a model's pods, and of no other model's, as a regular expression: a Deployment's end with a hash and
    five letters, those of a group with its number and theirs."""
    if model.spec.spread is not None:
        return f"{model.name}-group-[0-9]+(-[0-9]+)?"
    return f"{model.name}-[a-z0-9]+-[a-z0-9]{{5}}"


def per_hour(model: ModelPlan, pool: PoolPlan) -> float | None:
    """What a replica costs per hour: its share of its machines. None where nobody gave a price."""
    if pool.price is None:
        return None
    share = min(1.0, model.gpus / (pool.gpus_per_node * model.nodes)) if pool.gpus_per_node and model.gpus else 1.0
    return pool.price * model.nodes * share


def _of_engine(engine: MetricsEndpoint, model: ModelPlan, own: str) -> Iterator[tuple[str, str]]:
    release = release_in(model.source_image.rpartition(":")[2])

    def names(role: MetricRole) -> tuple[str, ...]:
        return engine.names(role, release)

    def rate(name: str) -> str:
        return f"sum(rate({name}{{{own}}}[{WINDOW}]))"

    def quantile(part: float) -> Callable[[str], str]:
        return lambda name: f"histogram_quantile({part}, sum by (le) (rate({name}_bucket{{{own}}}[{WINDOW}])))"

    def mean(name: str) -> str:
        return f"{rate(f'{name}_sum')} / {rate(f'{name}_count')}"

    yield REPLICAS, f"sum(up{{{own}}})"
    yield from _told(REQUESTS, names("requests"), rate)
    yield from _told(PROMPTS, names("prompt_tokens"), rate)
    yield from _told(GENERATED, names("generated_tokens"), rate)
    yield from _told(WAITING, names("waiting"), lambda name: f"sum({name}{{{own}}})")
    yield from _told(RUNNING, names("running"), lambda name: f"sum({name}{{{own}}})")
    yield from _told(TTFT_P50, names("ttft"), quantile(0.5))
    yield from _told(TTFT_P95, names("ttft"), quantile(0.95))
    yield from _told(TPOT_P50, names("tpot"), quantile(0.5))
    yield from _told(TPOT_P95, names("tpot"), quantile(0.95))
    yield from _told(TPOT_MEAN, names("tpot"), mean)
    for seconds, tokens in zip(names("generated_seconds"), names("generated_tokens"), strict=False):
        yield TPOT_MEAN, f"{rate(seconds)} / {rate(tokens)}"
    yield from _told(CACHE, names("cache_use"), lambda name: f"max({name}{{{own}}})")
    pairs = list(zip(names("prefix_hits"), names("prefix_queries"), strict=True))
    if pairs:
        yield PREFIXES, " or ".join(f"{rate(hits)} / {rate(asked)}" for hits, asked in pairs)


def _told(record: str, names: Sequence[str], expr: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """The record, of whichever of the names there is."""
    if names:
        yield record, " or ".join(map(expr, names))
