"""Writes a folder of results as a whole: all of its files appear, and those of an earlier run go."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

_MARKER = ".tke-llm"
"""In the folder: the names of the files that were written, one a line."""


def replace_folder(folder: Path, files: Mapping[str, str]) -> tuple[Path, ...]:
    """Make `folder` hold exactly `files` (relative path -> text) and return their paths.

    The files are written beside the folder, which is exchanged when all of them are complete; of two runs at once one
    waits for the other. A folder that holds a file which no earlier call wrote is refused with `FileExistsError`, so
    that neither a mistyped ``--out`` nor a next run removes a person's own; other failures raise `OSError`.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone_in(folder.parent):
        _refuse_others(folder)
        for left in folder.parent.glob(f"{_unfinished(folder)}*"):
            shutil.rmtree(left, ignore_errors=True)
        fresh = _beside(folder)
        try:
            for name, text in {**files, _MARKER: "".join(f"{name}\n" for name in files)}.items():
                path = fresh / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            fresh.chmod(0o755)
            if folder.exists():
                old = _beside(folder)
                folder.replace(old)
                fresh.replace(folder)
                shutil.rmtree(old)
            else:
                fresh.replace(folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return tuple(folder / name for name in files)


def _beside(folder: Path) -> Path:
    """A new folder on the same file system; one that a killed run leaves goes with the next."""
    return Path(tempfile.mkdtemp(prefix=_unfinished(folder), dir=folder.parent))


def _unfinished(folder: Path) -> str:
    """How the names of unfinished folders begin. They are short, however long the folder's own name is."""
    return f".tke-llm-{crc32(folder.name.encode()):08x}-"


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Holds the folder itself, so that no lock file is left; the system lets go when a process ends."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _refuse_others(folder: Path) -> None:
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir() or folder.is_symlink():
        raise FileExistsError(f"{folder} is no folder of tke-llm's; choose another --out, or move it away")
    marker = folder / _MARKER
    ours = {*(marker.read_text(encoding="utf-8").splitlines() if marker.is_file() else ()), _MARKER}
    there = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_symlink() or not path.is_dir())
    other = next((path for path in there if str(path) not in ours), None)
    if other is not None:
        raise FileExistsError(
            f"{folder / other} is a file that tke-llm did not write; choose another --out, or move it away"
        )
