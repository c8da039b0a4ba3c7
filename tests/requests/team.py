"""A team at its API: what its clients do with OpenAI's own client, and what Prometheus makes of it.

The rules are the project's, with all times divided by `HASTE`: as they are, an alert would take ten minutes to fire.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import openai
import yaml

from cli.usage import Used, used
from cli.usage_prometheus import used_at
from components.workloads.monitoring import rule_groups
from planner.plan.monitoring import MonitoringPlan
from planner.plan.types import Plan
from rehearsal.control_plane.processes import Processes
from rehearsal.controllers.binaries import find
from tests.monitoring.prometheus import ask, job, run
from tests.requests.api_door import STACK_NAMESPACE, Door
from tests.requests.client import HTTP_PORT
from tests.requests.entrance import eventually

METRICS_PORT = 19001
"""At which a proxy's pod shows its metrics (catalog/data/metrics.yaml)."""
HASTE = 30
READINGS = 4
"""Seconds, and readings, within which Prometheus has read what was counted."""
ALERT = "LlmTooManyRefused"
_DURATION = re.compile(r"(?<=\[)(\d+)m(?=\])")
_MANY = 200
"""Requests after which a limit of some hundred tokens must be reached."""


@dataclass
class Day:
    """What happened. `not_allowed`: at the other's model; `limited`: at a limit; `fired`: while many were refused."""

    team: "Team"
    shown: dict[str, list[str]]
    not_allowed: openai.APIStatusError
    limited: openai.RateLimitError
    fired: bool
    resolved: bool
    by_log: dict[tuple[str, str], Used]
    by_prometheus: dict[tuple[str, str], Used]


class Team:
    """`tally` is what the answers themselves said: tokens by client, model and direction."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self.tally = Counter[tuple[str, str, str]]()
        self.requests = Counter[tuple[str, str]]()
        self._clients = {
            name: openai.OpenAI(base_url=f"http://127.0.0.1:{HTTP_PORT}/v1", api_key=key, max_retries=0, timeout=120)
            for name, key in keys.items()
        }

    def models(self, client: str) -> list[str]:
        """What a client is shown."""
        return [each.id for each in self._clients[client].models.list().data]

    def chat(self, client: str, model: str, text: str, tokens: int = 8) -> str:
        """What is answered. Raises what OpenAI's client does."""
        self.requests[client, model] += 1
        answer = self._clients[client].chat.completions.create(model=model, max_tokens=tokens, messages=_said(text))
        self._count(client, model, answer.usage)
        return answer.choices[0].message.content or ""

    def stream(self, client: str, model: str, text: str, tokens: int = 8) -> str:
        """The same, as a stream whose usage is asked for."""
        self.requests[client, model] += 1
        said, usage = "", None
        for piece in self._clients[client].chat.completions.create(
            model=model,
            max_tokens=tokens,
            messages=_said(text),
            stream=True,
            stream_options={"include_usage": True},
        ):
            usage = piece.usage or usage
            said += "".join(choice.delta.content or "" for choice in piece.choices)
        self._count(client, model, usage)
        return said

    def breaks_off(self, client: str, model: str, text: str, pieces: int, tokens: int) -> None:
        """A stream of which so many pieces are read; how many tokens that was, nobody says."""
        stream = self._clients[client].chat.completions.create(
            model=model, max_tokens=tokens, messages=_said(text), stream=True
        )
        for _ in zip(range(pieces), stream, strict=False):
            pass
        stream.close()

    def until_refused(self, client: str, model: str, text: str) -> openai.RateLimitError:
        """Ask until a limit is reached."""
        for _ in range(_MANY):
            try:
                self.chat(client, model, text)
            except openai.RateLimitError as refused:
                return refused
            # What an answer costs is counted after it was given.
            time.sleep(0.1)
        raise AssertionError("nothing was refused")

    def refused_until(self, client: str, model: str, holds: Callable[[], bool], seconds: float) -> bool:
        """Go on asking what is refused until something holds; whether it did, within so many seconds."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                return False
            try:
                self.chat(client, model, "again")
            except openai.RateLimitError:
                time.sleep(0.2)
        return True

    def _count(self, client: str, model: str, usage: Any) -> None:
        assert usage is not None
        self.tally[client, model, "in"] += usage.prompt_tokens
        self.tally[client, model, "out"] += usage.completion_tokens


def live(door: Door, team: Team, prometheus: str, free: tuple[str, str], limited: tuple[str, str]) -> Day:
    """Two clients, each with its model: one asks for what is the other's, the other reaches its limit and recovers."""
    shown = {client: team.models(client) for client, _ in (free, limited)}
    eventually(lambda: has_read(prometheus, 2))
    for number in range(1, 6):
        team.chat(*free, "please " * number, tokens=number)
        team.stream(*free, "and then " * number, tokens=3 * number)
    not_allowed = _refusal(lambda: team.chat(free[0], limited[1], "hello"))
    # The rate limit service counts by the minutes of the clock, and the alert takes a part of one to fire.
    if time.time() % 60 > 25:
        time.sleep(60 - time.time() % 60)
    over = team.until_refused(*limited, "what is it that you want")
    fired = team.refused_until(*limited, lambda: fires(prometheus, ALERT), 60 - time.time() % 60)
    time.sleep(61 - time.time() % 60)
    team.chat(*limited, "there again")
    eventually(lambda: not fires(prometheus, ALERT))
    time.sleep(READINGS)
    return Day(
        team=team,
        shown=shown,
        not_allowed=not_allowed,
        limited=over,
        fired=fired,
        resolved=not fires(prometheus, ALERT),
        by_log=_by_both(used(door.log.read_text(encoding="utf-8").splitlines())),
        by_prometheus=_by_both(used_at(prometheus, STACK_NAMESPACE, "15m")),
    )


def _refusal(ask: Callable[[], object]) -> openai.APIStatusError:
    try:
        ask()
    except openai.APIStatusError as refused:
        return refused
    raise AssertionError("nothing was refused")


def _by_both(table: list[Used]) -> dict[tuple[str, str], Used]:
    return {(each.client, each.model): each for each in table}


def _said(text: str) -> Any:
    return [{"role": "user", "content": text}]


def measuring(plan: Plan, processes: Processes) -> str:
    """The address of a Prometheus that reads the proxies by the stack's PodMonitors, and has its rules."""
    assert plan.monitoring is not None
    file = processes.root / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": hasty(plan.monitoring)}), encoding="utf-8")
    proxies = [each for each in plan.monitoring.monitors if each.port == "metrics"]
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(file)],
        "scrape_configs": [job(each, plan.models, METRICS_PORT) for each in proxies],
    }
    return run(processes, find()["prometheus"], config)


def hasty(plan: MonitoringPlan) -> list[dict[str, Any]]:
    """The rules with all times divided by `HASTE`."""
    groups = rule_groups(plan)
    for group in groups:
        group["interval"] = "1s"
        for rule in group["rules"]:
            rule["expr"] = _DURATION.sub(lambda found: f"{int(found[1]) * 60 // HASTE}s", rule["expr"])
            if "for" in rule:
                rule["for"] = f"{int(rule['for'].removesuffix('s')) // HASTE}s"
    return groups


def has_read(prometheus: str, series: int) -> bool:
    """Whether Prometheus has read that many counters of the clients' tokens."""
    return len(ask(prometheus, "envoy_http_lua_tke_llm_prompt_tokens")) >= series


def fires(prometheus: str, alert: str) -> bool:
    return bool(ask(prometheus, f'ALERTS{{alertname="{alert}",alertstate="firing"}}'))
