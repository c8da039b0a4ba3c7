"""Tencent's managed Prometheus: what is made of it, who is let in for it, and what is said of it."""

import pytest

from planner.monitoring.managed import MOST_RULES
from planner.plan.access import InNamespace, OfInstance
from planner.plan.monitoring import ManagedPlan, MonitoringPlan
from planner.report.summary import summary
from tests.unit.stacks import KUBECONFIG, codes, found, planned

ON: dict[str, object] = {"monitoring": {"via": "tmp"}}
THERE: dict[str, object] = {"monitoring": {"via": "tmp", "instanceId": "prom-1a2b3c4d"}}
TKE: dict[str, object] = {
    "cluster": {"existing": {"id": "cls-1"}},
    "network": {"zones": ["ap-guangzhou-6"], "vpcId": "vpc-1", "subnetIds": ["subnet-1"], "cidr": "10.0.0.0/16"},
}


def managed(*changes: dict[str, object]) -> tuple[MonitoringPlan, ManagedPlan]:
    given: dict[str, object] = {}
    for each in changes:
        given |= each
    plan = planned(given)
    assert not plan.errors, plan.errors
    assert plan.monitoring is not None
    assert plan.monitoring.managed is not None
    return plan.monitoring, plan.monitoring.managed


def test_an_instance_is_made_in_the_first_zone_and_keeps_as_long_as_free_metrics_cost_nothing() -> None:
    """15 days: Tencent Cloud 1116, storage fees of free metrics."""
    _, instance = managed(ON)
    assert instance == ManagedPlan(
        instance_id=None, zone="ap-guangzhou-6", retention_days=15, attaches=True, receivers=()
    )


def test_the_same_is_measured_as_by_a_prometheus_in_the_cluster() -> None:
    own, (theirs, _) = planned({"monitoring": {"via": "prometheus-operator"}}).monitoring, managed(ON)
    assert own is not None
    assert (theirs.monitors, theirs.records, theirs.alerts) == (own.monitors, own.records, own.alerts)
    assert theirs.panels == own.panels


def test_of_what_is_installed_by_helm_it_needs_nvidias_exporter_alone() -> None:
    assert [each.software for each in planned(ON).installs] == ["dcgm-exporter"]
    assert "GPU_EXPORTER_EXPECTED" not in codes(planned(ON))
    assert "GPU_EXPORTER_EXPECTED" in codes(planned({**TKE, **ON}))


def test_its_agent_is_counted_on_the_cpu_nodes() -> None:
    tight = {"cluster.systemPool.nodes": 1, "webui.memory": "1Gi"}
    assert "SYSTEM_POOL_TOO_SMALL" not in codes(planned(tight))
    assert "SYSTEM_POOL_TOO_SMALL" in codes(planned({**tight, **ON}))


def test_all_pods_of_the_instances_own_namespace_and_nobody_else_are_let_in() -> None:
    plan = planned(ON)
    assert plan.policies is not None
    assert plan.policies.scraped == (("chat", OfInstance()),)
    assert plan.policies.sources == ()


@pytest.mark.parametrize(
    ("changes", "namespace"),
    [(THERE, "prom-1a2b3c4d"), ({"monitoring": {"via": "tmp", "namespace": "kube-system"}}, "kube-system")],
)
def test_a_namespace_that_is_known_is_let_in_by_its_name(changes: dict[str, object], namespace: str) -> None:
    plan = planned(changes)
    assert plan.policies is not None
    assert plan.policies.scraped == (("chat", InNamespace(namespace)),)


def test_what_no_source_says_of_its_pods_is_a_warning_until_somebody_looked() -> None:
    said = found(planned(ON), "MANAGED_READER_UNVERIFIED")
    assert (said.severity, said.path) == ("warning", "monitoring.via")
    assert "prom-…" in said.message
    assert "MANAGED_READER_UNVERIFIED" not in codes(planned({"monitoring": {"via": "tmp", "namespace": "kube-system"}}))
    assert "MANAGED_READER_UNVERIFIED" not in codes(planned({**ON, "networkPolicy": False}))


