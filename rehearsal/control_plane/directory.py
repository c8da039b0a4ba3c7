"""Private directories, and the sweeping of those that a killed supervisor left behind."""

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from settings.translation import tr

_PREFIX = "tke-llm-"
_LOCK = "in-use.lock"
# A socket's path has 108 bytes on Linux and 104 on macOS, the terminating zero among them.
_LONGEST_SOCKET_PATH = 103


def make(parent: Path | None = None) -> tuple[Path, int]:
    """A new directory only for this user, and the open descriptor whose lock says that it is in use.

    Raises ValueError where `parent` (default: the system's temporary directory) is too deep for a Unix socket.
    """
    parent = (parent or Path(tempfile.gettempdir())).absolute()
    sweep(parent)
    root = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    if len(os.fsencode(root / "peer.sock")) > _LONGEST_SOCKET_PATH:
        root.rmdir()
        raise ValueError(
            tr(
                "{parent} is too long a path for the sockets of a control plane: set TMPDIR to a shorter one",
                parent=parent,
            )
        )
    # Locked first and named after, so that a sweep at the same time never finds it unlocked.
    unnamed = root / f"{_LOCK}.new"
    descriptor = os.open(unnamed, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    unnamed.rename(root / _LOCK)
    return root, descriptor


def sweep(parent: Path) -> None:
    """Remove the private directories under `parent` that nobody uses any more."""
    for root in parent.glob(f"{_PREFIX}*"):
        # Not ours, gone meanwhile, or in use: in each case not to be touched.
        with suppress(OSError):
            descriptor = os.open(root / _LOCK, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(root, ignore_errors=True)
            finally:
                os.close(descriptor)
