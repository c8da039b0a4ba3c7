"""Requests, startup budget, update strategy and room on the pool."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.hardware import SuperGpu
from catalog.load import load
from planner.engines.operations import load_seconds, requests, shm_mib, startup_failures, super_spec, update
from planner.plan.types import PoolPlan
from planner.serving.capacity import Demand, PoolRoom, has_cpu_to_spare, has_spare, nodes_needed, room_of
from planner.serving.check_capacity import check_capacity

POOL = PoolPlan(
    name="gpu",
    kind="native",
    gpu="A10",
    gpus_per_node=4,
    instance_type="M",
    gpu_type=None,
    min_nodes=1,
    max_nodes=2,
    zone=None,
    disk_gib=100,
    disk_type="CLOUD_SSD",
    allocatable_cpu_millis=100_000,
    allocatable_memory_mib=400_000,
    labels=(),
    taints=(),
    node_selector=(),
    tolerations=(),
)


def test_a_replica_asks_for_no_more_than_its_share_of_the_machine():
    small = replace(POOL, allocatable_memory_mib=40_000, allocatable_cpu_millis=8000)
    asked = requests(small, 1, 2048)
    assert asked.memory_mib == 10_000
    assert asked.cpu_millis == 2000
    assert asked.fits


def test_replicas_that_fill_a_machine_fit_it_together():
    asked = requests(POOL, 2, shm_mib(2))
    assert 2 * asked.memory_mib <= POOL.allocatable_memory_mib
    assert 2 * asked.cpu_millis <= POOL.allocatable_cpu_millis


def test_a_replica_with_all_gpus_gets_nearly_all_memory():
    asked = requests(POOL, 4, shm_mib(4))
    assert 0.8 * POOL.allocatable_memory_mib < asked.memory_mib < POOL.allocatable_memory_mib


def test_a_replica_on_someone_else_s_machine_leaves_the_rest_alone():
    assert requests(replace(POOL, kind="existing"), 4, shm_mib(4)).memory_mib < 100_000


def test_a_machine_with_too_little_memory_is_told():
    assert not requests(replace(POOL, allocatable_memory_mib=20_000), 1, 2048).fits


def test_a_machine_with_less_than_a_core_for_a_replica_is_told():
    assert not requests(replace(POOL, allocatable_cpu_millis=2000), 1, 2048).fits


def test_an_unknown_machine_bounds_nothing():
    asked = requests(replace(POOL, allocatable_memory_mib=0, allocatable_cpu_millis=0), 1, 2048)
    assert asked.fits
    assert asked.memory_mib > 16_000


def test_without_a_gpu_the_model_s_own_memory_is_all_that_is_asked_for():
    assert requests(replace(POOL, gpu=None, gpus_per_node=0), 0, 0, least_memory_mib=3000).memory_mib == 3000


def test_shared_memory_grows_with_the_gpus_up_to_a_bound():
    assert shm_mib(1) < shm_mib(4) < shm_mib(8) == shm_mib(64)


def test_the_load_is_bytes_by_throughput():
    assert load_seconds(10**9, 100, 1, prefetch=True) == 10


def test_ranks_that_each_read_the_files_take_longer():
    assert load_seconds(10**9, 100, 8, prefetch=False) > load_seconds(10**9, 100, 8, prefetch=True)


def test_a_small_model_still_has_ten_minutes_to_start():
    assert startup_failures(5, 20) * 10 == 600


def test_a_large_model_has_twice_its_load_to_start():
    assert startup_failures(3000, 100) * 10 >= 6200


def test_a_spare_gpu_lets_the_new_pod_start_first():
    change = update(1, spare=True)
    assert (change.strategy, change.max_surge, change.max_unavailable) == ("RollingUpdate", 1, 0)


def test_a_single_replica_without_a_spare_gpu_is_recreated():
    assert update(1, spare=False).strategy == "Recreate"


def test_several_replicas_without_a_spare_gpu_make_room_one_at_a_time():
    change = update(3, spare=False)
    assert (change.strategy, change.max_surge, change.max_unavailable) == ("RollingUpdate", 0, 1)


def test_pods_are_packed_largest_first():
    assert nodes_needed(8, [(2, 1), (6, 1), (4, 2)]) == 2


def test_pods_that_do_not_pair_take_a_node_each():
    assert nodes_needed(8, [(5, 3)]) == 3


def test_room_for_one_more_is_spare():
    assert has_spare(PoolRoom(4, 2), [Demand("a", 2, 1, 3)], "a")
    assert not has_spare(PoolRoom(4, 2), [Demand("a", 2, 1, 4)], "a")


def test_super_nodes_always_have_room():
    room = room_of(replace(POOL, kind="super"))
    assert has_spare(room, [Demand("a", 1, 9, 9)], "a")


def test_a_machine_of_unknown_size_has_none_to_spare():
    room = room_of(replace(POOL, gpu=None, gpus_per_node=0, allocatable_memory_mib=0))
    assert not has_spare(room, [Demand("a", 3000, 1, 1)], "a")


@pytest.mark.parametrize(
    ("cpu", "nodes", "enough"), [(3999, 1, False), (4000, 1, False), (6000, 1, True), (4000, 2, True)]
)
def test_a_pool_without_gpu_has_cpu_to_spare_beside_replicas_and_the_page(cpu, nodes, enough):
    pool = replace(POOL, gpu=None, gpus_per_node=0, allocatable_cpu_millis=cpu, max_nodes=nodes)
    assert has_cpu_to_spare(pool, [Demand("a", 3000, 1, 1)]) is enough


def test_models_that_share_a_pool_are_counted_together_and_told_once():
    demands = [Demand("a", 4, 1, 1), Demand("b", 4, 2, 2)]
    room = room_of(POOL)
    (finding,) = check_capacity(POOL, room, demands, "a", load())
    assert (finding.code, finding.fix) == ("POOL_TOO_SMALL", (("pools.gpu.nodes", {"min": 1, "max": 3}),))
    assert list(check_capacity(POOL, room, demands, "b", load())) == []


def test_gpus_that_serve_nothing_are_noted():
    (finding,) = check_capacity(POOL, room_of(POOL), [Demand("a", 1, 1, 1)], "a", load())
    assert (finding.severity, finding.code) == ("note", "GPUS_IDLE")
    assert "3 of the 4" in finding.message


def test_autoscaling_beyond_the_pool_is_told_with_what_fits():
    (finding,) = check_capacity(POOL, room_of(POOL), [Demand("a", 4, 1, 5)], "a", load())
    assert (finding.code, finding.fix) == ("AUTOSCALING_BEYOND_POOL", (("models.a.autoscaling.max", 2),))


@pytest.mark.parametrize(("gpus", "expected"), [(1, (28000, 116 * 1024)), (2, None)])
def test_a_super_node_offers_what_its_table_says(gpus: int, expected: tuple[int, int] | None):
    kind = SuperGpu.model_validate(
        {
            "name": "A10",
            "gpu": "A10",
            "source": "a test",
            "specs": [{"gpus": 1, "vcpu": [2, 28], "memory_gib": [2, 116]}],
        }
    )
    assert super_spec(kind, gpus) == expected


def one_by_one(slots: int, pods: list[tuple[int, int]]) -> int:
    """Nodes by placing every pod for itself, the largest first, on the first node that has room."""
    free: list[int] = []
    for size in sorted((size for size, count in pods for _ in range(count)), reverse=True):
        node = next((index for index, left in enumerate(free) if left >= size), None)
        if node is None:
            free.append(max(0, slots - size))
        else:
            free[node] -= size
    return len(free)


@given(st.integers(1, 40), st.lists(st.tuples(st.integers(1, 45), st.integers(0, 12)), max_size=6))
def test_nodes_counted_by_size_are_those_that_pods_placed_one_by_one_take(slots: int, pods: list[tuple[int, int]]):
    assert nodes_needed(slots, pods) == one_by_one(slots, pods)


def test_the_nodes_of_as_many_pods_as_there_are_stars_are_counted_at_once():
    assert nodes_needed(8, [(3, 8 * 10**17), (2, 8 * 10**17)]) == 5 * 10**17


def test_the_most_replicas_that_fit_are_found_among_a_million_by_halving():
    (finding,) = check_capacity(POOL, room_of(POOL), [Demand("a", 4, 1, 10**6)], "a", load())
    (_, most) = finding.fix[0]
    assert (finding.code, most) == ("AUTOSCALING_BEYOND_POOL", room_of(POOL).nodes)


def test_replicas_for_more_nodes_than_a_pool_can_have_are_to_be_lowered():
    (finding,) = check_capacity(POOL, room_of(POOL), [Demand("a", 4, 5000, 5000)], "a", load())
    assert finding.code == "POOL_TOO_SMALL"
    assert finding.fix == ()
    assert "1000 nodes at most" in finding.message
