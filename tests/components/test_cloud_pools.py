"""The CPU system pool and the pools with GPUs."""

import string
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.cloud.pools import CEILING, GpuPool, GpuPoolArgs, SystemNodePool, SystemNodePoolArgs
from components.naming import POOL_NAME_LIMIT, Naming
from planner.plan.types import DriverPlan, PoolPlan, SystemPoolPlan
from planner.pools.decide import POOL_LABEL
from rehearsal.wire import holds_secret
from settings.cluster import SystemPool
from tests.components.plans import POOL
from tests.components.recorder import ComponentRun, build

NAMING = Naming("tke-llm", "dev", {"team": "ml"})
PASSWORD = {"random:index/randomPassword:RandomPassword": {"result": "generated"}}
NATIVE = "kubernetes/nativeNodePool:NativeNodePool"
ORDINARY = "kubernetes/nodePool:NodePool"
SUPER = "kubernetes/serverlessNodePool:ServerlessNodePool"

PLAN = replace(
    POOL,
    labels=((POOL_LABEL, "gpu"), ("team", "ml")),
    node_selector=((POOL_LABEL, "gpu"),),
    tolerations=(),
)


def system(*, nodes: int = 2, key_id: str | None = None, stack: str = "dev") -> ComponentRun:
    def make() -> dict[str, pulumi.Output[Any]]:
        SystemNodePool(
            "system",
            SystemNodePoolArgs(
                naming=Naming("tke-llm", stack, {"team": "ml"}),
                plan=SystemPoolPlan(
                    instance_type="SA5.LARGE8",
                    nodes=nodes,
                    disk_gib=100,
                    key_id=key_id,
                    labels=((POOL_LABEL, "system"),),
                ),
                cluster_id="cls-1",
                vpc_id="vpc-1",
                subnet_ids=["subnet-1", "subnet-2"],
                security_group_id="sg-1",
            ),
        )
        return {}

    return build(make, outputs=PASSWORD)


def gpu(
    plan: PoolPlan = PLAN, *, hold: bool = False, preview: bool = False, paused: bool = False, **changes: Any
) -> ComponentRun:
    def make() -> dict[str, pulumi.Output[Any]]:
        downloads = [pulumi.CustomResource("test:index:Download", "download", {})] if hold else []
        pool = GpuPool(
            "gpu",
            GpuPoolArgs(
                naming=NAMING,
                plan=replace(plan, **changes),
                cluster_id="cls-1",
                vpc_id="vpc-1",
                subnet_id="subnet-1",
                security_group_id="sg-1",
                paused=paused,
                after=downloads,
            ),
        )
        assert isinstance(pool.node_pool, pulumi.CustomResource)
        return {"id": pool.node_pool.id}

    return build(make, preview=preview, outputs=PASSWORD)


def ordinary(**changes: Any) -> PoolPlan:
    return replace(PLAN, kind="ordinary", **changes)


def test_machines_do_not_outlive_the_system_pool() -> None:
    assert system().one(ORDINARY).inputs["deleteKeepInstance"] is False


def test_another_number_of_cpu_nodes_changes_the_desired_capacity_alone() -> None:
    few, many = system(nodes=1).one(ORDINARY).inputs, system(nodes=50).one(ORDINARY).inputs
    assert {key for key in few if few[key] != many[key]} == {"desiredCapacity"}
    assert many["minSize"] <= few["desiredCapacity"] < many["desiredCapacity"] <= few["maxSize"]


def test_every_size_that_the_stack_file_allows_is_within_the_bounds() -> None:
    bounds = SystemPool.model_json_schema()["properties"]["nodes"]
    assert bounds["maximum"] <= CEILING


def test_cpu_nodes_wait_until_they_are_ready_and_carry_their_label() -> None:
    cloud = system()
    inputs = cloud.one(ORDINARY).inputs
    assert inputs["waitNodeReady"] is True
    assert inputs["enableAutoScale"] is False
    assert inputs["labels"] == {POOL_LABEL: "system"}
    assert inputs["tags"].items() >= {"team": "ml", "managed-by": "tke-llm"}.items()


def test_security_groups_are_given_in_the_one_way_that_works() -> None:
    for inputs in (system().one(ORDINARY).inputs, gpu(ordinary()).one(ORDINARY).inputs):
        config = inputs["autoScalingConfig"]
        assert config["orderlySecurityGroupIds"] == ["sg-1"]
        assert "securityGroupIds" not in config


def test_without_a_key_pair_the_nodes_get_a_sealed_password() -> None:
    cloud = system()
    assert holds_secret(cloud.one(ORDINARY).sealed["autoScalingConfig"])
    config = cloud.one(ORDINARY).inputs["autoScalingConfig"]
    assert config["password"] == "generated"
    assert "keyIds" not in config


