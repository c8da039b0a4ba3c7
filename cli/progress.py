"""A sign of life for what takes longer than two seconds: on a terminal alone, and on stderr, where no output goes."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cli.language import tr
from tools.binaries import default_cache

SOON = 2.0
"""Seconds that pass before anything is shown."""


@contextmanager
def working(text: str, task: str) -> Iterator[None]:
    """Show `text`, the seconds that passed, and how many the same `task` took the last time on this machine."""
    before, began = _known().get(task), time.monotonic()
    if not sys.stderr.isatty():
        yield
    else:
        with _shown(text, before):
            yield
    # A run that fails ends sooner, and says nothing of the next.
    _keep(task, time.monotonic() - began)


@contextmanager
def _shown(text: str, before: float | None) -> Iterator[None]:
    from rich.console import Console  # noqa: PLC0415  only a terminal needs it
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    said = text
    if before is not None and before >= SOON:
        said = tr("{text} (about {seconds:.0f} s the last time)", text=text, seconds=before)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        progress.add_task(said, total=None)
        yield


def _file() -> Path:
    return default_cache() / "durations.json"


def _known() -> dict[str, float]:
    """Seconds of the last run of each task; what cannot be read is not known."""
    try:
        known = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(task): float(each) for task, each in known.items() if isinstance(each, int | float)}


def _keep(task: str, seconds: float) -> None:
    if seconds < SOON:
        return
    with suppress(OSError):
        _file().parent.mkdir(parents=True, exist_ok=True)
        _file().write_text(json.dumps({**_known(), task: round(seconds, 1)}), encoding="utf-8")
