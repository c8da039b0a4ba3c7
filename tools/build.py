"""Build the control plane, the Pulumi engine or the controllers once, from Go modules: `python3 -m tools.build TARGET`.

Runs on any Python 3.11 before there is a virtual environment. What is already installed or built is left alone.
"""

import argparse
import fcntl
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.binaries import (
    DEFINITION_FOLDERS,
    DEFINITIONS,
    SUMS,
    TARGETS,
    GoProgram,
    Module,
    checksums,
    default_cache,
    definitions,
    is_whole,
    locate,
)

HEARTBEAT = 20.0
"""Seconds between signs of life of a running build."""

ENOUGH_TO_MEASURE = 45.0
"""Seconds of CPU time from which on the pace so far says more than the number of cores."""

_UNREACHABLE = re.compile(
    r"dial tcp|no such host|connection (refused|reset)|i/o timeout|TLS handshake|proxyconnect|x509:|unexpected EOF"
    r"|network is unreachable|module lookup disabled|: 4\d\d |: 5\d\d |server misbehaving"
)
_GO_DIRECTIVE = re.compile(r"^go ([\d.]+)$", re.MULTILINE)
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")


class BuildError(Exception):
    """What stopped a build, and the way on, in words for the user."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build targets; 0 when every program of them is at hand, 1 when something stopped the build, 130 on Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.build", description=__doc__)
    parser.add_argument("targets", nargs="+", choices=TARGETS)
    parser.add_argument("--cache", type=Path, help="where builds are kept (default: XDG_CACHE_HOME or ~/.cache)")
    given = parser.parse_args(arguments)
    try:
        build(given.targets, (given.cache or default_cache()).absolute())
    except BuildError as stopped:
        sys.stderr.write(f"{stopped}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. What Go has compiled so far is kept; the next run goes on from there.\n")
        return 130
    return 0


def build(targets: Sequence[str], cache: Path) -> None:
    """Bring every program of some targets onto this machine; raises BuildError."""
    work: list[Module] = []
    # In the order of TARGETS: whoever waits for one of several waits no longer than for it alone.
    for target in (target for target in TARGETS if target in targets):
        located = locate(target, cache)
        for sentence in located.passed_over:
            _say(sentence)
        work += located.to_build
        if target == "control-plane" and not definitions(cache):
            work.append(DEFINITIONS)
    _check_go(work)
    progress = Progress([module for module in work if module is not DEFINITIONS])
    if progress.waiting:
        _announce(progress.waiting, cache)
    for module in work:
        if module is DEFINITIONS:
            _fetch_definitions(cache)
        else:
            _build_module(module, cache, progress)
    for target in targets:
        paths = locate(target, cache).paths
        _say(f"{target} is ready: {', '.join(paths)}")
        for home in sorted({str(path.parent) for path in paths.values()}):
            _say(f"  {home}")


class Progress:
    """How many of several modules are built, and how long the others take at the pace so far."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self.waiting = list(modules)
        self._all = len(modules)
        self._began = time.monotonic()
        self._seconds = self._cpu_seconds = self._told_seconds = 0.0

    def ran(self, seconds: float, cpu_seconds: float) -> None:
        """A command of go for the first of `waiting` took so long, and so much CPU time."""
        self._seconds += seconds
        self._cpu_seconds += cpu_seconds

    def built(self) -> None:
        """The first of `waiting` is."""
        self._told_seconds += self.waiting.pop(0).build_seconds
        self._began = time.monotonic()

    def __str__(self) -> str:
        first, *others = (module.build_seconds * self._pace for module in self.waiting)
        seconds = max(0.0, first - (time.monotonic() - self._began)) + sum(others)
        return f"{self._all - len(self.waiting)} of {self._all} modules built, about {_minutes(seconds)} min left"

    @property
    def _pace(self) -> float:
        """Seconds that pass for one of `build_seconds`, by what is built. Where others want the cores too it is more
        than the cores tell, and less CPU time than told was taken where go had compiled some of it before."""
        done = min(self._cpu_seconds, self._told_seconds)
        return self._seconds / done if done >= ENOUGH_TO_MEASURE else 1 / (os.cpu_count() or 1)


