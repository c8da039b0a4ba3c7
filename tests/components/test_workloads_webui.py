"""The chat page."""

import json
from dataclasses import replace
from typing import Any

import pulumi

from components.workloads.webui import ChatPage, ChatPageArgs, backend_env, join_keys
from planner.page.decide import DATA_DIR, HOME, STATIC_DIR
from planner.plan.types import CpuPlan, ModelPlan
from rehearsal.wire import holds_secret
from tests.components.plans import MODEL, SPEC, WEBUI
from tests.components.recorder import ComponentRun, build

DEPLOYMENT = "apps/v1:Deployment"
SECRET = "core/v1:Secret"
RANDOM = "random:index/randomPassword:RandomPassword"


def model(name: str, *, engine: str = "vllm", port: int = 8000) -> ModelPlan:
    key = None if engine == "ollama" else "API_KEY"
    return replace(MODEL, name=name, engine=engine, spec=replace(SPEC, engine=engine, port=port, api_key_env=key))


def page(*models: ModelPlan, password: str | None = None, claim: str | None = "webui", **changes: Any) -> ComponentRun:
    served = models or (model("chat"),)

    def make() -> dict[str, pulumi.Output[Any]]:
        made = ChatPage(
            "webui",
            ChatPageArgs(
                namespace="llm",
                plan=replace(WEBUI, **changes),
                models=served,
                api_keys={each.name: pulumi.Output.secret(f"key of {each.name}") for each in served},
                claim=claim,
                cpu=CpuPlan(node_selector=(("tke-llm/pool", "system"),)),
                admin_password=None if password is None else pulumi.Output.secret(password),
                oidc_client_secret=pulumi.Output.secret("client secret"),
                sealed_env={"LDAP_APP_PASSWORD": pulumi.Output.secret("ldap password")},
            ),
        )
        return {"service": made.service, "password": made.admin_password}

    return build(make, outputs={RANDOM: {"result": "generated"}})


def pod(made: ComponentRun) -> dict[str, Any]:
    return made.one(DEPLOYMENT).inputs["spec"]["template"]["spec"]


def environment(made: ComponentRun) -> dict[str, Any]:
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in pod(made)["containers"][0]["env"]}


def test_every_model_is_behind_the_page_with_its_own_key() -> None:
    made = page(model("chat"), model("code", engine="sglang", port=30000))
    assert environment(made)["OPENAI_API_BASE_URLS"] == "http://chat:8000/v1;http://code:30000/v1"
    assert made.one(SECRET).inputs["stringData"]["openai-api-keys"] == "key of chat;key of code"


def test_an_ollama_model_is_reached_by_its_own_protocol_and_without_a_key() -> None:
    made = page(model("chat"), model("small", engine="ollama", port=11434))
    assert environment(made)["OLLAMA_BASE_URLS"] == "http://small:11434"
    assert environment(made)["OPENAI_API_BASE_URLS"] == "http://chat:8000/v1"
    assert made.one(SECRET).inputs["stringData"]["openai-api-keys"] == "key of chat"


def test_a_protocol_that_no_model_speaks_gets_no_address() -> None:
    assert dict(backend_env([model("small", engine="ollama")])).keys() == {"OLLAMA_BASE_URLS"}
    assert dict(backend_env([model("chat")])).keys() == {"OPENAI_API_BASE_URLS"}


def test_keys_are_joined_as_the_page_reads_them() -> None:
    assert join_keys(["a", "b"]) == "a;b"


def test_secrets_reach_the_page_only_by_reference() -> None:
    made = page(password="open sesame")
    secret = made.one(SECRET)
    assert holds_secret(secret.sealed["stringData"])
    for variable in ("WEBUI_SECRET_KEY", "WEBUI_ADMIN_PASSWORD", "OPENAI_API_KEYS"):
        reference = environment(made)[variable]["secretKeyRef"]
        assert reference["name"] == secret.inputs["metadata"]["name"]
        assert secret.inputs["stringData"][reference["key"]]
    rendered = json.dumps(made.one(DEPLOYMENT).inputs)
    assert not any(word in rendered for word in ("sesame", "generated", "key of chat"))


def test_a_given_password_is_the_administrators() -> None:
    made = page(password="open sesame")
    assert made.one(SECRET).inputs["stringData"]["admin-password"] == "open sesame"
    assert made.seen["password"].value == "open sesame"
    assert made.seen["password"].secret


