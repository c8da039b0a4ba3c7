"""Each fault that mocks let pass is found, with the resource and the cause by name."""

from dataclasses import replace
from typing import Any

import pytest
from stage import Sections, Stage, about, add, pod_of, spoil

from planner.plan.types import InstallPlan
from rehearsal.cluster.recorded import Recorded


def test_a_missing_toleration(stage: Stage) -> None:
    def closed(sections: Sections) -> None:
        sections["pools"]["gpu"]["taints"] = [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]

    stack = spoil(stage.record(closed), "Deployment", "chat", lambda it: pod_of(it).pop("tolerations"))
    found = about(stage.session.up(stack).findings, f"Deployment {stage.namespace}/chat")
    assert "is Pending: 0/3 nodes are available" in found
    assert "untolerated taint" in found


def test_a_request_above_what_the_machine_has(stage: Stage) -> None:
    def ask(it: dict[str, Any]) -> None:
        resources = pod_of(it)["containers"][0]["resources"]
        resources["limits"]["memory"] = resources["requests"]["memory"] = "110Gi"

    standing = stage.session.up(spoil(stage.record(), "Deployment", "chat", ask))
    assert "Insufficient memory" in about(standing.findings, f"Deployment {stage.namespace}/chat")
    (pool,) = (pool for pool in standing.usage.pools if pool.name == "gpu")
    (waiting,) = pool.waiting
    assert "Insufficient memory" in waiting.note
    assert waiting.asks.memory_mib > pool.nodes[0].allocatable.memory_mib


def test_a_disk_that_two_nodes_want_at_once(stage: Stage) -> None:
    def two_in_a_zone(sections: Sections) -> None:
        sections["cluster"]["systemPool"] = {"nodes": 4}

    def apart(it: dict[str, Any]) -> None:
        it["spec"]["replicas"] = 2
        term = {
            "labelSelector": {"matchLabels": it["spec"]["selector"]["matchLabels"]},
            "topologyKey": "kubernetes.io/hostname",
        }
        pod_of(it)["affinity"] = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}

    stack = spoil(stage.record(two_in_a_zone), "Deployment", "webui", apart)
    found = about(stage.session.up(stack).findings, f"Deployment {stage.namespace}/webui")
    assert "Multi-Attach error for volume" in found


