"""A stack that has something of everything that is measured."""

from planner.plan.monitoring import MonitoringPlan
from planner.plan.types import Plan
from tests.unit.stacks import planned

MODELS = {
    "chat": {"model": "Qwen/Qwen2.5-7B-Instruct", "autoscaling": {"max": 2}},
    "fast": {"model": "Qwen/Qwen2.5-7B-Instruct", "engine": "sglang"},
    "small": {"model": "Qwen/Qwen3-8B-GGUF", "engine": "llamacpp"},
    "plain": {"model": "qwen2.5:0.5b", "engine": "ollama"},
}

CLIENT = "ide"


def stack() -> Plan:
    """Four models, one of each engine, behind a gateway with a certificate that serves the API of them all to a client;
    the plan has no error."""
    plan = planned(
        {
            "models": MODELS,
            "pools.gpu.nodes": 8,
            "cluster.systemPool.disk": 200,
            "prices": {"PNV4.7XLARGE116": 10.5},
            "expose": {
                "via": "gateway",
                "install": "helm",
                "host": "chat.example.com",
                "apiHost": "api.example.com",
                "tls": {"secret": "chat"},
            },
            "cluster.version": "1.34.1",
            "api": {"via": "gateway"},
            "clients": {CLIENT: {"models": ["chat", "fast"]}},
            "monitoring": {"via": "prometheus-operator"},
        }
    )
    assert not plan.errors, plan.errors
    return plan


def measured() -> MonitoringPlan:
    """What is measured of it."""
    plan = stack().monitoring
    assert plan is not None
    return plan
