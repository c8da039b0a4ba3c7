"""One API for a team, all of it real but the engines: Envoy Gateway, its Envoy and rate limit service, a Prometheus
with the project's rules, and OpenAI's own client (docs/team.md). With real engines: `python -m bench.team`."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import openai
import pytest

from cli.usage import Used, used
from cli.usage_prometheus import used_at
from planner.plan.types import Plan
from rehearsal.control_plane.api import Api
from rehearsal.control_plane.processes import Processes
from tests.requests.api_door import STACK_NAMESPACE, Door, open_door, rendered
from tests.requests.entrance import eventually
from tests.requests.team import READINGS, Team, fires, has_read, measuring
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
ALERT = "LlmTooManyRefused"


@dataclass
class Day:
    """What happened."""

    team: Team
    shown: dict[str, list[str]]
    not_allowed: openai.APIStatusError
    limited: openai.RateLimitError
    fired: bool
    resolved: bool
    by_log: dict[tuple[str, str], Used]
    by_prometheus: dict[tuple[str, str], Used]


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
            yield live(door, Team(keys), prometheus)
        finally:
            processes.end("prometheus")


def live(door: Door, team: Team, prometheus: str) -> Day:
    shown = {client: team.models(client) for client in ("ide", "bot")}
    eventually(lambda: has_read(prometheus, 2))
    for number in range(1, 6):
        team.chat("ide", "coder", "x" * 10 * number, tokens=number)
        team.stream("ide", "coder", "y" * number, tokens=3 * number)
    with pytest.raises(openai.APIStatusError) as not_allowed:
        team.chat("ide", "talker", "hello")
    # The rate limit service counts by the minutes of the clock.
    time.sleep(max(0.0, 60 - time.time() % 60 if time.time() % 60 > 5 else 0.0))
    limited = team.until_refused("bot", "talker", "z" * 50)
    fired = team.refused_until("bot", "talker", lambda: fires(prometheus, ALERT), 60 - time.time() % 60)
    time.sleep(60 - time.time() % 60 + 1)
    team.chat("bot", "talker", "there again")
    eventually(lambda: not fires(prometheus, ALERT))
    time.sleep(READINGS)
    return Day(
        team=team,
        shown=shown,
        not_allowed=not_allowed.value,
        limited=limited,
        fired=fired,
        resolved=not fires(prometheus, ALERT),
        by_log=_by_both(used(door.log.read_text(encoding="utf-8").splitlines())),
        by_prometheus=_by_both(used_at(prometheus, STACK_NAMESPACE, "10m")),
    )


def _by_both(table: list[Used]) -> dict[tuple[str, str], Used]:
    return {(each.client, each.model): each for each in table}


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
    for client, model in (("ide", "coder"), ("bot", "talker")):
        told = day.by_log[client, model]
        assert (told.tokens_in, told.tokens_out) == tuple(day.team.tally[client, model, way] for way in ("in", "out"))
        assert (told.requests, told.uncounted) == (day.team.requests[client, model], 0)
    assert day.by_log["bot", "talker"].limited > 0
    assert day.by_log["ide", "coder"].limited == 0


def test_prometheus_says_it_within_a_hundredth(day: Day) -> None:
    for whose in (("ide", "coder"), ("bot", "talker")):
        by_log, by_prometheus = vars(day.by_log[whose]), vars(day.by_prometheus[whose])
        for column in ("requests", "limited", "tokens_in", "tokens_out", "uncounted"):
            assert by_prometheus[column] == pytest.approx(by_log[column], rel=0.01), (whose, column)


def test_an_alert_fires_while_many_are_refused_and_resolves_after(day: Day) -> None:
    assert day.fired
    assert day.resolved
