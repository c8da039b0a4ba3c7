"""Brings a model's files into the shared store, checks them, and only then writes the marker that servers wait for.

Runs in the engine's image, which has ModelScope's and Hugging Face's Python APIs; beyond these it uses the standard
library of Python 3.10 alone. Configured by environment variables (see `read_request`). Exit code 0: the model is
complete; 1: it failed, and another run goes on where this one stopped; 2: no further run can succeed.
"""

import contextlib
import errno
import hashlib
import importlib
import inspect
import json
import logging
import os
import re
import shutil
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

DONE, FAILED, HOPELESS = 0, 1, 2

PAUSES = (5, 30, 120)
"""Seconds between the attempts of one run; the Job's own restarts come on top."""

REPORT_SECONDS = 60
GIB = 1 << 30
LARGEST_HEADER = 100_000_000
"""Bytes; the limit that the safetensors format sets for its header."""
WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".gguf")
NOT_THERE = {
    *("RepositoryNotFoundError", "GatedRepoError", "DisabledRepoError", "RevisionNotFoundError"),
    *("NotExistError", "AuthenticationError", "PermissionDeniedError"),
}
"""Exceptions of both hubs (by name, for the classes have moved between releases) that say that the repository or
revision does not exist or may not be read."""
REFUSED = (401, 403, 404)
"""What ModelScope answers then; its clients hide it. Hugging Face's store says 403 to an address that has expired."""
FULL = re.compile("|".join(map(os.strerror, (errno.ENOSPC, errno.EDQUOT))))
HF_BOOKS = Path(".cache", "huggingface", "download")
"""Where Hugging Face's client keeps, below the model, a file of metadata for each file: commit, etag, time."""
ORPHAN = re.compile(r"\.[0-9a-f]{8}\.incomplete")  # half a file that this client, from 1.x on, never looks for again
LOCK, HELD = ".lock", set[Path]()
LOCK_BEATS = 10  # signs of life within the time after which a lock counts as left behind

log = logging.getLogger("download-model")
T = TypeVar("T")


class DamagedError(Exception):
    """Files are missing or broken; fetching again may mend it."""


class HopelessError(Exception):
    """Nothing that a further run could change."""


@dataclass(frozen=True)
class Request:
    """What is to be in the store. `size` is the expected number of bytes, 0 where unknown. `elastic`: the store grows
    as it is filled, so that its free space says nothing. `lock_seconds`: a run that gave no sign of life for so long
    has ended (beyond the minute for which NFS may show an old time)."""

    source: str
    repository: str
    revision: str | None
    directory: Path
    marker: Path
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    size: int
    elastic: bool
    workers: int
    lock_seconds: float

    def identity(self) -> dict[str, Any]:
        """What decides which files belong to the model."""
        return {
            "source": self.source,
            "repository": self.repository,
            "revision": self.revision,
            "include": list(self.include),
            "exclude": list(self.exclude),
        }


def read_request(environ: Mapping[str, str]) -> Request:
    """Read the request from environment variables.

    Raises:
        HopelessError: a variable is missing or malformed.
    """

    def read(name: str, parse: Callable[[str], T], default: str | None = None) -> T:
        try:
            return parse(environ[name] if default is None else environ.get(name, default))
        except KeyError as error:
            raise HopelessError(f"environment variable {name} is not set") from error
        except ValueError as error:
            raise HopelessError(f"environment variable {name}: {error}") from error

    return Request(
        source=read("MODEL_SOURCE", str),
        repository=read("MODEL_REPOSITORY", str),
        revision=read("MODEL_REVISION", str, "") or None,
        directory=read("MODEL_DIRECTORY", Path),
        marker=read("MODEL_MARKER", Path),
        include=tuple(read("MODEL_INCLUDE", json.loads, "[]")),
        exclude=tuple(read("MODEL_EXCLUDE", json.loads, "[]")),
        size=read("MODEL_BYTES", int, "0"),
        elastic=read("MODEL_STORE_ELASTIC", str, "0") == "1",
        workers=read("MODEL_WORKERS", int, "8"),
        lock_seconds=read("MODEL_LOCK_SECONDS", float, "150"),
    )


def model_files(directory: Path) -> Iterator[Path]:
    """The model's own files: all but the hubs' hidden bookkeeping."""
    for folder, folders, names in os.walk(directory):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def bytes_present(directory: Path) -> int:
    """Bytes under the directory, unfinished files included."""
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                total += Path(folder, name).lstat().st_size
            except FileNotFoundError:
                continue
    return total


