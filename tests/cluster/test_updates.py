"""What an update does to a stack that runs, and what a teardown leaves."""

from typing import Any

from stage import Sections, Stage, about, pod_of, spoil


def changes(update: Any) -> dict[str, str]:
    """What happened, by resource; names of Jobs without their hash."""
    return {each.resource: each.change for each in update.changes}


def test_the_same_stack_again_changes_nothing(stage: Stage) -> None:
    assert stage.session.up(stage.record()).ready
    again = stage.session.update(stage.record())
    assert (again.changes, again.interrupted, again.standing.findings) == ((), (), ())


def test_another_model_is_fetched_before_the_server_is_replaced(stage: Stage) -> None:
    def another(sections: Sections) -> None:
        sections["models"]["chat"]["model"] = "Qwen/Qwen2.5-7B-Instruct"

    assert stage.session.up(stage.record()).ready
    update = stage.session.update(stage.record(another))
    assert update.standing.findings == ()
    done = changes(update)
    assert done[f"Deployment {stage.namespace}/chat"] == "updated"
    # The download, and what asks the new model and tries to reach it.
    assert [change for name, change in done.items() if name.startswith("Job ")] == ["replaced"] * 3
    assert f"Deployment {stage.namespace}/chat" in update.interrupted
    assert update.lost == ()
    down = stage.session.down()
    assert (down.findings, down.left.forgotten) == ((), ())


def test_another_image_replaces_the_one_server_there_is(stage: Stage) -> None:
    def newer(it: dict[str, Any]) -> None:
        pod_of(it)["containers"][0]["image"] += "-newer"

    stack = stage.record()
    assert stage.session.up(stack).ready
    update = stage.session.update(spoil(stack, "Deployment", "chat", newer))
    assert update.standing.findings == ()
    assert changes(update) == {f"Deployment {stage.namespace}/chat": "updated"}
    assert update.interrupted == (f"Deployment {stage.namespace}/chat",)


def test_a_second_replica_gets_a_machine_of_its_own(stage: Stage) -> None:
    def two(sections: Sections) -> None:
        sections["models"]["chat"]["replicas"] = 2
        sections["pools"]["gpu"]["nodes"] = 2

    assert stage.session.up(stage.record()).ready
    update = stage.session.update(stage.record(two))
    assert update.standing.findings == ()
    (pool,) = (pool for pool in update.standing.usage.pools if pool.name == "gpu")
    assert [node.requested.gpus for node in pool.nodes] == [1, 1]

    back = stage.session.update(stage.record())
    assert back.standing.findings == ()
    (pool,) = (pool for pool in back.standing.usage.pools if pool.name == "gpu")
    assert [node.requested.gpus for node in pool.nodes] == [1]


def test_a_pool_that_may_grow_gets_the_machine_that_a_pod_waits_for(stage: Stage) -> None:
    def two(sections: Sections) -> None:
        sections["models"]["chat"]["replicas"] = 2
        sections["pools"]["gpu"]["nodes"] = {"min": 1, "max": 2}

    up = stage.session.up(stage.record(two))
    assert up.findings == ()
    (pool,) = (pool for pool in up.usage.pools if pool.name == "gpu")
    assert [node.requested.gpus for node in pool.nodes] == [1, 1]
    assert stage.session.simulation.seen.waited_for_gpu


def test_a_volume_whose_claim_goes_is_told_as_lost(stage: Stage) -> None:
    def without(sections: Sections) -> None:
        sections["webui"] = False

    assert stage.session.up(stage.record()).ready
    update = stage.session.update(stage.record(without))
    assert update.standing.findings == ()
    assert update.lost == (f"the volume of claim {stage.namespace}/webui (20Gi)",)


def test_what_is_retained_is_kept_and_said(stage: Stage) -> None:
    def retain(sections: Sections) -> None:
        sections["retain"] = True

    assert stage.session.up(stage.record(retain)).ready
    down = stage.session.down()
    assert (down.findings, down.left.forgotten) == ((), ())
    assert f"PersistentVolume of claim {stage.namespace}/webui" in down.left.kept
    assert any(each.startswith("cfs.") for each in down.left.kept)


def test_a_change_that_the_api_server_refuses_is_named(stage: Stage) -> None:
    def smaller(it: dict[str, Any]) -> None:
        it["spec"]["resources"]["requests"]["storage"] = "10Gi"

    stack = stage.record()
    assert stage.session.up(stack).ready
    found = stage.session.update(spoil(stack, "PersistentVolumeClaim", "webui", smaller)).standing.findings
    told = about(found, f"PersistentVolumeClaim {stage.namespace}/webui")
    assert "field can not be less than" in told
