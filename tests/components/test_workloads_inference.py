"""One model, served."""

import json
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.workloads.inference import Inference, InferenceArgs, key_checksum
from planner.plan.server import ChatTemplate, Spread
from rehearsal.wire import holds_secret
from tests.components.plans import MODEL, POOL, SERVER_GROUP, SPEC
from tests.components.recorder import ComponentRun, build

DEPLOYMENT = "apps/v1:Deployment"
SERVICE = "core/v1:Service"
SECRET = "core/v1:Secret"
CONFIG_MAP = "core/v1:ConfigMap"
RANDOM = "random:index/randomPassword:RandomPassword"


def serve(
    *, key: str | None = None, spec: dict[str, Any] | None = None, pool: dict[str, Any] | None = None, **changes: Any
) -> ComponentRun:
    def make() -> dict[str, pulumi.Output[Any]]:
        made = Inference(
            "chat",
            InferenceArgs(
                namespace="llm",
                model=replace(MODEL, spec=replace(SPEC, **(spec or {})), **changes),
                pool=replace(POOL, **(pool or {})),
                claim="ai-model",
                api_key=None if key is None else pulumi.Output.secret(key),
                after=[pulumi.CustomResource("test:index:Job", "job", {})],
            ),
        )
        return {"service": made.service, "key": made.api_key or pulumi.Output.from_input(None)}

    return build(make, outputs={RANDOM: {"result": "generated"}})


def deployment(made: ComponentRun) -> dict[str, Any]:
    return made.one(DEPLOYMENT).inputs["spec"]


def pod(made: ComponentRun) -> dict[str, Any]:
    return deployment(made)["template"]["spec"]


def server(made: ComponentRun) -> dict[str, Any]:
    return pod(made)["containers"][0]


def test_the_engines_own_arguments_are_passed_on_untouched() -> None:
    container = server(serve())
    assert container["command"] == list(SPEC.command)
    assert container["image"] == SPEC.image
    assert {"name": "HF_HUB_OFFLINE", "value": "1"} in container["env"]


def test_deployment_and_service_are_called_by_the_models_key() -> None:
    made = serve()
    assert made.one(DEPLOYMENT).inputs["metadata"]["name"] == "chat"
    assert made.one(SERVICE).inputs["metadata"]["name"] == "chat" == made.seen["service"].value


def test_the_service_finds_the_pods_and_names_its_port() -> None:
    made = serve()
    service = made.one(SERVICE).inputs["spec"]
    assert service["type"] == "ClusterIP"
    assert service["ports"] == [{"name": "http", "port": 8000, "targetPort": "http"}]
    assert service["selector"] == deployment(made)["selector"]["matchLabels"]
    assert service["selector"].items() <= deployment(made)["template"]["metadata"]["labels"].items()
    assert server(made)["ports"] == [{"name": "http", "containerPort": 8000}]


def test_the_service_does_not_wait_for_the_model_to_load() -> None:
    made = serve()
    assert made.one(SERVICE).inputs["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}
    assert not made.depends(made.one(SERVICE), made.one(DEPLOYMENT))


def test_a_key_is_generated_and_reaches_the_engine_by_reference() -> None:
    made = serve()
    secret = made.one(SECRET)
    assert holds_secret(secret.sealed["stringData"])
    assert secret.inputs["stringData"] == {"api-key": "generated"}
    key = next(each for each in server(made)["env"] if each["name"] == "VLLM_API_KEY")
    assert key == {
        "name": "VLLM_API_KEY",
        "valueFrom": {"secretKeyRef": {"name": secret.inputs["metadata"]["name"], "key": "api-key"}},
    }
    assert made.seen["key"].secret
    assert "generated" not in json.dumps(made.one(DEPLOYMENT).inputs)


def test_a_given_key_is_used_and_stays_secret() -> None:
    made = serve(key="open sesame")
    assert made.of(RANDOM) == []
    assert made.one(SECRET).inputs["stringData"] == {"api-key": "open sesame"}
    assert holds_secret(made.one(SECRET).sealed["stringData"])
    assert "sesame" not in json.dumps(made.one(DEPLOYMENT).inputs)


def test_another_key_restarts_the_pods_and_the_same_key_does_not() -> None:
    def annotations(key: str) -> dict[str, str]:
        return deployment(serve(key=key))["template"]["metadata"]["annotations"]

    assert annotations("one") == annotations("one")
    assert annotations("one") != annotations("two")


def test_the_mark_of_a_key_does_not_hide_the_deployment_from_previews() -> None:
    assert not holds_secret(serve(key="one").one(DEPLOYMENT).sealed["spec"])
    assert len(key_checksum("one")) == 8


def test_an_engine_without_a_key_gets_no_secret() -> None:
    made = serve(spec={"api_key_env": None})
    assert made.of(SECRET) == []
    assert made.of(RANDOM) == []
    assert made.seen["key"].value is None


def test_the_server_is_no_root_and_reads_the_models_only() -> None:
    spec = pod(serve())
    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": SERVER_GROUP,
        "runAsGroup": SERVER_GROUP,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    for container in [*spec["containers"], *spec["initContainers"]]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }
        mount = next(each for each in container["volumeMounts"] if each["name"] == "models")
        assert mount == {"name": "models", "mountPath": "/models", "readOnly": True}
    volume = next(each for each in spec["volumes"] if each["name"] == "models")
    assert volume["persistentVolumeClaim"] == {"claimName": "ai-model"}


