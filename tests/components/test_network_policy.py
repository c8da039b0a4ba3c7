"""What the NetworkPolicies let through, whether or not an implementation takes a pod's address for a range's."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from components.workloads import kube
from components.workloads.network_policy import NetworkPolicies, NetworkPoliciesArgs
from planner.access.sources import balancer_sources
from planner.plan.access import FromRange, InNamespace, PageEgress, PolicyPlan, Source
from planner.plan.server import Spread
from planner.plan.types import ModelPlan
from tests.components.plans import MODEL, SPEC
from tests.components.recorder import ComponentRun, build
from tests.security.evaluator import End, Outside, Pod, PolicyEvaluator

VPC, SERVICES = "10.0.0.0/16", "172.16.0.0/20"
KEYED = replace(MODEL, name="chat", spec=replace(SPEC, api_key_env="VLLM_API_KEY", port=8000))
KEYLESS = replace(MODEL, name="small", spec=replace(SPEC, engine="ollama", api_key_env=None, port=11434))
SPREAD = replace(KEYED, name="large", nodes=2)
MODELS = (KEYED, KEYLESS, SPREAD)


def pod(name: str, labels: dict[str, str], address: int, namespace: str = "llm") -> Pod:
    return Pod(name, namespace, labels, f"10.0.0.{address}")


def server(model: ModelPlan, address: int) -> Pod:
    return pod(model.name, kube.labels(model.spec.engine, model.name, "inference"), address)


PAGE = pod("webui", kube.labels("open-webui", "webui", "chat-page"), 10)
CHAT, SMALL = server(KEYED, 20), server(KEYLESS, 21)
LARGE, LARGE_WORKER = server(SPREAD, 22), server(SPREAD, 23)
SERVERS = [(CHAT, 8000), (SMALL, 11434), (LARGE, 8000)]
REDIS = pod("webui-redis", kube.labels("redis", "webui-redis", "page-state"), 25)
JOB = pod("chat-download", kube.labels("model-download", "chat", "download"), 30)
OURS = (PAGE, CHAT, SMALL, LARGE, LARGE_WORKER, JOB)
GATEWAY = pod("envoy", {"app.kubernetes.io/name": "envoy"}, 40, "envoy-gateway-system")
CONTROLLER = pod("envoy-gateway", {"app.kubernetes.io/name": "gateway"}, 41, "envoy-gateway-system")
STRANGER = pod("stranger", {}, 50, "other")
DNS = pod("coredns", {"k8s-app": "kube-dns"}, 60, "kube-system")
API_SERVER = Outside("172.16.0.1")
METADATA = Outside("169.254.0.23")
DNS_CACHE = Outside("169.254.20.10")
HUB = Outside("203.0.113.80")
DATABASE = Outside("10.0.9.9")
PROBE = Outside("100.64.3.4")
CLIENT = Outside("198.51.100.7")


OFFLINE = PageEgress()


def policies(
    page: PageEgress | None = OFFLINE,
    sources: Sequence[Source] = (),
    models: Sequence[ModelPlan] = MODELS,
    **changes: Any,
) -> ComponentRun:
    def make() -> None:
        plan = PolicyPlan(cluster_ranges=(VPC, SERVICES), page=page, sources=tuple(sources))
        NetworkPolicies("policies", NetworkPoliciesArgs(namespace="llm", models=models, plan=replace(plan, **changes)))

    return build(make)


def clusters(recorder: ComponentRun) -> list[PolicyEvaluator]:
    """The cluster, for both kinds of implementations."""
    namespaces: dict[str, dict[str, str]] = {each.namespace: {} for each in (*OURS, GATEWAY, STRANGER, DNS)}
    made = [each.inputs for each in recorder.of(":NetworkPolicy")]
    return [PolicyEvaluator(namespaces, made, blocks_match_pods=kind) for kind in (True, False)]


def verdicts(recorder: ComponentRun, source: End, target: End, port: int, protocol: str = "TCP") -> set[bool]:
    return {each.allows(source, target, port, protocol) for each in clusters(recorder)}


ALLOWED, DENIED = {True}, {False}

OUTSIDERS = [STRANGER, GATEWAY, DNS, HUB, CLIENT, DATABASE, PROBE, API_SERVER]


def test_the_page_reaches_every_model_on_its_port_alone() -> None:
    made = policies()
    for server_pod, port in SERVERS:
        assert verdicts(made, PAGE, server_pod, port) == ALLOWED
        assert verdicts(made, PAGE, server_pod, 22) == DENIED


@pytest.mark.parametrize("source", [*OUTSIDERS, JOB, CHAT, LARGE_WORKER], ids=lambda end: getattr(end, "name", end.ip))
def test_with_port_forward_nobody_else_reaches_page_or_models(source: End) -> None:
    made = policies()
    for target, port in ((PAGE, 8080), (SMALL, 11434)):
        assert verdicts(made, source, target, port) == DENIED


@pytest.mark.parametrize("source", [*OUTSIDERS, JOB, SMALL], ids=lambda end: getattr(end, "name", end.ip))
def test_a_model_is_not_reached_from_another_or_from_a_download(source: End) -> None:
    made = policies()
    for target in (CHAT, LARGE):
        assert verdicts(made, source, target, 8000) == DENIED


@pytest.mark.parametrize("target", [HUB, METADATA, API_SERVER, DATABASE, STRANGER, PAGE, JOB])
def test_a_model_reaches_nothing_but_dns(target: End) -> None:
    made = policies()
    for source, _ in SERVERS:
        assert verdicts(made, source, target, 443) == DENIED


@pytest.mark.parametrize("protocol", ["UDP", "TCP"])
def test_every_pod_asks_the_clusters_dns_and_no_other(protocol: str) -> None:
    made = policies()
    for source in OURS:
        assert verdicts(made, source, DNS, 53, protocol) == ALLOWED
        assert verdicts(made, source, DNS_CACHE, 53, protocol) == ALLOWED
        assert verdicts(made, source, DNS, 9153, protocol) == DENIED
        assert verdicts(made, source, STRANGER, 53, protocol) == DENIED
        assert verdicts(made, source, HUB, 53, "UDP") == DENIED


@pytest.mark.parametrize("reach", ["169.254.0.0/16", "169.254.0.0/24", "0.0.0.0/0", "169.254.0.22/31"])
def test_no_range_that_is_named_opens_the_metadata_service(reach: str) -> None:
    named = policies(PageEgress(internet=True, database=True), reach=(reach,))
    for source in OURS:
        assert verdicts(named, source, METADATA, 80) == DENIED
    assert verdicts(named, JOB, Outside("169.254.0.22"), 80) == ALLOWED


def test_not_even_a_vpc_that_holds_it_opens_the_metadata_service() -> None:
    forced = policies(PageEgress(database=True), cluster_ranges=("169.254.0.0/16",))
    for source in OURS:
        assert verdicts(forced, source, METADATA, 80) == DENIED


def test_a_private_range_is_reached_by_downloads_and_an_online_page_where_it_is_named() -> None:
    named = policies(PageEgress(internet=True), reach=("10.0.9.0/24",))
    for source in (JOB, PAGE):
        assert verdicts(named, source, DATABASE, 443) == ALLOWED
        assert verdicts(named, source, Outside("10.0.8.9"), 443) == DENIED


def test_who_reads_a_models_metrics_reaches_that_model_alone() -> None:
    scraped = policies(scraped=(("chat", InNamespace("envoy-gateway-system")),))
    assert verdicts(scraped, GATEWAY, CHAT, 8000) == ALLOWED
    assert verdicts(scraped, GATEWAY, LARGE, 8000) == DENIED
    assert verdicts(scraped, GATEWAY, PAGE, 8080) == DENIED


def test_a_challenge_for_a_certificate_is_answered_through_the_exposure_alone() -> None:
    solver = pod("cm-acme-http-solver", {"acme.cert-manager.io/http01-solver": "true"}, 26)
    proxies = [InNamespace("envoy-gateway-system", tuple(GATEWAY.labels.items()))]
    assert verdicts(policies(sources=proxies, acme=True), GATEWAY, solver, 8089) == ALLOWED
    assert verdicts(policies(sources=proxies, acme=True), STRANGER, solver, 8089) == DENIED
    assert verdicts(policies(sources=proxies), GATEWAY, solver, 8089) == DENIED


def test_the_redis_of_the_page_is_reached_by_the_page_alone() -> None:
    made = policies(PageEgress(redis=True))
    assert verdicts(made, PAGE, REDIS, 6379) == ALLOWED
    for source in (STRANGER, CHAT, JOB, DATABASE):
        assert verdicts(made, source, REDIS, 6379) == DENIED
    assert verdicts(made, REDIS, HUB, 443) == DENIED
    assert verdicts(policies(), PAGE, REDIS, 6379) == DENIED


def test_the_page_reaches_a_model_that_is_on_its_machines_network() -> None:
    hosted = replace(SPREAD, spec=replace(SPREAD.spec, spread=Spread(2, (), 29501, "VLLM_HOST_IP", rdma=True)))
    leader = replace(LARGE, host_network=True)
    assert verdicts(policies(models=[hosted]), PAGE, leader, 8000) == ALLOWED
    assert verdicts(policies(models=[SPREAD]), PAGE, leader, 8000) == DENIED


def test_a_download_reaches_the_internet() -> None:
    assert verdicts(policies(), JOB, HUB, 443) == ALLOWED


@pytest.mark.parametrize("target", [DATABASE, METADATA, API_SERVER, PROBE, STRANGER, PAGE, CHAT, SMALL])
def test_a_download_reaches_nothing_that_is_private(target: End) -> None:
    for port in (80, 443, 8000, 8080):
        assert verdicts(policies(), JOB, target, port) == DENIED


def test_ranges_of_the_cluster_that_are_not_private_by_themselves_are_closed_to_downloads() -> None:
    made = policies(page=None, models=[KEYED], cluster_ranges=("9.0.0.0/16",))
    assert verdicts(made, JOB, Outside("9.0.1.1"), 443) == DENIED
    assert verdicts(made, JOB, Outside("9.1.1.1"), 443) == ALLOWED


def test_nobody_reaches_a_download() -> None:
    for source in (*OUTSIDERS, PAGE, CHAT):
        assert verdicts(policies(), source, JOB, 80) == DENIED


def test_the_pods_of_one_server_talk_to_each_other_on_any_port() -> None:
    made = policies()
    assert verdicts(made, LARGE, LARGE_WORKER, 29501) == ALLOWED
    assert verdicts(made, LARGE_WORKER, LARGE, 45678) == ALLOWED


def test_two_replicas_of_a_server_of_one_pod_do_not() -> None:
    assert verdicts(policies(), CHAT, server(KEYED, 24), 8000) == DENIED


def test_the_page_reaches_the_internet_only_when_it_is_not_offline() -> None:
    assert verdicts(policies(PageEgress()), PAGE, HUB, 443) == DENIED
    online = policies(PageEgress(internet=True))
    assert verdicts(online, PAGE, HUB, 443) == ALLOWED
    for private in (METADATA, DATABASE, API_SERVER, STRANGER):
        assert verdicts(online, PAGE, private, 443) == DENIED


def test_a_login_provider_is_reached_on_its_port_wherever_it_is() -> None:
    made = policies(PageEgress(login_port=8443))
    assert verdicts(made, PAGE, HUB, 8443) == ALLOWED
    assert verdicts(made, PAGE, DATABASE, 8443) == ALLOWED
    assert verdicts(made, PAGE, HUB, 443) == DENIED
    assert verdicts(made, PAGE, METADATA, 8443) == DENIED


def test_a_database_is_reached_inside_the_vpc_only() -> None:
    made = policies(PageEgress(database=True))
    assert verdicts(made, PAGE, DATABASE, 5432) == ALLOWED
    assert verdicts(made, PAGE, HUB, 5432) == DENIED
    assert verdicts(made, PAGE, METADATA, 80) == DENIED


def test_the_gateways_pods_alone_reach_page_and_models_on_their_ports() -> None:
    made = policies(sources=[InNamespace("envoy-gateway-system", tuple(GATEWAY.labels.items()))])
    for target, port in [(PAGE, 8080), *SERVERS]:
        assert verdicts(made, GATEWAY, target, port) == ALLOWED
        assert verdicts(made, GATEWAY, target, 22) == DENIED
        for other in (CONTROLLER, STRANGER, CLIENT):
            assert verdicts(made, other, target, port) == DENIED


def test_a_load_balancer_and_its_health_checks_reach_page_and_keyed_models() -> None:
    made = policies(sources=balancer_sources([VPC]))
    for source in (PROBE, DATABASE):
        assert verdicts(made, source, PAGE, 8080) == ALLOWED
        assert verdicts(made, source, CHAT, 8000) == ALLOWED
    assert verdicts(made, CLIENT, PAGE, 8080) == DENIED


def test_a_load_balancer_straight_to_pods_keeps_its_clients_addresses() -> None:
    made = policies(sources=balancer_sources([VPC], ["198.51.100.0/24"]))
    assert verdicts(made, CLIENT, PAGE, 8080) == ALLOWED
    assert verdicts(made, HUB, PAGE, 8080) == DENIED


@pytest.mark.parametrize("source", [PROBE, DATABASE, CLIENT, STRANGER])
def test_an_engine_without_a_key_is_never_opened_to_addresses(source: End) -> None:
    made = policies(sources=[*balancer_sources([VPC]), FromRange("198.51.100.0/24")])
    assert verdicts(made, source, SMALL, 11434) == DENIED


def test_without_a_page_nothing_is_opened_for_one() -> None:
    made = policies(page=None)
    assert verdicts(made, PAGE, CHAT, 8000) == DENIED
    assert "allow-webui" not in {each.inputs["metadata"]["name"] for each in made.of(":NetworkPolicy")}


def test_the_door_is_closed_after_the_roads_are_open() -> None:
    made = policies()
    closed = made.one(":NetworkPolicy", "policies-default-deny")
    opened = [each for each in made.of(":NetworkPolicy") if each.urn != closed.urn]
    assert len(opened) == 3 + len(MODELS)
    assert all(made.depends(closed, each) for each in opened)


def test_the_closed_door_alone_lets_nothing_in_or_out() -> None:
    closed = policies().one(":NetworkPolicy", "policies-default-deny").inputs
    alone = PolicyEvaluator({"llm": {}, "other": {}}, [closed])
    for ours in OURS:
        assert not alone.allows(STRANGER, ours, 80)
        assert not alone.allows(ours, STRANGER, 80)


def test_policies_carry_our_labels_and_live_in_the_namespace() -> None:
    for each in policies().of(":NetworkPolicy"):
        assert each.inputs["metadata"]["namespace"] == "llm"
        assert each.inputs["metadata"]["labels"]["app.kubernetes.io/part-of"] == "tke-llm"
