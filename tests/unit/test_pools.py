"""Pools: what a node leaves for pods, how pods find it, and how large its disk is."""

import pytest

from catalog.load import load
from planner.plan.types import Plan
from planner.pools.allocatable import allocatable
from planner.pools.decide import disk_for
from planner.pools.machine_choice import fitting_machine
from planner.storage.decide import plan_storage
from tests.unit.stacks import KUBECONFIG, codes, found, planned, settings


def test_a_node_leaves_what_the_vendor_s_table_says_before_daemonsets():
    """Tencent Cloud document 457/48777: 0.8 cores of 32, and 3,645 MB of 32 GB, beside the 100 MiB of eviction."""
    machine = load().machines["PNV4.7XLARGE116"].model_copy(update={"vcpu": 32, "memory_gib": 32})
    cpu, memory = allocatable(machine, [], load())
    assert cpu == 32000 - 800
    assert memory == pytest.approx(32 * 1024 - 3645 - 100, abs=2)


def test_the_daemonset_of_the_gpu_add_on_counts_on_gpu_nodes():
    catalog = load()
    machine = catalog.machines["PNV4.7XLARGE116"]
    bare, with_gpu = allocatable(machine, [], catalog), allocatable(machine, ["nvidia-gpu"], catalog)
    addon = catalog.addons["nvidia-gpu"]
    assert bare[0] - with_gpu[0] == addon.daemonset_cpu_millis
    assert bare[1] - with_gpu[1] == addon.daemonset_memory_mib


def test_pods_find_a_pool_by_its_label_and_tolerate_its_taints():
    taint = {"key": "team", "value": "chat", "effect": "NoExecute"}
    pool = planned({"pools.gpu.taints": [taint], "pools.gpu.labels": {"team": "chat"}}).pools["gpu"]
    assert set(pool.node_selector) <= set(pool.labels)
    assert ("team", "chat") in pool.labels
    assert pool.tolerations == (("nvidia.com/gpu", "", ""), ("team", "chat", "NoExecute"))
    assert {key for key, _, _ in pool.taints} == {"nvidia.com/gpu", "team"}


def test_gpu_nodes_ask_pods_to_stay_away_and_refuse_no_daemonset():
    """The node DaemonSet of CFS Turbo has no toleration (catalogue, `tolerates_taints`)."""
    untold = [addon.name for addon in load().addons.values() if not addon.tolerates_taints]
    assert {"cfsturbo", "nvidia-gpu", "networkpolicy"} <= set(untold)
    assert planned().pools["gpu"].taints == (("nvidia.com/gpu", "present", "PreferNoSchedule"),)


def test_who_wants_gpu_nodes_closed_says_so_and_models_run_there_all_the_same():
    hard = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
    pool = planned({"pools.gpu.taints": [hard]}).pools["gpu"]
    assert ("nvidia.com/gpu", "present", "NoSchedule") in pool.taints
    assert ("nvidia.com/gpu", "", "") in pool.tolerations


def test_two_stacks_on_one_cluster_do_not_share_a_pool_label():
    selectors = [planned(stack=stack).pools["gpu"].node_selector for stack in ("dev", "prod")]
    assert selectors[0] != selectors[1]


def test_pods_of_super_nodes_select_and_tolerate_virtual_nodes():
    pool = planned({"pools.gpu": {"kind": "super", "gpuType": "A10*PNV4"}}).pools["gpu"]
    assert ("node.kubernetes.io/instance-type", "eklet") in pool.node_selector
    assert ("eks.tke.cloud.tencent.com/eklet", "", "NoSchedule") in pool.tolerations
    assert (pool.gpu, pool.gpus_per_node, pool.instance_type) == ("A10", 4, "")
    assert pool.taints == ()


def test_two_super_pools_are_told_apart_by_their_labels():
    changes = {
        "pools": {name: {"kind": "super", "gpuType": "L20"} for name in ("one", "two")},
        "models.chat.pool": "one",
    }
    plan = planned(changes)
    assert plan.pools["one"].node_selector != plan.pools["two"].node_selector


def test_an_existing_pool_takes_the_figures_and_labels_of_the_stack_file():
    pool = planned({**KUBECONFIG, "pools.gpu.nodeSelector": {"gpu": "a10"}}).pools["gpu"]
    assert pool.node_selector == (("gpu", "a10"),)
    assert (pool.allocatable_cpu_millis, pool.allocatable_memory_mib) == (28000, 110 * 1024)
    assert (pool.labels, pool.taints) == ((), ())


OTHER = {"kind": "existing", "gpusPerNode": 1, "cpu": 28, "memory": "110Gi"}
CHOSEN = {"pools.gpu.nodeSelector": {"gpu": "a10"}}


def test_gpu_nodes_that_no_label_finds_are_told_and_any_is_taken():
    warning = found(planned(KUBECONFIG), "ANY_GPU_NODE")
    assert (warning.severity, warning.path) == ("warning", "pools.gpu.nodeSelector")
    assert "ANY_GPU_NODE" not in codes(planned({**KUBECONFIG, **CHOSEN}))
    alike = {"pools.gpu2": {**OTHER, "gpu": "A10"}}
    assert "GPU_NODES_NOT_TOLD_APART" not in codes(planned({**KUBECONFIG, **alike}))


