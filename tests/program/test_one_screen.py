"""What `check` and `rehearse` say unasked fits one screen and ends with what comes next; the rest is there for the
asking."""

import shutil

import pytest

from cli.text import SCREEN, WIDTH, cells
from tests.program.rehearsed import NAMES, ROOT, command, each_of


@pytest.fixture(autouse=True)
def folder_of_ones_own(tmp_path, monkeypatch, told):
    """With short paths, as a person has them."""
    for file in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)


def lines(*arguments: str) -> list[str]:
    result = command(*arguments)
    assert result.exit_code == 0
    return result.output.splitlines()


@pytest.mark.parametrize("language", [pytest.param("en", marks=pytest.mark.exhaustive), "zh"])
@each_of(NAMES)
def test_every_sample_fits_one_screen_and_ends_with_what_to_type(name, language):
    for shown in (lines("--lang", language, "check", name), lines("--lang", language, "rehearse", name)):
        assert len(shown) <= SCREEN == 40
        assert max(map(cells, shown)) <= WIDTH == 100
        last = shown[-6:]
        assert any(each.startswith(("  tke-llm ", "  pulumi ")) for each in last)


def test_a_rehearsal_shows_in_full_what_is_asked_for():
    short, why = lines("rehearse", "dev"), lines("rehearse", "dev", "--why")
    timeline, everything = lines("rehearse", "dev", "--timeline"), lines("rehearse", "dev", "--all")
    marks = ("Why", "  * decides the end (critical path)", "  LlmStack llm (54)")
    assert [[mark in shown for mark in marks] for shown in (short, why, timeline, everything)] == [
        [False, False, False],
        [True, False, False],
        [False, True, False],
        [True, True, True],
    ]
    assert any("REVISION_FLOATING" in each for each in everything)
    assert sum(each.startswith("* ") for each in short) == 5


def test_the_notes_of_a_large_stack_give_way_to_its_warnings_and_are_counted():
    shown = "\n".join(lines("check", "team"))
    assert "PLACEHOLDER  expose.apiHost" in shown
    assert "all of this in full, and 1" in shown
