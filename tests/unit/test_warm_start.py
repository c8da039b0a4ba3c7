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


FILES: dict[str, object] = {"warmStart": {"modelCache": True}}
FAST_DISK: dict[str, object] = {
    **FILES,
    "pools.gpu": {"kind": "ordinary", "instanceType": "PNV4.7XLARGE116", "disk": {"size": 460, "type": "CLOUD_HSSD"}},
}
OLLAMA: dict[str, object] = {"models.chat": {"model": "qwen2.5:0.5b", "engine": "ollama"}}
OF_A_DISK = "min(120 + 0.2 x GiB, 260) MB/s"
"""Tencent Cloud document 362/2353 on SSD cloud disks."""


def test_files_that_are_kept_on_the_node_are_read_at_the_disks_speed():
    cold, warm = starts(planned(FAST_DISK))
    read = planned().models["chat"].download.bytes / 1e6
    # 120 + 0.5 x 460 (document 362/39611).
    assert warm.files == pytest.approx(read / 350)
    assert cold.files == pytest.approx(read / planned().storage.read_mbps)
    assert warm.files < cold.files
    assert (warm.image, warm.engine) == (cold.image, cold.engine)


def test_a_slow_disk_is_told_with_both_figures_and_with_the_nearest_one_that_is_faster():
    plan = planned(FILES)
    warning = found(plan, "MODEL_CACHE_SLOWER")
    cold, warm = starts(plan)
    assert warm.files > cold.files
    disk = plan.pools["gpu"]
    assert (disk.disk_type, disk.disk_gib) == ("CLOUD_SSD", 100)
    assert f"{120 + 0.2 * 100:.0f} MB/s" in warning.message, OF_A_DISK
    assert f"{plan.storage.read_mbps:.0f} MB/s" in warning.message
    mended = planned({**FILES, warning.fix[0][0]: warning.fix[0][1]})
    assert "MODEL_CACHE_SLOWER" not in {each.code for each in mended.diagnostics}
    smaller = {"type": "CLOUD_SSD", "size": mended.pools["gpu"].disk_gib - 10}
    assert found(planned({**FILES, "pools.gpu.disk": smaller}), "MODEL_CACHE_SLOWER")


def test_where_no_disk_of_the_machine_is_faster_the_fix_leaves_the_cache_out():
    fast: dict[str, object] = {
        "storage": {"kind": "cfs-turbo", "capacity": 40960, "ccnId": "ccn-1", "turboCidr": "11.0.0.0/24"}
    }
    warning = found(planned({**FILES, **fast}), "MODEL_CACHE_SLOWER")
    assert dict(warning.fix) == {"warmStart.modelCache": None}


def test_replicas_that_start_at_once_share_the_store_and_the_warning_says_so():
    two: dict[str, object] = {**FILES, "pools.gpu.nodes": 2, "models.chat.replicas": 2}
    assert "2 share" in found(planned(two), "MODEL_CACHE_SLOWER").message
    assert "share" not in found(planned(FILES), "MODEL_CACHE_SLOWER").message


def test_the_disk_holds_the_files_beside_images_and_what_pods_write():
    plain, cached = planned(IMAGES), planned({"warmStart": {"images": True, "modelCache": True}})
    images, files = [plain.models["chat"].image_gib] * 2, plain.models["chat"].weights_gib
    assert cached.pools["gpu"].disk_gib == disk_for(images, 12 + files) > plain.pools["gpu"].disk_gib


def test_a_disk_that_does_not_hold_the_files_is_refused():
    small: dict[str, object] = {"pools.gpu": {"kind": "ordinary", "instanceType": "PNV4.7XLARGE116", "disk": 80}}
    assert "DISK_TOO_SMALL" not in {each.code for each in planned(small).errors}
    (error,) = planned({**FILES, **small}).errors
    assert (error.code, error.path) == ("DISK_TOO_SMALL", "pools.gpu.disk")


def test_files_for_which_no_disk_is_large_enough_are_refused():
    """2048 GiB is the largest system disk (provider: system_disk_size)."""
    huge = {
        f"models.m{number}": {"model": "deepseek-ai/DeepSeek-R1", "pool": "gpu", "revision": f"r{number}"}
        for number in range(4)
    }
    machines: dict[str, object] = {"pools.gpu": {"instanceType": "PNV6.96XLARGE2304", "nodes": 4}, "models.chat": None}
    plan = planned({**FILES, **machines, **huge})
    assert found(plan, "MODEL_CACHE_TOO_LARGE").severity == "error"
    assert "MODEL_CACHE_TOO_LARGE" not in {each.code for each in planned({**machines, **huge}).errors}


