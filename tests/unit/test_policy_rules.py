"""All rules together."""

import subprocess
import sys

from policy.rules import RULES, STACK_RULES, Resource, violations


def test_every_code_is_its_rules_own() -> None:
    codes = [rule.code for rule in (*RULES, *STACK_RULES)]
    assert len(set(codes)) == len(codes)


def test_a_resource_of_an_unknown_kind_without_properties_breaks_no_rule() -> None:
    assert violations([Resource("a:b:C", "c", {}), Resource("kubernetes:core/v1:Namespace", "n", {})]) == []


def test_violations_follow_the_order_of_the_resources() -> None:
    pool = Resource("tencentcloud:Kubernetes/nodePool:NodePool", "pool", {})
    cluster = Resource("tencentcloud:Kubernetes/cluster:Cluster", "cluster", {"clusterInternet": True})
    assert [each.resource for each in violations([cluster, pool])] == ["cluster", "pool"]
    assert [each.resource for each in violations([pool, cluster])] == ["pool", "cluster"]


def test_the_rules_need_no_pulumi() -> None:
    program = "import sys, policy.rules; sys.exit('pulumi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
