"""Tags of Ollama's library: their published sizes, those that are estimated, and those of which nothing is known."""

import pytest

from catalog.load import load
from planner.plan_stack import plan_stack
from tests.unit.stacks import codes, planned, settings

CATALOG = load()
LIBRARY = "ollama.com/library, by a public list that was checked 2026-10-09"
README = "Ollama's README, model library"


def gguf_gb(name: str) -> float:
    entry = CATALOG.find_model(name)
    assert entry is not None, name
    return entry.weights["gguf"].gib * 2**30 / 1e9


@pytest.mark.parametrize(
    ("name", "gb", "source"),
    [
        ("deepseek-r1:7b", 4.7, README),
        ("deepseek-r1:671b", 404, README),
        ("deepseek-v3:671b", 404, LIBRARY),
        ("llama3.3:70b", 43, README),
        ("llama3.1:405b", 243, LIBRARY),
        ("llama3.2:3b", 2.0, README),
        ("gemma2:9b", 5.5, README),
        ("gemma3:12b", 8.2, LIBRARY),
        ("gpt-oss:120b", 65, LIBRARY),
        ("qwen3:235b", 142, LIBRARY),
        ("qwen3-coder:480b", 290, LIBRARY),
        ("qwen3-vl:32b", 21, LIBRARY),
        ("qwq:32b", 20, README),
        ("phi4:14b", 9.1, README),
        ("mixtral:8x7b", 26, LIBRARY),
    ],
)
def test_a_tag_has_its_published_size(name: str, gb: float, source: str):
    assert source
    assert gguf_gb(name) == pytest.approx(gb, rel=0.02)


@pytest.mark.parametrize(
    ("name", "gb"),
    [
        # Sizes of such files at Hugging Face: ggml-org/Qwen3-32B-GGUF (Q8_0 34.8 GB, F16 65.5 GB).
        ("qwen3:32b-q8_0", 34.8),
        ("qwen3:32b-fp16", 65.5),
    ],
)
def test_the_size_of_another_build_is_reckoned_by_the_bits_that_its_tag_names(name: str, gb: float):
    assert gguf_gb(name) == pytest.approx(gb, rel=0.03)


def test_a_reckoned_size_is_said_to_be_one_and_only_warns():
    chat = {"engine": "ollama", "model": "qwen3:8b-q8_0"}
    plan = plan_stack(settings({"pools.gpu": {"instanceType": "GN7.2XLARGE32"}, "models.chat": chat}))
    assert not plan.errors
    (finding,) = [each for each in plan.diagnostics if each.code == "SIZE_ESTIMATED"]
    assert (finding.severity, finding.path) == ("warning", "models.chat.model")
    assert "8.5 GiB" in finding.message
    assert plan.models["chat"].spec.command[4] == "qwen3:8b-q8_0"


@pytest.mark.parametrize("name", ["qwen3.5", "qwen3.5:latest", "qwen3:9000b", "nobody:8b", "nobody:8b-q8_0"])
def test_a_tag_of_which_nothing_is_known_is_refused(name: str):
    assert CATALOG.find_model(name) is None


@pytest.mark.parametrize("name", ["qwen3", "qwen3:latest", "Qwen3:latest"])
def test_a_name_that_stands_for_the_newest_is_reckoned_as_what_it_stood_for_and_said_to_move(name: str):
    """`ollama list` shows qwen3:latest and qwen3:8b under one digest, 500a1f067a9f (5.2 GB)."""
    plan = plan_stack(
        settings({"pools.gpu": {"instanceType": "GN7.2XLARGE32"}, "models.chat": {"engine": "ollama", "model": name}})
    )
    assert not plan.errors
    (finding,) = [each for each in plan.diagnostics if each.code == "TAG_MOVES"]
    assert (finding.severity, finding.fix) == ("warning", (("models.chat.model", "qwen3:8b"),))
    assert plan.models["chat"].weights_gib == pytest.approx(5.2e9 / 2**30, rel=0.02)
    assert plan.models["chat"].spec.command[4].lower() == "qwen3:latest"


@pytest.mark.parametrize(
    ("name", "gb"), [("gemma3", 3.3), ("llama3.3", 43), ("llama3.2", 2.0), ("phi4", 9.1), ("qwq", 20)]
)
def test_a_name_without_a_tag_has_the_size_that_the_readme_lists(name: str, gb: float):
    """Ollama's README, model library (copies of 2025): `ollama run gemma3` is 3.3 GB."""
    assert gguf_gb(name) == pytest.approx(gb, rel=0.07)


def test_no_tag_of_the_library_stands_with_a_model_too():
    listed = {id_ for family in CATALOG.library.values() for id_ in (f"{family.name}:{tag}" for tag in family.tags)}
    own = {weights.ollama for model in CATALOG.models.values() for weights in model.weights.values()}
    assert not listed & own


def test_a_tag_with_capitals_is_known_on_another_engine_as_ollama_s():
    given = planned({"models.chat.model": "deepseek-r1:8b-llama-distill-q4_K_M"})
    assert "OLLAMA_ID_ON_ANOTHER_ENGINE" in codes(given, "error")
