"""README.md and README.zh-CN.md have one structure: what is said in one is said in the other. So do both indexes."""

import re

import pytest

from tests.unit.documents import ROOT, file_links

ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
BLOCKS = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def headings(text: str) -> list[int]:
    """The level of each heading outside of code."""
    return [len(marks) for marks in re.findall(r"^(#+) ", BLOCKS.sub("", text), re.MULTILINE)]


def code(text: str) -> list[tuple[str, list[str]]]:
    """Language and lines of each block, without comments, which are translated."""
    return [
        (language, [re.sub(r"\s+#\s.*$", "", line) for line in lines.splitlines()])
        for language, lines in BLOCKS.findall(text)
    ]


def tables(text: str) -> list[tuple[int, ...]]:
    """For each line of a table the number of its cells."""
    return [(line.count("|"),) for line in BLOCKS.sub("", text).splitlines() if line.startswith("|")]


def test_both_have_the_same_headings() -> None:
    assert headings(CHINESE) == headings(ENGLISH)


def test_both_show_the_same_commands_and_code() -> None:
    assert code(CHINESE) == code(ENGLISH)


def test_both_have_the_same_tables() -> None:
    assert tables(CHINESE) == tables(ENGLISH)


def test_both_lead_to_the_same_files_which_exist() -> None:
    others = {"README.md", "README.zh-CN.md"}
    assert {link.replace(".zh.md", ".md") for link in file_links(CHINESE)} - others == file_links(ENGLISH) - others
    for link in file_links(CHINESE) | file_links(ENGLISH):
        assert (ROOT / link).exists(), link


@pytest.mark.parametrize("name", ["index.md", "index.zh.md"])
def test_an_index_leads_to_every_page(name: str) -> None:
    docs = ROOT / "docs"
    pages = {path.name for path in docs.glob("*.md")} - {"index.md", "index.zh.md"}
    assert file_links((docs / name).read_text(encoding="utf-8")) - {"index.zh.md"} == pages | {"decisions/index.md"}
