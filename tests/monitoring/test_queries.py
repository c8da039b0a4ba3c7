"""A real Prometheus reads what a stack's pods show, by the PodMonitors: every query has an answer.

Envoy is the real one, with a certificate that ends in a day. What vLLM shows was recorded; SGLang, llama.cpp, KEDA and
NVIDIA's exporter are written from the catalogue's names.
"""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.workloads.access_log import LABELS
from components.workloads.api_gateway import CLIENT_HEADER, script_spec
from planner.monitoring import clients
from planner.plan.monitoring import MonitoringPlan
from rehearsal.control_plane import ports
from rehearsal.control_plane.binaries import Binaries
from rehearsal.control_plane.processes import Processes
from tests.monitoring.prometheus import ask, job, numbers, run, status_of
from tests.monitoring.shown import Shown, serving
from tests.monitoring.stacks import CLIENT, stack
from tests.requests.certificates import certificate

ENOUGH = 4
"""Readings after which a rate is known, and one more of the rules that build on others."""
CHAT = "/v1/chat/completions"
LUA = "envoy.filters.http.lua"
ROUTE = "httproute/llm/chat/rule/0"


class PrometheusError(Exception):
    pass


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    with Processes(PrometheusError, patience=60) as processes:
        yield processes


@pytest.fixture(scope="module")
def shown(plan: MonitoringPlan) -> Iterator[Shown]:
    with serving(frozenset(each.name for each in plan.monitors if each.keyed)) as shown:
        yield shown


@pytest.fixture(scope="module")
def envoy(programs: Binaries, processes: Processes, shown: Shown) -> tuple[int, int]:
    """The ports of a real Envoy: at which it shows its metrics, and at which it is asked."""
    with ports.reserve() as plain, ports.reserve() as admin, ports.reserve() as tls:
        door, metrics, secure = (each.getsockname()[1] for each in (plain, admin, tls))
        file = processes.root / "envoy.yaml"
        file.write_text(yaml.safe_dump(_envoy(door, metrics, secure, shown.port)), encoding="utf-8")
        processes.start(
            "envoy", [str(programs["envoy"]), "-c", str(file), "--concurrency", "1", "--use-dynamic-base-id"]
        )
        processes.wait("envoy", lambda: status_of(f"http://127.0.0.1:{metrics}/ready") == 200)
    return metrics, door


@pytest.fixture(scope="module")
def prometheus(
    programs: Binaries,
    processes: Processes,
    shown: Shown,
    envoy: tuple[int, int],
    plan: MonitoringPlan,
    rules: Path,
) -> str:
    """The address of a Prometheus that has read everything often enough."""
    metrics, door = envoy
    jobs = [
        job(monitor, stack().models, metrics)
        if monitor.port == "metrics"
        else job(monitor, stack().models, shown.port, prefix=f"/{monitor.name}")
        for monitor in plan.monitors
    ]
    # As they are, half a minute lies between two readings of the rules.
    often = processes.root / "rules.yaml"
    often.write_text(rules.read_text(encoding="utf-8").replace("interval: 30s", "interval: 1s"), encoding="utf-8")
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(often)],
        "scrape_configs": [*jobs, _others(shown.port)],
    }
    address = run(processes, programs["prometheus"], config)

    def enough() -> bool:
        for status in (200, 200, 429):
            assert status_of(f"http://127.0.0.1:{door}/status/{status}") == status
        _chat(door)
        kept = ask(address, "count(count_over_time(llm:cost:per_hour[1m]) >= 3)")
        return bool(kept) and all(times > ENOUGH for times in shown.asked.values())

    processes.wait("prometheus", enough)
    return address


def _others(port: int) -> dict[str, Any]:
    return {
        "job_name": "cluster",
        "metrics_path": "/cluster/metrics",
        "honor_labels": True,
        "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
    }


def _typed(kind: str, **rest: Any) -> dict[str, Any]:
    return {"@type": f"type.googleapis.com/envoy.extensions.filters.http.lua.v3.{kind}", **rest}


def _script() -> dict[str, Any]:
    api = stack().api
    assert api is not None
    (lua,) = script_spec(api, {})["lua"]
    return {"code": lua["inline"], "context": lua["filterContext"]}


