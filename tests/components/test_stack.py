"""The whole stack: its tree, its order, its providers and its outputs."""

import json
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.stack import LlmStack, LlmStackArgs
from planner.plan.rollout import OrderPlan
from planner.plan.software import AddonPlan
from planner.plan.types import Plan
from rehearsal.wire import holds_secret
from settings.outputs import ALWAYS
from tests.components.plans import DOWNLOAD, MODEL, POOL, STORAGE, plan, settings
from tests.components.recorder import ComponentRun, Registered, build

KUBECONFIG = json.dumps({"clusters": [{"name": "c", "cluster": {"server": "https://api.example"}}]})
OUTPUTS = {
    "random:index/randomPassword:RandomPassword": {"result": "generated value"},
    "tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint": {"kubeConfig": KUBECONFIG},
    "tencentcloud:Cfs/accessGroup:AccessGroup": {},
}
JOB = "batch/v1:Job"
DEPLOYMENT = "apps/v1:Deployment"
CLAIM = "core/v1:PersistentVolumeClaim"
GPU_POOL = "nativeNodePool:NativeNodePool"


def stack(
    made_from: Plan | None = None, *, secrets: dict[str, str] | None = None, preview: bool = False
) -> ComponentRun:
    def make() -> dict[str, pulumi.Output[Any]]:
        sealed = {key: pulumi.Output.secret(value) for key, value in (secrets or {}).items()}
        made = LlmStack("llm", LlmStackArgs(plan=made_from or plan(), secrets=sealed))
        return {key: pulumi.Output.from_input(value) for key, value in made.outputs.items()}

    return build(make, outputs=OUTPUTS, preview=preview)


@pytest.fixture(scope="module")
def dev() -> ComponentRun:
    return stack()


def in_cluster(made: ComponentRun) -> list[Registered]:
    return [each for each in made.resources if each.custom and each.type.startswith("kubernetes:")]


def pods(made: ComponentRun) -> list[dict[str, Any]]:
    return [each.inputs["spec"]["template"]["spec"] for each in [*made.of(JOB), *made.of(DEPLOYMENT)]]


def test_every_part_is_a_component_below_the_stack(dev: ComponentRun) -> None:
    root = dev.one("tke-llm:stack:LlmStack")
    parts = {each.type for each in dev.resources if each.parent == root.urn and not each.custom}
    assert parts == {
        "tke-llm:cloud:Network",
        "tke-llm:cloud:Cluster",
        "tke-llm:cloud:Addons",
        "tke-llm:cloud:SharedStorage",
        "tke-llm:cloud:GpuPool",
        "tke-llm:workloads:ModelStore",
        "tke-llm:workloads:ModelDownload",
        "tke-llm:workloads:Inference",
        "tke-llm:workloads:Webui",
    }


def test_everything_hangs_below_the_stack_and_is_named_after_its_parent(dev: ComponentRun) -> None:
    by_urn = {each.urn: each for each in dev.resources}
    for each in dev.resources:
        if each.parent in by_urn:
            assert each.name.startswith(f"{by_urn[each.parent].name}-"), each.name
        else:
            assert each.name == "llm"


def test_everything_in_the_cluster_uses_the_stacks_own_provider(dev: ComponentRun) -> None:
    provider = dev.one("pulumi:providers:kubernetes")
    assert len(in_cluster(dev)) == 13
    for each in in_cluster(dev):
        assert each.provider.startswith(f"{provider.urn}::"), each.name


def test_cloud_resources_use_the_configured_default_provider(dev: ComponentRun) -> None:
    assert not any(each.provider for each in dev.resources if each.type.startswith("tencentcloud:"))


def test_the_provider_follows_the_cluster_and_its_kubeconfig_is_secret(dev: ComponentRun) -> None:
    provider = dev.one("pulumi:providers:kubernetes")
    assert provider.inputs["clusterIdentifier"] == "llm-cluster-cluster-id"
    assert provider.inputs["enableServerSideApply"] == "true"
    assert holds_secret(provider.sealed["kubeconfig"])
    assert provider.inputs["kubeconfig"] == KUBECONFIG
    assert dev.depends(provider, dev.one("clusterEndpoint:ClusterEndpoint"))
    assert dev.depends(provider, dev.one("nodePool:NodePool", "llm-cluster-system-nodes"))


def test_a_first_preview_gets_through_without_a_kubeconfig() -> None:
    made = stack(preview=True)
    assert {each.name for each in made.resources} == {each.name for each in stack().resources}
    assert not made.seen["kubeconfig"].known
    assert made.seen["kubeconfig"].secret
    assert made.seen["curl"].known


