"""Prometheus' own reading of rules and queries, by its promtool."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from rehearsal.control_plane.binaries import Binaries


def holds(
    programs: Binaries,
    place: Path,
    series: Mapping[str, str],
    expected: Sequence[Mapping[str, Any]],
    rules: Path | None = None,
) -> None:
    """Assert the samples that are `expected` of these series, whose values come every 30 seconds. `place` is a folder
    for promtool's file."""
    tests = {
        "rule_files": [] if rules is None else [str(rules)],
        "evaluation_interval": "30s",
        "tests": [
            {
                "interval": "30s",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": list(expected),
            }
        ],
    }
    file = place / "tests.yaml"
    file.write_text(yaml.safe_dump(tests), encoding="utf-8")
    done = subprocess.run(
        [str(programs["promtool"]), "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
