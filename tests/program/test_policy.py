"""The policy pack's rules over what the program registers."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.stackfile import program
from policy.rule import Hidden, mapping
from rehearsal.policies import as_resource, broken_rules, visible
from rehearsal.registration import Secret, Unknown
from rehearsal.run import rehearse
from rehearsal.story import Story
from settings.file import read
from tests.program.rehearsed import NAMES, PROGRAM, ROOT, command, each_of, registrations, tell_once

OPEN = {"via": "gateway", "host": "chat.example.com"}
FORCED = {"tke-llm:expose": OPEN, "tke-llm:force": ["PLAINTEXT_PUBLIC"]}


def written(folder: Path, changes: dict[str, Any]) -> Path:
    """The dev stack with `changes`, in a folder of its own."""
    config = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
    config["config"] |= changes
    file = folder / "Pulumi.broken.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    for name in ("Pulumi.yaml", "__main__.py"):
        (folder / name).symlink_to(ROOT / name)
    return file


@each_of(NAMES)
def test_a_sample_breaks_no_rule(name: str) -> None:
    assert broken_rules(registrations(name)) == ()


def test_the_rules_see_the_pods_and_the_cloud(tmp_path: Path) -> None:
    recording = rehearse(read(written(tmp_path, FORCED)), PROGRAM).recording
    assert recording is not None
    broken = {each.code for each in broken_rules(recording.registrations)}
    assert broken == {"PUBLIC_WITHOUT_TLS"}


@pytest.mark.usefixtures("told")
def test_what_is_forced_is_told_everywhere_and_stops_nothing(tmp_path: Path) -> None:
    file = written(tmp_path, FORCED)
    checked = command("check", str(file))
    assert checked.exit_code == 0
    assert "PLAINTEXT_PUBLIC (forced)" in checked.output
    result = command("rehearse", str(file), "--out", str(tmp_path / "out"))
    assert result.exit_code == 0
    assert "ready to deploy" in result.output.splitlines()[0]
    assert "PUBLIC_WITHOUT_TLS (forced)" in result.output
    as_json = command("rehearse", str(file), "--out", str(tmp_path / "out"), "--json")
    report = json.loads(as_json.stdout)
    assert report["ready"] is True
    assert {(each["code"], each["forced"]) for each in report["violations"]} == {("PUBLIC_WITHOUT_TLS", True)}
    told = tell_once(read(file), program(file))
    assert isinstance(told, Story)
    assert mapping(told.recording.exports["plan"])["forced"] == ["PLAINTEXT_PUBLIC"]


@pytest.mark.usefixtures("told")
def test_a_rehearsal_shows_a_broken_rule_and_ends_with_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Refused in the stack file, as a rule: here the rule alone is left to see it.
    monkeypatch.setattr("planner.access.check._plain", lambda _settings: iter(()))
    file = written(tmp_path, {"tke-llm:expose": OPEN})
    result = command("rehearse", str(file), "--out", str(tmp_path / "out"))
    assert result.exit_code == 1
    assert "not ready" in result.output.splitlines()[0]
    assert "PUBLIC_WITHOUT_TLS" in result.output
    as_json = command("rehearse", str(file), "--out", str(tmp_path / "out"), "--json")
    report = json.loads(as_json.stdout)
    assert as_json.exit_code == 1
    assert report["ready"] is False
    assert [each["code"] for each in report["violations"]] == ["PUBLIC_WITHOUT_TLS"]


def test_no_rule_ever_sees_a_secret() -> None:
    assert visible({"a": Secret({"b": ["x"]}), "c": Unknown(), "d": "shown"}) == {
        "a": {"b": [Hidden.SECRET]},
        "c": Hidden.UNKNOWN,
        "d": "shown",
    }
    secret = next(each for each in registrations("dev") if each.type.endswith(":Secret"))
    data = as_resource(secret).properties["stringData"]
    assert isinstance(data, dict)
    assert set(data.values()) == {Hidden.SECRET}
