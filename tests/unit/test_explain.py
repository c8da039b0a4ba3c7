"""The registry of codes: complete, used, and the source of docs/diagnostics.md."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from planner.diagnostics.explain import PAGE, codes, explain, markdown

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*(ROOT / "settings").rglob("*.py"), *(ROOT / "planner").rglob("*.py")])
MAKERS = {"Diagnostic"}
CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


def _nodes() -> Iterator[tuple[str, ast.AST]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield str(path.relative_to(ROOT)), node


def _strings(node: ast.expr) -> Iterator[str]:
    """The texts that an expression may yield: a constant, or either branch of a choice."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _strings(node.body)
        yield from _strings(node.orelse)


def _emitted() -> dict[str, str]:
    """Codes that a finding is made with, with the file: those that are called, and those named in a finding's call.
    Whether a `codes` module has what is asked of it is pyright's to say; it may be the text of one case."""
    found = {}
    for path, node in _nodes():
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id.endswith("codes"):
            found |= {node.attr.upper(): path} if node.attr.upper() in codes() else {}
        if isinstance(node, ast.Call):
            named = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            if isinstance(node.func, ast.Name) and node.func.id in MAKERS and len(node.args) > 1:
                named.append(node.args[1])
            for expression in named:
                found |= dict.fromkeys(filter(None, _strings(expression)), path)
    return found


def test_every_code_that_is_emitted_is_registered():
    missing = {code: path for code, path in _emitted().items() if code not in codes()}
    assert missing == {}


def test_every_registered_code_is_emitted_somewhere():
    texts = {
        node.value
        for _, node in _nodes()
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    }
    assert set(codes()) - set(_emitted()) - texts == set()


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
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run `python -m planner.explain` to write it again"
