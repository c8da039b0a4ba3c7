"""What is left of a control plane after each way to end it."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.control_plane import directory
from rehearsal.control_plane.binaries import Binaries
from rehearsal.control_plane.plane import ControlPlane, ControlPlaneError
from tests.waiting import until

PROGRAM = """
import sys, time
from pathlib import Path
from rehearsal.control_plane.binaries import find
from rehearsal.control_plane.plane import ControlPlane
with ControlPlane(find(), Path(sys.argv[1])) as access:
    print(access.server, flush=True)
    while True:
        # Short, for a signal that comes just before it is seen only after it.
        time.sleep(0.1)
"""


@pytest.fixture
def short_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of this test's own, near enough to the root for Unix sockets."""
    return tmp_path_factory.mktemp("c")


def processes_of(place: Path) -> dict[int, str]:
    """Command lines that name a path under this directory, by process id."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    lines = (line.strip().partition(" ") for line in listed.splitlines())
    return {int(pid): arguments for pid, _, arguments in lines if f"{place}/" in arguments}


def find_process(place: Path, program: str) -> int:
    (pid,) = (pid for pid, arguments in processes_of(place).items() if program in arguments)
    return pid


def taken(server: str) -> bool:
    host, port = server.removeprefix("https://").split(":")
    with socket.socket() as client:
        return client.connect_ex((host, int(port))) == 0


def rehearse(place: Path) -> tuple[subprocess.Popen[str], str]:
    """A process of its own that holds a control plane, and the server's address."""
    rehearsal = subprocess.Popen([sys.executable, "-c", PROGRAM, str(place)], stdout=subprocess.PIPE, text=True)
    assert rehearsal.stdout
    return rehearsal, rehearsal.stdout.readline().strip()


def test_kill_9_of_the_rehearsal_leaves_no_process_no_port_and_no_file(short_path: Path) -> None:
    rehearsal, server = rehearse(short_path)
    assert taken(server)
    rehearsal.kill()
    rehearsal.communicate()
    until(lambda: not processes_of(short_path) and not taken(server) and not list(short_path.iterdir()))


def test_ctrl_c_leaves_nothing(short_path: Path) -> None:
    rehearsal, _ = rehearse(short_path)
    rehearsal.send_signal(signal.SIGINT)
    rehearsal.communicate()
    assert rehearsal.returncode == -signal.SIGINT
    until(lambda: not processes_of(short_path) and not list(short_path.iterdir()))


def test_kill_9_of_rehearsal_and_supervisor_leaves_files_only_until_the_next_start(short_path: Path) -> None:
    rehearsal, _ = rehearse(short_path)
    os.kill(find_process(short_path, "supervisor.py"), signal.SIGKILL)
    rehearsal.kill()
    rehearsal.communicate()
    until(lambda: not processes_of(short_path))
    (left,) = short_path.iterdir()
    directory.sweep(short_path)
    assert not left.exists()


def test_a_process_that_ends_later_is_told_with_its_log_and_leaving_the_block_ends_the_others(
    binaries: Binaries, short_path: Path
) -> None:
    plane = ControlPlane(binaries, short_path)

    def complaint() -> str:
        try:
            plane.check()
        except ControlPlaneError as error:
            return str(error)
        return ""

    with plane as access:
        assert len(processes_of(short_path)) == 6
        assert complaint() == ""
        os.kill(find_process(short_path, "kube-scheduler"), signal.SIGKILL)
        until(lambda: complaint() != "")
        assert "kube-scheduler ended with status -9" in complaint()
        assert "Starting Kubernetes Scheduler" in complaint()
    assert not processes_of(short_path)
    assert list(short_path.iterdir()) == []
    assert not taken(access.server)


def test_a_program_that_cannot_start_is_named(binaries: Binaries, short_path: Path) -> None:
    broken = {**binaries, "etcd": short_path / "etcd"}
    with pytest.raises(ControlPlaneError, match=r"etcd ended with status 2[\s\S]*No such file"), ControlPlane(broken):
        pass
