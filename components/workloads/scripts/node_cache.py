"""Keeps the models' files on a node's own disk: `fill` copies them from the store, `choose` links each model to its
copy where that is whole, else to the store.

A copy is made under another name, checked against what the download noted, and renamed in one step; its marker is the
store's own. Whatever goes wrong costs time alone: a server that finds no whole copy reads the store. Runs in the
engine's image, on the standard library of Python 3.10 alone.
"""

import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
import signal
import sys
import time
from pathlib import Path

MARKER = ".complete"
"""Written by the download when a model is whole; holds its files and their sizes (download_model.py)."""
BOOKS = Path(".cache", "huggingface", "download")
"""Where Hugging Face's client notes each file's digest, below the model; that of a large one is its SHA-256."""
HALF = ".partial"
PAUSE = 60.0
"""Seconds between two looks at what is missing."""
DAY = 24 * 3600
BLOCK = 1 << 22

log = logging.getLogger("node-cache")


class DamagedError(Exception):
    """What was read is not what the download noted."""


def files_of(folder: Path) -> dict[str, int] | None:
    """The files of a model with their sizes; None while it is not whole."""
    try:
        files = json.loads((folder / MARKER).read_text(encoding="utf-8"))["files"]
        return {str(name): int(size) for name, size in files.items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None


def is_copy(kept: Path, stored: Path) -> bool:
    """Whether a copy is whole, and of what the store holds now."""
    files = files_of(kept)
    if files is None or (stored / MARKER).read_bytes() != (kept / MARKER).read_bytes():
        return False
    return all((kept / name).is_file() and (kept / name).stat().st_size == size for name, size in files.items())


def noted_digest(folder: Path, name: str) -> str | None:
    """The SHA-256 that a file must have, as far as the download knows it."""
    try:
        lines = (folder / BOOKS / f"{name}.metadata").read_text(encoding="utf-8").split()
    except OSError:
        return None
    return lines[1] if len(lines) > 1 and re.fullmatch("[0-9a-f]{64}", lines[1]) else None


def copy_file(source: Path, target: Path, size: int, digest: str | None) -> None:
    """Copy a file and have it on the disk.

    Raises:
        DamagedError: it is not what the download noted.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    seen, copied = hashlib.sha256(), 0
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(BLOCK):
            writer.write(block)
            copied += len(block)
            if digest is not None:
                seen.update(block)
        writer.flush()
        os.fsync(writer.fileno())
        # The server's memory has better uses than pages that nobody reads before its next start.
        os.posix_fadvise(writer.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    if copied != size:
        raise DamagedError(f"{source.name}: {copied} bytes instead of {size}")
    if digest is not None and seen.hexdigest() != digest:
        raise DamagedError(f"{source.name}: its digest is not the hub's")


def copy_model(stored: Path, kept: Path) -> None:
    """Copy a model that is whole in the store, one file after the other, so that a server which loads at the same time
    keeps most of the store.

    Raises:
        DamagedError: a file is not what the download noted.
        OSError: the store or the disk cannot be read or written.
    """
    half = kept.with_name(f"{kept.name}{HALF}")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    started, marker = time.monotonic(), (stored / MARKER).read_bytes()
    files = files_of(stored) or {}
    for name, size in files.items():
        copy_file(stored / name, half / name, size, noted_digest(stored, name))
    (half / MARKER).write_bytes(marker)
    shutil.rmtree(kept, ignore_errors=True)
    half.replace(kept)
    seconds, size = time.monotonic() - started, sum(files.values())
    log.info("%s: %.1f GB copied in %.0f s, %.0f MB/s", kept.name, size / 1e9, seconds, size / 1e6 / max(seconds, 1e-3))


def unnamed(cache: Path, names: list[str]) -> list[Path]:
    """What no name stands for, the longest unused first."""
    found: list[tuple[float, Path]] = []
    for path in cache.iterdir():
        # Not what is another's: a disk of its own at this place has a lost+found.
        if path.name not in names and os.access(path, os.W_OK):
            with contextlib.suppress(OSError):
                found.append((path.stat().st_mtime, path))
    return [path for _, path in sorted(found)]


def clear(cache: Path, names: list[str], days: float) -> None:
    """Take away what was not named for so many days."""
    for path in unnamed(cache, names):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < time.time() - days * DAY:
                log.info("%s was not used for %g days: it goes", path.name, days)
                shutil.rmtree(path, ignore_errors=True)


def has_room(cache: Path, size: int, free: float) -> bool:
    """Whether so many bytes leave that share of the disk free."""
    disk = shutil.disk_usage(cache)
    return disk.free - size >= disk.total * free


def make_room(cache: Path, names: list[str], size: int, free: float) -> bool:
    """Have room for so many bytes: what was not named for a day goes, the longest unused first. Until then a replica
    that is being replaced may start again from it."""
    for path in unnamed(cache, names):
        if has_room(cache, size, free):
            return True
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < time.time() - DAY:
                log.info("%s makes room", path.name)
                shutil.rmtree(path, ignore_errors=True)
    return has_room(cache, size, free)


def fill(store: Path, cache: Path, names: list[str], days: float, free: float) -> list[str]:
    """Bring what is whole in the store and not yet here, and return the names of models that are not here still."""
    missing: list[str] = []
    for name in names:
        stored, kept = store / name, cache / name
        try:
            files = files_of(stored)
            if files is None:
                missing.append(name)
            elif not is_copy(kept, stored):
                size = sum(files.values())
                if not make_room(cache, names, size, free):
                    log.warning("%s: the disk has no room for %.1f GB; servers read the store", name, size / 1e9)
                    missing.append(name)
                    continue
                copy_model(stored, kept)
            if kept.is_dir():
                # Its time says when it was last named.
                os.utime(kept)
        except (OSError, DamagedError) as error:
            log.warning("%s is not copied (%s); servers read the store", name, error)
            shutil.rmtree(cache / f"{name}{HALF}", ignore_errors=True)
            missing.append(name)
    with contextlib.suppress(OSError):
        clear(cache, names, days)
    return missing


def choose(store: Path, cache: Path, links: Path, names: list[str]) -> list[str]:
    """Link each model to where it is read, and return the names of those that are read on the node."""
    here: list[str] = []
    for name in names:
        whole = False
        with contextlib.suppress(OSError):
            whole = is_copy(cache / name, store / name)
        link = links / name
        link.unlink(missing_ok=True)
        link.symlink_to((cache if whole else store) / name)
        log.info("%s is read from %s", name, "the node's own disk" if whole else "the store")
        here += [name] if whole else []
    return here


def main(arguments: list[str]) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    # The first process of a container hears no signal that it does not ask for.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # Servers run as other users.
    os.umask(0o022)
    verb, store, cache, *rest = arguments
    if verb == "choose":
        links, *names = rest
        choose(Path(store), Path(cache), Path(links), names)
        return
    days, free, *names = rest
    before: list[str] | None = None
    while True:
        missing = fill(Path(store), Path(cache), names, float(days), float(free))
        if missing != before:
            log.info("still to come: %s", ", ".join(missing) or "nothing")
        before = missing
        time.sleep(PAUSE)


if __name__ == "__main__":
    main(sys.argv[1:])