def _minutes(seconds: float) -> int:
    return max(1, round(seconds / 60))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _announce(modules: Sequence[Module], cache: Path) -> None:
    cores = os.cpu_count() or 1
    seconds = sum(module.build_seconds for module in modules)
    parts = ", ".join(f"{module.name} {module.version_text}" for module in modules)
    _say(
        f"Building {parts} from source, once: {_minutes(seconds)} min of CPU time, so about {_minutes(seconds / cores)}"
        f" min on {cores} cores that do nothing else, and the download."
    )
    _say(f"  kept in {cache / 'tools'}")


def _check_go(modules: Sequence[Module]) -> None:
    for module in modules:
        needed = _GO_DIRECTIVE.search((module.directory / "go.mod").read_text(encoding="utf-8"))
        if not needed:
            raise BuildError(f"{module.directory / 'go.mod'} names no Go version.")
        needs = f"{module.name} needs Go {needed[1]} or newer (https://go.dev/doc/install)"
        if not shutil.which("go"):
            raise BuildError(f"Go is not on PATH: {needs}. {_way_on(module)}")
        # Run in the module's directory, `go` fetches the toolchain that go.mod asks for where GOTOOLCHAIN allows it.
        version = _go_version(module)
        if _numbers(version) < _numbers(needed[1]):
            raise BuildError(
                f"{version} is too old: {needs}. GOTOOLCHAIN=auto lets it fetch one itself. {_way_on(module)}"
            )


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def _way_on(module: Module) -> str:
    target = next((target for target, modules in TARGETS.items() if module in modules), "control-plane")
    wanted = ", ".join(
        f"{program.name} {each.wanted}"
        for each in TARGETS[target]
        for program in each.programs
        if program.version_arguments is not None
    )
    place = "PATH" if target == "engine" else "PATH or into KUBEBUILDER_ASSETS"
    instead = f"Or put {wanted} on {place}. " if wanted else ""
    return f"{instead}`make demo` and `make test` need none of this."


