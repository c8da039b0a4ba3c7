"""What commands tell is shared between tests that ask for it."""

import pytest
from rehearsed import tell_once


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """`tke-llm rehearse` tells of a stack what it told before."""
    monkeypatch.setattr("cli.rehearse.tell", tell_once)
