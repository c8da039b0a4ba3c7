"""The dev stack: everything that the guide's steps make by hand is in the graph, in the right order."""

from dataclasses import replace

import pytest

from rehearsal.clock import timeline
from rehearsal.kinds import display_name, find, seconds_of
from rehearsal.registration import Registration
from rehearsal.story import Story, tell
from tests.program.rehearsed import PROGRAM, given, registrations, story


def one(kind: str, name: str = "") -> Registration:
    found = [each for each in registrations("dev") if find(each.type).short == kind and name in display_name(each)]
    assert len(found) == 1, f"{len(found)} x {kind} {name}"
    return found[0]


def before(first: Registration, later: Registration) -> bool:
    """Whether the engine is done with `first` before it starts `later`, whatever stands between them."""
    known = {each.urn: each for each in registrations("dev")}
    seen: set[str] = set()
    todo = [later.urn]
    while todo:
        each = known.get(todo.pop())
        for urn in (each.waits_for if each else frozenset()) - seen:
            seen.add(urn)
            todo.append(urn)
    return first.urn in seen


def test_step_1_network_comes_before_the_cluster():
    assert before(one("vpc.Instance"), one("kubernetes.Cluster"))
    assert before(one("nat.Gateway"), one("route.TableEntry"))
    assert before(one("eip.Instance"), one("nat.Gateway"))


def test_step_1_the_endpoint_waits_for_a_node_and_the_provider_for_the_endpoint():
    assert before(one("kubernetes.NodePool"), one("kubernetes.ClusterEndpoint"))
    assert before(one("kubernetes.ClusterEndpoint"), one("kubernetes provider"))


def test_step_2_the_storage_addon_and_class_come_before_the_claims():
    claim = one("PersistentVolumeClaim", "ai-model")
    assert before(one("kubernetes.Addon", "cfs"), claim)
    assert before(one("StorageClass", "cfs-ai"), claim)
    assert before(one("cfs.AccessGroup"), claim)
    assert before(one("StorageClass", "cbs-webui"), one("PersistentVolumeClaim", "webui"))


def test_steps_3_and_4_the_server_waits_for_gpus_and_their_driver():
    server = one("Deployment", "chat")
    assert before(one("kubernetes.NativeNodePool"), server)
    assert before(one("kubernetes.Addon", "nvidia-gpu"), server)


@pytest.mark.parametrize("order", ["fastest", "cheapest"])
def test_steps_3_and_4_gpus_come_after_the_addon_that_tke_would_install_with_them(order):
    made = told_with(order=order).recording.registrations
    (pool,) = [each for each in made if find(each.type).short == "kubernetes.NativeNodePool"]
    (addon,) = [each for each in made if each.inputs.get("addonName") == "nvidia-gpu"]
    assert addon.urn in pool.waits_for


def test_step_5_the_download_needs_the_internet_a_store_and_no_gpu():
    job = one("Job", "chat-download")
    assert before(one("route.TableEntry"), job)
    assert before(one("PersistentVolumeClaim", "ai-model"), job)
    assert not before(one("kubernetes.NativeNodePool"), job)


def test_step_6_the_server_waits_for_its_files():
    assert before(one("Job", "chat-download"), one("Deployment", "chat"))


def test_step_8_the_chat_page_waits_for_no_model():
    page = one("Deployment", "webui")
    assert before(one("PersistentVolumeClaim", "webui"), page)
    assert not before(one("Deployment", "chat"), page)


def test_step_9_a_port_forward_opens_nothing_to_the_internet():
    services = [each for each in registrations("dev") if find(each.type).short == "Service"]
    assert {str(dict(each.inputs["spec"])["type"]) for each in services} == {"ClusterIP"}  # pyright: ignore
    assert not [each for each in registrations("dev") if find(each.type).short in ("Ingress", "Gateway")]


def test_the_model_and_the_page_share_one_key_through_secrets_alone():
    texts = [str(each.inputs) for each in registrations("dev") if find(each.type).short == "Deployment"]
    assert all("secretKeyRef" in text for text in texts)


def test_gpus_are_bought_after_the_download_when_that_is_cheaper():
    held = story("dev").plan.order.chosen == "cheapest"
    assert before(one("Job", "chat-download"), one("kubernetes.NativeNodePool")) is held


def test_the_smoke_test_waits_for_all_that_it_asks_and_only_the_probe_for_what_enforces_policies():
    test, probe = one("Job", "smoke-test"), one("Job", "policy-probe")
    for job in (test, probe):
        for asked in (one("Deployment", "chat"), one("Deployment", "webui"), one("NetworkPolicy", "default-deny")):
            assert before(asked, job)
    addon = one("kubernetes.Addon", "networkpolicy")
    assert before(addon, probe)
    assert not before(addon, test)


def test_the_timeline_ends_with_the_server_and_what_is_asked_of_it_and_each_order_is_weighed():
    told = story("dev")
    server, enforcement = one("Deployment", "chat"), one("kubernetes.Addon", "networkpolicy")
    assert told.timeline.critical[-3:] == (server.urn, enforcement.urn, one("Job", "policy-probe").urn)
    fastest, cheapest = told.orders
    assert fastest.total <= cheapest.total
    assert fastest.waiting.gpu_hours >= cheapest.waiting.gpu_hours
    assert told.by_hand is not None
    assert told.by_hand.total > told.timeline.total


def told_with(**sections: object) -> Story:
    dev = given("dev")
    told = tell(replace(dev, sections={**dev.sections, **sections}), PROGRAM)
    assert isinstance(told, Story)
    return told


def test_an_order_that_is_asked_for_is_the_one_in_the_graph():
    fastest, cheapest = told_with(order="fastest"), told_with(order="cheapest")
    assert fastest.timeline.total < cheapest.timeline.total
    assert {each.order: each.total for each in fastest.orders} == {each.order: each.total for each in cheapest.orders}
    assert fastest.orders[0].total == fastest.timeline.total
    assert cheapest.orders[1].total == cheapest.timeline.total


def test_waiting_gpus_have_a_price_where_the_user_gave_one():
    fastest = told_with(prices={"PNV4.7XLARGE116": 10.0}).orders[0].waiting
    assert fastest.gpu_hours > 0
    assert fastest.cost == pytest.approx(10 * fastest.gpu_hours)
    assert story("dev").orders[0].waiting.cost is None


def test_sixteen_places_at_a_time_are_enough():
    told = story("dev")
    bounded = timeline(told.recording.registrations, lambda each: seconds_of(each, told.plan), parallel=16)
    assert bounded.total <= 1.02 * told.timeline.total


def test_by_hand_the_gpus_wait_for_the_download():
    told = story("dev")
    assert told.by_hand is not None
    assert told.by_hand.steps[0][0] == "1 cluster"
    assert told.by_hand.waiting.gpu_hours > 0
