"""The builder against a `go` of our own that writes down what it is asked."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import binaries
from tools.binaries import CONTROL_PLANE, ENGINE, Module, locate
from tools.build import main

GO = """#!/bin/sh
echo "$@" >> "$CALLS"
case "$1 $2" in
  "env GOVERSION") echo "${GO_VERSION:-go1.26.1}"; exit ;;
  "env GOPROXY") echo "https://user:word@proxy.example,direct"; exit ;;
esac
if [ -n "$GO_SAYS" ]; then echo "$GO_SAYS" >&2; exit 1; fi
if [ "$1 $2" = "mod download" ]; then
  shift 3
  for module; do
    for folder in config/crd/standard config/crd/bases charts/gateway-helm/charts/crds/crds/generated; do
      /bin/mkdir -p "$CALLS.modules/$module/$folder"
      echo "kind: CustomResourceDefinition # of $module" > "$CALLS.modules/$module/$folder/some.yaml"
      echo "kind: ValidatingAdmissionPolicy" > "$CALLS.modules/$module/$folder/other.yaml"
    done
    echo "{\\"Path\\": \\"$module\\", \\"Dir\\": \\"$CALLS.modules/$module\\"}"
  done
fi
if [ "$1" = build ]; then
  /bin/sleep "${GO_TAKES:-0}"
  while [ "$1" != -o ]; do shift; done
  echo built > "$2"
