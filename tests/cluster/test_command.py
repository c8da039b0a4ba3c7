"""`tke-llm rehearse --control-plane` as a command."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from stage import ROOT
from test_control_plane_ends import processes_of

from rehearsal.control_plane.binaries import Binaries
from tests.waiting import until


def start(out: Path, *more: str, place: Path | None = None) -> subprocess.Popen[str]:
    """The command, with a temporary directory of its own where one is given."""
    environment = {**os.environ, **({"TMPDIR": str(place)} if place else {})}
    command = [sys.executable, "-m", "cli", "rehearse", "dev", "--control-plane", "--out", str(out), *more]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_two_rehearsals_at_once_both_end_ready(binaries: Binaries, tmp_path: Path) -> None:
    both = [start(tmp_path / name) for name in ("one", "two")]
    for each in both:
        said, complaints = each.communicate()
        assert each.returncode == 0, complaints
        assert said.count("everything is ready") == 1


def test_a_second_stack_file_is_updated_to_and_torn_down(binaries: Binaries, tmp_path: Path) -> None:
    second = tmp_path / "Pulumi.dev.yaml"
    given = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    second.write_text(given.replace("DeepSeek-R1-Distill-Qwen-7B", "DeepSeek-R1-Distill-Qwen-1.5B"), encoding="utf-8")
    command = start(tmp_path / "out", "--then", str(second), "--json")
    said, complaints = command.communicate()
    assert command.returncode == 0, complaints
    found = json.loads(said)["controlPlane"]
    assert [step["title"] for step in found["steps"]] == ["up", "update", "destroy"]
    changes = {each["name"]: each["operation"] for each in found["steps"][1]["operations"]}
    assert changes["llm-chat-inference-server"] == "update"
    assert found["interruption"]["interrupted"] == ["Deployment llm/chat"]
    assert found["left"]["forgotten"] == []


def test_a_second_stack_file_with_errors_is_refused(binaries: Binaries, tmp_path: Path) -> None:
    second = tmp_path / "Pulumi.dev.yaml"
    given = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    second.write_text(given.replace("PNV4.7XLARGE116", "PNV4.7XLARGE117"), encoding="utf-8")
    command = start(tmp_path / "out", "--then", str(second))
    said, _ = command.communicate()
    assert command.returncode == 1
    assert "UNKNOWN_MACHINE" in said


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_an_end_in_the_middle_leaves_nothing(
    number: int, binaries: Binaries, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("c")
    command = start(place / "out", place=place)
    until(lambda: any("kube-scheduler" in arguments for arguments in processes_of(place).values()))
    command.send_signal(number)
    command.communicate()
    until(lambda: not processes_of(place) and not list(place.glob("tke-llm-*")))
