"""What is measured of a stack, what is kept of it, and what calls for somebody."""

import re
from dataclasses import replace
from typing import Any

import pytest

from catalog.load import load
from planner.monitoring import clients, records
from planner.monitoring.decide import PODS
from planner.plan.access import InNamespace
from planner.plan.monitoring import MonitoringPlan
from planner.pools.system_pool import needed_disk
from planner.software.prometheus import KEPT_GIB
from tests.unit.stacks import KUBECONFIG, codes, found, planned, settings

ON = {"monitoring": {"via": "prometheus-operator"}}
GATEWAY = {"expose": {"via": "gateway", "host": "chat.example.com", "tls": {"secret": "chat"}}}


def measured(changes: dict[str, Any] | None = None, **more: Any) -> MonitoringPlan:
    plan = planned({**ON, **(changes or {})}, **more)
    assert not plan.errors, plan.errors
    assert plan.monitoring is not None
    return plan.monitoring


def kept(plan: MonitoringPlan) -> dict[str, str]:
    return {each.name: each.expr for each in plan.records}


def alerts(plan: MonitoringPlan) -> dict[str, str]:
    return {each.name: each.expr for each in plan.alerts}


def test_nothing_is_measured_unless_asked_for() -> None:
    plan = planned()
    assert plan.monitoring is None
    assert plan.installs == ()
    assert plan.policies is not None
    assert plan.policies.scraped == ()


def test_prometheus_is_installed_into_a_cluster_of_ours_and_finds_everything() -> None:
    plan = planned(ON)
    assert [each.software for each in plan.installs] == ["kube-prometheus-stack", "dcgm-exporter"]
    assert plan.monitoring is not None
    assert plan.monitoring.scraper == InNamespace("monitoring", PODS)
    assert plan.monitoring.labels == ()


def test_on_a_cluster_that_exists_it_is_expected_and_found_by_labels() -> None:
    plan = planned({**KUBECONFIG, **ON, "monitoring.namespace": "observability"})
    assert plan.installs == ()
    assert found(plan, "PROMETHEUS_EXPECTED").severity == "warning"
    assert plan.monitoring is not None
    assert plan.monitoring.scraper == InNamespace("observability", PODS)
    assert dict(plan.monitoring.labels) == {"release": "kube-prometheus-stack"}


def test_who_reads_the_metrics_is_admitted_to_the_models_alone() -> None:
    plan = planned(ON)
    assert plan.policies is not None
    assert plan.policies.scraped == (("chat", InNamespace("monitoring", PODS)),)
    assert plan.policies.sources == ()


def test_scaling_and_measuring_each_have_their_own_way_in() -> None:
    plan = planned({**ON, "models.chat.autoscaling": {"max": 1}})
    assert plan.policies is not None
    assert [source.name for _, source in plan.policies.scraped if isinstance(source, InNamespace)] == [
        "keda",
        "monitoring",
    ]


@pytest.mark.parametrize(
    ("release", "cache", "hits"),
    [
        ("v0.29.0", "vllm:kv_cache_usage_perc", "vllm:prefix_cache_hits_total"),
        ("v0.11.0", "vllm:kv_cache_usage_perc", "vllm:prefix_cache_hits_total"),
        ("v0.8.5", "vllm:gpu_cache_usage_perc", "vllm:gpu_prefix_cache_hits_total"),
    ],
)
def test_a_release_is_asked_by_the_names_that_it_has(release: str, cache: str, hits: str) -> None:
    """Names: vllm/v1/metrics/loggers.py of each release."""
    model = planned(ON).models["chat"]
    pool = planned(ON).pools["gpu"]
    catalog = load()
    plans = records.plan_records(
        replace(model, source_image=f"docker.io/vllm/vllm-openai:{release}"),
        pool,
        "llm",
        catalog.metrics["vllm"],
        catalog.metrics["dcgm"],
    )
    exprs = {each.name: each.expr for each in plans}
    assert exprs[records.CACHE] == f'max({cache}{{namespace="llm",model="chat"}})'
    assert hits in exprs[records.PREFIXES]


def test_an_image_of_unknown_release_is_asked_by_every_name() -> None:
    model, pool = planned(ON).models["chat"], planned(ON).pools["gpu"]
    catalog = load()
    plans = records.plan_records(
        replace(model, source_image="me/vllm:nightly"), pool, "llm", catalog.metrics["vllm"], catalog.metrics["dcgm"]
    )
    asked = {each.name: each.expr for each in plans}[records.CACHE]
    assert asked.startswith("max(vllm:kv_cache_usage_perc")
    assert " or max(vllm:gpu_cache_usage_perc" in asked


def test_a_cost_is_kept_where_there_is_a_price() -> None:
    assert records.COST not in kept(measured())
    priced = measured({"prices": {"PNV4.7XLARGE116": 10.5}})
    assert kept(priced)[records.COST] == 'count(up{namespace="llm",model="chat"}) * 10.5000'
    assert "Cost per hour" in {each.title for each in priced.panels}


def test_the_pods_of_a_model_are_told_from_those_of_another_that_begins_alike() -> None:
    pattern = re.compile(records.pods(planned(ON).models["chat"]))
    assert pattern.fullmatch("chat-7d4f9c5b6-x2x9z")
    assert not pattern.fullmatch("chat-big-7d4f9c5b6-x2x9z")


