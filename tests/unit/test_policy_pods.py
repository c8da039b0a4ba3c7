"""Rules on pods, on good and bad pods."""

from copy import deepcopy
from typing import Any

import pytest

from policy.pod_rules import REASON
from policy.rules import Hidden, Resource, violations

SEALED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
GOOD: dict[str, Any] = {
    "automountServiceAccountToken": False,
    "enableServiceLinks": False,
    "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
    "nodeSelector": {"tke-llm/pool": "dev-gpu"},
    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
    "initContainers": [
        {
            "name": "wait",
            "image": "registry.example.com/a/b:v1.2",
            "resources": {"limits": {"memory": "32Mi"}},
            "securityContext": SEALED,
        }
    ],
    "containers": [
        {
            "name": "vllm",
            "image": "docker.io/vllm/vllm-openai:v0.29.0-cu129",
            "resources": {
                "requests": {"memory": "20Gi", "nvidia.com/gpu": "1"},
                "limits": {"memory": "20Gi", "nvidia.com/gpu": 1},
            },
            "securityContext": SEALED,
        }
    ],
    "volumes": [{"name": "models", "persistentVolumeClaim": {"claimName": "ai-model"}}],
}


def pod(path: str = "", value: Any = None, annotations: dict[str, Any] | None = None) -> Resource:
    """The good pod in a Deployment, with the value at a dotted path replaced, or removed where it is None."""
    spec = deepcopy(GOOD)
    if path:
        *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        place: Any = spec
        for step in steps:
            place = place[step]
        if value is None:
            del place[last]
        else:
            place[last] = value
    template = {"metadata": {"annotations": annotations or {}}, "spec": spec}
    return Resource("kubernetes:apps/v1:Deployment", "chat", {"spec": {"template": template}})


def codes(resource: Resource) -> set[str]:
    return {each.code for each in violations([resource])}


def test_a_good_pod_breaks_no_rule() -> None:
    assert violations([pod()]) == []


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("containers/0/image", "docker.io/vllm/vllm-openai:latest", "IMAGE_FLOATING"),
        ("containers/0/image", "docker.io/vllm/vllm-openai", "IMAGE_FLOATING"),
        ("containers/0/image", "ghcr.io/open-webui/open-webui:main", "IMAGE_FLOATING"),
        ("containers/0/image", "registry.example.com:5000/a/b", "IMAGE_FLOATING"),
        ("initContainers/0/image", "a/b:latest-cu129", "IMAGE_FLOATING"),
        ("initContainers/0/image", "a/b:stable-slim", "IMAGE_FLOATING"),
        ("containers/0/resources/limits/memory", None, "MEMORY_UNLIMITED"),
        ("initContainers/0/resources", None, "MEMORY_UNLIMITED"),
        ("containers/0/resources/limits/nvidia.com~gpu", None, "GPU_LIMIT_DIFFERS"),
        ("containers/0/resources/requests/nvidia.com~gpu", "2", "GPU_LIMIT_DIFFERS"),
        ("tolerations", None, "GPU_WITHOUT_TOLERATION"),
        ("nodeSelector", None, "GPU_WITHOUT_NODE_SELECTOR"),
        ("containers/0/securityContext/privileged", True, "POD_PRIVILEGED"),
        ("initContainers/0/securityContext", {"readOnlyRootFilesystem": True}, "POD_PRIVILEGED"),
        ("securityContext", None, "POD_ROOT"),
        ("securityContext/runAsUser", 0, "POD_ROOT"),
        ("initContainers/0/securityContext/runAsNonRoot", False, "POD_ROOT"),
        ("volumes/0", {"name": "disk", "hostPath": {"path": "/var"}}, "POD_HOST_PATH"),
        ("hostNetwork", True, "POD_HOST_NAMESPACE"),
        ("hostPID", True, "POD_HOST_NAMESPACE"),
        ("enableServiceLinks", None, "POD_SERVICE_LINKS"),
        ("enableServiceLinks", True, "POD_SERVICE_LINKS"),
        ("automountServiceAccountToken", None, "POD_API_TOKEN"),
        (
            "volumes/0",
            {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
            "POD_API_TOKEN",
        ),
        ("containers/0/image", "docker.io/vllm/vllm-openai:cu129", "IMAGE_FLOATING"),
        ("containers/0/image", "docker.io/vllm/vllm-openai:cuda12.9-py312", "IMAGE_FLOATING"),
        ("containers/0/image", "docker.io/library/python:ubuntu22.04", "IMAGE_FLOATING"),
        ("containers/0/securityContext/capabilities", {"drop": ["ALL"], "add": ["NET_RAW"]}, "POD_CAPABILITIES"),
        ("initContainers/0/securityContext/capabilities", {"add": ["SYS_ADMIN", "IPC_LOCK"]}, "POD_CAPABILITIES"),
        ("containers/0/securityContext/seccompProfile", {"type": "Unconfined"}, "POD_SECCOMP"),
        ("containers/0/securityContext/readOnlyRootFilesystem", None, "POD_WRITABLE_ROOT"),
        ("initContainers/0/securityContext/readOnlyRootFilesystem", False, "POD_WRITABLE_ROOT"),
        ("containers/0/ports", [{"containerPort": 8000, "hostPort": 8000}], "POD_HOST_PORT"),
    ],
)
def test_each_fault_of_a_pod_breaks_its_rule_alone(path: str, value: Any, code: str) -> None:
    faulty = pod(path, value) if "~" not in path else _with_gpu(path, value)
    assert codes(faulty) == {code}


