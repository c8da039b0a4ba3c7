"""Reads tables, links and references to tests out of our documents."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
REFERENCE = re.compile(r"`([\w/]+\.py)::(\w+)(?:\[([^\]`]+)\])?`")


def document(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the table rows below a heading, up to the next one, without the tables' own head lines."""
    level = heading.split(" ", maxsplit=1)[0]
    start = text.index(f"\n{heading}\n") + len(heading) + 2
    end = re.search(rf"^#{{2,{len(level)}}} ", text[start:], re.MULTILINE)
    part = text[start : start + end.start()] if end else text[start:]
    lines = part.splitlines()
    rules = {number for number, line in enumerate(lines) if re.fullmatch(r"\|( -+ \|)+", line)}
    heads = {number - 1 for number in rules}
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for number, line in enumerate(lines)
        if line.startswith("| ") and number not in rules | heads
    ]


@cache
def tests_of(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def missing_tests(text: str) -> list[str]:
    """References ``file.py::test[case]`` below tests/ that lead nowhere: the case must stand in the file."""
    lost = []
    for file, name, case in REFERENCE.findall(text):
        path = TESTS / file
        found = path.is_file() and name in tests_of(path) and (not case or case in path.read_text(encoding="utf-8"))
        if not found:
            lost.append(f"{file}::{name}" + (f"[{case}]" if case else ""))
    return lost


def file_links(text: str) -> set[str]:
    """Relative links to other files, without anchors."""
    return {link.partition("#")[0] for link in re.findall(r"\]\((?!#|https?://)([^)]+)\)", text)}
