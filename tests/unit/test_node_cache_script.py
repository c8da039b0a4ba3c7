"""The script that keeps models' files on a node's disk, with folders for the store, the disk and a server's pod."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Mapping
from pathlib import Path

import pytest

from components.workloads.scripts import download_model, node_cache
from components.workloads.scripts.node_cache import choose, fill
from planner.serving.downloads import MARKER

SCRIPT = Path(node_cache.__file__)
NAME, OTHER = "Qwen--Qwen2.5-7B@main", "Qwen--Qwen2.5-0.5B@main"
WEIGHTS = {"config.json": b"{}", "model-1.safetensors": b"first", "deeper/model-2.safetensors": b"second"}
MONTH = 30.0
Disk = namedtuple("Disk", "total used free")


def stored(store: Path, name: str = NAME, files: Mapping[str, bytes] = WEIGHTS, *, whole: bool = True) -> Path:
    """A model as the download leaves it, with a hub's bookkeeping beside it."""
    for path, content in {**files, ".cache/huggingface/download/notes": b"a hub's"}.items():
        (store / name / path).parent.mkdir(parents=True, exist_ok=True)
        (store / name / path).write_bytes(content)
    if whole:
        marker = {"source": "huggingface", "files": {path: len(content) for path, content in files.items()}}
        (store / name / MARKER).write_text(json.dumps(marker))
    return store / name


def noted(model: Path, file: str, digest: str) -> None:
    """The digest of a file, as Hugging Face's client notes it."""
    path = model / download_model.HF_BOOKS / f"{file}.metadata"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"commit\n{digest}\n1.0\n")


def aged(path: Path, days: float) -> Path:
    path.mkdir(exist_ok=True)
    moment = time.time() - days * node_cache.DAY
    os.utime(path, (moment, moment))
    return path


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "store").mkdir()
    return tmp_path / "store"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


