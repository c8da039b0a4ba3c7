"""The policy pack as the engine talks to it."""

from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import pulumi_policy as pack
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.__main__ import over_all, over_one
from policy.rules import RULES, STACK_RULES

ENDPOINT = "tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint"
RULE_SET = "tencentcloud:Security/groupRuleSet:GroupRuleSet"


@pytest.fixture
def analyzer() -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    servicer = _PolicyAnalyzerServicer(
        "tke-llm",
        "0.0.1",
        [*map(over_one, RULES), *map(over_all, STACK_RULES)],
        pack.EnforcementLevel.MANDATORY,
        *([None] * 7),
    )
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield analyzer_pb2_grpc.AnalyzerStub(channel)
    server.stop(0)


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    built = struct_pb2.Struct()
    built.update(values)
    return built


def test_a_rule_over_one_resource_is_a_mandatory_policy(analyzer: analyzer_pb2_grpc.AnalyzerStub) -> None:
    pod = {"spec": {"containers": [{"name": "main", "image": "docker.io/library/nginx:latest"}]}}
    request = analyzer_pb2.AnalyzeRequest(type="kubernetes:core/v1:Pod", name="web", properties=struct(pod))
    found = {each.policyName: each for each in analyzer.Analyze(request).diagnostics}
    assert "nginx:latest" in found["image-floating"].message
    assert found["image-floating"].enforcementLevel == analyzer_pb2.MANDATORY


def test_what_a_preview_does_not_know_keeps_no_rule_from_the_rest(analyzer: analyzer_pb2_grpc.AnalyzerStub) -> None:
    env = [{"name": "ADDRESS", "value": UNKNOWN_STRING_VALUE}, {"name": "API_KEY", "value": "sk-0123456789abcdef"}]
    pod = {"spec": {"containers": [{"name": "main", "image": "a/b:v1", "env": env}]}}
    request = analyzer_pb2.AnalyzeRequest(type="kubernetes:core/v1:Pod", name="web", properties=struct(pod))
    found = {each.policyName: each for each in analyzer.Analyze(request).diagnostics}
    assert "API_KEY" in found["secret-in-clear"].message
    assert "0123456789" not in found["secret-in-clear"].message


def test_a_rule_over_the_stack_follows_where_a_value_comes_from(analyzer: analyzer_pb2_grpc.AnalyzerStub) -> None:
    unknown_group = {"clusterInternet": True, "clusterInternetSecurityGroup": UNKNOWN_STRING_VALUE}
    endpoint = analyzer_pb2.AnalyzerResource(type=ENDPOINT, name="endpoint", urn="e", properties=struct(unknown_group))
    endpoint.propertyDependencies["clusterInternetSecurityGroup"].urns.append("r")
    everyone = {"ingresses": [{"action": "ACCEPT", "cidrBlock": "0.0.0.0/0"}]}
    rules = analyzer_pb2.AnalyzerResource(type=RULE_SET, name="rules", urn="r", properties=struct(everyone))
    found = analyzer.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=[endpoint, rules])).diagnostics
    assert [(each.policyName, each.urn) for each in found] == [("api-server-open", "e")]
