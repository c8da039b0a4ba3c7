"""Sentences keep what they are made of, and are told anew from it."""

import ast
import copy
import pickle
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from settings.translation import joined, listed, tr, translated, trn, with_values
from tools.messages import ROOMS, ROOT

_CHINESE = {
    "{count:,} models need {what}": "{count:,} 个模型需要 {what}",
    "a GPU": "GPU",
    "{number} replicas": "{number} 个副本",
    "{number} replica": "{number} 个副本",
    ", ": "、",
    " and ": "和",
    " at the most": "（上限）",
    "a machine": "机器",
    "{given} is {allowed}. ": "{given} 是 {allowed}。",
}.get


def test_english_text_is_the_text_itself() -> None:
    said = tr("{count:,} models need {what}", count=1200, what=tr("a GPU"))

    assert said == "1,200 models need a GPU"
    assert tr("braces {stay} where nothing fills them") == "braces {stay} where nothing fills them"
    assert [trn("{number} replica", "{number} replicas", number) for number in (1, 2)] == ["1 replica", "2 replicas"]


def test_template_values_and_what_values_say_are_translated_and_names_are_not() -> None:
    assert (
        translated(tr("{count:,} models need {what}", count=1200, what=tr("a GPU")), _CHINESE) == "1,200 个模型需要 GPU"
    )
    assert translated(tr("{count:,} models need {what}", count=2, what="a GPU"), _CHINESE) == "2 个模型需要 a GPU"
    assert translated(trn("{number} replica", "{number} replicas", 1), _CHINESE) == "1 个副本"


def test_what_the_catalogue_has_not_stays_english() -> None:
    assert translated(tr("no {what}", what=tr("a GPU")), _CHINESE) == "no GPU"
    assert translated("a GPU", _CHINESE) == "a GPU"


def test_names_in_a_row_have_the_language_s_own_separators() -> None:
    assert listed(["a", "b", "c"], "and") == "a, b and c"
    assert translated(listed(["a", "b", "c"], "and"), _CHINESE) == "a、b 和 c"
    assert (joined([]), joined(["a"]), joined(("a", "b"), " x ")) == ("", "a", "a x b")


def test_what_is_added_to_a_sentence_is_told_beside_it() -> None:
    longer = "- " + tr("a GPU") + tr(" at the most") + "!"

    assert longer == "- a GPU at the most!"
    assert translated(longer, _CHINESE) == "- GPU（上限）!"


def test_copies_keep_what_a_sentence_is_made_of() -> None:
    said = tr("{count:,} models need {what}", count=1, what=listed(["a", "b"], "and"))

    for again in (copy.deepcopy(said), pickle.loads(pickle.dumps(said))):
        assert again == said
        assert translated(again, _CHINESE) == "1 个模型需要 a 和 b"


def test_blanks_suit_what_fills_a_field() -> None:
    """A field may hold a name, or words of the language."""
    machine = tr("a machine")

    assert translated(tr("{given} is {allowed}. ", given="`x`", allowed="T4"), _CHINESE) == "`x` 是 T4。"
    assert translated(tr("{given} is {allowed}. ", given=machine, allowed=machine), _CHINESE) == "机器是机器。"
    assert (
        translated(joined([tr("{given} is {allowed}. ", given=1, allowed=2)] * 2, " "), _CHINESE) == "1 是 2。1 是 2。"
    )
    assert translated("T4" + machine + " x", _CHINESE) == "T4 机器 x"
    assert translated("name    " + machine, _CHINESE) == "name    机器"


def test_a_sentence_whose_values_are_changed_is_still_told_anew() -> None:
    said = joined([tr("{count:,} models need {what}", count=1, what=listed(["a", "b"], "and")), "a"])
    changed = with_values(said, str.upper)

    assert changed == "1 models need A and B, A"
    assert translated(changed, _CHINESE) == "1 个模型需要 A 和 B、A"


def test_the_values_of_a_sentence_are_those_of_its_fields() -> None:
    wrong = [(path.name, call.lineno, lost) for path, call in _calls() if (lost := _fields(call) ^ _values(call))]
    assert not wrong


def _calls() -> Iterator[tuple[Path, ast.Call]]:
    """The calls of `tr` with values written out."""
    for path in (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr":
                written = isinstance(node.args[0], ast.Constant) and all(value.arg for value in node.keywords)
                if written and node.keywords:
                    yield path, node


def _fields(call: ast.Call) -> set[str]:
    template = ast.literal_eval(call.args[0])
    return {name.partition(".")[0] for _, name, _, _ in Formatter().parse(template) if name}


def _values(call: ast.Call) -> set[str]:
    return {value.arg for value in call.keywords if value.arg}
