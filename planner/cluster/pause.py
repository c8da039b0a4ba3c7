"""What `pause: true` leaves running, and what it cannot take down at once."""

from collections.abc import Iterator

from settings.diagnostics import Diagnostic
from settings.models import Settings

MADE = ("native", "ordinary")
"""Kinds of pools whose machines this stack makes, and bills by the machine."""


def check_pause(settings: Settings) -> Iterator[Diagnostic]:
    """Say that nothing answers, and which nodes go by themselves, later, or not at all."""
    if not settings.pause:
        return
    pools = settings.pools.items()
    ranged = [name for name, pool in pools if pool.kind in MADE and pool.nodes.min != pool.nodes.max]
    given = [name for name, pool in pools if pool.kind == "existing"]
    prepaid = [name for name, pool in pools if pool.kind in MADE and pool.charge == "prepaid"]
    left = "".join(
        f" {text}"
        for names, text in (
            (ranged, f"The cluster autoscaler takes the idle nodes of {', '.join(ranged)} away."),
            (given, f"The nodes of {', '.join(given)} are not ours and stay."),
            (prepaid, f"{', '.join(prepaid)} is paid for the whole month."),
        )
        if names
    )
    yield Diagnostic(
        severity="note",
        code="PAUSED",
        path="pause",
        message=f"No model runs and no GPU pool keeps a node; data, chat page and endpoint stay.{left}",
        remedy="Remove pause to bring the models back; their GPUs may be sold out then.",
        given="true",
        fix=(("pause", None),),
    )
