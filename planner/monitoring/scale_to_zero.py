"""Models without a replica while nobody asks them: how it is seen that somebody does.

No pod shows a metric then, so that all is asked of Prometheus, which reads the API's proxies as well: they count each
request, also one that no replica is there for (components/workloads/api_gateway.lua).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from catalog.metrics import MetricsEndpoint
from planner.monitoring.clients import requests_at_proxies
from planner.monitoring.records import RUNNING, WAITING, selector
from planner.plan.access import ApiPlan
from planner.plan.types import ModelPlan, ScaleToZeroPlan, ScalingPlan
from planner.software.prometheus import PORT, SERVICE
from settings.stack import Settings

WINDOW = "2m"
"""What counts as lately: four of Prometheus' readings, of which some may fail."""
NOTICED_SECONDS = 60
"""Until a request is noticed, at most: the proxies are read every 30 s (components/workloads/monitoring.py), Prometheus
is asked every 15 s (components/workloads/autoscaling.py), and either takes a moment."""


def with_scale_to_zero(
    scaling: Mapping[str, ScalingPlan],
    settings: Settings,
    *,
    models: Mapping[str, ModelPlan],
    api: ApiPlan | None,
    envoy: MetricsEndpoint,
    prometheus: str,
    starts: Mapping[str, int],
) -> dict[str, ScalingPlan]:
    """The same, with how models come back of which the last replica may go, where something can see that they are
    asked. `prometheus` is the namespace of the one that is asked, `starts` the seconds in which a first replica comes
    up."""
    if api is None or not settings.monitoring.in_cluster():
        return dict(scaling)
    namespace = settings.namespace_name()
    found = dict(scaling)
    for name, plan in scaling.items():
        asked = settings.models[name].autoscaling
        if asked is None or asked.min > 0:
            continue
        own = selector(namespace, name)
        names = [each.name for each in api.models if each.model == name]
        to_zero = ScaleToZeroPlan(
            prometheus=f"http://{SERVICE}.{prometheus}.svc:{PORT}",
            asked=asked_lately(requests_at_proxies(envoy, namespace, one_of(names))),
            waiting=f"max({WAITING}{{{own}}}) or vector(0)",
            running=f"max({RUNNING}{{{own}}}) or vector(0)",
            # A start that takes longer than that is not given up.
            idle_seconds=max(asked.idle_minutes * 60, models[name].startup_seconds),
            cold_start_seconds=NOTICED_SECONDS + starts[name],
        )
        found[name] = replace(plan, to_zero=to_zero)
    return found


def asked_lately(series: str) -> str:
    """1 where these counters grew within the window, else 0, in PromQL. `increase` does not see the first value of a
    counter that is new, as all of them are after a proxy began anew: there the value itself is what was counted."""
    return f"sum((increase({series}[{WINDOW}]) and {series} offset {WINDOW}) or {series}) > bool 0"


def one_of(names: Sequence[str]) -> str:
    """A matcher for a label `model` that is one of the names, in PromQL, whose strings take backslashes for their
    own."""
    if len(names) == 1:
        return f'model="{names[0]}"'
    words = "|".join(re.escape(name) for name in names).replace("\\", "\\\\")
    return f'model=~"{words}"'
