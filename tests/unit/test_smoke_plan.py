"""What the smoke test asks, by what a stack is."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from components.workloads.scripts.smoke_test.api import read_api
from components.workloads.scripts.smoke_test.pooling import read_models
from components.workloads.scripts.smoke_test.request import read_request
from planner.plan.rollout import SmokeTestPlan
from planner.plan.types import Plan
from planner.plan_stack import plan_stack
from planner.rollout.smoke_test import ADMIN_VARIABLE, API_VARIABLE, attempts, key_variables, questions
from settings.parse import parse
from tests.security.stacks import STACKS, asked


def planned(name: str, **sections: Any) -> Plan:
    given = asked(name)
    settings = parse(type(given)(**{**vars(given), "sections": {**given.sections, **sections}})).settings
    assert settings is not None
    return plan_stack(settings)


def asking(name: str, **sections: Any) -> SmokeTestPlan:
    found = planned(name, **sections).smoke_test
    assert found is not None
    return found


def because(made: Plan) -> str:
    return next(each.because for each in made.reasons if each.subject == "smokeTest")


@pytest.mark.parametrize("name", STACKS)
def test_the_script_reads_what_the_plan_asks_of_every_stack(name: str) -> None:
    test = asking(name)
    secrets = {variable: f"secret {variable}" for variable in (*key_variables(test).values(), ADMIN_VARIABLE)}
    given = {"SMOKE_TEST": json.dumps(questions(test, owner="job", alone=True)), **secrets}
    request = read_request(given)
    asked_for = [*request.models, *read_models(given)]
    expected = sorted(test.models, key=lambda each: not each.chats)
    assert [each.model for each in asked_for] == [each.served_name for each in expected]
    assert [each.key is not None for each in asked_for] == [each.keyed for each in expected]
    assert request.limit < test.deadline_seconds
    tried = read_request({"SMOKE_TEST": json.dumps(attempts(test, owner="job"))})
    assert [each.host for each in tried.forbidden] == [each.host for each in test.forbidden]


def test_models_are_asked_by_their_names_at_their_services() -> None:
    chat, small = asking("two-models").models
    assert (chat.url, chat.served_name, chat.keyed) == ("http://chat:8000/v1", "chat", True)
    assert (small.url, small.served_name, small.keyed) == ("http://small:11434/v1", "qwen2.5:7b", False)
    assert small.patience_seconds > chat.patience_seconds


@pytest.mark.parametrize(
    ("sections", "says"),
    [({"smokeTest": False}, "asked for"), ({"pause": True}, "paused")],
    ids=["off", "paused"],
)
def test_nothing_is_asked_where_that_is_said_or_the_stack_is_paused(sections: Mapping[str, Any], says: str) -> None:
    made = planned("dev", **sections)
    assert made.smoke_test is None
    assert says in because(made)


def test_the_roads_of_the_smoke_test_are_closed_with_it_and_a_pause_changes_none() -> None:
    off, paused, on = planned("dev", smokeTest=False), planned("dev", pause=True), planned("dev")
    assert off.policies is not None
    assert off.policies.smoke_test is None
    assert on.policies is not None
    assert on.policies.smoke_test is not None
    assert paused.policies == on.policies


def test_the_pages_image_asks_else_that_of_a_download_else_none() -> None:
    assert "open-webui" in asking("dev").image
    assert asking("dev", webui=False).image == planned("dev", webui=False).models["chat"].download.image
    ollama = planned("ollama-t4", webui=False)
    assert ollama.smoke_test is None
    assert "no image of the stack holds Python" in because(ollama)


def test_the_gateway_is_asked_at_the_service_of_its_proxies() -> None:
    # The name that Envoy Gateway gives: SHA-256 of "llm/tke-llm", its first eight digits.
    test = asking("gateway")
    assert test.gateway == "envoy-llm-tke-llm-75fff951.envoy-gateway-system.svc"
    assert test.models[0].public_url == "https://chat.example.com/v1"
    assert test.pending == "HTTPS answers when the Secret chat-example-com holds a certificate"
    assert [asking(name).gateway for name in ("dev", "ingress", "gateway-of-others")] == [None, None, None]


def test_one_api_of_all_models_is_asked_for_each_name_by_a_key_of_the_tests_own() -> None:
    made = planned("team")
    test, gateway = made.smoke_test, made.api
    assert test is not None
    assert test.api is not None
    assert gateway is not None
    assert test.api.url == gateway.url
    assert test.api.public_url == "https://api.example.com/v1"
    assert [each.name for each in test.api.models] == [each.name for each in gateway.models]
    assert {each.name: each.task for each in test.api.models}["embed"] == "embed"
    (client,) = [each for each in gateway.clients if each.name == "smoke-test"]
    assert client.models == tuple(each.name for each in gateway.models)
    assert client.requests_per_minute == 120
    assert test.limit_seconds - asking("team", api={"via": "none"}, clients={}).limit_seconds == 60 * (4 + 4)
    given = {"SMOKE_TEST": json.dumps(questions(test, owner="job", alone=True)), "API_KEY": "the key"}
    read = read_api(given)
    assert read is not None
    assert (read.key, [each.name for each in read.models]) == ("the key", list(client.models))


def test_a_model_without_a_replica_is_asked_at_the_api_alone_and_given_the_time_of_a_start() -> None:
    models = json.loads(json.dumps(asked("team").sections["models"]))
    models["coder"] = {**models["coder"], "autoscaling": {"min": 0, "max": 1}}
    made = planned("team", models=models)
    test = made.smoke_test
    assert test is not None
    assert test.api is not None
    assert "coder" not in [each.name for each in test.models]
    assert "coder" not in [each.model for each in test.forbidden]
    given = {"SMOKE_TEST": json.dumps(questions(test, owner="job", alone=True)), API_VARIABLE: "key"}
    read = read_api(given)
    assert read is not None
    patience = {each.name: each.patience for each in read.models}
    assert patience.pop("coder") == made.models["coder"].progress_deadline_seconds
    assert set(patience.values()) == {test.api.patience_seconds}
    assert test.limit_seconds > made.models["coder"].progress_deadline_seconds


def test_who_asks_for_no_smoke_test_has_no_key_for_one() -> None:
    made = planned("team", smokeTest=False)
    assert made.api is not None
    assert "smoke-test" not in [each.name for each in made.api.clients]


def test_where_nobody_has_a_limit_nothing_counts_for_the_smoke_test_alone() -> None:
    made = planned("team", clients={"ide": {"models": ["coder"]}})
    assert made.api is not None
    assert made.api.redis is None
    assert {each.requests_per_minute for each in made.api.clients} == {None}


def test_a_pause_changes_no_key_of_the_api() -> None:
    assert planned("team", pause=True).api == planned("team").api


@pytest.mark.parametrize(
    ("env", "by_password"),
    [
        ({}, True),
        ({"ENABLE_PASSWORD_AUTH": "False"}, False),
        ({"WEBUI_AUTH_TRUSTED_EMAIL_HEADER": "X-Email"}, False),
    ],
    ids=["passwords", "none", "by a header"],
)
def test_nobody_signs_in_by_password_where_the_page_takes_none(env: dict[str, str], by_password: bool) -> None:
    page = asking("dev", webui={"env": env}).page
    assert page is not None
    assert page.by_password is by_password


def test_every_pool_with_a_model_and_the_cpu_nodes_are_tried() -> None:
    places = {each.place: each for each in asking("two-models").forbidden}
    assert set(places) == {"pool a10", "pool t4", "the CPU nodes"}
    assert all(each.promised for each in places.values())
    assert places["pool a10"].model == "chat"
    assert places["the CPU nodes"].model is None


@pytest.mark.parametrize(
    ("name", "sections", "promised"),
    [
        ("dev", {}, [True, True]),
        ("dev", {"networkPolicy": {"addon": False}}, [False, False]),
        ("local", {}, [False, False]),
        ("a10-super", {}, [False, True]),
    ],
    ids=["ours", "without the add-on", "a cluster that exists", "super nodes"],
)
def test_what_the_stack_enforces_by_itself_must_hold_and_the_rest_is_told(
    name: str, sections: Mapping[str, Any], promised: list[bool]
) -> None:
    assert [each.promised for each in asking(name, **sections).forbidden] == promised


def test_without_policies_no_connection_is_forbidden() -> None:
    assert asking("dev", networkPolicy=False).forbidden == ()


def test_models_that_admit_the_range_of_a_load_balancer_are_not_tried_at_their_nodes() -> None:
    assert [(each.place, each.model) for each in asking("ingress").forbidden] == [
        ("pool gpu", "small"),
        ("the CPU nodes", None),
    ]


def test_pods_on_their_machines_network_are_kept_in_by_nobody_and_not_tried() -> None:
    assert [each.place for each in asking("groups-with-rdma").forbidden] == ["the CPU nodes"]


@pytest.mark.parametrize(
    "sections",
    [
        {"models": {"chat": {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "maxModelLen": 4096}}},
        {"webui": {"name": "Another"}},
        {"expose": {"via": "gateway", "host": "chat.example.com", "tls": {"secret": "chat"}}},
        {"networkPolicy": {"admit": ["other"]}},
    ],
    ids=["model", "page", "exposure", "policies"],
)
def test_a_change_that_is_worth_it_is_asked_about(sections: Mapping[str, Any]) -> None:
    assert asking("dev", **sections).subject != asking("dev").subject


@pytest.mark.parametrize(
    "sections",
    [{"tags": {"team": "a"}}, {"pools": {"gpu": {"instanceType": "PNV4.7XLARGE116", "nodes": 2}}}],
    ids=["tags", "nodes"],
)
def test_a_change_that_concerns_nobody_who_asks_is_not(sections: Mapping[str, Any]) -> None:
    assert asking("dev", **sections).subject == asking("dev").subject
