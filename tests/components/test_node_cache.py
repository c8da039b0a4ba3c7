"""Models' files on the nodes' own disks: who makes the folder, who writes there, who reads, and what a rule lets by."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from components.workloads.node_cache import CACHE_MOUNT, FOLDER, SCRIPT_MOUNT, STORE_MOUNT
from planner.plan.rollout import NodeCachePlan
from rehearsal.kinds import seconds_of
from rehearsal.policies import broken_rules
from tests.components.recorder import ComponentRun, Registered
from tests.components.whole_stack import BY_ID, DEPLOYMENT, annotations, decided, named, pod, up

CACHE: dict[str, object] = {"warmStart": {"modelCache": True}}
TWO_POOLS: dict[str, object] = {
    **CACHE,
    "pools.other": {"instanceType": "PNV4.7XLARGE116"},
    "models.chat.pool": "gpu",
    "models.second": {"model": "Qwen/Qwen2.5-1.5B-Instruct", "pool": "other", "engine": "sglang"},
    "cluster.systemPool": {"disk": 200},
}
GROUP_OF_TWO: dict[str, object] = {
    **CACHE,
    "pools.gpu": {"instanceType": "PNV4.7XLARGE116", "nodes": 2},
    "models.chat": {"model": "Qwen/Qwen2.5-7B-Instruct", "gpus": 2, "maxModelLen": 4096},
}
DAEMON_SET, GROUP = "apps/v1:DaemonSet", "leaderworkerset.x-k8s.io/v1:LeaderWorkerSet"
VOLUME, CLAIM = "core/v1:PersistentVolume", "core/v1:PersistentVolumeClaim"
OWN = "llm-node-cache"


def plan_of(changes: dict[str, object] = CACHE, pool: str = "gpu") -> NodeCachePlan:
    warm = decided(changes).warm_start
    assert warm is not None
    (found,) = (each for each in warm.node_caches if each.pool == pool)
    return found


def the(run: ComponentRun, type_: str, start: str) -> Registered:
    (found,) = (each for each in run.of(type_) if each.inputs["metadata"]["name"].startswith(start))
    return found


def server(changes: dict[str, object] = CACHE) -> dict[str, Any]:
    return pod(named(up(changes), DEPLOYMENT, "chat"))


def mounts(container: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["mountPath"]: each for each in container["volumeMounts"]}


def claims(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each.get("persistentVolumeClaim", {}) for each in spec["volumes"]}


def test_without_the_setting_nothing_is_made_and_pods_are_what_they_were():
    run = up({})
    assert run.of(DAEMON_SET) == []
    assert len(run.of("core/v1:Namespace")) == 1
    assert "/models" in mounts(server({})["containers"][0])
    assert CACHE_MOUNT not in mounts(server({})["containers"][0])


def test_a_pools_volume_is_one_folder_on_whichever_of_its_nodes_and_belongs_to_one_claim():
    run, plan = up(CACHE), decided(CACHE)
    volume, claim = the(run, VOLUME, "node-cache"), the(run, CLAIM, "node-cache")
    spec = volume.inputs["spec"]
    assert spec["local"] == {"path": "/var/lib/tke-llm/llm/gpu"}
    (term,) = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
    asked = {each["key"]: each["values"] for each in term["matchExpressions"]}
    assert asked == {key: [value] for key, value in plan.pools["gpu"].node_selector}
    assert spec["claimRef"]["namespace"] == claim.inputs["metadata"]["namespace"] == "llm"
    assert spec["claimRef"]["name"] == claim.inputs["metadata"]["name"]
    assert claim.inputs["spec"]["volumeName"] == volume.inputs["metadata"]["name"]
    assert claim.inputs["spec"]["storageClassName"] == ""


def test_another_label_is_another_volume_for_none_can_be_moved():
    def existing(label: str) -> dict[str, object]:
        pool = {"kind": "existing", "gpu": "A10", "gpusPerNode": 1, "cpu": 28, "memory": "110Gi"}
        return {**CACHE, **BY_ID, "pools": {"gpu": {**pool, "nodeSelector": {"gpu": label}}}}

    names = {
        the(up(existing(label)), kind, "node-cache").inputs["metadata"]["name"]
        for label in ("a10", "a11")
        for kind in (VOLUME, CLAIM)
    }
    assert len(names) == 4


def test_each_pool_has_a_folder_a_volume_and_pods_of_its_own_in_one_namespace():
    run = up(TWO_POOLS)
    assert [each.inputs["metadata"]["name"] for each in run.of("core/v1:Namespace")] == ["llm", OWN]
    folders = {each.inputs["spec"]["local"]["path"] for each in run.of(VOLUME) if "local" in each.inputs["spec"]}
    assert folders == {"/var/lib/tke-llm/llm/gpu", "/var/lib/tke-llm/llm/other"}
    names = {each.inputs["metadata"]["name"]: each.inputs["metadata"]["namespace"] for each in run.of(DAEMON_SET)}
    assert names == {"folder-gpu": OWN, "folder-other": OWN, "files-gpu": "llm", "files-other": "llm"}


def test_the_one_pod_that_mounts_a_folder_of_its_node_sees_that_alone_and_has_no_capability():
    made = the(up(CACHE), DAEMON_SET, "folder")
    spec = pod(made)
    assert made.inputs["metadata"]["namespace"] == OWN
    assert [each["hostPath"] for each in spec["volumes"]] == [
        {"path": "/var/lib/tke-llm/llm/gpu", "type": "DirectoryOrCreate"}
    ]
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert "env" not in container
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsGroup"] == plan_of().group
    assert "capability" in annotations(made)["tke-llm/why-root"]


def test_its_namespace_is_the_only_one_above_baseline_and_nobody_talks_there():
    run = up(CACHE)
    level = {
        each.inputs["metadata"]["name"]: each.inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        for each in run.of("core/v1:Namespace")
    }
    assert level == {"llm": "baseline", OWN: "privileged"}
    (policy,) = (
        each for each in run.of("networking.k8s.io/v1:NetworkPolicy") if each.inputs["metadata"]["namespace"] == OWN
    )
    assert policy.inputs["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_what_fills_it_is_no_root_reads_the_store_and_writes_the_node_alone():
    spec = pod(the(up(CACHE), DAEMON_SET, "files"))
    assert spec["securityContext"]["runAsNonRoot"] is True
    (container,) = spec["containers"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    writable = [path for path, each in mounts(container).items() if not each.get("readOnly")]
    assert writable == [CACHE_MOUNT]
    assert claims(spec)["models"] == {"claimName": "ai-model", "readOnly": True}
    assert container["command"][1:] == [
        *(f"{SCRIPT_MOUNT}/node_cache.py", "fill", STORE_MOUNT, CACHE_MOUNT, "30", "0.15"),
        decided(CACHE).models["chat"].download.directory,
    ]


def test_a_server_reads_store_and_node_and_finds_its_model_where_it_always_was():
    spec, command = server(), decided(CACHE).models["chat"].spec.command
    assert tuple(spec["containers"][0]["command"]) == command == decided({}).models["chat"].spec.command
    engine = mounts(spec["containers"][0])
    for path in ("/models", STORE_MOUNT, CACHE_MOUNT):
        assert engine[path]["readOnly"] is True
    assert engine["/models"]["name"] == "links"
    assert claims(spec)["node-cache"]["readOnly"] is True


def test_where_it_is_read_is_chosen_after_the_download_and_before_what_was_compiled():
    both: dict[str, object] = {"warmStart": {"modelCache": True, "compileCache": True}}
    assert [each["name"] for each in server(both)["initContainers"]] == [
        "wait-for-model",
        "choose-files",
        "bring-compiled",
    ]
    (choose,) = (each for each in server()["initContainers"] if each["name"] == "choose-files")
    assert [path for path, each in mounts(choose).items() if not each.get("readOnly")] == ["/models"]
    assert choose["command"][2:6] == ["choose", STORE_MOUNT, CACHE_MOUNT, "/models"]
    assert set(choose["resources"]["limits"]) == {"memory"}


def test_every_machine_of_a_group_chooses_for_itself():
    group = up(GROUP_OF_TWO).one(GROUP).inputs["spec"]["leaderWorkerTemplate"]
    for template in ("leaderTemplate", "workerTemplate"):
        spec = group[template]["spec"]
        assert "choose-files" in [each["name"] for each in spec["initContainers"]]
        assert mounts(spec["containers"][0])["/models"]["name"] == "links"


def test_the_pods_ask_for_what_the_plan_took_off_the_node_and_run_where_replicas_do():
    whole, left, served = decided({}).pools["gpu"], decided(CACHE).pools["gpu"], server()
    specs = [pod(each) for each in up(CACHE).of(DAEMON_SET)]
    asked = [each["resources"]["requests"] for spec in specs for each in spec["containers"]]
    assert asked == [{"cpu": "10m", "memory": "32Mi"}, {"cpu": "100m", "memory": "256Mi"}]
    assert whole.allocatable_cpu_millis - left.allocatable_cpu_millis == 110
    assert whole.allocatable_memory_mib - left.allocatable_memory_mib == 288
    for spec in specs:
        assert spec["nodeSelector"] == served["nodeSelector"]
        assert spec["tolerations"] == served["tolerations"]


def test_a_volume_is_filled_once_its_folder_is_made_and_that_on_the_pools_nodes():
    run = up(CACHE)
    folder, files = the(run, DAEMON_SET, "folder"), the(run, DAEMON_SET, "files")
    assert run.depends(files, folder)
    assert run.depends(folder, run.one("nativeNodePool:NativeNodePool"))
    assert run.depends(folder, the(run, "core/v1:Namespace", OWN))
    assert run.depends(the(run, CLAIM, "node-cache"), the(run, VOLUME, "node-cache"))
    assert run.depends(named(run, DEPLOYMENT, "chat"), the(run, CLAIM, "node-cache"))
    assert not run.depends(named(run, DEPLOYMENT, "chat"), files)


def test_on_the_clock_a_folder_waits_for_its_image_and_the_files_for_nothing_more():
    run, plan = up(CACHE), decided(CACHE)
    folder, files = the(run, DAEMON_SET, "folder"), the(run, DAEMON_SET, "files")
    assert seconds_of(folder.registration, plan) == plan.durations["pull:chat"]
    assert seconds_of(files.registration, plan) == plan.durations["kubernetes_object"]
    pulled: dict[str, object] = {"warmStart": {"modelCache": True, "images": True}}
    folder = the(up(pulled), DAEMON_SET, "folder")
    assert seconds_of(folder.registration, decided(pulled)) == plan.durations["kubernetes_object"]


def test_a_pause_leaves_all_of_it_for_the_pods_go_with_the_nodes():
    paused = up({**CACHE, "pause": True})
    for each in up(CACHE).of(DAEMON_SET):
        assert named(paused, DAEMON_SET, each.inputs["metadata"]["name"]).inputs == each.inputs


@pytest.mark.parametrize("changes", [CACHE, TWO_POOLS, GROUP_OF_TWO], ids=["one", "two pools", "a group"])
def test_it_breaks_no_rule_of_the_policy_pack(changes: dict[str, object]):
    assert broken_rules(each.registration for each in up(changes).resources) == ()


def test_the_folder_is_handed_to_the_group_and_stays(tmp_path: Path):
    group = os.getgid()
    command = FOLDER.replace("exec sleep infinity", "echo made")
    done = subprocess.run(
        ["sh", "-c", command, "make-folder", str(tmp_path), str(group)], check=True, capture_output=True, text=True
    )
    assert done.stdout == "made\n"
    assert tmp_path.stat().st_mode & 0o7777 == 0o2775
    assert tmp_path.stat().st_gid == group


def test_without_network_policies_its_namespace_has_none_either():
    run = up({**CACHE, "networkPolicy": False})
    assert run.of("networking.k8s.io/v1:NetworkPolicy") == []
    assert run.depends(the(run, DAEMON_SET, "folder"), the(run, "core/v1:Namespace", OWN))
