"""The Prometheus operator: its definitions alone. It is not run here, so that what is of its kinds is taken by the API
server, held against their schemas, and followed by nobody."""

from rehearsal.controllers.binaries import ControllerBinaries
from rehearsal.controllers.release import Controller, Release


def start(_release: Release, _binaries: ControllerBinaries) -> None:
    """Nothing comes beside the definitions."""


PROMETHEUS = Controller(start)
