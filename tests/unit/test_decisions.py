"""Decisions have one form, and the index has each of them."""

import re

import pytest

from tests.unit.documents import ROOT

FOLDER = ROOT / "docs/decisions"
DECISIONS = sorted(path for path in FOLDER.glob("*.md") if path.name != "index.md")


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_context_decision_and_consequences_and_says_when(path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert re.match(r"# .+\n\n[A-Z][a-z]+ \d{4}\.\n\n## Context\n", text)


def test_the_index_has_each_of_them_once() -> None:
    named = re.findall(r"\]\(([\w-]+\.md)\)", (FOLDER / "index.md").read_text(encoding="utf-8"))
    assert sorted(named) == [path.name for path in DECISIONS]
