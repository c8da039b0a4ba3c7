"""A module's control plane with Envoy Gateway beside it; programs come from `make controllers`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.control_plane import binaries
from rehearsal.control_plane.api import Api
from rehearsal.control_plane.plane import ControlPlane
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


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with ControlPlane(binaries.find()) as access, Controllers(access) as controllers, access.api() as api:
        controllers.install("envoy-gateway", (), VALUES)
        api.create("/api/v1/nodes", node({"tke-llm/pool": "system"}))
        yield api
