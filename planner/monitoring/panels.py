"""What the dashboard shows: every model beside the others, then the clients and the gateway."""

from collections.abc import Iterable, Iterator

from catalog.load import Catalog
from planner.monitoring import clients
from planner.monitoring import records as kept
from planner.monitoring.alerts import GATEWAY, routed
from planner.monitoring.records import WINDOW
from planner.plan.monitoring import PanelPlan, RecordPlan

GLANCE, ASKED, SPEED, CACHES, MACHINES, CLIENTS, WAY_IN = (
    "At a glance",
    "What is asked",
    "How fast",
    "Queue and cache",
    "Replicas, GPUs, cost",
    "Clients of the API",
    "Gateway",
)
"""Rows."""

NEVER = 100_000
"""Days; Envoy shows more where it holds no certificate (the largest number of 32 bits)."""

PER_SECOND, SECONDS, SHARE, NUMBER = "reqps", "s", "percentunit", "short"
"""Units, as Grafana calls them (packages/grafana-data/src/valueFormats/categories.ts)."""


def plan_panels(
    catalog: Catalog, records: Iterable[RecordPlan], namespace: str, *, gateway: bool, certificate: bool
) -> Iterator[PanelPlan]:
    """The panels, in the order in which they are read; of what no model has there is none. `gateway`: proxies are
    read, and with a `certificate` of theirs."""
    names = {each.name for each in records}
    for panel in (*_glance(namespace, names), *_of_models(namespace), *_of_clients(namespace)):
        queries = tuple((expr, legend) for needs, expr, legend in panel[3] if needs is None or needs in names)
        if queries:
            yield PanelPlan(row=panel[0], title=panel[1], unit=panel[2], queries=queries, single=panel[0] == GLANCE)
    if gateway:
        yield from _of_gateway(catalog, namespace, certificate=certificate)


Query = tuple[str | None, str, str]
"""The record that a query needs (None: none), the query, and what its lines are called."""
Panel = tuple[str, str, str, tuple[Query, ...]]
"""Row, title, unit and queries."""


def _glance(namespace: str, names: set[str]) -> Iterator[Panel]:
    def total(record: str, how: str = "sum") -> tuple[Query, ...]:
        return ((record, f"{how}({_of(record, namespace)})", ""),)

    yield GLANCE, "Replicas that answer", NUMBER, total(kept.REPLICAS)
    yield GLANCE, "Requests", PER_SECOND, total(kept.REQUESTS)
    yield GLANCE, "Tokens a second, read and written", NUMBER, _added(namespace, names)
    yield GLANCE, "Slowest first token (p95)", SECONDS, total(kept.TTFT_P95, "max")
    yield GLANCE, "Cost per hour", NUMBER, total(kept.COST)
    firing = 'sum(ALERTS{alertname=~"Llm.+",alertstate="firing"}) or vector(0)'
    yield GLANCE, "Alerts that fire", NUMBER, ((None, firing, ""),)


def _added(namespace: str, names: set[str]) -> tuple[Query, ...]:
    if not {kept.PROMPTS, kept.GENERATED} <= names:
        return ()
    read, written = (f"sum({_of(record, namespace)})" for record in (kept.PROMPTS, kept.GENERATED))
    return ((kept.PROMPTS, f"{read} + {written}", ""),)


def _of_models(namespace: str) -> Iterator[Panel]:
    def lines(*records: tuple[str, str]) -> tuple[Query, ...]:
        return tuple((record, _of(record, namespace), f"{{{{model}}}}{suffix}") for record, suffix in records)

    yield ASKED, "Requests", PER_SECOND, lines((kept.REQUESTS, ""))
    yield ASKED, "Tokens a second", NUMBER, lines((kept.PROMPTS, " read"), (kept.GENERATED, " written"))
    yield SPEED, "Time to the first token", SECONDS, lines((kept.TTFT_P50, " p50"), (kept.TTFT_P95, " p95"))
    yield (
        SPEED,
        "Time from one token to the next",
        SECONDS,
        lines((kept.TPOT_P50, " p50"), (kept.TPOT_P95, " p95"), (kept.TPOT_MEAN, " mean")),
    )
    yield CACHES, "Requests that wait and run", NUMBER, lines((kept.WAITING, " waiting"), (kept.RUNNING, " running"))
    yield CACHES, "KV cache in use, fullest replica", SHARE, lines((kept.CACHE, ""))
    yield CACHES, "Prefixes found in the cache", SHARE, lines((kept.PREFIXES, ""))
    yield MACHINES, "Replicas that answer", NUMBER, lines((kept.REPLICAS, ""))
    yield MACHINES, "GPUs at work", SHARE, lines((kept.GPU_USE, ""))
    yield MACHINES, "GPU memory in use", SHARE, lines((kept.GPU_MEMORY, ""))
    yield MACHINES, "Cost per hour", NUMBER, lines((kept.COST, ""))


def _of_clients(namespace: str) -> Iterator[Panel]:
    def lines(record: str, legend: str) -> tuple[Query, ...]:
        return ((record, f'{record}{{namespace="{namespace}",client=~"$client"}}', legend),)

    both = "{{client}} {{model}}"
    yield CLIENTS, "Requests", PER_SECOND, lines(clients.REQUESTS, both)
    yield CLIENTS, "Tokens a second, read", NUMBER, lines(clients.PROMPTS, both)
    yield CLIENTS, "Tokens a second, written", NUMBER, lines(clients.GENERATED, both)
    yield CLIENTS, "Refused with 429", SHARE, lines(clients.REFUSED, "{{client}}")


def _of_gateway(catalog: Catalog, namespace: str, *, certificate: bool) -> Iterator[PanelPlan]:
    envoy = catalog.metrics["envoy"]
    (requests,), (days,) = envoy.names("requests"), envoy.names("certificate_days")
    ours = routed(namespace)
    answers = f"sum by (envoy_response_code) (rate({requests}{{{ours}}}[{WINDOW}]))"
    yield PanelPlan(
        row=WAY_IN, title="Answers by status", unit=PER_SECOND, queries=((answers, "{{envoy_response_code}}"),)
    )
    refused = f'sum(rate({requests}{{{ours},envoy_response_code="429"}}[{WINDOW}]))'
    share = f"{refused} / sum(rate({requests}{{{ours}}}[{WINDOW}]))"
    yield PanelPlan(row=WAY_IN, title="Refused with 429", unit=SHARE, queries=((share, "429"),))
    if certificate:
        ends = f'min({days}{{job="{namespace}/{GATEWAY}"}} < {NEVER})'
        yield PanelPlan(row=WAY_IN, title="Days until a certificate ends", unit=NUMBER, queries=((ends, "days"),))


def _of(record: str, namespace: str) -> str:
    """The series of the models that are looked at."""
    return f'{record}{{namespace="{namespace}",model=~"$model"}}'