def _environment() -> dict[str, str]:
    """The user's own, with all that decides what is built held fixed."""
    kept = {name: value for name, value in os.environ.items() if name not in {"GOOS", "GOARCH", "GOEXPERIMENT"}}
    return {**kept, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false", "GOWORK": "off"}


def _go_version(module: Module) -> str:
    return _ask_go(module, ["env", "GOVERSION"]).strip()


def _ask_go(module: Module, arguments: Sequence[str]) -> str:
    """What go prints in the module's directory; raises BuildError."""
    asked = subprocess.run(
        ["go", *arguments],
        cwd=module.directory,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        raise _failure(module, asked.stderr or asked.stdout)
    return asked.stdout


def _build_module(module: Module, cache: Path, progress: Progress) -> None:
    def compile_into(into: Path) -> None:
        # In its own folder of Go's module cache, from which go builds as from any other and writes nothing into.
        source = _download(module, [module.upstream])[module.upstream] if module.in_place else module.directory
        packages = [program.package for program in module.programs]
        _go(
            module,
            source,
            progress,
            f"{module.name}: modules fetched",
            ["list", "-deps", "-tags", module.tags, *packages],
        )
        for program in module.programs:
            _go(module, source, progress, f"{program.name}: built", _build_arguments(module, program, into))

    _fill(module, cache, compile_into)
    progress.built()
    if progress.waiting:
        _say(f"  {progress}")


def _fetch_definitions(cache: Path) -> None:
    """Copy the custom resource definitions out of their modules; raises BuildError."""

    def copy_into(into: Path) -> None:
        started = time.monotonic()
        places = _download(DEFINITIONS, [folder.module for folder in DEFINITION_FOLDERS])
        for folder in DEFINITION_FOLDERS:
            (into / folder.name).mkdir()
            _copy_definitions(places[folder.module] / folder.path, into / folder.name)
        _say(f"  custom resource definitions: fetched in {time.monotonic() - started:.0f} s")

    _fill(DEFINITIONS, cache, copy_into)


def _download(module: Module, wanted: Sequence[str]) -> dict[str, Path]:
    """The folders of modules that a go.mod of ours requires, held against its go.sum; raises BuildError."""
    told = _ask_go(module, ["mod", "download", "-json", *wanted])
    return {each["Path"]: Path(each["Dir"]) for each in _documents(told)}


def _fill(module: Module, cache: Path, make: Callable[[Path], None]) -> None:
    """Have `make` fill a folder, which then appears in the cache as the module's build, with the checksums that every
    later use holds it against; nothing happens where it is there already. Raises BuildError."""
    store = cache / "tools"
    home = store / f"{module.key}-{_go_version(module)}"
    with _locked(store, module):
        if is_whole(home):
            return
        shutil.rmtree(home, ignore_errors=True)
        for left_over in store.glob(f"{module.name}.partial-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        partial = Path(tempfile.mkdtemp(prefix=f"{module.name}.partial-", dir=store))
        try:
            make(partial)
            (partial / SUMS).write_text(checksums(partial), encoding="utf-8")
            partial.chmod(0o755)
            partial.rename(home)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _copy_definitions(source: Path, into: Path) -> None:
    """Copy what is a custom resource definition; raises BuildError where there is none."""
    found = {file.name: file.read_bytes() for file in source.glob("*.yaml")}
    wanted = {name: text for name, text in found.items() if b"kind: CustomResourceDefinition" in text}
    if not wanted:
        raise BuildError(f"{source} holds no custom resource definitions.")
    for name, text in wanted.items():
        (into / name).write_bytes(text)


def _documents(text: str) -> Iterator[dict[str, str]]:
    """The JSON objects that stand one after the other in a text."""
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        document, end = decoder.raw_decode(text)
        yield document
        text = text[end:]


def _build_arguments(module: Module, program: GoProgram, into: Path) -> list[str]:
    # The linker drops what debuggers want; not making it takes a fifth off a cold build (etcd, side by side).
    flags = ["-gcflags=all=-dwarf=false", "-ldflags", module.linker_flags, "-tags", module.tags]
    return ["build", "-v", *flags, "-o", str(into / program.name), program.package]


@contextmanager
def _locked(store: Path, module: Module) -> Iterator[None]:
    """Hold the module's lock: of two builds at once the second waits, and then finds the work done."""
    try:
        store.mkdir(parents=True, exist_ok=True)
        handle = (store / f"{module.name}.lock").open("a")
    except OSError as refused:
        raise BuildError(
            f"The cache cannot be written: {refused}. Set XDG_CACHE_HOME to a directory that can."
        ) from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(f"  {module.name}: another build is running, waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _go(module: Module, source: Path, progress: Progress, done: str, arguments: Sequence[str]) -> None:
    """Run one go command in a folder and show that it lives; raises BuildError."""
    started, cpu_before = time.monotonic(), _cpu_seconds()
    # A file and not a pipe: nobody reads while go runs, and a pipe would fill up.
    with tempfile.TemporaryFile() as log:
        go = subprocess.Popen(["go", *arguments], cwd=source, env=_environment(), stdout=subprocess.DEVNULL, stderr=log)
        try:
            while True:
                try:
                    go.wait(HEARTBEAT)
                    break
                except subprocess.TimeoutExpired:
                    compiled = sum(not line.startswith("go: ") for line in _read(log.fileno()).splitlines())
                    _say(f"    {time.monotonic() - started:4.0f} s, {compiled} packages compiled; {progress}")
        finally:
            if go.poll() is None:
                go.terminate()
                go.wait()
        said = _read(log.fileno())
    if go.returncode:
        raise _failure(module, said)
    took, cpu_took = time.monotonic() - started, _cpu_seconds() - cpu_before
    progress.ran(took, cpu_took)
    _say(f"  {done} in {took:.0f} s, {cpu_took:.0f} s of CPU time")


def _cpu_seconds() -> float:
    """What the commands that have ended took, with all that they started."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _read(descriptor: int) -> str:
    # pread leaves the offset alone, which go writes at through the same open file.
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")


def _failure(module: Module, said: str) -> BuildError:
    lines = [_CREDENTIALS.sub("", line) for line in said.splitlines() if line.strip()]
    unreachable = next((line for line in lines if _UNREACHABLE.search(line)), None)
    if unreachable:
        asked = subprocess.run(["go", "env", "GOPROXY"], capture_output=True, text=True, check=False).stdout.strip()
        return BuildError(
            f"The Go module proxy (GOPROXY={_CREDENTIALS.sub('', asked)}) did not give {module.name}'s modules: "
            f"{unreachable.strip()}\nSet GOPROXY to a proxy that this machine reaches. {_way_on(module)}"
        )
    return BuildError("\n".join([f"Go could not build {module.name}:", *lines[-8:], _way_on(module)]))


if __name__ == "__main__":
    # So that who ends this ends go as well.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
