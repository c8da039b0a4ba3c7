"""The planner against figures and runs that others published (known_cases.yaml)."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from catalog.load import load
from planner.model.facts import catalogued
from planner.sizing.ask import Ask
from planner.sizing.memory import kv_bytes_per_token
from tests.unit.model_samples import sized

CASES: dict[str, Any] = yaml.load(
    (Path(__file__).parent / "known_cases.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
)
SMALLEST = CASES["smallest_tensor_parallel"]
ASK = Ask(engine="vllm", utilization=0.90, default_utilization=0.90)


def _facts(model: str):
    entry = load().find_model(model)
    assert entry is not None, model
    return catalogued(entry, entry.format)


@pytest.mark.parametrize(
    ("model", "gpu", "expected"),
    [(model, gpu, tp) for model, row in SMALLEST["rows"].items() for gpu, tp in row.items()],
)
def test_the_fewest_gpus_are_those_of_the_published_estimator(model: str, gpu: str, expected: int):
    card = load().gpus[gpu].model_copy(update={"usable_gib": SMALLEST["usable_gib"][gpu]})
    outcome = sized(_facts(model), card, 8, ASK)
    assert outcome.starts
    assert outcome.sizing.tensor_parallel == expected
    assert outcome.sizing.context >= 8192


@pytest.mark.parametrize(("model", "expected"), CASES["kv_bytes_per_token"]["rows"].items())
def test_the_cache_of_a_token_is_as_large_as_published(model: str, expected: int):
    assert kv_bytes_per_token(_facts(model), 1, 1, 2) == expected


@pytest.mark.parametrize("run", CASES["runs"], ids=lambda run: run["name"])
def test_what_ran_elsewhere_runs_and_what_did_not_does_not(run: dict[str, Any]):
    ask = Ask(
        engine="vllm",
        utilization=run.get("utilization", 0.92 if run["gpu"].startswith("H20") else 0.90),
        default_utilization=0.90,
        context=run.get("context"),
    )
    outcome = sized(_facts(run["model"]), load().gpus[run["gpu"]], run["gpus"], ask)
    assert outcome.starts == run["starts"], outcome.findings
