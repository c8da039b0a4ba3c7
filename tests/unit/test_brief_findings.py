"""What is told of a stack where there is not room for all of it."""

import pytest

from cli.findings import brief_findings, findings
from settings.diagnostics import Diagnostic

SENTENCE = "It is a sentence of many words, and so it takes more lines than one, whatever else is said here." * 2
FOUND = (
    Diagnostic("warning", "LONG", "models.chat", SENTENCE, SENTENCE),
    Diagnostic("warning", "SHORT", "pools.gpu", "It is short.", "Mend it."),
    Diagnostic("note", "REMARK", "webui", "It is worth knowing.", ""),
)
SHORT_AND_LONG_BY_NAME = 2 + 1 + 3
"""The heading with its empty line, a line, and three of the one that is told in full."""


def told(room: int) -> str:
    lines, _ = brief_findings(FOUND, room)
    assert len(lines) <= room
    return "\n".join("".join(piece.text for piece in line) for line in lines)


def test_with_room_for_all_of_it_all_is_told():
    lines, left = brief_findings(FOUND, 100)
    assert not left
    assert "worth knowing" in told(100)
    assert len(lines) <= len(findings(FOUND))


def test_no_note_is_told_while_a_warning_is_not_even_named():
    assert "REMARK" not in told(3)
    assert "LONG" in told(4)
    assert "SHORT" in told(4)
    assert "REMARK" not in told(5)


def test_a_warning_that_is_short_enough_is_told_where_a_longer_one_is_named():
    shown = told(SHORT_AND_LONG_BY_NAME)
    assert "LONG" in shown
    assert SENTENCE[:40] not in shown
    assert "It is short." in shown


@pytest.mark.parametrize("room", range(12))
def test_what_is_not_told_in_full_is_counted(room: int):
    _, left = brief_findings(FOUND, room)
    shown = told(room)
    assert [each.code for each in left] == [each.code for each in FOUND if each.message[:25] not in shown]
