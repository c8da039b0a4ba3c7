"""The group of `two-machines`, run by LeaderWorkerSet's own controller and judged by its webhooks."""

import pytest
from scene import Object, Scene, rendered

from rehearsal.control_plane.api import ApiError
from rehearsal.controllers.controllers import Controllers
from tests.waiting import until

LEADER, WORKER = "chat-group-0", "chat-group-0-1"


@pytest.fixture(scope="module")
def group(controllers: Controllers, scene: Scene) -> Object:
    """The stack's group, which runs."""
    controllers.install("lws")
    group = rendered("Pulumi.two-machines.yaml", "llm")["LeaderWorkerSet"]
    scene.run(group)
    until(lambda: ready(scene, group))
    return group


def variables(pod: Object) -> dict[str, str]:
    (container,) = pod["spec"]["containers"]
    return {each["name"]: each.get("value", "") for each in container["env"] if each["name"].startswith("LWS_")}


def ready(scene: Scene, group: Object) -> bool:
    return scene.read(group).get("status", {}).get("readyReplicas") == 1


def test_a_group_of_two_machines_knows_its_leader_its_size_and_each_its_place(scene: Scene, group: Object) -> None:
    pods = scene.pods("llm")
    assert pods.keys() == {LEADER, WORKER}
    leader = {"LWS_LEADER_ADDRESS": "chat-group-0.chat-group.llm", "LWS_GROUP_SIZE": "2", "LWS_WORKER_INDEX": "0"}
    assert variables(pods[LEADER]) == leader
    assert variables(pods[WORKER]) == {**leader, "LWS_WORKER_INDEX": "1"}


def test_a_group_starts_anew_as_a_whole_when_a_worker_goes(scene: Scene, group: Object) -> None:
    before = {pod["metadata"]["uid"] for pod in scene.pods("llm").values()}
    scene.api.delete(f"/api/v1/namespaces/llm/pods/{WORKER}")

    def anew() -> bool:
        pods = scene.pods("llm")
        return pods.keys() == {LEADER, WORKER} and not before & {pod["metadata"]["uid"] for pod in pods.values()}

    until(lambda: anew() and ready(scene, group))


def test_its_webhook_refuses_a_group_of_nobody(scene: Scene, group: Object) -> None:
    nobody = {**group, "spec": {**group["spec"]}}
    nobody["spec"]["leaderWorkerTemplate"] = {**group["spec"]["leaderWorkerTemplate"], "size": 0}
    with pytest.raises(ApiError, match=r'admission webhook "vleaderworkerset.kb.io" denied[\s\S]*size'):
        scene.apply(nobody)
