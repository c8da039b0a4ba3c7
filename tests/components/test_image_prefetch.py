"""Images that are pulled ahead: what runs on the nodes, and who waits for it."""

from typing import Any

from components.workloads import kube
from rehearsal.kinds import seconds_of
from rehearsal.policies import broken_rules
from tests.components.recorder import Registered
from tests.components.whole_stack import DEPLOYMENT, decided, named, pod, up

DAEMON_SET = "apps/v1:DaemonSet"
POOL = "nativeNodePool:NativeNodePool"
IMAGES: dict[str, object] = {"warmStart": {"images": True}}
EMPTY: dict[str, object] = {**IMAGES, "pools.gpu.nodes": {"min": 0, "max": 1}}
TWO_ENGINES: dict[str, object] = {
    **IMAGES,
    "pools.gpu": {"instanceType": "PNV4.14XLARGE232"},
    "cluster.systemPool": {"disk": 200},
    "models.chat": {"model": "Qwen/Qwen2.5-0.5B-Instruct", "pool": "gpu"},
    "models.other": {"model": "Qwen/Qwen2.5-1.5B-Instruct", "pool": "gpu", "engine": "sglang"},
}


def daemon_set(changes: dict[str, object]) -> Registered:
    return up(changes).one(DAEMON_SET)


def took(changes: dict[str, object], registered: Registered) -> float:
    return seconds_of(registered.registration, decided(changes))


def server(changes: dict[str, object]) -> Registered:
    return named(up(changes), DEPLOYMENT, "chat")


def containers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [*spec["initContainers"], *spec["containers"]]


def test_without_the_setting_nothing_is_pulled_ahead():
    assert up({}).of(DAEMON_SET) == []


def test_every_image_of_the_pool_is_pulled_by_a_container_that_ends_at_once():
    spec, plan = pod(daemon_set(TWO_ENGINES)), decided(TWO_ENGINES)
    assert {each["image"] for each in spec["initContainers"]} == {each.spec.image for each in plan.models.values()}
    assert [each["command"] for each in spec["initContainers"]] == [["sh", "-c", "exit 0"]] * 2
    (kept,) = spec["containers"]
    assert kept["command"] == ["sleep", "infinity"]
    assert kept["image"] in {each.spec.image for each in plan.models.values()}


def test_it_runs_where_the_replicas_do():
    spec, served = pod(daemon_set(IMAGES)), pod(server(IMAGES))
    assert spec["nodeSelector"] == served["nodeSelector"]
    assert spec["tolerations"] == served["tolerations"]


def test_it_asks_for_no_gpu_and_for_what_the_plan_took_off_the_node():
    for each in containers(pod(daemon_set(TWO_ENGINES))):
        assert kube.GPU_RESOURCE not in each["resources"]["limits"]
        assert each["resources"]["requests"] == {"cpu": "10m", "memory": "32Mi"}


def test_it_breaks_no_rule_of_the_policy_pack_and_passes_restricted_pod_security():
    run = up(TWO_ENGINES)
    assert broken_rules(each.registration for each in run.resources) == ()
    spec = pod(daemon_set(TWO_ENGINES))
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert "volumes" not in spec or spec["volumes"] == []
    for each in containers(spec):
        assert each["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert each["securityContext"]["allowPrivilegeEscalation"] is False


def test_the_images_are_pulled_with_the_secret_of_the_registry():
    changes: dict[str, object] = {**IMAGES, "images.pullSecret": "registry"}
    assert pod(daemon_set(changes))["imagePullSecrets"] == [{"name": "registry"}]


def test_a_server_waits_for_its_image_and_that_for_the_pools_nodes():
    run = up(IMAGES)
    assert run.depends(server(IMAGES), run.one(DAEMON_SET))
    assert run.depends(run.one(DAEMON_SET), run.one(POOL))


def test_it_does_not_wait_for_the_files_so_that_image_and_files_come_at_the_same_time():
    fast: dict[str, object] = {**IMAGES, "order": "fastest"}
    run = up(fast)
    assert not run.depends(run.one(DAEMON_SET), run.one("batch/v1:Job", "llm-chat-download-job"))


def test_all_nodes_get_a_new_image_at_once():
    strategy = daemon_set(IMAGES).inputs["spec"]["updateStrategy"]
    assert strategy["rollingUpdate"]["maxUnavailable"] == "100%"


def test_on_the_clock_the_image_is_waited_for_once():
    plan = decided(IMAGES)
    assert took(IMAGES, daemon_set(IMAGES)) == plan.durations["pull:chat"]
    assert took(IMAGES, server(IMAGES)) == plan.durations["load:chat"]
    assert took({}, server({})) == plan.durations["pull:chat"] + plan.durations["load:chat"]


def test_on_the_clock_a_machine_that_comes_with_the_pod_has_no_image_yet():
    plan = decided(EMPTY)
    assert took(EMPTY, daemon_set(EMPTY)) == plan.durations["kubernetes_object"]
    machine = plan.durations["native_gpu_pool"]
    assert took(EMPTY, server(EMPTY)) == machine + plan.durations["pull:chat"] + plan.durations["load:chat"]


def test_a_pause_leaves_it_as_it_is_for_its_pods_go_with_the_nodes():
    paused: dict[str, object] = {**IMAGES, "pause": True}
    assert daemon_set(paused).inputs == daemon_set(IMAGES).inputs
    assert took(paused, daemon_set(paused)) == decided(paused).durations["kubernetes_object"]
