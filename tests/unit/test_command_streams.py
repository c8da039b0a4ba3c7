"""The command as a process of its own: what it does with streams and names that are not as one expects them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tke_llm(*arguments: str, **changes):
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": ROOT, "timeout": 60, **changes}
    return subprocess.run([sys.executable, "-m", "cli", *arguments], check=False, **given)


def with_encoding(encoding: str) -> dict[str, str]:
    return {**os.environ, "PYTHONIOENCODING": encoding}


def test_a_name_that_the_system_cannot_have_is_a_stack_that_does_not_exist():
    for name in ("a" * 240, "a" * 5000, f"./{'a' * 300}/x.yaml"):
        result = tke_llm("check", name)
        assert result.returncode == 1
        assert b"There is no file" in result.stdout or b"cannot be read" in result.stdout
        assert b"Traceback" not in result.stderr


def test_a_device_without_an_end_is_too_large():
    result = tke_llm("check", "/dev/zero")
    assert result.returncode == 1
    assert b"larger than" in result.stdout


def test_the_verdict_stands_where_stdout_was_closed_before_the_program_began():
    closed = ["bash", "-c", f"{sys.executable} -m cli check dev >&-"]
    result = subprocess.run(closed, check=False, capture_output=True, cwd=ROOT, timeout=60)
    assert (result.returncode, result.stderr) == (0, b"")


def test_a_reader_that_leaves_early_is_no_fault():
    early = ["bash", "-c", f"{sys.executable} -m cli schema | head -c 1"]
    result = subprocess.run(early, check=False, capture_output=True, cwd=ROOT, timeout=60)
    assert (result.stdout, result.stderr) == (b"{", b"")


def test_a_full_disk_behind_stdout_is_one_line():
    with Path("/dev/full").open("w") as full:
        result = tke_llm("check", "dev", stdout=full)
    assert result.returncode == 1
    assert result.stderr.decode().splitlines() == ["the output cannot be written: No space left on device"]


@pytest.mark.parametrize(
    "arguments", [["explain", "BF16_UNSUPPORTED"], pytest.param(["fit", "--all"], marks=pytest.mark.exhaustive)]
)
def test_a_terminal_that_knows_ascii_alone_gets_ascii(arguments):
    result = tke_llm(*arguments, env=with_encoding("ascii"))
    assert (result.returncode, result.stderr) == (0, b"")
    assert "..." in result.stdout.decode("ascii")


def test_json_is_whole_in_ascii_too(tmp_path):
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text("config:\n  tke-llm:namespace: 模型\n")
    results = [tke_llm("check", str(file), "--json", env=with_encoding(each)) for each in ("ascii", "utf-8")]
    assert json.loads(results[0].stdout.decode("ascii")) == json.loads(results[1].stdout.decode("utf-8"))


@pytest.mark.parametrize("arguments", [["check"], ["check", "--json"], ["rehearse"]])
def test_nothing_in_a_stack_file_moves_the_cursor_of_a_terminal(tmp_path, arguments):
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text('config:\n  "tke-llm:\\e[31mred\\u009b1m\\u202e": 1\n')
    result = tke_llm(arguments[0], str(file), *arguments[1:])
    assert result.returncode == 1
    said = (result.stdout + result.stderr).decode()
    assert "x1b[31mred" in said or "u001b[31mred" in said
    assert not [each for each in said if each != "\n" and not each.isprintable()]
