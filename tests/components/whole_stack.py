"""The whole stack under mocks, from a stack file to what is registered."""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.stack import LlmStack, LlmStackArgs
from planner.plan.types import Plan
from tests.components.recorder import ComponentRun, Registered, build
from tests.unit.stacks import planned

KUBECONFIG = """
apiVersion: v1
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://api.example"}}]
users: [{name: u, user: {token: t}}]
"""
OUTPUTS = {
    "random:index/randomPassword:RandomPassword": {"result": "generated value"},
    "tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint": {"kubeConfigIntranet": KUBECONFIG},
    "tencentcloud:Cfs/fileSystem:FileSystem": {"fsId": "abcd1234", "mountIp": "10.0.255.242"},
}
ANSWERS = {
    "tencentcloud:Kubernetes/getClusters:getClusters": {
        "id": "x",
        "lists": [{"clusterId": "cls-1", "kubeConfig": KUBECONFIG, "kubeConfigIntranet": KUBECONFIG}],
    },
    "tencentcloud:Cfs/getFileSystems:getFileSystems": {
        "id": "x",
        "fileSystemLists": [{"fileSystemId": "cfs-1", "fsId": "abcd1234", "mountIp": "10.0.0.9"}],
    },
}
JOB, DOWNLOAD = "batch/v1:Job", "llm-chat-download-job"
DEPLOYMENT = "apps/v1:Deployment"
BY_ID: dict[str, object] = {
    "cluster": {"existing": {"id": "cls-1"}},
    "network": {
        "zones": ["ap-guangzhou-6"],
        "vpcId": "vpc-1",
        "subnetIds": ["subnet-1"],
        "cidr": "10.0.0.0/16",
    },
}
"""A TKE cluster that exists, with its network."""
_RUNS: dict[str, ComponentRun] = {}


def decided(changes: Mapping[str, object] | None = None, *, secrets: tuple[str, ...] = (), stack: str = "dev") -> Plan:
    """The plan of the sound stack with changes; it has no error."""
    plan = planned(changes, secrets=secrets, stack=stack)
    assert not plan.errors, plan.errors
    return plan


def up(
    changes: Mapping[str, object] | None = None, *, secrets: Mapping[str, str] | None = None, stack: str = "dev"
) -> ComponentRun:
    """Everything that the stack registers, once for all who ask for the same. The outputs are in `seen`."""
    asked = repr((changes, secrets, stack))
    if asked not in _RUNS:
        _RUNS[asked] = _run(decided(changes, secrets=tuple(secrets or {}), stack=stack), secrets or {})
    return _RUNS[asked]


def _run(plan: Plan, secrets: Mapping[str, str]) -> ComponentRun:

    def make() -> dict[str, pulumi.Output[Any]]:
        sealed = {key: pulumi.Output.secret(value) for key, value in secrets.items()}
        made = LlmStack("llm", LlmStackArgs(plan=plan, secrets=sealed))
        return {key: pulumi.Output.from_input(value) for key, value in made.outputs.items()}

    return build(make, outputs=OUTPUTS, answers=ANSWERS)


def pod(registered: Registered) -> dict[str, Any]:
    """The pod template's spec of a Job or Deployment."""
    return registered.inputs["spec"]["template"]["spec"]


def annotations(registered: Registered) -> dict[str, str]:
    return registered.inputs["spec"]["template"]["metadata"].get("annotations", {})


def environment(registered: Registered) -> dict[str, Any]:
    """Variables of the first container: the value, or the reference."""
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in pod(registered)["containers"][0]["env"]}


def named(made: ComponentRun, type_: str, name: str) -> Registered:
    """The one object of a type that is called so in Kubernetes."""
    found = [each for each in made.of(type_) if each.inputs["metadata"]["name"] == name]
    assert len(found) == 1, [each.inputs["metadata"]["name"] for each in made.of(type_)]
    return found[0]
