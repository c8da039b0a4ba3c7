"""Every diagnostic is said in Chinese whole: nothing of its sentences stays English once their fields are filled."""

import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass
from importlib import import_module
from itertools import product
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from cli.language import chinese
from planner.diagnostics.explain import ROOT, codes
from planner.prove import prove
from settings.diagnostics import Code, Diagnostic, Text
from settings.file import read
from settings.parse import StackInput, parse
from settings.translation import translated
from tests.unit.stacks import sections
from tests.unit.test_bad_combinations import CASES
from tests.unit.test_breakages import ERRORS, WARNINGS

VALUE = "7"
"""For whatever name or words a sentence is filled with: it is of no language."""
ENGLISH = re.compile(r"\b[A-Za-z][a-z'’-]*(?: [a-z][a-z'’-]*){2,}\b")
"""Three words in a row."""
CHINESE = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")
QUOTED = re.compile(r"`[^`]*`")


def left_english(text: str) -> list[str]:
    """What is English in a text that is told in Chinese."""
    return ENGLISH.findall(QUOTED.sub("", translated(text, chinese())))


def is_chinese(text: str) -> bool:
    """Whether a text is told in Chinese, as far as it is more than values and commands."""
    return QUOTED.sub("", text) in {VALUE, ""} or bool(CHINESE.search(translated(text, chinese())))


def sayings() -> dict[str, Callable[..., Text]]:
    """What makes the texts of all codes, and of their cases."""
    found: dict[str, Callable[..., Text]] = {}
    for path in sorted(ROOT.glob("settings/*codes.py")) + sorted(ROOT.glob("planner/*/*codes.py")):
        module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for name, entry in vars(module).items():
            function = entry.text if isinstance(entry, Code) else entry
            own = inspect.isfunction(function) and function.__module__ == module.__name__
            if own and get_type_hints(function).get("return") is Text:
                found[f"{module.__name__}.{name}"] = function
    return found


def samples(kind: Any) -> list[Any]:
    """Values of a type: those by which a code may choose another sentence."""
    origin, args = get_origin(kind), get_args(kind)
    plain: dict[Any, list[Any]] = {
        str: [VALUE],
        int: [1, 7],
        float: [7.5],
        bool: [True, False],
        object: [VALUE],
        NoneType: [None],
        Text: [Text(VALUE, VALUE)],
        Diagnostic: [Diagnostic("error", VALUE, VALUE, VALUE, VALUE)],
    }
    if kind in plain:
        return plain[kind]
    if origin is UnionType or NoneType in args:
        return [each for arg in args for each in samples(arg)]
    if origin is Literal:
        return list(args)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        each = [samples(hints[field.name]) for field in fields(kind)]
        return [kind(*(values[end] for values in each)) for end in (0, -1)]
    if origin is tuple and Ellipsis not in args:
        return [tuple(samples(arg)[0] for arg in args)]
    one = samples(args[0])[0]
    return [(one, one), (one,), ()]


def said(function: Callable[..., Text]) -> Iterator[Text]:
    """The texts for all combinations of its values. Some that no caller gives have no text."""
    hints = get_type_hints(function)
    names = [name for name in hints if name != "return"]
    for values in product(*(samples(hints[name]) for name in names)):
        with suppress(LookupError):
            yield function(**dict(zip(names, values, strict=True)))


SAYINGS = sayings()


@pytest.mark.parametrize("name", SAYINGS)
def test_every_case_of_a_code_is_said_in_chinese(name: str) -> None:
    texts = list(said(SAYINGS[name]))
    assert texts
    for text in texts:
        for part in (text.message, text.remedy, text.given, text.allowed):
            assert not left_english(part), translated(part, chinese())
        for sentence in (text.message, text.remedy):
            assert is_chinese(sentence), sentence


@pytest.mark.parametrize("name", codes())
def test_what_a_code_means_and_how_it_is_mended_is_said_in_chinese(name: str) -> None:
    for sentence in (codes()[name].meaning, codes()[name].fix):
        assert not left_english(sentence)
        assert is_chinese(sentence), sentence


def _stacks() -> Iterator[tuple[str, StackInput]]:
    """The samples, and broken stacks: what checks put into the sentences is in words as well."""
    for file in sorted(ROOT.glob("Pulumi.*.yaml")):
        yield file.name, read(file)
    for number, breakage in enumerate((*ERRORS, *WARNINGS)):
        secrets = dict.fromkeys(breakage.secrets, True)
        given = StackInput("tke-llm", "dev", breakage.region, sections(breakage.changes), secrets)
        yield f"{breakage.code} {number}", given
    for name, case in CASES.items():
        secrets = dict.fromkeys(case.secrets, True)
        yield name, StackInput("tke-llm", "dev", "ap-guangzhou", sections(case.changes), secrets)


STACKS = dict(_stacks())


@pytest.mark.parametrize("name", STACKS)
def test_whatever_is_found_in_a_stack_is_said_in_chinese(name: str) -> None:
    _, found = prove(parse(STACKS[name]))
    for each in found:
        for part in (each.message, each.remedy, each.given, each.allowed):
            assert not left_english(part), (each.code, translated(part, chinese()))
