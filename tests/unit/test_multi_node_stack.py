"""A model over several machines, from the stack file to the plan."""

import pytest

from planner.plan.types import ModelPlan
from tests.unit.stacks import codes, found, planned

R1 = "deepseek-ai/DeepSeek-R1"
H20X8: dict[str, object] = {"pools.gpu.instanceType": "PNV6.32XLARGE1280", "models.chat.model": R1}
TWO: dict[str, object] = {**H20X8, "pools.gpu.nodes": 2, "models.chat.gpus": 16}


def chat(changes: dict[str, object]) -> ModelPlan:
    plan = planned(changes)
    assert not plan.errors, plan.errors
    return plan.models["chat"]


def test_a_replica_spans_machines_where_its_gpus_are_asked_for_and_the_pool_has_them():
    model = chat(TWO)
    assert (model.gpus, model.nodes, model.tensor_parallel, model.pipeline_parallel) == (16, 2, 8, 2)
    assert model.spec.resources.gpus == 8
    assert model.spec.spread is not None
    assert model.spec.spread.size == 2


def test_a_replica_that_fits_one_machine_stays_there_however_many_there_are():
    model = chat(H20X8 | {"pools.gpu.nodes": 2})
    assert (model.gpus, model.nodes, model.spec.spread) == (8, 1, None)


def test_parallelism_alone_spreads_a_replica_too():
    assert chat(H20X8 | {"pools.gpu.nodes": 2, "models.chat.pipelineParallel": 4}).nodes == 2


def test_more_machines_hold_a_longer_context():
    assert (chat(TWO).max_model_len or 0) > (chat(H20X8).max_model_len or 0)


def test_a_pod_of_a_spread_replica_gets_its_share_of_one_machine():
    one, two = chat(H20X8), chat(TWO)
    assert two.spec.resources.memory_mib == one.spec.resources.memory_mib
    shm = {scratch.name: scratch.size_mib for scratch in two.spec.scratch}["shm"]
    assert shm == {scratch.name: scratch.size_mib for scratch in one.spec.scratch}["shm"]


def test_every_replica_takes_its_machines():
    short = planned(TWO | {"models.chat.replicas": 2})
    assert found(short, "POOL_TOO_SMALL").fix == (("pools.gpu.nodes", 4),)
    assert not planned(TWO | {"models.chat.replicas": 2, "pools.gpu.nodes": 4}).errors


def test_an_update_rolls_only_where_a_whole_replica_is_to_spare():
    assert chat(TWO | {"pools.gpu.nodes": 3}).strategy == "Recreate"
    assert chat(TWO | {"pools.gpu.nodes": 4}).strategy == "RollingUpdate"


@pytest.mark.parametrize(("key", "asked"), [("gpus", 16), ("tensorParallel", 16), ("pipelineParallel", 16)])
def test_a_pool_of_one_machine_holds_no_more_gpus_than_that_has(key: str, asked: int):
    refused = planned(H20X8 | {f"models.chat.{key}": asked})
    assert found(refused, "GPUS_EXCEED_NODE").path == f"models.chat.{key}"
    assert codes(refused, "error") == {"GPUS_EXCEED_NODE"}


def test_gpus_that_the_machines_cannot_share_evenly_are_refused():
    assert found(planned(TWO | {"models.chat.gpus": 15}), "GPUS_EXCEED_NODE").given == "15"


def test_a_model_that_no_machine_holds_is_given_several():
    big = {**H20X8, "models.chat.model": "zai-org/GLM-5.2-FP8"}
    needed = found(planned(big), "MULTI_NODE_NEEDED")
    assert dict(needed.fix) == {"models.chat.gpus": 16, "pools.gpu.nodes": 2}
    assert chat(big | dict(needed.fix)).nodes == 2


def test_layers_split_over_the_vpc_are_warned_of_and_over_rdma_are_not():
    slow = TWO | {"models.chat.tensorParallel": 16}
    rdma = {**slow, "pools.gpu": {"kind": "ordinary", "instanceType": "HCCPNV6.96XLARGE2304", "nodes": 2}}
    assert found(planned(slow), "LAYERS_SPAN_MACHINES").path == "models.chat.tensorParallel"
    assert "LAYERS_SPAN_MACHINES" not in codes(planned(rdma))
    spread = chat(rdma).spec.spread
    assert spread is not None
    assert spread.rdma


def test_ollama_and_old_releases_stay_on_one_machine():
    ollama = TWO | {"models.chat.engine": "ollama", "models.chat.model": "deepseek-r1:671b"}
    assert found(planned(ollama), "MULTI_NODE_NOT_FOR_ENGINE").path == "models.chat.engine"
    v100 = {"pools.gpu": {"instanceType": "GN10Xp.2XLARGE40", "nodes": 2}, "models.chat.gpus": 2}
    assert found(planned(v100), "MULTI_NODE_NOT_IN_IMAGE").path == "models.chat.gpus"


def test_an_image_that_nobody_knows_is_only_doubted():
    own = TWO | {"models.chat.image": "registry.example.com/team/vllm:v9.9.9"}
    assert "MULTI_NODE_NOT_IN_IMAGE" not in codes(planned(own), "error")


def test_the_controller_is_installed_for_a_spread_model_only():
    assert [install.software for install in planned(TWO).installs] == ["lws"]
    assert planned(H20X8).installs == ()
    assert planned({"models.chat.autoscaling": {"max": 1}}).installs[0].software == "keda"


def test_the_plan_says_over_how_many_machines():
    assert any(r.subject == "models.chat.gpus" and "2 machines" in r.choice for r in planned(TWO).reasons)
