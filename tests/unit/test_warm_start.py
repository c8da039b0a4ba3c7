"""Warm starts: what is kept for the next replica, where, and how much sooner it answers."""

import pytest

from catalog.load import load
from planner.engines.compile_cache import KEEPER
from planner.engines.prefetch import PREFETCH
from planner.plan.rollout import CompileCachePlan, StartPlan
from planner.plan.types import Plan
from planner.pools.decide import disk_for
from tests.unit.stacks import KUBECONFIG, found, merged, planned

IMAGES: dict[str, object] = {"warmStart": {"images": True}}
COMPILED: dict[str, object] = {"warmStart": {"compileCache": True}}
SCALED: dict[str, object] = {"models.chat.autoscaling": {"max": 2}, "pools.gpu.nodes": {"min": 2, "max": 2}}
GROWING: dict[str, object] = {"models.chat.autoscaling": {"max": 2}, "pools.gpu.nodes": {"min": 1, "max": 2}}
SUPER: dict[str, object] = {"pools.gpu": {"kind": "super", "gpuType": "A10*PNV4"}}
TWO_MODELS: dict[str, object] = {
    "pools.gpu": {"instanceType": "PNV4.14XLARGE232"},
    "models.chat": {"model": "Qwen/Qwen2.5-0.5B-Instruct", "pool": "gpu"},
    "models.other": {"model": "Qwen/Qwen2.5-1.5B-Instruct", "pool": "gpu", "engine": "sglang"},
}


def starts(plan: Plan, model: str = "chat") -> tuple[StartPlan, StartPlan]:
    """The model's start with nothing kept, and with what is kept."""
    assert plan.warm_start is not None
    return plan.warm_start.cold[model], plan.warm_start.warm[model]


def test_nothing_is_kept_unless_asked_for():
    plan = planned()
    assert plan.warm_start is None
    assert not [reason for reason in plan.reasons if reason.subject.endswith(".start")]


def test_a_replica_does_not_wait_for_an_image_that_was_pulled_ahead():
    plan = planned(IMAGES)
    cold, warm = starts(plan)
    assert cold.image == plan.durations["pull:chat"] > 0
    assert warm.image == 0
    assert (warm.files, warm.engine) == (cold.files, cold.engine)
    assert cold.files + cold.engine == pytest.approx(plan.durations["load:chat"])


def test_the_start_is_explained_with_what_is_kept_and_without():
    plan = planned(IMAGES)
    cold, warm = starts(plan)
    (reason,) = (each for each in plan.reasons if each.subject == "models.chat.start")
    assert reason.choice == f"{warm.seconds:.0f} s"
    assert f"with nothing kept {cold.seconds:.0f} s" in reason.because


def test_each_pool_keeps_the_images_of_its_own_models_once():
    plan = planned({**IMAGES, **TWO_MODELS})
    assert plan.warm_start is not None
    (kept,) = plan.warm_start.prefetch
    assert kept.pool == "gpu"
    assert set(kept.images) == {model.spec.image for model in plan.models.values()}
    assert len(kept.images) == 2
    assert kept.seconds == plan.durations["pull:chat"] + plan.durations["pull:other"]


def test_what_keeps_images_is_taken_off_the_room_of_its_node():
    whole, left = planned().pools["gpu"], planned(IMAGES).pools["gpu"]
    assert whole.allocatable_cpu_millis - left.allocatable_cpu_millis == PREFETCH.cpu_millis
    assert whole.allocatable_memory_mib - left.allocatable_memory_mib == PREFETCH.memory_mib


def test_the_disk_holds_the_next_image_beside_the_one_that_runs():
    plain, kept = planned(TWO_MODELS), planned({**IMAGES, **TWO_MODELS})
    images = [model.image_gib for model in plain.models.values()]
    written = 2 * 12
    """GiB: two pods of 8 for compiled kernels and 4 for what is uploaded (planner/engines/pod.py)."""
    assert plain.pools["gpu"].disk_gib == disk_for(images, written)
    assert kept.pools["gpu"].disk_gib == disk_for(images * 2, written)


def test_a_disk_that_holds_one_image_alone_is_refused_where_two_are_kept():
    assert "DISK_TOO_SMALL" not in {each.code for each in planned({"pools.gpu.disk": 100}).errors}
    (error,) = planned({**IMAGES, "pools.gpu.disk": 100}).errors
    assert (error.code, error.path) == ("DISK_TOO_SMALL", "pools.gpu.disk")


def test_super_nodes_take_images_from_an_image_cache_and_the_plan_counts_no_second_for_it():
    """Vendor 457/44484 has the annotation, and no figure of how long the disk takes to come."""
    plan = planned({**IMAGES, **SUPER})
    assert plan.warm_start is not None
    assert plan.warm_start.prefetch == ()
    assert ("eks.tke.cloud.tencent.com/use-image-cache", "auto") in plan.models["chat"].spec.annotations
    cold, warm = starts(plan)
    assert warm == cold
    assert "eks.tke.cloud.tencent.com/use-image-cache" not in dict(planned(SUPER).models["chat"].spec.annotations)


