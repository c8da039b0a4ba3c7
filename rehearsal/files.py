"""Writes a folder of results as a whole: all of its files appear, and those of an earlier run go."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path


def replace_folder(folder: Path, files: Mapping[str, str]) -> tuple[Path, ...]:
    """Make `folder` hold exactly `files` (relative path -> text) and return their paths.

    The files are written beside the folder, which is exchanged when all of them are complete. A folder that holds
    anything not written by an earlier call is refused with `FileExistsError`, so that a mistyped ``--out`` never
    removes a person's files; other failures raise `OSError`.
    """
    if folder.exists() and not _ours(folder):
        raise FileExistsError(f"{folder} holds files that tke-llm did not write; choose another --out, or empty it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, text in {**files, _MARKER: ""}.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        fresh.chmod(0o755)
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
            folder.replace(old)
            fresh.replace(folder)
            shutil.rmtree(old)
        else:
            fresh.replace(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return tuple(folder / name for name in files)


_MARKER = ".tke-llm"


def _ours(folder: Path) -> bool:
    return folder.is_dir() and ((folder / _MARKER).exists() or not any(folder.iterdir()))
