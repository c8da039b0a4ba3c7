"""What an update does to a stack that runs on a control plane, and what a teardown leaves there."""

from dataclasses import dataclass
from typing import Any

import pytest
from stage import ROOT, Sections, Stage, about, pod_of, spoil, staged
from stage import Standing as Stood

from catalog.load import load
from planner.plan.types import Plan
from rehearsal.cluster.rest import Interruption
from rehearsal.control_plane.plane import Access
from rehearsal.controllers.controllers import Controllers
from rehearsal.pulumi_engine.cycle import Proved
from rehearsal.pulumi_engine.environment import find
from rehearsal.pulumi_engine.on_plane import OnPlane, Standing, run_on_plane
from rehearsal.pulumi_engine.session import EngineSession
from rehearsal.pulumi_engine.world import Warned
from settings.file import read
from settings.paths import apply_fix
from tests.engine.samples import planned

PROGRAM = ROOT / "__main__.py"


def proved(**changes: object) -> Proved:
    """The dev stack with some of its keys changed."""
    given = read(ROOT / "Pulumi.dev.yaml")
    paths = {name.replace("__", "."): value for name, value in changes.items()}
    given = given.__class__(**{**vars(given), "sections": apply_fix(given.sections, paths.items())})
    return Proved(given, planned(given))


def run(access: Access, first: Proved, then: Proved) -> OnPlane:
    session = EngineSession(first.given, PROGRAM, find())
    return run_on_plane(session, first, lambda: access, load(), then=then)


def gpus(standing: Standing | None) -> list[int]:
    """GPUs that are asked for on each node of the pool."""
    assert standing is not None
    (pool,) = (pool for pool in standing.usage.pools if pool.name == "gpu")
    return [node.requested.gpus for node in pool.nodes]


def test_a_second_replica_and_a_page_that_go_give_back_a_machine_and_lose_a_volume_and_that_is_told(
    access: Access,
) -> None:
    found = run(access, proved(models__chat__replicas=2, pools__gpu__nodes=2), proved(webui=False))

    assert found.problems == ()
    assert (gpus(found.up), gpus(found.update)) == ([1, 1], [1])
    assert found.interruption is not None
    assert found.interruption.lost == ("the volume of claim llm/webui (20Gi)",)
    assert found.ready


def test_what_is_retained_is_kept_and_said(access: Access) -> None:
    found = run(access, proved(retain=True), proved(retain=True, models__chat__replicas=1))

    assert found.problems == ()
    assert found.left is not None
    assert found.left.forgotten == ()
    assert "PersistentVolume of claim llm/webui" in found.left.kept


@dataclass(frozen=True)
class Story:
    """The dev stack up, and then with another image and a claim that is smaller."""

    namespace: str
    plan: Plan
    up: Stood
    warned: tuple[Warned, ...]
    update: Stood
    interruption: Interruption


@pytest.fixture(scope="module")
def story(rehearsed: Access, controllers: Controllers, tmp_path_factory: pytest.TempPathFactory) -> Story:
    def newer(it: dict[str, Any]) -> None:
        pod_of(it)["containers"][0]["image"] += "-newer"

    def smaller(it: dict[str, Any]) -> None:
        it["spec"]["resources"]["requests"]["storage"] = "10Gi"

    with staged(rehearsed, controllers, tmp_path_factory.mktemp("story")) as stage:
        stack = stage.record()
        up, warned = stage.up(stack), tuple(stage.world.warnings)
        changed = spoil(spoil(stack, "Deployment", "chat", newer), "PersistentVolumeClaim", "webui", smaller)
        return Story(stage.namespace, stack.plan, up, warned, *stage.update(changed))


def test_the_stack_is_ready(story: Story) -> None:
    assert story.up.not_ready == ()


def test_another_image_replaces_the_one_server_there_is(story: Story) -> None:
    assert about(story.update.not_ready, f"Deployment {story.namespace}/chat") == ""
    assert story.interruption.interrupted == (f"Deployment {story.namespace}/chat",)


def test_a_change_that_the_api_server_refuses_is_named(story: Story) -> None:
    told = about(story.update.not_ready, f"PersistentVolumeClaim {story.namespace}/webui")
    assert "field can not be less than" in told


def test_nodes_have_what_is_left_of_their_machines(story: Story) -> None:
    nodes = {node.name: node for pool in story.up.usage.pools for node in pool.nodes}
    planned_pool = story.plan.pools["gpu"]
    gpu = nodes["gpu-1"]
    addons = sum(pod.asks.memory_mib for pod in gpu.pods if pod.platform)
    assert addons > 0
    # The plan's figure is after the DaemonSets of add-ons, which run as pods here.
    assert gpu.allocatable.memory_mib - addons == planned_pool.allocatable_memory_mib
    assert gpu.allocatable.gpus == gpu.requested.gpus == 1
    assert nodes["system-1"].allocatable.gpus == 0


def test_the_api_servers_warnings_name_their_object(story: Story) -> None:
    assert any('"restricted:latest": runAsNonRoot' in each.message for each in story.warned)
    assert all(each.resource.startswith(f"Job {story.namespace}/chat-download-") for each in story.warned)


def test_a_pool_that_may_grow_gets_the_machine_that_a_pod_waits_for(stage: Stage) -> None:
    def two(sections: Sections) -> None:
        sections["models"]["chat"]["replicas"] = 2
        sections["pools"]["gpu"]["nodes"] = {"min": 1, "max": 2}

    up = stage.up(stage.record(two))
    assert up.not_ready == ()
    (pool,) = (pool for pool in up.usage.pools if pool.name == "gpu")
    assert [node.requested.gpus for node in pool.nodes] == [1, 1]


def test_what_mounts_the_models_runs_on_gpu_nodes_though_it_tolerates_nothing(stage: Stage) -> None:
    (gpu,) = (pool for pool in stage.up(stage.record(file="Pulumi.turbo.yaml")).usage.pools if pool.name == "gpu")
    assert gpu.nodes
    for node in gpu.nodes:
        assert [pod for pod in node.pods if pod.platform and "cfsturbo" in pod.name and pod.state == "running"]


def test_one_local_volume_is_mounted_on_every_node_of_its_pool_and_goes_without_a_trace(access: Access) -> None:
    """A `local` volume whose affinity is the pool's label, which the real scheduler judges (components/workloads/
    node_cache.py)."""
    two = {"models__chat__replicas": 2, "pools__gpu__nodes": 2, "warmStart": {"modelCache": True}}
    found = run(access, proved(**two), proved(models__chat__replicas=2, pools__gpu__nodes=2))

    assert found.problems == ()
    assert gpus(found.up) == [1, 1]
    assert found.ready
