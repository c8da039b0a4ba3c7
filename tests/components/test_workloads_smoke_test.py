"""The Jobs that end a rollout."""

import json
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.workloads import smoke_test
from components.workloads.scripts.smoke_test.api import read_api
from components.workloads.scripts.smoke_test.request import read_request
from components.workloads.smoke_test import SmokeTest, SmokeTestArgs, find_findings, job_names
from planner.plan.rollout import AskedApi, AskedModel, AskedPage, ForbiddenConnection, SmokeTestPlan
from planner.plan.types import CpuPlan
from tests.components.recorder import ComponentRun, Registered, build

JOB = "batch/v1:Job"
PLAN = SmokeTestPlan(
    image="docker.io/openwebui/open-webui:v0.0.0",
    models=(
        AskedModel("chat", "chat", "http://chat:8000/v1", keyed=True, patience_seconds=180),
        AskedModel("small", "qwen2.5:7b", "http://small:11434/v1", keyed=False, patience_seconds=600),
    ),
    page=AskedPage("http://webui:8080", "admin@example.com", by_password=True, chats=True, patience_seconds=120),
    gateway=None,
    pending=None,
    forbidden=(ForbiddenConnection("chat", 8000, "pool gpu", promised=True, model="chat"),),
    limit_seconds=1000,
    deadline_seconds=1900,
    subject="what is asked",
)
SECRETS = {
    "API_KEY_0": {"name": "chat-api-key", "key": "api-key"},
    "WEBUI_ADMIN_PASSWORD": {"name": "webui", "key": "admin-password"},
}


def args(**changes: Any) -> SmokeTestArgs:
    cpu = CpuPlan(node_selector=(("tke-llm/pool", "system"),), annotations=(("eip", "yes"),))
    api_keys = changes.pop("api_keys", None)
    plan = replace(PLAN, **changes)
    return SmokeTestArgs(namespace="llm", plan=plan, cpu=cpu, pull_secret="registry", api_keys=api_keys)


def made(*, waits: bool = False, **changes: Any) -> ComponentRun:
    def make() -> None:
        given = args(**changes)
        if waits:
            server, addon = (pulumi.CustomResource(f"test:index:{each}", each, {}) for each in ("Server", "Addon"))
            given = replace(given, after=[server], enforced_by=[addon])
        SmokeTest("smoke", given)

    return build(make)


def job(recorder: ComponentRun, role: str) -> Registered:
    return recorder.one(JOB, f"smoke-{role}")


def pod(each: Registered) -> dict[str, Any]:
    return each.inputs["spec"]["template"]["spec"]


def environment(each: Registered) -> dict[str, Any]:
    env = pod(each)["containers"][0]["env"]
    return {variable["name"]: variable.get("value", variable.get("valueFrom")) for variable in env}


def test_the_script_understands_what_the_jobs_tell_it_and_secrets_come_by_reference() -> None:
    recorder = made()
    given = environment(job(recorder, "asks"))
    assert {name: each["secretKeyRef"] for name, each in given.items() if isinstance(each, dict)} == SECRETS
    request = read_request({**given, "API_KEY_0": "the key", "WEBUI_ADMIN_PASSWORD": "the password"})
    assert [model.key for model in request.models] == ["the key", None]
    assert request.page is not None
    assert request.page.password == "the password"
    assert not request.forbidden
    tried = environment(job(recorder, "tries"))
    assert not [each for each in tried.values() if isinstance(each, dict)]
    assert [each.place for each in read_request(tried).forbidden] == ["pool gpu"]


def test_the_whole_package_is_mounted_where_python_finds_it() -> None:
    recorder = made()
    data = recorder.one("core/v1:ConfigMap").inputs["data"]
    assert "__main__.py" in data
    for name, text in data.items():
        compile(text, name, "exec")
    assert sum(len(text) for text in data.values()) < 1_000_000
    for role in ("asks", "tries"):
        container = pod(job(recorder, role))["containers"][0]
        (mount,) = container["volumeMounts"]
        folder, _, package = mount["mountPath"].rpartition("/")
        assert container["command"] == ["python3", "-m", package]
        assert environment(job(recorder, role))["PYTHONPATH"] == folder


