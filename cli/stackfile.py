"""Finds and reads the stack file that a command was given, and the program that it belongs to."""

from pathlib import Path

from settings.file import exists, find, read
from settings.parse import StackInput

_CHECKOUT = Path(__file__).resolve().parents[1]


def project_root(start: Path) -> Path | None:
    """The nearest folder, upward from `start`, that holds a ``Pulumi.yaml``."""
    here = start.resolve()
    return next((folder for folder in (here, *here.parents) if (folder / "Pulumi.yaml").is_file()), None)


def stack_file(stack: str) -> Path:
    """The file of a stack: a path as seen from the working directory, or a name in the project around it."""
    here = Path.cwd()
    near = find(stack, here)
    return near if exists(near) else find(stack, project_root(here) or here)


def program(file: Path) -> Path:
    """The ``__main__.py`` that a stack file is for: of the project around the file, else of the one around the working
    directory, else of this checkout."""
    roots = (project_root(file.parent), project_root(Path.cwd()), _CHECKOUT)
    return next((root / "__main__.py" for root in roots if root and (root / "__main__.py").is_file()), roots[-1])


def load(stack: str) -> StackInput:
    """What stands in the stack file called `stack` (a name or a path)."""
    return read(stack_file(stack))
