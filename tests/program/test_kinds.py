"""What a kind of resource is stands in one record: every resource has one, and its time comes from the plan."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest

from planner.plan.types import Plan
from rehearsal.clock import Timeline, manual, planned, waiting
from rehearsal.engine import ProgramError
from rehearsal.kind import GuideStep
from rehearsal.kinds import KINDS, find, guide_step, seconds_of
from rehearsal.registration import Registration
from rehearsal.run import rehearse
from rehearsal.subjects import part_of, pool_of
from tests.generate.stacks import BASES, SOUND, Stack
from tests.program.rehearsed import PROGRAM, given, story

SAMPLES = ("two-machines", "gateway", "team", "turbo", "local")
SPECIAL = {
    "warm starts": SOUND.changed(("warmStart", {"images": True, "modelCache": True})),
    "roles": SOUND.changed(("cluster.serviceRoles", "create")),
    "measured": SOUND.changed(("monitoring.via", "prometheus-operator")),
    "measured by Tencent": SOUND.changed(("monitoring.via", "tmp")),
    "super and turbo": BASES["turbo"].changed(("pools.gpu", {"kind": "super", "gpuType": "A10*PNV4"})),
}
GENERATED: Mapping[str, Stack] = SPECIAL | {name: BASES[name] for name in ("ordinary", "ingress", "page", "mounted")}
"""Together with the samples they register every kind."""


@cache
def recorded(name: str) -> tuple[Plan, tuple[Registration, ...]]:
    if name in SAMPLES:
        return story(name).plan, story(name).recording.registrations
    done = rehearse(GENERATED[name].given(), PROGRAM)
    assert done.plan is not None
    assert done.recording is not None, done.errors
    return done.plan, done.recording.registrations


def every() -> list[tuple[Plan, Registration]]:
    stacks = [recorded(name) for name in (*SAMPLES, *GENERATED)]
    return [(plan, each) for plan, registrations in stacks for each in registrations]


def test_every_kind_has_a_record_and_every_record_a_resource() -> None:
    """That no stack makes a kind without one, `rehearse` itself holds, wherever a test runs a program."""
    assert {each.type for _, each in every()} == set(KINDS)


def test_a_kind_without_a_record_stops_the_rehearsal_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    claim = "kubernetes:core/v1:PersistentVolumeClaim"
    # Another table: put back into this one it would stand last, and manifests are written in the table's order.
    monkeypatch.setattr("rehearsal.kinds.KINDS", {token: kind for token, kind in KINDS.items() if token != claim})
    with pytest.raises(ProgramError, match=rf"rehearsal/kinds\.py has no record of {claim}"):
        rehearse(SOUND.given(), PROGRAM)


class Asked(dict[str, float]):
    """Durations that note which of them are asked for."""

    def __init__(self, durations: Mapping[str, float]) -> None:
        super().__init__(durations)
        self.names: list[str] = []

    def __getitem__(self, name: str) -> float:
        self.names.append(name)
        return super().__getitem__(name)


def asked_for(plan: Plan, registration: Registration) -> list[str]:
    """The plan's durations that its time is the sum of."""
    durations = Asked(plan.durations)
    seconds = seconds_of(registration, replace(plan, durations=durations))
    assert seconds == sum(plan.durations[name] for name in durations.names), registration.urn
    return durations.names


def test_the_time_of_every_resource_is_a_sum_of_the_plans_durations() -> None:
    timeless = {each.type for plan, each in every() if each.custom and not asked_for(plan, each)}
    assert timeless == {"random:index/randomPassword:RandomPassword", "pulumi:providers:kubernetes"}


