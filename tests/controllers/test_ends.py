"""What is left of controllers after each way to end them, and what is told of one that ends by itself."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from scene import Object, Scene, path

from rehearsal.cluster.objects import Paths
from rehearsal.cluster.state import look
from rehearsal.control_plane.api import ApiError
from rehearsal.control_plane.plane import Access
from rehearsal.controllers.controllers import Controllers
from rehearsal.controllers.release import ControllerError
from tests.waiting import until

PROGRAM = """
import sys, time
from rehearsal.control_plane.plane import Access
from rehearsal.controllers.controllers import Controllers
from rehearsal.controllers.release import ControllerError
with Controllers(Access(*sys.argv[1:])) as controllers:
    controllers.install("lws")
    print("installed", flush=True)
    time.sleep(600)
"""


def processes(place: Path) -> dict[str, int]:
    """Process ids by program, of those whose command line names a path under this directory."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    lines = (line.split(maxsplit=2) for line in listed.splitlines() if f"{place}/" in line)
    return {Path(program).name: int(pid) for pid, program, _ in lines}


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the private directories are made."""
    place = tmp_path_factory.mktemp("c")
    monkeypatch.setattr("tempfile.tempdir", str(place))
    return place


def test_kill_9_of_the_rehearsal_leaves_no_process_and_no_file(access: Access, place: Path) -> None:
    given = [access.server, access.token, access.authority]
    program = [sys.executable, "-c", PROGRAM, *given]
    environment = {**os.environ, "TMPDIR": str(place)}
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=environment) as rehearsal:
        assert rehearsal.stdout
        assert rehearsal.stdout.readline() == "installed\n"
        assert "lws-manager" in processes(place)
        rehearsal.kill()
    until(lambda: not processes(place) and not list(place.iterdir()))


def test_a_controller_that_ends_is_told_with_its_log(access: Access, place: Path) -> None:
    def complaint(controllers: Controllers) -> str:
        try:
            controllers.check()
        except ControllerError as error:
            return str(error)
        return ""

    with Controllers(access) as controllers:
        controllers.install("lws")
        assert complaint(controllers) == ""
        os.kill(processes(place)["lws-manager"], signal.SIGKILL)
        until(lambda: complaint(controllers) != "")
        assert "lws-controller-manager ended with status -9" in complaint(controllers)
        assert "The last lines of its log:" in complaint(controllers)
        assert "INFO" in complaint(controllers)


def test_software_that_is_removed_blocks_nothing_and_can_come_again(access: Access, scene: Scene, place: Path) -> None:
    labels = {"leaderworkerset.sigs.k8s.io/name": "gone"}
    container = {"name": "main", "image": "main"}
    pod: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "late", "namespace": "default", "labels": labels},
        "spec": {"containers": [container]},
    }
    with Controllers(access) as controllers:
        controllers.install("lws")
        with pytest.raises(ApiError, match="admission webhook"):
            scene.apply(pod)
        controllers.remove("lws")
        assert "lws-manager" not in processes(place)
        scene.apply(pod)
        scene.api.delete(path(pod))
        controllers.install("lws")
        assert "lws-manager" in processes(place)


def test_kedas_chart_holds_its_definitions_so_that_they_go_with_it_and_nobody_looks_for_them_any_more(
    access: Access, scene: Scene
) -> None:
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

    def kinds() -> set[str]:
        return {each["spec"]["names"]["kind"] for each in scene.api.get(definitions)["items"]}

    paths = Paths(scene.api)
    with Controllers(access) as controllers:
        controllers.install("keda")
        assert {"ScaledObject", "LeaderWorkerSet"} <= kinds()
        assert "ScaledObject" in look(scene.api, paths).objects
        controllers.remove("keda")
        assert "ScaledObject" not in kinds()
        assert "LeaderWorkerSet" in kinds()
        assert "ScaledObject" not in look(scene.api, paths).objects
