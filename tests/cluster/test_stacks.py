"""Stack files on a real control plane: each comes up where it should and goes away whole.

One for each distinct variant; all of them where ALL_STACKS is set, as `make test-all` does.
"""

import os

import pytest
from stage import ROOT, Stage

from rehearsal.cluster.session import StackState
from settings.file import read
from settings.parse import parse


def variant(file: str) -> tuple[object, ...]:
    """What distinguishes the way that a stack takes through the program, but for sizes and names."""
    settings = parse(read(ROOT / file)).settings
    assert settings is not None
    models = settings.models.values()
    return (
        sorted({pool.kind for pool in settings.pools.values()}),
        settings.storage.kind,
        settings.retain,
        sorted({model.engine for model in models}),
        len(settings.models) > 1,
        any(model.autoscaling for model in models),
        any((model.pipeline_parallel or 1) > 1 for model in models),
        settings.expose.via,
        settings.expose.tls is not None,
        settings.webui.enabled,
        settings.owns_cluster(),
    )


def stack_files() -> list[str]:
    """Dev before the others, so that it stands for its variant."""
    files = sorted(
        (path.name for path in ROOT.glob("Pulumi.*.yaml")), key=lambda name: (name != "Pulumi.dev.yaml", name)
    )
    if os.environ.get("ALL_STACKS"):
        return files
    return list({repr(variant(file)): file for file in reversed(files)}.values())


def running(standing: StackState, namespace: str) -> list[tuple[str, str]]:
    """Each running pod of the stack and the pool that it is on."""
    return [
        (pod.name.removeprefix(f"{namespace}/"), pool.name)
        for pool in standing.usage.pools
        for node in pool.nodes
        for pod in node.pods
        if not pod.platform and pod.state == "running"
    ]


@pytest.mark.parametrize("file", stack_files())
def test_a_stack_comes_up_where_it_should_and_goes_away_whole(stage: Stage, file: str) -> None:
    stack = stage.record(file=file)
    up = stage.session.up(stack)
    assert up.findings == ()
    assert not up.usage.elsewhere
    assert not any(pool.waiting for pool in up.usage.pools)
    for model in stack.plan.models.values():
        pools = {pool for pod, pool in running(up, stage.namespace) if pod.startswith(f"{model.name}-")}
        assert pools == {model.pool}

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


def test_what_mounts_the_models_runs_on_gpu_nodes_though_it_tolerates_nothing(stage: Stage) -> None:
    usage = stage.session.up(stage.record(file="Pulumi.turbo.yaml")).usage
    # Its add-on is not that of the stacks to come.
    stage.session.down()
    (gpu,) = (pool for pool in usage.pools if pool.name == "gpu")
    assert gpu.nodes
    for node in gpu.nodes:
        assert [pod for pod in node.pods if pod.platform and "cfsturbo" in pod.name and pod.state == "running"]


def test_the_api_servers_warnings_name_their_object(stage: Stage) -> None:
    warnings = stage.session.up(stage.record()).warnings
    assert any('"restricted:latest": runAsNonRoot' in each.message for each in warnings)
    assert all(each.resource.startswith(f"Job {stage.namespace}/chat-download-") for each in warnings)
