"""Each fault that mocks let pass is found, with the resource and the cause by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from stage import Recorded, Sections, Stage, Standing, about, add, pod_of, spoil, staged

from planner.storage.drivers import CFS_PROVISIONER
from rehearsal.control_plane.plane import Access
from rehearsal.controllers.controllers import Controllers

Object = dict[str, Any]
MODELS = ("chat", "closed", "greedy", "guarded", "keyless")


@dataclass(frozen=True)
class Found:
    """What was found of a stack in its namespace."""

    namespace: str
    standing: Standing

    def about(self, kind: str, name: str) -> str:
        return about(self.standing.not_ready, f"{kind} {self.namespace}/{name}")


@pytest.fixture(scope="module")
def faulty(rehearsed: Access, controllers: Controllers, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """A stack of several models with a fault at each place where none hides another."""

    def several(sections: Sections) -> None:
        sections["models"] = {name: {**sections["models"]["chat"], "pool": "gpu"} for name in MODELS}
        taints = [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]
        sections["pools"]["gpu"] |= {"nodes": len(MODELS), "taints": taints}

    with staged(rehearsed, controllers, tmp_path_factory.mktemp("faulty")) as stage:
        stack = stage.record(several)
        for kind, name, change in SPOILT:
            stack = spoil(stack, kind, name, change)
        return Found(stage.namespace, stage.up(_with_more(stack, stage.namespace)))


def _ask_for_too_much(deployment: Object) -> None:
    resources = pod_of(deployment)["containers"][0]["resources"]
    resources["limits"]["memory"] = resources["requests"]["memory"] = "110Gi"


def _be_privileged(deployment: Object) -> None:
    pod_of(deployment)["containers"][0]["securityContext"] = {"privileged": True}


def _name_another_key(deployment: Object) -> None:
    (variable,) = (each for each in pod_of(deployment)["containers"][0]["env"] if each["name"] == "VLLM_API_KEY")
    variable["valueFrom"]["secretKeyRef"]["key"] = "apiKey"


SPOILT: tuple[tuple[str, str, Callable[[Object], object]], ...] = (
    ("Deployment", "closed", lambda it: pod_of(it).pop("tolerations")),
    ("Deployment", "greedy", _ask_for_too_much),
    ("Deployment", "guarded", _be_privileged),
    ("Deployment", "keyless", _name_another_key),
    ("Service", "chat", lambda it: it["spec"].update(selector={"app": "chatt"})),
    ("Service", "greedy", lambda it: it["spec"]["ports"][0].update(targetPort="web")),
    ("PersistentVolumeClaim", "webui", lambda it: it["spec"].update(accessModes=["ReadWriteMany"])),
)


def _with_more(stack: Recorded, namespace: str) -> Recorded:
    """Objects beside those of the program, which nothing of it waits for."""

    def obj(api_version: str, kind: str, name: str, **rest: object) -> Object:
        return {
            "apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **rest
        }  # fmt: skip

    def scaler(target: str) -> Object:
        cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": target}
        spec = {"scaleTargetRef": reference, "maxReplicas": 2, "metrics": [{"type": "Resource", "resource": cpu}]}
        return obj("autoscaling/v2", "HorizontalPodAutoscaler", target, spec=spec)

    room = {"resources": {"requests": {"storage": "10Gi"}}}
    nowhere = {"accessModes": ["ReadWriteMany"], "storageClassName": "nowhere", **room}
    for more in (
        scaler("keyless"),
        scaler("chatt"),
        obj("v1", "PersistentVolumeClaim", "misspelt", spec={"acessModes": ["ReadWriteOnce"], **room}),
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": "nowhere"},
            "provisioner": CFS_PROVISIONER,
        },
        obj("v1", "PersistentVolumeClaim", "nowhere", spec=nowhere),
        obj("leaderworkerset.example.com/v1", "LeaderWorkerSet", "big", spec={}),
    ):
        stack = add(stack, more)
    return stack


def test_a_missing_toleration(faulty: Found) -> None:
    found = faulty.about("Deployment", "closed")
    assert f"is Pending: 0/{2 + len(MODELS)} nodes are available" in found
    assert "untolerated taint" in found


def test_a_request_above_what_the_machine_has(faulty: Found) -> None:
    assert "Insufficient memory" in faulty.about("Deployment", "greedy")
    (pool,) = (pool for pool in faulty.standing.usage.pools if pool.name == "gpu")
    (waiting,) = (pod for pod in pool.waiting if pod.name.startswith(f"{faulty.namespace}/greedy-"))
    assert "Insufficient memory" in waiting.note
    assert waiting.asks.memory_mib > pool.nodes[0].allocatable.memory_mib


def test_a_service_that_selects_nothing(faulty: Found) -> None:
    assert faulty.about("Service", "chat") == "no pod has the labels that it selects: app=chatt"


def test_a_service_port_that_its_pods_do_not_have(faulty: Found) -> None:
    assert "its pods have no port called web" in faulty.about("Service", "greedy")


def test_an_autoscaler_without_a_target(faulty: Found) -> None:
    assert 'deployments.apps "chatt" not found' in faulty.about("HorizontalPodAutoscaler", "chatt")
    assert faulty.about("HorizontalPodAutoscaler", "keyless") == ""


def test_a_shared_claim_on_a_disk(faulty: Found) -> None:
    told = faulty.about("PersistentVolumeClaim", "webui")
    assert told == "a CBS disk is attached to one node: access mode ReadWriteOnce only, not ReadWriteMany"


def test_a_pod_that_pod_security_refuses(faulty: Found) -> None:
    assert 'violates PodSecurity "baseline' in faulty.about("Deployment", "guarded")


def test_a_misspelt_field(faulty: Found) -> None:
    assert "acessModes: field not declared in schema" in faulty.about("PersistentVolumeClaim", "misspelt")


def test_a_key_that_its_secret_does_not_have(faulty: Found) -> None:
    told = faulty.about("Deployment", "keyless")
    assert f"couldn't find key apiKey in Secret {faulty.namespace}/keyless-api-key" in told


def test_a_class_without_a_network_makes_no_file_system(faulty: Found) -> None:
    told = faulty.about("PersistentVolumeClaim", "nowhere")
    assert told == "VpcID should not be empty: the class has no parameter vpcid"


def test_a_kind_that_no_software_defines(faulty: Found) -> None:
    assert "has no kind LeaderWorkerSet" in faulty.about("LeaderWorkerSet", "big")


def test_what_has_no_fault_is_ready(faulty: Found) -> None:
    assert faulty.about("Deployment", "chat") == ""
    assert faulty.about("PersistentVolumeClaim", "ai-model") == ""


def test_a_rolling_update_without_a_spare_gpu(stage: Stage) -> None:
    def rolling(it: Object) -> None:
        it["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}

    def newer(it: Object) -> None:
        pod_of(it)["containers"][0]["image"] += "-newer"

    stack = spoil(stage.record(), "Deployment", "chat", rolling)
    assert stage.up(stack).not_ready == ()
    standing, interruption = stage.update(spoil(stack, "Deployment", "chat", newer))
    assert "Insufficient nvidia.com/gpu" in about(standing.not_ready, f"Deployment {stage.namespace}/chat")
    (waited,) = {each.resource: each for each in interruption.waited}.values()
    assert waited.resource.startswith(f"pod {stage.namespace}/chat-")


def test_a_group_without_enough_machines_and_a_disk_that_two_nodes_want_at_once(stage: Stage) -> None:
    def two_in_a_zone(sections: Sections) -> None:
        sections["cluster"]["systemPool"] = {"nodes": 4}

    def larger(it: Object) -> None:
        it["spec"]["leaderWorkerTemplate"]["size"] = 3

    def apart(it: Object) -> None:
        it["spec"]["replicas"] = 2
        term = {
            "labelSelector": {"matchLabels": it["spec"]["selector"]["matchLabels"]},
            "topologyKey": "kubernetes.io/hostname",
        }
        pod_of(it)["affinity"] = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}

    stack = stage.record(two_in_a_zone, file="Pulumi.two-machines.yaml")
    stack = spoil(spoil(stack, "LeaderWorkerSet", "chat-group", larger), "Deployment", "webui", apart)
    found = stage.up(stack).not_ready
    assert "Insufficient nvidia.com/gpu" in about(found, f"LeaderWorkerSet {stage.namespace}/chat-group")
    assert "Multi-Attach error for volume" in about(found, f"Deployment {stage.namespace}/webui")
