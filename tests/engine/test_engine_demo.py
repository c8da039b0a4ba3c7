"""`tke-llm demo` where the engine is built."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app


@pytest.mark.usefixtures("pulumi")
def test_with_the_engine_both_are_shown_and_told_apart(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["demo", "--out", str(tmp_path / "out")])

    assert result.exit_code == 0
    assert "What `pulumi up` makes: " in result.stdout
    assert "Under the real Pulumi engine" in result.stdout
    assert "up again: nothing to do" in result.stdout
    assert "On the mocks alone" not in result.stdout
    assert list((tmp_path / "out" / "manifests").iterdir())
