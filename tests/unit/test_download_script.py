"""The download Job's script, against hubs that we play."""

import errno
import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from components.workloads.scripts import download_model as script

Fetch = Callable[[Path], None]


def shard(size: int) -> bytes:
    """A safetensors file with one tensor of `size` bytes."""
    header = json.dumps({"__metadata__": {"format": "pt"}, "w": {"dtype": "U8", "data_offsets": [0, size]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(size)


MODEL = {
    "config.json": b"{}",
    "tokenizer/merges.txt": b"a b",
    "model-00001-of-00002.safetensors": shard(100),
    "model-00002-of-00002.safetensors": shard(200),
    "model.safetensors.index.json": json.dumps(
        {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    ).encode(),
}


def put(directory: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


class FakeClient:
    """A hub that fetches what is not there, and does what `script` says, call by call, before it does so."""

    def __init__(self, files: dict[str, bytes] = MODEL) -> None:
        self.files = dict(files)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.mishaps: list[Fetch] = []

    def download(self, repository: str, options: dict[str, Any]) -> None:
        self.calls.append((repository, options))
        directory = Path(options["local_dir"])
        put(directory / ".cache", {"bookkeeping.json": b"{}"})
        if self.mishaps:
            self.mishaps.pop(0)(directory)
        put(directory, {name: content for name, content in self.files.items() if not (directory / name).exists()})

    def modelscope(
        self,
        model_id: str,
        revision: str | None = None,
        local_dir: str | None = None,
        allow_patterns: list[str] | None = None,
        ignore_patterns: list[str] | None = None,
    ) -> None:
        """As ModelScope had it before it knew `max_workers`."""
        self.download(
            model_id,
            {
                "revision": revision,
                "local_dir": local_dir,
                "allow_patterns": allow_patterns,
                "ignore_patterns": ignore_patterns,
            },
        )

    def huggingface(self, repo_id: str, *, max_workers: int = 8, **options: Any) -> None:
        self.download(repo_id, {**options, "max_workers": max_workers})


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    played = FakeClient()
    modules = {"modelscope.hub.snapshot_download": played.modelscope, "huggingface_hub": played.huggingface}
    for name, function in modules.items():
        module = ModuleType(name)
        module.__dict__["snapshot_download"] = function
        monkeypatch.setitem(sys.modules, name, module)
    return played


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store" / "seven" / "main"


def environ(store: Path, **changes: str) -> dict[str, str]:
    return {
        "MODEL_SOURCE": "modelscope",
        "MODEL_REPOSITORY": "maker/seven",
        "MODEL_DIRECTORY": str(store),
        "MODEL_MARKER": str(store / ".complete"),
        "MODEL_EXCLUDE": '["*.pth"]',
        **changes,
    }


def run(store: Path, pauses: list[float] | None = None, **changes: str) -> int:
    waited = pauses if pauses is not None else []
    return script.main(environ(store, **changes), waited.append)


def fails(error: Exception) -> Fetch:
    def mishap(_: Path) -> None:
        raise error

    return mishap


def test_a_model_is_fetched_verified_and_marked_with_its_files_and_sizes(store: Path, hub: FakeClient) -> None:
    assert run(store) == script.DONE
    marker = json.loads((store / ".complete").read_text())
    assert marker == {
        "source": "modelscope",
        "repository": "maker/seven",
        "revision": None,
        "include": [],
        "exclude": ["*.pth"],
        "files": {name: len(content) for name, content in MODEL.items()},
    }
    assert hub.calls[0][1]["ignore_patterns"] == ["*.pth"]
    assert hub.calls[0][1]["allow_patterns"] is None


def test_a_second_run_does_not_ask_the_hub(store: Path, hub: FakeClient) -> None:
    run(store)
    assert run(store) == script.DONE
    assert len(hub.calls) == 1


def test_another_revision_takes_the_marker_away_before_it_touches_files(store: Path, hub: FakeClient) -> None:
    run(store)
    seen: list[bool] = []
    hub.mishaps = [lambda directory: seen.append((directory / ".complete").exists())]
    assert run(store, MODEL_REVISION="v2") == script.DONE
    assert seen == [False]
    assert hub.calls[-1][1]["revision"] == "v2"
    assert json.loads((store / ".complete").read_text())["revision"] == "v2"


def test_a_marked_model_that_lost_a_file_is_fetched_again(store: Path, hub: FakeClient) -> None:
    run(store)
    (store / "model-00002-of-00002.safetensors").unlink()
    assert run(store) == script.DONE
    assert len(hub.calls) == 2
    assert (store / "model-00002-of-00002.safetensors").stat().st_size == len(shard(200))


def test_a_marker_that_is_no_json_does_not_count(store: Path, hub: FakeClient) -> None:
    put(store, {".complete": b"{"})
    assert run(store) == script.DONE
    assert len(hub.calls) == 1


def test_an_interrupted_download_is_tried_again_and_keeps_what_was_there(store: Path, hub: FakeClient) -> None:
    def break_off(directory: Path) -> None:
        put(directory, {"config.json": MODEL["config.json"]})
        raise ConnectionError("reset by peer")

    hub.mishaps = [break_off]
    pauses: list[float] = []
    assert run(store, pauses) == script.DONE
    assert pauses == [script.PAUSES[0]]
    assert len(hub.calls) == 2


def test_a_run_that_keeps_failing_ends_with_one_line_and_no_marker(
    store: Path, hub: FakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    hub.mishaps = [fails(ConnectionError("reset\nby peer"))] * (len(script.PAUSES) + 1)
    assert run(store) == script.FAILED
    assert caplog.messages[-1] == "failed: ConnectionError: reset by peer"
    assert not (store / ".complete").exists()


def test_the_next_run_goes_on_after_a_failed_one(store: Path, hub: FakeClient) -> None:
    hub.mishaps = [fails(ConnectionError("gone"))] * (len(script.PAUSES) + 1)
    run(store)
    assert run(store) == script.DONE


def test_a_truncated_shard_is_removed_and_fetched_again(
    store: Path, hub: FakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    name = "model-00001-of-00002.safetensors"
    put(store, {name: shard(100)[:-1]})
    assert run(store) == script.DONE
    assert len(hub.calls) == 2
    assert f"{name}: {len(shard(100)) - 1} bytes instead of {len(shard(100))}" in caplog.text


@pytest.mark.parametrize(
    "content",
    [b"", b"1234567", (200).to_bytes(8, "little") + b"{}", (4).to_bytes(8, "little") + b"nope"],
    ids=["empty", "shorter than its length field", "header cut off", "header no JSON"],
)
def test_a_shard_without_a_whole_header_is_not_accepted(store: Path, hub: FakeClient, content: bytes) -> None:
    hub.files["model-00002-of-00002.safetensors"] = content
    assert run(store) == script.FAILED
    assert not (store / ".complete").exists()


def test_a_shard_that_the_index_names_must_be_there(
    store: Path, hub: FakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    del hub.files["model-00002-of-00002.safetensors"]
    assert run(store) == script.FAILED
    assert "model-00002-of-00002.safetensors is missing" in caplog.messages[-1]
    assert not (store / ".complete").exists()


def test_an_index_in_a_subfolder_speaks_of_its_own_folder(store: Path, hub: FakeClient) -> None:
    index = json.dumps({"weight_map": {"a": "part.safetensors"}}).encode()
    hub.files |= {"extra/model.safetensors.index.json": index, "extra/part.safetensors": shard(5)}
    assert run(store) == script.DONE


def test_a_broken_index_is_removed_and_fetched_again(store: Path, hub: FakeClient) -> None:
    put(store, {"model.safetensors.index.json": b"[1,"})
    assert run(store) == script.DONE
    assert len(hub.calls) == 2


@pytest.mark.parametrize("missing", ["config.json", "*.safetensors"])
def test_a_model_needs_a_configuration_and_weights(store: Path, hub: FakeClient, missing: str) -> None:
    hub.files = {
        name: content for name, content in MODEL.items() if not Path(name).match(missing) and "index" not in name
    }
    assert run(store) == script.FAILED


def test_the_marker_is_written_only_after_verification(
    store: Path, hub: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def verify(request: script.Request) -> dict[str, int]:
        seen.append(request.marker.exists())
        raise script.DamagedError("not yet")

    monkeypatch.setattr(script, "verify", verify)
    assert run(store) == script.FAILED
    assert seen
    assert not any(seen)
    assert not (store / ".complete").exists()


def test_the_tree_is_readable_for_the_servers_user(store: Path, hub: FakeClient) -> None:
    run(store)
    for path in [store, *store.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o755 if path.is_dir() else 0o644), path
    assert stat.S_IMODE(store.parent.stat().st_mode) == 0o755


def test_hugging_face_gets_workers_and_patterns(store: Path, hub: FakeClient) -> None:
    assert run(store, MODEL_SOURCE="huggingface", MODEL_WORKERS="3", MODEL_INCLUDE='["*.json"]') == script.DONE
    assert hub.calls[0][1]["max_workers"] == 3
    assert hub.calls[0][1]["allow_patterns"] == ["*.json"]


def test_a_repository_that_does_not_exist_is_not_asked_for_again(
    store: Path, hub: FakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    class RepositoryNotFoundError(Exception):
        pass

    class GatedError(RepositoryNotFoundError):
        pass

    hub.mishaps = [fails(GatedError("401 Client Error"))]
    assert run(store) == script.HOPELESS
    assert len(hub.calls) == 1
    assert "does not give out maker/seven" in caplog.messages[-1]


def test_a_refusal_that_a_client_wraps_is_seen(store: Path, hub: FakeClient) -> None:
    """ModelScope's clients since 1.38 raise requests' HTTPError from their own errors; older ones have its status."""

    class PermissionDeniedError(Exception):
        pass

    class HTTPError(Exception):
        response = type("Response", (), {"status_code": 404})

    wrapped = ValueError("no")
    wrapped.__cause__ = PermissionDeniedError("403")
    for error in (wrapped, HTTPError("404")):
        hub.mishaps = [fails(error)]
        assert run(store) == script.HOPELESS
    hub.mishaps = [fails(HTTPError("404 of a store behind Hugging Face"))]
    assert run(store, MODEL_SOURCE="huggingface") == script.DONE


@pytest.mark.parametrize(
    "digest", [hashlib.sha256(MODEL["config.json"]).hexdigest(), "9e26dfeeb6e641a33dae4961196235bdb965b21b"]
)
def test_a_file_that_is_not_what_hugging_face_s_client_noted_is_fetched_again(
    store: Path, hub: FakeClient, caplog: pytest.LogCaptureFixture, digest: str
) -> None:
    """The second digest is that of `git hash-object` for a file of two bytes, `{}`."""
    put(store, {"config.json": b"[]"})
    put(store / script.HF_BOOKS, {"config.json.metadata": f"{'5' * 40}\n{digest}\n1700000000.0\n".encode()})
    assert run(store, MODEL_SOURCE="huggingface") == script.DONE
    assert (store / "config.json").read_bytes() == MODEL["config.json"]
    assert "config.json: its digest is not the hub's" in caplog.text


def test_half_files_that_no_client_looks_for_again_are_removed_and_others_are_kept(
    store: Path, hub: FakeClient
) -> None:
    orphan, resumable = "a.sha.0123abcd.incomplete", f"a.{'0' * 64}.incomplete"
    put(store / script.HF_BOOKS, {orphan: b"half", resumable: b"half"})
    assert run(store) == script.DONE
    assert [path.name for path in (store / script.HF_BOOKS).iterdir()] == [resumable]


def test_a_lock_that_shows_no_life_is_taken_over_and_given_back(
    store: Path, hub: FakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    put(store, {script.LOCK: b"somebody"})
    with caplog.at_level("INFO"):
        assert run(store, MODEL_LOCK_SECONDS="0.2") == script.DONE
    assert "gave no sign of life" in caplog.text
    assert not (store / script.LOCK).exists()


def test_a_run_waits_for_another_and_then_finds_the_model_complete(
    store: Path, hub: FakeClient, tmp_path: Path
) -> None:
    put(store, {script.LOCK: b"somebody"})
    waiting: list[int] = []
    thread = threading.Thread(target=lambda: waiting.append(run(store, MODEL_LOCK_SECONDS="30")))
    thread.start()
    put(store, MODEL)
    done = {name: len(content) for name, content in MODEL.items()}
    script.write_marker(script.read_request(environ(store)), done)
    (store / script.LOCK).unlink()
    thread.join(20)
    assert waiting == [script.DONE]
    assert hub.calls == []


def test_a_model_that_does_not_fit_is_not_begun(
    store: Path, hub: FakeClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(script.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 5 * script.GIB}))
    assert run(store, MODEL_BYTES=str(14 * script.GIB)) == script.HOPELESS
    assert hub.calls == []
    assert "5.0 GiB free, the model needs 14.0 GiB more" in caplog.messages[-1]


def test_a_store_that_grows_is_filled_however_little_room_it_shows(
    store: Path, hub: FakeClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(script.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10 * script.GIB}))
    with caplog.at_level("WARNING"):
        assert run(store, MODEL_BYTES=str(14 * script.GIB), MODEL_STORE_ELASTIC="1") == script.DONE
    assert "10.0 GiB free, the model needs 14.0 GiB more; going on" in caplog.text


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        RuntimeError("Data processing error: I/O error: No space left on device (os error 28)"),
    ],
    ids=["full", "over its quota", "as Xet's client says it"],
)
def test_a_full_store_ends_the_job_and_says_what_to_do(
    store: Path, hub: FakeClient, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def mishap(directory: Path) -> None:
        put(directory, {"part": bytes(1000)})
        raise ValueError("some file failed") from error

    hub.mishaps = [mishap]
    assert run(store, MODEL_STORE_ELASTIC="1") == script.HOPELESS
    assert len(hub.calls) == 1
    assert "the store is full" in caplog.messages[-1]
    assert "run `pulumi up` again" in caplog.messages[-1]


def test_what_is_there_already_counts_when_room_is_looked_for(
    store: Path, hub: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, {".cache/part.incomplete": bytes(1000)})
    monkeypatch.setattr(script.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 100}))
    assert run(store, MODEL_BYTES="1100") == script.DONE


@pytest.mark.parametrize(
    ("variable", "value"), [("MODEL_SOURCE", "floppy"), ("MODEL_WORKERS", "many"), ("MODEL_INCLUDE", "[")]
)
def test_a_request_that_makes_no_sense_is_hopeless(
    store: Path, hub: FakeClient, caplog: pytest.LogCaptureFixture, variable: str, value: str
) -> None:
    assert script.main(environ(store, **{variable: value})) == script.HOPELESS
    assert value in caplog.messages[-1] or variable in caplog.messages[-1]


def test_an_image_without_the_hubs_library_is_hopeless(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert run(store, MODEL_SOURCE="huggingface") == script.HOPELESS


def test_neither_the_token_nor_a_signed_address_reaches_the_log(
    store: Path, hub: FakeClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_sesame")
    error = ConnectionError("bearer hf_sesame refused by https://cdn.example/file?Signature=abc123")
    hub.mishaps = [fails(error)] * (len(script.PAUSES) + 1)
    assert run(store) == script.FAILED
    assert "cdn.example/file" in caplog.text
    assert "sesame" not in caplog.text
    assert "abc123" not in caplog.text


def test_the_download_says_how_far_it_is(
    store: Path, hub: FakeClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(script, "REPORT_SECONDS", 0.01)
    caplog.set_level("INFO")

    def slow(directory: Path) -> None:
        put(directory, {"half": bytes(10)})
        while "GiB here" not in caplog.text:
            script.time.sleep(0.005)

    hub.mishaps = [slow]
    assert run(store, MODEL_BYTES=str(script.GIB)) == script.DONE
    assert "of 1.0 GiB here" in caplog.text


def start(store: Path, library: Path, source: str) -> subprocess.Popen[str]:
    """The script as the Job starts it, with `source` as the library of Hugging Face."""
    put(library, {"huggingface_hub.py": source.encode()})
    return subprocess.Popen(
        [sys.executable, script.__file__],
        env={**environ(store, MODEL_SOURCE="huggingface"), "PYTHONPATH": str(library)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_run_without_a_request_names_the_variable_and_exits_with_its_own_code() -> None:
    done = subprocess.run([sys.executable, script.__file__], env={}, capture_output=True, text=True, check=False)
    assert done.returncode == script.HOPELESS
    assert done.stdout.endswith("ERROR giving up: environment variable MODEL_SOURCE is not set\n")
    assert done.stderr == ""


def test_sigterm_ends_a_download_at_once(store: Path, tmp_path: Path) -> None:
    running = start(store, tmp_path / "library", "import time\nsnapshot_download = lambda *_, **__: time.sleep(60)\n")
    assert running.stdout is not None
    assert "downloading maker/seven" in running.stdout.readline()
    running.terminate()
    running.communicate(timeout=10)
    assert running.returncode == 128 + signal.SIGTERM
