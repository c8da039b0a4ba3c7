"""One API for a team, all of it real but the engines: Envoy Gateway, its Envoy and rate limit service, a Prometheus
with the project's rules, and OpenAI's own client (docs/team.md). With real engines: `python -m bench.team`."""

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from planner.plan.types import Plan
from rehearsal.control_plane.api import Api
from rehearsal.control_plane.processes import Processes
from tests.requests.api_door import open_door, rendered
from tests.requests.team import Day, Team, live, measuring
from tests.unit.stacks import planned

pytestmark = pytest.mark.xdist_group("envoy-gateway")

MODEL = {"model": "Qwen/Qwen2.5-7B-Instruct"}
TEAM = {
    "models": {"coder": MODEL, "talker": MODEL},
    "pools.gpu.nodes": 2,
    "cluster.version": "1.34.1",
    "webui.enabled": False,
    "api": {"via": "gateway"},
    "clients": {"ide": {"models": ["coder"]}, "bot": {"models": ["talker"], "tokensPerMinute": 400}},
    "monitoring": {"via": "prometheus-operator"},
}
USES = ("ide", "coder"), ("bot", "talker")
"""Client and model; the second has a limit."""


@pytest.fixture(scope="module")
def plan() -> Plan:
    plan = planned(TEAM)
    assert not plan.errors, plan.errors
    return plan


@pytest.fixture(scope="module")
def day(plan: Plan, api: Api, processes: Processes, envoy: Path) -> Iterator[Day]:
    assert plan.api is not None
    keys = {client.name: f"sk-{client.name}" for client in plan.api.clients}
    with open_door(plan.api, rendered(plan.api, keys), api, processes, envoy) as door:
        prometheus = measuring(plan, processes)
        try:
            yield live(door, Team(keys), prometheus, *USES)
        finally:
            processes.end("prometheus")


def test_each_client_is_shown_and_answered_by_its_own_model(day: Day) -> None:
    assert day.shown == {"ide": ["coder"], "bot": ["talker"]}
    assert day.team.tally["ide", "coder", "out"] > 0
    assert day.team.tally["bot", "talker", "out"] > 0


def test_anothers_model_is_refused_as_openais_client_expects(day: Day) -> None:
    assert isinstance(day.not_allowed, openai.PermissionDeniedError)
    assert day.not_allowed.code == "model_not_allowed"


def test_who_reaches_its_token_limit_is_told_when_to_come_again_and_recovers(day: Day) -> None:
    assert day.limited.code == "rate_limit_exceeded"
    assert 0 < int(day.limited.response.headers["retry-after"]) <= 60
    # What it asked after the minute was answered, or there would be no day.
    assert day.team.requests["bot", "talker"] > day.by_log["bot", "talker"].limited


def test_the_log_says_what_the_answers_said_to_the_token(day: Day) -> None:
    for client, model in USES:
        told = day.by_log[client, model]
        assert (told.tokens_in, told.tokens_out) == tuple(day.team.tally[client, model, way] for way in ("in", "out"))
        assert (told.requests, told.uncounted) == (day.team.requests[client, model], 0)
    assert day.by_log["bot", "talker"].limited > 0
    assert day.by_log["ide", "coder"].limited == 0


def test_prometheus_says_it_within_a_hundredth(day: Day) -> None:
    for whose in USES:
        by_log, by_prometheus = vars(day.by_log[whose]), vars(day.by_prometheus[whose])
        for column in ("requests", "limited", "tokens_in", "tokens_out", "uncounted"):
            assert by_prometheus[column] == pytest.approx(by_log[column], rel=0.01), (whose, column)


def test_an_alert_fires_while_many_are_refused_and_resolves_after(day: Day) -> None:
    assert day.fired
    assert day.resolved
