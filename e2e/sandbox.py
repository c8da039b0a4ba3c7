"""The container's surroundings: its file system, its user and its processes, by bubblewrap."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from e2e.containers import RenderedPod, RenderedVolume
from e2e.mapping import Process

_SYSTEM = ("usr", "etc")
_LINKS = ("bin", "lib", "lib32", "lib64", "sbin")
_OPEN = 0o777
MESSAGE = "/dev/termination-log"
"""Where a container may say how it ended, unless its manifest names another file."""
_TRY = ("true",)

HELP = """bwrap cannot make a sandbox here: {said}
Install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap). Where the kernel refuses user namespaces
(Ubuntu 24.04), allow them: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or run as root."""


class SandboxError(Exception):
    """This machine cannot make the containers' surroundings; the message says what is missing."""


@dataclass(frozen=True)
class InstalledSoftware:
    """What an image holds, on this machine. `folders` are shown to the process, read-only; `path` is its PATH, `env`
    what else the image sets; `real` says what it is, and whether it stands in for something."""

    folders: tuple[Path, ...]
    path: tuple[Path, ...]
    real: str
    env: Mapping[str, str] = field(default_factory=dict)


def check() -> None:
    """Raises `SandboxError` where bubblewrap is missing, or the kernel refuses it."""
    if shutil.which("bwrap") is None:
        raise SandboxError(HELP.format(said="it is not installed"))
    done = subprocess.run([*_frame(), *_as_user(1000, 1000, None), *_TRY], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SandboxError(HELP.format(said=done.stderr.strip() or f"status {done.returncode}"))


class Volumes:
    """The folders of a stack's volumes, below one folder: a claim is shared, the rest is a pod's own."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def claim(self, name: str) -> Path:
        """The folder of a claim, which belongs to root as a new file system does."""
        folder = self._root / "claims" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def message(self, process: Process) -> Path:
        """The file of a container's termination message."""
        file = self._root / "messages" / process.name.replace("/", "-")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        file.chmod(0o666)
        return file

    def of(self, pod: RenderedPod, volume: RenderedVolume) -> Path:
        """The folder of a pod's volume, made and owned as a kubelet does it."""
        if volume.kind == "persistentVolumeClaim":
            folder = self.claim(volume.claim)
            if pod.fs_group is not None:
                _give(folder, pod.fs_group)
            return folder
        folder = self._root / "pods" / pod.name / volume.name
        if folder.exists():
            return folder
        folder.mkdir(parents=True)
        for name, text in volume.files.items():
            (folder / name).write_text(text, encoding="utf-8")
        if volume.kind == "emptyDir":
            folder.chmod(_OPEN)
            if pod.fs_group is not None:
                _give(folder, pod.fs_group)
        return folder


def _give(folder: Path, group: int) -> None:
    """fsGroup: the group may write, and what is made there stays the group's."""
    if os.geteuid() == 0:
        os.chown(folder, -1, group)
    folder.chmod(folder.stat().st_mode | 0o2070)


def command(
    process: Process, pod: RenderedPod, volumes: Volumes, software: InstalledSoftware, argv: Sequence[str]
) -> list[str]:
    """The command line that runs `argv` in the container's surroundings. Its environment is inherited: what stands on a
    command line is for everyone to read."""
    container = process.container
    user, group = container.user or 0, container.group or 0
    line = _frame()
    own = {each.path for each in container.mounts}
    # A container has its own /dev/shm whatever its root is; /tmp comes with the image.
    for path, there in (("/dev/shm", True), ("/tmp", not container.read_only_root)):  # noqa: S108
        if there and path not in own:
            line += ["--perms", "1777", "--tmpfs", path]
    for folder in software.folders:
        line += [*_parents(folder), "--ro-bind", str(folder), str(folder)]
    line += [*_parents(Path(process.image.workdir)), "--dir", process.image.workdir]
    for mount in sorted(container.mounts, key=lambda each: each.path):
        local = volumes.of(pod, pod.volumes[mount.volume]) / mount.sub_path
        line += [*_parents(Path(mount.path)), "--ro-bind" if mount.read_only else "--bind", str(local), mount.path]
    line += ["--bind", str(volumes.message(process)), MESSAGE]
    if container.read_only_root:
        line += ["--remount-ro", "/"]
    return [*line, "--chdir", process.image.workdir, *_as_user(user, group, pod.fs_group), *argv]


def _parents(path: Path) -> Iterator[str]:
    """The folders above a mount: bubblewrap itself would close them to everybody but root."""
    for parent in reversed(path.parents[:-1]):
        yield from ("--dir", str(parent))


def _frame() -> list[str]:
    line = ["bwrap", "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--as-pid-1", "--tmpfs", "/"]
    return [*line, *_system(), "--proc", "/proc", "--dev", "/dev", "--ro-bind", "/sys", "/sys"]


def _system() -> Iterator[str]:
    for name in _SYSTEM:
        if (path := Path("/") / name).is_dir():
            yield from ("--ro-bind", str(path), str(path))
    for name in _LINKS:
        path = Path("/") / name
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))


def _as_user(user: int, group: int, fs_group: int | None) -> list[str]:
    """As root the process gets the very user; anyone else is shown as that user in a namespace of its own."""
    if os.geteuid() != 0:
        return ["--unshare-user", "--uid", str(user), "--gid", str(group)]
    keep = [part for name in ("SETUID", "SETGID", "SETPCAP") for part in ("--cap-add", f"CAP_{name}")]
    groups = ["--groups", str(fs_group)] if fs_group is not None else ["--clear-groups"]
    given = ["setpriv", "--reuid", str(user), "--regid", str(group), *groups]
    # The kernel forgets whom a process dies with when its user changes, so setpriv says it again.
    return [*keep, *given, "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--pdeathsig", "KILL"]