STEPS = {
    ("two-machines", "LeaderWorkerSet", "inference"): ["pull:chat", "load:chat"],
    ("warm starts", "DaemonSet", "image-prefetch"): ["pull:chat"],
    ("warm starts", "DaemonSet", "node-folder"): ["kubernetes_object"],
    ("warm starts", "DaemonSet", "node-files"): ["kubernetes_object"],
    ("warm starts", "Deployment", "inference"): ["load:chat"],
    ("two-machines", "NativeNodePool", ""): ["native_gpu_pool"],
    ("two-machines", "NodePool", ""): ["system_pool"],
    ("two-machines", "ClusterRelease", ""): ["helm_release"],
    ("two-machines", "Job", "download"): ["pull:chat", "download:chat"],
    ("two-machines", "Job", "smoke-test"): ["smoke_test"],
    ("two-machines", "Job", "policy-probe"): ["policy_probe"],
    ("two-machines", "PersistentVolume", "storage"): ["kubernetes_object"],
    ("two-machines", "Deployment", "chat-page"): ["pull:webui", "pvc_cbs", "webui_start"],
    ("gateway", "Gateway", "gateway"): ["load_balancer"],
    ("gateway", "HTTPRoute", "gateway"): ["kubernetes_object"],
    ("gateway", "BackendTrafficPolicy", "gateway"): ["kubernetes_object"],
    ("gateway", "ClusterRelease", ""): ["helm_release"],
    ("turbo", "FileSystem", ""): ["cfs_turbo_file_system"],
    ("ordinary", "NodePool", ""): ["ordinary_gpu_pool", "system_pool"],
    ("ordinary", "Release", ""): ["helm_release"],
    ("ordinary", "ScaledObject", "autoscaling"): ["kubernetes_object"],
    ("super and turbo", "Deployment", "inference"): ["super_pod", "pull:chat", "load:chat"],
    ("super and turbo", "ServerlessNodePool", ""): ["super_pool"],
    ("page", "Deployment", "page-state"): ["redis_start"],
    ("page", "Deployment", "chat-page"): ["pull:webui", "webui_start"],
    ("ingress", "Ingress", "ingress"): ["load_balancer"],
}
"""By stack, Pulumi's name of the type, and part in the whole."""


@pytest.mark.parametrize(("stack", "type_", "part"), STEPS, ids=[" ".join(each).strip() for each in STEPS])
def test_a_resource_takes_these_steps_of_the_plan(stack: str, type_: str, part: str) -> None:
    plan, registrations = recorded(stack)
    found = [
        each
        for each in registrations
        if each.custom
        and (each.type.rpartition(":")[2], part_of(each)) == (type_, part)
        and not each.type.endswith("Nat/gateway:Gateway")
    ]
    assert found
    assert sorted({name for each in found for name in asked_for(plan, each)}) == sorted(STEPS[stack, type_, part])


def test_a_workload_of_an_unknown_part_is_named() -> None:
    plan, registrations = recorded("gateway")
    (page,) = [each for each in registrations if each.type.endswith(":Deployment") and part_of(each) == "chat-page"]
    odd = replace(page, inputs={**page.inputs, "metadata": {"labels": {"app.kubernetes.io/component": "router"}}})
    with pytest.raises(LookupError, match=r"llm-webui-server says that it is router .* rehearsal/kinds\.py"):
        seconds_of(odd, plan)


def by_hand(seconds: Mapping[str, float]) -> tuple[float, float, float]:
    """`two-machines`, added up: until the GPUs, had they not been held, the download, and all else are there."""
    cluster = seconds["vpc"] + seconds["subnet"] + seconds["cluster"] + seconds["system_pool"]
    gpus = cluster + seconds["addon"] + seconds["native_gpu_pool"]
    namespace, volume, claim = [seconds["kubernetes_object"]] * 3
    store = cluster + seconds["cluster_endpoint_public"] + namespace + volume + claim
    download = store + seconds["pull:chat"] + seconds["download:chat"]
    server = download + seconds["native_gpu_pool"] + seconds["pull:chat"] + seconds["load:chat"]
    return gpus, download, server + seconds["addon"] + seconds["policy_probe"]


def two_machines(order: str) -> tuple[Plan, tuple[Registration, ...], Timeline]:
    of = given("two-machines")
    done = rehearse(replace(of, sections={**of.sections, "order": order}), PROGRAM)
    assert done.plan is not None
    assert done.recording is not None
    return done.plan, done.recording.registrations, planned(done.recording.registrations, done.plan)


