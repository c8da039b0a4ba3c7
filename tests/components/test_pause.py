"""A paused stack: what is sent differs in replicas and sizes alone."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from components.workloads.autoscaling import PAUSED
from planner.plan.types import PoolPlan
from tests.components.test_autoscaling import PLAN as SCALING
from tests.components.test_autoscaling import scaled
from tests.components.test_cloud_pools import NATIVE, ORDINARY, PLAN, gpu, ordinary


def flat(inputs: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Inputs by their dotted paths."""
    found: dict[str, Any] = {}
    for key, value in inputs.items():
        found |= flat(value, f"{above}{key}.") if isinstance(value, Mapping) else {f"{above}{key}": value}
    return found


def changed(plan: PoolPlan, kind: str) -> dict[str, Any]:
    """What a pause changes of a pool's inputs: paths and their new values."""
    awake, paused = (flat(gpu(plan, paused=each).one(kind).inputs) for each in (False, True))
    assert awake.keys() == paused.keys()
    return {path: value for path, value in paused.items() if awake[path] != value}


def test_an_ordinary_pool_of_fixed_size_changes_its_size_and_never_its_bounds() -> None:
    assert changed(ordinary(), ORDINARY) == {"desiredCapacity": 0}


def test_a_native_pool_of_fixed_size_has_no_node() -> None:
    assert changed(PLAN, NATIVE) == {"native.replicas": 0, "native.scaling.minReplicas": 0}


@pytest.mark.parametrize(
    ("plan", "kind", "least"),
    [(PLAN, NATIVE, "native.scaling.minReplicas"), (ordinary(), ORDINARY, "minSize")],
    ids=["native", "ordinary"],
)
def test_an_autoscaled_pool_may_be_emptied_and_its_size_is_still_the_autoscalers(
    plan: PoolPlan, kind: str, least: str
) -> None:
    ranged = replace(plan, max_nodes=3)
    ignored = {"native.replicas", "desiredCapacity"}
    assert {path: value for path, value in changed(ranged, kind).items() if path not in ignored} == {least: 0}
    assert set(gpu(ranged, paused=True).one(kind).registration.ignore_changes) <= ignored
    assert gpu(ranged, paused=True).one(kind).registration.ignore_changes


def test_keda_holds_a_paused_model_at_zero_and_keeps_its_range() -> None:
    awake, paused = (scaled(SCALING, paused=each).one(":ScaledObject").inputs for each in (False, True))
    assert paused["spec"] == awake["spec"]
    assert "annotations" not in awake["metadata"]
    assert paused["metadata"]["annotations"] == PAUSED == {"autoscaling.keda.sh/paused-replicas": "0"}
