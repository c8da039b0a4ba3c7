"""The plan in short, as a stack output."""

import json

from planner.report.summary import summary
from settings.diagnostics import Diagnostic
from tests.components.plans import plan


def test_a_summary_is_json_and_says_what_is_served_where() -> None:
    short = json.loads(json.dumps(summary(plan())))
    assert short["models"]["chat"]["pool"] in short["pools"]
    assert short["models"]["chat"]["maxModelLen"] == plan().models["chat"].max_model_len
    assert short["pools"]["gpu"]["machine"] == "PNV4.7XLARGE116"


def test_times_are_in_minutes_and_sizes_in_gib() -> None:
    model = summary(plan())["models"]["chat"]
    assert model["downloadMinutes"] == 20
    assert model["downloadGiB"] == 14.0


def test_warnings_are_kept_and_notes_are_not() -> None:
    found = tuple(
        Diagnostic(severity=severity, code="C", path="models.chat", message=f"a {severity}", remedy="r")
        for severity in ("warning", "note")
    )
    assert summary(plan(diagnostics=found))["warnings"] == ["models.chat: a warning"]
