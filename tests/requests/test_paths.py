"""What the Internet can ask for, asked for real: the table of tests/security, at the Envoy that a stack runs."""

import json
import posixpath
import re
import ssl
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from planner.plan.access import ExposurePlan
from planner.plan.types import Plan
from rehearsal.control_plane.api import Api
from rehearsal.control_plane.processes import Processes
from tests.requests.client import Answer
from tests.requests.entrance import Entrance, entrance, eventually
from tests.security.attacks import PATHS, attacks, plan_of, services
from tests.security.routing import Arrival, arrival
from tests.security.stacks import STACKS, asked

pytestmark = pytest.mark.xdist_group("envoy-gateway")

GATEWAYS = [name for name in STACKS if '"via": "gateway"' in json.dumps(asked(name).sections.get("expose"))]

DISGUISES = (
    "/v1/..{0}", "/v1/%2e%2e{0}", "/v1/%2E%2E{0}", "/v1/.%2e{0}", "/v1/models/../..{0}", "/./{0}", "/%2e{0}",
    "//v1/..{0}", "/v1/..%2f{0}", "/v1%2f..{0}", "/v1/%2f..{0}", "/v1/%5c..{0}", "/v1/..\\{0}", "/v1/..;{0}",
    "/v1;{0}", "/v1/models;{0}",
    "/v1/%252e%252e{0}", "/v1/..%252f{0}", "/v1/%c0%ae%c0%ae{0}", "/v1/models%00{0}", "/v1/models?/../..{0}",
    "/v1/models%3f/../..{0}", "/v1/models%23/../..{0}", "/v1{0}%20", "/V1{0}", "/%76%31{0}", "/v1{0}/.", "/v1//{0}",
    "https://unknown.example.com{0}",
)  # fmt: skip
"""A path as somebody writes it who hopes that proxy and engine read it differently."""


@pytest.fixture(scope="module", params=GATEWAYS)
def door(request: pytest.FixtureRequest, api: Api, processes: Processes, envoy: Path) -> Iterator[Entrance]:
    with entrance(request.param, api, processes, envoy) as door:
        yield door


@pytest.fixture
def plan(door: Entrance) -> Plan:
    return plan_of(door.stack)


@pytest.fixture
def exposure(plan: Plan) -> ExposurePlan:
    assert plan.exposure is not None
    return plan.exposure


def test_every_attack_of_the_table_ends_where_the_rendered_rules_say(door: Entrance, plan: Plan) -> None:
    by_host: dict[str, set[str]] = defaultdict(set)
    for host, path in attacks(plan):
        # Hosts that are not served have no rules, so that a path's form makes no difference there.
        if host in door.hosts or path in PATHS:
            by_host[host].add(path)
    for host, paths in by_host.items():
        with door.connect(host if host in door.hosts else door.hosts[0]) as connection:
            for path in paths:
                answer, wanted = connection.ask(host, path), arrival(door.stack, host, _read_by_envoy(path))
                assert _ended(answer, door.heard()) == wanted, (host, path, answer.status)


def test_no_disguise_of_a_path_gets_to_an_engine_but_as_one_of_its_api(door: Entrance, plan: Plan) -> None:
    behind = services(door.stack)
    for host in door.hosts:
        with door.connect(host) as connection:
            for form in (f"{own}{disguise}" for own in _owns(plan) for disguise in DISGUISES):
                for path in ("/metrics", "/v1/load_lora_adapter", "/api/pull"):
                    connection.ask(host, form.format(path), method="POST")
                    for service, reached in door.heard():
                        model = behind[service]
                        assert model == "page" or reached.partition("?")[0] in plan.models[model].api, (
                            host,
                            form,
                            path,
                        )


def test_no_other_path_of_an_engine_is_reached_by_another_method(door: Entrance, plan: Plan) -> None:
    behind = services(door.stack)
    for host in door.hosts:
        with door.connect(host) as connection:
            for path in (f"{own}{path}" for own in _owns(plan) for path in PATHS):
                connection.ask(host, path, method="POST")
                for service, reached in door.heard():
                    assert behind[service] == "page" or reached in plan.models[behind[service]].api, (host, path)