def _envoy(door: int, metrics: int, secure: int, upstream: int) -> dict[str, Any]:
    script = _script()
    told = {"filter_context": script["context"]}

    def listener(name: str, port: int, **more: Any) -> dict[str, Any]:
        manager = {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
            ".HttpConnectionManager",
            "stat_prefix": name,
            "route_config": {
                "virtual_hosts": [
                    {
                        "name": "all",
                        "domains": ["*"],
                        "routes": [
                            {
                                "match": {"path": CHAT},
                                "route": {"cluster": ROUTE},
                                "typed_per_filter_config": {LUA: _typed("LuaPerRoute", **told)},
                            },
                            {
                                "match": {"prefix": "/"},
                                "route": {"cluster": ROUTE},
                                "typed_per_filter_config": {LUA: _typed("LuaPerRoute", disabled=True)},
                            },
                        ],
                    }
                ]
            },
            "http_filters": [
                {
                    "name": LUA,
                    "typed_config": _typed("Lua", default_source_code={"inline_string": script["code"]}),
                },
                {
                    "name": "envoy.filters.http.router",
                    "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
                },
            ],
        }
        chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        return {"name": name, "address": _address(port), "filter_chains": [{**chain, **more}]}

    ends = certificate(["chat.example.com"])
    tls = {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": {
            "tls_certificates": [
                {"certificate_chain": {"inline_string": ends.pem}, "private_key": {"inline_string": ends.key}}
            ]
        },
    }
    cluster = {
        "name": ROUTE,
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": ROUTE,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(upstream)}}]}],
        },
    }
    secured = {"transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": tls}}
    return {
        "admin": {"address": _address(metrics)},
        "stats_config": {"stats_tags": [{"tag_name": label, "regex": regex} for label, regex in LABELS.items()]},
        "static_resources": {
            "listeners": [listener("http", door), listener("https", secure, **secured)],
            "clusters": [cluster],
        },
    }


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _chat(door: int) -> None:
    """As a client whose key was checked; nobody answers it."""
    body = json.dumps({"model": "chat", "messages": []}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{door}{CHAT}", body, {CLIENT_HEADER: CLIENT})
    with suppress(urllib.error.HTTPError):
        urllib.request.urlopen(request, timeout=5).close()


def test_everything_that_is_to_be_read_is_read(prometheus: str, plan: MonitoringPlan) -> None:
    up = {each["metric"]["job"]: each["value"][1] for each in ask(prometheus, "up")}
    assert up == {**{f"llm/{each.name}": "1" for each in plan.monitors}, "cluster": "1"}


def test_every_series_that_is_kept_has_a_number(prometheus: str, plan: MonitoringPlan) -> None:
    for record in plan.records:
        if record.model is not None:
            found = ask(prometheus, f'{record.name}{{namespace="llm",model="{record.model}"}}')
            assert len(found) == 1, record
            assert numbers(found)[0] == pytest.approx(numbers(found)[0]), record


def test_the_series_of_clients_are_by_client_and_model_as_requests_name_it(prometheus: str) -> None:
    for record in (clients.REQUESTS, clients.PROMPTS, clients.GENERATED):
        found = {
            (each["metric"]["client"], each["metric"]["model"]): float(each["value"][1])
            for each in ask(prometheus, f'{record}{{namespace="llm"}}')
        }
        assert {("ide", "chat"), ("ide", "fast")} <= found.keys()
        assert found["ide", "fast"] == 0
        # Both PodMonitors of the proxies read the one Envoy that there is here.
        assert found["ide", "chat"] > 0 or record != clients.REQUESTS
    (refused,) = ask(prometheus, f'{clients.REFUSED}{{namespace="llm"}}')
    assert (refused["metric"]["client"], float(refused["value"][1])) == ("ide", 0)


def test_every_panel_shows_something(prometheus: str, plan: MonitoringPlan) -> None:
    for panel in plan.panels:
        for query, _ in panel.queries:
            found = numbers(ask(prometheus, query.replace("$model", ".*").replace("$client", ".*")))
            assert found, (panel.title, query)
            assert all(number == number for number in found), (panel.title, query)


def test_an_alert_asks_for_nothing_that_nobody_shows(prometheus: str, plan: MonitoringPlan) -> None:
    names = set(re.findall(r"[a-zA-Z_:]\w*(?::\w+)*(?=\{)", " ".join(each.expr for each in plan.alerts)))
    assert "llm:requests_waiting:sum" in names
    assert {name for name in names if not ask(prometheus, name)} == set()


def test_what_is_kept_is_what_the_engine_shows(prometheus: str) -> None:
    """108 tokens were read in the recording, and the stub adds as many with each reading, once a second or more."""
    (read,) = numbers(ask(prometheus, 'llm:prompt_tokens:rate5m{model="chat"}'))
    assert 0 < read <= 2 * 108
    (waiting,) = numbers(ask(prometheus, 'llm:requests_waiting:sum{model="fast"}'))
    assert waiting == 2
    (cost,) = numbers(ask(prometheus, 'llm:cost:per_hour{model="chat"}'))
    assert cost == 10.5


def test_a_certificate_that_ends_tomorrow_is_seen(prometheus: str) -> None:
    (days,) = numbers(ask(prometheus, 'min(envoy_server_days_until_first_cert_expiring{job="llm/gateway"})'))
    assert days <= 1


def test_the_series_of_when_a_counter_was_made_are_left_out(prometheus: str) -> None:
    assert not ask(prometheus, '{__name__=~".+_created"}')
