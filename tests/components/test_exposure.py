"""Exposure as it is registered: gateway, ingress, load balancer, and in which order it goes away."""

from dataclasses import replace
from ipaddress import IPv4Network
from itertools import pairwise
from typing import Any

import pulumi

from components.cloud.load_balancer import LoadBalancerGuard, LoadBalancerGuardArgs
from components.naming import Naming
from components.workloads import kube
from components.workloads.exposure import addresses
from components.workloads.gateway import GatewayRoutes, GatewayRoutesArgs
from components.workloads.ingress import Ingress, IngressArgs
from components.workloads.software import Software, SoftwareArgs
from planner.plan.access import ExposurePlan, RoutePlan
from planner.plan.software import InstallPlan
from tests.components.plans import MODEL, SPEC, plan, settings
from tests.components.recorder import ComponentRun, build

PAGE = RoutePlan("webui", None, "chat.example.com", "/", "webui", 8080, below=True)
LIST = RoutePlan("chat-api", "chat", "api.example.com", "/v1/models", "chat", 8000)
ASK = replace(LIST, path="/v1/chat/completions")
OWN = tuple(replace(each, path=f"/chat{each.path}", rewrite=each.path) for each in (LIST, ASK))
TARGETS = {"webui": "webui", "chat-api": "chat"}

MARKET = InstallPlan(
    software="envoy-gateway",
    installer="market",
    release="eg",
    chart="envoygateway",
    repository=None,
    version=None,
    market_namespace="opensource-stable",
    namespace="envoy-gateway-system",
)
HELM = replace(
    MARKET,
    installer="helm",
    chart="oci://docker.io/envoyproxy/gateway-helm",
    version="v1.9.2",
    market_namespace=None,
    values=(("global.images.envoyGateway.image", "hub.example.com/envoyproxy/gateway:v1.9.2"),),
    node_selector="deployment.pod.nodeSelector",
)
GATEWAY = ExposurePlan(
    via="gateway",
    scheme="https",
    routes=(PAGE, *OWN, LIST, ASK),
    chat_url="https://chat.example.com",
    api_urls=(("chat", "https://api.example.com/v1"),),
    tls_secret="chat-tls",
    certificate_id=None,
    issuer=None,
    internal=False,
    allow=(),
    balancer=True,
    direct_access=True,
    address=("gateway", None, "tke-llm", ".status.addresses"),
    install=MARKET,
)
INGRESS = replace(
    GATEWAY,
    via="ingress",
    routes=(PAGE, LIST, ASK),
    tls_secret="tke-llm-certificate",
    certificate_id="cert1",
    direct_access=False,
    address=("ingress", None, "tke-llm", ".status.loadBalancer.ingress"),
    install=None,
    ingress_class="qcloud",
    ready_seconds=2100,
)


def gateway(exposure: ExposurePlan = GATEWAY, *, preview: bool = False, **args: Any) -> ComponentRun:
    def make() -> None:
        software = None
        if exposure.install is not None:
            software = Software(
                "envoy",
                SoftwareArgs(plan=exposure.install, cluster_id="cls-1", node_selector={"pool": "system"}),
            )
        GatewayRoutes(
            "front",
            GatewayRoutesArgs(
                namespace="llm",
                plan=exposure,
                node_selector={"pool": "system"},
                targets=TARGETS,
                after=[] if software is None else [software.release],
                **args,
            ),
        )

    return build(make, preview=preview)


def ingress(exposure: ExposurePlan = INGRESS, **args: Any) -> ComponentRun:
    selectors = {"webui": {"part": "page"}, "chat-api": {"part": "model"}}

    def make() -> None:
        Ingress("front", IngressArgs(namespace="llm", plan=exposure, targets=TARGETS, selectors=selectors, **args))

    return build(make)


def spec(made: ComponentRun, kind: str, name: str | None = None) -> dict[str, Any]:
    found = [r.inputs for r in made.of(f":{kind}") if r.custom and name in (None, r.inputs["metadata"]["name"])]
    assert len(found) == 1, [r.name for r in made.resources]
    return found[0]["spec"]


