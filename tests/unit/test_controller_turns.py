"""One program at a time at ports that it has no option for."""

import socket
from collections.abc import Iterator

import pytest

from rehearsal.controllers import turns
from rehearsal.controllers.release import ControllerError
from rehearsal.controllers.turns import take


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which somebody listens."""
    with socket.socket() as server:
        server.bind(("", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_LEAVING", 0.0)


def test_a_second_rehearsal_is_told_that_it_waits_and_has_its_turn_when_the_first_ends() -> None:
    told: list[str] = []
    first = take("test-turns", (), told.append)
    assert not told
    # What the first does while the second waits.
    take("test-turns", (), lambda sentence: (told.append(sentence), first.close())[0]).close()
    assert told == ["Another rehearsal runs test-turns, of which a machine has one at a time: waiting until it ends."]


def test_who_waits_for_long_is_told_what_to_do() -> None:
    with (
        take("test-turns", (), print),
        pytest.raises(ControllerError, match="has run test-turns for 0 s: end it, or try later"),
    ):
        take("test-turns", (), print, longest=0.0)


def test_a_port_that_another_program_has_is_named_and_the_turn_given_back(taken: int) -> None:
    with pytest.raises(ControllerError, match=f"Port {taken} is taken.*: end the program that has it"):
        take("test-turns", (taken,), print)
    take("test-turns", (), print).close()
