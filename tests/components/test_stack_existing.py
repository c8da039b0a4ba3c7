"""Existing parts: a cluster by its id or by a kubeconfig, and two stacks on one cluster."""

from typing import Any

import pytest

from tests.components.recorder import ComponentRun
from tests.components.whole_stack import BY_ID, DEPLOYMENT, DOWNLOAD, JOB, KUBECONFIG, environment, named, pod, up

LOCAL: dict[str, object] = {
    "network": None,
    "cluster": {"existing": {"context": "c"}},
    "pools": {"cpu": {"kind": "existing", "cpu": 4, "memory": "8Gi"}},
    "models": {"chat": {"model": "qwen2.5:0.5b", "engine": "ollama"}},
}
NAMESPACED = {"Job", "Deployment", "Service", "Secret", "ConfigMap", "PersistentVolumeClaim"}


def local(stack: str = "local", **changes: object) -> ComponentRun:
    return up({**LOCAL, **changes}, secrets={"kubeconfig": KUBECONFIG}, stack=stack)


def objects(made: ComponentRun) -> list[tuple[str, dict[str, Any]]]:
    """Kind and metadata of everything in the cluster."""
    return [
        (each.inputs["kind"], each.inputs["metadata"])
        for each in made.resources
        if each.type.startswith("kubernetes:") and "metadata" in each.inputs
    ]


def test_a_small_model_runs_on_cpu_on_whatever_cluster_a_kubeconfig_names() -> None:
    made = local()
    assert not any(each.type.startswith("tencentcloud:") for each in made.resources)
    server = named(made, DEPLOYMENT, "chat")
    assert "nvidia.com/gpu" not in str(server.inputs)
    assert "nodeSelector" not in pod(server)
    assert made.seen["clusterId"].value == "https://api.example"


def test_its_files_are_on_the_clusters_default_class_which_one_node_mounts() -> None:
    claims = {each.inputs["metadata"]["name"]: each.inputs["spec"] for each in local().of("PersistentVolumeClaim")}
    assert "storageClassName" not in claims["ai-model"]
    assert claims["ai-model"]["accessModes"] == ["ReadWriteOnce"]
    named_class = local(storage={"kind": "class", "className": "nfs"})
    assert named(named_class, "PersistentVolumeClaim", "ai-model").inputs["spec"]["accessModes"] == ["ReadWriteMany"]


def test_a_cluster_by_its_id_gets_a_pool_of_ours_and_no_second_cluster() -> None:
    made = up(BY_ID)
    assert made.of("kubernetes/cluster:Cluster") == made.of("addon:Addon") == made.of("vpc/instance:Instance") == []
    pool = made.one("nativeNodePool:NativeNodePool").inputs
    assert pool["clusterId"] == "cls-1"
    assert pool["native"]["subnetIds"] == ["subnet-1"]
    assert made.seen["clusterId"].value == "cls-1"


@pytest.mark.parametrize("changes", [BY_ID, {**BY_ID, "retain": True}, {**BY_ID, "storage": {"performance": "sd"}}])
def test_two_stacks_on_one_cluster_share_no_name(changes: dict[str, object]) -> None:
    one, other = (
        {(kind, data["name"], data.get("namespace")) for kind, data in objects(up(changes, stack=stack))}
        for stack in ("dev", "prod")
    )
    assert not one & other
    assert {kind for kind, _, namespace in one if namespace is None} <= {
        "Namespace",
        "StorageClass",
        "PersistentVolume",
    }


def test_names_within_the_namespace_are_those_of_the_design() -> None:
    names = {(kind, data["name"]) for kind, data in objects(up(BY_ID)) if kind in NAMESPACED}
    assert {("Service", "webui"), ("Service", "chat"), ("Deployment", "chat")} <= names
    assert {("PersistentVolumeClaim", "ai-model"), ("PersistentVolumeClaim", "webui")} <= names


def test_the_namespace_is_named_after_the_stack_only_where_another_may_be_there() -> None:
    assert up().one("core/v1:Namespace").inputs["metadata"]["name"] == "llm"
    assert up(BY_ID).one("core/v1:Namespace").inputs["metadata"]["name"] == "llm-dev"
    assert up({**BY_ID, "namespace": "chat"}).one("core/v1:Namespace").inputs["metadata"]["name"] == "chat"
    assert "--namespace llm-dev " in up(BY_ID).seen["portForward"].value["webui"]


def test_a_stack_with_a_name_that_kubernetes_does_not_take_gets_one_that_it_does() -> None:
    name = up(BY_ID, stack="Team_A.prod").one("core/v1:Namespace").inputs["metadata"]["name"]
    assert name.startswith("llm-team-a-prod-")
    assert name != up(BY_ID, stack="team-a-prod").one("core/v1:Namespace").inputs["metadata"]["name"]


def test_ollama_is_pulled_by_a_job_of_its_own_image_and_served_read_only() -> None:
    made = local()
    job, server = made.one(JOB, DOWNLOAD), named(made, DEPLOYMENT, "chat")
    (container,) = pod(job)["containers"]
    assert container["command"] == ["bash", "/opt/tke-llm/pull_ollama.sh"]
    assert "pull_ollama.sh" in made.one("core/v1:ConfigMap", "llm-chat-download-script").inputs["data"]
    assert environment(job)["MODEL_REPOSITORY"] == "qwen2.5:0.5b"
    assert environment(server)["OLLAMA_MODELS"] == environment(job)["MODEL_DIRECTORY"]
    home = environment(server)["HOME"]
    mounts = {each["mountPath"]: each.get("readOnly", False) for each in pod(server)["containers"][0]["volumeMounts"]}
    assert mounts["/models"] is True
    assert mounts[home] is False


def test_an_engine_without_a_key_has_no_secret() -> None:
    made = local()
    assert {each.inputs["metadata"]["name"] for each in made.of("core/v1:Secret")} == {"webui"}
    assert made.seen["apiKeys"].value == {}
