"""What the provider does badly, and that no program of ours meets it (docs/provider-traps.md).

The whole stack is built with one pool of each kind, so that a trap is looked for in everything that is registered.
"""

import tomllib
from functools import cache
from ipaddress import IPv4Network
from pathlib import Path

import pulumi
import pytest
import tencentcloud_iac_pulumi as tencentcloud
import yaml

from catalog.load import load
from components.cloud.load_balancer import LoadBalancerGuard, LoadBalancerGuardArgs
from components.cloud.pools import GpuPool, GpuPoolArgs
from components.naming import Naming
from components.stack import LlmStack, LlmStackArgs
from planner.plan.types import Plan
from planner.plan_stack import plan_stack
from planner.software.addons import plan_addons
from tests.components.plans import POOL
from tests.components.recorder import ComponentRun, Registered, build
from tests.unit.stack_files import parsed, sound
from tests.unit.stacks import settings

ROOT = Path(__file__).parents[2]
ORDINARY = "kubernetes/nodePool:NodePool"
ENDPOINT = "tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint"
OUTPUTS = {
    ENDPOINT: {"kubeConfig": "the endpoint's", "kubeConfigIntranet": "the endpoint's"},
    "tencentcloud:Kubernetes/cluster:Cluster": {"kubeConfig": "", "kubeConfigIntranet": ""},
    "random:index/randomPassword:RandomPassword": {"result": "generated"},
}
SMALL = "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B"
EVERY_KIND: dict[str, object] = {
    "pools": {
        "native": {"instanceType": "PNV4.7XLARGE116"},
        "ordinary": {
            "kind": "ordinary",
            "instanceType": "PNV4.7XLARGE116",
            "driver": {"version": "550.90.07", "name": "NVIDIA-Linux-x86_64-550.90.07.run"},
            "charge": "spot",
        },
        "super": {"kind": "super", "gpuType": "A10*PNV4"},
    },
    "models": {kind: {"model": SMALL, "pool": kind} for kind in ("native", "ordinary", "super")},
}


@cache
def every_kind() -> ComponentRun:
    """The stack with a pool of each kind, registered to the end."""
    decided = plan_stack(settings(EVERY_KIND))
    assert not decided.errors, decided.errors
    return stack(decided)


def stack(decided: Plan) -> ComponentRun:
    def make() -> dict[str, pulumi.Output[object]]:
        made = LlmStack("llm", LlmStackArgs(plan=decided, secrets={}))
        return {"kubeconfig": pulumi.Output.from_input(made.outputs["kubeconfig"])}

    return build(make, outputs=OUTPUTS)


def ordinary_pools() -> list[Registered]:
    pools = every_kind().of(ORDINARY)
    assert len(pools) == 2, "the system pool and one with GPUs"
    return pools


def test_the_kubeconfig_is_the_endpoints_while_the_clusters_own_is_still_empty() -> None:
    assert every_kind().seen["kubeconfig"].value == "the endpoint's"


def test_no_pool_uses_the_argument_for_security_groups_that_always_errs() -> None:
    for pool in ordinary_pools():
        machine = pool.inputs["autoScalingConfig"]
        assert machine["orderlySecurityGroupIds"]
        assert "securityGroupIds" not in machine


def test_every_pool_of_machines_has_exactly_one_way_to_log_in() -> None:
    for pool in ordinary_pools():
        assert len({"password", "keyIds"} & pool.inputs["autoScalingConfig"].keys()) == 1


def test_no_machine_outlives_its_pool() -> None:
    assert [pool.inputs["deleteKeepInstance"] for pool in ordinary_pools()] == [False, False]


def test_every_pool_of_machines_says_how_it_is_billed() -> None:
    charges = {pool.inputs["autoScalingConfig"]["instanceChargeType"] for pool in ordinary_pools()}
    assert charges == {"POSTPAID_BY_HOUR", "SPOTPAID"}


def test_every_size_is_within_the_pools_bounds() -> None:
    for pool in ordinary_pools():
        assert pool.inputs["minSize"] <= pool.inputs["desiredCapacity"] <= pool.inputs["maxSize"]


def test_every_protocol_and_action_is_in_upper_case_and_every_group_has_a_description() -> None:
    def guard() -> None:
        allow = [IPv4Network("198.18.0.0/24")]
        LoadBalancerGuard("guard", LoadBalancerGuardArgs(naming=Naming("tke-llm", "dev"), allow=allow))

    for registered in (every_kind(), build(guard)):
        for rules in registered.of("groupRuleSet:GroupRuleSet"):
            for rule in (*rules.inputs["ingresses"], *rules.inputs["egresses"]):
                assert rule["protocol"] == rule["protocol"].upper()
                assert rule["action"] == rule["action"].upper()
        assert all(group.inputs["description"] for group in registered.of("security/group:Group"))


