"""NVIDIA's exporter as a release of its own, and what closes its namespace."""

from tests.components.whole_stack import up

ON = {"monitoring": {"via": "prometheus-operator"}}
RELEASE = "llm-dcgm-exporter-release"


def test_nothing_waits_for_its_pods_which_wait_for_a_driver() -> None:
    made = up(ON)
    release = made.one("helm.sh/v3:Release", RELEASE)
    assert release.inputs["skipAwait"] is True
    assert "skipAwait" not in made.one("helm.sh/v3:Release", "llm-kube-prometheus-stack-release").inputs
    assert not made.depends(made.one(":Deployment", "llm-chat-inference-server"), release)


def test_it_is_not_placed_on_the_cpu_nodes() -> None:
    values = up(ON).one("helm.sh/v3:Release", RELEASE).inputs["values"]
    assert "nodeSelector" not in values
    assert values["securityContext"] == {"capabilities": {"add": ["NET_BIND_SERVICE"]}}


def test_its_namespace_is_closed_but_for_prometheus_and_its_port() -> None:
    made = up(ON)
    policy = made.one(":NetworkPolicy", "llm-policies-allow-metrics")
    assert policy.inputs["metadata"]["namespace"] == "dcgm-exporter"
    spec = policy.inputs["spec"]
    assert sorted(spec["policyTypes"]) == ["Egress", "Ingress"]
    assert spec["podSelector"] == {}
    assert "egress" not in spec
    (rule,) = spec["ingress"]
    assert [port["port"] for port in rule["ports"]] == [9400]
    (reader,) = rule["from"]
    assert reader["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "monitoring"}
    assert reader["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "prometheus"}
    assert made.depends(policy, made.one("helm.sh/v3:Release", RELEASE))


def test_without_policies_it_is_left_open() -> None:
    made = up({**ON, "networkPolicy": False})
    assert made.one("helm.sh/v3:Release", RELEASE)
    assert not made.of(":NetworkPolicy")
