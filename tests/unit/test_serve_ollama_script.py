"""The script that starts Ollama and loads its model, run with an Ollama that does as it is told."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from planner.engines.ollama import SERVE
from tests.unit.test_pull_ollama_script import free_port

FAKE = f"""#!{sys.executable}
import http.server, json, os, pathlib, sys, time
folder = pathlib.Path(os.environ["FAKE"])
(folder / "calls").open("a").write(" ".join(sys.argv[1:]) + "\\n")
class Ollama(http.server.BaseHTTPRequestHandler):
    def answer(self, status):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"{{}}")
    def do_GET(self):
        if self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            for _ in range(20):
                self.wfile.write(b"word ")
                self.wfile.flush()
                time.sleep(0.1)
            return
        self.answer(200 if self.path == "/api/version" else 404)
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        (folder / "asked").write_text(self.path + " " + json.dumps(asked))
        while not (folder / "load").exists():
            time.sleep(0.02)
        self.answer(int((folder / "load").read_text()))
    def log_message(self, *_): pass
if os.environ.get("CRASH"):
    sys.exit(3)
port = int(os.environ["OLLAMA_HOST"].split(":")[1])
http.server.ThreadingHTTPServer(("0.0.0.0", port), Ollama).serve_forever()
"""
LOADED, REFUSED = "200", "500"


@dataclass
class Served:
    """The script at work; `load` says how the fake Ollama's load ends."""

    folder: Path
    process: "subprocess.Popen[str]"

    @property
    def loaded(self) -> bool:
        """What the startup probe sees."""
        return (self.folder / "loaded").exists()

    @property
    def asked(self) -> str:
        path = self.folder / "asked"
        return path.read_text() if path.exists() else ""

    def load(self, status: str) -> None:
        (self.folder / "status").write_text(status)
        (self.folder / "status").rename(self.folder / "load")


def until(seen: Callable[[], object]) -> None:
    """Wait for it; a minute is more than enough on a busy machine."""
    end = time.monotonic() + 60
    while not seen():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "ollama"
    fake.write_text(FAKE)
    fake.chmod(0o755)
    started: list[subprocess.Popen[str]] = []

    def start(**variables: str) -> Served:
        environ = {
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "FAKE": str(tmp_path),
            "OLLAMA_HOST": f"0.0.0.0:{free_port()}",
            **variables,
        }
        process = subprocess.Popen(
            ["bash", "-c", SERVE, "serve-ollama", "tiny:1b", str(tmp_path / "loaded"), variables.get("DRAIN", "30")],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return Served(tmp_path, process)

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_it_is_ready_when_the_model_is_loaded_and_not_before(serve: Callable[..., Served]):
    served = serve()
    until(lambda: served.asked)
    assert served.asked == '/api/generate {"model": "tiny:1b"}'
    assert not served.loaded
    served.load(LOADED)
    until(lambda: served.loaded)
    assert served.process.poll() is None


def test_what_an_earlier_container_left_does_not_count(serve: Callable[..., Served], tmp_path: Path):
    (tmp_path / "loaded").touch()
    served = serve()
    until(lambda: served.asked)
    assert not served.loaded


def test_a_model_that_cannot_be_loaded_ends_the_container(serve: Callable[..., Served]):
    served = serve()
    served.load(REFUSED)
    output, _ = served.process.communicate(timeout=60)
    assert served.process.returncode != 0
    assert "tiny:1b cannot be loaded" in output
    assert not served.loaded


def test_it_ends_as_ollama_does(serve: Callable[..., Served]):
    served = serve(CRASH="1")
    served.process.communicate(timeout=60)
    assert served.process.returncode == 3


def test_a_signal_to_stop_reaches_ollama(serve: Callable[..., Served]):
    served = serve()
    served.load(LOADED)
    until(lambda: served.loaded)
    served.process.send_signal(signal.SIGTERM)
    served.process.communicate(timeout=60)
    assert served.process.returncode is not None
    assert (served.folder / "calls").read_text() == "serve\n"


def test_an_answer_that_is_open_when_the_pod_stops_ends_whole(serve: Callable[..., Served], tmp_path: Path):
    port = free_port()
    served = serve(OLLAMA_HOST=f"0.0.0.0:{port}")
    served.load(LOADED)
    until(lambda: served.loaded)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/slow", timeout=30) as answer:
        assert answer.read(5) == b"word "
        served.process.send_signal(signal.SIGTERM)
        assert answer.read() == b"word " * 19
    served.process.wait(30)


def test_a_client_that_never_leaves_does_not_keep_the_pod(serve: Callable[..., Served], tmp_path: Path):
    port = free_port()
    served = serve(OLLAMA_HOST=f"0.0.0.0:{port}", DRAIN="1")
    served.load(LOADED)
    until(lambda: served.loaded)
    with socket.create_connection(("127.0.0.1", port)):
        served.process.send_signal(signal.SIGTERM)
        served.process.wait(30)
