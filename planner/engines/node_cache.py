"""Which models' files are kept on the disks of their pool's nodes, and what that takes of a node."""

from planner.engines.prefetch import has_known_nodes
from planner.engines.registry import find
from planner.plan.server import Resources
from settings.models import Model
from settings.pools import Pool
from settings.stack import Settings

FILLER = Resources(cpu_millis=100, memory_mib=256, gpus=0)
"""What the pod asks for that copies files to a node: Python, one file at a time, and their digests."""
FOLDER_KEEPER = Resources(cpu_millis=10, memory_mib=32, gpus=0)
"""What the pod asks for that makes the folder on a node: a shell, which then sleeps."""
UNUSED_DAYS = 30
"""What the stack has not named for so long is taken off the disk, sooner where room is needed."""


def keeps_files(settings: Settings, pool: Pool) -> bool:
    """Whether files of models are kept on the nodes of this pool."""
    return settings.warm_start.model_cache and has_known_nodes(pool)


def can_be_kept(model: Model) -> bool:
    """Whether this program's scripts can copy the files of a model, and choose between them and the store's: they run
    in the engine's image, on its Python."""
    return find(model.engine).python