@pytest.mark.parametrize("profile", [None, {"type": "Unconfined"}])
def test_a_pod_whose_calls_nothing_filters_is_found(profile: Any) -> None:
    bare = {"name": "main", "image": "a/b:v1", "resources": {"limits": {"memory": "1Gi"}}}
    bare["securityContext"] = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
    faulty = pod("containers", [bare])
    context = faulty.properties["spec"]["template"]["spec"]["securityContext"]  # type: ignore[index]
    context["seccompProfile"] = profile  # type: ignore[index]
    assert "POD_SECCOMP" in codes(faulty)


@pytest.mark.parametrize("kind", ["hostPath", "local"])
def test_a_persistent_volume_on_a_node_is_found(kind: str) -> None:
    volume = {"spec": {kind: {"path": "/data"}}}
    assert codes(Resource("kubernetes:core/v1:PersistentVolume", "models", volume)) == {"VOLUME_ON_NODE"}
    assert codes(Resource("kubernetes:core/v1:PersistentVolume", "models", {"spec": {"csi": {}}})) == set()


def on_node(namespace: str, volume: str, folder: str) -> Resource:
    """A DaemonSet whose pods mount a folder of their node."""
    made = pod("volumes/0", {"name": volume, "hostPath": {"path": folder, "type": "DirectoryOrCreate"}})
    return Resource(made.type, made.name, {**made.properties, "metadata": {"namespace": namespace}})


def test_one_pod_by_name_may_mount_a_folder_of_its_node() -> None:
    """components/workloads/node_cache.py: namespace, volume and folder belong together."""
    assert codes(on_node("llm-node-cache", "node-cache", "/var/lib/tke-llm/llm/gpu")) == set()


@pytest.mark.parametrize(
    ("namespace", "volume", "folder"),
    [
        ("llm", "node-cache", "/var/lib/tke-llm/llm/gpu"),
        ("llm-node-cache", "disk", "/var/lib/tke-llm/llm/gpu"),
        ("llm-node-cache", "node-cache", "/var/lib/tke-llm/others/gpu"),
        ("llm-node-cache", "node-cache", "/var/lib/tke-llm/llm"),
        ("llm-node-cache", "node-cache", "/var/lib/tke-llm/llm/"),
        ("llm-node-cache", "node-cache", "/var/lib/tke-llm/llm/.."),
        ("llm-node-cache", "node-cache", "/var/lib/tke-llm/llm/../../kubelet"),
        ("llm-node-cache", "node-cache", "/var/lib/kubelet"),
        ("llm-node-cache", "node-cache", "/"),
    ],
)
def test_any_other_folder_namespace_or_name_is_found(namespace: str, volume: str, folder: str) -> None:
    assert codes(on_node(namespace, volume, folder)) == {"POD_HOST_PATH"}


