"""The engine can never reach a real account, whatever stands around it."""

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc

from rehearsal.pulumi_engine.environment import PrivateFolder
from rehearsal.pulumi_engine.faults import Faults
from rehearsal.pulumi_engine.serving import PACKAGES, serve, silent
from rehearsal.pulumi_engine.session import EngineSession, WorkerError
from rehearsal.pulumi_engine.world import CloudState
from tests.engine.samples import MAIN, sample

CREDENTIALS = {
    "TENCENTCLOUD_SECRET_ID": "AKIDnobodyshouldreadthis0001",
    "TENCENTCLOUD_SECRET_KEY": "nobodyshouldreadthis0002",
    "TENCENTCLOUD_SECURITY_TOKEN": "nobodyshouldreadthis0003",
    "PULUMI_ACCESS_TOKEN": "pul-nobodyshouldreadthis0004",
    "PULUMI_CONFIG_PASSPHRASE": "nobodyshouldreadthis0005",
}
PLUGINS = tuple(f"pulumi-resource-{package}" for package in PACKAGES)


@pytest.fixture
def touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a search path full of credentials and plugins. The file that is given back comes into being when one
    of the plugins is started."""
    mark, home, path = tmp_path / "touched", tmp_path / "home", tmp_path / "bin"
    installed = home / ".pulumi" / "plugins"
    for plugin in PLUGINS:
        name = plugin.removeprefix("pulumi-")
        for folder in (path, installed / f"{name}-v999.0.0"):
            folder.mkdir(parents=True, exist_ok=True)
            program = folder / plugin
            program.write_text(f"#!/bin/sh\necho $0 >> {mark}\nexit 1\n")
            program.chmod(0o755)
    (home / ".kube").mkdir()
    (home / ".kube" / "config").write_text("nobodyshouldreadthis0006")
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PULUMI_HOME", str(home / ".pulumi"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", (tmp_path / "real-state").as_uri())
    monkeypatch.setenv("KUBECONFIG", str(home / ".kube" / "config"))
    monkeypatch.setenv("PATH", f"{path}:{os.environ['PATH']}")
    return mark


def test_no_credential_is_read_no_plugin_is_started_and_nothing_is_left(
    pulumi: Path, touched: Path, tmp_path: Path
) -> None:
    with EngineSession(sample("dev"), MAIN, pulumi) as session:
        root = session.room.root
        assert root.stat().st_mode & 0o077 == 0
        outcomes = [session.preview(), session.up(), session.refresh(), session.destroy()]
        files = [path for path in session.room.root.rglob("*") if path.is_file() and not path.is_symlink()]
        written = "".join(path.read_text(encoding="utf-8", errors="replace") for path in files)

    assert [each.error for each in outcomes] == [""] * len(outcomes)
    assert not root.exists()
    assert not touched.exists()
    assert "nobodyshouldreadthis" not in written
    assert not (tmp_path / "real-state").exists()


def test_the_environment_holds_nothing_of_the_callers_but_what_is_made_for_it(touched: Path, tmp_path: Path) -> None:
    room = PrivateFolder(tmp_path / "room")

    values = room.environment()

    assert not set(values) & (CREDENTIALS.keys() - {"PULUMI_CONFIG_PASSPHRASE"})
    assert values["PULUMI_CONFIG_PASSPHRASE"] == ""
    for name in ("HOME", "PATH", "PULUMI_HOME", "TMPDIR"):
        assert Path(values[name]).is_relative_to(room.root), name
    assert values["PULUMI_BACKEND_URL"].startswith(room.root.as_uri())


def test_the_engine_is_the_only_program_on_its_search_path(pulumi: Path, tmp_path: Path) -> None:
    room = PrivateFolder(tmp_path)

    room.furnish(pulumi)

    assert [each.name for each in Path(room.environment()["PATH"]).iterdir()] == ["pulumi"]


@pytest.fixture
def world(tmp_path: Path) -> CloudState:
    return CloudState.open(tmp_path / "world", "seed")


def test_simulated_providers_that_all_answer_are_let_through(world: CloudState) -> None:
    serving = serve(world, Faults())
    try:
        assert silent(serving.ports) == []
    finally:
        serving.stop()


def test_a_simulated_provider_that_does_not_answer_is_named(world: CloudState) -> None:
    serving = serve(world, Faults())
    serving.stop()

    assert silent({**serving.ports}, timeout=0.3) == list(PACKAGES)


class RealPlugin(provider_pb2_grpc.ResourceProviderServicer):
    def GetPluginInfo(self, request: object, context: object) -> plugin_pb2.PluginInfo:  # noqa: N802
        return plugin_pb2.PluginInfo(version="0.2.3")


@pytest.fixture
def real_plugin() -> Iterator[int]:
    server = grpc.server(ThreadPoolExecutor(1))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(RealPlugin(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(None)


def test_a_real_plugin_in_the_place_of_a_simulated_one_is_not_let_through(world: CloudState, real_plugin: int) -> None:
    serving = serve(world, Faults())
    try:
        assert silent({**serving.ports, "tencentcloud": real_plugin}) == ["tencentcloud"]
    finally:
        serving.stop()


def test_a_session_that_does_not_open_leaves_no_place_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(WorkerError), EngineSession(sample("dev"), MAIN, Path("/bin/false")):
        pass
    assert list(tmp_path.iterdir()) == []
