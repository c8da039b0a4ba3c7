"""The script that pulls a model of Ollama's registry, run with an Ollama that does as it is told."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.workloads.model_download import Script, marker_path, script_for, settings_env
from components.workloads.scripts import download_model
from tests.components.plans import DOWNLOAD

SCRIPT = Path(download_model.__file__).parent / "pull_ollama.sh"
DONE, FAILED, HOPELESS = 0, 1, 2

FAKE = f"""#!{sys.executable}
import hashlib, http.server, json, os, pathlib, sys, time
folder = pathlib.Path(os.environ["FAKE"])
behaviour = json.loads((folder / "behaviour.json").read_text())
verb = sys.argv[1]
with (folder / "calls").open("a") as calls:
    calls.write(verb + "\\n")
if verb == "serve":
    if behaviour.get("serve") == "crashes":
        sys.exit("Error: listen tcp: address already in use")
    host, port = os.environ["OLLAMA_HOST"].split(":")
    class Version(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            good = self.path == "/api/version"
            self.send_response(200 if good else 404)
            self.end_headers()
            self.wfile.write(b'{{"version": "0"}}')
        def log_message(self, *_): pass
    time.sleep(behaviour.get("delay", 0))
    http.server.HTTPServer((host, int(port)), Version).serve_forever()
results = behaviour["pull"]
tried = (folder / "calls").read_text().count("pull")
result = results[min(tried, len(results)) - 1]
if result not in ("whole", "cut", "slow"):
    print("pulling manifest\\r\\x1b[K", end="")
    sys.exit("Error: " + result)
if result == "slow":
    (folder / "slow").touch()
    time.sleep(60)
models = pathlib.Path(os.environ["OLLAMA_MODELS"])
layers = []
(models / "blobs").mkdir(parents=True, exist_ok=True)
for content in (b"weights" * 1000, b"template"):
    digest = hashlib.sha256(content).hexdigest()
    layers.append({{"mediaType": "application/x", "digest": "sha256:" + digest, "size": len(content)}})
    blob = models / "blobs" / ("sha256-" + digest)
    if not blob.exists():
        blob.write_bytes(content[:-1] if result == "cut" else content)
        blob.chmod(0o600)
manifest = models / "manifests" / "registry.ollama.ai" / "library" / "tiny" / "1b"
manifest.parent.mkdir(parents=True, exist_ok=True)
manifest.write_text(json.dumps({{"schemaVersion": 2, "config": layers[1], "layers": layers[:1]}}))
"""


@dataclass
class Pull:
    """A store, and an Ollama whose answers are in `behaviour.json`."""

    folder: Path

    @property
    def directory(self) -> Path:
        return self.folder / "models" / "tiny-1b@main"

    @property
    def marker(self) -> Path:
        return self.directory / ".complete"

    @property
    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().split() if path.exists() else []

    def start(self, behaviour: Mapping[str, object], **variables: str) -> subprocess.Popen[str]:
        (self.folder / "behaviour.json").write_text(json.dumps(behaviour))
        environ = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "FAKE": str(self.folder),
            "HOME": str(self.folder / "home"),
            "MODEL_REPOSITORY": "tiny:1b",
            "MODEL_DIRECTORY": str(self.directory),
            "MODEL_MARKER": str(self.marker),
            "MODEL_BYTES": "7008",
            "OLLAMA_HOST": f"127.0.0.1:{free_port()}",
            "PULL_PAUSES": "0 0 0",
            "PULL_TICK": "0.05",
            **variables,
        }
        return subprocess.Popen(
            ["bash", str(SCRIPT)], env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def run(self, *results: str, **variables: str) -> tuple[int, str]:
        """Exit code and output of a run whose pulls end so, one after the other."""
        return self.run_with({"pull": results}, **variables)

    def run_with(self, behaviour: Mapping[str, object], **variables: str) -> tuple[int, str]:
        process = self.start(behaviour, **variables)
        output, _ = process.communicate(timeout=30)
        return process.returncode, output


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def pull(tmp_path: Path) -> Pull:
    for name in ("bin", "home", "models"):
        (tmp_path / name).mkdir()
    ollama = tmp_path / "bin" / "ollama"
    ollama.write_text(FAKE)
    ollama.chmod(0o755)
    return Pull(tmp_path)


def test_a_model_is_pulled_checked_and_marked(pull: Pull) -> None:
    code, output = pull.run("whole")
    assert code == DONE, output
    assert json.loads(pull.marker.read_text()) == {"source": "ollama", "repository": "tiny:1b"}
    assert pull.calls == ["serve", "pull"]


def test_the_pull_waits_until_the_server_answers(pull: Pull) -> None:
    code, output = pull.run_with({"pull": ["whole"], "delay": 0.4})
    assert code == DONE, output
    assert pull.calls == ["serve", "pull"]


def test_what_was_pulled_may_be_read_by_the_server_whoever_that_is(pull: Pull) -> None:
    pull.run("whole")
    for path in pull.directory.rglob("*"):
        wanted = 0o555 if path.is_dir() else 0o444
        assert path.stat().st_mode & wanted == wanted, path


def test_a_model_that_is_there_already_costs_no_pull_and_no_server(pull: Pull) -> None:
    pull.run("whole")
    code, output = pull.run("whole")
    assert (code, pull.calls) == (DONE, ["serve", "pull"])
    assert "complete already" in output


def test_a_pull_that_fails_is_tried_again(pull: Pull) -> None:
    code, output = pull.run("connection reset by peer", "connection reset by peer", "whole")
    assert code == DONE
    assert pull.calls.count("pull") == 3
    assert output.count("connection reset by peer; trying again") == 2


def test_attempts_are_bounded_and_the_last_failure_is_told(pull: Pull) -> None:
    code, output = pull.run("tls handshake timeout")
    assert code == FAILED
    assert pull.calls.count("pull") == 4
    assert output.splitlines()[-1].endswith("failed: Error: tls handshake timeout")
    assert not pull.marker.exists()


@pytest.mark.parametrize("why", ["pull model manifest: file does not exist", "it needs a newer version of Ollama"])
def test_what_no_further_run_can_change_ends_at_once(pull: Pull, why: str) -> None:
    code, output = pull.run(why)
    assert (code, pull.calls.count("pull")) == (HOPELESS, 1)
    assert why in output


def test_a_blob_that_is_cut_off_is_fetched_again(pull: Pull) -> None:
    code, output = pull.run("cut", "cut", "whole")
    assert code == DONE, output
    assert "bytes instead of" in output
    sizes = [path.stat().st_size for path in (pull.directory / "blobs").iterdir()]
    assert sorted(sizes) == [8, 7000]


def test_a_model_that_was_damaged_since_is_pulled_again(pull: Pull) -> None:
    pull.run("whole")
    digest = hashlib.sha256(b"template").hexdigest()
    (pull.directory / "blobs" / f"sha256-{digest}").unlink()
    code, _ = pull.run("whole")
    assert (code, pull.calls.count("pull")) == (DONE, 2)


def test_a_marker_of_another_model_vouches_for_nothing(pull: Pull) -> None:
    pull.run("whole")
    code, _ = pull.run("no such host", MODEL_REPOSITORY="tiny:7b")
    assert code == FAILED
    assert not pull.marker.exists()


def test_a_server_that_does_not_start_is_told_with_its_reason(pull: Pull) -> None:
    code, output = pull.run_with({"pull": ["whole"], "serve": "crashes"})
    assert code == FAILED
    assert "address already in use" in output
    assert "pull" not in pull.calls


def test_what_cannot_fit_is_not_begun(pull: Pull) -> None:
    code, output = pull.run("whole", MODEL_BYTES=str(1 << 60))
    assert (code, pull.calls) == (HOPELESS, [])
    assert "MB free" in output


def test_a_store_that_grows_is_filled_however_little_room_it_shows(pull: Pull) -> None:
    code, output = pull.run("whole", MODEL_BYTES=str(1 << 60), MODEL_STORE_ELASTIC="1")
    assert (code, pull.calls) == (DONE, ["serve", "pull"])
    assert "going on" in output


def test_a_full_store_ends_the_job_and_says_what_to_do(pull: Pull) -> None:
    code, output = pull.run("write /models/blobs/sha256-00-partial: no space left on device")
    assert (code, pull.calls.count("pull")) == (HOPELESS, 1)
    assert "the store is full" in output
    assert "run `pulumi up` again" in output


def test_the_job_can_be_stopped_while_it_pulls_and_leaves_no_marker(pull: Pull) -> None:
    process = pull.start({"pull": ["slow"]})
    deadline = time.monotonic() + 10
    while not (pull.folder / "slow").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 128 + signal.SIGTERM
    assert not pull.marker.exists()


def test_the_job_tells_the_script_what_it_reads() -> None:
    download = DOWNLOAD.__class__(**{**vars(DOWNLOAD), "source": "ollama", "repository": "tiny:1b"})
    told = dict(settings_env(download))
    assert script_for(download) == Script("pull_ollama.sh", "bash")
    assert told["MODEL_REPOSITORY"] == "tiny:1b"
    assert told["MODEL_MARKER"] == marker_path(download)
    assert told["MODEL_MARKER"].startswith(f"{told['MODEL_DIRECTORY']}/")
    assert {"MODEL_BYTES", "HOME"} <= told.keys()
    assert (DONE, FAILED, HOPELESS) == (download_model.DONE, download_model.FAILED, download_model.HOPELESS)
