"""The programs of the control plane on this machine."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from settings.translation import joined, tr
from tools.binaries import locate

Binaries = Mapping[str, Path]
"""Programs by their names."""


class MissingBinariesError(Exception):
    """Some program is neither installed nor built; the message says what to do."""


def require(targets: Sequence[str], environ: Mapping[str, str] = os.environ) -> Binaries:
    """Every program of some targets by its name; raises MissingBinariesError, which names all that are missing."""
    located = {target: locate(target, environ=environ) for target in targets}
    missing = [
        program.name
        for each in located.values()
        for module in each.to_build
        for program in module.programs
        if program.name not in each.paths
    ]
    if missing:
        lacking = " ".join(target for target, each in located.items() if each.to_build)
        hint = tr(
            "No {missing} on this machine yet: run `make {lacking}` once.", missing=joined(missing), lacking=lacking
        )
        passed_over = (sentence for each in located.values() for sentence in each.passed_over)
        raise MissingBinariesError("\n".join([*passed_over, hint]))
    return {name: path for each in located.values() for name, path in each.paths.items()}


def find(environ: Mapping[str, str] = os.environ) -> Binaries:
    """Binaries from KUBEBUILDER_ASSETS, PATH or the cache of `make control-plane`; raises MissingBinariesError."""
    return require(["control-plane"], environ)
