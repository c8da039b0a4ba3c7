"""One server over several machines, decided."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.load import load
from planner.engines.check_spread import check_spread
from planner.engines.spread import machines, spread
from planner.plan.server import EngineSpec, Resources
from planner.software.check import check_lws
from planner.software.lws import plan_lws
from settings.diagnostics import Diagnostic
from tests.components.plans import SPEC
from tests.unit.stacks import KUBECONFIG, settings

NNODES = frozenset({"nnodes"})


def whole(engine: str = "vllm", gpus: int = 16) -> EngineSpec:
    return replace(SPEC, engine=engine, resources=Resources(cpu_millis=8000, memory_mib=32768, gpus=gpus))


def findings(engine: str = "vllm", tensor: int = 8, gpus: int = 16, *, known: bool = True, rdma: bool = False):
    return list(
        check_spread(
            "models.chat",
            engine,
            NNODES if known else (),
            tensor_parallel=tensor,
            gpus=gpus,
            slots=8,
            rdma=rdma,
        )
    )


def codes(found: list[Diagnostic]) -> set[str]:
    return {finding.code for finding in found}


@pytest.mark.parametrize(
    ("gpus", "slots", "count"), [(8, 8, 1), (16, 8, 2), (12, 8, 2), (4, 1, 4), (24, 8, 3), (10, 8, 2)]
)
def test_a_replica_takes_the_fewest_machines_that_share_it_evenly(gpus: int, slots: int, count: int):
    assert machines(gpus, slots) == count


@given(gpus=st.integers(1, 64), slots=st.integers(1, 16))
def test_every_machine_gives_as_many_gpus_and_no_more_than_it_has(gpus: int, slots: int):
    count = machines(gpus, slots)
    assert gpus % count == 0
    assert gpus // count <= slots


def test_a_server_of_one_machine_is_left_as_it_is():
    assert spread(SPEC, 1, rdma=False) is SPEC


def test_vllms_leader_and_workers_differ_by_rank_and_headlessness():
    spec = spread(whole(), 2, rdma=False)
    assert spec.spread is not None
    leader, worker = list(spec.command), list(spec.spread.worker_command)
    assert leader[leader.index("--node-rank") + 1] == "0"
    assert worker[worker.index("--node-rank") + 1] == "$(LWS_WORKER_INDEX)"
    assert "--headless" in worker
    assert "--headless" not in leader
    for command in (leader, worker):
        assert command[: len(SPEC.command)] == list(SPEC.command)
        assert command[command.index("--nnodes") + 1] == "2"
        assert command[command.index("--master-addr") + 1] == "$(LWS_LEADER_ADDRESS)"
        assert command[command.index("--distributed-executor-backend") + 1] == "mp"


def test_sglang_meets_at_one_address_and_knows_no_headless():
    spec = spread(whole("sglang"), 2, rdma=False)
    assert spec.spread is not None
    assert f"$(LWS_LEADER_ADDRESS):{spec.spread.port}" in spec.command
    assert "--headless" not in spec.spread.worker_command
    assert "--master-addr" not in spec.command


def test_each_pod_asks_for_its_own_share_of_the_gpus():
    assert spread(whole(gpus=16), 2, rdma=False).resources.gpus == 8


def test_a_replica_of_one_machine_has_nothing_against_it():
    assert findings(gpus=8) == []


def test_ollama_stays_on_one_machine():
    (error,) = findings("ollama")
    assert (error.code, error.severity, error.path) == ("MULTI_NODE_NOT_FOR_ENGINE", "error", "models.chat.engine")


def test_an_image_without_the_flag_is_refused_and_one_with_it_is_not():
    (error,) = findings(known=False)
    assert (error.code, error.path) == ("MULTI_NODE_NOT_IN_IMAGE", "models.chat.gpus")
    assert error.fix == (("models.chat.gpus", None),)
    (own,) = check_spread("models.chat", "vllm", (), tensor_parallel=8, gpus=16, slots=8, rdma=False, own_image=True)
    assert own.fix == (("models.chat.image", None),)
    assert findings() == []
    assert findings("sglang", known=False) == []


def test_layers_over_several_machines_are_slow_unless_they_have_rdma():
    assert codes(findings(tensor=16)) == {"LAYERS_SPAN_MACHINES"}
    assert findings(tensor=16, rdma=True) == []


def test_the_fix_of_spread_layers_splits_stages_instead():
    (warning,) = findings(tensor=16)
    assert dict(warning.fix) == {"models.chat.tensorParallel": 8, "models.chat.pipelineParallel": 2}


def test_gpus_that_stay_idle_are_named():
    (warning,) = findings(tensor=2, gpus=12)
    assert (warning.code, warning.given) == ("GPUS_LEFT_IDLE", "12")


def test_layers_that_straddle_two_machines_are_split_so_that_each_lies_inside_one():
    straddling = next(finding for finding in findings(tensor=4, gpus=12) if finding.code == "LAYERS_SPAN_MACHINES")
    assert dict(straddling.fix) == {"models.chat.tensorParallel": 2, "models.chat.pipelineParallel": 6}


def test_the_controller_comes_by_the_market_on_the_mainland_and_by_helm_elsewhere():
    here = plan_lws(settings(), load(), spans=True)
    there = plan_lws(settings({"network.zones": ["ap-singapore-1"]}, region="ap-singapore"), load(), spans=True)
    assert here is not None
    assert there is not None
    assert (here.installer, there.installer) == ("market", "helm")
    assert plan_lws(settings(), load(), spans=False) is None


def test_a_cluster_that_exists_keeps_its_own_controller():
    shared = settings(KUBECONFIG)
    assert plan_lws(shared, load(), spans=True) is None
    assert [f.code for f in check_lws("models.chat.gpus", shared, load())] == ["LWS_EXPECTED", "CONTROLLER_REHEARSED"]


def test_one_s_own_card_wins() -> None:
    own = replace(whole(), env=(("NCCL_SOCKET_IFNAME", "bond1"),))
    assert dict(spread(own, 2, rdma=True).env)["NCCL_SOCKET_IFNAME"] == "bond1"
    assert spread(whole("sglang"), 2, rdma=True).spread != spread(whole(), 2, rdma=True).spread
