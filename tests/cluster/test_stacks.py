"""Every stack file on a real control plane: it comes up where it should and goes away whole."""

import pytest
from stage import ROOT, Stage

from rehearsal.cluster.session import Standing

FILES = sorted(path.name for path in ROOT.glob("Pulumi.*.yaml"))


def places(standing: Standing, namespace: str) -> dict[str, str]:
    """The pool that each running pod of the stack is on, by the pod's name without its suffixes."""
    return {
        pod.name.removeprefix(f"{namespace}/").split("-")[0]: pool.name
        for pool in standing.usage.pools
        for node in pool.nodes
        for pod in node.pods
        if not pod.platform and pod.state == "running"
    }


@pytest.mark.parametrize("file", FILES)
def test_a_stack_comes_up_where_it_should_and_goes_away_whole(stage: Stage, file: str) -> None:
    stack = stage.record(file=file)
    up = stage.session.up(stack)
    assert up.findings == ()
    assert not up.usage.elsewhere
    assert not any(pool.waiting for pool in up.usage.pools)
    running = places(up, stage.namespace)
    for model in stack.plan.models.values():
        assert running[model.name] == model.pool

    down = stage.session.down()
    assert down.findings == ()
    assert down.left.forgotten == ()


def test_nodes_have_what_is_left_of_their_machines(stage: Stage) -> None:
    stack = stage.record()
    usage = stage.session.up(stack).usage
    nodes = {node.name: node for pool in usage.pools for node in pool.nodes}
    planned = stack.plan.pools["gpu"]
    gpu = nodes["gpu-1"]
    addons = sum(pod.asks.memory_mib for pod in gpu.pods if pod.platform)
    assert addons > 0
    # The plan's figure is after the DaemonSets of add-ons, which run as pods here.
    assert gpu.allocatable.memory_mib - addons == planned.allocatable_memory_mib
    assert gpu.allocatable.gpus == gpu.requested.gpus == 1
    assert nodes["system-1"].allocatable.gpus == 0


def test_the_api_servers_warnings_name_their_object(stage: Stage) -> None:
    warnings = stage.session.up(stage.record()).warnings
    assert any('"restricted:latest": runAsNonRoot' in each.message for each in warnings)
    assert all(each.resource.startswith(f"Job {stage.namespace}/chat-download-") for each in warnings)
