"""What an update does to a stack that runs on a control plane, and what a teardown leaves there."""

from typing import Any

from stage import ROOT, Sections, Stage, about, pod_of, spoil

from catalog.load import load
from rehearsal.control_plane.plane import Access
from rehearsal.pulumi_engine.cycle import Proved
from rehearsal.pulumi_engine.environment import find
from rehearsal.pulumi_engine.on_plane import OnPlane, Standing, run_on_plane
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
    return run_on_plane(first, PROGRAM, find(), access, load(), then=then)


def gpus(standing: Standing | None) -> list[int]:
    """GPUs that are asked for on each node of the pool."""
    assert standing is not None
    (pool,) = (pool for pool in standing.usage.pools if pool.name == "gpu")
    return [node.requested.gpus for node in pool.nodes]


def test_a_second_replica_gets_a_machine_of_its_own_and_gives_it_back(access: Access) -> None:
    one, two = proved(), proved(models__chat__replicas=2, pools__gpu__nodes=2)

    found = run(access, two, one)

    assert found.problems == ()
    assert (gpus(found.up), gpus(found.update)) == ([1, 1], [1])
    assert found.ready


def test_a_page_that_goes_takes_its_data_along_and_that_is_told(access: Access) -> None:
    found = run(access, proved(), proved(webui=False))

    assert found.problems == ()
    assert found.interruption is not None
    assert found.interruption.lost == ("the volume of claim llm/webui (20Gi)",)


def test_what_is_retained_is_kept_and_said(access: Access) -> None:
    found = run(access, proved(retain=True), proved(retain=True, models__chat__replicas=1))

    assert found.problems == ()
    assert found.left is not None
    assert found.left.forgotten == ()
    assert "PersistentVolume of claim llm/webui" in found.left.kept


def test_another_image_replaces_the_one_server_there_is(stage: Stage) -> None:
    def newer(it: dict[str, Any]) -> None:
        pod_of(it)["containers"][0]["image"] += "-newer"

    stack = stage.record()
    assert stage.up(stack).not_ready == ()
    standing, interruption = stage.update(spoil(stack, "Deployment", "chat", newer))
    assert standing.not_ready == ()
    assert interruption.interrupted == (f"Deployment {stage.namespace}/chat",)


def test_a_pool_that_may_grow_gets_the_machine_that_a_pod_waits_for(stage: Stage) -> None:
    def two(sections: Sections) -> None:
        sections["models"]["chat"]["replicas"] = 2
        sections["pools"]["gpu"]["nodes"] = {"min": 1, "max": 2}

    up = stage.up(stage.record(two))
    assert up.not_ready == ()
    (pool,) = (pool for pool in up.usage.pools if pool.name == "gpu")
    assert [node.requested.gpus for node in pool.nodes] == [1, 1]


def test_a_change_that_the_api_server_refuses_is_named(stage: Stage) -> None:
    def smaller(it: dict[str, Any]) -> None:
        it["spec"]["resources"]["requests"]["storage"] = "10Gi"

    stack = stage.record()
    assert stage.up(stack).not_ready == ()
    standing, _ = stage.update(spoil(stack, "PersistentVolumeClaim", "webui", smaller))
    told = about(standing.not_ready, f"PersistentVolumeClaim {stage.namespace}/webui")
    assert "field can not be less than" in told


def test_nodes_have_what_is_left_of_their_machines(stage: Stage) -> None:
    stack = stage.record()
    nodes = {node.name: node for pool in stage.up(stack).usage.pools for node in pool.nodes}
    planned_pool = stack.plan.pools["gpu"]
    gpu = nodes["gpu-1"]
    addons = sum(pod.asks.memory_mib for pod in gpu.pods if pod.platform)
    assert addons > 0
    # The plan's figure is after the DaemonSets of add-ons, which run as pods here.
    assert gpu.allocatable.memory_mib - addons == planned_pool.allocatable_memory_mib
    assert gpu.allocatable.gpus == gpu.requested.gpus == 1
    assert nodes["system-1"].allocatable.gpus == 0


def test_what_mounts_the_models_runs_on_gpu_nodes_though_it_tolerates_nothing(stage: Stage) -> None:
    (gpu,) = (pool for pool in stage.up(stage.record(file="Pulumi.turbo.yaml")).usage.pools if pool.name == "gpu")
    assert gpu.nodes
    for node in gpu.nodes:
        assert [pod for pod in node.pods if pod.platform and "cfsturbo" in pod.name and pod.state == "running"]


def test_the_api_servers_warnings_name_their_object(stage: Stage) -> None:
    stage.up(stage.record())
    assert any('"restricted:latest": runAsNonRoot' in each.message for each in stage.world.warnings)
    assert all(each.resource.startswith(f"Job {stage.namespace}/chat-download-") for each in stage.world.warnings)
