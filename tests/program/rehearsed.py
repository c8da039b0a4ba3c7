"""The sample stacks, each rehearsed once for all tests."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest

from cli.language import current_language
from cli.report_page.page import page
from planner.plan.types import Plan
from rehearsal.cloud import Cloud
from rehearsal.engine import Recording
from rehearsal.registration import Registration, secret_texts
from rehearsal.render import files
from rehearsal.run import Rehearsal, rehearse
from rehearsal.story import Story, tell
from settings.file import read
from settings.parse import StackInput
from tests.commands import command
from tests.mocks import without_stack_traces

without_stack_traces()

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "__main__.py"
NAMES = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
DISTINCT = frozenset(("dev", "local", "gateway", "a10-super", "turbo", "ollama-t4", "h20"))
"""One sample for each way that samples differ in more than machines and models; the others are tried by `make
test-deep`."""


def each_of(names: Iterable[str]) -> pytest.MarkDecorator:
    """A test for each sample of these names."""
    given = [pytest.param(name, marks=() if name in DISTINCT else pytest.mark.exhaustive) for name in names]
    return pytest.mark.parametrize("name", given)


def given(name: str) -> StackInput:
    return read(ROOT / f"Pulumi.{name}.yaml")


@cache
def exports(name: str) -> Mapping[str, object]:
    """What the program exports for a sample, whose clock nobody else asks for."""
    recording = story(name).recording if name in DISTINCT else rehearse(given(name), PROGRAM).recording
    assert recording is not None
    return recording.exports


_TOLD: dict[str, Story | Rehearsal] = {}


def tell_once(stack: StackInput, program: Path) -> Story | Rehearsal:
    """As `tell`, once for each stack and program: a rehearsal says the same twice (test_samples.py)."""
    asked = repr((stack, program.absolute()))
    if asked not in _TOLD:
        _TOLD[asked] = tell(stack, program)
    return _TOLD[asked]


_FILES: dict[int, tuple[object, Mapping[str, str]]] = {}
_PAGES: dict[tuple[int, str], tuple[object, str]] = {}


def files_once(plan: Plan, registrations: tuple[Registration, ...]) -> Mapping[str, str]:
    """As `files`, once for each rehearsal."""
    if id(registrations) not in _FILES:
        _FILES[id(registrations)] = registrations, files(plan, registrations)
    return _FILES[id(registrations)][1]


def page_once(stack: str, told: Story, written: Mapping[str, str]) -> str:
    """As `page`, once for each rehearsal and language."""
    asked = id(told), current_language()
    if asked not in _PAGES:
        _PAGES[asked] = told, page(stack, told, written)
    return _PAGES[asked][1]


def story(name: str) -> Story:
    told = tell_once(given(name), PROGRAM)
    assert isinstance(told, Story), told.errors
    return told


@cache
def unseeded(name: str) -> Rehearsal:
    """A rehearsal whose generated secrets exist in this run alone."""
    return rehearse(given(name), PROGRAM, Cloud())


def registrations(name: str) -> tuple[Registration, ...]:
    return story(name).recording.registrations


def secrets_of(recording: Recording | None) -> set[str]:
    """Every text that the program treats as secret, long enough not to occur by chance."""
    assert recording is not None
    values = [recording.exports, *(each.inputs for each in recording.registrations)]
    values += [
        {key: each.outputs.get(key) for key in each.additional_secret_outputs} for each in recording.registrations
    ]
    return {text for value in values for text in secret_texts(value) if len(text) >= 8}


def reported(*arguments: str) -> dict:
    """The JSON document that a command prints."""
    result = command(*arguments, "--json")
    return json.loads(result.stdout)