def test_the_page_is_on_its_host_and_the_model_at_the_paths_of_its_api_only():
    made = gateway()
    routes = {r.inputs["metadata"]["name"]: r.inputs["spec"] for r in made.of(":HTTPRoute")}
    assert routes.keys() == {"webui", "chat-api", "redirect-to-https"}
    assert routes["webui"]["hostnames"] == ["chat.example.com"]
    matches = [match["path"] for rule in routes["chat-api"]["rules"] for match in rule["matches"]]
    paths = {"/v1/models", "/v1/chat/completions"}
    assert {match["value"] for match in matches} == paths | {f"/chat{path}" for path in paths}
    assert {match["type"] for match in matches} == {"Exact"}
    (rule,) = routes["webui"]["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/"}}]


def test_the_models_own_path_is_taken_off_before_the_engine():
    rules = spec(gateway(), "HTTPRoute", "chat-api")["rules"]
    by_path = {match["path"]["value"]: rule.get("filters") for rule in rules for match in rule["matches"]}
    assert by_path["/v1/models"] is None
    (rewrite,) = by_path["/chat/v1/models"]
    assert rewrite["urlRewrite"]["path"] == {"type": "ReplaceFullPath", "replaceFullPath": "/v1/models"}


def test_paths_that_reach_the_engine_as_they_are_make_one_rule():
    """Each rule is a cluster of Envoy's, with connections and health of its own; Gateway API takes 16 of a route."""
    rules = spec(gateway(), "HTTPRoute", "chat-api")["rules"]
    assert [len(rule["matches"]) for rule in rules] == [1, 1, 2]


def test_a_long_answer_is_not_cut_off():
    for route in ("webui", "chat-api"):
        assert all(rule["timeouts"]["request"] == "1h" for rule in spec(gateway(), "HTTPRoute", route)["rules"])


def test_each_host_has_its_listener_and_http_is_redirected():
    made = gateway()
    listeners = {each["name"]: each for each in spec(made, "Gateway")["listeners"]}
    assert listeners["http"]["port"] == 80
    assert listeners["https"]["hostname"] == "chat.example.com"
    assert listeners["https-1"]["hostname"] == "api.example.com"
    assert listeners["https"]["tls"]["certificateRefs"] == [{"kind": "Secret", "name": "chat-tls"}]
    assert spec(made, "HTTPRoute", "chat-api")["parentRefs"] == [{"name": "tke-llm", "sectionName": "https-1"}]
    redirect = spec(made, "HTTPRoute", "redirect-to-https")
    assert redirect["parentRefs"] == [{"name": "tke-llm", "sectionName": "http"}]
    assert redirect["rules"][0]["filters"][0]["requestRedirect"] == {"scheme": "https", "statusCode": 301}


def test_without_a_certificate_routes_are_on_http_and_nothing_is_redirected():
    made = gateway(replace(GATEWAY, scheme="http", tls_secret=None))
    assert [each["name"] for each in spec(made, "Gateway")["listeners"]] == ["http"]
    assert {r.inputs["metadata"]["name"] for r in made.of(":HTTPRoute")} == {"webui", "chat-api"}
    assert spec(made, "HTTPRoute", "webui")["parentRefs"][0]["sectionName"] == "http"


def test_an_issuer_is_named_where_cert_manager_looks():
    made = gateway(replace(GATEWAY, issuer="letsencrypt"))
    annotations = made.one(":Gateway", "front-gateway").inputs["metadata"]["annotations"]
    assert annotations["cert-manager.io/cluster-issuer"] == "letsencrypt"


def test_the_load_balancer_is_internal_guarded_and_straight_to_pods():
    made = gateway(subnet_id="subnet-1", security_group_id="sg-1")
    service = spec(made, "EnvoyProxy")["provider"]["kubernetes"]["envoyService"]
    assert service["type"] == "LoadBalancer"
    assert service["annotations"] == {
        "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid": "subnet-1",
        "service.cloud.tencent.com/security-groups": "sg-1",
        "service.cloud.tencent.com/pass-to-target": "true",
        "service.cloud.tencent.com/direct-access": "true",
    }