def test_the_namespace_warns_of_pods_that_are_not_restricted_and_refuses_worse(dev: ComponentRun) -> None:
    namespace = dev.one("core/v1:Namespace").inputs["metadata"]
    assert namespace["name"] == "llm"
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "baseline"
    assert namespace["labels"]["pod-security.kubernetes.io/warn"] == "restricted"


def test_everything_carries_the_recommended_labels(dev: ComponentRun) -> None:
    for each in in_cluster(dev):
        labels = each.inputs["metadata"]["labels"]
        names = {"name", "instance", "component", "part-of", "managed-by"}
        assert {f"app.kubernetes.io/{name}" for name in names} <= labels.keys(), each.name
        assert labels["app.kubernetes.io/part-of"] == "tke-llm"


def test_what_has_a_namespace_takes_it_from_the_namespace_itself(dev: ComponentRun) -> None:
    namespace = dev.one("core/v1:Namespace")
    for each in in_cluster(dev):
        if each.type.split(":")[-1] not in {"Namespace", "StorageClass"}:
            assert each.inputs["metadata"]["namespace"] == "llm", each.name
            assert dev.depends(each, namespace), each.name


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        ((CLAIM, "llm-store-models-claim"), ("addon:Addon", "llm-addons-cfs")),
        (("StorageClass", "llm-store-models-class"), ("cfs/accessRule:AccessRule", None)),
        ((JOB, None), (CLAIM, "llm-store-models-claim")),
        ((JOB, None), ("route/tableEntry:TableEntry", None)),
        ((JOB, None), ("route/tableAssociation:TableAssociation", "llm-network-route-subnet-0")),
        ((DEPLOYMENT, "llm-chat-inference-server"), (JOB, None)),
        ((DEPLOYMENT, "llm-chat-inference-server"), (GPU_POOL, None)),
        ((DEPLOYMENT, "llm-chat-inference-server"), ("addon:Addon", "llm-addons-nvidia-gpu")),
        ((DEPLOYMENT, "llm-webui-server"), (CLAIM, "llm-store-webui-claim")),
        (("addon:Addon", "llm-addons-nvidia-gpu"), ("nodePool:NodePool", "llm-cluster-system-nodes")),
        ((GPU_POOL, None), (JOB, None)),
    ],
    ids=lambda each: each[1] or each[0],
)
def test_order(dev: ComponentRun, later: tuple[str, str | None], earlier: tuple[str, str | None]) -> None:
    assert dev.depends(dev.one(*later), dev.one(*earlier))


def test_the_page_waits_for_neither_gpus_nor_models(dev: ComponentRun) -> None:
    page = dev.one(DEPLOYMENT, "llm-webui-server")
    assert not dev.depends(page, dev.one(GPU_POOL))
    assert not dev.depends(page, dev.one(JOB))


def test_downloads_start_without_waiting_for_gpus(dev: ComponentRun) -> None:
    download = dev.one(JOB)
    assert not dev.depends(download, dev.one(GPU_POOL))
    assert not dev.depends(download, dev.one("addon:Addon", "llm-addons-nvidia-gpu"))


def test_the_fastest_order_makes_gpus_while_models_are_downloaded() -> None:
    made = stack(plan(order=OrderPlan(chosen="fastest", hold=(), because="")))
    assert not made.depends(made.one(GPU_POOL), made.one(JOB))
    assert made.depends(made.one(DEPLOYMENT, "llm-chat-inference-server"), made.one(JOB))


def test_the_disk_of_the_page_waits_for_its_driver_where_it_is_installed() -> None:
    addons = (AddonPlan("cfs", "system"), AddonPlan("cbs", "system"))
    made = stack(plan(addons=addons))
    claim = made.one(CLAIM, "llm-store-webui-claim")
    assert made.depends(claim, made.one("addon:Addon", "llm-addons-cbs"))
    assert not made.depends(claim, made.one("addon:Addon", "llm-addons-cfs"))


def test_the_store_is_in_the_zone_of_the_gpus() -> None:
    made = stack(plan(storage=replace(STORAGE, zone="ap-guangzhou-7")))
    parameters = made.one("StorageClass", "llm-store-models-class").inputs["parameters"]
    assert parameters["zone"] == "ap-guangzhou-7"
    assert parameters["subnetid"] == "llm-network-subnet-ap-guangzhou-7-id"
    assert parameters["storagetype"] == "HP"


def test_cpu_pods_run_on_the_system_pool_and_servers_on_their_own(dev: ComponentRun) -> None:
    label = dict(dev.one("nodePool:NodePool", "llm-cluster-system-nodes").inputs["labels"])
    servers = [each for each in pods(dev) if "tolerations" in each]
    others = [each for each in pods(dev) if "tolerations" not in each]
    assert [each["nodeSelector"] for each in servers] == [dict(POOL.node_selector)]
    assert [each["nodeSelector"] for each in others] == [label, label]


