"""The KV cache that the planner reckons with is the one that vLLM's own code lays out from the models' config.json.

`tools.record_kv_cache` recorded it (kv_cache_of_vllm.json says when, and with which releases). 16-bit cache, one GPU.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.load import load
from planner.model.facts import ModelFacts, catalogued, format_of
from planner.sizing.memory import kv_bytes_per_token, need, sliding_bytes_per_token
from planner.sizing.split import Split
from tests.unit.kv_blocks import Kind, block_bytes, sequence_blocks, unified

RECORD = json.loads(Path(__file__).with_name("kv_cache_of_vllm.json").read_text(encoding="utf-8"))
WHOLE = ("FullAttentionSpec", "MLAAttentionSpec")
"""Layers whose cache grows with the context."""
BOUNDED = ("SlidingWindowSpec", "ChunkedLocalAttentionSpec")
MEMORY_GIB = 400
"""What the recorded blocks were laid out in."""
SEQUENCE = 32768
"""Tokens of the sequence whose blocks were recorded, fewer where the model takes fewer."""


def known() -> dict[str, ModelFacts]:
    """The recorded models that the catalogue has, by id."""
    catalog, found = load(), {}
    for name, cached in RECORD["models"].items():
        entry = catalog.find_model(name)
        if entry is not None and "layers" in cached:
            found[name] = catalogued(entry, format_of(entry, name), name)
    return found


KNOWN = known()


def layers(name: str, kinds: tuple[str, ...]) -> list[dict[str, Any]]:
    return [layer for layer in RECORD["models"][name]["layers"] if layer["kind"] in kinds]


def test_every_kind_of_cache_that_was_recorded_is_modelled() -> None:
    assert all(facts.computable for facts in KNOWN.values())
    assert len(KNOWN) >= 20


@pytest.mark.parametrize("name", KNOWN)
def test_a_token_takes_as_many_bytes_as_the_engine_gives_it(name: str) -> None:
    by_engine = sum(each["count"] * each["block_bytes"] / each["block_tokens"] for each in layers(name, WHOLE))
    assert kv_bytes_per_token(KNOWN[name], 1, 1, 2.0) == by_engine


@pytest.mark.parametrize("name", KNOWN)
def test_a_token_of_a_layer_with_a_window_takes_as_many_bytes_too(name: str) -> None:
    by_engine = sum(each["count"] * each["block_bytes"] / each["block_tokens"] for each in layers(name, BOUNDED))
    assert sliding_bytes_per_token(KNOWN[name], 1, 1, 2.0) == by_engine


@pytest.mark.parametrize("name", KNOWN)
def test_as_many_layers_keep_a_bounded_cache_as_in_the_engine(name: str) -> None:
    facts = KNOWN[name]
    assert facts.sliding_layers == sum(each["count"] for each in layers(name, BOUNDED))
    # Of a layer that attends to chunks the record does not say how long they are.
    assert all(facts.sliding_window == each["window"] for each in layers(name, BOUNDED) if each["window"])


@pytest.mark.parametrize("name", [name for name in KNOWN if len(RECORD["models"][name]["groups"]) == 1])
def test_as_many_tokens_fit_as_the_engine_has_blocks_for(name: str) -> None:
    (layer,) = layers(name, WHOLE)
    fitting = need(KNOWN[name], Split(), "bfloat16").tokens(MEMORY_GIB)
    assert fitting // layer["block_tokens"] == RECORD["models"][name]["blocks"]


def kinds(name: str) -> list[Kind]:
    """The kinds of layers of a model by the catalogue's figures. How many tokens a block holds is the platform's
    choice, and what a state takes no figure of the catalogue: both are the record's."""
    facts, found = KNOWN[name], []
    whole = kv_bytes_per_token(facts, 1, 1, 2.0, layers=1)
    bounded = sliding_bytes_per_token(facts, 1, 1, 2.0, layers=1)
    for each in RECORD["models"][name]["layers"]:
        tokens = each["block_tokens"]
        size = round((bounded if each["kind"] in BOUNDED else whole) * tokens)
        if each["kind"] == "MambaSpec":
            found.append(Kind(each["count"], tokens, each["block_bytes"], state=True))
        elif each["kind"] == "SlidingWindowSpec":
            found.append(Kind(facts.sliding_layers, tokens, size, window=facts.sliding_window - 1))
        elif each["kind"] == "ChunkedLocalAttentionSpec":
            found.append(Kind(facts.sliding_layers, tokens, size, window=facts.sliding_window, spare=0))
        else:
            found.append(Kind(facts.kv_layers, tokens, size))
    return found


@pytest.mark.parametrize("name", KNOWN)
def test_pages_and_blocks_are_the_engine_s(name: str) -> None:
    cached, found = RECORD["models"][name], kinds(name)
    assert {kind.page for kind in unified(found)} == {group["page_bytes"] for group in cached["groups"]}
    assert block_bytes(found) == cached["block_bytes"]
    assert MEMORY_GIB * 2**30 // block_bytes(found) == cached["blocks"]


@pytest.mark.parametrize("name", KNOWN)
def test_a_sequence_takes_as_many_blocks_as_the_engine_reserves(name: str) -> None:
    cached = RECORD["models"][name]
    context = min(SEQUENCE, cached["context"])
    assert sequence_blocks(kinds(name), context, cached["in_flight"]) == cached["sequence_blocks"]


@pytest.mark.parametrize("name", KNOWN)
def test_the_planner_asks_for_no_more_than_the_engine_reserves(name: str) -> None:
    """What the engine reserves beyond it are the ends of blocks, and the state of layers that keep no tokens."""
    cached = RECORD["models"][name]
    context = min(SEQUENCE, cached["context"])
    by_engine = cached["sequence_blocks"] * cached["block_bytes"]
    asked = need(KNOWN[name], Split(), "bfloat16", in_flight=cached["in_flight"]).cache(context) * 2**30
    states = any(layer["kind"] == "MambaSpec" for layer in cached["layers"])
    assert (0.5 if states else 0.95) * by_engine <= asked <= by_engine


def test_the_set_has_every_kind_of_layer_that_the_planner_reckons_with() -> None:
    seen = {layer["kind"] for name in KNOWN for layer in RECORD["models"][name]["layers"]}
    assert seen == {*WHOLE, *BOUNDED, "MambaSpec"}


@pytest.mark.parametrize("name", KNOWN)
def test_the_longest_context_is_the_engine_s(name: str) -> None:
    assert KNOWN[name].max_positions == RECORD["models"][name]["context"]