def test_pools_of_different_gpus_must_be_told_apart():
    changes = {
        **KUBECONFIG,
        "models.chat.pool": "gpu",
        "pools.large": {**OTHER, "gpu": "H20", "nodeSelector": {"a": "b"}},
    }
    error = found(planned(changes), "GPU_NODES_NOT_TOLD_APART")
    assert (error.severity, error.path) == ("error", "pools.gpu.nodeSelector")
    assert "H20" in error.message
    assert "GPU_NODES_NOT_TOLD_APART" not in codes(planned({**changes, **CHOSEN}))


@pytest.mark.parametrize("missing", ["cpu", "memory", "gpusPerNode", "gpu"])
def test_an_existing_pool_without_its_figures_is_refused(missing: str):
    plan = planned({**KUBECONFIG, f"pools.gpu.{missing}": None})
    assert found(plan, "POOL_FACTS_MISSING").path == f"pools.gpu.{missing}"
    assert "gpu" not in plan.pools


def test_a_disk_left_out_holds_the_engine_s_image_and_is_large_enough_for_a_native_node():
    native, ordinary = planned().pools["gpu"], planned({"pools.gpu.kind": "ordinary"}).pools["gpu"]
    image = max(i.size_gib or 0 for i in load().images if i.engine == "vllm")
    assert native.disk_gib >= 100
    assert ordinary.disk_gib >= 1.5 * image


def test_a_disk_grows_with_the_images_on_it():
    sizes = [disk_for([10] * count) for count in range(5)]
    assert sizes == sorted(set(sizes))
    assert all(size % 10 == 0 for size in sizes)


def test_a_machine_that_may_not_be_native_warns_and_one_that_is_not_is_refused():
    unknown = {"pools.gpu.instanceType": _machine(native=None)}
    never = {"pools.gpu.instanceType": _machine(native=False)}
    assert found(planned(unknown), "NOT_NATIVE").severity == "warning"
    assert found(planned(never), "NOT_NATIVE").severity == "error"


def _machine(*, native: bool | None) -> str:
    """A machine with whole GPUs of which this much is known."""
    machines = load().machines.values()
    return next(m.name for m in machines if m.native is native and m.verified and m.gpus >= 1)


def test_the_machine_that_is_proposed_serves_the_model():
    small = settings({"pools.gpu.instanceType": "SA5.LARGE8"})
    large = settings({"pools.gpu.instanceType": "SA5.LARGE8", "models.chat.model": "Qwen/Qwen2.5-72B-Instruct"})
    catalog = load()
    near, far = (fitting_machine("gpu", given, plan_storage(given, catalog), catalog) for given in (small, large))
    assert near is not None
    assert far is not None
    assert catalog.machines[near].gpus < catalog.machines[far].gpus
    assert not _on(near, {}).errors
    assert not _on(far, {"models.chat.model": "Qwen/Qwen2.5-72B-Instruct"}).errors


def _on(machine: str, changes: dict[str, object]) -> Plan:
    return planned({"pools.gpu.instanceType": machine, **changes})


def test_a_driver_may_be_stated_for_native_nodes():
    assert "DRIVER_NOT_INSTALLED" not in codes(planned({"pools.gpu.driver": "550.90.07"}))


def test_a_driver_of_one_s_own_needs_no_file_name():
    driver = {"url": "https://example.com/driver.run", "version": "550.90.07"}
    assert "DRIVER_INCOMPLETE" not in codes(planned({"pools.gpu.kind": "ordinary", "pools.gpu.driver": driver}))


def test_spot_nodes_with_a_price_are_accepted_as_ordinary_nodes():
    plan = planned({"pools.gpu": {"kind": "ordinary", "instanceType": "PNV4.7XLARGE116", "charge": "spot",
                                  "spotMaxPrice": 3}})  # fmt: skip
    assert not plan.errors


def test_an_ollama_model_may_run_on_machines_without_gpu():
    plan = planned(
        {
            "pools.gpu": {"kind": "ordinary", "instanceType": "SA5.LARGE8"},
            "models.chat": {"model": "deepseek-r1:1.5b", "engine": "ollama"},
        }
    )
    assert "MACHINE_WITHOUT_GPU" not in codes(plan)
    assert plan.pools["gpu"].taints == ()


def test_the_disk_has_room_for_what_pods_write():
    """Images of 10 GiB take 15 while they are unpacked, the system 20, and images are removed above 85 per cent."""
    assert disk_for([10]) == 50
    assert disk_for([10], held=24) == 70
    one, four = (
        planned(
            {"pools.gpu": {"kind": "ordinary", "instanceType": "GN10Xp.20XLARGE320"}, "models.chat.replicas": count}
        )
        for count in (1, 4)
    )
    assert four.pools["gpu"].disk_gib - one.pools["gpu"].disk_gib == pytest.approx(3 * 12 / 0.85, abs=10)
