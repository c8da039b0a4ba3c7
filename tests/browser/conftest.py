"""One headless Chromium, and the pages that it is shown. `make test-browser` brings playwright; Chromium is the
system's own, and without it the tests fail and say how to get it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from e2e.browser import chromium
from e2e.software import chromium as find_chromium
from tests.browser.pages import EVIL, evil, large, written
from tests.program.rehearsed import story


@dataclass(frozen=True)
class Reports:
    """Paths of the pages: of a sample, of one with a resource whose name is markup, of one with 500 resources."""

    plain: Path
    evil: Path
    large: Path


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium(find_chromium()) as browser:
        yield browser


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    folder = tmp_path_factory.mktemp("reports")
    told = {"plain": story("dev"), "evil": evil(story("dev"), EVIL), "large": large(story("dev"), 500)}
    for name, each in told.items():
        (folder / f"{name}.html").write_text(written(each), encoding="utf-8")
    return Reports(*(folder / f"{name}.html" for name in told))
