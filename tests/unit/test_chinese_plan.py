"""What the plan, the arithmetic of a model and the policies say of themselves is said in Chinese."""

import re
from collections.abc import Iterable

import pytest

from catalog.load import load
from cli.language import chinese
from planner.plan.types import Plan
from planner.prove import prove
from planner.report.expectation import expectation
from planner.serving.fit import FitRequest, offers, tried
from planner.sizing.explain import arithmetic, choices
from policy.rules import RULES, STACK_RULES
from settings.parse import parse
from settings.translation import translated
from tests.program.rehearsed import NAMES, given

CATALOG = load()
SENTENCE = re.compile(r"[A-Za-z][A-Za-z'-]+(?: [a-z][a-z'-]+){2}")
"""Three words in a row; a name has fewer, and a command stands in backquotes."""
KINDS = ("deepseek-ai/DeepSeek-R1", "google/gemma-3-27b-it", "Qwen/Qwen3-8B", "openai/gpt-oss-120b", "BAAI/bge-m3")


def english(texts: Iterable[str]) -> list[str]:
    """Those of the texts that have an English sentence left where Chinese is spoken."""
    told = (translated(text, chinese()) for text in texts)
    return [text for text in told if SENTENCE.search(re.sub(r"`[^`]*`", "", text))]


def said_of(plan: Plan) -> Iterable[str]:
    yield plan.order.because
    for reason in plan.reasons:
        # The choice is what a setting holds; the arguments of an engine are words of its own.
        yield from (reason.because, "" if reason.subject.endswith(".extraArgs") else reason.choice)
    for name in plan.models:
        yield from expectation(name, plan, CATALOG).unknown


@pytest.mark.parametrize("name", NAMES)
def test_reasons_and_diagnostics_of_a_sample_have_no_english_sentence_left(name):
    plan, found = prove(parse(given(name)))
    assert plan is not None
    diagnostics = [text for each in found for text in (each.message, each.remedy, each.allowed or "")]
    assert english([*said_of(plan), *diagnostics]) == []


@pytest.mark.parametrize("model", KINDS)
def test_the_arithmetic_of_a_model_has_no_english_sentence_left(model):
    entry, wish = CATALOG.find_model(model), FitRequest()
    assert entry is not None
    said = []
    for offer in offers(CATALOG, wish):
        trial = tried(entry, model, offer, wish, CATALOG)
        said.append(trial.fit.reason)
        if trial.sized is not None:
            ask, sizing = trial.sized
            said += [figure.how for figure in arithmetic(trial.facts, trial.hardware, ask, sizing)]
            said += [text for chosen in choices(ask, sizing, 4) for text in chosen]
    assert any(said)
    assert english(said) == []


def test_what_policies_promise_has_no_english_sentence_left():
    assert english(rule.description for rule in (*RULES, *STACK_RULES)) == []


def test_an_english_sentence_is_found():
    assert english(["这是 a sentence left in English", "用 `tke-llm fit MODEL` 查看", "NVIDIA driver"]) == [
        "这是 a sentence left in English"
    ]
