"""Replicas by load: what is measured, and how fast replicas are added.

KEDA reads the engines' own gauge of waiting requests from every pod behind the model's Service and sums it, so that
neither Prometheus nor a metrics adapter is needed. The guide's GPU utilisation (`k8s_pod_rate_gpu_used_request`) needs
no software at all on TKE, but says little: an engine keeps its GPU busy with one request as with a hundred.
"""

from collections.abc import Mapping

from catalog.load import Catalog
from catalog.software import Chart
from planner.engines.engine import REQUEST_TOKENS
from planner.engines.registry import find
from planner.plan.software import InstallPlan
from planner.plan.types import ModelPlan, ScalingPlan
from planner.software.charts import choose, plan_install
from settings.stack import Settings

KEDA = "keda"

LEAST_STEP = 30
"""The gauge is read every 15 s (components/workloads/autoscaling.py): once more, at the least, with the new replica."""
LONGEST_STEP = 1800
"""Most seconds that a policy of a HorizontalPodAutoscaler may span (autoscaling/v2, HPAScalingPolicy)."""


def plan_scaling(
    settings: Settings, models: Mapping[str, ModelPlan], starts: Mapping[str, int]
) -> dict[str, ScalingPlan]:
    """The scaling of every model that asks for it and has a metric. `starts`: the seconds that one more replica takes
    to come up, of models for which that is planned."""
    return {
        name: ScalingPlan(
            model=name,
            path=metrics.path,
            metric=metrics.waiting,
            waiting=asked.waiting,
            least=asked.min,
            most=asked.max,
            scale_down=asked.scale_down,
            # Until the added one answers the queue says nothing new. The budget is twice what a start may take.
            step_seconds=min(LONGEST_STEP, max(LEAST_STEP, starts.get(name, model.startup_seconds // 2))),
            # Where the last replica goes when nobody asks, what is being answered keeps it.
            kept=(metrics.running, running_requests(model, asked.waiting))
            if asked.scale_down or asked.min == 0
            else None,
        )
        for name, model in models.items()
        if (asked := settings.models[name].autoscaling) is not None
        and (metrics := find(model.engine).metrics) is not None
    }


def running_requests(model: ModelPlan, waiting: int) -> int:
    """How many requests, over all replicas, keep one replica each: those that its cache has room for, so that one goes
    only when the others have room for all that runs. Never fewer than may wait: what runs is no reason for one more.
    """
    held = model.concurrency * (model.max_model_len or 0)
    return max(waiting, int(held) // REQUEST_TOKENS)


def plan_keda(settings: Settings, catalog: Catalog) -> InstallPlan | None:
    """KEDA, where a model scales by load and the cluster is ours; a cluster has one KEDA or none."""
    if not settings.owns_cluster() or not any(model.autoscaling for model in settings.models.values()):
        return None
    return plan_install(keda_chart(settings, catalog), settings, catalog)


def keda_chart(settings: Settings, catalog: Catalog) -> Chart:
    """The chart of KEDA's own repository."""
    return choose(KEDA, "helm", settings, catalog)
