"""A stack is paused and brought back: each way is one `up`, and nothing is lost."""

from dataclasses import replace

from rehearsal.pulumi_engine.session import EngineSession
from settings.paths import apply_fix, value_at
from tests.engine.samples import Opened, sample

KEPT = ("core/v1:PersistentVolumeClaim", "core/v1:Secret", "Kubernetes/clusterEndpoint:ClusterEndpoint")


def sizes(session: EngineSession) -> tuple[list[object], list[object]]:
    """Replicas of the Deployments (models, page), and nodes of the pools with GPUs."""
    deployments = sorted(session.world.of_type("apps/v1:Deployment"), key=lambda each: each.name)
    pools = session.world.of_type("Kubernetes/nativeNodePool:NativeNodePool")
    return [value_at(each.inputs, "spec", "replicas") for each in deployments], [
        value_at(each.inputs, "native", "replicas") for each in pools
    ]


def test_a_pause_takes_models_and_pools_to_zero_and_its_end_brings_them_back(opened: Opened) -> None:
    dev = sample("dev")
    session = opened(dev)
    assert not session.up().error
    awake, kept = sizes(session), [each.id for each in session.world.of_type(*KEPT)]

    session.configure(replace(dev, sections=apply_fix(dev.sections, {"pause": True}.items())))
    paused, again = session.up(), session.up()

    assert not paused.error
    assert again.changed == ()
    assert awake == ([1, 1], [1])
    assert sizes(session) == ([0, 1], [0])
    assert [each.id for each in session.world.of_type(*KEPT)] == kept

    session.configure(dev)
    assert not session.up().error
    assert sizes(session) == awake
