"""Exposure, scaling and groups as parts of the whole stack: what leads where, and what waits for what."""

import json
from typing import Any

import pulumi
import pytest

from components.stack import LlmStack, LlmStackArgs
from planner.engines.api import PATHS
from tests.components.recorder import ComponentRun, Registered, build
from tests.unit.stacks import KUBECONFIG, planned

HOST = "chat.example.com"
GATEWAY = {"via": "gateway", "host": HOST, "tls": {"secret": "chat"}}
INGRESS = {"via": "ingress", "host": HOST, "tls": {"certificateId": "abc"}}
TWO_MACHINES: dict[str, object] = {
    "pools.gpu": {"instanceType": "PNV6.32XLARGE1280", "nodes": 2},
    "models.chat.model": "deepseek-ai/DeepSeek-R1",
    "models.chat.gpus": 16,
}
KUBECONFIG_TEXT = json.dumps(
    {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://api.example"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    }
)
SHARED = {**KUBECONFIG, "cluster": {"existing": {}}}
OUTPUTS = {
    "random:index/randomPassword:RandomPassword": {"result": "generated value"},
    "tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint": {
        "kubeConfig": KUBECONFIG_TEXT,
        "kubeConfigIntranet": KUBECONFIG_TEXT,
    },
}


def stack(changes: dict[str, object], secrets: dict[str, str] | None = None) -> ComponentRun:
    plan = planned(changes, secrets=tuple(secrets or {}))
    assert not plan.errors, plan.errors

    def make() -> dict[str, pulumi.Output[Any]]:
        sealed = {key: pulumi.Output.secret(value) for key, value in (secrets or {}).items()}
        made = LlmStack("llm", LlmStackArgs(plan=plan, secrets=sealed))
        return {key: pulumi.Output.from_input(value) for key, value in made.outputs.items()}

    return build(make, outputs=OUTPUTS)


def annotations(each: Registered) -> dict[str, Any]:
    return each.inputs["metadata"].get("annotations", {})


def proxy(made: ComponentRun) -> dict[str, Any]:
    return made.one(":EnvoyProxy").inputs["spec"]["provider"]["kubernetes"]


def test_a_gateway_comes_after_its_software_and_leads_to_page_and_model() -> None:
    made = stack({"expose": GATEWAY})
    release = made.one("kubernetes/clusterRelease:ClusterRelease")
    assert made.depends(made.one("k8s.io/v1:Gateway"), release)
    assert made.depends(made.one(":GatewayClass"), release)
    routes = {each.inputs["metadata"]["name"]: each.inputs["spec"] for each in made.of(":HTTPRoute")}
    backends = {
        name: rule["backendRefs"][0]
        for name, spec in routes.items()
        for rule in spec["rules"][:1]
        if name != "redirect-to-https"
    }
    assert backends == {"webui": {"name": "webui", "port": 8080}, "chat-api": {"name": "chat", "port": 8000}}


def test_a_load_balancer_stands_behind_a_security_group_of_its_own() -> None:
    made = stack({"expose": {**GATEWAY, "allow": ["198.51.100.0/24"]}})
    guard = made.one("tke-llm:cloud:LoadBalancerGuard")
    rules = next(each for each in made.of("groupRuleSet:GroupRuleSet") if each.parent == guard.urn)
    assert [rule["cidrBlock"] for rule in rules.inputs["ingresses"]] == ["198.51.100.0/24"]
    bound = proxy(made)["envoyService"]["annotations"]["service.cloud.tencent.com/security-groups"]
    assert bound == rules.inputs["securityGroupId"]


def test_an_internal_load_balancer_lies_in_the_first_subnet() -> None:
    made = stack({"expose": {**GATEWAY, "internal": True}})
    subnet = next(each for each in made.of("subnet/instance:Instance"))
    bound = proxy(made)["envoyService"]["annotations"]["service.kubernetes.io/qcloud-loadbalancer-internal-subnetid"]
    assert bound == f"{subnet.name}-id"


def test_proxies_and_controllers_run_on_the_cpu_nodes() -> None:
    made = stack({"expose": {**GATEWAY, "install": "helm"}})
    selector = {"tke-llm/pool": "system"}
    assert proxy(made)["envoyDeployment"]["pod"]["nodeSelector"] == selector
    assert made.one("helm.sh/v3:Release").inputs["values"]["deployment"]["pod"]["nodeSelector"] == selector


def test_by_port_forward_nothing_of_an_exposure_is_made() -> None:
    made = stack({})
    for kind in ("k8s.io/v1:Gateway", ":Ingress", ":EnvoyProxy", "LoadBalancerGuard", "ClusterRelease", "Release"):
        assert made.of(kind) == []
    assert "dns" not in made.seen


def test_an_ingress_leads_to_the_pods_of_page_and_model() -> None:
    made = stack({"expose": INGRESS})
    (rule,) = made.one("networking.k8s.io/v1:Ingress").inputs["spec"]["rules"]
    paths = {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}
    assert paths.pop("/") == "webui-ingress"
    assert paths == dict.fromkeys(PATHS["chat"], "chat-ingress")
    ports = {each.inputs["metadata"]["name"]: each.inputs["spec"] for each in made.of("core/v1:Service")}
    for service in ("webui", "chat"):
        assert ports[f"{service}-ingress"]["type"] == "NodePort"
        assert ports[f"{service}-ingress"]["selector"] == ports[service]["selector"]


def test_an_ingress_to_a_group_leads_to_its_leader() -> None:
    made = stack(TWO_MACHINES | {"expose": INGRESS})
    ports = {each.inputs["metadata"]["name"]: each.inputs["spec"] for each in made.of("core/v1:Service")}
    assert ports["chat-ingress"]["selector"] == ports["chat"]["selector"]
    assert ports["chat"]["selector"]["leaderworkerset.sigs.k8s.io/worker-index"] == "0"


@pytest.mark.parametrize("expose", [GATEWAY, INGRESS])
def test_the_outputs_name_the_public_host_and_where_to_point_it(expose: dict[str, object]) -> None:
    seen = stack({"expose": expose}).seen
    assert seen["chatUrl"].value == f"https://{HOST}"
    assert seen["apiBaseUrl"].value == f"https://{HOST}/v1"
    assert f"https://{HOST}/v1/chat/completions" in seen["curl"].value
    assert seen["dns"].value.startswith("kubectl --namespace llm get ")


def test_on_a_shared_cluster_cluster_wide_names_end_with_the_stacks() -> None:
    made = stack({**SHARED, "expose": {**GATEWAY, "install": "none"}}, secrets={"kubeconfig": KUBECONFIG_TEXT})
    assert made.one(":GatewayClass").inputs["metadata"]["name"] == "tke-llm-dev"
    assert made.one("k8s.io/v1:Gateway").inputs["spec"]["gatewayClassName"] == "tke-llm-dev"


def test_a_model_scales_after_keda_and_its_own_workload() -> None:
    made = stack({"pools.gpu.nodes": {"min": 1, "max": 2}, "models.chat.autoscaling": {"max": 2}})
    scaled = made.one(":ScaledObject")
    assert made.depends(scaled, made.one("helm.sh/v3:Release"))
    server = made.one("apps/v1:Deployment", "llm-chat-inference-server")
    assert made.depends(scaled, server)
    assert scaled.inputs["spec"]["scaleTargetRef"]["name"] == server.inputs["metadata"]["name"]
    assert "replicas" not in server.inputs["spec"]
    assert made.of(":PodDisruptionBudget")


def test_a_group_comes_after_its_controller_which_other_models_do_not_wait_for() -> None:
    made = stack(TWO_MACHINES)
    release = made.one("kubernetes/clusterRelease:ClusterRelease")
    assert made.depends(made.one(":LeaderWorkerSet"), release)
    assert not made.depends(made.one("apps/v1:Deployment", "llm-webui-server"), release)


def test_a_scaled_group_is_scaled_as_a_group() -> None:
    made = stack(TWO_MACHINES | {"pools.gpu.nodes": {"min": 2, "max": 4}, "models.chat.autoscaling": {"max": 2}})
    target = made.one(":ScaledObject").inputs["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == (
        "LeaderWorkerSet",
        made.one(":LeaderWorkerSet").inputs["metadata"]["name"],
    )


def test_the_namespace_enforces_baseline_but_for_pods_on_their_machines_network() -> None:
    rdma: dict[str, object] = {
        **TWO_MACHINES,
        "pools.gpu": {"kind": "ordinary", "instanceType": "HCCPNV6.96XLARGE2304", "nodes": 2},
    }

    def enforced(made: ComponentRun) -> str:
        (own,) = (each for each in made.of("core/v1:Namespace") if each.name == "llm-namespace")
        return own.inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]

    assert enforced(stack(TWO_MACHINES)) == "baseline"
    assert enforced(stack(rdma)) == "privileged"


def test_the_namespace_is_closed_unless_the_stack_file_says_otherwise() -> None:
    assert stack({}).of(":NetworkPolicy")
    assert stack({"networkPolicy": False}).of(":NetworkPolicy") == []


def test_single_sign_on_hands_its_client_secret_to_the_page() -> None:
    login = {"providerUrl": "https://id.example.com/.well-known/openid-configuration", "clientId": "chat"}
    made = stack({"webui": {"oidc": login}}, secrets={"oidcClientSecret": "s3cret"})
    (page,) = (each for each in made.of("core/v1:Secret") if each.inputs["metadata"]["name"] == "webui")
    assert page.inputs["stringData"]["oidc-client-secret"] == "s3cret"
