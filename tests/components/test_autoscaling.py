"""Replicas by load, as KEDA is told."""

from dataclasses import replace
from typing import Any

import pulumi

from components.workloads.autoscaling import ModelAutoscaling, ModelAutoscalingArgs
from components.workloads.software import Software, SoftwareArgs
from planner.plan.software import InstallPlan
from planner.plan.types import ScaleToZeroPlan, ScalingPlan
from tests.components.recorder import ComponentRun, build

PLAN = ScalingPlan(
    model="chat",
    path="/metrics",
    metric="vllm:num_requests_waiting",
    waiting=5,
    least=1,
    most=3,
    scale_down=False,
    step_seconds=450,
)
KEDA = InstallPlan(
    software="keda",
    installer="helm",
    release="keda",
    chart="keda",
    repository="https://charts.example.com",
    version="2.21.0",
    market_namespace=None,
    namespace="keda",
    node_selector="nodeSelector",
)


def scaled(plan: ScalingPlan = PLAN, **args: Any) -> ComponentRun:
    def make() -> None:
        keda = Software("keda", SoftwareArgs(plan=KEDA, node_selector={"pool": "system"}))
        server = pulumi.CustomResource("test:index:Server", "server", {})
        ModelAutoscaling(
            "chat", ModelAutoscalingArgs(namespace="llm", plan=plan, port=8000, after=[keda.release, server], **args)
        )

    return build(make)


def spec(made: ComponentRun) -> dict[str, Any]:
    return made.one(":ScaledObject").inputs["spec"]


def test_the_model_is_scaled_within_its_range():
    seen = spec(scaled())
    assert seen["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat"}
    assert (seen["minReplicaCount"], seen["maxReplicaCount"]) == (1, 3)


def test_the_queues_of_all_pods_are_summed():
    (trigger,) = spec(scaled())["triggers"]
    assert trigger["type"] == "metrics-api"
    metadata = trigger["metadata"]
    assert metadata["valueLocation"] == "vllm:num_requests_waiting"
    assert metadata["targetValue"] == "5"
    assert (metadata["aggregateFromKubeServiceEndpoints"], metadata["aggregationType"]) == ("true", "sum")


def test_the_metrics_are_asked_of_the_models_own_service():
    (trigger,) = spec(scaled())["triggers"]
    host, _, port = trigger["metadata"]["url"].removeprefix("http://").partition("/")[0].partition(":")
    # KEDA takes Service and namespace from the first two parts, and the port as the pods' own.
    assert host.split(".")[:2] == ["chat", "llm"]
    assert port == "8000"


def test_after_a_pause_replicas_come_back_though_no_pod_shows_a_gauge():
    fallback = spec(scaled(replace(PLAN, least=2)))["fallback"]
    assert fallback["replicas"] == 2
    # As many as there are stay where a gauge fails for another reason.
    assert fallback["behavior"] == "currentReplicasIfHigher"


def test_what_runs_keeps_its_replicas_where_they_are_given_back():
    kept = replace(PLAN, scale_down=True, kept=("vllm:num_requests_running", 40))
    waiting, running = spec(scaled(kept))["triggers"]
    assert waiting["metadata"]["valueLocation"] == "vllm:num_requests_waiting"
    assert running["metadata"]["valueLocation"] == "vllm:num_requests_running"
    assert running["metadata"]["targetValue"] == "40"
    assert running["metadata"]["aggregationType"] == "sum"


def test_no_replica_goes_unless_asked_for():
    behavior = spec(scaled())["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior["scaleDown"] == {"selectPolicy": "Disabled"}


def test_replicas_go_one_at_a_time_where_asked_for():
    behavior = spec(scaled(replace(PLAN, scale_down=True)))["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior["scaleDown"]["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 300}]
    assert behavior["scaleDown"]["stabilizationWindowSeconds"] == 600


def test_the_next_replica_waits_until_the_last_could_have_started():
    behavior = spec(scaled())["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior["scaleUp"]["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 450}]


def test_a_model_over_several_machines_is_scaled_by_groups():
    assert spec(scaled(spread=True))["scaleTargetRef"] == {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "name": "chat-group",
    }


TO_ZERO = ScaleToZeroPlan(
    prometheus="http://prometheus.watch.svc:9090",
    asked="asked",
    waiting="waiting",
    running="running",
    idle_seconds=1800,
    cold_start_seconds=500,
)


def test_where_the_last_replica_may_go_keda_asks_prometheus_alone():
    seen = spec(scaled(replace(PLAN, least=0, kept=("gauge", 40), to_zero=TO_ZERO)))
    assert {each["type"] for each in seen["triggers"]} == {"prometheus"}
    asked = [each["metadata"] for each in seen["triggers"]]
    assert {each["serverAddress"] for each in asked} == {TO_ZERO.prometheus}
    assert [(each["query"], each["threshold"]) for each in asked] == [
        ("asked", "1"),
        ("waiting", "5"),
        ("running", "40"),
    ]


def test_the_last_replica_goes_after_the_idle_time_and_stays_where_prometheus_is_silent():
    seen = spec(scaled(replace(PLAN, least=0, kept=("gauge", 40), to_zero=TO_ZERO)))
    assert seen["minReplicaCount"] == 0
    assert seen["cooldownPeriod"] == seen["initialCooldownPeriod"] == 1800
    assert seen["fallback"]["replicas"] == 1


def test_keda_is_there_before_and_after_what_it_scales():
    made = scaled()
    scaling = made.one(":ScaledObject")
    assert made.depends(scaling, made.one("helm.sh/v3:Release"))
    assert made.depends(scaling, made.one("test:index:Server"))


def test_keda_is_installed_from_its_repository_on_the_cpu_nodes():
    release = scaled().one("helm.sh/v3:Release").inputs
    assert release["repositoryOpts"] == {"repo": "https://charts.example.com"}
    assert (release["version"], release["namespace"]) == ("2.21.0", "keda")
    assert release["values"] == {"nodeSelector": {"pool": "system"}}