fi
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is all of PATH, holding a go that builds at once."""
    place = tmp_path / "bin"
    place.mkdir()
    put(place / "go", GO)
    monkeypatch.setenv("PATH", str(place))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return place


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def put(path: Path, script: str) -> None:
    path.write_text(script, encoding="utf-8")
    path.chmod(0o755)


def builds(tmp_path: Path) -> list[str]:
    calls = tmp_path / "calls"
    return [call for call in calls.read_text().splitlines() if call.startswith("build")] if calls.exists() else []


def version_of(module: Module, *, minor: int = 0) -> str:
    major, built, patch = module.version
    return f"v{major}.{built + minor}.{patch}"


def test_every_program_is_built_once(tools: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["control-plane", "--cache", str(cache)]) == 0
    said = capsys.readouterr().out
    assert len(builds(tmp_path)) == 5
    assert main(["control-plane", "--cache", str(cache)]) == 0
    assert len(builds(tmp_path)) == 5
    assert "from source, once: about" in said
    assert "kube-apiserver: built in" in said
    assert "about" not in capsys.readouterr().out


def test_what_is_built_is_found_without_go(tools: Path, cache: Path) -> None:
    main(["engine", "--cache", str(cache)])
    (tools / "go").unlink()
    assert locate("engine", cache).paths["pulumi"].read_text() == "built\n"
    assert main(["engine", "--cache", str(cache)]) == 0


@pytest.mark.parametrize("spoil", [lambda path: path.write_text("other\n"), Path.unlink])
def test_what_is_not_as_it_was_built_is_not_run_and_built_anew(
    spoil, tools: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    main(["engine", "--cache", str(cache)])
    spoil(locate("engine", cache).paths["pulumi"])
    found = locate("engine", cache)
    assert (found.paths, [module.name for module in found.to_build]) == ({}, ["pulumi"])
    assert main(["engine", "--cache", str(cache)]) == 0
    assert "is not what was built there" in capsys.readouterr().out
    assert locate("engine", cache).paths["pulumi"].read_text() == "built\n"
    assert len(builds(tmp_path)) == 2


def test_the_checksums_are_those_of_sha256sum(tools: Path, cache: Path) -> None:
    main(["engine", "--cache", str(cache)])
    home = locate("engine", cache).paths["pulumi"].parent
    subprocess.run(["/usr/bin/sha256sum", "--check", "--strict", binaries.SUMS], cwd=home, check=True)


def test_the_servers_carry_a_version_that_clients_can_parse(tools: Path, cache: Path, tmp_path: Path) -> None:
    main(["control-plane", "--cache", str(cache)])
    (server,) = (call for call in builds(tmp_path) if call.endswith("cmd/kube-apiserver"))
    assert "version.gitVersion=v1.35.4" in server
    assert "version.gitMinor=35" in server


def test_custom_resource_definitions_are_copied_out_of_their_modules(tools: Path, cache: Path) -> None:
    assert binaries.definitions(cache) is None
    assert main(["control-plane", "--cache", str(cache)]) == 0
    place = binaries.definitions(cache)
    assert place is not None
    copied = {file.parent.name: (file.name, file.read_text().partition("# of ")[2]) for file in place.glob("*/*")}
    assert copied == {folder.name: ("some.yaml", f"{folder.module}\n") for folder in binaries.DEFINITION_FOLDERS}


def test_a_changed_module_is_built_anew(tmp_path: Path) -> None:
    (module,) = ENGINE
    for name in ("go.mod", "go.sum"):
        (tmp_path / name).write_bytes((module.directory / name).read_bytes())
    moved = dataclasses.replace(module, directory=tmp_path)
    assert moved.key == module.key
    with (tmp_path / "go.sum").open("a") as checksums:
        checksums.write("example.com/more v1.0.0 h1:0\n")
    assert moved.key != module.key


def test_without_go_one_sentence_names_the_way_on(tools: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tools / "go").unlink()
    assert main(["control-plane", "--cache", str(cache)]) == 1
    said = capsys.readouterr().err
    assert "Go is not on PATH" in said
    assert "kube-scheduler 1.35" in said
    assert "KUBEBUILDER_ASSETS" in said
    assert "Traceback" not in said


def test_a_go_that_is_too_old_is_refused(
    tools: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GO_VERSION", "go1.25.7")
    assert main(["engine", "--cache", str(cache)]) == 1
    assert "go1.25.7 is too old: pulumi needs Go 1.25.8 or newer" in capsys.readouterr().err


def test_a_proxy_out_of_reach_is_said_as_such_without_its_password(
    tools: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GO_SAYS", "go: x: Get https://user:word@proxy.example/x: dial tcp: lookup proxy: no such host")
    assert main(["engine", "--cache", str(cache)]) == 1
    said = capsys.readouterr().err
    assert "The Go module proxy (GOPROXY=https://proxy.example,direct) did not give pulumi's modules" in said
    assert "Set GOPROXY" in said
    assert "word" not in said


def test_a_failed_build_leaves_nothing_that_looks_built(
    tools: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GO_SAYS", "main.go:1: no space left on device")
    assert main(["engine", "--cache", str(cache)]) == 1
    assert "no space left on device" in capsys.readouterr().err
    assert [path for path in (cache / "tools").iterdir() if path.is_dir()] == []
    assert "pulumi" not in locate("engine", cache).paths


def test_a_cache_that_cannot_be_written_is_said(tools: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "file").touch()
    assert main(["engine", "--cache", str(tmp_path / "file")]) == 1
    assert "XDG_CACHE_HOME" in capsys.readouterr().err


def test_of_two_builds_at_once_one_builds_and_the_other_waits(
    tools: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GO_TAKES", "0.5")
    command = [sys.executable, "-m", "tools.build", "engine", "--cache", str(cache)]
    root = Path(binaries.__file__).parents[1]
    both = [subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [build.communicate()[0] for build in both]
    assert [build.returncode for build in both] == [0, 0]
    assert len(builds(tmp_path)) == 1
    assert sum("another build is running" in each for each in said) == 1


def test_a_build_that_was_killed_is_cleared_away_by_the_next(tools: Path, cache: Path) -> None:
    half = cache / "tools" / "pulumi.partial-1"
    half.mkdir(parents=True)
    assert main(["engine", "--cache", str(cache)]) == 0
    assert not half.exists()


@pytest.mark.parametrize(("minor", "used"), [(0, True), (1, True), (-1, False)])
def test_a_pulumi_on_path_is_used_unless_older(
    tools: Path, cache: Path, tmp_path: Path, minor: int, used: bool
) -> None:
    put(tools / "pulumi", f"#!/bin/sh\necho {version_of(ENGINE[0], minor=minor)}\n")
    assert main(["engine", "--cache", str(cache)]) == 0
    assert (builds(tmp_path) == []) is used
    assert (locate("engine", cache).paths["pulumi"].parent == tools) is used


def test_kubebuilder_assets_are_used_and_only_the_rest_is_built(
    tools: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets = tmp_path / "assets"
    assets.mkdir()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))
    etcd, _, kubernetes = CONTROL_PLANE
    put(assets / "etcd", f"#!/bin/sh\necho etcd Version: {version_of(etcd)[1:]}\n")
    put(assets / "kube-apiserver", f"#!/bin/sh\necho Kubernetes {version_of(kubernetes)}\n")
    assert main(["control-plane", "--cache", str(cache)]) == 0
    paths = locate("control-plane", cache).paths
    assert {name for name, path in paths.items() if path.parent == assets} == {"etcd", "kube-apiserver"}
    assert not any(call.endswith("etcd") for call in builds(tmp_path))


def test_a_server_of_another_minor_version_is_passed_over_in_words(
    tools: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kubernetes = CONTROL_PLANE[2]
    put(tools / "kube-apiserver", f"#!/bin/sh\necho Kubernetes {version_of(kubernetes, minor=1)}\n")
    assert main(["control-plane", "--cache", str(cache)]) == 0
    said = capsys.readouterr().out
    assert f"{tools / 'kube-apiserver'} is 1.36.4, and 1.35 is needed: it is not used." in said
    assert locate("control-plane", cache).paths["kube-apiserver"].is_relative_to(cache)


def test_the_default_cache_follows_xdg() -> None:
    assert binaries.default_cache({"XDG_CACHE_HOME": "/var/cache/me"}) == Path("/var/cache/me/tke-llm")
    assert binaries.default_cache({"XDG_CACHE_HOME": "here"}) == Path.home() / ".cache" / "tke-llm"


def test_builds_take_nothing_from_the_users_go_settings(
    tools: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tools / "go", GO.replace('echo "$@"', 'echo "$GOFLAGS $CGO_ENABLED $GOWORK$GOOS"'))
    for name, value in {"GOFLAGS": "-mod=mod", "CGO_ENABLED": "1", "GOOS": "plan9", "GOWORK": "/w"}.items():
        monkeypatch.setenv(name, value)
    assert main(["engine", "--cache", str(cache)]) == 0
    calls = set((tmp_path / "calls").read_text().splitlines())
    assert calls == {"-mod=readonly -trimpath -buildvcs=false 0 off"}
    assert os.environ["GOFLAGS"] == "-mod=mod"
