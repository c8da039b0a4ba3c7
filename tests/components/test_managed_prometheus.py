"""Tencent's managed Prometheus: the instance, its agent, what it is told, and who it is let in to."""

from typing import Any

import pytest
import yaml

from components.naming import Naming
from components.workloads.managed_rules import duration, rules_name
from components.workloads.monitoring import rule_groups
from tests.components.recorder import ComponentRun
from tests.components.whole_stack import BY_ID, decided, up

ON: dict[str, object] = {"monitoring": {"via": "tmp", "receivers": ["notice-om017kc2"]}}
THERE: dict[str, object] = {"monitoring": {"via": "tmp", "instanceId": "prom-1a2b3c4d"}}
INSTANCE, AGENT, RECORDS, ALERTS = ":TmpInstance", ":TmpTkeClusterAgent", ":TmpTkeRecordRuleYaml", ":TmpAlertGroup"


def endpoint(made: ComponentRun, name: str) -> dict[str, Any]:
    monitor = made.one(":PodMonitor", f"llm-monitoring-{name}-monitor")
    (found,) = monitor.inputs["spec"]["podMetricsEndpoints"]
    return found


def test_an_instance_stands_in_the_stacks_network_and_carries_its_tags() -> None:
    made = up({"monitoring": {"via": "tmp", "retentionDays": 90}}).one(INSTANCE).inputs
    assert (made["vpcId"], made["subnetId"]) == ("llm-network-vpc-id", "llm-network-subnet-ap-guangzhou-6-id")
    assert (made["zone"], made["dataRetentionTime"]) == ("ap-guangzhou-6", 90)
    assert made["tags"]["pulumi-stack"] == "dev"


def test_the_agent_comes_after_nodes_and_address_of_the_cluster_and_names_it() -> None:
    made = up(ON)
    agent = made.one(AGENT)
    assert agent.inputs["agents"]["clusterId"] == "llm-cluster-cluster-id"
    assert agent.inputs["agents"]["region"] == "ap-guangzhou"
    assert not agent.inputs["agents"]["enableExternal"]
    assert made.depends(agent, made.one(":NodePool", "llm-cluster-system-nodes"))
    assert made.depends(agent, made.one(":ClusterEndpoint"))


def test_what_ends_the_provider_is_never_sent() -> None:
    """`in_cluster_pod_config` (terraform-provider-tencentcloud, resource_tc_monitor_tmp_tke_cluster_agent.go)."""
    assert "inClusterPodConfig" not in up(ON).one(AGENT).inputs["agents"]


def test_a_public_api_server_is_reached_from_inside_too_for_the_agent_alone() -> None:
    public: dict[str, object] = {"cluster.endpoint": {"access": "public", "allow": ["100.1.1.1/32"]}}
    assert not up(public).one(":ClusterEndpoint").inputs["clusterIntranet"]
    both = up({**public, **ON}).one(":ClusterEndpoint").inputs
    assert both["clusterInternet"]
    assert both["clusterIntranet"]
    assert both["clusterIntranetSubnetId"] == "llm-network-subnet-ap-guangzhou-6-id"


def test_what_the_agent_reads_comes_after_it_which_brings_the_kinds() -> None:
    made = up(ON)
    assert len(made.of(":PodMonitor")) > 1
    for each in [*made.of(":PodMonitor"), made.one(RECORDS), made.one(ALERTS)]:
        assert made.depends(each, made.one(AGENT)), each.name
    assert not made.of(":PrometheusRule")
    assert made.one("helm.sh/v3:Release").inputs["name"] == "dcgm-exporter"


def test_ports_and_keys_stand_where_tencents_own_examples_have_them() -> None:
    keyed: dict[str, object] = {"models.chat": {"model": "Qwen/Qwen3-8B-GGUF", "engine": "llamacpp"}}
    made = up({**ON, **keyed})
    assert endpoint(made, "gpus")["targetPort"] == 9400
    assert "portNumber" not in endpoint(made, "gpus")
    read = endpoint(made, "model-chat")
    assert read["bearerTokenSecret"] == {"name": "chat-api-key", "key": "api-key"}
    assert "authorization" not in read


def test_no_key_of_a_model_lands_in_the_managed_prometheus() -> None:
    keyed: dict[str, object] = {"models.chat": {"model": "Qwen/Qwen3-8B-GGUF", "engine": "llamacpp"}}
    made = up({**ON, **keyed})
    for type_ in (INSTANCE, AGENT, RECORDS, ALERTS):
        assert "generated value" not in repr(made.one(type_).inputs)


