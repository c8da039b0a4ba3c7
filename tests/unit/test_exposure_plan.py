"""Exposure, decided: routes, addresses, and what is refused."""

from dataclasses import dataclass
from typing import Any

import pytest

from catalog.load import load
from planner.access.check import check_exposure, check_rules
from planner.access.decide import plan_exposure
from planner.engines.api import PATHS
from planner.plan.access import ExposurePlan
from planner.plan.types import CpuPlan
from settings.diagnostics import Diagnostic
from settings.parse import StackInput, parse
from settings.paths import apply_fix
from tests.unit.stacks import KUBECONFIG, planned, sections, settings

PUBLIC = {"via": "gateway", "host": "chat.example.com", "tls": {"secret": "chat"}}
INGRESS = {"via": "ingress", "host": "chat.example.com", "tls": {"certificateId": "cert1"}}
SECOND = {"models.code": {"model": "Qwen/Qwen2.5-7B-Instruct"}, "pools.gpu.nodes": 2}
BY_ID = {"network": None, "cluster": {"existing": {"id": "cls-1"}}, "pools": KUBECONFIG["pools"]}


def decided(changes: dict[str, object]) -> ExposurePlan:
    """The exposure of the sound stack with `changes`."""
    given = settings(changes)
    exposure = plan_exposure(given, planned(changes).models, load(), CpuPlan())
    assert exposure is not None
    return exposure


def findings(changes: dict[str, object]) -> list[Diagnostic]:
    return list(check_exposure(settings(changes), load()))


def paths(exposure: ExposurePlan) -> set[tuple[str, str, str]]:
    return {(route.host, route.path, route.service) for route in exposure.routes}


def test_port_forward_needs_no_exposure():
    assert plan_exposure(settings(), {}, load(), CpuPlan()) is None


def api(host: str, model: str, *, own: bool = False) -> set[tuple[str, str, str]]:
    """What `paths` says of a model that chats."""
    return {(host, f"/{model}{path}" if own else path, model) for path in PATHS["chat"]}


def test_only_the_page_and_the_api_are_reached_through_a_gateway():
    exposure = decided({"expose": PUBLIC})
    host = "chat.example.com"
    assert paths(exposure) == {(host, "/", "webui")} | api(host, "chat") | api(host, "chat", own=True)
    assert [route.path for route in exposure.routes if route.below] == ["/"]
    assert exposure.chat_url == "https://chat.example.com"
    assert exposure.api_urls == (("chat", "https://chat.example.com/v1"),)


def test_a_model_under_its_own_path_still_hears_v1():
    by_path = {route.path: route.rewrite for route in decided({"expose": PUBLIC}).routes}
    assert {by_path[path] for path in ("/", *PATHS["chat"])} == {None}
    assert {path: by_path[f"/chat{path}"] for path in PATHS["chat"]} == {path: path for path in PATHS["chat"]}


def test_a_path_that_the_release_does_not_have_is_not_routed():
    """vLLM 0.8.5 (catalog/data/arguments) knows neither OpenAI's responses nor Anthropic's messages."""
    changes = {"expose": INGRESS, "models.chat.image": "docker.io/vllm/vllm-openai:v0.8.5"}
    (page, *api) = [route.path for route in decided(changes).routes]
    assert page == "/"
    assert api == ["/v1/chat/completions", "/v1/completions", "/v1/models"]


def test_more_rules_than_a_listener_takes_are_told():
    """A page, and six paths of each model that chats; a CLB takes 50 (vendor document 214/6187)."""
    models = {f"m{place}": {"model": "Qwen/Qwen2.5-7B-Instruct", "pool": "gpu"} for place in range(9)}
    nine: dict[str, object] = {"models": models, "pools.gpu.nodes": 9}
    eight = {**nine, "models": {name: models[name] for name in list(models)[:8]}}
    assert list(check_rules(decided({"expose": INGRESS, **eight}))) == []
    (warning,) = check_rules(decided({"expose": INGRESS, **nine}))
    assert (warning.code, warning.severity, warning.given) == ("FORWARDING_RULES_MANY", "warning", "55 rules")
    assert list(check_rules(decided({"expose": PUBLIC, **nine}))) == []