def is_complete(request: Request) -> bool:
    """Whether an earlier run finished this very request and all its files still have their sizes."""
    try:
        marker = json.loads(request.marker.read_text(encoding="utf-8"))
        files = marker.pop("files")
    except (OSError, ValueError, KeyError, AttributeError):
        return False
    if marker != request.identity():
        return False
    for name, size in files.items():
        path = request.directory / name
        if not path.is_file() or path.stat().st_size != size:
            log.warning("%s has changed since the model was completed", name)
            return False
    return True


def check_space(request: Request) -> None:
    """Refuse what cannot fit; where the store grows as it is filled, say only how it looks.

    Raises:
        HopelessError: the store has less room than the rest of the model needs.
    """
    needed = max(0, request.size - bytes_present(request.directory))
    free = shutil.disk_usage(request.directory).free
    if free >= needed:
        return
    short = f"the store has {free / GIB:.1f} GiB free, the model needs {needed / GIB:.1f} GiB more"
    if not request.elastic:
        raise HopelessError(short)
    log.warning("%s; going on, for this kind of store grows as it is filled", short)


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and all that led to it; in ModelScope's client `failed_files` holds those of single files."""
    while error is not None:
        yield error
        for each in getattr(error, "failed_files", {}).values():
            if isinstance(each, BaseException):
                yield from causes(each)
        error = error.__cause__ or error.__context__


def is_full(error: BaseException) -> bool:
    """Whether the store refused to take more. Xet's client, which is no Python, has the system's words alone."""
    return any(FULL.search(str(each)) for each in causes(error))


def is_refused(error: BaseException, source: str) -> bool:
    """Whether the hub says that there is no such thing, or that it is not for everyone."""
    for each in causes(error):
        if NOT_THERE & {cls.__name__ for cls in type(each).__mro__}:
            return True
        if source == "modelscope" and getattr(getattr(each, "response", None), "status_code", None) in REFUSED:
            return True
    return False


def fetch(request: Request) -> None:
    """Have the hub bring every file that is not there yet.

    Raises:
        DamagedError: files are missing.
        HopelessError: the hub says that there is no such repository or revision, or that it may not be read.
    """
    module = {"modelscope": "modelscope.hub.snapshot_download", "huggingface": "huggingface_hub"}.get(request.source)
    if module is None:
        raise HopelessError(f"unknown source {request.source!r}")
    try:
        snapshot_download = importlib.import_module(module).snapshot_download
    except ImportError as error:
        raise HopelessError(f"this image has no {module}: {error}") from error
    options: dict[str, Any] = {
        "local_dir": str(request.directory),
        "allow_patterns": list(request.include) or None,
        "ignore_patterns": list(request.exclude) or None,
    }
    if request.revision is not None:
        options["revision"] = request.revision
    # ModelScope has it since 1.21; the older images that Volta GPUs need may not.
    if "max_workers" in inspect.signature(snapshot_download).parameters:
        options["max_workers"] = request.workers
    # ModelScope's clients of the summer of 2026 return as if all were well when single files have failed.
    unsaid, faults = logging.Handler(logging.ERROR), list[str]()
    unsaid.emit = lambda record: faults.append(record.getMessage())
    logging.getLogger("modelscope_hub.download").addHandler(unsaid)
    try:
        snapshot_download(request.repository, **options)
    except Exception as error:
        if is_refused(error, request.source):
            raise HopelessError(f"{request.source} does not give out {request.repository}: {brief(error)}") from error
        raise
    if faults:
        raise DamagedError("; ".join(faults))


def safetensors_fault(path: Path) -> str | None:
    """Why a safetensors file cannot be whole: its header must parse and its tensors must end where the file ends."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > min(size - 8, LARGEST_HEADER):
            return "header is cut off"
        try:
            header = json.loads(stream.read(length))
            end = max((each["data_offsets"][1] for key, each in header.items() if key != "__metadata__"), default=0)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            return "header is no JSON"
    expected = 8 + length + end
    return None if size == expected else f"{size} bytes instead of {expected}"


def digests(directory: Path) -> dict[Path, str]:
    """What each file's digest must be, as far as Hugging Face's client has noted it: SHA-256 of large files, Git's of
    others. That client compares sizes alone; ModelScope's compares digests by itself."""
    books = directory / HF_BOOKS
    found = {}
    for path in books.rglob("*.metadata"):
        lines = path.read_text(encoding="utf-8").split()
        if len(lines) > 1 and re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", lines[1]):
            found[directory / path.relative_to(books).with_suffix("")] = lines[1]
    return found


