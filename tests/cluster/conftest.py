"""Control planes that tests share; the programs come from `make control-plane`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage, staged

from rehearsal.control_plane.api import Api
from rehearsal.control_plane.binaries import Binaries, find
from rehearsal.control_plane.plane import Access, ControlPlane
from rehearsal.controllers.controllers import Controllers


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
    with staged(rehearsed, controllers, tmp_path) as stage:
        yield stage
