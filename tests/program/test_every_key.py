"""What `check` calls ready the program runs with: every key of the schema, alone and with others."""

from pathlib import Path

import pytest

from rehearsal.engine import ProgramError
from rehearsal.run import rehearse
from settings.describe import ValueKind
from settings.stack import Settings
from tests.generate.stacks import BASES, Stack, combined, keys, placed

MAIN = Path(__file__).parents[2] / "__main__.py"
COMBINATIONS, EACH = 160, 40
"""Stacks that are drawn. Those that are not ready cost a plan."""


def trouble(stack: Stack) -> str:
    """What the program says of a stack that is ready; "" where it runs."""
    try:
        recording = rehearse(stack.given(), MAIN).recording
    except ProgramError as error:
        return str(error)
    return "" if recording is not None else "not ready"


@pytest.mark.parametrize("base", BASES)
def test_every_base_is_ready(base: str) -> None:
    assert BASES[base].ready()


@pytest.mark.exhaustive
def test_every_key_of_the_schema_runs_beside_others() -> None:
    """As many keys in one rehearsal as go together. Where one fails, each of its keys is rehearsed by itself, so that
    the failure names it."""
    tried: set[str] = set()
    for packed in placed():
        tried |= {each.path for each in packed.held}
        if why := trouble(packed.stack):
            alone = [each for each in packed.held if trouble(packed.base.changed((each.path, each.value)))]
            pytest.fail(f"{why}: {alone or packed.held}")
    assert {path for path, _ in keys(ValueKind(Settings))} - tried == set()


@pytest.mark.parametrize(
    "first",
    [0, *(pytest.param(first, marks=pytest.mark.exhaustive) for first in range(EACH, COMBINATIONS, EACH))],
)
def test_keys_that_are_ready_together_run(first: int) -> None:
    ready = [stack for seed in range(first, first + EACH) if (stack := combined(seed)).ready()]
    assert ready
    for stack in ready:
        assert trouble(stack) == "", stack.sections
