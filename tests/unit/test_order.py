"""Order of provisioning: GPUs are held back where they would be billed for waiting."""

import pytest

from tests.unit.stacks import planned

R1 = {
    "models.chat.model": "deepseek-ai/DeepSeek-R1",
    "pools.gpu": {"instanceType": "PNV6.96XLARGE2304", "kind": "ordinary"},
}
FAST: dict[str, object] = {"network.nat": {"bandwidth": 5000}}


def test_a_download_of_hours_holds_the_gpus_back():
    order = planned(R1).order
    assert (order.chosen, order.hold) == ("cheapest", ("gpu",))
    assert " h " in order.because


def test_a_download_of_minutes_runs_beside_the_pool():
    plan = planned({**FAST, "models.chat.model": "Qwen/Qwen2.5-0.5B-Instruct"})
    assert (plan.order.chosen, plan.order.hold) == ("fastest", ())


@pytest.mark.parametrize("changes", [R1, FAST])
def test_what_is_asked_for_is_done(changes: dict[str, object]):
    assert planned({**changes, "order": "fastest"}).order.hold == ()
    assert planned({**changes, "order": "cheapest"}).order.hold == ("gpu",)


def test_super_nodes_are_never_held_back():
    plan = planned({"pools.gpu": {"kind": "super", "gpuType": "A10*PNV4"}, "order": "cheapest"})
    assert (plan.order.chosen, plan.order.hold) == ("fastest", ())


def test_a_pool_is_judged_by_the_first_of_its_models():
    changes = {
        **FAST,
        "pools.gpu": {"instanceType": "PNV4.28XLARGE466", "kind": "native"},
        "models.chat": {"model": "Qwen/Qwen2.5-72B-Instruct-AWQ", "pool": "gpu"},
    }
    alone = planned({**changes, "network.nat": {"bandwidth": 200}})
    assert alone.order.hold == ("gpu",)
    small = {"model": "Qwen/Qwen2.5-0.5B-Instruct", "pool": "gpu"}
    beside = planned({**changes, "network.nat": {"bandwidth": 200}, "models.small": small})
    assert beside.order.hold == ()


def test_durations_cover_the_steps_and_each_model():
    plan = planned()
    assert {"cluster", "system_pool", "native_gpu_pool", "download:chat", "pull:chat", "load:chat"} <= set(
        plan.durations
    )
    assert plan.durations["download:chat"] > plan.models["chat"].download.seconds
    assert plan.durations["load:chat"] < plan.models["chat"].startup_seconds


def test_the_choice_is_explained():
    reason = next(reason for reason in planned(R1).reasons if reason.subject == "order")
    assert reason.choice == "cheapest"
    assert reason.because
