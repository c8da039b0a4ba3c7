"""The pods that a rendered stack runs, and everyone else who may knock at their doors."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from policy.pods import pods as templates
from settings.paths import value_at
from tests.security.evaluator import Outside, Pod, PolicyEvaluator
from tests.security.stacks import objects, registrations, rehearsed

ROLES = {
    "chat-page": "page",
    "inference": "model",
    "download": "download",
    "page-state": "redis",
    "api-state": "counters",
    "smoke-test": "smoke test",
    "policy-probe": "probe",
    "image-prefetch": "image prefetch",
    "node-folder": "node folder",
    "node-files": "node files",
}
"""A pod's part in the stack, by its component label."""

API_PORTS = {"vllm": 8000, "sglang": 30000, "ollama": 11434}
PAGE_PORT, REDIS_PORT = 8080, 6379
OTHER_PORTS = {"page": PAGE_PORT, "redis": REDIS_PORT, "counters": REDIS_PORT}

INTERNET = Outside("198.51.100.7")
ELSEWHERE = Outside("192.0.2.7")
METADATA = Outside("169.254.0.23")
MIRROR = Outside("169.254.0.3")
"""Beside the metadata service: Tencent Cloud's mirrors answer on link-local addresses too."""
API_SERVER = Outside("172.16.0.1")
VPC_HOST = Outside("10.0.250.9")
HEALTH_CHECK = Outside("100.64.3.4")

STRANGER = Pod("stranger", "other", {}, "10.0.9.1")
KEDA = Pod("keda-operator", "keda", {"app": "keda-operator"}, "10.0.9.2")
NGINX = Pod("ingress-nginx-controller", "ingress-nginx", {}, "10.0.9.3")
CONTROLLER = Pod("envoy-gateway", "envoy-gateway-system", {"control-plane": "envoy-gateway"}, "10.0.9.4")
OTHERS_PROXY = Pod(
    "envoy-other", "envoy-gateway-system", {"gateway.envoyproxy.io/owning-gateway-name": "o"}, "10.0.9.5"
)
INFRA = Pod("proxy", "infra", {}, "10.0.9.6")
DNS = Pod("coredns", "kube-system", {"k8s-app": "kube-dns"}, "10.0.9.7")
KUBE_SYSTEM = Pod("metrics-server", "kube-system", {"k8s-app": "metrics-server"}, "10.0.9.8")
INSTANCE = "tencentcloud:Monitor/tmpInstance:TmpInstance"
PROMETHEUS = Pod("prometheus-0", "monitoring", {"app.kubernetes.io/name": "prometheus"}, "10.0.9.9")
LIMITER = Pod(
    "envoy-ratelimit",
    "envoy-gateway-system",
    {
        "app.kubernetes.io/component": "ratelimit",
        "app.kubernetes.io/managed-by": "envoy-gateway",
        "app.kubernetes.io/name": "envoy-ratelimit",
    },
    "10.0.9.12",
)
EXPORTER = Pod("dcgm-exporter-x", "dcgm-exporter", {"app.kubernetes.io/name": "dcgm-exporter"}, "10.0.9.13")
GRAFANA = Pod("grafana", "monitoring", {"app.kubernetes.io/name": "grafana"}, "10.0.9.10")


@dataclass(frozen=True)
class Ours:
    """A pod of the stack: its part, the model that it serves, whether that asks for a key, and where it answers."""

    pod: Pod
    role: str
    port: int | None = None
    model: str = ""
    keyed: bool = False
    group: int = 1


def namespace_of(name: str) -> str:
    plan = rehearsed(name).plan
    assert plan is not None
    return plan.names.namespace


def proxy(name: str, gateway: str = "tke-llm") -> Pod:
    """The proxy that Envoy Gateway runs for a Gateway of the stack's own: the public one, or that of its API."""
    marks = {
        "gateway.envoyproxy.io/owning-gateway-name": gateway,
        "gateway.envoyproxy.io/owning-gateway-namespace": namespace_of(name),
    }
    return Pod(f"envoy-{gateway}", "envoy-gateway-system", marks, "10.0.9.9" if gateway == "tke-llm" else "10.0.9.11")


def agent(name: str) -> Pod:
    """A pod in the namespace that is called as the managed Prometheus' instance, the stack's where it makes one."""
    made = [each.id for each in registrations(name) if each.type == INSTANCE]
    return Pod("agent", made[0] if made else "prom-1a2b3c4d", {"app": "agent"}, "10.0.9.14")


def lodger(name: str) -> Pod:
    """A pod that somebody else put into the stack's namespace."""
    return Pod("lodger", namespace_of(name), {}, "10.0.9.10")


def ours(name: str) -> list[Ours]:
    """Two pods of every template, so that connections between a workload's own pods are tried too."""
    plan = rehearsed(name).plan
    assert plan is not None
    addresses = (f"10.0.1.{number}" for number in count(1))
    found: list[Ours] = []
    for each in registrations(name):
        for template in templates(each.type, each.inputs):
            labels = _labels(template.metadata)
            role = ROLES[labels["app.kubernetes.io/component"]]
            model = plan.models.get(labels["app.kubernetes.io/instance"])
            for place in range(2):
                pod = Pod(
                    f"{each.name}-{len(found)}-{place}",
                    str(value_at(each.inputs, "metadata", "namespace")),
                    labels,
                    next(addresses),
                    host_network=bool(template.spec.get("hostNetwork")),
                )
                if role == "model" and model is not None:
                    keyed = model.spec.api_key_env is not None
                    found.append(Ours(pod, role, API_PORTS[model.engine], model.name, keyed, model.nodes))
                else:
                    found.append(Ours(pod, role, OTHER_PORTS.get(role)))
    return found


def _labels(metadata: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in metadata["labels"].items()}


def clusters(name: str) -> Iterator[PolicyEvaluator]:
    """The cluster under both readings that the API leaves open: whether a range means pods as well."""
    outsiders = (STRANGER, KEDA, NGINX, CONTROLLER, INFRA, DNS, PROMETHEUS, EXPORTER)
    namespaces: dict[str, dict[str, str]] = {each.namespace: {} for each in (*outsiders, agent(name))}
    namespaces |= {each["metadata"]["name"]: {} for each in objects(name, "Namespace")}
    policies = objects(name, "NetworkPolicy")
    assert policies
    for reading in (True, False):
        yield PolicyEvaluator(namespaces, policies, blocks_match_pods=reading)
