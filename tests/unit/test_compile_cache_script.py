"""The script that hands what an engine compiled to the next replica, with folders for a store and for two pods."""

import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from components.workloads.scripts import compile_cache

SCRIPT = Path(compile_cache.__file__)
MONTH = 30


def compiled(folder: Path) -> Path:
    """What an engine leaves: kernels, notes with a key in them, and what a hub's client downloaded."""
    for name, text in {
        "vllm/torch_compile_cache/abc/rank_0_0/backbone/graph": "code",
        "vllm/torch_compile_cache/abc/rank_0_0/backbone/cache_key_factors.json": '{"VLLM_API_KEY": "sk-secret"}',
        "triton/0/kernel.so": "machine code",
        "huggingface/token": "hf-secret",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "store").mkdir()
    return tmp_path / "store" / "0123456789abcdef.tar"


def test_the_next_replica_finds_what_the_first_compiled(store: Path, tmp_path: Path) -> None:
    assert compile_cache.keep(store, compiled(tmp_path / "first"))
    assert compile_cache.bring(store, tmp_path / "second")
    assert (tmp_path / "second/triton/0/kernel.so").read_text() == "machine code"
    assert (tmp_path / "second/vllm/torch_compile_cache/abc/rank_0_0/backbone/graph").read_text() == "code"


def test_no_secret_gets_into_the_store(store: Path, tmp_path: Path) -> None:
    """vLLM notes its variables beside what it compiles, in some releases with the API key (0.29.0, envs.py)."""
    compile_cache.keep(store, compiled(tmp_path / "first"))
    assert b"secret" not in store.read_bytes()


def test_without_an_archive_a_replica_compiles_by_itself(store: Path, tmp_path: Path) -> None:
    assert not compile_cache.bring(store, tmp_path / "first")
    assert not (tmp_path / "first").exists()


@pytest.mark.parametrize("damage", [b"", b"no archive at all", None], ids=["empty", "garbage", "cut off"])
def test_a_broken_archive_is_taken_away_and_leaves_nothing_in_the_pod(
    store: Path, tmp_path: Path, damage: bytes | None
) -> None:
    compile_cache.keep(store, compiled(tmp_path / "first"))
    store.write_bytes(store.read_bytes()[:1500] if damage is None else damage)
    assert not compile_cache.bring(store, tmp_path / "second")
    assert not (tmp_path / "second").exists()
    assert not store.exists()


def test_an_archive_reaches_no_file_outside_its_folder(store: Path, tmp_path: Path) -> None:
    evil = tmp_path / "evil"
    evil.write_text("owned")
    with tarfile.open(store, "w") as packed:
        packed.add(evil, "../outside")
    assert not compile_cache.bring(store, tmp_path / "second")
    assert not (tmp_path / "outside").exists()


def test_a_second_replica_does_not_pack_what_the_first_has_packed(store: Path, tmp_path: Path) -> None:
    compile_cache.keep(store, compiled(tmp_path / "first"))
    before = store.stat()
    assert not compile_cache.keep(store, compiled(tmp_path / "second"))
    assert store.stat().st_mtime_ns == before.st_mtime_ns


def test_a_store_that_takes_nothing_stops_nobody(tmp_path: Path) -> None:
    nowhere = tmp_path / "missing" / "0123456789abcdef.tar"
    assert not compile_cache.keep(nowhere, compiled(tmp_path / "first"))


def test_what_nobody_used_for_long_is_taken_away_and_what_is_used_stays(store: Path, tmp_path: Path) -> None:
    old, half = store.with_name("old.tar"), store.with_name(".old.tar.pod-1.part")
    compile_cache.keep(store, compiled(tmp_path / "first"))
    for path in (old, half):
        path.write_bytes(b"")
    long_ago = time.time() - (MONTH + 1) * compile_cache.DAY
    for path in (store, old, half):
        os.utime(path, (long_ago, long_ago))
    compile_cache.bring(store, tmp_path / "second")
    assert sorted(compile_cache.clear(store.parent, MONTH)) == [half.name, old.name]
    assert store.exists()


class Engine(BaseHTTPRequestHandler):
    status = 503

    def do_GET(self) -> None:
        self.send_response(type(self).status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the base class
        """Say nothing."""


@pytest.fixture
def engine() -> Iterator[HTTPServer]:
    Engine.status = 503
    server = HTTPServer(("127.0.0.1", 0), Engine)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_the_engine_is_asked_whether_it_serves(engine: HTTPServer) -> None:
    url = f"http://127.0.0.1:{engine.server_port}/health"
    assert not compile_cache.serves(url)
    Engine.status = 200
    assert compile_cache.serves(url)
    assert not compile_cache.serves("http://127.0.0.1:1/health")


def test_the_container_keeps_once_the_engine_serves_and_goes_when_it_is_told_to(
    engine: HTTPServer, store: Path, tmp_path: Path
) -> None:
    Engine.status = 200
    health = f"http://127.0.0.1:{engine.server_port}/health"
    command = [sys.executable, str(SCRIPT), "keep", str(store), str(compiled(tmp_path / "first")), health, str(MONTH)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("kept ")
        assert store.exists()
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def test_the_container_that_brings_ends_well_with_and_without_an_archive(store: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "bring", str(store), str(tmp_path / "second")]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    compile_cache.keep(store, compiled(tmp_path / "first"))
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    assert (tmp_path / "second/triton/0/kernel.so").exists()