def test_a_load_balancer_that_is_not_ours_is_left_alone():
    made = gateway(replace(GATEWAY, balancer=False, install=None))
    assert spec(made, "EnvoyProxy")["provider"]["kubernetes"]["envoyService"] == {"type": "LoadBalancer"}


def test_proxies_run_on_the_cpu_nodes():
    deployment = spec(gateway(), "EnvoyProxy")["provider"]["kubernetes"]["envoyDeployment"]
    assert deployment["pod"]["nodeSelector"] == {"pool": "system"}


def test_a_pod_that_does_not_answer_costs_no_request_where_another_does():
    policy = spec(gateway(), "BackendTrafficPolicy")
    (target,) = policy["targetRefs"]
    assert (target["kind"], target["name"]) == (
        "Gateway",
        spec(gateway(), "HTTPRoute", "webui")["parentRefs"][0]["name"],
    )
    # What failed to connect was not sent: a question is never asked twice.
    assert policy["retry"]["retryOn"]["triggers"] == ["connect-failure"]
    assert policy["healthCheck"] == {"panicThreshold": 0}


def test_the_gateway_goes_before_its_class_and_that_before_the_release_and_its_namespace():
    made = gateway()
    chain = [
        made.one(":HTTPRoute", "front-webui-route"),
        made.one(":Gateway", "front-gateway"),
        made.one(":GatewayClass"),
        made.one("clusterRelease:ClusterRelease"),
        made.one(":Namespace"),
    ]
    for later, earlier in pairwise(chain):
        assert made.depends(later, earlier), f"{later.name} does not wait for {earlier.name}"
    assert made.depends(made.one(":Gateway", "front-gateway"), made.one(":EnvoyProxy"))


def test_nothing_of_the_gateway_is_deleted_with_something_else():
    assert [r.name for r in gateway().resources if r.registration.deleted_with] == []


def test_pulumi_waits_for_the_gateways_address():
    metadata = gateway().one(":Gateway", "front-gateway").inputs["metadata"]
    assert metadata["annotations"]["pulumi.com/waitFor"] == "condition=Programmed"


def test_a_first_preview_needs_no_crds():
    made = gateway(preview=True)
    assert spec(made, "Gateway")["gatewayClassName"] == "tke-llm"


def test_another_stacks_class_has_another_name():
    made = gateway(suffix="-two")
    assert made.one(":GatewayClass").inputs["metadata"]["name"] == "tke-llm-two"
    assert spec(made, "Gateway")["gatewayClassName"] == "tke-llm-two"


def test_an_existing_gateway_gets_routes_only():
    made = gateway(replace(GATEWAY, attach_to=("infra", "shared"), install=None, tls_secret=None, balancer=False))
    assert {r.type.rpartition(":")[2] for r in made.resources if r.custom} == {"HTTPRoute"}
    assert spec(made, "HTTPRoute", "webui")["parentRefs"] == [{"namespace": "infra", "name": "shared"}]
    assert "redirect-to-https" not in {r.inputs["metadata"]["name"] for r in made.of(":HTTPRoute")}


def test_the_app_market_chooses_the_version_and_keeps_it():
    release = gateway().one("clusterRelease:ClusterRelease")
    assert release.inputs["chartFrom"] == "tke-market"
    assert release.inputs["chartNamespace"] == "opensource-stable"
    assert "chartVersion" not in release.inputs
    assert list(release.registration.ignore_changes) == ["chartVersion"]


