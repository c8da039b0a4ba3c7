"""What Prometheus is told to read, and the rules that it gets."""

import json
import re
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from components.workloads.dashboard import document
from components.workloads.monitoring import rule_groups
from tests.components.recorder import ComponentRun
from tests.components.whole_stack import BY_ID, decided, up

ON = {"monitoring": {"via": "prometheus-operator"}}


def monitors(made: ComponentRun) -> dict[str, dict[str, Any]]:
    return {each.inputs["metadata"]["name"]: each.inputs["spec"] for each in made.of(":PodMonitor")}


def test_a_stack_that_measures_nothing_makes_none_of_it() -> None:
    made = up()
    assert not made.of(":PodMonitor")
    assert not made.of(":PrometheusRule")
    assert not made.of("helm.sh/v3:Release")


def test_the_pods_that_answer_are_read_under_their_models_name() -> None:
    spec = monitors(up(ON))["model-chat"]
    assert spec["selector"]["matchLabels"] == {
        "app.kubernetes.io/instance": "chat",
        "app.kubernetes.io/component": "inference",
    }
    (endpoint,) = spec["podMetricsEndpoints"]
    assert (endpoint["port"], endpoint["path"]) == ("http", "/metrics")
    assert endpoint["relabelings"] == [{"targetLabel": "model", "replacement": "chat", "action": "replace"}]
    assert "authorization" not in endpoint


def test_an_engine_that_asks_for_its_key_gets_it_by_reference() -> None:
    changes = {"models.chat": {"model": "Qwen/Qwen3-8B-GGUF", "engine": "llamacpp"}}
    (endpoint,) = monitors(up({**ON, **changes}))["model-chat"]["podMetricsEndpoints"]
    assert endpoint["authorization"] == {
        "type": "Bearer",
        "credentials": {"name": "chat-api-key", "key": "api-key"},
    }


def test_gpus_are_read_where_our_exporter_runs_and_it_is_believed() -> None:
    spec = monitors(up(ON))["gpus"]
    assert spec["namespaceSelector"] == {"matchNames": ["dcgm-exporter"]}
    (endpoint,) = spec["podMetricsEndpoints"]
    assert (endpoint["portNumber"], endpoint["honorLabels"]) == (9400, True)


def test_gpus_are_read_wherever_somebody_elses_exporter_runs() -> None:
    assert monitors(up({**BY_ID, **ON}))["gpus"]["namespaceSelector"] == {"any": True}


def test_objects_come_after_what_brings_their_kinds() -> None:
    made = up(ON)
    release = made.one("helm.sh/v3:Release", "llm-kube-prometheus-stack-release")
    for each in [*made.of(":PodMonitor"), made.one(":PrometheusRule")]:
        assert made.depends(each, release)


def test_prometheus_is_placed_on_the_cpu_nodes_and_asks_for_what_is_counted() -> None:
    values = up(ON).one("helm.sh/v3:Release", "llm-kube-prometheus-stack-release").inputs["values"]
    assert values["prometheus"]["prometheusSpec"]["nodeSelector"] == {"tke-llm/pool": "system"}
    assert values["prometheus"]["prometheusSpec"]["resources"]["requests"]["memory"] == "1024Mi"
    assert values["prometheus"]["prometheusSpec"]["podMonitorSelectorNilUsesHelmValues"] is False
    assert values["grafana"]["nodeSelector"] == {"tke-llm/pool": "system"}


def test_on_a_cluster_that_exists_the_objects_carry_the_labels_that_prometheus_looks_for() -> None:
    made = up(
        {
            **BY_ID,
            "monitoring": {"via": "prometheus-operator", "labels": {"team": "ml"}},
        }
    )
    assert all(each.inputs["metadata"]["labels"]["team"] == "ml" for each in made.of(":PodMonitor"))
    assert not made.of("helm.sh/v3:Release")


def test_a_rule_is_kept_with_its_model_and_an_alert_says_what_to_do() -> None:
    plan = decided(ON).monitoring
    assert plan is not None
    kept, watched = rule_groups(plan)
    assert all(rule["labels"] == {"namespace": "llm", "model": "chat"} for rule in kept["rules"])
    assert all(rule["annotations"].keys() == {"summary", "action"} for rule in watched["rules"])


def test_grafanas_sidecar_finds_the_dashboard_and_every_panel_asks_something() -> None:
    made = up(ON).one("core/v1:ConfigMap", "llm-monitoring-dashboard").inputs
    assert made["metadata"]["labels"]["grafana_dashboard"] == "1"
    sheet = json.loads(made["data"]["dashboard.json"])
    panels = [each for each in sheet["panels"] if each["type"] != "row"]
    assert panels
    for panel in panels:
        letters = [target["refId"] for target in panel["targets"]]
        assert letters == sorted(set(letters)), panel["title"]
        assert all(target["expr"] for target in panel["targets"])


def test_the_dashboard_is_what_grafanas_own_model_reads() -> None:
    plan = decided(ON).monitoring
    assert plan is not None
    text = document(plan)
    assert text == document(plan)
    read = Dashboard.from_json(json.loads(text))
    assert json.loads(JSONEncoder(sort_keys=True, indent=2).encode(read)) == json.loads(text)


def test_no_two_panels_lie_upon_each_other() -> None:
    plan = decided({**ON, "prices": {"PNV4.7XLARGE116": 10.5}}).monitoring
    assert plan is not None
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(document(plan))["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_clients_are_chosen_beside_models_and_are_none_of_them() -> None:
    api = {"cluster.version": "1.34.1", "api": {"via": "gateway"}, "clients": {"ide": {"models": ["chat"]}}}
    names = {}
    for changes in ({}, api):
        plan = decided({**ON, **changes}).monitoring
        assert plan is not None
        sheet = json.loads(document(plan))
        names[bool(changes)] = [each["name"] for each in sheet["templating"]["list"]]
        # A client's series name models as requests do, which are no models of the stack file.
        (model,) = [each["query"] for each in sheet["templating"]["list"] if each["name"] == "model"]
        assert re.findall(r'__name__=~"([^"]+)"', model) == ["llm:.+"]
        assert not any(re.fullmatch("llm:.+", each.name) for each in plan.records if each.model is None)
    assert names == {False: ["source", "model"], True: ["source", "model", "client"]}
