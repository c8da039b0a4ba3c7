"""Stacks under the real engine; pulumi comes from `make engine`. `--stack NAME` (more than once) chooses the stacks
whose whole life is run on a control plane, `--stack all` takes every sample, and `several`;
default: dev. That of dev is run in memory too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from planner.access.sources import ENVOY
from rehearsal.control_plane.binaries import find as find_control_plane
from rehearsal.control_plane.plane import Access, ControlPlane
from rehearsal.pulumi_engine.environment import find
from rehearsal.pulumi_engine.infrastructure import controlled_by
from rehearsal.pulumi_engine.session import EngineSession
from settings.file import stacks
from settings.parse import StackInput
from tests.engine.samples import MAIN, ROOT, SEVERAL, Opened, Situation, planned, sample


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--stack", action="append", default=[], help="a stack to run through its whole life, or `all`")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "situation" in metafunc.fixturenames:
        asked = metafunc.config.getoption("--stack") or ["dev"]
        names = [*stacks(ROOT), SEVERAL] if asked == ["all"] else asked
        every = [Situation("dev", on_plane=False), *(Situation(name, on_plane=True) for name in names)]
        # Of two workers one lives a stack's life, and the other another stack's.
        grouped = [pytest.param(each, id=str(each), marks=pytest.mark.xdist_group(_group(each))) for each in every]
        metafunc.parametrize("situation", grouped, scope="module", indirect=True)


def _group(situation: Situation) -> str:
    """The group of tests that one worker runs: of Envoy Gateway a machine has one at a time."""
    return ENVOY if situation.on_plane and ENVOY in controlled_by(planned(sample(situation.name))) else str(situation)


@pytest.fixture(scope="module")
def situation(request: pytest.FixtureRequest) -> Situation:
    return request.param


@pytest.fixture(scope="module")
def stack(situation: Situation) -> StackInput:
    return sample(situation.name)


@pytest.fixture(scope="module")
def access(situation: Situation) -> Iterator[Access | None]:
    """A control plane for the stack alone; None where its objects are in memory."""
    if not situation.on_plane:
        yield None
        return
    with ControlPlane(find_control_plane()) as access:
        yield access


@pytest.fixture(scope="session")
def pulumi() -> Path:
    return find()


@pytest.fixture(scope="module")
def opened(pulumi: Path) -> Iterator[Opened]:
    """Opens a session that ends with the module."""
    sessions: list[EngineSession] = []

    def start(given: StackInput, access: Access | None = None) -> EngineSession:
        session = EngineSession(given, MAIN, pulumi, access=access)
        sessions.append(session)
        return session.__enter__()

    yield start
    for session in sessions:
        session.close()
