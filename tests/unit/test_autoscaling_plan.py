"""Scaling by load, decided."""

from dataclasses import replace

import pytest

from catalog.load import load
from planner.software.autoscaling import LONGEST_STEP, plan_keda, plan_scaling
from planner.software.check import check_scaling
from settings.diagnostics import Diagnostic
from tests.unit.stacks import KUBECONFIG, found, merged, planned, settings

SCALED: dict[str, object] = {"models.chat.autoscaling": {"min": 1, "max": 2}, "pools.gpu.nodes": {"min": 1, "max": 2}}


def findings(changes: dict[str, object]) -> list[Diagnostic]:
    return list(check_scaling(settings(changes), load()))


def test_a_model_with_a_fixed_number_is_not_scaled():
    assert plan_scaling(settings(), planned().models, {}) == {}
    assert plan_keda(settings(), load()) is None
    assert findings({}) == []


def test_vllm_is_scaled_by_its_own_queue():
    scaling = plan_scaling(settings(SCALED), planned(SCALED).models, {})["chat"]
    assert (scaling.least, scaling.most, scaling.waiting) == (1, 2, 5)
    assert scaling.metric.startswith("vllm:")
    assert not scaling.scale_down


def test_sglang_has_a_gauge_of_another_name():
    (model,) = planned(SCALED).models.values()
    by_sglang = plan_scaling(settings(SCALED), {"chat": replace(model, engine="sglang")}, {})["chat"]
    assert by_sglang.metric.startswith("sglang:")


def test_a_replica_is_given_back_only_when_the_others_have_room_for_all_that_runs():
    (model,) = planned(SCALED).models.values()
    roomy = replace(model, max_model_len=8192, concurrency=40.0)
    given_back = settings({**SCALED, "models.chat.autoscaling": {"min": 1, "max": 2, "scaleDown": True}})
    assert plan_scaling(given_back, {"chat": roomy}, {})["chat"].kept == ("vllm:num_requests_running", 160)
    assert plan_scaling(settings(SCALED), {"chat": roomy}, {})["chat"].kept is None


def test_what_runs_calls_for_no_replica_before_what_waits_does():
    (model,) = planned(SCALED).models.values()
    scarce = replace(model, max_model_len=8192, concurrency=1.0)
    given_back = settings({**SCALED, "models.chat.autoscaling": {"max": 2, "scaleDown": True, "waiting": 7}})
    assert plan_scaling(given_back, {"chat": scarce}, {})["chat"].kept == ("vllm:num_requests_running", 7)


def test_a_step_lasts_half_the_startup_budget_and_never_longer_than_kubernetes_allows():
    (model,) = planned(SCALED).models.values()
    slow = replace(model, startup_seconds=10 * LONGEST_STEP)
    given = settings(SCALED)
    assert plan_scaling(given, {"chat": slow}, {})["chat"].step_seconds == LONGEST_STEP
    assert plan_scaling(given, {"chat": replace(model, startup_seconds=900)}, {})["chat"].step_seconds == 450


def test_keda_comes_with_the_cluster_that_is_ours():
    keda = plan_keda(settings(SCALED), load())
    assert keda is not None
    assert (keda.software, keda.namespace) == ("keda", "keda")
    assert keda.version is not None


def test_a_cluster_that_exists_keeps_its_own_keda():
    shared = {**KUBECONFIG, "models.chat.autoscaling": {"max": 2}}
    assert plan_keda(settings(shared), load()) is None
    assert [(finding.code, finding.severity) for finding in findings(shared)] == [
        ("KEDA_EXPECTED", "warning"),
        ("CONTROLLER_REHEARSED", "note"),
    ]


def test_an_engine_without_metrics_cannot_be_scaled():
    ollama = {**SCALED, "models.chat": {"model": "qwen3:8b", "engine": "ollama", "autoscaling": {"max": 2}}}
    (error,) = [finding for finding in findings(ollama) if finding.severity == "error"]
    assert (error.code, error.path) == ("AUTOSCALING_WITHOUT_METRIC", "models.chat.autoscaling")
    assert error.fix == (("models.chat.autoscaling", None),)


@pytest.mark.parametrize("down", [True, False])
def test_giving_gpus_back_is_noted(down: bool):
    changes = {**SCALED, "models.chat.autoscaling": {"max": 2, "scaleDown": down}}
    assert ("GPUS_GIVEN_BACK" in {finding.code for finding in findings(changes)}) is down


def test_a_kubernetes_that_keda_is_not_tested_on_is_noted():
    def noted(version: str) -> set[str]:
        return {f.path for f in findings({**SCALED, "cluster.version": version}) if f.code == "CHART_NOT_TESTED"}

    assert noted("1.30.0") == {"cluster.version"}
    assert noted("1.34.1") == set()


