"""Resources go wrong in the middle: the next `up` goes on from there."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from rehearsal.pulumi_engine.acceptance import left
from rehearsal.pulumi_engine.cycle import Proved, run
from rehearsal.pulumi_engine.faults import Fault
from rehearsal.pulumi_engine.outcome import EngineOutcome
from rehearsal.pulumi_engine.session import EngineSession
from rehearsal.run import rehearse
from tests.engine.samples import MAIN, changed, planned, sample
from tests.engine.troubles import each_fails_once, twice, when
from tests.waiting import until

POOL, SERVER, JOB = "llm-gpu-pool-nodes", "llm-chat-inference-server", "llm-chat-download-job"
POLICIES = "llm-addons-networkpolicy"
ASKS = "llm-smoke-asks"
OTHERWISE = {
    "models.chat.model": "Qwen/Qwen2.5-7B-Instruct",
    "pools.gpu.nodes": {"min": 1, "max": 3},
    "cluster.endpoint.allow": ["203.0.113.11/32"],
}
"""Updates and replacements in the cloud and in the cluster."""
_TRIES = 5


@pytest.fixture
def session(pulumi: Path) -> Iterator[EngineSession]:
    with EngineSession(sample("dev"), MAIN, pulumi) as session:
        yield session


def test_each_creation_and_then_each_change_may_be_refused_once_and_nothing_is_made_twice(
    session: EngineSession,
) -> None:
    for given in (sample("dev"), changed("dev", OTHERWISE)):
        session.configure(given)
        names = {each.name for each in session.preview().changed if not each.type.startswith("pulumi:providers:")}
        spared, last = each_fails_once(session, names)
        again = session.up()

        assert names
        assert (spared, last.error) == (set(), "")
        assert again.changed == ()
        assert session.orphans() == []
        assert twice(session) == []


def test_of_two_ups_at_once_the_second_is_refused_and_the_first_ends_well(pulumi: Path, tmp_path: Path) -> None:
    refused: list[EngineOutcome] = []
    with EngineSession(sample("dev"), MAIN, pulumi, root=tmp_path) as second:

        def late_up() -> None:
            refused.append(second.up())
            # A file that the first is just writing is read as empty: the second is refused without a look at the lock.
            while "failed to load checkpoint: EOF" in refused[-1].error and len(refused) < _TRIES:
                refused.append(second.up())

        listener = when("begin", "llm-network-vpc", late_up)
        with EngineSession(sample("dev"), MAIN, pulumi, root=tmp_path, listener=listener) as first:
            outcome, again = first.up(), first.up()

    assert "the stack is currently locked by 1 lock(s)" in refused[-1].error
    assert [late.operations for late in refused] == [()] * len(refused)
    assert not outcome.error
    assert again.changed == ()


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("dev", {"llm-smoke-tries"}),
        ("two-models", {"llm-small-inference-server", "llm-smoke-asks", "llm-smoke-tries"}),
    ],
)
def test_a_wrong_name_of_the_add_on_for_policies_costs_neither_the_rest_nor_the_outputs(
    pulumi: Path, name: str, missing: set[str]
) -> None:
    with EngineSession(sample(name), MAIN, pulumi) as session:
        shown = {each.name for each in session.preview().changed}
        stopped = session.up([Fault(POLICIES)])
        made, outputs = {each.name for each in stopped.changed}, dict(session.outputs())
        rest = session.up()
        whole = dict(session.outputs())

    assert [each.name for each in stopped.failed if each.custom] == [POLICIES]
    # What asks the models starts beside the add-on: whether it does before the failure is told is chance.
    assert shown - made - {ASKS} == {POLICIES, *missing} - {ASKS}
    assert outputs.keys() == whole.keys()
    assert (outputs["chatUrl"], outputs["clusterId"]) == (whole["chatUrl"], whole["clusterId"])
    assert not rest.error
    assert {each.name for each in rest.changed} - {ASKS} == {POLICIES, *missing} - {ASKS}


def test_a_server_that_never_got_ready_is_kept_and_watched_again(session: EngineSession) -> None:
    stopped = session.up([Fault(SERVER, "hang")])
    rest = session.up()

    wait = planned(sample("dev")).models["chat"].progress_deadline_seconds
    assert f"not ready after {(wait + 120) / 60:.0f} minutes" in " ".join(stopped.complaints)
    assert {(each.verdict, each.name) for each in rest.changed} == {
        ("update", SERVER),
        ("create", "llm-smoke-asks"),
        ("create", POLICIES),
        ("create", "llm-smoke-tries"),
    }
    assert not rest.error
    assert twice(session) == []


def test_a_download_that_failed_is_replaced_by_a_new_job_and_the_old_one_goes_first(session: EngineSession) -> None:
    session.up([Fault(JOB, "hang")])
    rest = session.up()

    assert not rest.error
    assert [(each.verdict, each.first) for each in rest.operations if each.name == JOB] == [("replace", True)]


def test_a_pool_whose_answer_was_lost_is_shown_as_unknown_to_the_state(pulumi: Path) -> None:
    stack = Proved(sample("dev"), planned(sample("dev")))

    cycle = run(stack, MAIN, pulumi, faults=[Fault(POOL, "lose")])

    assert [step.title for step in cycle.steps][:3] == ["preview", "up", "up after the failure"]
    assert len(cycle.problems) == 1
    assert cycle.problems[0].startswith(f"the state does not know {POOL} (cls-")


def test_after_a_kill_in_the_middle_refresh_and_up_go_on(pulumi: Path, tmp_path: Path) -> None:
    with EngineSession(sample("dev"), MAIN, pulumi, root=tmp_path) as session:
        session.send_up([Fault(POOL, "stall")])
        until(lambda: stalled(session))
        session.kill()

    with EngineSession(sample("dev"), MAIN, pulumi, root=tmp_path) as session:
        made = len(session.world.resources)
        locked = session.refresh()
        session.cancel()
        refreshed = session.refresh(clear_pending=True)
        rest = session.up()
        again = session.up()

        assert made > 20
        assert "locked" in locked.error
        assert not refreshed.error
        assert not rest.error
        assert again.changed == ()
        assert session.orphans() == []
        assert twice(session) == []

        assert not session.destroy().error
        assert left(session.world) == []


def test_a_fault_for_a_resource_that_the_stack_does_not_have_names_the_nearest(pulumi: Path) -> None:
    stack = Proved(sample("dev"), planned(sample("dev")))

    cycle = run(stack, MAIN, pulumi, faults=[Fault("llm-gpu-pool-node")])

    assert cycle.problems == (f"no resource of this stack is called llm-gpu-pool-node; did you mean {POOL}?",)
    assert [step.title for step in cycle.steps] == ["preview"]


def stalled(session: EngineSession) -> bool:
    """Whether the engine waits for the pool alone, all else that it can make before that being made and in its state;
    not where it is writing that at the moment."""
    try:
        latest = json.loads(session.checkpoint.read_text(encoding="utf-8"))["checkpoint"]["latest"]
    except (OSError, ValueError):
        return False
    begun = [each["resource"]["urn"].rpartition("::")[2] for each in latest.get("pending_operations") or ()]
    made = {each["urn"].rpartition("::")[2] for each in latest.get("resources") or ()}
    return begun == [POOL] and before_the_pool() <= made


@cache
def before_the_pool() -> set[str]:
    """The resources of dev that wait for nothing that waits for the pool."""
    recording = rehearse(sample("dev"), MAIN).recording
    assert recording is not None
    later: set[str] = set()
    for each in recording.registrations:
        if each.name == POOL or each.waits_for & later:
            later.add(each.urn)
    return {each.name for each in recording.registrations if each.custom and each.urn not in later}
