"""Replicas by load: what is measured, how fast replicas are added, and what is wrong with it.

KEDA reads the engines' own gauge of waiting requests from every pod behind the model's Service and sums it, so that
neither Prometheus nor a metrics adapter is needed. The guide's GPU utilisation (`k8s_pod_rate_gpu_used_request`) needs
no software at all on TKE, but says little: an engine keeps its GPU busy with one request as with a hundred.
"""

from collections.abc import Iterator, Mapping

from catalog.load import Catalog
from planner.plan.types import InstallPlan, ModelPlan, ScalingPlan
from planner.software.charts import check_chart, choose, plan_install
from settings.diagnostics import Diagnostic
from settings.models import Settings

KEDA = "keda"
METRICS = {"vllm": "vllm:num_requests_waiting", "sglang": "sglang:num_queue_reqs"}
"""Each engine's gauge of requests that wait for a place in a batch. Ollama has no metrics."""

LONGEST_STEP = 1800
"""Most seconds that a policy of a HorizontalPodAutoscaler may span (autoscaling/v2, HPAScalingPolicy)."""


def plan_scaling(settings: Settings, models: Mapping[str, ModelPlan]) -> dict[str, ScalingPlan]:
    """The scaling of every model that asks for it and has a metric."""
    return {
        name: ScalingPlan(
            model=name,
            metric=METRICS[model.engine],
            waiting=asked.waiting,
            least=asked.min,
            most=asked.max,
            scale_down=asked.scale_down,
            # The budget is twice what a start is expected to take; until then the queue says nothing new.
            step_seconds=min(LONGEST_STEP, model.startup_seconds // 2),
            paused=settings.pause,
        )
        for name, model in models.items()
        if (asked := settings.models[name].autoscaling) is not None and model.engine in METRICS
    }


def plan_keda(settings: Settings, catalog: Catalog) -> InstallPlan | None:
    """KEDA, where a model scales by load and the cluster is ours; a cluster has one KEDA or none."""
    if not settings.owns_cluster() or not any(model.autoscaling for model in settings.models.values()):
        return None
    return plan_install(choose(KEDA, "helm", settings, catalog), settings, catalog)


def check_scaling(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with scaling by load, or worth knowing of it."""
    scaling = {name: model for name, model in settings.models.items() if model.autoscaling is not None}
    for name, model in scaling.items():
        path = f"models.{name}.autoscaling"
        if model.engine not in METRICS:
            yield Diagnostic(
                severity="error",
                code="AUTOSCALING_WITHOUT_METRIC",
                path=path,
                message=f"{model.engine} does not say how many requests wait, so there is nothing to scale by.",
                remedy="Set replicas to a fixed number, or serve the model with vllm or sglang.",
                given=model.engine,
                allowed=", ".join(METRICS),
                fix=((path, None),),
            )
        elif model.autoscaling and model.autoscaling.scale_down:
            yield Diagnostic(
                severity="note",
                code="GPUS_GIVEN_BACK",
                path=f"{path}.scaleDown",
                message="Nodes that become idle are given back, and their GPUs may be sold out when they are wanted "
                "again.",
                remedy="Leave scaleDown off where an answer must always come in time.",
                given="true",
            )
    if not scaling:
        return
    first = f"models.{next(iter(scaling))}.autoscaling"
    if settings.owns_cluster():
        yield from check_chart(choose(KEDA, "helm", settings, catalog), first, settings, catalog)
    else:
        yield Diagnostic(
            severity="warning",
            code="KEDA_EXPECTED",
            path=first,
            message="Scaling by load needs KEDA 2.20 or later, of which a cluster has one or none; into a cluster that "
            "exists already this stack installs none.",
            remedy="See that KEDA runs there.",
        )