@pytest.fixture
def links(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def filled(store: Path, cache: Path, *names: str) -> list[str]:
    return fill(store, cache, list(names or (NAME,)), MONTH, 0.0)


def test_the_marker_is_that_of_the_download() -> None:
    assert node_cache.MARKER == MARKER
    assert node_cache.BOOKS == download_model.HF_BOOKS


def test_a_model_that_is_whole_in_the_store_is_copied_without_the_hubs_notes(store: Path, cache: Path) -> None:
    stored(store)
    assert filled(store, cache) == []
    copied = {path.relative_to(cache / NAME).as_posix() for path in (cache / NAME).rglob("*") if path.is_file()}
    assert copied == {*WEIGHTS, MARKER}
    assert (cache / NAME / "deeper/model-2.safetensors").read_bytes() == b"second"


def test_nothing_is_copied_before_the_download_is_done(store: Path, cache: Path) -> None:
    stored(store, whole=False)
    assert filled(store, cache) == [NAME]
    assert list(cache.iterdir()) == []


def test_a_server_reads_a_whole_copy_and_else_the_store(store: Path, cache: Path, links: Path) -> None:
    stored(store)
    assert choose(store, cache, links, [NAME]) == []
    assert (links / NAME).readlink() == store / NAME
    filled(store, cache)
    assert choose(store, cache, links, [NAME]) == [NAME]
    assert (links / NAME).readlink() == cache / NAME
    assert (links / NAME / "config.json").read_bytes() == b"{}"


@pytest.mark.parametrize("damage", ["a file is gone", "a file is short", "no marker", "the store has another"])
def test_a_copy_that_is_not_what_the_store_has_is_not_read_and_is_made_anew(
    store: Path, cache: Path, links: Path, damage: str
) -> None:
    stored(store)
    filled(store, cache)
    match damage:
        case "a file is gone":
            (cache / NAME / "config.json").unlink()
        case "a file is short":
            (cache / NAME / "model-1.safetensors").write_bytes(b"f")
        case "no marker":
            (cache / NAME / MARKER).unlink()
        case _:
            stored(store, files={**WEIGHTS, "config.json": b"{...}"})
    assert choose(store, cache, links, [NAME]) == []
    assert filled(store, cache) == []
    assert choose(store, cache, links, [NAME]) == [NAME]


@pytest.mark.parametrize("fault", ["short", "digest"])
def test_what_is_not_as_the_download_noted_is_never_a_copy(
    store: Path, cache: Path, links: Path, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    model = stored(store)
    if fault == "short":
        (model / "model-1.safetensors").write_bytes(b"f")
    else:
        noted(model, "model-1.safetensors", hashlib.sha256(b"something else").hexdigest())
    assert filled(store, cache) == [NAME]
    assert list(cache.iterdir()) == []
    assert "servers read the store" in caplog.text
    assert choose(store, cache, links, [NAME]) == []


def test_a_file_with_the_digest_that_the_hub_gave_is_copied(store: Path, cache: Path) -> None:
    noted(stored(store), "model-1.safetensors", hashlib.sha256(b"first").hexdigest())
    assert filled(store, cache) == []


def test_half_a_copy_that_a_pod_left_behind_is_made_anew(store: Path, cache: Path, links: Path) -> None:
    stored(store)
    half = cache / f"{NAME}{node_cache.HALF}"
    half.mkdir()
    (half / "left-behind").write_text("of another run")
    assert choose(store, cache, links, [NAME]) == []
    filled(store, cache)
    assert not half.exists()
    assert not (cache / NAME / "left-behind").exists()


def test_a_copy_that_is_whole_is_not_made_again(store: Path, cache: Path) -> None:
    stored(store)
    filled(store, cache)
    before = (cache / NAME / "config.json").stat().st_mtime_ns
    filled(store, cache)
    assert (cache / NAME / "config.json").stat().st_mtime_ns == before


def test_one_model_that_fails_keeps_no_other_from_being_copied(store: Path, cache: Path) -> None:
    (stored(store) / "model-1.safetensors").unlink()
    stored(store, OTHER)
    assert filled(store, cache, NAME, OTHER) == [NAME]
    assert (cache / OTHER).is_dir()


def test_what_nobody_named_for_long_goes_and_what_is_named_stays(store: Path, cache: Path) -> None:
    stored(store)
    filled(store, cache)
    aged(cache / NAME, MONTH + 1)
    aged(cache / "old", MONTH + 1)
    aged(cache / "recent", MONTH - 1)
    filled(store, cache)
    assert {path.name for path in cache.iterdir()} == {NAME, "recent"}


def disk(monkeypatch: pytest.MonkeyPatch, cache: Path, total: int) -> None:
    """A disk of so many bytes, of which each folder in the cache takes ten."""
    monkeypatch.setattr(
        node_cache.shutil, "disk_usage", lambda _: Disk(total, 0, total - 10 * len(list(cache.iterdir())))
    )


def test_where_the_disk_is_full_the_longest_unused_makes_room(
    store: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(store)
    for name, days in (("older", 3), ("old", 2)):
        aged(cache / name, days)
    # The model's 13 bytes and the 5 that stay free do not fit beside both.
    disk(monkeypatch, cache, 35)
    assert fill(store, cache, [NAME], MONTH, 0.15) == []
    assert {path.name for path in cache.iterdir()} == {NAME, "old"}


def test_what_was_named_today_makes_no_room_for_a_replica_may_start_again_from_it(
    store: Path, cache: Path, links: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(store)
    aged(cache / "replaced", 0.5)
    disk(monkeypatch, cache, 25)
    assert fill(store, cache, [NAME], MONTH, 0.15) == [NAME]
    assert (cache / "replaced").is_dir()
    assert choose(store, cache, links, [NAME]) == []


def test_a_disk_without_room_is_said_and_servers_read_the_store(
    store: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stored(store)
    disk(monkeypatch, cache, 10)
    assert fill(store, cache, [NAME], MONTH, 0.15) == [NAME]
    assert "no room" in caplog.text


def test_a_folder_that_is_not_ready_yet_is_tried_again(store: Path, cache: Path) -> None:
    stored(store)
    cache.rmdir()
    assert filled(store, cache) == [NAME]
    cache.mkdir()
    assert filled(store, cache) == []


def test_without_a_folder_on_the_node_a_server_reads_the_store(store: Path, cache: Path, links: Path) -> None:
    stored(store)
    cache.rmdir()
    assert choose(store, cache, links, [NAME]) == []


def test_a_server_that_starts_again_chooses_again(store: Path, cache: Path, links: Path) -> None:
    stored(store)
    for _ in range(2):
        choose(store, cache, links, [NAME])
    assert (links / NAME).is_symlink()


def test_the_container_fills_stays_and_goes_when_it_is_told_to(store: Path, cache: Path) -> None:
    stored(store)
    command = [sys.executable, str(SCRIPT), "fill", str(store), str(cache), "30", "0", NAME]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert f"{NAME}: 0.0 GB copied" in process.stdout.readline()
        assert process.stdout.readline() == "still to come: nothing\n"
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def test_the_container_that_chooses_ends_well_with_and_without_a_copy(store: Path, cache: Path, links: Path) -> None:
    stored(store)
    command = [sys.executable, str(SCRIPT), "choose", str(store), str(cache), str(links), NAME]
    for _ in range(2):
        assert subprocess.run(command, check=False, capture_output=True).returncode == 0
        filled(store, cache)
    assert (links / NAME).readlink() == cache / NAME
