"""A test without an end is stopped and named, so that no run stands still until CI ends it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENDLESS = """
def test_endless():
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
"""


def test_what_swallows_every_exception_is_stopped_and_shows_where_it_stood(tmp_path: Path) -> None:
    (tmp_path / "test_planted.py").write_text(ENDLESS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path)]
    command += ["-p", "no:cacheprovider", "-o", "faulthandler_timeout=1", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert " in test_endless\n" in done.stderr


def test_the_backstop_is_far_above_what_any_test_takes(pytestconfig: pytest.Config) -> None:
    assert float(pytestconfig.getini("faulthandler_timeout")) >= 600
    assert pytestconfig.getini("faulthandler_exit_on_timeout")
