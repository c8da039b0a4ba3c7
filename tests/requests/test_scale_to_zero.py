"""A model without a replica while nobody asks it, all of it real but engine and kubelet: OpenAI's client, Envoy Gateway
and its Envoy, a Prometheus, and KEDA (docs/decisions/scale-to-zero.md).

Only times are shortened, and Prometheus is on loopback.
"""

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import openai
import pytest

from components.inbound import cold_starts
from components.workloads.autoscaling import ModelAutoscalingArgs, scaled_object_spec
from planner.plan.types import Plan
from rehearsal.control_plane.api import Api, GoneError
from rehearsal.control_plane.processes import Processes
from rehearsal.controllers.controllers import Controllers
from tests.requests.api_door import STACK_NAMESPACE, Door, open_door, rendered
from tests.requests.client import HTTP_PORT
from tests.requests.entrance import endpoint_slice
from tests.requests.team import measuring
from tests.unit.stacks import planned
from tests.waiting import until

pytestmark = pytest.mark.xdist_group("envoy-gateway")

MODEL = {"model": "Qwen/Qwen2.5-7B-Instruct"}
SLEEPER = {
    "models": {"rare": {**MODEL, "autoscaling": {"min": 0, "max": 2}}, "often": MODEL},
    "pools.gpu.nodes": {"min": 1, "max": 3},
    "cluster.version": "1.34.1",
    "webui.enabled": False,
    "api": {"via": "gateway"},
    "clients": {"ide": {"models": ["rare", "often"]}},
    "monitoring": {"via": "prometheus-operator"},
}
IDLE_SECONDS, WINDOW_SECONDS = 8, 6
_DEPLOYMENTS = f"/apis/apps/v1/namespaces/{STACK_NAMESPACE}/deployments"
_SLICE = f"/apis/discovery.k8s.io/v1/namespaces/{STACK_NAMESPACE}/endpointslices/rare-0"
_SCALED = f"/apis/keda.sh/v1alpha1/namespaces/{STACK_NAMESPACE}/scaledobjects/rare"


@pytest.fixture(scope="module")
def plan() -> Plan:
    plan = planned(SLEEPER)
    assert not plan.errors, plan.errors
    return plan


@pytest.fixture(scope="module")
def api(api: Api, controllers: Controllers) -> Iterator[Api]:
    """The one of all tests here, with KEDA beside Envoy Gateway."""
    controllers.install("keda")
    yield api
    controllers.remove("keda")


def hurried(plan: Plan, prometheus: str) -> dict[str, Any]:
    """What the stack renders, with shorter times and the address of the Prometheus that is here."""
    scaling = plan.scaling["rare"]
    assert scaling.to_zero is not None
    window = re.sub(r"\b2m\b", f"{WINDOW_SECONDS}s", scaling.to_zero.asked)
    here = replace(scaling.to_zero, prometheus=prometheus, asked=window, idle_seconds=IDLE_SECONDS)
    args = ModelAutoscalingArgs(namespace=STACK_NAMESPACE, plan=replace(scaling, to_zero=here), port=8000)
    return {**scaled_object_spec(args), "pollingInterval": 1}


def deployment() -> dict[str, Any]:
    """The model's, as far as KEDA and Kubernetes' own controllers look at it."""
    labels = {"app": "rare"}
    pod = {"containers": [{"name": "vllm", "image": "vllm"}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "rare", "namespace": STACK_NAMESPACE},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }


@dataclass
class Sleeper:
    """The model, its door, and who asks."""

    door: Door
    client: openai.OpenAI

    def ask(self, model: str = "rare") -> Any:
        said: Any = [{"role": "user", "content": "hello"}]
        return self.client.chat.completions.create(model=model, max_tokens=4, messages=said)

    def refused(self) -> openai.APIStatusError:
        with pytest.raises(openai.APIStatusError) as refused:
            self.ask()
        return refused.value

    def answers(self) -> bool:
        with suppress(openai.APIStatusError):
            return bool(self.ask().choices)
        return False

    def replicas(self) -> int:
        return self.door.api.get(f"{_DEPLOYMENTS}/rare")["spec"]["replicas"]

    def has(self, replicas: int) -> None:
        """Wait until KEDA has set them, and do what Kubernetes does then: a pod that answers, or none."""
        until(lambda: self.replicas() == replicas)
        if replicas:
            port = self.door.engines["rare"].port
            self.door.api.apply(_SLICE, dict(endpoint_slice("rare", 0, "http", port, ready=True)))
        else:
            with suppress(GoneError):
                self.door.api.delete(_SLICE)


@pytest.fixture(scope="module")
def sleeper(plan: Plan, api: Api, processes: Processes, envoy: Path) -> Iterator[Sleeper]:
    assert plan.api is not None
    keys = {client.name: f"sk-{client.name}" for client in plan.api.clients}
    objects = rendered(plan.api, keys, cold_starts=dict(cold_starts(plan.api, plan.scaling)))
    with open_door(plan.api, objects, api, processes, envoy) as door:
        prometheus = measuring(plan, processes)
        api.apply(f"{_DEPLOYMENTS}/rare", deployment())
        scaled = {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledObject",
            "metadata": {"name": "rare", "namespace": STACK_NAMESPACE},
        }
        api.apply(_SCALED, {**scaled, "spec": hurried(plan, prometheus)})
        client = openai.OpenAI(
            base_url=f"http://127.0.0.1:{HTTP_PORT}/v1", api_key=keys["ide"], max_retries=0, timeout=60
        )
        try:
            yield Sleeper(door, client)
        finally:
            api.delete(_SCALED)
            processes.end("prometheus")


def test_the_last_replica_goes_when_nobody_asks_and_comes_back_when_somebody_does(sleeper: Sleeper, plan: Plan) -> None:
    assert sleeper.replicas() == 1
    assert sleeper.answers()
    sleeper.has(0)

    until(lambda: not sleeper.answers())
    refused = sleeper.refused()
    assert refused.status_code == 503
    assert "no replica while nobody asks" in str(refused)
    scaling = plan.scaling["rare"].to_zero
    assert scaling is not None
    assert refused.response.headers["retry-after"] == str(scaling.cold_start_seconds)

    sleeper.has(1)
    until(sleeper.answers)
    sleeper.has(0)


def test_requests_for_another_model_do_not_bring_it(sleeper: Sleeper) -> None:
    sleeper.has(0)
    end = time.monotonic() + 2 * WINDOW_SECONDS
    while time.monotonic() < end:
        assert sleeper.ask("often").choices
        assert sleeper.replicas() == 0
        time.sleep(0.5)