def test_its_bill_its_roles_and_that_nobody_is_told_are_said() -> None:
    plan = planned(ON)
    assert "while the stack is paused" in found(plan, "MANAGED_PROMETHEUS_BILLED").message
    assert "inside the VPC" not in found(plan, "MANAGED_PROMETHEUS_EXPECTS").message
    assert found(plan, "ALERTS_UNTOLD").path == "monitoring.receivers"
    told = planned({"monitoring": {"via": "tmp", "receivers": ["notice-om017kc2"]}})
    assert "ALERTS_UNTOLD" not in codes(told)


def test_an_instance_that_exists_runs_on_what_is_its_owners() -> None:
    plan = planned({**TKE, **THERE})
    assert not plan.errors
    assert "paused" not in found(plan, "MANAGED_PROMETHEUS_BILLED").message
    assert "inside the VPC" in found(plan, "MANAGED_PROMETHEUS_EXPECTS").message
    _, instance = managed(TKE, THERE)
    assert (instance.instance_id, instance.attaches) == ("prom-1a2b3c4d", True)


def test_an_agent_that_is_there_already_is_left_alone() -> None:
    _, instance = managed(TKE, {"monitoring": {"via": "tmp", "install": "none", "instanceId": "prom-1a2b3c4d"}})
    assert not instance.attaches


def test_an_agent_that_is_there_already_belongs_to_an_instance_with_a_name() -> None:
    refused = found(planned({"monitoring": {"via": "tmp", "install": "none"}}), "MANAGED_PROMETHEUS_NEEDS_INSTANCE")
    assert (refused.severity, refused.path, refused.fix) == (
        "error",
        "monitoring.install",
        (("monitoring.install", None),),
    )


def test_a_cluster_without_its_id_gets_no_agent() -> None:
    refused = planned({**KUBECONFIG, **THERE})
    assert found(refused, "MANAGED_PROMETHEUS_NEEDS_CLUSTER_ID").path == "cluster.existing.id"
    there = {"monitoring": {"via": "tmp", "install": "none", "instanceId": "prom-1a2b3c4d"}}
    assert not planned({**KUBECONFIG, **there}).errors


def test_an_instance_is_not_made_without_a_subnet() -> None:
    assert found(planned({**KUBECONFIG, **ON}), "MANAGED_PROMETHEUS_NEEDS_SUBNET").severity == "error"
    assert not planned({**TKE, **ON}).errors


@pytest.mark.parametrize(
    ("key", "value"),
    [("instanceId", "prom-1a2b3c4d"), ("retentionDays", 30), ("receivers", ["notice-om017kc2"])],
)
def test_its_own_keys_mean_nothing_for_another_prometheus(key: str, value: object) -> None:
    refused = found(planned({"monitoring": {"via": "prometheus-operator", key: value}}), "KEY_NOT_FOR_KIND")
    assert refused.path == f"monitoring.{key}"
    fixed = found(planned({"monitoring": {key: value}}), "KEY_NOT_FOR_KIND")
    assert fixed.fix == (("monitoring.via", "tmp"),)


def test_how_long_an_instance_keeps_what_it_read_is_its_owners_to_say() -> None:
    both = {"via": "tmp", "instanceId": "prom-1a2b3c4d", "retentionDays": 30}
    assert found(planned({"monitoring": both}), "KEY_NOT_FOR_KIND").path == "monitoring.retentionDays"


def test_more_rules_than_an_instance_takes_are_a_warning() -> None:
    models = {f"m{number}": {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B"} for number in range(12)}
    plan = planned({**ON, "models": models, "pools.gpu": {"instanceType": "PNV4.28XLARGE466", "nodes": 3}})
    assert plan.monitoring is not None
    assert len(plan.monitoring.records) > MOST_RULES
    assert found(plan, "MANAGED_RULES_MANY").severity == "warning"
    assert "MANAGED_RULES_MANY" not in codes(planned(ON))


def test_a_deployed_stack_names_no_prometheus_in_its_cluster() -> None:
    assert summary(planned(ON))["monitoring"] == {"via": "tmp"}
    assert summary(planned(THERE))["monitoring"] == {"via": "tmp"}