def test_it_keeps_the_series_that_any_prometheus_keeps() -> None:
    content = yaml.safe_load(up(ON).one(RECORDS).inputs["content"])
    own = decided({"monitoring": {"via": "prometheus-operator"}}).monitoring
    assert own is not None
    assert content["kind"] == "PrometheusRule"
    assert content["metadata"]["name"] == "tke-llm-dev-records"
    assert content["spec"]["groups"] == rule_groups(own)[:1]


def test_it_watches_the_alerts_under_names_that_differ_and_tells_who_is_named() -> None:
    made = up({**ON, "models.other": {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B"}, "pools.gpu.nodes": 2})
    group = made.one(ALERTS).inputs
    assert group["ampReceivers"] == ["notice-om017kc2"]
    names = [rule["ruleName"] for rule in group["rules"]]
    assert len(set(names)) == len(names)
    assert {"LlmNoReplica-chat", "LlmNoReplica-other", "LlmGpuError"} <= set(names)
    # Left out, the provider sends a state that there is not.
    assert all(rule["state"] == 2 for rule in group["rules"])
    assert all(rule["annotations"].keys() == {"summary", "description"} for rule in group["rules"])


def test_nobody_is_told_unless_named() -> None:
    assert "ampReceivers" not in up({"monitoring": {"via": "tmp"}}).one(ALERTS).inputs


def test_a_paused_stack_keeps_its_instance_and_watches_nothing() -> None:
    """The provider sends no empty list of rules: the old ones would stay."""
    paused = up({**ON, "pause": True})
    assert paused.one(INSTANCE)
    assert paused.one(RECORDS)
    assert not paused.of(ALERTS)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "1m"), (59, "1m"), (600, "10m"), (947, "16m"), (3600, "1h"), (7200, "2h"), (3720, "1h2m")],
)
def test_durations_are_written_as_prometheus_gives_them_back(seconds: int, written: str) -> None:
    """So that no refresh finds a difference (prometheus/common, model/time.go, Duration.String)."""
    assert duration(seconds) == written


def test_rules_are_named_as_kubernetes_allows() -> None:
    assert rules_name(Naming("LLM_serving", "Team_A")) == "llm-serving-team-a-records"
    assert len(rules_name(Naming("p" * 50, "s" * 50))) <= 63


def test_another_instance_or_cluster_is_another_resource_for_the_provider_drops_the_change() -> None:
    made = up(ON)
    replaced = {
        type_: list(made.one(type_).registration.replace_on_changes) for type_ in (INSTANCE, AGENT, RECORDS, ALERTS)
    }
    assert replaced == {
        INSTANCE: ["vpcId", "subnetId", "zone"],
        AGENT: ["agents.region", "agents.clusterType", "agents.clusterId"],
        RECORDS: ["instanceId"],
        ALERTS: ["instanceId"],
    }


def test_an_instance_that_exists_is_used_as_it_is() -> None:
    made = up({**BY_ID, **THERE})
    assert not made.of(INSTANCE)
    agent = made.one(AGENT).inputs
    assert (agent["instanceId"], agent["agents"]["clusterId"]) == ("prom-1a2b3c4d", "cls-1")
    assert made.seen["monitoring"].value == {"instanceId": "prom-1a2b3c4d", "queryUrl": None}


def test_an_agent_that_is_there_is_not_put_there_again() -> None:
    there = {"monitoring": {"via": "tmp", "install": "none", "instanceId": "prom-1a2b3c4d"}}
    made = up({**BY_ID, **there})
    assert not made.of(AGENT)
    assert made.of(":PodMonitor")


def test_the_agents_namespace_alone_is_let_in_to_what_shows_metrics() -> None:
    policy = up(ON).one(":NetworkPolicy", "llm-policies-allow-model-chat").inputs["spec"]
    (ingress,) = policy["ingress"]
    namespaces = [peer["namespaceSelector"] for peer in ingress["from"] if "namespaceSelector" in peer]
    assert namespaces == [{"matchLabels": {"kubernetes.io/metadata.name": "llm-prometheus-instance-id"}}]
    assert ingress["ports"] == [{"port": 8000, "protocol": "TCP"}]


def test_the_agents_namespace_alone_reads_the_gpus() -> None:
    policy = up(ON).one(":NetworkPolicy", "llm-policies-allow-metrics").inputs
    (ingress,) = policy["spec"]["ingress"]
    named = {"matchLabels": {"kubernetes.io/metadata.name": "llm-prometheus-instance-id"}}
    assert ingress == {"from": [{"namespaceSelector": named}], "ports": [{"port": 9400, "protocol": "TCP"}]}


def test_a_stack_that_asks_for_nothing_of_it_makes_nothing_of_it() -> None:
    for made in (up(), up({"monitoring": {"via": "prometheus-operator"}})):
        assert not [each for type_ in (INSTANCE, AGENT, RECORDS, ALERTS) for each in made.of(type_)]
        assert "monitoring" not in made.seen