def test_an_engine_without_metrics_is_watched_by_its_replica_and_its_gpus() -> None:
    changes = {**ON, "models.chat": {"model": "qwen2.5:0.5b", "engine": "ollama"}}
    plan = planned(changes)
    assert plan.monitoring is not None
    assert plan.monitoring.scraped == ()
    assert found(plan, "ENGINE_SHOWS_LITTLE").path == "models.chat.engine"
    assert kept(plan.monitoring).keys() == {records.GPU_USE, records.GPU_MEMORY}
    watched = alerts(plan.monitoring)
    assert "kube_deployment_status_replicas_available" in watched["LlmNoReplica"]
    assert watched["LlmGpuIdle"] == 'llm:gpu_use:avg{namespace="llm",model="chat"} < 0.01'


def test_llamacpp_shows_its_metrics_only_where_they_are_read_and_to_whom_has_the_key() -> None:
    changes = {"models.chat": {"model": "Qwen/Qwen3-8B-GGUF", "engine": "llamacpp"}}
    assert "--metrics" not in planned(changes).models["chat"].spec.command
    plan = planned({**changes, **ON})
    assert "--metrics" in plan.models["chat"].spec.command
    assert plan.monitoring is not None
    assert [each.keyed for each in plan.monitoring.monitors if each.model == "chat"] == [True]
    assert "llamacpp:tokens_predicted_seconds_total" in kept(plan.monitoring)[records.TPOT_MEAN]
    assert records.TPOT_MEAN in alerts(plan.monitoring)["LlmTokensSlow"]


def test_targets_are_what_slow_means() -> None:
    watched = alerts(measured({"monitoring.targets": {"ttftSeconds": 2.5, "tpotMs": 40}}))
    assert watched["LlmFirstTokenSlow"].endswith("> 2.5")
    assert watched["LlmTokensSlow"].endswith("> 0.04")


def test_a_model_that_starts_calls_for_nobody_before_it_may_be_up() -> None:
    plan = planned(ON)
    assert plan.monitoring is not None
    (absent,) = [each for each in plan.monitoring.alerts if each.name == "LlmNoReplica"]
    assert absent.seconds == plan.models["chat"].startup_seconds


def test_nothing_calls_for_somebody_while_a_stack_is_paused() -> None:
    paused = measured({"pause": True})
    assert paused.alerts == ()
    assert paused.records


def test_a_gateway_shows_its_certificate_and_what_it_refuses() -> None:
    plan = measured(GATEWAY)
    assert "Answers by status" in {each.title for each in plan.panels}
    assert {"LlmTooManyRefused", "LlmCertificateEnding"} <= alerts(plan).keys()
    (proxies,) = [each for each in plan.monitors if each.port == "metrics"]
    assert proxies.name == "gateway"
    assert (proxies.namespace, proxies.port, proxies.path) == ("envoy-gateway-system", "metrics", "/stats/prometheus")


def test_behind_an_ingress_cert_manager_alone_tells_of_certificates() -> None:
    nginx = {"via": "ingress", "host": "chat.example.com", "ingressClass": "nginx"}
    told = alerts(measured({"expose": {**nginx, "tls": {"issuer": "ca"}}}))
    assert told["LlmCertificateEnding"].startswith("(certmanager_certificate_expiration_timestamp_seconds")
    untold = alerts(measured({"expose": {**nginx, "tls": {"secret": "chat"}}}))
    assert "LlmCertificateEnding" not in untold


def test_what_prometheus_takes_is_counted_on_the_cpu_nodes() -> None:
    small = {"cluster.systemPool.nodes": 1, "webui.memory": "1Gi"}
    assert "SYSTEM_POOL_TOO_SMALL" not in codes(planned(small))
    assert "SYSTEM_POOL_TOO_SMALL" in codes(planned({**small, **ON}))


def test_the_gateway_of_one_api_for_all_models_is_read_wherever_it_is() -> None:
    newer = {"cluster.version": "1.34.1"}
    api = {**newer, "api": {"via": "gateway"}, "clients": {"team": {"models": ["chat"]}}}
    plan = measured(api)
    assert [each.name for each in plan.monitors if each.port == "metrics"] == ["api"]
    assert "LlmTooManyRefused" in alerts(plan)
    shown = {each.title for each in plan.panels if each.row == "Clients of the API"}
    assert {"Tokens a second, read", "Tokens a second, written", "Refused with 429"} <= shown
    assert {clients.REQUESTS, clients.REFUSED} <= kept(plan).keys()
    assert not any("client" in each.row.lower() for each in measured().panels)


def test_what_a_client_used_is_exact_as_long_as_no_proxy_began_anew() -> None:
    query = clients.used_queries(load().metrics["envoy"], "llm", "24h")["client_prompt_tokens"]
    read = 'envoy_http_lua_tke_llm_prompt_tokens{job=~"llm/(api|gateway)"}[24h]'
    assert query == (
        f"sum by (client, model) (max_over_time({read}) - min_over_time({read}) and resets({read}) == 0 "
        f"or increase({read}))"
    )


def test_what_prometheus_keeps_is_counted_on_the_cpu_nodes_disk() -> None:
    plain, catalog = planned(), load()
    without = needed_disk(settings(), catalog, plain.models, plain.webui)
    assert needed_disk(settings(ON), catalog, plain.models, plain.webui) >= without + KEPT_GIB
    assert catalog.charts["kube-prometheus-stack@88.5.3"].values["prometheus.prometheusSpec.retentionSize"] == "8GB"


def test_a_certificate_ends_whether_or_not_a_stack_is_paused() -> None:
    paused = measured({**GATEWAY, "pause": True})
    assert alerts(paused).keys() == {"LlmCertificateEnding"}
