"""What an engine compiled, kept in the model store: who may write there, and what runs when."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.workloads.compile_cache import FOLDER, KEPT_MOUNT, hand_over
from planner.plan.rollout import CompileCachePlan
from planner.plan.server import ExecProbe
from rehearsal.policies import broken_rules
from tests.components.plans import SPEC
from tests.components.whole_stack import DEPLOYMENT, DOWNLOAD, JOB, decided, named, pod, up

CACHE: dict[str, object] = {"warmStart": {"compileCache": True}}


def server(changes: dict[str, object] = CACHE) -> dict[str, Any]:
    return pod(named(up(changes), DEPLOYMENT, "chat"))


def planned(changes: dict[str, object] = CACHE) -> CompileCachePlan:
    warm = decided(changes).warm_start
    assert warm is not None
    return warm.compile_caches["chat"]


def container(name: str, changes: dict[str, object] = CACHE) -> dict[str, Any]:
    spec = server(changes)
    (found,) = (each for each in [*spec["initContainers"], *spec["containers"]] if each["name"] == name)
    return found


def mounts(given: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["mountPath"]: each for each in given["volumeMounts"]}


def test_without_the_setting_pods_are_what_they_were():
    assert [each["name"] for each in server({})["containers"]] == ["vllm"]
    assert "initContainers" not in pod(up({}).one(JOB, DOWNLOAD))


def test_it_is_brought_after_the_files_and_before_the_engine_which_comes_first_among_the_containers():
    spec = server()
    assert [each["name"] for each in spec["initContainers"]] == ["wait-for-model", "bring-compiled"]
    assert [each["name"] for each in spec["containers"]] == ["vllm", "keep-compiled"]


def test_the_engine_itself_still_may_not_write_to_the_store():
    stores = [each for each in container("vllm")["volumeMounts"] if each["name"] == "models"]
    assert [each["readOnly"] for each in stores] == [True]


@pytest.mark.parametrize("name", ["bring-compiled", "keep-compiled"])
def test_its_containers_see_one_folder_of_the_store_and_no_model(name: str):
    stores = [each for each in container(name)["volumeMounts"] if each["name"] == "models"]
    assert [each["subPath"] for each in stores] == [planned().folder]
    assert decided(CACHE).models["chat"].download.directory in planned().folder
    assert planned().folder.startswith("compile-cache/")


@pytest.mark.parametrize("name", ["bring-compiled", "keep-compiled"])
def test_its_containers_have_no_key_and_no_gpu(name: str):
    given = container(name)
    assert "env" not in given
    assert set(given["resources"]["limits"]) == {"memory"}


def test_both_handle_the_file_of_this_image_gpu_and_command():
    bring, keep = container("bring-compiled")["command"], container("keep-compiled")["command"]
    kept = f"{KEPT_MOUNT}/{planned().file}"
    assert bring[2:] == ["bring", kept, "/home/server/.cache"]
    assert keep[2:] == ["keep", kept, "/home/server/.cache", "http://127.0.0.1:8000/health", "30"]
    assert bring[1] in {f"{path}/compile_cache.py" for path in mounts(container("bring-compiled"))}


def test_where_the_engine_compiles_is_where_it_is_brought_to_and_kept_from():
    env = {each["name"]: each.get("value", "") for each in container("vllm")["env"]}
    compiled = planned().cached
    for name in ("VLLM_CACHE_ROOT", "TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR"):
        assert env[name].startswith(f"{compiled}/")
    home = {path: each["name"] for path, each in mounts(container("vllm")).items()}["/home/server"]
    for name in ("bring-compiled", "keep-compiled"):
        assert mounts(container(name))["/home/server"]["name"] == home


def test_the_download_makes_the_folder_for_the_servers_group():
    spec = pod(up(CACHE).one(JOB, DOWNLOAD))
    (made,) = spec["initContainers"]
    assert made["command"][3:] == ["compile-cache", f"/models/{planned().folder}", str(SPEC_GROUP)]


SPEC_GROUP = 1000
"""planner/engines/pod.py"""


def test_the_folder_is_made_whole_and_a_store_that_refuses_stops_no_download(tmp_path: Path):
    made = tmp_path / "compile-cache" / "model"
    group = tmp_path.stat().st_gid
    again = ["sh", "-c", FOLDER, "compile-cache", str(made), str(group)]
    for _ in range(2):
        assert subprocess.run(again, check=False).returncode == 0
        assert made.stat().st_mode & 0o7777 == 0o770
    (tmp_path / "file").touch()
    refused = ["sh", "-c", FOLDER, "compile-cache", str(tmp_path / "file" / "model"), str(group)]
    done = subprocess.run(refused, check=False, capture_output=True, text=True)
    assert done.returncode == 0
    assert "can be kept" in done.stdout


def test_it_breaks_no_rule_of_the_policy_pack():
    assert broken_rules(each.registration for each in up(CACHE).resources) == ()


def test_an_engine_that_tells_nobody_by_http_when_it_serves_is_an_error_of_ours():
    mute = ExecProbe(("true",), period=5, failures=2)
    with pytest.raises(TypeError, match="does not tell"):
        hand_over(planned(), replace(SPEC, readiness=mute), "script")