def kept(name: str, folder: str, namespace: str, kind: str = "local") -> Resource:
    """A volume on a node that one claim alone may have."""
    spec = {kind: {"path": folder}, "claimRef": {"namespace": namespace, "name": name}}
    return Resource("kubernetes:core/v1:PersistentVolume", name, {"metadata": {"name": name}, "spec": spec})


def test_one_volume_by_name_may_be_a_folder_of_a_node() -> None:
    assert codes(kept("node-cache-gpu-1234", "/var/lib/tke-llm/llm/gpu", "llm")) == set()


@pytest.mark.parametrize(
    "other",
    [
        kept("models", "/var/lib/tke-llm/llm/gpu", "llm"),
        kept("node-cache-gpu-1234", "/var/lib/tke-llm/llm/gpu", "others"),
        kept("node-cache-gpu-1234", "/var/lib/kubelet", "llm"),
        kept("node-cache-gpu-1234", "/var/lib/tke-llm/llm/../../kubelet", "llm"),
        kept("node-cache-gpu-1234", "/var/lib/tke-llm/llm/gpu", "llm", kind="hostPath"),
    ],
)
def test_any_other_volume_on_a_node_is_found(other: Resource) -> None:
    assert codes(other) == {"VOLUME_ON_NODE"}


def test_memory_may_be_locked_by_a_pod_that_says_why_it_is_on_its_machines_network() -> None:
    reason = {f"{REASON}host-network": "RDMA"}
    locked = pod("containers/0/securityContext/capabilities", {"drop": ["ALL"], "add": ["IPC_LOCK"]}, reason)
    assert codes(locked) == {"POD_CAPABILITIES"}
    locked.properties["spec"]["template"]["spec"]["hostNetwork"] = True  # type: ignore[index]
    assert codes(locked) == set()


def test_a_pod_with_gpus_may_go_anywhere_where_it_says_why() -> None:
    assert codes(pod("nodeSelector", None, {f"{REASON}any-node": "all GPU nodes are alike"})) == set()
    assert codes(pod("nodeSelector", None, {f"{REASON}any-node": " "})) == {"GPU_WITHOUT_NODE_SELECTOR"}


def _with_gpu(path: str, value: Any) -> Resource:
    *steps, last = path.split("/")
    resources = deepcopy(GOOD["containers"][0]["resources"])
    bound = resources[steps[-1]]
    name = last.replace("~", "/")
    if value is None:
        del bound[name]
    else:
        bound[name] = value
    return pod("containers/0/resources", resources)


@pytest.mark.parametrize(
    "image",
    [
        "docker.io/library/nginx:1.27",
        "a/b@sha256:0123456789abcdef",
        "a/b:latest@sha256:0123456789abcdef",
        "registry.example.com:5000/a/b:v1",
        "ghcr.io/open-webui/open-webui:main-7a0cc3d",
    ],
)
def test_a_release_or_a_digest_pins_an_image(image: str) -> None:
    assert codes(pod("containers/0/image", image)) == set()


def test_a_gpu_limit_without_a_request_is_a_request() -> None:
    assert codes(pod("containers/0/resources", {"limits": {"memory": "1Gi", "nvidia.com/gpu": 1}})) == set()


@pytest.mark.parametrize(
    "name", ["nvidia.com/mig-1g.10gb", "tke.cloud.tencent.com/qgpu-core", "tencent.com/vcuda-core"]
)
def test_a_part_of_a_gpu_counts_as_one(name: str) -> None:
    spec = deepcopy(GOOD)
    spec["containers"][0]["resources"] = {"limits": {"memory": "1Gi", name: 10}}
    del spec["tolerations"]
    assert codes(Resource("kubernetes:core/v1:Pod", "p", {"spec": spec})) == {"GPU_WITHOUT_TOLERATION"}


