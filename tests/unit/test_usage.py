"""`tke-llm usage`: sums over lines of the proxies' access log."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.usage import Used, used


def line(**values: object) -> str:
    entry = {"client": "app", "model": "chat", "prompt_tokens": 10, "completion_tokens": 5, "status": 200}
    return json.dumps({**entry, **values})


def test_requests_and_tokens_are_summed_by_client_and_model() -> None:
    told = used([line(), line(completion_tokens=7), line(client="ide"), line(model="embed", completion_tokens=0)])
    assert told == [
        Used("app", "chat", requests=2, tokens_in=20, tokens_out=12),
        Used("app", "embed", requests=1, tokens_in=10),
        Used("ide", "chat", requests=1, tokens_in=10, tokens_out=5),
    ]


def test_what_a_limit_refused_is_counted_and_costs_no_tokens() -> None:
    told = used([line(), line(status=429, prompt_tokens=None, completion_tokens=None)])
    assert told == [Used("app", "chat", requests=2, limited=1, tokens_in=10, tokens_out=5)]


def test_an_answer_without_tokens_is_said_to_be_uncounted_and_not_guessed() -> None:
    assert used([line(prompt_tokens=None, completion_tokens=None)]) == [Used("app", "chat", requests=1, uncounted=1)]


def test_a_request_whose_client_was_gone_before_the_answer_is_counted_and_its_tokens_are_not_known() -> None:
    gone = line(status=0, prompt_tokens=None, completion_tokens=None, details="downstream_remote_disconnect")
    assert used([line(), gone]) == [Used("app", "chat", requests=2, tokens_in=10, tokens_out=5, uncounted=1)]


def test_a_request_that_failed_cost_no_tokens() -> None:
    (one,) = used([line(status=503, prompt_tokens=None, completion_tokens=None)])
    assert (one.requests, one.uncounted) == (1, 0)


def test_numbers_may_come_as_text() -> None:
    (one,) = used([line(prompt_tokens="12", completion_tokens="3.0", status="200")])
    assert (one.tokens_in, one.tokens_out) == (12, 3)


def test_a_request_without_a_key_is_nobodys() -> None:
    (one,) = used([line(client=None, model=None, status=401, prompt_tokens=None, completion_tokens=None)])
    assert (one.client, one.model, one.uncounted) == ("(nobody)", "(nobody)", 0)


@pytest.mark.parametrize("noise", ["", "[info] starting", "{broken", '["a"]', '{"level": "info"}'])
def test_other_lines_of_a_proxy_are_left_out(noise: str) -> None:
    assert used([noise]) == []


def test_the_table_is_printed_from_a_file(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("\n".join([line(prompt_tokens=1234567), line(client="ide", status=429)]))
    result = CliRunner().invoke(app, ["usage", "team", "--access-log", str(log)])
    assert result.exit_code == 0
    assert "1,234,567" in result.stdout
    document = json.loads(CliRunner().invoke(app, ["usage", "team", "--access-log", str(log), "--json"]).stdout)
    assert [each["client"] for each in document["usage"]] == ["app", "ide"]


def test_a_log_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["usage", "team", "--access-log", str(tmp_path / "none")])
    assert result.exit_code == 1
    assert "cannot be read" in result.stderr
