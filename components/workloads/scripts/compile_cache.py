"""Hands what an engine compiled to the next replica: `bring` unpacks what an earlier one left, `keep` packs it.

One archive, written whole and then renamed: no two replicas ever write one file, so that nothing here needs the locks
which NFS may not have. A replica that finds no archive, or a broken one, compiles as if there were none; nothing that
goes wrong here stops it. Runs in the engine's image, on the standard library of Python 3.10 alone.
"""

import contextlib
import logging
import os
import shutil
import signal
import socket
import sys
import tarfile
import time
import urllib.error
import urllib.request
from pathlib import Path

POLL_SECONDS = 5.0
"""Between two looks at whether the engine serves."""
DAY = 24 * 3600
FACTORS = "cache_key_factors.json"
"""Notes of vLLM on the variables that it was started with, the API key among them in some releases (0.29.0, envs.py).
Nothing reads them."""
DOWNLOADED = "huggingface"
"""What a hub's client leaves in the same folder, and no compiler."""
HALF = ".part"

log = logging.getLogger("compile-cache")


def bring(archive: Path, folder: Path) -> bool:
    """Unpack the archive into the folder. A broken one is taken away, so that this replica leaves another."""
    if not archive.is_file():
        log.info("nothing is kept yet: the engine compiles, and what it compiles is kept")
        return False
    started = time.monotonic()
    try:
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
    except (OSError, EOFError, tarfile.TarError) as error:
        log.warning("what is kept cannot be read (%s): the engine compiles anew", error)
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            archive.unlink()
        return False
    with contextlib.suppress(OSError):
        os.utime(archive)
    log.info("brought %.1f MB in %.1f s", archive.stat().st_size / 1e6, time.monotonic() - started)
    return True


def keep(archive: Path, folder: Path) -> bool:
    """Pack the folder, unless another replica has."""
    if archive.is_file() or not folder.is_dir():
        return False
    half = archive.with_name(f".{archive.name}.{socket.gethostname()}{HALF}")
    try:
        with tarfile.open(half, "w") as packed:
            packed.add(folder, ".", filter=_chosen)
        with half.open("rb") as written:
            os.fsync(written.fileno())
        half.replace(archive)
    except (OSError, tarfile.TarError) as error:
        log.warning("what was compiled cannot be kept: %s", error)
        with contextlib.suppress(OSError):
            half.unlink()
        return False
    log.info("kept %.1f MB", archive.stat().st_size / 1e6)
    return True


def _chosen(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    parts = Path(member.name).parts
    if parts[:1] == (DOWNLOADED,) or parts[-1:] == (FACTORS,):
        return None
    return member if member.isreg() or member.isdir() else None


def clear(folder: Path, days: float) -> list[str]:
    """Take away what no replica has used for so many days."""
    gone: list[str] = []
    for path in [*folder.glob("*.tar"), *folder.glob(f".*{HALF}")]:
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < time.time() - days * DAY:
                path.unlink()
                gone.append(path.name)
    if gone:
        log.info("took away what nobody used for %g days: %s", days, ", ".join(gone))
    return gone


def serves(url: str) -> bool:
    """Whether the engine answers."""
    try:
        with urllib.request.urlopen(url, timeout=POLL_SECONDS) as answer:  # noqa: S310  the pod's own engine
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def wait_and_keep(archive: Path, folder: Path, health: str, days: float) -> None:
    """Once the engine serves, keep what it compiled; then stay, for a container that ends is started again."""
    clear(archive.parent, days)
    while not serves(health):
        time.sleep(POLL_SECONDS)
    keep(archive, folder)
    while True:
        signal.pause()


def main(arguments: list[str]) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    # The first process of a container hears no signal that it does not ask for.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    verb, archive, folder, *rest = arguments
    if verb == "bring":
        bring(Path(archive), Path(folder))
    else:
        health, days = rest
        wait_and_keep(Path(archive), Path(folder), health, float(days))


if __name__ == "__main__":
    main(sys.argv[1:])