def test_kedas_images_are_asked_for_a_mirror_on_the_mainland_once():
    unknown = [finding for finding in findings(SCALED) if finding.code == "IMAGE_ROAD_UNKNOWN"]
    assert [finding.path for finding in unknown] == ["models.chat.autoscaling"]
    mirrored = {**SCALED, "images": {"mirrors": {"ghcr.io": "hub.example.com/ghcr"}}}
    assert "IMAGE_ROAD_UNKNOWN" not in {finding.code for finding in findings(mirrored)}
    keda = plan_keda(settings(mirrored), load())
    assert keda is not None
    values = dict(keda.values)
    assert values["image.keda.registry"] == "hub.example.com"
    assert values["image.keda.repository"] == "ghcr/kedacore/keda"
    assert values["image.keda.tag"] == keda.version


RARE = {
    "models.chat.autoscaling": {"min": 0, "max": 2},
    "pools.gpu.nodes": {"min": 0, "max": 2},
    "cluster.version": "1.34.1",
    "api": {"via": "gateway"},
    "clients": {"ide": {"models": ["chat"]}},
    "monitoring": {"via": "prometheus-operator"},
}
"""A model that has no replica while nobody asks it."""


@pytest.mark.parametrize(
    ("taken", "missing"),
    [
        (("api", "clients"), "api.via: gateway"),
        (("monitoring",), "monitoring.via: prometheus-operator"),
        (("api", "clients", "monitoring"), "api.via: gateway and monitoring.via: prometheus-operator"),
    ],
)
def test_no_replica_at_all_is_refused_where_nobody_would_see_that_it_is_asked(taken: tuple[str, ...], missing: str):
    plan = planned({key: value for key, value in RARE.items() if key not in taken})
    error = found(plan, "SCALE_TO_ZERO")
    assert error.severity == "error"
    assert f"Set {missing}, or min to 1" in error.remedy
    assert error.fix == (("models.chat.autoscaling.min", 1),)


def test_without_a_replica_prometheus_is_asked_and_no_pod():
    plan = planned(RARE)
    assert not plan.errors
    to_zero = plan.scaling["chat"].to_zero
    assert to_zero is not None
    assert to_zero.prometheus == "http://prometheus-operated.monitoring.svc:9090"
    assert plan.policies is not None
    assert plan.monitoring is not None
    # KEDA has nothing to ask its pods.
    assert plan.policies.scraped == (("chat", plan.monitoring.scraper),)
    assert plan.scaling["chat"].kept is not None


def test_the_prometheus_of_a_cluster_that_exists_is_asked_where_it_is():
    watched = {"monitoring": {"via": "prometheus-operator", "namespace": "watch"}}
    rest = {path: value for path, value in RARE.items() if not path.startswith(("pools", "cluster"))}
    to_zero = planned({**rest, **KUBECONFIG, "pools.gpu.nodes": 2, **watched}).scaling["chat"].to_zero
    assert to_zero is not None
    assert to_zero.prometheus == "http://prometheus-operated.watch.svc:9090"


@pytest.mark.parametrize(("minutes", "seconds"), [(60, 3600), (5, None)], ids=["as asked", "never less than a start"])
def test_the_last_replica_goes_after_the_time_that_is_asked_for(minutes: int, seconds: int | None):
    plan = planned(merged(RARE, {"models.chat.autoscaling": {"min": 0, "max": 2, "idleMinutes": minutes}}))
    to_zero = plan.scaling["chat"].to_zero
    assert to_zero is not None
    assert to_zero.idle_seconds == (seconds or plan.models["chat"].startup_seconds)


def test_a_cold_start_counts_the_machine_where_the_pool_has_to_make_one():
    def seconds(nodes: object) -> int:
        to_zero = planned(merged(RARE, {"pools.gpu.nodes": nodes})).scaling["chat"].to_zero
        assert to_zero is not None
        return to_zero.cold_start_seconds

    machine = load().durations["native_gpu_pool"].seconds
    assert seconds({"min": 0, "max": 2}) - seconds(2) == machine


def test_nodes_that_stay_for_nobody_are_told_with_the_range_that_lets_them_go():
    staying = {"pools.gpu.nodes": {"min": 1, "max": 2}}
    warning = found(planned(merged(RARE, staying)), "IDLE_NODES_BILLED")
    assert warning.fix == (("pools.gpu.nodes", {"min": 0, "max": 2}),)
    codes = {each.code for each in planned(RARE).diagnostics}
    assert "COLD_START" in codes
    assert not codes & {"IDLE_NODES_BILLED", "NODES_FROM_ZERO"}
    other = {"models.other": {"model": "Qwen/Qwen2.5-7B-Instruct"}, "pools.gpu.nodes": {"min": 1, "max": 3}}
    assert "IDLE_NODES_BILLED" not in {each.code for each in planned(merged(RARE, other)).diagnostics}


def test_an_idle_time_has_no_effect_where_the_last_replica_stays():
    warning = found(
        planned(SCALED | {"models.chat.autoscaling": {"max": 2, "idleMinutes": 30}}), "IDLE_MINUTES_IGNORED"
    )
    assert warning.path == "models.chat.autoscaling.idleMinutes"
    assert warning.fix == (("models.chat.autoscaling.idleMinutes", None),)
