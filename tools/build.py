"""Build the control plane or the Pulumi engine once, from Go modules: `python3 -m tools.build control-plane|engine`.

Runs on any Python 3.11 before there is a virtual environment. What is already installed or built is left alone.
"""

import argparse
import fcntl
import json
import os
import re
import shutil
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

_UNREACHABLE = re.compile(
    r"dial tcp|no such host|connection (refused|reset)|i/o timeout|TLS handshake|proxyconnect|x509:|unexpected EOF"
    r"|network is unreachable|module lookup disabled|: 4\d\d |: 5\d\d |server misbehaving"
)
_GO_DIRECTIVE = re.compile(r"^go ([\d.]+)$", re.MULTILINE)
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")


class BuildError(Exception):
    """What stopped a build, and the way on, in words for the user."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build one target; 0 when every program of it is at hand, 1 when something stopped the build, 130 on Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.build", description=__doc__)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--cache", type=Path, help="where builds are kept (default: XDG_CACHE_HOME or ~/.cache)")
    given = parser.parse_args(arguments)
    try:
        build(given.target, (given.cache or default_cache()).absolute())
    except BuildError as stopped:
        sys.stderr.write(f"{stopped}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. What Go has compiled so far is kept; the next run goes on from there.\n")
        return 130
    return 0


def build(target: str, cache: Path) -> None:
    """Bring every program of a target onto this machine; raises BuildError."""
    located = locate(target, cache)
    for sentence in located.passed_over:
        _say(sentence)
    if located.to_build:
        _check_go(target, located.to_build)
        _announce(located.to_build, cache)
        for module in located.to_build:
            _build_module(module, cache)
        located = locate(target, cache)
    if target == "control-plane" and not definitions(cache):
        _check_go(target, [DEFINITIONS])
        _fetch_definitions(cache)
    homes = sorted({str(path.parent) for path in located.paths.values()})
    _say(f"{target} is ready: {', '.join(located.paths)}")
    for home in homes:
        _say(f"  {home}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _announce(modules: Sequence[Module], cache: Path) -> None:
    cores = os.cpu_count() or 1
    minutes = sum(module.build_seconds for module in modules) / cores / 60
    parts = ", ".join(f"{module.name} {module.version_text}" for module in modules)
    _say(f"Building {parts} from source, once: about {max(1, round(minutes))} min on {cores} cores, and the download.")
    _say(f"  kept in {cache / 'tools'}")


def _check_go(target: str, modules: Sequence[Module]) -> None:
    way_on = _way_on(target)
    for module in modules:
        needed = _GO_DIRECTIVE.search((module.directory / "go.mod").read_text(encoding="utf-8"))
        if not needed:
            raise BuildError(f"{module.directory / 'go.mod'} names no Go version.")
        needs = f"{module.name} needs Go {needed[1]} or newer (https://go.dev/doc/install)"
        if not shutil.which("go"):
            raise BuildError(f"Go is not on PATH: {needs}. {way_on}")
        # Run in the module's directory, `go` fetches the toolchain that go.mod asks for where GOTOOLCHAIN allows it.
        version = _go_version(module, way_on)
        if _numbers(version) < _numbers(needed[1]):
            raise BuildError(f"{version} is too old: {needs}. GOTOOLCHAIN=auto lets it fetch one itself. {way_on}")


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def _way_on(target: str) -> str:
    programs = [(program.name, module) for module in TARGETS[target] for program in module.programs]
    wanted = ", ".join(f"{name} {module.wanted}" for name, module in programs)
    place = "PATH" if target == "engine" else "PATH or into KUBEBUILDER_ASSETS"
    return f"Or put {wanted} on {place}. `make demo` and `make test` need none of this."


def _environment() -> dict[str, str]:
    """The user's own, with all that decides what is built held fixed."""
    kept = {name: value for name, value in os.environ.items() if name not in {"GOOS", "GOARCH", "GOEXPERIMENT"}}
    return {**kept, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false", "GOWORK": "off"}


def _go_version(module: Module, way_on: str) -> str:
    asked = subprocess.run(
        ["go", "env", "GOVERSION"],
        cwd=module.directory,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        raise _failure(module, asked.stderr, way_on)
    return asked.stdout.strip()


def _build_module(module: Module, cache: Path) -> None:
    way_on = _way_on("engine" if module in TARGETS["engine"] else "control-plane")

    def compile_into(partial: Path) -> None:
        packages = [program.package for program in module.programs]
        _go(module, f"{module.name}: modules fetched", ["list", "-deps", *packages], way_on)
        for program in module.programs:
            _go(module, f"{program.name}: built", _build_arguments(module, program, partial), way_on)

    _fill(module, cache, way_on, compile_into)


def _fetch_definitions(cache: Path) -> None:
    """Copy the custom resource definitions out of their modules; raises BuildError."""
    way_on = _way_on("control-plane")

    def copy_into(partial: Path) -> None:
        started = time.monotonic()
        asked = subprocess.run(
            ["go", "mod", "download", "-json", *(folder.module for folder in DEFINITION_FOLDERS)],
            cwd=DEFINITIONS.directory,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.returncode:
            raise _failure(DEFINITIONS, asked.stderr or asked.stdout, way_on)
        places = {each["Path"]: Path(each["Dir"]) for each in _documents(asked.stdout)}
        for folder in DEFINITION_FOLDERS:
            (partial / folder.name).mkdir()
            _copy_definitions(places[folder.module] / folder.path, partial / folder.name)
        _say(f"  custom resource definitions: fetched in {time.monotonic() - started:.0f} s")

    _fill(DEFINITIONS, cache, way_on, copy_into)


def _fill(module: Module, cache: Path, way_on: str, make: Callable[[Path], None]) -> None:
    """Have `make` fill a folder, which then appears in the cache as the module's build, with the checksums that every
    later use holds it against; nothing happens where it is there already. Raises BuildError."""
    store = cache / "tools"
    home = store / f"{module.key}-{_go_version(module, way_on)}"
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
    return ["build", "-v", "-ldflags", module.linker_flags, "-o", str(into / program.name), program.package]


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


def _go(module: Module, done: str, arguments: Sequence[str], way_on: str) -> None:
    """Run one go command and show that it lives; raises BuildError."""
    started = time.monotonic()
    # A file and not a pipe: nobody reads while go runs, and a pipe would fill up.
    with tempfile.TemporaryFile() as log:
        go = subprocess.Popen(
            ["go", *arguments], cwd=module.directory, env=_environment(), stdout=subprocess.DEVNULL, stderr=log
        )
        try:
            while True:
                try:
                    go.wait(HEARTBEAT)
                    break
                except subprocess.TimeoutExpired:
                    compiled = sum(not line.startswith("go: ") for line in _read(log.fileno()).splitlines())
                    _say(f"    {time.monotonic() - started:4.0f} s, {compiled} packages compiled")
        finally:
            if go.poll() is None:
                go.terminate()
                go.wait()
        said = _read(log.fileno())
    if go.returncode:
        raise _failure(module, said, way_on)
    _say(f"  {done} in {time.monotonic() - started:.0f} s")


def _read(descriptor: int) -> str:
    # pread leaves the offset alone, which go writes at through the same open file.
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")


def _failure(module: Module, said: str, way_on: str) -> BuildError:
    lines = [_CREDENTIALS.sub("", line) for line in said.splitlines() if line.strip()]
    unreachable = next((line for line in lines if _UNREACHABLE.search(line)), None)
    if unreachable:
        asked = subprocess.run(["go", "env", "GOPROXY"], capture_output=True, text=True, check=False).stdout.strip()
        return BuildError(
            f"The Go module proxy (GOPROXY={_CREDENTIALS.sub('', asked)}) did not give {module.name}'s modules: "
            f"{unreachable.strip()}\nSet GOPROXY to a proxy that this machine reaches. {way_on}"
        )
    return BuildError("\n".join([f"Go could not build {module.name}:", *lines[-8:], way_on]))


if __name__ == "__main__":
    sys.exit(main())