def test_two_models_share_the_api_host_under_paths_of_their_own():
    exposure = decided({"expose": {**PUBLIC, "apiHost": "api.example.com"}, **SECOND})
    host = "api.example.com"
    page = {("chat.example.com", "/", "webui")}
    assert paths(exposure) == page | api(host, "chat", own=True) | api(host, "code", own=True)
    assert dict(exposure.api_urls)["code"] == "https://api.example.com/code/v1"
    assert exposure.hosts == ("chat.example.com", "api.example.com")


def test_an_ingress_gives_each_of_two_models_a_host_since_it_cannot_rewrite():
    exposure = decided({"expose": INGRESS, **SECOND})
    assert api("code.chat.example.com", "code") <= paths(exposure)
    assert {path for _, path, _ in paths(exposure)} == {"/", *PATHS["chat"]}
    assert not any(route.rewrite for route in exposure.routes)


def test_the_api_may_have_the_pages_own_host_by_name():
    exposure = decided({"expose": {**PUBLIC, "apiHost": "chat.example.com"}})
    assert exposure.hosts == ("chat.example.com",)


def test_a_model_without_a_key_is_not_routed():
    changes: dict[str, object] = {
        "expose": PUBLIC,
        "models.chat": {"model": "qwen3:8b", "engine": "ollama", "source": "ollama"},
    }
    exposure = decided(changes)
    assert paths(exposure) == {("chat.example.com", "/", "webui")}
    assert exposure.api_urls == ()
    (note,) = [finding for finding in findings(changes) if finding.code == "MODEL_NOT_ROUTED"]
    assert (note.severity, note.path) == ("note", "models.chat.engine")


def test_without_a_certificate_addresses_say_http():
    assert decided({"expose": {**PUBLIC, "tls": None, "internal": True}}).chat_url == "http://chat.example.com"


def test_the_gateway_goes_straight_to_pods_that_have_addresses_in_the_vpc():
    assert decided({"expose": PUBLIC}).direct_access
    assert not decided({"expose": PUBLIC, "cluster.networkMode": "gr"}).direct_access


def test_an_ingress_goes_straight_to_pods_only_where_asked():
    assert not decided({"expose": INGRESS}).direct_access
    assert decided({"expose": {**INGRESS, "directAccess": True}}).direct_access


def test_an_attached_gateway_is_neither_installed_nor_shaped():
    changes: dict[str, object] = {**BY_ID, "expose": {"via": "gateway", "host": "chat.example.com",
                                  "gateway": "infra/shared", "tls": {}}}  # fmt: skip
    exposure = decided(changes)
    assert exposure.attach_to == ("infra", "shared")
    assert exposure.install is None
    assert not exposure.balancer
    assert exposure.tls_secret is None
    assert exposure.chat_url == "https://chat.example.com"
    assert [finding for finding in findings(changes) if finding.severity == "error"] == []


def test_helm_takes_a_release_that_is_tested_on_the_clusters_kubernetes():
    helm = {**PUBLIC, "install": "helm"}
    on_132 = decided({"expose": helm, "cluster.version": "1.32.2"}).install
    on_136 = decided({"expose": helm, "cluster.version": "1.36.2"}).install
    assert on_132 is not None
    assert on_136 is not None
    catalog = load()
    tested = {chart.version: chart.kubernetes for chart in catalog.charts.values() if chart.software == "envoy-gateway"}
    assert tested[on_132.version] == ("1.32", "1.35")
    assert tested[on_136.version] == ("1.33", "1.36")


