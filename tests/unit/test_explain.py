"""The registry of codes: complete, used, and the source of docs/diagnostics.md."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from planner.diagnostics.explain import PAGE, codes, explain, markdown

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*(ROOT / "settings").rglob("*.py"), *(ROOT / "planner").rglob("*.py")])
CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


@cache
def _named() -> tuple[frozenset[str], frozenset[str]]:
    """The files that make a `Diagnostic`, and the codes that are called."""
    makers, called = set(), set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Diagnostic":
                makers.add(path.relative_to(ROOT).as_posix())
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id.endswith("codes"):
                called.add(node.attr.upper())
    return frozenset(makers), frozenset(called)


def test_a_diagnostic_is_made_by_its_code_alone():
    makers, _ = _named()
    assert makers == {"settings/diagnostics.py"}


def test_every_registered_code_is_called_somewhere():
    """Whether a `codes` module has what is asked of it is pyright's to say."""
    _, called = _named()
    assert set(codes()) - called == set()


@pytest.mark.parametrize("code", codes())
def test_an_entry_says_everything(code: str):
    entry = codes()[code]
    assert CODE.fullmatch(code)
    assert entry.severity in {"error", "warning", "note"}
    assert all(text.strip() for text in (entry.meaning, entry.example, entry.fix, entry.source))
    assert entry.forceable or entry.severity == "error"


def test_a_code_is_found_however_it_is_written():
    assert explain(" cidr-overlap ") == codes()["CIDR_OVERLAP"]
    assert explain("NO_SUCH_CODE") is None


def test_the_page_of_diagnostics_is_current():
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run `make generated` to write it again"
