"""The programs of the control plane on this machine."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.binaries import locate


class MissingBinariesError(Exception):
    """Some program is neither installed nor built; the message says what to do."""


@dataclass(frozen=True)
class Binaries:
    etcd: Path
    api_server: Path
    controller_manager: Path
    scheduler: Path
    kwok: Path


def require(target: str, environ: Mapping[str, str] = os.environ) -> Mapping[str, Path]:
    """Every program of a target by its name; raises MissingBinariesError."""
    located = locate(target, environ=environ)
    missing = [
        program.name for module in located.to_build for program in module.programs if program.name not in located.paths
    ]
    if missing:
        hint = f"No {', '.join(missing)} on this machine yet: run `make {target}` once."
        raise MissingBinariesError("\n".join([*located.passed_over, hint]))
    return located.paths


def find(environ: Mapping[str, str] = os.environ) -> Binaries:
    """Binaries from KUBEBUILDER_ASSETS, PATH or the cache of `make control-plane`; raises MissingBinariesError."""
    paths = require("control-plane", environ)
    return Binaries(
        etcd=paths["etcd"],
        api_server=paths["kube-apiserver"],
        controller_manager=paths["kube-controller-manager"],
        scheduler=paths["kube-scheduler"],
        kwok=paths["kwok"],
    )
