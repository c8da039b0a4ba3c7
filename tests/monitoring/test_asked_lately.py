"""How it is seen that somebody asks for a model that has no replica, and who is called when none comes: by Prometheus'
own reading."""

from pathlib import Path

import pytest
import yaml

from components.workloads.monitoring import rule_groups
from planner.plan.types import Plan, ScaleToZeroPlan
from rehearsal.control_plane.binaries import Binaries
from tests.monitoring.promtool import holds
from tests.unit.stacks import planned

COUNTER = "envoy_http_lua_tke_llm_requests"
LATER_MINUTES = 5
"""After the start should be over: some readings more."""


@pytest.fixture(scope="module")
def plan() -> Plan:
    plan = planned(
        {
            "models.chat": {
                "model": "Qwen/Qwen2.5-7B-Instruct",
                "servedName": "org/rare.v2",
                "autoscaling": {"min": 0, "max": 2},
                "lora": {"adapters": {"french": "example/french"}, "maxRank": 16},
            },
            "pools.gpu.nodes": {"min": 0, "max": 2},
            "webui.enabled": False,
            "cluster.version": "1.34.1",
            "api": {"via": "gateway"},
            "clients": {"ide": {"models": ["org/rare.v2", "french"]}},
            "monitoring": {"via": "prometheus-operator"},
        }
    )
    assert not plan.errors, plan.errors
    return plan


@pytest.fixture(scope="module")
def to_zero(plan: Plan) -> ScaleToZeroPlan:
    found = plan.scaling["chat"].to_zero
    assert found is not None
    return found


def series(values: str, model: str = "org/rare.v2", pod: str = "proxy-1", job: str = "llm/api") -> dict[str, str]:
    """A counter of one proxy, read every half minute, as promtool writes it (`_`: not there)."""
    return {f'{COUNTER}{{job="{job}",pod="{pod}",client="ide",model="{model}"}}': values}


CASES = {
    "nothing was ever counted": ({}, {5: None}),
    "nobody asks": (series("7x40"), {5: 0, 19: 0}),
    "one request": (series("7x9 8x30"), {4: 0, 5: 1, 6: 1, 8: 0}),
    "the first that a proxy counts, which no rate sees": (series("_x9 1x30"), {4: None, 5: 1, 6: 1, 8: 0}),
    "a proxy that begins anew": (series("7x9 0x4 1x30"), {5: 0, 8: 1, 11: 0}),
    "another proxy, and one that is gone": (
        series("7x9 stale") | series("_x9 0x30", pod="proxy-2"),
        {5: 0, 8: 0, 15: 0},
    ),
    "its adapter": (series("7x9 8x30", model="french"), {5: 1, 8: 0}),
    "by the public gateway": (series("7x9 8x30", job="llm/gateway"), {5: 1, 8: 0}),
    "another model, whose name the dot would stand for": (series("7+1x40", model="org/rare-v2"), {5: None}),
    "another stack": (series("7+1x40", job="other/api"), {5: None}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_request_is_seen_for_a_while(case: str, programs: Binaries, to_zero: ScaleToZeroPlan, tmp_path: Path) -> None:
    given, expected = CASES[case]
    samples = [
        {
            "expr": to_zero.asked,
            "eval_time": f"{minutes}m",
            "exp_samples": [] if value is None else [{"labels": "{}", "value": value}],
        }
        for minutes, value in expected.items()
    ]
    holds(programs, tmp_path, given, samples)


@pytest.mark.parametrize(
    ("requests", "up", "called"),
    [
        ("7x120", "_x120", False),
        ("7+1x120", "1x120", False),
        ("7+1x120", "_x120", True),
    ],
    ids=["nobody asks", "it answers", "it is asked and does not come"],
)
def test_somebody_is_called_when_it_is_asked_and_does_not_come(
    requests: str, up: str, called: bool, plan: Plan, programs: Binaries, tmp_path: Path
) -> None:
    assert plan.monitoring is not None
    rules = tmp_path / "rules.yaml"
    rules.write_text(yaml.safe_dump({"groups": rule_groups(plan.monitoring)}), encoding="utf-8")
    given = series(requests) | {'up{namespace="llm",model="chat"}': up}
    firing = {
        "expr": 'count(ALERTS{alertname="LlmNoReplica",alertstate="firing"}) or vector(0)',
        "exp_samples": [{"labels": "{}", "value": int(called)}],
    }
    minutes = plan.models["chat"].startup_seconds // 60 + LATER_MINUTES
    holds(programs, tmp_path, given, [{**firing, "eval_time": f"{minutes}m"}], rules)