def test_the_clock_of_two_machines_is_the_sum_of_its_steps() -> None:
    plan, registrations, times = two_machines("cheapest")
    _, _, all_up = by_hand(plan.durations)
    assert times.total == pytest.approx(all_up)
    assert [times.step(urn).kind for urn in times.critical] == [
        "vpc.Instance", "subnet.Instance", "kubernetes.Cluster", "kubernetes.NodePool", "kubernetes.ClusterEndpoint",
        "kubernetes provider", "Namespace", "PersistentVolume", "PersistentVolumeClaim", "Job",
        "kubernetes.NativeNodePool", "LeaderWorkerSet", "kubernetes.Addon", "Job",
    ]  # fmt: skip
    assert waiting(registrations, plan, times).gpu_hours == 0


def test_sixteen_gpus_wait_for_the_download_where_they_are_bought_at_once() -> None:
    plan, registrations, times = two_machines("fastest")
    gpus_there, downloaded, _ = by_hand(plan.durations)
    assert waiting(registrations, plan, times).gpu_hours == pytest.approx(16 * (downloaded - gpus_there) / 3600)


def test_pools_are_told_apart_by_what_they_carry_and_not_by_their_names() -> None:
    machines = SOUND.changed(
        ("pools", {"gpu": {"instanceType": "PNV4.7XLARGE116"},
                   "x-gpu": {"kind": "ordinary", "instanceType": "GN7.5XLARGE80"}}),
        ("models.chat.pool", "gpu"),
        ("models.small", {"model": "qwen2.5:0.5b", "engine": "ollama", "pool": "x-gpu"}),
    )  # fmt: skip
    done = rehearse(machines.given(), PROGRAM)
    assert done.plan is not None
    assert done.recording is not None, [each.message for each in done.errors]
    pools = {
        pool.name: (find(each.type).short, asked_for(done.plan, each))
        for each in done.recording.registrations
        if (pool := pool_of(each, done.plan))
    }
    assert pools == {
        "gpu": ("kubernetes.NativeNodePool", ["native_gpu_pool"]),
        "x-gpu": ("kubernetes.NodePool", ["ordinary_gpu_pool"]),
    }
    times = planned(done.recording.registrations, done.plan)
    (held,) = [each for each in done.recording.registrations if each.name == "llm-small-inference-server"]
    (pool,) = [each for each in done.recording.registrations if each.name == "llm-x-gpu-pool-nodes"]
    assert times.step(held.urn).start >= times.step(pool.urn).end


def titles(stack: str) -> dict[str, float]:
    """The guide's steps by hand, with what the machines take in each."""
    plan, registrations = recorded(stack)
    return {title: machines for title, _, machines in manual(registrations, plan).steps}


def test_the_guide_makes_a_way_in_and_scales_where_the_stack_does() -> None:
    seconds = recorded("gateway")[0].durations
    made = titles("gateway")
    assert made["9 exposure"] >= seconds["helm_release"] + seconds["load_balancer"]
    assert "7 autoscaling" not in made
    assert titles("ordinary")["7 autoscaling"] >= seconds["helm_release"] + seconds["kubernetes_object"]
    assert "9 exposure" not in titles("two-machines")


def test_the_guide_has_neither_policies_nor_a_smoke_test_and_groups_need_their_controller() -> None:
    plan, registrations = recorded("two-machines")
    steps = {each.name: guide_step(each, plan) for each in registrations}
    assert steps["llm-lws-release"] is steps["llm-lws-namespace"] is GuideStep.SERVER
    assert steps["llm-addons-cfs"] is GuideStep.STORE
    assert steps["llm-addons-nvidia-gpu"] is GuideStep.GPU_ADDON
    beyond = {"llm-addons-networkpolicy", "llm-policies-default-deny", "llm-smoke-asks", "llm-smoke-tries"}
    assert {steps[name] for name in beyond} == {GuideStep.BEYOND}