def test_models_of_the_same_files_are_kept_once():
    twins: dict[str, object] = {
        **FILES,
        "pools.gpu.nodes": 2,
        "models.twin": {"model": planned().models["chat"].model_id, "pool": "gpu"},
    }
    plan = planned(twins)
    assert plan.warm_start is not None
    (kept,) = plan.warm_start.node_caches
    assert kept.directories == (plan.models["chat"].download.directory,)


def test_drafts_and_adapters_are_kept_too():
    plan = planned({**FILES, "models.chat.lora": {"maxRank": 8, "adapters": {"mine": "someone/mine"}}})
    assert plan.warm_start is not None
    (kept,) = plan.warm_start.node_caches
    assert len(kept.directories) == 2
    assert set(kept.directories) == {each.directory for each in plan.models["chat"].downloads}


def test_replicas_are_added_as_fast_as_they_come_up_with_their_files_on_the_node():
    wide = {**FAST_DISK, "models.chat.autoscaling": {"max": 2}, "pools.gpu.nodes": {"min": 2, "max": 2}}
    _, warm = starts(planned(wide))
    assert planned(wide).scaling["chat"].step_seconds == round(warm.seconds)


def test_on_a_machine_that_the_pool_makes_for_it_a_replica_reads_the_store():
    growing = {**FAST_DISK, "models.chat.autoscaling": {"max": 2}, "pools.gpu.nodes": {"min": 1, "max": 2}}
    plan = planned(growing)
    cold, _ = starts(plan)
    assert plan.scaling["chat"].step_seconds == round(plan.durations["ordinary_gpu_pool"] + cold.seconds)


def test_super_nodes_keep_no_files_and_who_asks_is_told():
    plan = planned({**FILES, **SUPER})
    assert plan.warm_start is not None
    assert plan.warm_start.node_caches == ()
    assert "super nodes" in found(plan, "MODEL_CACHE_NOWHERE").message
    cold, warm = starts(plan)
    assert warm == cold


def test_no_files_are_kept_on_nodes_that_no_label_tells_from_others():
    shared: dict[str, object] = {"storage": {"kind": "class", "className": "nfs"}}
    plan = planned({**FILES, **KUBECONFIG, **shared})
    assert plan.warm_start is not None
    assert plan.warm_start.node_caches == ()
    assert "nodeSelector" in found(plan, "MODEL_CACHE_NOWHERE").remedy
    labelled = {**KUBECONFIG, "pools": {"gpu": {**KUBECONFIG["pools"]["gpu"], "nodeSelector": {"gpu": "a10"}}}}
    plan = planned({**FILES, **labelled, **shared})
    assert plan.warm_start is not None
    assert [each.pool for each in plan.warm_start.node_caches] == ["gpu"]
    cold, warm = starts(plan)
    assert warm == cold
    assert found(plan, "MODEL_CACHE_SPEED_UNKNOWN").severity == "note"


def test_a_store_that_one_node_mounts_cannot_be_read_by_a_pod_on_each():
    (error,) = planned({**FILES, **KUBECONFIG}).errors
    assert (error.code, error.path) == ("MODEL_CACHE_NEEDS_SHARED_STORE", "warmStart.modelCache")
    assert planned({**KUBECONFIG, error.fix[0][0]: error.fix[0][1]}).errors == ()


def test_of_an_engine_without_python_no_files_are_kept_and_a_note_says_why():
    plan = planned({**FILES, **OLLAMA})
    assert plan.warm_start is not None
    assert plan.warm_start.node_caches == ()
    assert "Ollama" in found(plan, "FILES_NOT_KEPT").message
    assert plan.pools["gpu"].disk_gib == planned(OLLAMA).pools["gpu"].disk_gib


def test_a_long_namespace_has_a_namespace_for_its_folders_too():
    plan = planned({**FILES, "namespace": "n" * 63})
    assert plan.warm_start is not None
    (kept,) = plan.warm_start.node_caches
    assert len(kept.namespace) <= 63
    assert kept.namespace.endswith("-node-cache")
    other = planned({**FILES, "namespace": "n" * 62})
    assert other.warm_start is not None
    assert other.warm_start.node_caches[0].folder != kept.folder
