"""Envoy Gateway in a root directory of its own, for whoever runs the rehearsal."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.controllers import rooted
from rehearsal.controllers.binaries import find

NOBODY = 65534


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that everybody may enter, with the program in it."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        shutil.copy(find()["envoy-gateway"], place / "envoy-gateway")
        shutil.copy(rooted.__file__, place / "rooted.py")
        (place / "root").mkdir()
        yield place


def test_it_runs_in_a_root_of_its_own_for_an_ordinary_user_too(place: Path) -> None:
    # The interpreter and what the script imports may be root's alone.
    become = (
        "import ctypes, os, pathlib, pkgutil, runpy, sys; sys.argv.pop(0); "
        f"os.getuid() or (os.setgid({NOBODY}), os.setuid({NOBODY})); runpy.run_path(sys.argv[0], None, '__main__')"
    )
    ran = subprocess.run(
        [
            *(
                sys.executable,
                "-I",
                "-S",
                "-c",
                become,
            ),
            *(str(place / "rooted.py"), str(place / "root"), str(place / "envoy-gateway")),
            *("envoy-gateway", "server", f"--config-path={place / 'rooted.py'}"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = ran.stdout + ran.stderr
    # What is there for everybody else is not there for it, unless the system lets nobody do this.
    assert f"open {place / 'rooted.py'}: no such file or directory" in told or "lets neither root nor a user" in told


def test_a_directory_that_is_not_there_is_told_in_a_sentence(place: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-I", "-S", str(place / "rooted.py"), str(place / "none"), str(place / "rooted.py"), "it"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith("it reads fixed paths, and this system lets")
    assert "Traceback" not in ran.stderr
