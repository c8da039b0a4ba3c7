"""The Prometheus operator: its definitions alone. It is not run here, so that what is of its kinds is taken by the API
server, held against their schemas, and followed by nobody."""

from rehearsal.control_plane.binaries import Binaries
from rehearsal.controllers.release import Controller, Release


def start(_release: Release, _binaries: Binaries) -> None:
    """Nothing comes beside the definitions."""


PROMETHEUS = Controller(start)
