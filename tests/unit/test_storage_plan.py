"""The model store and the WebUI's volume."""

import pytest

from catalog.load import load
from planner.pools.check_system_pool import PATH
from tests.unit.stacks import KUBECONFIG, codes, found, planned

TURBO = {"kind": "cfs-turbo", "ccnId": "ccn-1", "turboCidr": "11.0.0.0/24"}


@pytest.mark.parametrize("performance", ["sd", "hp"])
def test_cfs_takes_the_type_and_the_stable_protocol(performance: str):
    store = planned({"storage.performance": performance}).storage
    parameters = dict(store.parameters)
    assert (parameters["storagetype"], parameters["vers"]) == (performance.upper(), "3")


def test_a_claim_holds_the_models_with_room_for_another_revision():
    plan = planned(
        {
            "models.chat.model": "deepseek-ai/DeepSeek-R1",
            "pools.gpu": {"instanceType": "PNV6.96XLARGE2304", "kind": "ordinary"},
        }
    )
    assert plan.storage.request_gib > plan.models["chat"].weights_gib
    assert plan.storage.request_gib % 10 == 0


def test_a_fuller_store_reads_faster_and_a_standard_one_slower():
    small, standard = planned().storage, planned({"storage.performance": "sd"}).storage
    large = planned({"models.chat.model": "Qwen/Qwen2.5-72B-Instruct"}).storage
    assert standard.read_mbps < small.read_mbps < large.read_mbps


@pytest.mark.parametrize(("performance", "entry"), [("hp", "cfs-turbo-tp"), ("sd", "cfs-turbo-tb")])
def test_turbo_is_sold_in_steps(performance: str, entry: str):
    facts = load().stores[entry]
    assert facts.min_gib is not None
    assert facts.step_gib is not None
    for capacity in (facts.min_gib, facts.min_gib + facts.step_gib):
        assert "TURBO_CAPACITY" not in codes(planned({"storage": {**TURBO, "performance": performance,
                                                                  "capacity": capacity}}))  # fmt: skip
    below = planned({"storage": {**TURBO, "performance": performance, "capacity": facts.min_gib - 1}})
    assert dict(found(below, "TURBO_CAPACITY").fix) == {"storage.capacity": facts.min_gib}
    between = planned({"storage": {**TURBO, "performance": performance, "capacity": facts.min_gib + 1}})
    assert dict(found(between, "TURBO_CAPACITY").fix) == {"storage.capacity": facts.min_gib + facts.step_gib}


def test_a_turbo_that_is_made_needs_its_network():
    plan = planned({"storage": {"kind": "cfs-turbo", "capacity": 20480}})
    assert {d.path for d in plan.errors if d.code == "STORAGE_INCOMPLETE"} == {"storage.ccnId", "storage.turboCidr"}


@pytest.mark.parametrize(
    ("changes", "elastic"),
    [
        ({}, True),
        ({"storage.performance": "sd"}, True),
        ({"storage": {**TURBO, "capacity": 20480}}, False),
        ({**KUBECONFIG}, False),
        ({**KUBECONFIG, "storage": {"kind": "class", "className": "nfs"}}, True),
        ({**KUBECONFIG, "storage": {"kind": "class", "className": "disk", "accessMode": "ReadWriteOnce"}}, False),
    ],
    ids=["CFS", "standard CFS", "Turbo", "a default class", "a shared class", "a class of disks"],
)
def test_free_space_decides_on_disks_and_turbo_but_not_on_what_grows(changes: dict[str, object], elastic: bool):
    plan = planned(changes)
    assert plan.storage.elastic is elastic
    assert plan.models["chat"].download.elastic is elastic


def test_an_existing_file_system_is_mounted_by_its_address():
    plan = planned({"storage": {"kind": "cfs", "fileSystemId": "cfs-1"}})
    assert found(plan, "STORAGE_INCOMPLETE").path == "storage.mountHost"
    named = planned({"storage": {"kind": "cfs", "fileSystemId": "cfs-1", "mountHost": "10.0.0.4"}})
    assert not named.errors


def test_a_cluster_known_by_its_kubeconfig_keeps_models_in_a_class_of_its_own():
    plan = planned(KUBECONFIG)
    assert (plan.storage.kind, plan.storage.webui_class) == ("class", "")
    asked = planned({**KUBECONFIG, "storage.kind": "cfs"})
    assert found(asked, "STORAGE_INCOMPLETE").path == "network.vpcId"


def test_the_webui_has_a_block_volume_for_sqlite_alone():
    assert planned().storage.webui_class == "cbs-webui"
    assert planned({"storage.webuiClassName": "fast"}).storage.webui_class == "fast"
    assert planned({"webui.replicas": 2}, secrets=("databaseUrl",)).storage.webui_class is None


def test_a_database_of_one_s_own_lifts_what_sqlite_forbids():
    changes: dict[str, object] = {"webui.replicas": 3, "storage.webuiClassName": "cfs-ai"}
    assert {"SQLITE_ON_NFS", "REPLICAS_ON_SQLITE"} <= codes(planned(changes))
    assert not {"SQLITE_ON_NFS", "REPLICAS_ON_SQLITE"} & codes(planned(changes, secrets=("databaseUrl",)))


def test_more_nodes_help_a_small_system_pool():
    tight: dict[str, object] = {"webui.memory": "5Gi", "cluster.systemPool": {"nodes": 1}}
    assert found(planned(tight), "SYSTEM_POOL_TOO_SMALL").path == PATH
    assert "SYSTEM_POOL_TOO_SMALL" not in codes(planned({**tight, "cluster.systemPool": {"nodes": 3}}))


def test_an_existing_cluster_s_cpu_nodes_are_not_judged():
    assert "SYSTEM_POOL_TOO_SMALL" not in codes(planned({**KUBECONFIG, "webui.memory": "64Gi"}))


def test_a_claim_on_a_class_of_others_outlives_a_retained_stack():
    foreign: dict[str, object] = {"storage.webuiClassName": "fast"}
    of_a_class: dict[str, object] = {"storage": {"kind": "class", "className": "nfs"}}
    assert planned({**foreign, "retain": True}).storage.leaves_claims
    assert planned({**of_a_class, "retain": True}).storage.leaves_claims
    assert not planned({"retain": True}).storage.leaves_claims
    assert not planned(foreign).storage.leaves_claims


def test_the_store_is_where_the_first_pool_reads_it():
    assert planned().storage.zone == "ap-guangzhou-6"
    elsewhere: dict[str, object] = {
        "network.zones": ["ap-guangzhou-6", "ap-guangzhou-7"],
        "pools.gpu.zone": "ap-guangzhou-7",
    }
    assert planned(elsewhere).storage.zone == "ap-guangzhou-7"


def test_a_class_of_the_stacks_own_is_told_from_one_that_exists_under_its_name():
    ours, theirs = planned().storage, planned({"storage.webuiClassName": "cbs-webui"}).storage
    assert (ours.webui_class, ours.makes_webui_class) == ("cbs-webui", True)
    assert (theirs.webui_class, theirs.makes_webui_class) == ("cbs-webui", False)
