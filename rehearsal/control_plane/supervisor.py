"""Starts processes for its parent, and ends them when the parent is gone: run as a script.

Reads from standard input one JSON object per line: {"name", "argv", "environment"} starts that program in the private
directory, {"end": name} kills it. Writes to standard output {"ended": name, "status": n} for each process that ended.
When standard input closes, which the kernel does for a parent that was killed, every process is killed and the private
directory removed. It stands alone, on the standard library, so that it starts in milliseconds.
"""

import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

POLL = 0.2
_PR_SET_PDEATHSIG = 1
_THRIFT = {"GOGC": "400", "GOMEMLIMIT": "1GiB"}
"""Of a program in Go: memory is there, and its start is mostly collecting garbage that soon grows back."""


def main() -> None:
    """Arguments: the private directory, and the process id of the parent."""
    root, parent = Path(sys.argv[1]), int(sys.argv[2])
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        _serve(root, parent, processes)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        # Killed outright: whatever they could save on the way out is removed with the directory.
        for process in processes.values():
            process.kill()
        for process in processes.values():
            process.wait()
        shutil.rmtree(root, ignore_errors=True)


def _serve(root: Path, parent: int, processes: dict[str, subprocess.Popen[bytes]]) -> None:
    with_parent = _dies_with(os.getpid())
    waiting = b""
    # A forked child of the parent may hold our standard input open, hence the look at who the parent is.
    while os.getppid() == parent:
        for name, process in list(processes.items()):
            if process.poll() is not None:
                del processes[name]
                _tell({"ended": name, "status": process.returncode})
        if not select.select([0], [], [], POLL)[0]:
            continue
        received = os.read(0, 65536)
        if not received:
            return
        *lines, waiting = (waiting + received).split(b"\n")
        for line in lines:
            order = json.loads(line)
            if ended := order.get("end"):
                if ended in processes:
                    processes[ended].kill()
                continue
            name = order["name"]
            with (root / f"{name}.log").open("ab") as log:
                try:
                    processes[name] = _start(order, root, log, with_parent)
                except OSError as refused:
                    log.write(f"{refused}\n".encode())
                    _tell({"ended": name, "status": refused.errno})


def _start(order: dict[str, Any], root: Path, log: BinaryIO, first: Callable[[], None]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        order["argv"],
        cwd=root,
        # Neither the user's kwok and kube configuration nor a proxy of theirs reaches these processes.
        env={"HOME": str(root), "TMPDIR": str(root), "PATH": os.defpath, **_THRIFT, **order["environment"]},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        preexec_fn=first,  # noqa: PLW1509 (this process has one thread)
    )


def _dies_with(parent: int) -> Callable[[], None]:
    """What a child runs before its program: Linux then kills it should the supervisor itself be killed."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def arrange() -> None:
        if libc:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)

    return arrange


def _tell(event: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
