"""What `pause: true` leaves running, and what it cannot take down at once."""

from collections.abc import Iterator

from planner.cluster import codes
from settings.diagnostics import Diagnostic
from settings.pools import MACHINE_KINDS
from settings.stack import Settings


def check_pause(settings: Settings) -> Iterator[Diagnostic]:
    """Say that nothing answers, and which nodes go by themselves, later, or not at all."""
    if not settings.pause:
        return
    pools = settings.pools.items()
    yield codes.paused(
        "pause",
        ranged=[name for name, pool in pools if pool.kind in MACHINE_KINDS and pool.nodes.min != pool.nodes.max],
        existing=[name for name, pool in pools if pool.kind == "existing"],
        prepaid=[name for name, pool in pools if pool.kind in MACHINE_KINDS and pool.charge == "prepaid"],
    )