def test_with_a_key_pair_there_is_no_password_at_all() -> None:
    cloud = system(key_id="skey-1")
    config = cloud.one(ORDINARY).inputs["autoScalingConfig"]
    assert config["keyIds"] == ["skey-1"]
    assert "password" not in config
    assert not cloud.of("RandomPassword")


def test_the_password_obeys_the_rules_of_cvm() -> None:
    rules = system().one("RandomPassword").inputs
    assert 8 <= rules["length"] <= 16
    assert all(rules[f"min{kind}"] >= 1 for kind in ("Lower", "Upper", "Numeric", "Special"))
    assert set(rules["overrideSpecial"]) <= set("()`~!@#$%^&*-+=|{}[]:;',.?/") - set(string.whitespace)


@pytest.mark.parametrize("kind", ["native", "ordinary", "super"])
def test_a_pool_is_named_within_the_limit_and_its_machines_are_made_once(kind: str) -> None:
    plan = replace(PLAN, kind=kind, name="a-pool-of-16-chr")
    pools = [r for r in gpu(plan).resources if "NodePool" in r.type]
    assert len(pools) == 1
    assert len(pools[0].inputs["name"]) <= POOL_NAME_LIMIT


@pytest.mark.parametrize("kind", ["native", "ordinary", "super"])
def test_a_held_pool_waits_for_the_downloads(kind: str) -> None:
    cloud = gpu(replace(PLAN, kind=kind), hold=True)
    pool = next(r for r in cloud.resources if "NodePool" in r.type)
    assert cloud.depends(pool, cloud.one("test:index:Download"))


@pytest.mark.parametrize("kind", ["native", "ordinary", "super"])
def test_a_first_preview_plans_the_pool_without_its_id(kind: str) -> None:
    plan = replace(PLAN, kind=kind)
    planned = gpu(plan, preview=True)
    assert not planned.seen["id"].known
    assert {r.urn for r in planned.resources} == {r.urn for r in gpu(plan).resources}


def test_a_native_pool_has_machine_disk_labels_and_taints_of_the_plan() -> None:
    inputs = gpu().one(NATIVE).inputs
    native = inputs["native"]
    assert native["instanceTypes"] == ["PNV4.7XLARGE116"]
    assert native["systemDisk"] == {"diskType": "CLOUD_SSD", "diskSize": 200}
    assert (native["subnetIds"], native["securityGroupIds"]) == (["subnet-1"], ["sg-1"])
    assert inputs["labels"] == [{"name": POOL_LABEL, "value": "gpu"}, {"name": "team", "value": "ml"}]
    assert inputs["taints"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "PreferNoSchedule"}]


def test_machines_of_a_native_pool_are_tagged() -> None:
    tags = gpu().one(NATIVE).inputs["tags"]
    assert tags[0]["resourceType"] == "machine"
    assert {"key": "pulumi-stack", "value": "dev"} in tags[0]["tags"]
    assert {"key": "team", "value": "ml"} in tags[0]["tags"]


def test_a_native_pool_of_fixed_size_is_scaled_by_the_stack_file() -> None:
    pool = gpu(replace(PLAN, min_nodes=3, max_nodes=3)).one(NATIVE)
    assert pool.inputs["native"]["enableAutoscaling"] is False
    assert pool.inputs["native"]["replicas"] == 3
    assert list(pool.registration.ignore_changes) == []


def test_the_size_of_an_autoscaled_native_pool_is_left_to_the_autoscaler() -> None:
    pool = gpu(replace(PLAN, min_nodes=1, max_nodes=4)).one(NATIVE)
    native = pool.inputs["native"]
    assert native["enableAutoscaling"] is True
    assert (native["scaling"]["minReplicas"], native["scaling"]["maxReplicas"]) == (1, 4)
    assert list(pool.registration.ignore_changes) == ["native.replicas"]


def test_a_native_pool_is_billed_by_the_hour_unless_it_is_prepaid() -> None:
    assert gpu().one(NATIVE).inputs["native"]["instanceChargeType"] == "POSTPAID_BY_HOUR"
    prepaid = gpu(charge="prepaid").one(NATIVE).inputs["native"]
    assert prepaid["instanceChargeType"] == "PREPAID"
    assert prepaid["instanceChargePrepaid"]["period"] == 1


def test_native_nodes_get_public_bandwidth_only_when_asked() -> None:
    assert "internetAccessible" not in gpu().one(NATIVE).inputs["native"]
    public = gpu(public_bandwidth=50).one(NATIVE).inputs["native"]["internetAccessible"]
    assert public["maxBandwidthOut"] == 50


def test_a_key_pair_reaches_native_nodes() -> None:
    assert gpu(key_id="skey-1").one(NATIVE).inputs["native"]["keyIds"] == ["skey-1"]


