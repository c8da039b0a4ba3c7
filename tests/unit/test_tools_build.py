"""The builder against a `go` of our own that writes down what it is asked."""

import dataclasses
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools import binaries
from tools.binaries import CONTROL_PLANE, CONTROLLERS, DEFINITIONS, ENGINE, Module, locate
from tools.build import Progress, main

ROOT = Path(binaries.__file__).parents[1]
GO = """#!/bin/sh
echo "$@" >> "$CALLS"
case "$1 $2" in
  "env GOVERSION") echo "${GO_VERSION:-go1.26.8}"; exit ;;
  "env GOPROXY") echo "https://user:word@proxy.example,direct"; exit ;;
esac
if [ -n "$GO_SAYS" ]; then echo "$GO_SAYS" >&2; exit 1; fi
if [ "$1 $2" = "mod download" ]; then
  shift 3
  for module; do
    for folder in config/crd/experimental config/crd/bases charts/gateway-helm/charts/crds/crds/generated \\
      example/prometheus-operator-crd; do
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
    assert "from source, once: 9 min of CPU time" in said
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


def test_what_was_found_whole_long_ago_is_read_again_once_it_changes(
    tools: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["engine", "--cache", str(cache)])
    monkeypatch.setattr(binaries, "_SETTLED_SECONDS", -1.0)
    program = locate("engine", cache).paths["pulumi"]
    with monkeypatch.context() as unread:
        unread.setattr(binaries, "checksums", lambda _: pytest.fail("it was read again"))
        assert locate("engine", cache).paths["pulumi"] == program
    program.write_text("other, and longer\n")
    assert locate("engine", cache).paths == {}


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


def test_controllers_are_built_in_the_folders_of_their_own_modules(tools: Path, cache: Path, tmp_path: Path) -> None:
    put(tools / "go", GO.replace('echo "$@"', 'echo "$PWD $@"', 1))
    assert main(["controllers", "--cache", str(cache)]) == 0
    calls = [call.split() for call in (tmp_path / "calls").read_text().splitlines()]
    built = {(Path(call[0]).relative_to(f"{tmp_path}/calls.modules"), call[-1]) for call in calls if call[1] == "build"}
    assert built == {(Path(module.upstream), program.package) for module in CONTROLLERS for program in module.programs}
    assert set(locate("controllers", cache).paths) == {
        *("envoy-gateway", "ratelimit", "lws-manager", "keda-operator", "keda-adapter"),
        *("prometheus", "promtool"),
    }


@pytest.mark.parametrize("module", CONTROLLERS, ids=lambda module: module.name)
def test_go_itself_holds_a_controllers_module_against_a_sum_that_is_kept_here(module: Module) -> None:
    sums = {tuple(line.split()[:2]) for line in (module.directory / "go.sum").read_text().splitlines()}
    ((upstream, version),) = _required(module).items()
    assert sums == {(upstream, version), (upstream, f"{version}/go.mod")}
    assert upstream == module.upstream


def test_prometheus_is_built_without_what_asks_clouds(tools: Path, cache: Path, tmp_path: Path) -> None:
    assert main(["controllers", "--cache", str(cache)]) == 0
    tagged = [call for call in builds(tmp_path) if "-tags remove_all_sd,enable_kubernetes_sd" in call]
    assert [call.rpartition(" ")[2] for call in tagged] == ["./cmd/promtool", "./cmd/prometheus"]


def test_other_tags_are_another_build() -> None:
    prometheus = next(module for module in CONTROLLERS if module.tags)
    assert dataclasses.replace(prometheus, tags="").key != prometheus.key


def test_a_controller_on_path_is_not_taken_for_the_release_that_is_rehearsed(tools: Path, cache: Path) -> None:
    put(tools / "prometheus", "#!/bin/sh\necho prometheus, version 3.16.0\n")
    assert main(["controllers", "--cache", str(cache)]) == 0
    assert all(path.is_relative_to(cache) for path in locate("controllers", cache).paths.values())


def test_without_go_nobody_is_sent_for_controllers_on_path(
    tools: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tools / "go").unlink()
    assert main(["controllers", "--cache", str(cache)]) == 1
    said = capsys.readouterr().err
    assert "lws needs Go 1.26.0 or newer" in said
    assert "PATH or" not in said


DEFINED_ALONE = {"sigs.k8s.io/gateway-api", "github.com/prometheus-operator/prometheus-operator"}
"""What defines kinds and is not run."""


def test_definitions_and_controllers_are_of_the_same_releases() -> None:
    required = _required(DEFINITIONS)
    controllers = {upstream: version for module in CONTROLLERS for upstream, version in _required(module).items()}
    both = required.keys() & controllers.keys()
    assert both == {folder.module for folder in binaries.DEFINITION_FOLDERS} - DEFINED_ALONE
    assert {each: required[each] for each in both} == {each: controllers[each] for each in both}


def _required(module: Module) -> dict[str, str]:
    lines = (module.directory / "go.mod").read_text(encoding="utf-8").splitlines()
    words = [line.removeprefix("require").split() for line in lines]
    return {each[0]: each[1] for each in words if len(each) == 2 and each[1].startswith("v")}


def test_all_targets_are_estimated_once_and_built_in_the_order_of_who_waits(
    tools: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["controllers", "engine", "control-plane", "--cache", str(cache)]) == 0
    said = capsys.readouterr().out
    seconds = sum(module.build_seconds for modules in binaries.TARGETS.values() for module in modules)
    assert said.count("from source, once") == 1
    assert f"{round(seconds / 60)} min of CPU time" in said
    assert said.index("etcd: built") < said.index("pulumi: built") < said.index("envoy-gateway: built")
    assert "4 of 9 modules built, about" in said


def test_what_is_left_follows_the_pace_of_this_machine() -> None:
    progress = Progress([dataclasses.replace(ENGINE[0], build_seconds=seconds) for seconds in (60, 600, 600)])
    progress.ran(seconds=300, cpu_seconds=60)
    progress.built()
    assert str(progress) == "1 of 3 modules built, about 100 min left"


def test_cpu_time_that_grows_with_the_load_makes_nothing_look_faster() -> None:
    progress = Progress([dataclasses.replace(ENGINE[0], build_seconds=60) for _ in range(11)])
    progress.ran(seconds=300, cpu_seconds=120)
    progress.built()
    assert str(progress) == "1 of 11 modules built, about 50 min left"


def test_what_go_had_compiled_before_does_not_tell_the_pace() -> None:
    progress = Progress([dataclasses.replace(ENGINE[0], build_seconds=seconds) for seconds in (600, 600)])
    progress.ran(seconds=60, cpu_seconds=60)
    progress.built()
    assert str(progress) == "1 of 2 modules built, about 10 min left"


def test_make_runs_one_build_for_all_that_is_asked() -> None:
    for goals, built in {
        "controllers control-plane engine": "controllers control-plane engine",
        "engine": "engine",
        "test-deep": "control-plane engine controllers",
        "rehearse": "control-plane engine controllers",
    }.items():
        told = subprocess.run(
            ["make", "--dry-run", *goals.split()], cwd=ROOT, capture_output=True, text=True, check=True
        )
        runs = [line.partition("-m tools.build ")[2] for line in told.stdout.splitlines() if "tools.build" in line]
        assert runs == [built]


def test_before_anything_ran_the_cores_tell_the_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert str(Progress([dataclasses.replace(ENGINE[0], build_seconds=2400)])).endswith("about 10 min left")


def test_a_module_that_takes_longer_than_told_does_not_shorten_what_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    progress = Progress([dataclasses.replace(ENGINE[0], build_seconds=seconds) for seconds in (60, 600)])
    started = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: started + 3600)
    assert str(progress) == "0 of 2 modules built, about 10 min left"


def ended(pid: int) -> bool:
    """Whether the process is gone within a minute: who takes over an orphan needs a moment to see that it ended."""
    for _ in range(600):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_a_build_that_is_ended_ends_go(tools: Path, cache: Path, tmp_path: Path) -> None:
    put(tools / "go", GO.replace("/bin/sleep", 'echo $$ > "$CALLS.pid"; exec /bin/sleep'))
    command = [sys.executable, "-m", "tools.build", "engine", "--cache", str(cache)]
    pid = tmp_path / "calls.pid"
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "GO_TAKES": "600"}) as build:
        while not pid.exists() or not pid.read_text():
            time.sleep(0.02)
        build.terminate()
        assert build.wait() == 130
    assert ended(int(pid.read_text()))
    assert [path for path in (cache / "tools").iterdir() if path.is_dir()] == []


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
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
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
