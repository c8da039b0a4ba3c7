"""Memory of the machine for what the GPU's cache has no room for: what the engines are told, and what it takes."""

from planner.plan.types import ModelPlan
from tests.unit.stacks import argument, codes, found, planned, served

OFFLOAD = {"models.chat.kvOffload": {"gib": 24}}
SGLANG = {"models.chat.engine": "sglang"}
TWO_GPUS = {"pools.gpu.instanceType": "PNV4.14XLARGE232", "models.chat.tensorParallel": 2}


def shm(plan: ModelPlan) -> int:
    return next(each.size_mib for each in plan.spec.scratch if each.name == "shm")


def test_vllm_is_told_the_size_for_all_its_gpus() -> None:
    """vLLM 0.29.0, config/cache.py: "the total buffer size summed across all TP ranks", in GiB."""
    assert argument(served(OFFLOAD), "--kv-offloading-size") == "24"
    assert argument(served(OFFLOAD, TWO_GPUS), "--kv-offloading-size") == "24"
    assert argument(served(), "--kv-offloading-size") is None


def test_vllm_keeps_it_in_shared_memory_and_the_pod_has_room_for_it() -> None:
    """vLLM 0.29.0, v1/kv_offload/cpu/shared_offload_region.py: a file in /dev/shm, whose free space it checks."""
    plain, offloading = served(), served(OFFLOAD)
    assert shm(offloading) - shm(plain) == 24 * 1024
    assert offloading.spec.resources.memory_mib >= 24 * 1024 + shm(plain)


def test_sglang_is_told_gigabytes_for_each_gpu() -> None:
    """SGLang 0.5.18, srt/mem_cache/pool_host/base.py: host_size x 1e9 bytes in every rank."""
    plan = served(OFFLOAD, SGLANG, TWO_GPUS)
    assert "--enable-hierarchical-cache" in plan.spec.command
    assert argument(plan, "--hicache-size") == str(int(24 * 2**30 / 1e9 / 2))
    assert shm(plan) == shm(served(SGLANG, TWO_GPUS))


def test_a_pod_on_part_of_a_machine_asks_for_that_much_more() -> None:
    shared = {"pools.gpu.instanceType": "PNV4.14XLARGE232", "models.chat.tensorParallel": 1}
    more = served(shared, OFFLOAD).spec.resources.memory_mib - served(shared).spec.resources.memory_mib
    assert more == 24 * 1024


def test_a_release_that_may_forget_windows_is_said() -> None:
    """vLLM PR 41847, 2026-05: connectors turned the hybrid cache manager off, "ballooning KV memory allocation"."""
    sliding: dict[str, object] = {
        "models.chat.model": "openai/gpt-oss-20b",
        "pools.gpu": {"kind": "existing", "gpu": "A100-80", "gpusPerNode": 1, "cpu": 28, "memory": "110Gi"},
    }
    old = {"models.chat.image": "docker.io/vllm/vllm-openai:v0.21.0"}
    assert found(planned(sliding | OFFLOAD | old), "OFFLOAD_DROPS_WINDOWS").severity == "warning"
    assert "OFFLOAD_DROPS_WINDOWS" not in codes(planned(sliding | OFFLOAD))


def test_sglang_is_told_one_gigabyte_at_the_least() -> None:
    """0 would have it take twice the GPU's cache (SGLang 0.5.18, srt/server_args.py, `hicache_ratio`)."""
    assert argument(served({"models.chat.kvOffload": {"gib": 1}}, SGLANG, TWO_GPUS), "--hicache-size") == "1"


def test_the_first_release_that_has_it_is_named() -> None:
    old = {"models.chat.image": "docker.io/vllm/vllm-openai:v0.11.0"}
    assert "v0.14.1" in found(planned(OFFLOAD | old), "SETTING_NOT_IN_IMAGE").message


def test_the_largest_that_the_machine_has_room_for_is_named() -> None:
    said = found(planned({"models.chat.kvOffload": {"gib": 900}}), "OFFLOAD_TOO_LARGE")
    ((path, most),) = said.fix
    assert served({path: most}).kv_offload_gib == most