def test_the_server_waits_for_the_marker_of_its_own_download() -> None:
    waiting = pod(serve())["initContainers"][0]
    assert waiting["image"] == SPEC.image
    assert waiting["command"][-1] == "/models/seven/main/.complete"
    assert waiting["resources"]["limits"]["memory"]
    assert "nvidia.com/gpu" not in waiting["resources"]["limits"]


def test_gpus_are_limited_to_what_is_requested() -> None:
    resources = server(serve(spec={"resources": replace(SPEC.resources, gpus=2)}))["resources"]
    assert resources["requests"]["nvidia.com/gpu"] == resources["limits"]["nvidia.com/gpu"] == "2"


def test_the_server_runs_on_its_pool_and_tolerates_its_taints() -> None:
    spec = pod(serve(pool={"tolerations": (("nvidia.com/gpu", "present", "NoSchedule"), ("own", "", "NoExecute"))}))
    assert spec["nodeSelector"] == {"tke-llm/pool": "dev-gpu"}
    assert [each["key"] for each in spec["tolerations"]] == ["nvidia.com/gpu", "own"]


def test_scratch_space_is_mounted_and_shared_memory_is_bounded() -> None:
    spec = pod(serve())
    assert {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "2Gi"}} in spec["volumes"]
    assert {"name": "shm", "mountPath": "/dev/shm"} in spec["containers"][0]["volumeMounts"]
    assert {"name": "home", "emptyDir": {"sizeLimit": "1Gi"}} in spec["volumes"]


def test_one_startup_budget_feeds_probe_deadline_and_pulumis_patience() -> None:
    made = serve(progress_deadline_seconds=1800)
    probe = server(made)["startupProbe"]
    assert (probe["periodSeconds"], probe["failureThreshold"], probe["initialDelaySeconds"]) == (10, 90, 15)
    assert deployment(made)["progressDeadlineSeconds"] == 1800
    timeouts = made.one(DEPLOYMENT).registration.timeouts
    assert timeouts["create"] == timeouts["update"]
    assert 1800 < int(timeouts["create"].removesuffix("s")) < 2400


def test_readiness_and_liveness_are_the_plans() -> None:
    container = server(serve())
    assert container["readinessProbe"]["failureThreshold"] == SPEC.readiness.failures
    assert container["livenessProbe"]["timeoutSeconds"] == SPEC.liveness.timeout


def test_a_pod_leaves_the_service_before_it_stops() -> None:
    made = serve()
    assert server(made)["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", "15"]
    assert pod(made)["terminationGracePeriodSeconds"] == 90


def test_without_spare_gpus_the_old_pod_goes_first() -> None:
    assert deployment(serve())["strategy"] == {"type": "Recreate"}


def test_with_spare_gpus_pods_are_replaced_one_by_one() -> None:
    rolling = deployment(serve(strategy="RollingUpdate", max_surge=1, max_unavailable=0))["strategy"]
    assert rolling == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


@pytest.mark.parametrize(("autoscaled", "replicas"), [(False, 2), (True, None)])
def test_replicas_are_left_to_the_autoscaler_where_there_is_one(autoscaled: bool, replicas: int | None) -> None:
    assert deployment(serve(autoscaled=autoscaled, min_replicas=2)).get("replicas") == replicas


def test_annotations_of_super_nodes_reach_the_pod() -> None:
    made = serve(spec={"annotations": (("eks.tke.cloud.tencent.com/gpu-type", "T4"),)})
    annotations = deployment(made)["template"]["metadata"]["annotations"]
    assert annotations["eks.tke.cloud.tencent.com/gpu-type"] == "T4"