def test_changes_that_the_provider_drops_make_another_pool() -> None:
    gpu = every_kind().one(ORDINARY, "llm-ordinary-pool-nodes")
    virtual = every_kind().one("serverlessNodePool:ServerlessNodePool")
    assert "nodeConfig.gpuArgs" in gpu.registration.replace_on_changes
    assert {"serverlessNodes", "labels"} <= set(virtual.registration.replace_on_changes)
    # Its name is taken until it is gone.
    assert gpu.registration.delete_before_replace
    assert virtual.registration.delete_before_replace


@pytest.mark.parametrize("kind", ["native", "ordinary"])
def test_an_autoscaler_and_the_stack_file_do_not_both_set_the_size(kind: str) -> None:
    def make() -> None:
        given = POOL.__class__(**{**vars(POOL), "kind": kind, "min_nodes": 1, "max_nodes": 3})
        GpuPool(
            "gpu",
            GpuPoolArgs(
                naming=Naming("tke-llm", "dev"),
                plan=given,
                cluster_id="cls-1",
                vpc_id="vpc-1",
                subnet_id="subnet-1",
                security_group_id="sg-1",
            ),
        )

    (pool,) = build(make, outputs=OUTPUTS).of("NodePool")
    (ignored,) = pool.registration.ignore_changes
    assert ignored in {"native.replicas", "desiredCapacity"}


def test_everything_that_is_registered_is_a_resource_that_the_sdk_still_has() -> None:
    known = {
        getattr(member, "pulumi_type", None)
        for module in (value for value in vars(tencentcloud).values() if hasattr(value, "__name__"))
        for member in vars(module).values()
        if isinstance(member, type) and issubclass(member, pulumi.CustomResource)
    }
    used = {each.type for each in every_kind().resources if each.type.startswith("tencentcloud:")}
    assert used
    assert used <= known
    # Files of both are in the package, but the provider has them no more.
    assert not {"AddonAttachment"} & set(dir(tencentcloud.kubernetes))


def test_every_addon_of_a_plan_is_one_of_the_catalogue() -> None:
    catalog = load()
    for changes in ({}, EVERY_KIND, {"storage": {"kind": "cfs-turbo", "ccnId": "ccn-1", "turboCidr": "11.0.0.0/24"}}):
        names = {addon.name for addon in plan_addons(settings(changes), catalog)}
        assert names
        assert names <= catalog.addons.keys()


def test_a_bandwidth_that_no_gateway_has_is_refused_with_those_there_are() -> None:
    found = parsed({**sound(), "network": {"zones": ["ap-guangzhou-6"], "nat": {"bandwidth": 300}}})
    (fault,) = [each for each in found.problems if each.path == "network.nat.bandwidth"]
    assert (fault.severity, fault.code) == ("error", "IMPOSSIBLE_VALUE")
    assert {"`200`", "`500`"} <= set(fault.allowed.replace(",", " ").split())


def test_a_range_of_nodes_upside_down_is_refused() -> None:
    found = parsed({**sound(), "pools": {"gpu": {"instanceType": "PNV4.7XLARGE116", "nodes": {"min": 3, "max": 1}}}})
    assert [each.path for each in found.problems if each.severity == "error"][:1] == ["pools.gpu.nodes"]


def test_nothing_depends_on_what_a_cluster_creation_can_no_longer_change() -> None:
    cluster = every_kind().one("kubernetes/cluster:Cluster")
    assert not {"workerConfigs", "extensionAddons", "disableAddons", "clusterInternet"} & cluster.inputs.keys()


def test_the_claims_go_before_the_group_that_guards_their_file_system() -> None:
    cloud = every_kind()
    group = cloud.one("cfs/accessGroup:AccessGroup")
    claim = next(each for each in cloud.of("PersistentVolumeClaim") if each.inputs["metadata"]["name"] == "ai-model")
    assert cloud.depends(claim, group)


def test_the_engine_looks_for_no_pip_and_for_the_plugins_that_are_needed_only() -> None:
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert project["runtime"]["options"]["toolchain"] == "uv"
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    plugins = {name.split(">")[0].split("=")[0] for name in asked if name.startswith(("pulumi-", "tencentcloud"))}
    assert plugins == {"pulumi-kubernetes", "pulumi-random", "tencentcloud-iac-pulumi"}
