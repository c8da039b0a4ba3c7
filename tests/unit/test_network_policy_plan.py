"""Who may talk to whom inside, decided, and what is doubtful about it."""

import pytest

from planner.diagnostics.explain import codes as registry
from planner.plan.access import FromRange, InNamespace, PolicyPlan
from planner.plan.types import Plan
from tests.unit.stacks import KUBECONFIG, codes, found, planned

GATEWAY = {"via": "gateway", "host": "chat.example.com", "tls": {"secret": "chat"}}
INGRESS = {"via": "ingress", "host": "chat.example.com", "tls": {"certificateId": "abc"}}
NGINX = {"via": "ingress", "host": "chat.example.com", "tls": {"secret": "chat"}, "ingressClass": "nginx"}
SUPER = {"pools.gpu": {"kind": "super", "gpuType": "A10*PNV4"}}
OIDC = {"providerUrl": "https://id.example.com:8443/.well-known/openid-configuration", "clientId": "chat"}


def policies(plan: Plan) -> PolicyPlan:
    assert plan.policies is not None
    return plan.policies


def sources(changes: dict[str, object]) -> tuple[object, ...]:
    return policies(planned(changes)).sources


def test_a_stack_is_closed_unless_it_says_otherwise():
    assert planned().policies is not None
    assert planned({"networkPolicy": False}).policies is None


def test_the_addon_that_enforces_comes_with_the_policies():
    def addons(changes: dict[str, object]) -> set[str]:
        return {addon.name for addon in planned(changes).addons}

    assert "networkpolicy" in addons({})
    assert "networkpolicy" not in addons({"networkPolicy": False})
    assert "networkpolicy" not in addons({"networkPolicy": {"addon": False}})


def test_by_port_forward_nobody_comes_from_outside_the_namespace():
    assert sources({}) == ()


def test_of_a_gateway_only_the_proxies_of_our_own_are_let_in():
    (proxies,) = sources({"expose": GATEWAY})
    assert isinstance(proxies, InNamespace)
    assert proxies.name == "envoy-gateway-system"
    assert dict(proxies.labels) == {
        "gateway.envoyproxy.io/owning-gateway-name": "tke-llm",
        "gateway.envoyproxy.io/owning-gateway-namespace": "llm",
    }


def test_a_range_with_the_metadata_service_in_it_is_said_to_be_cut():
    plan = planned({"networkPolicy": {"reach": ["10.9.0.0/16", "169.254.0.0/16"]}})
    cut = found(plan, "METADATA_CUT")
    assert (cut.severity, cut.path) == ("note", "networkPolicy.reach[1]")
    assert "169.254.0.23/32" in cut.message
    assert not plan.errors


def test_cert_manager_may_prove_the_host_where_it_makes_the_certificate():
    assert policies(planned({"expose": {**GATEWAY, "tls": {"issuer": "letsencrypt"}}})).acme
    assert not policies(planned({"expose": GATEWAY})).acme


def test_of_a_gateway_that_exists_the_proxies_may_be_beside_it_or_envoys():
    shared = planned({**KUBECONFIG, "expose": {**GATEWAY, "tls": {}, "gateway": "infra/shared"}})
    assert policies(shared).sources == (InNamespace("infra"), InNamespace("envoy-gateway-system"))


def test_a_load_balancer_comes_from_the_vpc_and_its_clients_only_where_it_leads_straight_to_pods():
    through = sources({"expose": INGRESS})
    assert FromRange("10.0.0.0/16") in through
    assert FromRange("0.0.0.0/0") not in through
    assert FromRange("0.0.0.0/0") in sources({"expose": {**INGRESS, "directAccess": True}})
    allowed = sources({"expose": {**INGRESS, "directAccess": True, "allow": ["198.51.100.0/24"]}})
    assert FromRange("198.51.100.0/24") in allowed
    assert FromRange("0.0.0.0/0") not in allowed


def test_in_a_pod_network_of_its_own_a_node_passes_connections_on_from_there_too():
    own = {"cluster.networkMode": "gr", "expose": INGRESS}
    assert FromRange("172.20.0.0/16") in sources(own)
    assert FromRange("172.16.0.0/20") not in sources({"expose": INGRESS})


def test_where_the_vpc_of_a_cluster_is_not_known_all_private_ranges_stand_for_it():
    ranges = policies(planned({**KUBECONFIG, "expose": INGRESS})).sources
    assert {FromRange("10.0.0.0/8"), FromRange("172.16.0.0/12"), FromRange("192.168.0.0/16")} <= set(ranges)