def test_without_one_a_password_is_generated_and_sealed() -> None:
    made = page()
    assert {each.name for each in made.of(RANDOM)} == {"webui-admin-password", "webui-secret-key"}
    assert made.seen["password"].secret


def test_the_page_runs_as_no_root_with_its_volume_in_its_own_group() -> None:
    spec = pod(page())
    security = spec["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] != 0
    assert security["fsGroup"] == security["runAsUser"]
    assert spec["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False


def test_whatever_the_page_writes_to_is_a_volume() -> None:
    mounts = {each["mountPath"] for each in pod(page())["containers"][0]["volumeMounts"]}
    assert {DATA_DIR, STATIC_DIR, HOME} <= mounts


def test_the_pages_data_is_on_its_claim() -> None:
    volume = next(each for each in pod(page())["volumes"] if each["name"] == "data")
    assert volume["persistentVolumeClaim"] == {"claimName": "webui"}


def test_without_a_claim_the_page_keeps_nothing_and_has_a_bound() -> None:
    volume = next(each for each in pod(page(claim=None))["volumes"] if each["name"] == "data")
    assert volume["emptyDir"] == {"sizeLimit": "10Gi"}


def test_two_pods_never_open_one_database() -> None:
    assert page().one(DEPLOYMENT).inputs["spec"]["strategy"] == {"type": "Recreate"}


def test_the_page_runs_on_cpu_nodes_within_limits() -> None:
    spec = pod(page())
    assert spec["nodeSelector"] == {"tke-llm/pool": "system"}
    assert spec["containers"][0]["resources"] == {
        "requests": {"cpu": "500m", "memory": "2Gi"},
        "limits": {"memory": "2Gi"},
    }


def test_the_plans_settings_reach_the_page() -> None:
    assert environment(page())["ENABLE_SIGNUP"] == "False"


def test_the_service_is_webui_on_8080() -> None:
    made = page()
    service = made.one("core/v1:Service").inputs
    assert service["metadata"]["name"] == "webui" == made.seen["service"].value
    assert service["spec"]["ports"] == [{"name": "http", "port": 8080, "targetPort": "http"}]
    labels = made.one(DEPLOYMENT).inputs["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()


def test_pulumi_waits_longer_than_the_page_may_take() -> None:
    made = page()
    deadline = made.one(DEPLOYMENT).inputs["spec"]["progressDeadlineSeconds"]
    probe = pod(made)["containers"][0]["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] < deadline
    assert deadline < int(made.one(DEPLOYMENT).registration.timeouts["create"].removesuffix("s"))


def test_the_client_secret_of_single_sign_on_reaches_the_page_by_reference_and_only_with_it() -> None:
    made = page(login=True)
    secret = made.one(SECRET)
    assert secret.inputs["stringData"]["oidc-client-secret"] == "client secret"
    assert holds_secret(secret.sealed["stringData"]) or holds_secret(secret.sealed["stringData"]["oidc-client-secret"])
    reference = environment(made)["OAUTH_CLIENT_SECRET"]
    assert reference["secretKeyRef"]["key"] == "oidc-client-secret"
    assert "OAUTH_CLIENT_SECRET" not in environment(page())
    assert "oidc-client-secret" not in page().one(SECRET).inputs["stringData"]


def test_a_sealed_variable_reaches_the_page_by_reference() -> None:
    made = page(sealed_env=("LDAP_APP_PASSWORD",))
    secret = made.one(SECRET)
    assert secret.inputs["stringData"]["LDAP_APP_PASSWORD"] == "ldap password"
    assert holds_secret(secret.sealed["stringData"]) or holds_secret(secret.sealed["stringData"]["LDAP_APP_PASSWORD"])
    assert environment(made)["LDAP_APP_PASSWORD"]["secretKeyRef"]["key"] == "LDAP_APP_PASSWORD"
    assert "LDAP_APP_PASSWORD" not in environment(page())


def test_of_several_pages_one_may_go_at_a_time_and_they_keep_off_each_others_nodes() -> None:
    several = page(replicas=2)
    assert several.one(":PodDisruptionBudget").inputs["spec"]["maxUnavailable"] == 1
    assert pod(several)["topologySpreadConstraints"]
    assert page().of(":PodDisruptionBudget") == []
    assert "topologySpreadConstraints" not in pod(page())


def test_the_pages_priority_class_is_the_stack_files() -> None:
    assert pod(page(priority_class="gold"))["priorityClassName"] == "gold"