def test_no_pod_holds_a_credential_or_sees_service_variables(dev: ComponentRun) -> None:
    assert len(pods(dev)) == 3
    for each in pods(dev):
        assert each["automountServiceAccountToken"] is False
        assert each["enableServiceLinks"] is False


def test_no_container_may_gain_rights_or_lacks_limits(dev: ComponentRun) -> None:
    for pod in pods(dev):
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"] == container["resources"]["requests"]["memory"]


def test_a_secret_is_nowhere_in_clear(dev: ComponentRun) -> None:
    for each in dev.resources:
        if each.type.endswith(":Secret"):
            assert holds_secret(each.sealed["stringData"])
        elif each.custom and each.type.startswith("kubernetes:"):
            assert "generated value" not in json.dumps(each.inputs), each.name
            assert not any(holds_secret(value) for value in each.sealed.values()), each.name


def test_variables_that_hold_secrets_are_references(dev: ComponentRun) -> None:
    for pod in pods(dev):
        for variable in pod["containers"][0]["env"]:
            if variable["name"].endswith(("_KEY", "_KEYS", "_TOKEN", "_PASSWORD")):
                assert "secretKeyRef" in variable["valueFrom"], variable["name"]


def test_given_secrets_are_used() -> None:
    made = stack(
        plan(models={"chat": replace(MODEL, download=replace(DOWNLOAD, source="huggingface", needs_token=True))}),
        secrets={"apiKeys.chat": "my key", "webuiAdminPassword": "my password", "hfToken": "my token"},
    )
    data = {key: value for each in made.of("core/v1:Secret") for key, value in each.inputs["stringData"].items()}
    assert data["api-key"] == data["openai-api-keys"] == "my key"
    assert data["admin-password"] == "my password"
    assert data["token"] == "my token"
    assert made.seen["apiKeys"].value == {"chat": "my key"}


def test_nothing_that_owns_a_cloud_resource_is_left_to_the_clusters_deletion(dev: ComponentRun) -> None:
    assert not any(each.registration.deleted_with for each in dev.resources)


def test_nothing_is_protected_so_that_a_destroy_never_stops_half_way() -> None:
    made = stack(plan(settings(retain=True)))
    assert not any(each.registration.protect for each in made.resources)


def test_retain_keeps_volumes_and_what_they_stand_on() -> None:
    made = stack(plan(settings(retain=True)))
    assert {each.inputs["reclaimPolicy"] for each in made.of("StorageClass")} == {"Retain"}
    assert made.one("cfs/accessGroup:AccessGroup").registration.retain_on_delete
    assert not made.one("core/v1:Namespace").registration.retain_on_delete


def test_retain_on_a_foreign_class_keeps_the_namespace_of_the_claim() -> None:
    foreign = replace(STORAGE, webui_class="fast", makes_webui_class=False, leaves_claims=True)
    made = stack(plan(settings(retain=True), storage=foreign))
    assert made.one("core/v1:Namespace").registration.retain_on_delete


def test_a_paused_stack_has_its_servers_and_nodes_at_zero() -> None:
    made = stack(plan(settings(pause=True)))
    assert made.one(DEPLOYMENT, "llm-chat-inference-server").inputs["spec"]["replicas"] == 0
    assert made.one(GPU_POOL).inputs["native"]["replicas"] == 0
    assert made.one(DEPLOYMENT, "llm-webui-server").inputs["spec"]["replicas"] == 1


def test_outputs_are_those_of_the_design(dev: ComponentRun) -> None:
    assert dev.seen.keys() == ALWAYS
    assert dev.seen["chatUrl"].value == "http://127.0.0.1:8080"
    assert dev.seen["apiBaseUrl"].value == "http://127.0.0.1:8000/v1"
    assert dev.seen["models"].value["chat"]["servedName"] == "chat"
    assert dev.seen["portForward"].value.keys() == {"webui", "chat"}
    assert dev.seen["clusterId"].value == "llm-cluster-cluster-id"
    assert dev.seen["webuiAdmin"].value == {"email": "admin@example.com", "password": "generated value"}


@pytest.mark.parametrize("name", sorted(ALWAYS))
def test_an_output_is_secret_exactly_where_it_holds_a_secret(dev: ComponentRun, name: str) -> None:
    seen = dev.seen[name]
    assert seen.secret == (name in {"webuiAdmin", "apiKeys", "kubeconfig"})
    assert seen.secret or "generated value" not in json.dumps(seen.value)