def test_helm_installs_the_pinned_chart_with_mirrored_images_on_cpu_nodes():
    release = gateway(replace(GATEWAY, install=HELM)).one(":Release").inputs
    assert (release["chart"], release["version"]) == ("oci://docker.io/envoyproxy/gateway-helm", "v1.9.2")
    assert release["values"] == {
        "global": {"images": {"envoyGateway": {"image": "hub.example.com/envoyproxy/gateway:v1.9.2"}}},
        "deployment": {"pod": {"nodeSelector": {"pool": "system"}}},
    }


def test_a_qcloud_ingress_takes_its_certificate_by_id_from_a_secret():
    made = ingress()
    secret = made.one(":Secret")
    assert secret.inputs["stringData"] == {"qcloud_cert_id": "cert1"}
    assert spec(made, "Ingress")["tls"] == [
        {"hosts": ["chat.example.com", "api.example.com"], "secretName": "tke-llm-certificate"}
    ]
    assert made.depends(made.one(":Ingress", "front-ingress"), secret)


def test_a_qcloud_ingress_reaches_pods_through_node_ports_of_its_own():
    made = ingress()
    services = {r.inputs["metadata"]["name"]: r.inputs["spec"] for r in made.of("core/v1:Service")}
    assert services.keys() == {"webui-ingress", "chat-ingress"}
    assert {each["type"] for each in services.values()} == {"NodePort"}
    assert services["chat-ingress"]["selector"] == {"part": "model"}
    backends = [path["backend"]["service"]["name"] for rule in spec(made, "Ingress")["rules"]
                for path in rule["http"]["paths"]]  # fmt: skip
    assert set(backends) == {"chat-ingress", "webui-ingress"}


def test_with_direct_access_the_services_stay_inside():
    made = ingress(replace(INGRESS, direct_access=True))
    assert made.of("core/v1:Service") == []
    annotations = made.one(":Ingress", "front-ingress").inputs["metadata"]["annotations"]
    assert annotations["ingress.cloud.tencent.com/direct-access"] == "true"


def test_a_qcloud_ingress_is_redirected_internal_and_guarded_by_annotation():
    annotations = (
        ingress(subnet_id="subnet-1", security_group_id="sg-1")
        .one(":Ingress", "front-ingress")
        .inputs["metadata"]["annotations"]
    )
    assert annotations == {
        "kubernetes.io/ingress.subnetId": "subnet-1",
        "ingress.cloud.tencent.com/security-groups": "sg-1",
        "ingress.cloud.tencent.com/pass-to-target": "true",
        "ingress.cloud.tencent.com/auto-rewrite": "true",
    }


def test_another_class_takes_a_tls_secret_and_no_annotation_of_tke():
    made = ingress(replace(INGRESS, ingress_class="nginx", certificate_id=None, tls_secret="chat-tls"))
    assert made.of(":Secret") == []
    assert spec(made, "Ingress")["ingressClassName"] == "nginx"
    assert spec(made, "Ingress")["tls"][0]["secretName"] == "chat-tls"
    annotations = made.one(":Ingress", "front-ingress").inputs["metadata"]["annotations"]
    assert not any("tencent" in key or "qcloud" in key for key in annotations)
    assert annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"] == "3600"


def test_an_ingress_routes_the_api_and_the_page_and_nothing_else():
    rules = spec(ingress(), "Ingress")["rules"]
    paths = {(rule["host"], path["path"], path["pathType"]) for rule in rules for path in rule["http"]["paths"]}
    assert paths == {
        ("chat.example.com", "/", "Prefix"),
        ("api.example.com", "/v1/models", "Exact"),
        ("api.example.com", "/v1/chat/completions", "Exact"),
    }


def test_all_paths_of_a_model_share_one_service_with_a_node_port():
    assert [made.inputs["metadata"]["name"] for made in ingress().of(":Service")] == ["webui-ingress", "chat-ingress"]


def test_on_one_host_the_longer_path_comes_first():
    made = ingress(replace(INGRESS, routes=(PAGE, replace(LIST, host="chat.example.com"))))
    (rule,) = spec(made, "Ingress")["rules"]
    assert [path["path"] for path in rule["http"]["paths"]] == ["/v1/models", "/"]