def test_a_mirror_of_the_stack_file_serves_chart_and_images():
    install = decided(
        {"expose": {**PUBLIC, "install": "helm"}, "images": {"mirrors": {"docker.io": "hub.example.com/proxy"}}}
    ).install
    assert install is not None
    assert install.chart == "oci://hub.example.com/proxy/envoyproxy/gateway-helm"
    assert all(str(value).startswith("hub.example.com/proxy/envoyproxy/") for _, value in install.values)
    assert install.values


def test_the_app_market_chooses_the_version():
    install = decided({"expose": PUBLIC}).install
    assert install is not None
    assert (install.installer, install.version) == ("market", None)
    assert install.market_namespace


@dataclass(frozen=True)
class RefusedExposure:
    """`changes` that bring about `code` at `path`; the fix must leave no error of exposure."""

    code: str
    path: str
    changes: dict[str, object]


def _expose(code: str, path: str, expose: dict[str, Any], also: dict[str, object] | None = None) -> RefusedExposure:
    return RefusedExposure(code, path, {**(also or {}), "expose": expose})


KNOWN_TO_NOBODY_ELSE = ("HOST_MISSING", "TLS_SOURCE")
"""What is missing, or superfluous, only the person can tell."""
REFUSED = (
    _expose("HOST_MISSING", "expose.host", {"via": "ingress"}),
    _expose("PLAINTEXT_PUBLIC", "expose.tls", {**PUBLIC, "tls": None}),
    _expose("PLAINTEXT_PUBLIC", "expose.tls", {"via": "ingress", "host": "chat.example.com"}),
    _expose("TLS_SOURCE", "expose.tls", {**PUBLIC, "tls": {}}),
    _expose("TLS_SOURCE", "expose.tls", {**PUBLIC, "tls": {"secret": "chat", "issuer": "letsencrypt"}}),
    _expose("CERTIFICATE_NOT_FOR_ROAD", "expose.tls.certificateId", {**PUBLIC, "tls": {"certificateId": "cert1"}}),
    _expose("CERTIFICATE_NOT_FOR_ROAD", "expose.tls.secret", {**INGRESS, "tls": {"secret": "chat"}}),
    _expose(
        "CERTIFICATE_NOT_FOR_ROAD",
        "expose.tls.issuer",
        {**INGRESS, "directAccess": True, "tls": {"issuer": "letsencrypt"}},
    ),
    _expose("CERTIFICATE_NOT_FOR_ROAD", "expose.tls.certificateId", {**INGRESS, "ingressClass": "nginx"}),
    _expose("GATEWAY_NOT_OURS", "expose.internal", {**PUBLIC, "tls": {}, "gateway": "a/b", "internal": True}, BY_ID),
    _expose("GATEWAY_NOT_OURS", "expose.tls.secret", {**PUBLIC, "gateway": "a/b"}, BY_ID),
    _expose("GATEWAY_ABSENT", "expose.install", {**PUBLIC, "install": "none"}),
    _expose("GATEWAY_ABSENT", "expose.gateway", {**PUBLIC, "gateway": "a/b", "tls": {}}),
    _expose("MARKET_NEEDS_CLUSTER_ID", "expose.install", PUBLIC, KUBECONFIG),
    _expose("BALANCER_NOT_OURS", "expose.internal", {**PUBLIC, "install": "helm", "internal": True}, KUBECONFIG),
    _expose(
        "BALANCER_NOT_OURS",
        "expose.allow",
        {**INGRESS, "ingressClass": "nginx", "tls": {"secret": "chat"}, "allow": ["100.1.1.0/24"]},
    ),
    _expose("KEY_NOT_FOR_KIND", "expose.ingressClass", {**PUBLIC, "ingressClass": "nginx"}),
    _expose("KEY_NOT_FOR_KIND", "expose.install", {**INGRESS, "install": "helm"}),
    _expose(
        "KEY_NOT_FOR_KIND",
        "expose.directAccess",
        {**INGRESS, "ingressClass": "nginx", "directAccess": True, "tls": {"secret": "chat"}},
    ),
    _expose("PATH_TAKEN", "expose.apiHost", PUBLIC, {"models": {"api": {"model": "Qwen/Qwen2.5-7B-Instruct"}}}),
    _expose(
        "NOTHING_TO_EXPOSE",
        "expose.via",
        PUBLIC,
        {"webui": False, "models.chat": {"model": "qwen3:8b", "engine": "ollama"}},
    ),
)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case.code}-{case.path}")
def test_an_impossible_exposure_is_refused_with_a_way_out(case: RefusedExposure):
    (error,) = [f for f in findings(case.changes) if f.code == case.code and f.path == case.path]
    assert error.severity == "error"
    assert error.remedy
    if case.code in KNOWN_TO_NOBODY_ELSE:
        assert not error.fix
        return
    mended = apply_fix(sections(case.changes), error.fix)
    if (case.code, case.path) == ("GATEWAY_ABSENT", "expose.gateway"):
        mended = apply_fix(mended, [("expose.tls", {"secret": "chat"})])
    parsed = parse(StackInput("tke-llm", "dev", "ap-guangzhou", mended, {}))
    assert parsed.settings is not None
    left = {finding.code for finding in check_exposure(parsed.settings, load()) if finding.severity == "error"}
    assert case.code not in left
    assert left == set()