@pytest.mark.parametrize("missing", ["tolerations", "nodeSelector"])
def test_a_pod_without_a_gpu_may_run_anywhere(missing: str) -> None:
    spec = deepcopy(GOOD)
    spec["containers"][0]["resources"] = {"limits": {"memory": "1Gi"}}
    del spec[missing]
    assert codes(Resource("kubernetes:core/v1:Pod", "p", {"spec": spec})) == set()


def test_node_affinity_chooses_nodes_as_a_selector_does() -> None:
    spec = deepcopy(GOOD)
    del spec["nodeSelector"]
    terms = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}]}
    spec["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    assert codes(Resource("kubernetes:core/v1:Pod", "p", {"spec": spec})) == set()


@pytest.mark.parametrize(
    ("path", "value", "subject"), [("securityContext", None, "root"), ("hostNetwork", True, "host-network")]
)
def test_a_reason_excuses_root_and_the_hosts_network(path: str, value: Any, subject: str) -> None:
    assert codes(pod(path, value, {f"{REASON}{subject}": "the file system's root belongs to root"})) == set()
    assert codes(pod(path, value, {f"{REASON}{subject}": " "})) != set()


def test_no_reason_excuses_the_hosts_processes() -> None:
    assert codes(pod("hostPID", True, {f"{REASON}host-network": "RDMA"})) == {"POD_HOST_NAMESPACE"}


def test_a_containers_own_user_wins_over_its_pods() -> None:
    spec = deepcopy(GOOD)
    spec["securityContext"] = {}
    for each in (*spec["containers"], *spec["initContainers"]):
        each["securityContext"]["runAsNonRoot"] = True
    assert codes(Resource("kubernetes:core/v1:Pod", "p", {"spec": spec})) == set()


def test_all_templates_of_a_custom_resource_are_seen() -> None:
    bad = {**deepcopy(GOOD), "enableServiceLinks": True}
    group = {"leaderWorkerTemplate": {"leaderTemplate": {"spec": GOOD}, "workerTemplate": {"spec": bad}}}
    resource = Resource("kubernetes:leaderworkerset.x-k8s.io/v1:LeaderWorkerSet", "big", {"spec": group})
    (found,) = violations([resource])
    assert found.message.startswith("spec.leaderWorkerTemplate.workerTemplate.spec:")


def test_templates_in_a_list_are_seen() -> None:
    bad = {**deepcopy(GOOD), "hostPID": True}
    jobs = [{"template": {"spec": {"template": {"spec": each}}}} for each in (GOOD, bad)]
    (found,) = violations([Resource("kubernetes:jobset.x-k8s.io/v1alpha2:JobSet", "j", {"spec": {"jobs": jobs}})])
    assert found.message.startswith("spec.jobs.1.template.spec.template.spec:")


def test_a_cron_jobs_pod_is_seen() -> None:
    bad = {**deepcopy(GOOD), "hostIPC": True}
    spec = {"jobTemplate": {"spec": {"template": {"spec": bad}}}}
    assert codes(Resource("kubernetes:batch/v1:CronJob", "c", {"spec": spec})) == {"POD_HOST_NAMESPACE"}


def test_what_is_no_kubernetes_object_has_no_pods() -> None:
    assert violations([Resource("other:x:Y", "y", {"spec": {"containers": [{"image": "a:latest"}]}})]) == []


def test_an_image_that_is_not_known_yet_is_not_judged() -> None:
    assert codes(pod("containers/0/image", Hidden.UNKNOWN)) == set()


def test_a_violation_names_the_container() -> None:
    (found,) = violations([pod("initContainers/0/image", "a/b:latest")])
    assert "spec.template.spec.initContainers[wait]" in found.message
    assert (found.resource, found.type) == ("chat", "kubernetes:apps/v1:Deployment")
