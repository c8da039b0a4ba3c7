"""The programs that `tke-llm rehearse` runs beside itself, and where on this machine they are.

A program is taken from KUBEBUILDER_ASSETS, else from PATH, where its version serves; else from the cache that
`tools.build` fills. Versions stand in the go.mod files of this directory and nowhere else.
"""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

HERE = Path(__file__).resolve().parent
VERSION_TIMEOUT = 10.0
"""Seconds after which a program on PATH that does not tell its version is passed over."""

_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True)
class GoProgram:
    name: str
    package: str
    """Import path of its main package."""
    version_arguments: tuple[str, ...] | None = ("--version",)
    """None where no installed program stands in for the one that is built here."""


@dataclass(frozen=True)
class Module:
    """One Go module of this directory, and the programs that are built from it."""

    name: str
    directory: Path
    """Holds go.mod and go.sum."""
    upstream: str
    """Path of the module whose version is the programs' version."""
    programs: tuple[GoProgram, ...]
    build_seconds: int
    """CPU seconds of a cold build, without downloads, with Go 1.26 on amd64 where nothing else runs: it may be twice as
    much where others want the cores (etcd: 127 seconds beside ten other processes)."""
    version_variables: tuple[tuple[str, str], ...] = ()
    """Linker variables and their value; `{version}`, `{major}` and `{minor}` are filled in."""
    tags: str = ""
    """Build tags, with commas between them."""
    in_place: bool = False
    """Whether `upstream` is built in its own folder, so that the replace and exclude directives of its go.mod apply."""
    same: Literal["major", "minor"] = "major"
    """How close an installed program must be: of that major version and not older, or of exactly that minor version."""

    @cached_property
    def version(self) -> tuple[int, int, int]:
        """Raises ValueError where go.mod does not require `upstream`."""
        for line in (self.directory / "go.mod").read_text(encoding="utf-8").splitlines():
            words = line.removeprefix("require").split()
            if len(words) > 1 and words[0] == self.upstream:
                return parse_version(words[1])
        raise ValueError(f"{self.directory / 'go.mod'} does not require {self.upstream}")

    @property
    def version_text(self) -> str:
        return ".".join(map(str, self.version))

    @property
    def linker_flags(self) -> str:
        major, minor, _ = self.version
        filled = (
            (variable, value.format(version=f"v{self.version_text}", major=major, minor=minor))
            for variable, value in self.version_variables
        )
        return " ".join(["-s", "-w", *(f"-X {variable}={value}" for variable, value in filled)])

    @property
    def key(self) -> str:
        """Directory name in the cache, but for the Go version: it changes with all that a build takes in."""
        digest = hashlib.sha256()
        for part in (
            (self.directory / "go.mod").read_bytes(),
            (self.directory / "go.sum").read_bytes(),
            repr((self.linker_flags, self.tags, self.programs, sys.platform, platform.machine())).encode(),
        ):
            digest.update(hashlib.sha256(part).digest())
        return f"{self.name}-{self.version_text}-{digest.hexdigest()[:12]}"

    def serves(self, version: tuple[int, int, int]) -> bool:
        """Whether an installed program of this version can stand in for ours."""
        if self.same == "minor":
            return version[:2] == self.version[:2]
        return version[0] == self.version[0] and version >= (*self.version[:2], 0)

    @property
    def wanted(self) -> str:
        """The versions that serve, in words."""
        major, minor, _ = self.version
        return f"{major}.{minor}" if self.same == "minor" else f"{major}.{minor} or newer"


_COMPONENT_VERSION = "k8s.io/component-base/version"

