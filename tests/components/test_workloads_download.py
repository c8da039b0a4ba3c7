"""The download Job."""

import json
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.workloads import model_download
from components.workloads.model_download import ModelDownload, ModelDownloadArgs, marker_path
from components.workloads.scripts import download_model as script
from planner.plan.types import CpuPlan
from rehearsal.wire import holds_secret
from tests.components.plans import DOWNLOAD, MODEL, SERVER_GROUP
from tests.components.recorder import ComponentRun, build

JOB = "batch/v1:Job"


def job(
    *, token: str | None = None, after: bool = False, pull_secret: str | None = None, **changes: Any
) -> ComponentRun:
    def make() -> None:
        ModelDownload(
            "chat",
            ModelDownloadArgs(
                namespace="llm",
                model=MODEL,
                download=replace(DOWNLOAD, **changes),
                claim="ai-model",
                cpu=CpuPlan(node_selector=(("tke-llm/pool", "system"),)),
                token=None if token is None else pulumi.Output.secret(token),
                pull_secret=pull_secret,
                after=[pulumi.CustomResource("test:index:Nat", "nat", {})] if after else [],
            ),
        )

    return build(make)


def pod(made: ComponentRun) -> dict[str, Any]:
    return made.one(JOB).inputs["spec"]["template"]["spec"]


def environment(made: ComponentRun) -> dict[str, Any]:
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in pod(made)["containers"][0]["env"]}


def name(made: ComponentRun) -> str:
    return made.one(JOB).inputs["metadata"]["name"]


def test_the_script_understands_what_the_job_tells_it() -> None:
    made = environment(job(revision="v2", include=("*.json", "*.safetensors")))
    request = script.read_request({key: value for key, value in made.items() if isinstance(value, str)})
    assert (request.source, request.repository, request.revision) == ("modelscope", "maker/seven", "v2")
    assert str(request.directory) == "/models/seven/main"
    assert str(request.marker) == "/models/seven/main/.complete" == marker_path(DOWNLOAD)
    assert request.include == ("*.json", "*.safetensors")
    assert request.exclude == ("*.pth",)
    assert (request.size, request.workers) == (15_000_000_000, 8)


def test_a_job_that_does_the_same_keeps_its_name() -> None:
    assert name(job()) == name(job())
    assert name(job()).startswith("chat-download-")


@pytest.mark.parametrize(
    "change",
    [{"repository": "maker/eight"}, {"revision": "v2"}, {"include": ("*",)}, {"image": "i:2"}, {"memory_mib": 1}],
    ids=str,
)
def test_a_job_that_does_something_else_has_another_name(change: dict[str, Any]) -> None:
    assert name(job(**change)) != name(job())


def test_another_script_is_another_job(monkeypatch: pytest.MonkeyPatch) -> None:
    before = name(job())
    monkeypatch.setattr(model_download.Script, "text", "print()")
    assert name(job()) != before


def test_the_script_is_mounted_from_a_config_map() -> None:
    made = job()
    config = made.one("core/v1:ConfigMap").inputs
    compile(config["data"]["download_model.py"], "download_model.py", "exec")
    spec = pod(made)
    mount = next(each for each in spec["containers"][0]["volumeMounts"] if each["name"] == "script")
    assert spec["containers"][0]["command"] == ["python3", f"{mount['mountPath']}/download_model.py"]
    volume = next(each for each in spec["volumes"] if each["name"] == "script")
    assert volume["configMap"]["name"] == config["metadata"]["name"]


def test_a_failed_job_is_replaced_and_a_finished_one_stays() -> None:
    made = job().one(JOB)
    assert made.inputs["metadata"]["annotations"] == {"pulumi.com/replaceUnready": "true"}
    assert "ttlSecondsAfterFinished" not in made.inputs["spec"]
    assert made.registration.delete_before_replace


def test_the_job_has_its_time_and_pulumi_waits_a_little_longer() -> None:
    made = job(deadline_seconds=5000, retries=4).one(JOB)
    assert made.inputs["spec"]["activeDeadlineSeconds"] == 5000
    assert made.inputs["spec"]["backoffLimit"] == 4
    assert 5000 < int(made.registration.timeouts["create"].removesuffix("s")) < 5600


def test_a_hopeless_download_is_not_repeated_and_an_eviction_does_not_count() -> None:
    fail, ignore = job().one(JOB).inputs["spec"]["podFailurePolicy"]["rules"]
    assert fail["action"] == "FailJob"
    assert fail["onExitCodes"]["values"] == [script.HOPELESS]
    assert fail["onExitCodes"]["containerName"] == pod(job())["containers"][0]["name"]
    assert ignore == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    assert pod(job())["restartPolicy"] == "Never"


def test_the_job_is_root_without_capabilities_in_the_servers_group() -> None:
    spec = pod(job())
    assert spec["securityContext"] == {
        "runAsNonRoot": False,
        "runAsUser": 0,
        "runAsGroup": SERVER_GROUP,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert spec["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert spec["automountServiceAccountToken"] is False


def test_the_job_runs_on_cpu_nodes_within_limits() -> None:
    spec = pod(job())
    assert spec["nodeSelector"] == {"tke-llm/pool": "system"}
    assert "tolerations" not in spec
    resources = spec["containers"][0]["resources"]
    assert resources["requests"] == {"cpu": "1", "memory": "4Gi"}
    assert resources["limits"] == {"memory": "4Gi"}


def test_the_job_waits_for_internet_access() -> None:
    made = job(after=True)
    assert made.depends(made.one(JOB), made.one("test:index:Nat"))


def test_a_token_reaches_the_job_only_by_reference() -> None:
    made = job(token="hf_sesame", needs_token=True)
    secret = made.one("core/v1:Secret")
    assert holds_secret(secret.sealed["stringData"])
    assert environment(made)["HF_TOKEN"]["secretKeyRef"] == {"name": secret.inputs["metadata"]["name"], "key": "token"}
    assert secret.inputs["stringData"]["token"] == "hf_sesame"
    assert "hf_sesame" not in json.dumps([made.one(JOB).inputs, made.one("core/v1:ConfigMap").inputs])


def test_a_token_that_the_model_does_not_need_goes_nowhere() -> None:
    made = job(token="hf_sesame", needs_token=False)
    assert made.of("core/v1:Secret") == []
    assert "HF_TOKEN" not in environment(made)


def test_the_job_is_told_whether_the_store_grows() -> None:
    assert environment(job(elastic=True))["MODEL_STORE_ELASTIC"] == "1"
    assert environment(job(elastic=False))["MODEL_STORE_ELASTIC"] == "0"


def test_a_mirror_is_not_gone_round() -> None:
    made = environment(job(source="huggingface", endpoint="https://hf-mirror.com"))
    assert made["HF_ENDPOINT"] == "https://hf-mirror.com"
    assert made["HF_HUB_DISABLE_XET"] == "1"
    assert "HF_ENDPOINT" not in environment(job(source="huggingface"))


def test_a_pull_secret_is_used_for_the_image() -> None:
    assert pod(job(pull_secret="tcr"))["imagePullSecrets"] == [{"name": "tcr"}]
