"""What commands tell is shared between tests that ask for it."""

import pytest

from tests.program.rehearsed import files_once, page_once, tell_once


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """`tke-llm rehearse` tells and writes of a stack what it told and wrote before."""
    monkeypatch.setattr("cli.rehearse.tell", tell_once)
    monkeypatch.setattr("cli.rehearse.files", files_once)
    monkeypatch.setattr("cli.rehearse.page", page_once)