CONTROL_PLANE = (
    Module(
        name="etcd",
        directory=HERE / "controlplane" / "etcd",
        upstream="go.etcd.io/etcd/server/v3",
        programs=(GoProgram("etcd", "go.etcd.io/etcd/server/v3"),),
        build_seconds=60,
    ),
    Module(
        name="kwok",
        directory=HERE / "controlplane" / "kwok",
        upstream="sigs.k8s.io/kwok",
        programs=(GoProgram("kwok", "sigs.k8s.io/kwok/cmd/kwok"),),
        build_seconds=115,
    ),
    Module(
        name="kubernetes",
        directory=HERE / "controlplane" / "kubernetes",
        upstream="k8s.io/kubernetes",
        programs=tuple(
            GoProgram(name, f"k8s.io/kubernetes/cmd/{name}")
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
        ),
        build_seconds=345,
        version_variables=(
            (f"{_COMPONENT_VERSION}.gitVersion", "{version}"),
            (f"{_COMPONENT_VERSION}.gitMajor", "{major}"),
            (f"{_COMPONENT_VERSION}.gitMinor", "{minor}"),
        ),
        same="minor",
    ),
)
ENGINE = (
    Module(
        name="pulumi",
        directory=HERE / "engine",
        upstream="github.com/pulumi/pulumi/pkg/v3",
        programs=(GoProgram("pulumi", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", ("version",)),),
        build_seconds=270,
        version_variables=(("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version", "{version}"),),
    ),
)


def _controller(name: str, upstream: str, build_seconds: int, packages: Mapping[str, str], tags: str = "") -> Module:
    """One module of controllers; what is rehearsed is what `catalog` installs, so none is taken from PATH.

    `build_seconds`: about half of what it took on cores that ten processes wanted, where etcd takes twice its own."""
    return Module(
        name=name,
        directory=HERE / "controllers" / name,
        upstream=upstream,
        programs=tuple(GoProgram(program, package, None) for program, package in packages.items()),
        build_seconds=build_seconds,
        tags=tags,
        in_place=True,
    )


CONTROLLERS = (
    _controller("lws", "sigs.k8s.io/lws", 125, {"lws-manager": "./cmd"}),
    _controller("envoy-gateway", "github.com/envoyproxy/gateway", 270, {"envoy-gateway": "./cmd/envoy-gateway"}),
    _controller("ratelimit", "github.com/envoyproxy/ratelimit", 40, {"ratelimit": "./src/service_cmd"}),
    _controller(
        "keda",
        "github.com/kedacore/keda/v2",
        600,
        {"keda-operator": "./cmd/operator", "keda-adapter": "./cmd/adapter"},
    ),
    _controller(
        "prometheus",
        "github.com/prometheus/prometheus",
        200,
        {"promtool": "./cmd/promtool", "prometheus": "./cmd/prometheus"},
        tags="remove_all_sd,enable_kubernetes_sd",
    ),
)
TARGETS: Mapping[str, tuple[Module, ...]] = {
    "control-plane": CONTROL_PLANE,
    "engine": ENGINE,
    "controllers": CONTROLLERS,
}
"""In the order of what is worth having first."""


@dataclass(frozen=True)
class Folder:
    """Custom resource definitions that a Go module carries: the YAML files of one of its folders."""

    name: str
    module: str
    path: str


DEFINITIONS = Module(
    name="definitions",
    directory=HERE / "controlplane" / "definitions",
    upstream="sigs.k8s.io/gateway-api",
    programs=(),
    build_seconds=0,
)
"""Nothing is compiled: the files of `DEFINITION_FOLDERS` are copied out of its modules."""
# Of the Gateway API the release and the channel that Envoy Gateway's chart brings (its crds/gatewayapi-crds.yaml).
DEFINITION_FOLDERS = (
    Folder("gateway-api", "sigs.k8s.io/gateway-api", "config/crd/experimental"),
    Folder("envoy-gateway", "github.com/envoyproxy/gateway", "charts/gateway-helm/charts/crds/crds/generated"),
    Folder("keda", "github.com/kedacore/keda/v2", "config/crd/bases"),
    Folder("lws", "sigs.k8s.io/lws", "config/crd/bases"),
    # The only release with this folder that Go's module proxy gives, older than what the catalogue installs.
    Folder(
        "prometheus-operator", "github.com/prometheus-operator/prometheus-operator", "example/prometheus-operator-crd"
    ),
)


@dataclass(frozen=True)
class Located:
    """Where each program of one target is."""

    paths: Mapping[str, Path]
    to_build: tuple[Module, ...]
    """Modules of which at least one program was not found."""
    passed_over: tuple[str, ...]
    """One sentence for each installed program whose version does not serve."""


def parse_version(text: str) -> tuple[int, int, int]:
    """The first x.y.z in the text; raises ValueError where there is none."""
    found = _VERSION.search(text)
    if not found:
        raise ValueError(f"no version in {text!r}")
    major, minor, patch = found.groups()
    return int(major), int(minor), int(patch)


def default_cache(environ: Mapping[str, str] = os.environ) -> Path:
    """XDG_CACHE_HOME/tke-llm, or ~/.cache/tke-llm."""
    base = environ.get("XDG_CACHE_HOME", "")
    # The XDG specification has relative paths ignored.
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "tke-llm"


def locate(target: str, cache: Path | None = None, environ: Mapping[str, str] = os.environ) -> Located:
    """Find the programs of a target; runs those that stand on PATH or in KUBEBUILDER_ASSETS to ask their version."""
    paths: dict[str, Path] = {}
    to_build: list[Module] = []
    passed_over: list[str] = []
    for module in TARGETS[target]:
        built = _built(module, cache or default_cache(environ))
        for program in module.programs:
            for candidate in _installed(program, environ):
                version = _ask_version(candidate, program)
                if version and module.serves(version):
                    paths[program.name] = candidate
                    break
                told = ".".join(map(str, version)) if version else "of unknown version"
                passed_over.append(f"{candidate} is {told}, and {module.wanted} is needed: it is not used.")
            else:
                if built:
                    paths[program.name] = built / program.name
        if any(program.name not in paths for program in module.programs):
            to_build.append(module)
            passed_over += [
                f"{build} is not what was built there (its {SUMS}): it is not used."
                for build in _builds(module, cache or default_cache(environ))
            ]
    return Located(paths, tuple(to_build), tuple(passed_over))


def definitions(cache: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The directory that holds one directory for each of `DEFINITION_FOLDERS`; None where none was fetched yet."""
    return _built(DEFINITIONS, cache or default_cache(environ))


SUMS = "SHA256SUMS"
"""In each folder of the cache, as sha256sum writes it: what was built there."""


def checksums(folder: Path) -> str:
    """The SHA-256 of each file below a folder, but for the list itself."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
    return "".join(f"{_sha256(path)}  {path.relative_to(folder)}\n" for path in files)


_SETTLED_SECONDS = 2.0
"""How old a file's last change has to be, for another one to show in its times."""


def is_whole(folder: Path) -> bool:
    """Whether a folder of the cache holds what was built there, and all of it. What was found whole is not read again
    until the system notes a change of it: half a gigabyte of programs takes a second."""
    sums, found = folder / SUMS, folder.with_name(f"{folder.name}.whole")
    if not sums.is_file():
        return False
    stats = {str(path.relative_to(folder)): path.stat() for path in sorted(folder.rglob("*")) if path.is_file()}
    state = repr(
        [(name, each.st_ino, each.st_size, each.st_mtime_ns, each.st_ctime_ns) for name, each in stats.items()]
    )
    if found.is_file() and found.read_text(encoding="utf-8") == state:
        return True
    if sums.read_text(encoding="utf-8") != checksums(folder):
        return False
    if time.time() - max(each.st_ctime for each in stats.values()) > _SETTLED_SECONDS:
        # A cache that others own stays as it is.
        with suppress(OSError):
            found.write_text(state, encoding="utf-8")
    return True


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _builds(module: Module, cache: Path) -> list[Path]:
    """The builds of a module in the cache, whichever Go they were built with, the newest first."""
    builds = [path for path in (cache / "tools").glob(f"{module.key}-go*") if path.is_dir()]
    return sorted(builds, key=lambda path: path.stat().st_mtime, reverse=True)


def _built(module: Module, cache: Path) -> Path | None:
    return next((path for path in _builds(module, cache) if is_whole(path)), None)


def _installed(program: GoProgram, environ: Mapping[str, str]) -> Iterator[Path]:
    if program.version_arguments is None:
        return
    assets = environ.get("KUBEBUILDER_ASSETS")
    for directories in (assets, environ.get("PATH")):
        if directories and (found := shutil.which(program.name, path=directories)):
            yield Path(found)


def _ask_version(path: Path, program: GoProgram) -> tuple[int, int, int] | None:
    try:
        answer = subprocess.run(
            [path, *(program.version_arguments or ())],
            capture_output=True,
            text=True,
            timeout=VERSION_TIMEOUT,
            check=True,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        )
        return parse_version(answer.stdout or answer.stderr)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
