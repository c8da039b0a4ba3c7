"""Clients of the API in the stack file: their limits, dates and keys."""

import pytest

from settings.parse import StackInput, parse
from tests.unit.stacks import found, merged, planned, sections
from tests.unit.test_api_plan import API, decided


def problems(value: object) -> list[tuple[str, str]]:
    client = {"app": {"models": ["chat"], "expires": value}}
    told = parse(StackInput("tke-llm", "dev", "ap-guangzhou", sections({"clients": client}))).problems
    return [(each.code, each.path) for each in told]


@pytest.mark.parametrize("moment", ["2027-06-30", "2027-06-30T12:00Z", "2028-02-29T23:59:59Z"])
def test_a_day_and_a_moment_in_utc_are_taken(moment: str) -> None:
    assert problems(moment) == []


@pytest.mark.parametrize(
    "moment", ["2027-02-30", "30.6.2027", "2027-06-30T12:00+08:00", "2027-06-30 12:00", "soon", ""]
)
def test_what_is_no_moment_is_refused_where_it_stands(moment: str) -> None:
    assert problems(moment) == [("IMPOSSIBLE_VALUE", "clients.app.expires")]


def test_a_client_has_at_least_one_model() -> None:
    given = StackInput("tke-llm", "dev", "ap-guangzhou", sections({"clients": {"app": {"models": []}}}))
    (told,) = parse(given).problems
    assert told.path == "clients.app.models"
    assert "at least one" in told.allowed


def test_a_key_in_the_stack_file_is_sent_to_the_secret_of_its_client() -> None:
    client = {"app": {"models": ["chat"], "key": "sk-" + "a1" * 20}}
    told = parse(StackInput("tke-llm", "dev", "ap-guangzhou", sections({"clients": client}))).problems
    assert "tke-llm:clientKeys.app" in "".join(each.remedy for each in told)


def test_limits_and_dates_come_into_the_plan_as_they_are_given() -> None:
    given = {
        "models": ["chat", "chat"],
        "tokensPerMinute": 60_000,
        "tokensPerDay": 2_000_000_000,
        "requestsPerMinute": 30,
        "expires": "2027-06-30",
        "keyVersion": 3,
        "previousUntil": "2026-12-24T12:00Z",
    }
    client = next(each for each in decided({"clients": {"app": given}}).clients if each.name == "app")
    assert client.models == ("chat",)
    assert (client.tokens_per_minute, client.tokens_per_day, client.requests_per_minute) == (60_000, 2_000_000_000, 30)
    assert (client.expires, client.key_version, client.previous_until) == ("2027-06-30", 3, "2026-12-24T12:00Z")


def test_a_key_for_nobody_is_refused_with_the_client_that_is_meant() -> None:
    told = found(planned(API, secrets=("clientKeys", "clientKeys.ap")), "CLIENT_KEY_WITHOUT_CLIENT")
    assert told.path == "clientKeys.ap"
    assert "Name it app" in told.remedy
    assert not planned(API, secrets=("clientKeys", "clientKeys.app")).errors


def test_there_is_no_key_before_the_first_one_and_none_before_one_that_is_given() -> None:
    first = {"app": {"models": ["chat"], "previousUntil": "2027-06-30"}}
    told = found(planned(merged(API, {"clients": first})), "NO_PREVIOUS_KEY")
    assert (told.severity, told.path) == ("warning", "clients.app.previousUntil")
    raised = {"app": {"models": ["chat"], "keyVersion": 2}}
    told = found(planned(merged(API, {"clients": raised}), secrets=("clientKeys", "clientKeys.app")), "NO_PREVIOUS_KEY")
    assert told.path == "clients.app.keyVersion"
