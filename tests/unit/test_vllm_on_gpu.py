"""The planner's memory against a real vLLM on a real GPU (vllm_on_gpu.json says which, when and by what).

The engine reports what it took: weights, what it computes in, the cache it had left and the blocks it made of it.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.load import load
from planner.model.facts import ModelFacts, catalogued, format_of
from planner.sizing.memory import (
    ACTIVATIONS_GIB,
    NON_TORCH_GIB,
    WORKING_GIB,
    kv_bytes_per_token,
    loaded_gib,
    need,
)
from planner.sizing.split import Split

RECORD = json.loads(Path(__file__).with_name("vllm_on_gpu.json").read_text(encoding="utf-8"))
STARTS: dict[str, dict[str, Any]] = {start["label"]: start for start in RECORD["starts"]}
WHOLE = [label for label, start in STARTS.items() if "note" not in start]
"""Models that were started with all that the catalogue's row has: every layer, and no encoder less."""
BATCHES = 2
"""Steps in flight at a time: vLLM prepares one while the last is computed (0.26.0, `max_in_flight_tokens`)."""


def facts_of(start: dict[str, Any]) -> ModelFacts:
    entry = load().find_model(start["model"])
    assert entry is not None
    return catalogued(entry, format_of(entry, start["model"]), start["model"])


STORED_TWICE = "qwen3-0.6b"
"""Its files hold the embeddings again as the output layer, which the engine ties together."""
PLAIN = [label for label in WHOLE if "enable_lora" not in STARTS[label]["arguments"] and label != STORED_TWICE]


@pytest.mark.parametrize("label", PLAIN)
def test_weights_take_what_the_engine_reports(label: str) -> None:
    start = STARTS[label]
    planned = loaded_gib(facts_of(start), "bfloat16", start["arguments"].get("quantization"))
    assert planned == pytest.approx(start["weights"], rel=0.03)


@pytest.mark.parametrize("label", WHOLE)
def test_as_many_tokens_fit_as_the_engine_has_blocks_for(label: str) -> None:
    start = STARTS[label]
    each = kv_bytes_per_token(facts_of(start), 1, 1, 2.0) * start["block_tokens"]
    assert start["available"] * 2**30 // each == pytest.approx(start["blocks"], abs=1)


def test_a_sequence_takes_as_much_of_sliding_and_growing_layers_as_the_engine_gives_it() -> None:
    start = STARTS["gemma-3-12b"]
    in_flight = BATCHES * start["arguments"]["max_num_batched_tokens"]
    planned = need(facts_of(start), Split(), "bfloat16", in_flight=in_flight).cache(start["context"])
    assert planned == pytest.approx(start["available"] / start["concurrency"], rel=0.001)


@pytest.mark.parametrize("label", WHOLE)
def test_no_engine_was_seen_to_compute_in_less_than_the_least(label: str) -> None:
    assert STARTS[label]["non_torch"] + STARTS[label]["activations"] >= WORKING_GIB


@pytest.mark.parametrize("label", [label for label in WHOLE if label != "qwen3-30b-a3b-fp8"])
def test_a_dense_model_computes_in_no_more_than_the_planner_expects(label: str) -> None:
    assert STARTS[label]["non_torch"] + STARTS[label]["activations"] <= ACTIVATIONS_GIB + NON_TORCH_GIB


@pytest.mark.parametrize("label", STARTS)
def test_every_engine_that_was_measured_answered(label: str) -> None:
    assert STARTS[label]["generated"] == 8 * 16