def test_an_ingress_controller_is_let_in_from_its_namespace():
    assert sources({"expose": NGINX}) == (InNamespace("ingress-nginx"),)
    traefik = {"expose": {**NGINX, "ingressClass": "traefik"}}
    assert found(planned(traefik), "INGRESS_CONTROLLER_UNKNOWN").path == "networkPolicy.admit"
    named = planned({**traefik, "networkPolicy": {"admit": ["traefik"]}})
    assert policies(named).sources == (InNamespace("traefik"),)
    assert "INGRESS_CONTROLLER_UNKNOWN" not in codes(named)


def test_keda_reads_the_metrics_of_the_models_that_it_scales():
    changes = {"models.chat.autoscaling": {"max": 1}}
    assert policies(planned(changes)).scraped == (("chat", InNamespace("keda")),)
    assert policies(planned()).scraped == ()


def test_the_page_gets_the_roads_that_its_settings_need():
    page = policies(planned()).page
    assert page is not None
    assert (page.internet, page.login_port, page.database, page.redis) == (False, None, False, False)
    open_page = policies(planned({"webui": {"offline": False, "oidc": OIDC}}, secrets=("oidcClientSecret",))).page
    assert open_page is not None
    assert (open_page.internet, open_page.login_port) == (True, 8443)
    scaled = policies(planned({"webui": {"replicas": 2}}, secrets=("databaseUrl",))).page
    assert scaled is not None
    assert (scaled.database, scaled.redis) == (True, True)
    assert policies(planned({"webui": False})).page is None


@pytest.mark.parametrize(
    ("code", "severity", "path", "changes"),
    [
        ("NETWORK_POLICY_OFF", "warning", "networkPolicy", {"networkPolicy": False}),
        ("NETWORK_POLICY_UNENFORCED", "warning", "networkPolicy.addon", {"networkPolicy": {"addon": False}}),
        ("NETWORK_POLICY_UNENFORCED", "note", "networkPolicy", KUBECONFIG),
        ("ADDON_NAME_ASSUMED", "note", "networkPolicy.addon", {}),
        ("NETWORK_POLICY_NOT_ON_SUPER_NODES", "warning", "pools.gpu.kind", SUPER),
        (
            "NETWORK_POLICY_NOT_ON_HOST",
            "warning",
            "models.chat.gpus",
            {
                "pools.gpu": {"kind": "ordinary", "instanceType": "HCCPNV6.96XLARGE2304", "nodes": 2},
                "models.chat.model": "deepseek-ai/DeepSeek-R1",
                "models.chat.gpus": 16,
            },
        ),
    ],
)
def test_what_policies_do_not_hold_is_said(code: str, severity: str, path: str, changes: dict[str, object]):
    finding = found(planned(changes), code)
    assert (finding.severity, finding.path) == (severity, path)
    assert finding.remedy
    assert code in registry()


@pytest.mark.parametrize(
    ("endpoint", "doubted"),
    [
        ("http://10.0.9.9:8080", True),
        ("http://mirror", True),
        ("http://mirror.tools.svc", True),
        ("https://hf-mirror.com", False),
        ("https://8.8.8.8", False),
    ],
)
def test_a_private_mirror_is_doubted_until_its_range_is_named(endpoint: str, doubted: bool):
    changes: dict[str, object] = {"models.chat.source": "huggingface", "models.chat.download": {"endpoint": endpoint}}
    assert ("DOWNLOAD_ENDPOINT_PRIVATE" in codes(planned(changes))) is doubted
    assert "DOWNLOAD_ENDPOINT_PRIVATE" not in codes(planned(changes | {"networkPolicy": {"reach": ["10.0.0.0/8"]}}))


def test_a_model_on_nodes_that_exist_tolerates_the_usual_taint_of_gpus_with_any_effect():
    existing = planned(KUBECONFIG).pools["gpu"]
    assert ("nvidia.com/gpu", "", "") in existing.tolerations


def test_single_sign_on_reaches_the_page_and_its_secret_does_not():
    page = planned({"webui": {"oidc": OIDC}, "expose": GATEWAY}, secrets=("oidcClientSecret",)).webui
    assert page is not None
    env = dict(page.env)
    assert page.login
    assert env["OPENID_PROVIDER_URL"] == OIDC["providerUrl"]
    assert env["OPENID_REDIRECT_URI"] == "https://chat.example.com/oauth/oidc/callback"
    assert env["OAUTH_MERGE_ACCOUNTS_BY_EMAIL"] == "False"
    assert "OAUTH_CLIENT_SECRET" not in env


def test_another_key_version_and_a_priority_class_reach_the_plan():
    model = planned({"models.chat.keyVersion": 2, "models.chat.priorityClass": "gold"}).models["chat"]
    assert (model.key_version, model.priority_class) == (2, "gold")