def test_a_server_comes_after_its_download() -> None:
    made = serve()
    assert made.depends(made.one(DEPLOYMENT), made.one("test:index:Job"))


def test_no_image_is_pulled_anew_for_a_tag_that_does_not_move() -> None:
    spec = pod(serve())
    assert {each["imagePullPolicy"] for each in [*spec["containers"], *spec["initContainers"]]} == {"IfNotPresent"}


def test_a_new_key_is_made_by_raising_its_version_and_by_nothing_else() -> None:
    first, same, next_one = (serve(key_version=version).one(RANDOM).inputs["keepers"] for version in (1, 1, 2))
    assert first == same != next_one


def test_one_pod_has_no_budget_and_is_kept_apart_from_none() -> None:
    made = serve()
    assert made.of(":PodDisruptionBudget") == []
    assert "topologySpreadConstraints" not in pod(made)


def test_of_several_replicas_one_may_go_at_a_time_and_they_keep_off_each_others_nodes() -> None:
    made = serve(min_replicas=2, max_replicas=2)
    labels = deployment(made)["selector"]["matchLabels"]
    budget = made.one(":PodDisruptionBudget").inputs["spec"]
    assert budget == {"maxUnavailable": 1, "selector": {"matchLabels": labels}}
    (constraint,) = pod(made)["topologySpreadConstraints"]
    assert (constraint["topologyKey"], constraint["whenUnsatisfiable"]) == ("kubernetes.io/hostname", "ScheduleAnyway")
    assert constraint["labelSelector"]["matchLabels"] == labels


def test_an_autoscaled_model_may_lose_a_pod_too() -> None:
    assert serve(autoscaled=True, min_replicas=1, max_replicas=3).one(":PodDisruptionBudget")


def test_a_priority_class_is_the_stack_files() -> None:
    assert pod(serve(priority_class="gold"))["priorityClassName"] == "gold"
    assert "priorityClassName" not in pod(serve())


def test_a_model_over_machines_is_a_group_whose_leader_answers() -> None:
    made = serve(spec={"spread": Spread(2, ("vllm", "worker"), 29501, "VLLM_HOST_IP")}, nodes=2)
    assert made.of(DEPLOYMENT) == []
    group = made.one(":LeaderWorkerSet").inputs
    leader = group["spec"]["leaderWorkerTemplate"]["leaderTemplate"]
    assert leader["metadata"]["annotations"]["tke-llm/api-key-checksum"] == key_checksum("generated")
    selector = made.one(SERVICE).inputs["spec"]["selector"]
    assert selector["leaderworkerset.sigs.k8s.io/worker-index"] == "0"
    labels = leader["metadata"]["labels"]
    assert {key: value for key, value in selector.items() if key in labels}.items() <= labels.items()


def test_a_pod_on_its_machines_network_says_why() -> None:
    rdma = serve(spec={"spread": Spread(2, ("vllm", "worker"), 29501, "VLLM_HOST_IP", rdma=True)}, nodes=2)
    template = rdma.one(":LeaderWorkerSet").inputs["spec"]["leaderWorkerTemplate"]["workerTemplate"]
    assert template["spec"]["hostNetwork"] is True
    assert "RDMA" in template["metadata"]["annotations"]["tke-llm/why-host-network"]


def test_a_pod_that_may_go_to_any_gpu_node_says_why() -> None:
    for selector, says in (((), True), ((("gpu", "a10"),), False)):
        made = serve(pool={"kind": "existing", "node_selector": selector})
        annotations = made.one(DEPLOYMENT).inputs["spec"]["template"]["metadata"]["annotations"]
        assert ("tke-llm/why-any-node" in annotations) == says


def test_a_chat_template_of_the_stack_file_is_mounted_and_another_text_is_another_object() -> None:
    made = serve(chat_template=ChatTemplate("0a1b2c3d.jinja", "{{ messages }}"))
    held = made.one(CONFIG_MAP).inputs
    assert held["data"] == {"0a1b2c3d.jinja": "{{ messages }}"}
    assert held["metadata"]["name"] == "chat-0a1b2c3d"
    assert {"name": "chat-template", "configMap": {"name": "chat-0a1b2c3d"}} in pod(made)["volumes"]
    mount = {"name": "chat-template", "mountPath": "/etc/tke-llm", "readOnly": True}
    assert mount in server(made)["volumeMounts"]


def test_without_a_chat_template_of_the_stack_file_nothing_is_mounted_for_one() -> None:
    made = serve()
    assert not made.of(CONFIG_MAP)
    assert "chat-template" not in {volume["name"] for volume in pod(made)["volumes"]}