def test_a_stack_without_a_page_has_no_administrator() -> None:
    made = stack(plan(settings(webui=False), webui=None, storage=replace(STORAGE, webui_class=None)))
    assert made.of("tke-llm:workloads:Webui") == []
    assert made.seen["chatUrl"].value is None
    assert made.seen["webuiAdmin"].value is None


def test_two_models_get_servers_of_their_own_behind_one_page() -> None:
    code = replace(MODEL, name="code", download=replace(DOWNLOAD, directory="code", marker="code/.complete"))
    made = stack(plan(models={"chat": MODEL, "code": code}))
    assert len(made.of(JOB)) == 2
    assert {each.inputs["metadata"]["name"] for each in made.of(DEPLOYMENT)} == {"chat", "code", "webui"}
    assert made.seen["apiKeys"].value.keys() == {"chat", "code"}
    assert all(made.depends(made.one(GPU_POOL), each) for each in made.of(JOB))


def test_models_of_the_same_files_share_one_download() -> None:
    made = stack(plan(models={"chat": MODEL, "long": replace(MODEL, name="long")}))
    download = made.one(JOB)
    for name in ("chat", "long"):
        assert made.depends(made.one(DEPLOYMENT, f"llm-{name}-inference-server"), download)


def test_what_is_read_beside_the_weights_has_a_download_and_a_wait_of_its_own() -> None:
    draft = replace(DOWNLOAD, repository="maker/draft", directory="draft", marker="draft/.complete")
    made = stack(plan(models={"chat": replace(MODEL, further=(draft,))}))
    jobs = {each.inputs["metadata"]["name"].rpartition("-")[0] for each in made.of(JOB)}
    assert jobs == {"chat-download", "chat-download-2"}
    server = made.one(DEPLOYMENT, "llm-chat-inference-server")
    assert all(made.depends(server, each) for each in made.of(JOB))
    waits = server.inputs["spec"]["template"]["spec"]["initContainers"]
    assert [each["name"] for each in waits] == ["wait-for-model", "wait-for-model-2"]
    assert [each["command"][-1] for each in waits] == ["/models/seven/main/.complete", "/models/draft/.complete"]


def existing(**changes: Any) -> ComponentRun:
    by_kubeconfig = settings(
        cluster={"existing": {"context": "c"}},
        pools={"gpu": {"kind": "existing", "nodeSelector": {"gpu": "a10"}, "gpu": "A10"}},
    )
    given = {
        "network": None,
        "addons": (),
        "storage": replace(STORAGE, kind="class", webui_class="", makes_webui_class=False),
        "pools": {"gpu": replace(POOL, kind="existing", node_selector=(("gpu", "a10"),), tolerations=())},
    }
    kubeconfig = json.dumps(
        {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": "https://api.example"}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
        }
    )
    return stack(plan(by_kubeconfig, **{**given, **changes}), secrets={"kubeconfig": kubeconfig})


def test_on_an_existing_cluster_nothing_is_made_in_the_cloud() -> None:
    made = existing()
    assert not any(each.type.startswith("tencentcloud:") for each in made.resources)
    assert made.seen["clusterId"].value == "https://api.example"
    assert made.one(DEPLOYMENT, "llm-chat-inference-server").inputs["spec"]["template"]["spec"]["nodeSelector"] == {
        "gpu": "a10"
    }


def test_on_an_existing_cluster_cpu_pods_are_not_pinned_and_classes_carry_the_stacks_name() -> None:
    made = existing(storage=replace(STORAGE, kind="class"))
    assert "nodeSelector" not in made.one(JOB).inputs["spec"]["template"]["spec"]
    assert made.one("StorageClass").inputs["metadata"]["name"] == "cbs-webui-dev"


def test_service_roles_come_before_the_cluster_where_they_are_asked_for() -> None:
    asked = settings(cluster={"serviceRoles": "create"})
    made = stack(plan(asked))
    assert made.of("tke-llm:cloud:ServiceRoles")
    assert all(made.depends(made.one("kubernetes/cluster:Cluster"), each) for each in made.of("ByName"))
    assert stack().of("tke-llm:cloud:ServiceRoles") == []


def test_an_intranet_endpoint_opens_no_port_to_the_internet() -> None:
    made = stack(plan(settings(cluster={"endpoint": {"access": "intranet"}})))
    assert made.one("clusterEndpoint:ClusterEndpoint").inputs["clusterInternet"] is False
    assert [each.name for each in made.of("security/group:Group")] == ["llm-network-nodes-security-group"]


def test_a_plan_without_a_network_for_what_needs_one_is_refused() -> None:
    with pytest.raises(ValueError, match="no network for a cluster"):
        stack(plan(network=None))