def test_a_rolling_update_without_a_spare_gpu(stage: Stage) -> None:
    def rolling(it: dict[str, Any]) -> None:
        it["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}

    def newer(it: dict[str, Any]) -> None:
        pod_of(it)["containers"][0]["image"] += "-newer"

    stack = spoil(stage.record(), "Deployment", "chat", rolling)
    assert stage.session.up(stack).ready
    update = stage.session.update(spoil(stack, "Deployment", "chat", newer))
    assert "Insufficient nvidia.com/gpu" in about(update.standing.findings, f"Deployment {stage.namespace}/chat")
    (waited,) = update.waited
    assert waited.resource.startswith(f"pod {stage.namespace}/chat-")


def test_a_service_that_selects_nothing(stage: Stage) -> None:
    def other(it: dict[str, Any]) -> None:
        it["spec"]["selector"] = {"app": "chatt"}

    found = stage.session.up(spoil(stage.record(), "Service", "chat", other)).findings
    assert about(found, f"Service {stage.namespace}/chat") == "no pod has the labels that it selects: app=chatt"


def test_a_service_port_that_its_pods_do_not_have(stage: Stage) -> None:
    def other(it: dict[str, Any]) -> None:
        it["spec"]["ports"][0]["targetPort"] = "web"

    found = stage.session.up(spoil(stage.record(), "Service", "chat", other)).findings
    assert "its pods have no port called web" in about(found, f"Service {stage.namespace}/chat")


def gateway(stage: Stage, port: int) -> Recorded:
    """The stack with Envoy Gateway from the app market, and a route to this port of the chat page."""
    chart = "envoygateway"
    install = InstallPlan("envoy-gateway", "market", "eg", chart, None, None, "opensource", "envoy-gateway-system")
    stack = stage.record()
    cluster = next(each for each in stack.registrations if each.type.endswith(":Cluster"))
    release = replace(
        cluster,
        type="tencentcloud:Kubernetes/clusterRelease:ClusterRelease",
        name="gateway",
        urn=f"{cluster.urn}-gateway",
        inputs={"chart": chart, "namespace": install.namespace, "name": install.release},
        dependencies=(cluster.urn,),
    )
    stack = Recorded(replace(stack.plan, installs=(install,)), (*stack.registrations, release))
    version = "gateway.networking.k8s.io/v1"
    inside = {"namespace": stage.namespace}
    backend = {"name": "webui", "port": port}
    objects = [
        ("GatewayClass", {}, {"controllerName": "gateway.envoyproxy.io/gatewayclass-controller"}),
        (
            "Gateway",
            inside,
            {"gatewayClassName": "way-in", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
        ),
        ("HTTPRoute", inside, {"parentRefs": [{"name": "way-in"}], "rules": [{"backendRefs": [backend]}]}),
    ]
    for kind, place, spec in objects:
        made = {"apiVersion": version, "kind": kind, "metadata": {"name": "way-in", **place}, "spec": spec}
        stack = add(stack, made)
    return stack


def test_a_route_to_a_port_that_is_there(stage: Stage) -> None:
    assert stage.session.up(gateway(stage, 8080)).findings == ()


def test_a_route_to_a_port_that_is_not_there(stage: Stage) -> None:
    found = about(stage.session.up(gateway(stage, 9090)).findings, f"HTTPRoute {stage.namespace}/way-in")
    assert found == f"ResolvedRefs is False: Service {stage.namespace}/webui has no port 9090 (it has 8080)"


@pytest.mark.parametrize(("target", "ready"), [("chat", True), ("chatt", False)])
def test_an_autoscaler_without_a_target(stage: Stage, target: str, ready: bool) -> None:
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
    }
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "chat", "namespace": stage.namespace},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
            "maxReplicas": 2,
            "metrics": [metric],
        },
    }
    found = stage.session.up(add(stage.record(), scaler)).findings
    told = about(found, f"HorizontalPodAutoscaler {stage.namespace}/chat")
    assert (found == ()) is ready
    assert ('deployments.apps "chatt" not found' in told) is not ready


def test_a_shared_claim_on_a_disk(stage: Stage) -> None:
    def shared(it: dict[str, Any]) -> None:
        it["spec"]["accessModes"] = ["ReadWriteMany"]

    found = stage.session.up(spoil(stage.record(), "PersistentVolumeClaim", "webui", shared)).findings
    told = about(found, f"PersistentVolumeClaim {stage.namespace}/webui")
    assert told == "a CBS disk is attached to one node: access mode ReadWriteOnce only, not ReadWriteMany"


def test_a_pod_that_pod_security_refuses(stage: Stage) -> None:
    def privileged(it: dict[str, Any]) -> None:
        pod_of(it)["containers"][0]["securityContext"] = {"privileged": True}

    found = stage.session.up(spoil(stage.record(), "Deployment", "chat", privileged)).findings
    assert 'violates PodSecurity "baseline' in about(found, f"Deployment {stage.namespace}/chat")


def test_a_misspelt_field_and_what_is_not_made_after_it(stage: Stage) -> None:
    def misspelt(it: dict[str, Any]) -> None:
        it["spec"]["acessModes"] = it["spec"].pop("accessModes")

    found = stage.session.up(spoil(stage.record(), "PersistentVolumeClaim", "ai-model", misspelt)).findings
    assert "acessModes: field not declared in schema" in about(
        found, f"PersistentVolumeClaim {stage.namespace}/ai-model"
    )
    assert about(found, f"Deployment {stage.namespace}/chat") == "not made: what it needs failed"


def test_a_key_that_its_secret_does_not_have(stage: Stage) -> None:
    def other(it: dict[str, Any]) -> None:
        (variable,) = (each for each in pod_of(it)["containers"][0]["env"] if each["name"] == "VLLM_API_KEY")
        variable["valueFrom"]["secretKeyRef"]["key"] = "apiKey"

    found = stage.session.up(spoil(stage.record(), "Deployment", "chat", other)).findings
    told = about(found, f"Deployment {stage.namespace}/chat")
    assert f"couldn't find key apiKey in Secret {stage.namespace}/chat-api-key" in told
