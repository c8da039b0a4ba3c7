"""The exporter of what GPUs do: it defines no kind and looks after no object, and there is no GPU here."""

from rehearsal.controllers.binaries import ControllerBinaries
from rehearsal.controllers.release import Controller, Release


def start(_release: Release, _binaries: ControllerBinaries) -> None:
    """Nothing comes that anybody here could see."""


GPU_EXPORTER = Controller(start)