def test_who_asks_for_images_on_super_nodes_is_told_to_make_the_image_cache():
    (note,) = (each for each in planned({**IMAGES, **SUPER}).diagnostics if each.code == "IMAGE_CACHE_EXPECTED")
    assert note.path == "warmStart.images"
    assert "vllm" in note.message


def test_nothing_is_pulled_onto_nodes_that_no_label_tells_from_others():
    plan = planned({**IMAGES, **KUBECONFIG})
    assert plan.warm_start is not None
    assert plan.warm_start.prefetch == ()
    assert found(plan, "IMAGES_ON_ANY_NODE").path == "warmStart.images"


def test_nodes_that_exist_and_carry_a_label_get_the_images():
    labelled = {**KUBECONFIG, "pools": {"gpu": {**KUBECONFIG["pools"]["gpu"], "nodeSelector": {"gpu": "a10"}}}}
    plan = planned({**IMAGES, **labelled})
    assert plan.warm_start is not None
    assert [each.pool for each in plan.warm_start.prefetch] == ["gpu"]
    assert plan.pools["gpu"].allocatable_cpu_millis == 28_000 - PREFETCH.cpu_millis


def test_replicas_are_added_as_fast_as_they_come_up():
    plan = planned({**IMAGES, **SCALED})
    _, warm = starts(plan)
    assert plan.scaling["chat"].step_seconds == round(warm.seconds)
    assert plan.scaling["chat"].step_seconds < planned(SCALED).scaling["chat"].step_seconds


def test_where_the_pool_has_to_grow_a_replica_waits_for_its_machine_and_for_the_image_on_it():
    plan = planned({**IMAGES, **GROWING})
    _, warm = starts(plan)
    machine = plan.durations["native_gpu_pool"] + plan.durations["pull:chat"]
    assert plan.scaling["chat"].step_seconds == round(warm.seconds + machine)


def kept(*changes: dict[str, object]) -> CompileCachePlan:
    plan = planned(merged(COMPILED, *changes))
    assert plan.warm_start is not None
    return plan.warm_start.compile_caches["chat"]


def test_what_is_compiled_takes_its_time_off_the_next_start():
    cold, warm = starts(planned(COMPILED))
    durations = load().durations
    assert (cold.engine, warm.engine) == (durations["vllm_start"].seconds, durations["vllm_start_compiled"].seconds)
    assert warm.engine < cold.engine
    assert (warm.image, warm.files) == (cold.image, cold.files)


def test_of_sglang_the_plan_counts_no_second_for_no_source_has_both():
    cold, warm = starts(planned(merged(COMPILED, {"models.chat.engine": "sglang"})))
    assert warm == cold
    assert kept({"models.chat.engine": "sglang"}).file


@pytest.mark.parametrize(
    "other",
    [
        {"models.chat.image": "docker.io/vllm/vllm-openai:v0.21.0-cu129"},
        {"pools.gpu": {"instanceType": "GN10Xp.2XLARGE40"}, "models.chat": {"model": "Qwen/Qwen2.5-0.5B-Instruct"}},
        {"models.chat.maxModelLen": 4096},
        {"models.chat.env": {"VLLM_USE_FLASHINFER_SAMPLER": "1"}},
    ],
    ids=["image", "GPU", "argument", "variable"],
)
def test_a_replica_of_another_image_gpu_or_command_finds_a_file_of_its_own(other: dict[str, object]):
    plan = planned(merged(COMPILED, other))
    assert plan.warm_start is not None
    caches = plan.warm_start.compile_caches
    assert [each.file for each in caches.values()] != [kept().file]


def test_a_model_that_is_added_or_scaled_changes_no_file():
    more: dict[str, object] = {"models.chat.replicas": 2, "pools.gpu.nodes": 2}
    assert kept(more).file == kept().file


def test_what_keeps_it_is_taken_off_the_room_of_each_replica():
    whole, left = (planned(changes).models["chat"].spec.resources for changes in ({}, COMPILED))
    assert whole.memory_mib - left.memory_mib == pytest.approx(KEEPER.memory_mib, abs=KEEPER.memory_mib * 0.11)
    assert planned({}).pools["gpu"] == planned(COMPILED).pools["gpu"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"models.chat": {"model": "qwen2.5:0.5b", "engine": "ollama"}}, "compiles nothing"),
        ({"models.chat.extraArgs": ["--enforce-eager"]}, "--enforce-eager"),
    ],
)
def test_where_nothing_is_compiled_nothing_is_kept_and_a_note_says_why(changes: dict[str, object], reason: str):
    plan = planned(merged(COMPILED, changes))
    assert plan.warm_start is not None
    assert plan.warm_start.compile_caches == {}
    assert reason in found(plan, "NOTHING_COMPILED").message


def test_images_and_what_is_compiled_add_up():
    plan = planned({"warmStart": {"images": True, "compileCache": True}})
    _, warm = starts(plan)
    assert warm.image == 0
    assert warm.seconds == warm.files + load().durations["vllm_start_compiled"].seconds
