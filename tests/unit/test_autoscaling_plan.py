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


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "a port-forward ends"),
        ({"expose": {"via": "gateway", "host": "chat.example.com", "tls": {"secret": "chat"}}}, "503 at once"),
        ({"models.chat": {"model": "qwen2.5:0.5b", "engine": "ollama"}}, "Ollama never tells what waits"),
    ],
    ids=["port-forward", "gateway", "an engine without a gauge"],
)
def test_no_replica_at_all_is_refused_with_what_is_missing_on_its_road(changes: dict[str, object], words: str):
    plan = planned(merged(changes, {"models.chat.autoscaling": {"min": 0, "max": 2}}))
    error = found(plan, "SCALE_TO_ZERO")
    assert error.severity == "error"
    assert words in error.message
    assert error.fix == (("models.chat.autoscaling.min", 1),)
