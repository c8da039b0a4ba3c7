"""One control plane for each module, with the controllers beside it; the programs come from `make controllers`."""

from collections.abc import Iterator

import pytest
from pods import Pods
from scene import Scene

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


@pytest.fixture(scope="module")
def pods() -> Iterator[Pods]:
    with Pods() as pods:
        yield pods


@pytest.fixture(scope="module")
def controllers(access: Access, pods: Pods) -> Iterator[Controllers]:
    with Controllers(access, proxy=pods.address) as controllers:
        yield controllers


@pytest.fixture(scope="module")
def scene(access: Access) -> Iterator[Scene]:
    with access.api() as api:
        yield Scene(api)