def test_every_address_that_is_printed_leads_to_its_model_by_every_path_of_its_api(
    door: Entrance, plan: Plan, exposure: ExposurePlan
) -> None:
    behind = services(door.stack)
    keyed = {name for name, model in plan.models.items() if model.spec.api_key_env is not None}
    assert {model for model, _ in exposure.api_urls} == keyed
    if plan.api is not None:
        # One API of all models has no routes here, and test_api.py asks it with its keys.
        return
    for model, url in exposure.api_urls:
        host, _, base = url.partition("://")[2].partition("/")
        for path in plan.models[model].api:
            answer = door.ask(host, f"/{base}{path.removeprefix('/v1')}", method="POST", body=b"{}")
            assert answer.status == 200
            ((service, reached),) = door.heard()
            assert (behind[service], reached) == (model, path)


def test_the_page_has_all_paths_of_its_host_that_are_no_models(door: Entrance, exposure: ExposurePlan) -> None:
    assert exposure.chat_url is not None
    host = exposure.chat_url.partition("://")[2].partition("/")[0]
    for path in ("/", "/api/config", "/static/%20logo.svg?x=%2e%2e", "/ws/socket.io/?EIO=4&transport=polling"):
        assert door.ask(host, path).status == 200
        ((service, reached),) = door.heard()
        assert (services(door.stack)[service], reached) == ("page", path)


def test_hosts_do_not_meet_on_a_connection_that_was_opened_for_one_of_them(
    door: Entrance, exposure: ExposurePlan
) -> None:
    if exposure.attach_to is not None:
        return
    for name in door.hosts:
        with door.connect(name) as connection:
            for host in (*door.hosts, "unknown.example.com", f"unknown.{name}", f"{name}."):
                answer = connection.ask(host, "/")
                wanted = arrival(door.stack, host, "/") if host == name else None
                assert _ended(answer, door.heard()) == wanted, (name, host)


def test_a_name_that_is_nobodys_gets_no_connection(door: Entrance, exposure: ExposurePlan) -> None:
    if exposure.attach_to is not None:
        return
    for name in ("unknown.example.com", f"unknown.{door.hosts[0]}"):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            door.connect(name)


def test_plain_http_is_sent_on_to_https_with_its_path_and_gets_nowhere_else(
    door: Entrance, plan: Plan, exposure: ExposurePlan
) -> None:
    if exposure.attach_to is not None:
        return
    for host in (*door.hosts, "unknown.example.com"):
        for path in ("/", "/v1/models?limit=1", "/chat/v1/chat/completions", "/metrics", "/v1/load_lora_adapter"):
            for method in ("GET", "POST"):
                answer = door.ask(host, path, plain=True, method=method)
                if host in door.hosts:
                    assert (answer.status, answer.headers["location"]) == (301, f"https://{host}{path}")
                else:
                    assert answer.status == 404
    assert door.heard() == []


def test_a_header_cannot_change_where_a_request_goes(door: Entrance, plan: Plan) -> None:
    host = door.hosts[0]
    for name in ("X-Original-URL", "X-Rewrite-URL", "X-Envoy-Original-Path", "X-Forwarded-Prefix", "X-Forwarded-Host"):
        answer = door.ask(host, "/v1/load_lora_adapter", headers={name: "/v1/models"})
        assert _ended(answer, door.heard()) == arrival(door.stack, host, "/v1/load_lora_adapter")


def test_https_answers_from_the_moment_that_the_certificate_is_there(door: Entrance, exposure: ExposurePlan) -> None:
    if exposure.attach_to is not None:
        return
    (secret,) = [each for each in door.objects if each["kind"] == "Secret"]
    door.api.delete(door.place(secret))
    eventually(lambda: not _serves(door))
    assert door.ask(door.hosts[0], "/", plain=True).status == 301
    door.api.apply(door.place(secret), dict(secret))
    eventually(lambda: _serves(door))


def _serves(door: Entrance) -> bool:
    try:
        return door.ask(door.hosts[0], "/v1/models").status in (200, 404)
    except OSError:
        return False


def _owns(plan: Plan) -> list[str]:
    """What stands before the paths of an engine: nothing, or a model's name."""
    return ["", *(f"/{name}" for name in plan.models)]


def _ended(answer: Answer, heard: list[tuple[str, str]]) -> Arrival | None:
    """What was reached; a request that reaches nothing is refused, or asked to come back with a plainer path."""
    if heard:
        ((service, path),) = heard
        assert answer.status == 200
        return Arrival(service, path)
    assert answer.status in (307, 400, 404)
    return None


def _read_by_envoy(path: str) -> str:
    """Slashes after a slash are dropped, and dots followed (Envoy Gateway, internal/xds/translator/listener.go)."""
    merged = re.sub("/+", "/", path)
    plain = posixpath.normpath(merged)
    return f"{plain}/" if merged.endswith(("/", "/.", "/..")) and plain != "/" else plain
