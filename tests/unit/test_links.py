"""Every link of our documents leads somewhere, and one that does not is found."""

from pathlib import Path

import pytest

from tools import links

PAGES = {
    "README.md": "# Ours\n\n[all](docs/index.md) [part](docs/index.md#first-stack) [out](https://example.com/#x)\n",
    "docs/index.md": "# Index\n\n## First stack\n\n## First stack\n\n[above](#index) [again](#first-stack-1)\n",
    "docs/index.zh.md": "# 中文\n\n## 安装、登录\n\n[上](#安装登录)\n\n```sh\n$ echo '[x](gone.md)'\n# none\n```\n",
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name, text in PAGES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_every_link_of_our_documents_leads_somewhere() -> None:
    assert len(links.files()) > 20
    assert links.broken() == []


def test_links_that_lead_somewhere_and_code_are_no_broken_links(repository: Path) -> None:
    assert links.broken(repository) == []


@pytest.mark.parametrize(
    ("page", "link", "wrong"),
    [
        ("README.md", "docs/gone.md", "docs/gone.md is not there"),
        ("README.md", "docs/index.md#second-stack", "index.md has no heading #second-stack"),
        ("docs/index.md", "#nowhere", "index.md has no heading #nowhere"),
        ("docs/index.md", "index.zh.md#none", "index.zh.md has no heading #none"),
        ("docs/index.md", "../README.md", "../README.md is no part of the site: say its path instead of linking it"),
        ("docs/index.zh.md", "images/report.png", "images/report.png is not there"),
    ],
)
def test_a_link_that_leads_nowhere_is_named_with_its_line(repository: Path, page: str, link: str, wrong: str) -> None:
    (repository / page).write_text(f"# One\n\nSee [there]({link}).\n", encoding="utf-8")
    assert f"{page}:3: {wrong}" in links.broken(repository)
