"""One control plane with Envoy Gateway beside it for all tests here; programs come from `make controllers`."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from rehearsal.control_plane import binaries
from rehearsal.control_plane.api import Api
from rehearsal.control_plane.plane import Access, ControlPlane
from rehearsal.control_plane.processes import Processes
from rehearsal.controllers.binaries import find
from rehearsal.controllers.controllers import Controllers
from tests.requests.api_door import VALUES
from tests.requests.entrance import node


class EnvoyError(Exception):
    pass


@pytest.fixture(scope="session")
def envoy() -> Path:
    return find()["envoy"]


@pytest.fixture(scope="session")
def processes() -> Iterator[Processes]:
    with Processes(EnvoyError) as processes:
        yield processes


_held = ExitStack()


@pytest.fixture(scope="session")
def access() -> Access:
    return _held.enter_context(ControlPlane(binaries.find()))


@pytest.fixture(scope="session")
def controllers(access: Access) -> Controllers:
    return _held.enter_context(Controllers(access))


@pytest.fixture(scope="session")
def api(access: Access, controllers: Controllers) -> Api:
    controllers.install("envoy-gateway", (), VALUES)
    api = _held.enter_context(access.api())
    api.create("/api/v1/nodes", node({"tke-llm/pool": "system"}))
    return api


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Iterator[None]:
    """Of Envoy Gateway a machine has one at a time, and tests elsewhere want theirs: it ends with the last test here,
    not with the session."""
    yield
    if nextitem is None or Path(__file__).parent not in nextitem.path.parents:
        _held.close()