def test_an_internal_balancer_in_a_cluster_without_known_subnets_is_refused():
    changes: dict[str, object] = {**BY_ID, "expose": {**PUBLIC, "internal": True}}
    assert {"INTERNAL_WITHOUT_SUBNET"} == {f.code for f in findings(changes) if f.severity == "error"}


def test_plain_http_is_a_warning_inside_the_vpc():
    found = findings({"expose": {**PUBLIC, "tls": None, "internal": True}})
    assert ("PLAIN_HTTP", "warning") in {(finding.code, finding.severity) for finding in found}
    assert "PLAINTEXT_PUBLIC" not in {finding.code for finding in found}


@pytest.mark.parametrize("allow", [["0.0.0.0/0"], ["0.0.0.0/1", "128.0.0.0/1"], ["100.1.1.0/24"]])
def test_an_allow_list_is_no_certificate(allow: list[str]):
    found = findings({"expose": {**PUBLIC, "tls": None, "allow": allow}})
    assert ("PLAINTEXT_PUBLIC", "error") in {(finding.code, finding.severity) for finding in found}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"expose": {**PUBLIC, "tls": {"issuer": "letsencrypt"}}}, "CERT_MANAGER_NEEDED"),
        ({"expose": PUBLIC}, "ICP_FILING"),
        ({**BY_ID, "expose": PUBLIC}, "GATEWAY_SHARED"),
        ({"expose": INGRESS}, "INGRESS_IDLE_TIMEOUT"),
        ({"expose": INGRESS, **SECOND}, "HOST_PER_MODEL"),
        ({"expose": {**PUBLIC, "install": "helm"}, "cluster.version": "1.30.0"}, "CHART_NOT_TESTED"),
    ],
)
def test_what_is_worth_knowing_is_a_note(changes: dict[str, object], code: str):
    (note,) = [finding for finding in findings(changes) if finding.code == code]
    assert note.severity == "note"


def test_a_chart_from_a_registry_that_the_mainland_does_not_reach_is_a_warning():
    (warning,) = [f for f in findings({"expose": {**PUBLIC, "install": "helm"}}) if f.code == "CHART_FROM_ABROAD"]
    assert (warning.severity, warning.path) == ("warning", "expose.install")
    mirrored = {"expose": {**PUBLIC, "install": "helm"}, "images": {"mirrors": {"docker.io": "hub.example.com"}}}
    assert "CHART_FROM_ABROAD" not in {finding.code for finding in findings(mirrored)}


def test_a_public_gateway_with_a_certificate_has_no_error():
    assert [finding for finding in findings({"expose": PUBLIC}) if finding.severity == "error"] == []


def test_a_qcloud_ingress_with_a_certificate_id_has_no_error():
    assert [finding for finding in findings({"expose": INGRESS}) if finding.severity == "error"] == []
