"""`tke-llm demo` where the engine is not built; tests/engine/test_engine_demo.py has the other half."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app


def test_without_the_engine_the_mocks_are_shown_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))

    result = CliRunner().invoke(app, ["demo", "--out", str(tmp_path / "out")])

    assert result.exit_code == 0
    assert "What `pulumi up` makes: " in result.stdout
    assert "On the mocks alone" in result.stdout
    assert "make engine" in result.stdout
    assert "Under the real Pulumi engine" not in result.stdout
    assert list((tmp_path / "out" / "manifests").iterdir())