def test_the_pods_are_nobody_and_write_nothing() -> None:
    for role in ("asks", "tries"):
        spec = pod(job(made(), role))
        context = spec["containers"][0]["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["restartPolicy"] == "Never"
        assert spec["nodeSelector"] == {"tke-llm/pool": "system"}
        assert spec["imagePullSecrets"] == [{"name": "registry"}]


def test_the_script_ends_before_kubernetes_ends_it_and_pulumi_waits_longer() -> None:
    for role in ("asks", "tries"):
        each = job(made(), role)
        assert each.inputs["spec"]["activeDeadlineSeconds"] == 1900
        assert json.loads(environment(each)["SMOKE_TEST"])["limit"] == 1000
        assert each.registration.timeouts["create"] == "2020s"


def test_a_job_that_failed_is_made_anew_and_a_drained_node_is_no_failure() -> None:
    each = job(made(), "asks").inputs
    assert each["metadata"]["annotations"] == {"pulumi.com/replaceUnready": "true"}
    (rule,) = each["spec"]["podFailurePolicy"]["rules"]
    assert rule["action"] == "Ignore"
    assert each["spec"]["backoffLimit"] == 0


def names_of(recorded: ComponentRun) -> list[str]:
    """The names of the Jobs, of which no other is registered; they come in either order."""
    names = [job(recorded, role).inputs["metadata"]["name"] for role in ("asks", "tries")]
    assert sorted(names) == sorted(each.inputs["metadata"]["name"] for each in recorded.of(JOB))
    return names


def test_names_stay_as_long_as_there_is_nothing_new_to_ask() -> None:
    names = names_of(made())
    assert names == job_names(args())
    assert names == names_of(made())
    for change in ({"subject": "another"}, {"image": "i:2"}, {"limit_seconds": 1}):
        assert not set(names) & set(job_names(args(**change)))


def test_another_script_is_another_job(monkeypatch: pytest.MonkeyPatch) -> None:
    before = job_names(args())
    monkeypatch.setattr(smoke_test, "files", lambda _plan: {"__main__.py": "print()"})
    assert not set(before) & set(job_names(args()))


def test_only_the_probe_waits_for_what_enforces_policies() -> None:
    recorder = made(waits=True)
    server, addon = recorder.one("test:index:Server"), recorder.one("test:index:Addon")
    for role, waits in (("asks", False), ("tries", True)):
        assert recorder.depends(job(recorder, role), server)
        assert recorder.depends(job(recorder, role), addon) is waits


def test_where_nothing_is_forbidden_nothing_is_tried() -> None:
    recorder = made(forbidden=())
    assert [each.name for each in recorder.of(JOB)] == ["smoke-asks"]
    assert len(job_names(args(forbidden=()))) == 1


def test_a_stack_with_one_api_asks_it_by_the_key_of_the_tests_own_and_the_others_jobs_keep_their_names() -> None:
    model = AskedModel("Qwen/Large", "Qwen/Large", "http://api.envoy.svc/v1", keyed=True, patience_seconds=60)
    api = AskedApi("http://api.envoy.svc/v1", None, (model,), 60)
    recorder = made(api_keys="api-clients-1", api=api)
    assert {"api.py", "pooling.py"} <= recorder.one("core/v1:ConfigMap").inputs["data"].keys()
    assert not {"api.py", "pooling.py"} & made().one("core/v1:ConfigMap").inputs["data"].keys()
    for role in ("asks", "tries"):
        assert pod(job(recorder, role))["containers"][0]["command"] == ["python3", "-m", "smoke_test.api"]
    given = environment(job(recorder, "asks"))
    assert given["API_KEY"]["secretKeyRef"] == {"name": "api-clients-1", "key": "smoke-test"}
    read = read_api({**given, "API_KEY": "the key"})
    assert read is not None
    assert [(each.name, each.key) for each in read.models] == [("Qwen/Large", "the key")]
    assert "API_KEY" not in environment(job(recorder, "tries"))
    assert read_api(environment(job(recorder, "tries"))) is None


def test_the_findings_are_found_by_the_pods_label() -> None:
    labels = {each.inputs["metadata"]["labels"]["app.kubernetes.io/name"] for each in made().of(JOB)}
    assert labels == {"smoke-test"}
    assert "-l app.kubernetes.io/name=smoke-test" in find_findings("llm")
