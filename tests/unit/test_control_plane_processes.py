"""Parts of the control plane that need none of its programs."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.control_plane import credentials, directory, ports
from rehearsal.control_plane.binaries import MissingBinariesError, find
from rehearsal.control_plane.processes import Processes


def test_a_directory_in_use_is_not_swept_and_one_left_behind_is(tmp_path: Path) -> None:
    used, lock = directory.make(tmp_path)
    directory.sweep(tmp_path)
    assert used.exists()
    os.close(lock)
    directory.sweep(tmp_path)
    assert not used.exists()


def test_a_directory_that_is_not_ours_is_never_swept(tmp_path: Path) -> None:
    stranger = tmp_path / "tke-llm-notes"
    stranger.mkdir()
    directory.sweep(tmp_path)
    assert stranger.exists()


def test_only_its_owner_can_look_into_a_directory(tmp_path: Path) -> None:
    root, lock = directory.make(tmp_path)
    os.close(lock)
    assert root.stat().st_mode & 0o077 == 0
    assert credentials.write_private(root / "tokens", "secret").stat().st_mode & 0o077 == 0


def test_a_path_too_long_for_sockets_is_refused_by_name(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    with pytest.raises(ValueError, match="TMPDIR"):
        directory.make(deep)
    assert list(deep.iterdir()) == []


def test_two_reserved_ports_differ_and_refuse_connections() -> None:
    with ports.reserve() as one, ports.reserve() as other:
        assert one.getsockname()[1] != other.getsockname()[1]
        with ports.reserve() as client, pytest.raises(ConnectionRefusedError):
            client.connect(one.getsockname())


def test_a_server_listens_on_a_port_that_is_held_for_it() -> None:
    with ports.reserve() as held, socket.create_server(held.getsockname()) as server:
        assert server.getsockname() == held.getsockname()


def test_the_signing_key_is_another_each_time_and_stays_in_its_lines() -> None:
    keys = {credentials.signing_key() for _ in range(20)}
    assert len(keys) == 20
    assert {len(line) for key in keys for line in key.splitlines()[1:-1]} <= {4, 64}


class BrokenError(Exception):
    pass


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    with Processes(BrokenError, tmp_path) as processes:
        yield processes


def start_sleeper(processes: Processes, name: str = "sleeper") -> int:
    """The id of a process that sleeps for a minute."""
    note = processes.root.parent / name
    processes.start(name, ["/bin/sh", "-c", f"echo $$ > {note}; exec sleep 60"])
    processes.wait(name, lambda: note.exists() and note.read_text().endswith("\n"))
    return int(note.read_text())


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_closing_ends_the_processes_and_removes_their_directory(processes: Processes) -> None:
    pid = start_sleeper(processes)
    assert is_there(pid)
    processes.close()
    assert not is_there(pid)
    assert not processes.root.exists()


def test_one_process_ends_and_the_others_go_on(processes: Processes) -> None:
    one, other = start_sleeper(processes, "one"), start_sleeper(processes, "other")
    processes.end("one")
    assert (is_there(one), is_there(other)) == (False, True)
    processes.check()


def test_a_process_that_ends_by_itself_is_told_with_its_log(processes: Processes) -> None:
    processes.start("broken", ["/bin/sh", "-c", "echo no such flag >&2; exit 2"])
    with pytest.raises(BrokenError, match=r"broken ended with status 2[\s\S]*no such flag"):
        processes.wait("broken", lambda: False)


def test_a_process_that_takes_too_long_is_told_with_its_log(tmp_path: Path) -> None:
    with Processes(BrokenError, tmp_path, patience=0.2) as processes:
        processes.start("slow", ["/bin/sh", "-c", "echo still here; sleep 60"])
        with pytest.raises(BrokenError, match="slow was not ready within 0 s"):
            processes.wait("slow", lambda: False)


def test_a_program_that_runs_to_its_end_has_to_end_well(processes: Processes) -> None:
    processes.complete("good", ["/bin/sh", "-c", "exit 0"])
    processes.check()
    with pytest.raises(BrokenError, match="bad ended with status 3"):
        processes.complete("bad", ["/bin/sh", "-c", "exit 3"])


def test_the_processes_see_their_own_environment_and_none_of_the_users(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "real")
    processes.complete("reader", ["/bin/sh", "-c", f"env > {processes.root}/seen"], {"HTTP_PROXY": "http://given"})
    seen = (processes.root / "seen").read_text()
    assert f"HOME={processes.root}" in seen
    assert "HTTP_PROXY=http://given" in seen
    assert "TENCENTCLOUD" not in seen


def test_missing_programs_are_named_with_the_command_that_builds_them(tmp_path: Path) -> None:
    with pytest.raises(MissingBinariesError, match=r"No etcd, kwok, kube-apiserver.*make control-plane"):
        find({"XDG_CACHE_HOME": str(tmp_path)})


def test_the_kubeconfig_is_one_that_carries_all_it_needs() -> None:
    config = json.loads(credentials.kubeconfig("https://127.0.0.1:1", "word", "PEM"))
    assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:1"
    assert config["contexts"][0]["name"] == config["current-context"]
    assert config["users"][0]["user"] == {"token": "word"}