def test_pulumi_waits_for_an_ingress_as_long_as_the_slowest_model_takes():
    made = ingress().one(":Ingress", "front-ingress")
    assert made.registration.timeouts["create"] == "2100s"
    assert kube.SKIP_AWAIT.keys().isdisjoint(made.inputs["metadata"]["annotations"])


def test_the_guard_admits_those_who_are_allowed_on_the_two_ports():
    def make() -> None:
        LoadBalancerGuard(
            "guard",
            LoadBalancerGuardArgs(naming=Naming("tke-llm", "dev"), allow=[IPv4Network("100.1.1.0/24")]),
        )

    (rule,) = build(make).one("GroupRuleSet").inputs["ingresses"]
    assert (rule["cidrBlock"], rule["protocol"], rule["port"]) == ("100.1.1.0/24", "TCP", "80,443")


def test_without_an_allow_list_everyone_reaches_the_load_balancer():
    made = build(lambda: LoadBalancerGuard("guard", LoadBalancerGuardArgs(naming=Naming("tke-llm", "dev"))) and None)
    assert [rule["cidrBlock"] for rule in made.one("GroupRuleSet").inputs["ingresses"]] == ["0.0.0.0/0"]


def test_addresses_are_the_public_ones_and_port_forward_stays_possible():
    seen = addresses(plan(exposure=GATEWAY))
    assert seen.chat_url == "https://chat.example.com"
    assert seen.api_base_urls == {"chat": "https://api.example.com/v1"}
    assert seen.commands["chat"].endswith("service/chat 8000:8000")
    assert seen.find_address == "kubectl --namespace llm get gateway tke-llm -o jsonpath='{.status.addresses}'"


def test_a_model_without_a_key_has_no_public_address():
    ollama = replace(MODEL, name="small", engine="ollama", spec=replace(SPEC, api_key_env=None))
    seen = addresses(plan(exposure=GATEWAY, models={"small": ollama, "chat": MODEL}))
    assert seen.api_base_urls == {"small": None, "chat": "https://api.example.com/v1"}
    assert seen.api_base_url == "https://api.example.com/v1"
    question = seen.first_question([ollama, MODEL])
    assert question is not None
    assert question.startswith("curl https://api.example.com/v1/chat/completions")


def test_where_no_model_is_routed_there_is_no_question():
    ollama = replace(MODEL, name="small", spec=replace(SPEC, api_key_env=None))
    seen = addresses(plan(exposure=replace(GATEWAY, api_urls=()), models={"small": ollama}))
    assert seen.api_base_url is None
    assert seen.first_question([ollama]) is None


def test_without_exposure_everything_is_on_the_local_machine():
    seen = addresses(plan())
    assert seen.chat_url == "http://127.0.0.1:8080"
    assert seen.find_address is None


def test_an_ingress_says_where_its_address_is():
    assert addresses(plan(exposure=INGRESS)).find_address == (
        "kubectl --namespace llm get ingress tke-llm -o jsonpath='{.status.loadBalancer.ingress}'"
    )


def test_a_market_release_without_a_cluster_id_is_a_mistake_of_ours():
    def make() -> None:
        try:
            Software("envoy", SoftwareArgs(plan=MARKET, node_selector={}))
        except ValueError as error:
            pulumi.log.debug(str(error))
        else:
            raise AssertionError("made without a cluster")

    assert build(make).of("clusterRelease:ClusterRelease") == []


def test_on_a_shared_cluster_commands_name_the_stacks_own_namespace():
    shared = settings(
        cluster={"existing": {"id": "cls-1"}}, pools={"gpu": {"kind": "existing", "cpu": 8, "memory": "32Gi"}}
    )
    seen = addresses(plan(shared, exposure=GATEWAY))
    assert seen.find_address is not None
    assert shared.namespace_name() != "llm"
    assert f"--namespace {shared.namespace_name()} " in seen.find_address
    assert f"--namespace {shared.namespace_name()} " in seen.commands["chat"]