def has_digest(path: Path, expected: str) -> bool:
    """Whether a file has this SHA-256, or this digest of a Git blob."""
    blob = f"blob {path.stat().st_size}\0".encode()
    digest = hashlib.sha256() if len(expected) == 64 else hashlib.sha1(blob, usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(1 << 22):
            digest.update(block)
    return digest.hexdigest() == expected


def verify(request: Request) -> dict[str, int]:
    """Check that the model is whole and return its files with their sizes in bytes. Broken files are removed, for the
    hubs would take them as done.

    Raises:
        DamagedError: a file is missing or broken.
    """
    files = list(model_files(request.directory))
    names = {path.relative_to(request.directory).as_posix() for path in files}
    expected = digests(request.directory)
    with ThreadPoolExecutor(request.workers) as pool:
        whole = list(pool.map(lambda path: path not in expected or has_digest(path, expected[path]), files))
    faults = []
    for path, good in zip(files, whole, strict=True):
        if not good:
            faults.append(f"{path.name}: its digest is not the hub's")
            path.unlink()
        elif path.suffix == ".safetensors" and (fault := safetensors_fault(path)):
            faults.append(f"{path.name}: {fault}")
            path.unlink()
        elif path.name.endswith(".index.json"):
            folder = path.parent.relative_to(request.directory)
            missing = {(folder / shard).as_posix() for shard in shards(path)} - names
            faults += [f"{shard} is missing" for shard in sorted(missing)]
    if not any(name.endswith(WEIGHTS) for name in names):
        faults.append("there are no weight files")
    if not {"config.json", "adapter_config.json"} & names and not any(name.endswith(".gguf") for name in names):
        faults.append("config.json is missing")
    if faults:
        raise DamagedError("; ".join(faults[:5]) + (f"; and {len(faults) - 5} more" if len(faults) > 5 else ""))
    return {path.relative_to(request.directory).as_posix(): path.stat().st_size for path in files}


def shards(index: Path) -> set[str]:
    """The files that a weight index names.

    Raises:
        DamagedError: the index is broken (and is removed).
    """
    try:
        return set(json.loads(index.read_text(encoding="utf-8")).get("weight_map", {}).values())
    except (ValueError, AttributeError) as error:
        index.unlink()
        raise DamagedError(f"{index.name} is no weight index") from error


def hand_over(directory: Path) -> None:
    """Let every user read: the server runs under another one, and a store may map groups."""
    for folder, _, names in os.walk(directory):
        Path(folder).chmod(0o755)
        for name in names:
            Path(folder, name).chmod(0o644)


def write_marker(request: Request, files: Mapping[str, int]) -> None:
    """Write the marker in one step, so that no server ever sees half of it."""
    draft = request.marker.with_name(f"{request.marker.name}.{os.getpid()}")
    draft.write_text(json.dumps({**request.identity(), "files": files}, indent=1), encoding="utf-8")
    draft.chmod(0o644)
    draft.replace(request.marker)


def brief(error: BaseException) -> str:
    """An error in one line, without the token and without the signatures of presigned addresses."""
    text = str(error) if isinstance(error, DamagedError) else f"{type(error).__name__}: {error}"
    text = " ".join(text.split())
    token = os.environ.get("HF_TOKEN")
    if token:
        text = text.replace(token, "***")
    return re.sub(r"\?\S+", "?…", text)[:500]


def report(request: Request, stop: threading.Event) -> None:
    """Say once a minute how far the download is."""
    before, since = bytes_present(request.directory), time.monotonic()
    while not stop.wait(REPORT_SECONDS):
        now, moment = bytes_present(request.directory), time.monotonic()
        share = f" of {request.size / GIB:.1f}" if request.size else ""
        speed = (now - before) / 1e6 / (moment - since)
        log.info("%.1f%s GiB here, %.0f MB/s", now / GIB, share, speed)
        before, since = now, moment


@contextlib.contextmanager
def alone(request: Request) -> Iterator[None]:
    """Hold the model's folder: a pod on a node that is cut off may still write when its successor starts. NFS without
    its lock service makes a new file for one client only, so the lock is a file, whose time its holder keeps moving."""
    path, token, over = request.directory / LOCK, uuid.uuid4().hex, threading.Event()
    while path not in HELD:
        try:
            with path.open("x", encoding="utf-8") as lock:
                lock.write(token)
            HELD.add(path)
        except FileExistsError:
            wait_for(path, request.lock_seconds)
    signs = threading.Thread(target=beat, args=(path, token, request.lock_seconds / LOCK_BEATS, over), daemon=True)
    signs.start()
    try:
        yield
    finally:
        over.set()
        signs.join()
        give_back()


def give_back() -> None:
    while HELD:
        HELD.pop().unlink(missing_ok=True)


def wait_for(path: Path, seconds: float) -> None:
    """Wait until a lock is given back, or remove one that shows no life for so many seconds of our own clock."""
    log.info("another run is at work on this model; waiting for it")
    seen, since = None, time.monotonic()
    while path.exists():
        with contextlib.suppress(FileNotFoundError):
            now = path.read_text(encoding="utf-8"), path.stat().st_mtime
            if now != seen:
                seen, since = now, time.monotonic()
        if time.monotonic() - since > seconds:
            log.warning("it gave no sign of life for %.0f s; going on where it stopped", seconds)
            path.unlink(missing_ok=True)
        time.sleep(seconds / LOCK_BEATS)


def beat(path: Path, token: str, seconds: float, over: threading.Event) -> None:
    """Move the lock's time until `over`; end the process where another run took the lock for left behind."""
    while not over.wait(seconds):
        # A store that hangs for a while is no reason; the next beat shows.
        with contextlib.suppress(OSError):
            if not path.exists() or path.read_text(encoding="utf-8") != token:
                log.error("another run took this model over")
                os._exit(FAILED)
            os.utime(path)


def attempt(request: Request) -> None:
    """Fetch, verify, hand over and mark, once."""
    stop = threading.Event()
    reporter = threading.Thread(target=report, args=(request, stop), daemon=True)
    reporter.start()
    try:
        fetch(request)
    finally:
        stop.set()
        reporter.join()
    files = verify(request)
    hand_over(request.directory)
    write_marker(request, files)
    log.info("complete: %d files, %.1f GiB", len(files), sum(files.values()) / GIB)


def download(request: Request, sleep: Callable[[float], None]) -> None:
    """Bring the model into the store, trying again after transient failures.

    Raises:
        HopelessError: no further run can succeed.
        Exception: whatever the last attempt failed with.
    """
    if is_complete(request):
        log.info("%s is complete already in %s", request.repository, request.directory)
        return
    request.directory.mkdir(parents=True, exist_ok=True)
    with alone(request):
        if is_complete(request):
            log.info("%s was completed by another run", request.repository)
            return
        # A marker of another request must not vouch for files that are about to change.
        request.marker.unlink(missing_ok=True)
        for path in filter(lambda path: ORPHAN.search(path.name), (request.directory / HF_BOOKS).rglob("*")):
            path.unlink()
        check_space(request)
        log.info("downloading %s from %s into %s", request.repository, request.source, request.directory)
        attempts(request, sleep)


def attempts(request: Request, sleep: Callable[[float], None]) -> None:
    """Try until it succeeds, and give up as `download` says."""
    for pause in (*PAUSES, None):
        try:
            attempt(request)
        except HopelessError:
            raise
        except Exception as error:
            if is_full(error):
                here = f"{bytes_present(request.directory) / GIB:.1f} GiB of the model are in it"
                raise HopelessError(f"the store is full, {here}; enlarge it and run `pulumi up` again") from error
            if pause is None:
                raise
            log.warning("%s; trying again in %d s", brief(error), pause)
            sleep(pause)
        else:
            return


def main(environ: Mapping[str, str] = os.environ, sleep: Callable[[float], None] = time.sleep) -> int:
    """Run one download and return the exit code."""
    os.umask(0o022)
    try:
        download(read_request(environ), sleep)
    except HopelessError as error:
        log.error("giving up: %s", error)  # noqa: TRY400  one line, no traceback
        return HOPELESS
    except Exception as error:  # noqa: BLE001  whatever a hub raises ends in one line
        log.error("failed: %s", brief(error))  # noqa: TRY400
        return FAILED
    return DONE


def run() -> None:
    """The program: logs to stdout, in lines, and exits."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    # As PID 1 it would ignore SIGTERM. Threads of a hub are not waited for: the next run goes on where they stopped.
    signal.signal(signal.SIGTERM, lambda *_: (give_back(), os._exit(128 + signal.SIGTERM)))
    sys.exit(main())


if __name__ == "__main__":
    run()
