"""Runs a program that stands alone in a root directory of its own: run as a script.

Arguments: the directory, the program outside it, and the program's own arguments, its name first. An ordinary user gets
the right to change the root from a user namespace, where the system lets them have one.
"""

import ctypes
import os
import sys
from pathlib import Path

_CLONE_NEWUSER = 0x10000000


def main() -> None:
    root, program, *argv = sys.argv[1:]
    opened = os.open(program, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _change_root(root)
    except (AttributeError, OSError) as refused:
        sys.exit(
            f"{argv[0]} reads fixed paths, and this system lets neither root nor a user namespace give it a root "
            f"directory of its own ({refused}): run as root, or on a Linux that allows user namespaces."
        )
    os.chdir("/")
    os.execve(opened, argv, dict(os.environ))  # noqa: S606


def _change_root(root: str) -> None:
    try:
        os.chroot(root)
    except PermissionError:
        _enter_namespace()
        os.chroot(root)


def _enter_namespace() -> None:
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    # Without the first, the kernel takes no map of groups from an ordinary user (user_namespaces(7)).
    for file, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        Path("/proc/self", file).write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
