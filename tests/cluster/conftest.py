"""Control planes that tests share; the programs come from `make control-plane`."""

import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from stage import Stage

from catalog.load import load
from rehearsal.cluster.cluster import Cluster
from rehearsal.control_plane.api import Api
from rehearsal.control_plane.binaries import Binaries, find
from rehearsal.control_plane.plane import Access, ControlPlane
from rehearsal.controllers.controllers import Controllers
from rehearsal.pulumi_engine.world import CloudState

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    return find()


@pytest.fixture(scope="module")
def access(binaries: Binaries) -> Iterator[Access]:
    with ControlPlane(binaries) as access:
        yield access


@pytest.fixture
def api(access: Access) -> Iterator[Api]:
    with access.api() as api:
        yield api


@pytest.fixture(scope="session")
def rehearsed(binaries: Binaries) -> Iterator[Access]:
    """One control plane for all stacks: each leaves it without nodes, and gets a namespace of its own."""
    with ControlPlane(binaries) as access:
        yield access


@pytest.fixture(scope="session")
def controllers(rehearsed: Access) -> Iterator[Controllers]:
    with Controllers(rehearsed) as controllers:
        yield controllers


@pytest.fixture
def stage(rehearsed: Access, controllers: Controllers, tmp_path: Path) -> Iterator[Stage]:
    """A cluster without nodes, and a namespace that no test had before."""
    with Cluster(rehearsed, load()) as cluster:
        world = CloudState.open(tmp_path / "world", "stage")
        stage = Stage(rehearsed, cluster, controllers, f"llm-{next(_NUMBERS)}", world)
        yield stage
        stage.clear()


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait until something holds, for half a minute at most."""

    def wait(holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not holds():
            assert time.monotonic() < deadline, "did not come true in 30 s"
            time.sleep(0.1)

    return wait
