"""Stacks under the real engine; pulumi comes from `make engine`. `--stack NAME` (more than once) chooses the stacks
whose whole life is run, `--stack all` takes every sample; default: dev."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.pulumi_engine.environment import find
from rehearsal.pulumi_engine.session import EngineSession
from settings.file import stacks
from settings.parse import StackInput
from tests.engine.samples import MAIN, ROOT, Opened, sample


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--stack", action="append", default=[], help="a stack to run through its whole life, or `all`")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "stack" in metafunc.fixturenames:
        asked = metafunc.config.getoption("--stack") or ["dev"]
        metafunc.parametrize("stack", stacks(ROOT) if asked == ["all"] else asked, scope="module", indirect=True)


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest) -> StackInput:
    return sample(request.param)


@pytest.fixture(scope="session")
def pulumi() -> Path:
    return find()


@pytest.fixture(scope="module")
def opened(pulumi: Path) -> Iterator[Opened]:
    """Opens a session that ends with the module."""
    sessions: list[EngineSession] = []

    def start(given: StackInput) -> EngineSession:
        session = EngineSession(given, MAIN, pulumi)
        sessions.append(session)
        return session.__enter__()

    yield start
    for session in sessions:
        session.__exit__(None, None, None)
