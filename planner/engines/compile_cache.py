"""Which servers compile what the next replica can use, and what it takes to hand it over."""

from collections.abc import Iterable

from planner.engines.arguments import values
from planner.engines.engine import Engine
from planner.plan.server import Resources

KEEPER = Resources(cpu_millis=10, memory_mib=128, gpus=0)
"""What the container asks for that keeps what was compiled: Python, which packs files once and sleeps."""
KEPT_DAYS = 30
"""What no replica has used for so long is taken away."""


def compiles(engine: Engine, command: Iterable[str]) -> bool:
    """Whether the engine compiles, started so."""
    return engine.start_compiled is not None and engine.eager not in dict(values(command))