def test_another_fixed_size_of_an_ordinary_pool_changes_the_desired_capacity_alone() -> None:
    one, three = (gpu(ordinary(min_nodes=n, max_nodes=n)).one(ORDINARY).inputs for n in (1, 3))
    assert {key for key in one if one[key] != three[key]} == {"desiredCapacity"}


def test_the_size_of_an_autoscaled_ordinary_pool_is_left_to_the_autoscaler() -> None:
    pool = gpu(ordinary(min_nodes=0, max_nodes=4)).one(ORDINARY)
    assert (pool.inputs["minSize"], pool.inputs["maxSize"], pool.inputs["enableAutoScale"]) == (0, 4, True)
    assert list(pool.registration.ignore_changes) == ["desiredCapacity"]
    assert "waitNodeReady" not in pool.inputs


def test_another_driver_makes_another_pool() -> None:
    pool = gpu(ordinary(), driver=DriverPlan(version="535.161.07", name="driver.run")).one(ORDINARY)
    assert pool.inputs["nodeConfig"]["gpuArgs"]["driver"] == {"version": "535.161.07", "name": "driver.run"}
    assert list(pool.registration.replace_on_changes) == ["nodeConfig.gpuArgs"]
    assert pool.registration.delete_before_replace


def test_a_driver_without_a_file_name_is_not_sent_by_halves() -> None:
    args = gpu(ordinary(), driver=DriverPlan(version="535.161.07")).one(ORDINARY).inputs["nodeConfig"]["gpuArgs"]
    assert "driver" not in args


def test_mig_and_a_driver_of_ones_own_reach_the_pool() -> None:
    driver = DriverPlan(url="https://example.com/driver.run", mig=True)
    args = gpu(ordinary(), driver=driver).one(ORDINARY).inputs["nodeConfig"]["gpuArgs"]
    assert args["customDriver"] == {"address": "https://example.com/driver.run"}
    assert args["migEnable"] is True


def test_no_driver_settings_send_no_driver_arguments() -> None:
    assert "nodeConfig" not in gpu(ordinary()).one(ORDINARY).inputs


def test_an_ordinary_pool_says_how_it_is_billed_so_that_spot_ends_when_it_is_taken_back() -> None:
    config = gpu(ordinary()).one(ORDINARY).inputs["autoScalingConfig"]
    assert config["instanceChargeType"] == "POSTPAID_BY_HOUR"
    spot = gpu(ordinary(), charge="spot", spot_max_price=2.5).one(ORDINARY).inputs["autoScalingConfig"]
    assert (spot["instanceChargeType"], spot["spotInstanceType"], spot["spotMaxPrice"]) == (
        "SPOTPAID",
        "one-time",
        "2.5",
    )


def test_ordinary_gpu_machines_do_not_outlive_their_pool() -> None:
    assert gpu(ordinary()).one(ORDINARY).inputs["deleteKeepInstance"] is False


def test_ordinary_nodes_get_a_public_address_only_when_asked() -> None:
    config = gpu(ordinary()).one(ORDINARY).inputs["autoScalingConfig"]
    assert (config["publicIpAssigned"], config["internetMaxBandwidthOut"]) == (False, 0)
    config = gpu(ordinary(), public_bandwidth=20).one(ORDINARY).inputs["autoScalingConfig"]
    assert (config["publicIpAssigned"], config["internetMaxBandwidthOut"]) == (True, 20)


def test_an_ordinary_pool_has_exactly_one_way_to_log_in() -> None:
    pool = gpu(ordinary()).one(ORDINARY)
    assert holds_secret(pool.sealed["autoScalingConfig"])
    assert "keyIds" not in pool.inputs["autoScalingConfig"]
    config = gpu(ordinary(), key_id="skey-1").one(ORDINARY).inputs["autoScalingConfig"]
    assert config["keyIds"] == ["skey-1"]
    assert "password" not in config


def test_changes_that_a_super_pool_would_drop_make_another_pool() -> None:
    pool = gpu(replace(PLAN, kind="super", instance_type="", gpu_type="T4", taints=())).one(SUPER)
    assert pool.inputs["serverlessNodes"][0]["subnetId"] == "subnet-1"
    assert pool.inputs["labels"][POOL_LABEL] == "gpu"
    assert set(pool.registration.replace_on_changes) == {"serverlessNodes", "labels"}


def test_every_child_of_a_pool_has_it_as_parent() -> None:
    cloud = gpu(ordinary())
    pool = cloud.one("tke-llm:cloud:GpuPool")
    assert {r.name: r.parent for r in cloud.resources if r is not pool} == {
        "gpu-nodes": pool.urn,
        "gpu-password": pool.urn,
    }
