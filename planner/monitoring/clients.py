"""What is kept of the clients of one API for all models, and how much each of them used.

The gateway's proxies count by client and model, as requests name it (components/workloads/api_gateway.lua).
"""

from collections.abc import Iterator, Mapping

from catalog.metrics import MetricRole, MetricsEndpoint
from planner.monitoring.alerts import GATEWAY
from planner.monitoring.records import WINDOW
from planner.plan.monitoring import RecordPlan

API = "api"
"""What the PodMonitor of the proxies inside the cluster is called."""

REQUESTS, REFUSED = "llm_client:requests:rate5m", "llm_client:refused:ratio5m"
PROMPTS, GENERATED = "llm_client:prompt_tokens:rate5m", "llm_client:generated_tokens:rate5m"
COUNTED: tuple[MetricRole, ...] = (
    "client_requests",
    "client_limited",
    "client_failed",
    "client_counted",
    "client_prompt_tokens",
    "client_generated_tokens",
)


def client_records(envoy: MetricsEndpoint, namespace: str) -> Iterator[RecordPlan]:
    """The series of the clients. `envoy`: what the proxies show."""

    def rate(role: MetricRole, by: str) -> str:
        return f"sum by ({by}) (rate({_series(envoy, role, namespace)}[{WINDOW}]))"

    roles: Mapping[str, MetricRole] = {
        REQUESTS: "client_requests",
        PROMPTS: "client_prompt_tokens",
        GENERATED: "client_generated_tokens",
    }
    for record, role in roles.items():
        yield RecordPlan(record, rate(role, "client, model"), namespace)
    # Who asks for nothing is refused no share of it.
    share = f"{rate('client_limited', 'client')} / ({rate('client_requests', 'client')} > 0)"
    yield RecordPlan(REFUSED, share, namespace)


def used_queries(envoy: MetricsEndpoint, namespace: str, since: str) -> dict[MetricRole, str]:
    """How much of each was counted by client and model, back to `since` (``24h``). As long as a proxy counts on, it is
    what its last reading has more than the first, and exact; where it began anew meanwhile, what Prometheus takes the
    increase for."""

    def more(role: MetricRole) -> str:
        read = f"{_series(envoy, role, namespace)}[{since}]"
        exact = f"max_over_time({read}) - min_over_time({read}) and resets({read}) == 0"
        return f"sum by (client, model) ({exact} or increase({read}))"

    return {role: more(role) for role in COUNTED}


def requests_at_proxies(envoy: MetricsEndpoint, namespace: str, matcher: str) -> str:
    """The counters of requests for models, which are chosen by a `matcher` of PromQL."""
    return _series(envoy, "client_requests", namespace, f",{matcher}")


def _series(envoy: MetricsEndpoint, role: MetricRole, namespace: str, chosen: str = "") -> str:
    (name,) = envoy.names(role)
    return f'{name}{{job=~"{namespace}/({API}|{GATEWAY})"{chosen}}}'
