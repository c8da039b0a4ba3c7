"""Parts of the control plane that need none of its programs."""

import json
import os
import time
from pathlib import Path

import pytest

from rehearsal.control_plane import credentials, directory, ports
from rehearsal.control_plane.binaries import MissingBinariesError, find
from rehearsal.control_plane.plane import start_supervisor


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


def test_the_signing_key_is_another_each_time_and_stays_in_its_lines() -> None:
    keys = {credentials.signing_key() for _ in range(20)}
    assert len(keys) == 20
    assert {len(line) for key in keys for line in key.splitlines()[1:-1]} <= {4, 64}


def test_the_supervisor_ends_its_processes_when_its_input_closes(tmp_path: Path) -> None:
    root, lock = directory.make(tmp_path)
    supervisor = start_supervisor(root, lock)
    os.close(lock)
    assert supervisor.stdin
    order = {"name": "sleeper", "argv": ["/bin/sh", "-c", f"echo $$ > {tmp_path}/pid; exec sleep 60"]}
    supervisor.stdin.write(json.dumps(order).encode() + b"\n")
    supervisor.stdin.flush()
    pid = _eventually_read(tmp_path / "pid")
    os.kill(int(pid), 0)
    supervisor.stdin.close()
    assert supervisor.wait(10) == 0
    assert not root.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_the_processes_see_none_of_the_users_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "real")
    root, lock = directory.make(tmp_path)
    supervisor = start_supervisor(root, lock)
    os.close(lock)
    assert supervisor.stdin
    order = {"name": "reader", "argv": ["/bin/sh", "-c", f"env > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/env"]}
    supervisor.stdin.write(json.dumps(order).encode() + b"\n")
    supervisor.stdin.flush()
    seen = _eventually_read(tmp_path / "env")
    supervisor.stdin.close()
    supervisor.wait(10)
    assert f"HOME={root}" in seen
    assert "TENCENTCLOUD" not in seen


def test_missing_programs_are_named_with_the_command_that_builds_them(tmp_path: Path) -> None:
    with pytest.raises(MissingBinariesError, match=r"No etcd, kwok, kube-apiserver.*make control-plane"):
        find({"XDG_CACHE_HOME": str(tmp_path)})


def test_the_kubeconfig_is_one_that_carries_all_it_needs() -> None:
    config = json.loads(credentials.kubeconfig("https://127.0.0.1:1", "word", "PEM"))
    assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:1"
    assert config["contexts"][0]["name"] == config["current-context"]
    assert config["users"][0]["user"] == {"token": "word"}


def _eventually_read(path: Path) -> str:
    deadline = time.monotonic() + 10
    while not path.exists() or not path.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return path.read_text()
