"""Region, network, cluster and endpoint."""

from ipaddress import IPv4Network

import pytest

from catalog.load import load
from planner.network.decide import subnet_ranges
from tests.unit.stacks import KUBECONFIG, codes, found, planned

VPC = {
    "network": {"zones": ["ap-guangzhou-6"], "vpcId": "vpc-1", "subnetIds": ["subnet-1"], "cidr": "172.16.0.0/16"},
    "cluster.serviceCidr": "192.168.0.0/20",
}


def test_each_zone_gets_a_range_of_its_own_within_the_vpc():
    network = planned({"network.zones": ["ap-guangzhou-6", "ap-guangzhou-7", "ap-guangzhou-3"]}).network
    assert network is not None
    ranges = [subnet.cidr for subnet in network.subnets if subnet.cidr]
    assert len(ranges) == 3
    assert all(cidr.subnet_of(network.cidr) for cidr in ranges)
    assert not any(one.overlaps(two) for i, one in enumerate(ranges) for two in ranges[:i])


def test_a_zone_that_is_added_moves_no_subnet():
    before = planned({"network.zones": ["ap-guangzhou-6"]}).network
    after = planned({"network.zones": ["ap-guangzhou-6", "ap-guangzhou-7"]}).network
    assert before is not None
    assert after is not None
    assert after.subnets[: len(before.subnets)] == before.subnets


@pytest.mark.parametrize("prefix", range(12, 26))
def test_every_vpc_that_is_not_too_small_is_cut_for_six_zones(prefix: int):
    ranges = subnet_ranges(IPv4Network(f"10.0.0.0/{prefix}"))
    assert len(ranges) >= 6
    assert all(cidr.prefixlen <= 28 for cidr in ranges)


ALL_ZONES = [f"ap-guangzhou-{number}" for number in (6, 7, 3, 4, 1, 2)]


@pytest.mark.parametrize("prefix", range(12, 24))
def test_pods_have_a_subnet_of_their_own_in_each_zone_beside_nodes_and_store(prefix: int):
    cidr = f"10.0.0.0/{prefix}"
    network = planned({"network.zones": ALL_ZONES, "network.cidr": cidr, "retain": True}).network
    assert network is not None
    assert [subnet.zone for subnet in network.pod_subnets] == ALL_ZONES
    cut = [subnet.cidr for subnet in (*network.subnets, *network.pod_subnets)] + [network.store_cidr]
    ranges = [each for each in cut if each is not None]
    assert len(ranges) == 13
    assert all(each.subnet_of(network.cidr) and each.prefixlen <= 28 for each in ranges)
    assert not any(one.overlaps(two) for i, one in enumerate(ranges) for two in ranges[:i])
    assert not network.shared


def test_a_zone_that_is_added_moves_no_subnet_of_pods():
    before = planned({"network.zones": ALL_ZONES[:1]}).network
    after = planned({"network.zones": ALL_ZONES[:2]}).network
    assert before is not None
    assert after is not None
    assert after.pod_subnets[:1] == before.pod_subnets


def test_pods_with_a_range_of_their_own_need_no_subnets():
    network = planned({"cluster.networkMode": "gr"}).network
    assert network is not None
    assert (network.pod_subnets, network.shared) == ((), False)


def test_in_a_vpc_that_is_too_small_pods_share_the_nodes_subnets():
    plan = planned({"network.cidr": "10.0.0.0/24"})
    assert plan.network is not None
    assert (plan.network.pod_subnets, plan.network.shared) == ((), True)
    assert found(plan, "POD_SUBNETS_SHARED").path == "network.cidr"
    assert "POD_SUBNETS_SHARED" not in codes(planned())


def test_in_an_existing_vpc_the_user_names_the_subnets_of_pods():
    shared, own = planned(VPC), planned({**VPC, "network.podSubnetIds": ["subnet-2"]})
    assert shared.network is not None
    assert own.network is not None
    assert found(shared, "POD_SUBNETS_SHARED").severity == "warning"
    assert "POD_SUBNETS_SHARED" not in codes(own)
    assert [subnet.existing_id for subnet in own.network.pod_subnets] == ["subnet-2"]
    assert (shared.network.shared, own.network.shared) == (True, False)


def test_the_subnets_of_pods_are_one_for_each_zone_and_not_the_nodes():
    several = planned({**VPC, "network.podSubnetIds": ["subnet-2", "subnet-3"]})
    assert found(several, "SUBNET_COUNT").path == "network.podSubnetIds"
    same = planned({**VPC, "network.podSubnetIds": ["subnet-1"]})
    assert found(same, "POD_SUBNETS_SHARED").given == "subnet-1"
    nowhere = planned({"network.podSubnetIds": ["subnet-2"]})
    assert found(nowhere, "SUBNETS_WITHOUT_VPC").path == "network.podSubnetIds"


def test_a_cluster_that_was_made_with_the_nodes_subnets_keeps_them_in_front():
    plan = planned({**VPC, "network.podSubnetIds": ["subnet-2"], "network.shareSubnets": True})
    assert plan.network is not None
    assert plan.network.shared
    assert "POD_SUBNETS_SHARED" not in codes(plan)


def test_pods_and_nodes_are_each_counted_against_their_own_subnets():
    tight = planned({"network.cidr": "10.0.0.0/22"})
    assert "Each subnet for pods has 29 addresses" in found(tight, "SUBNET_TOO_SMALL").message
    assert "SUBNET_TOO_SMALL" not in codes(planned({"network.cidr": "10.0.0.0/22", "cluster.networkMode": "gr"}))
    assert "SUBNET_TOO_SMALL" not in codes(planned({"network.cidr": "10.0.0.0/20"}))


def test_an_existing_vpc_is_used_as_it_is():
    plan = planned(VPC)
    assert plan.network is not None
    assert plan.network.vpc_id == "vpc-1"
    assert [subnet.existing_id for subnet in plan.network.subnets] == ["subnet-1"]
    assert plan.network.nat_bandwidth is None
    assert not plan.errors
    assert found(plan, "INTERNET_ROAD_ASSUMED").severity == "note"


def test_an_existing_vpc_without_subnets_or_with_too_few_is_refused():
    assert found(planned({**VPC, "network.subnetIds": None}), "MISSING_SUBNETS").severity == "error"
    more = planned({**VPC, "network.zones": ["ap-guangzhou-6", "ap-guangzhou-7"]})
    assert found(more, "SUBNET_COUNT").severity == "error"


def test_the_gateway_has_the_bandwidth_that_is_asked_for():
    network = planned({"network.nat": {"bandwidth": 500}}).network
    assert network is not None
    assert network.nat_bandwidth == 500


def test_service_range_and_pod_range_matter_in_their_own_mode_only():
    inside = "10.0.16.0/20"
    assert "CIDR_OVERLAP" in codes(planned({"cluster.serviceCidr": inside}))
    assert "CIDR_OVERLAP" not in codes(planned({"cluster.serviceCidr": inside, "cluster.networkMode": "gr"}))
    assert "CIDR_OVERLAP" not in codes(planned({"cluster.podCidr": inside}))


def test_no_region_is_needed_where_a_kubeconfig_leads_to_the_cluster():
    plan = planned(KUBECONFIG, region=None)
    assert not plan.errors
    assert plan.network is None
    assert plan.addons == ()


def test_a_kubeconfig_may_come_as_a_secret():
    unreachable = {**KUBECONFIG, "cluster": {"existing": {}}}
    assert found(planned(unreachable), "NO_WAY_TO_THE_CLUSTER").severity == "error"
    assert "NO_WAY_TO_THE_CLUSTER" not in codes(planned(unreachable, secrets=("kubeconfig",)))


def test_a_pool_cannot_be_made_in_a_cluster_known_by_its_kubeconfig():
    machines = {"gpu": {"instanceType": "PNV4.7XLARGE116"}}
    plan = planned({**KUBECONFIG, "pools": machines})
    assert found(plan, "POOL_NEEDS_A_CLUSTER_ID").path == "pools.gpu.kind"


def test_a_pool_in_an_existing_cluster_needs_its_vpc():
    by_id = {"cluster": {"existing": {"id": "cls-1"}}}
    assert found(planned(by_id), "POOL_NEEDS_THE_VPC").path == "network.vpcId"
    named = planned({**VPC, **by_id, "cluster.serviceCidr": None})
    assert "POOL_NEEDS_THE_VPC" not in codes(named)
    assert not named.errors


def test_settings_of_a_new_cluster_say_nothing_to_an_existing_one():
    plan = planned({**KUBECONFIG, "cluster.level": "L20", "network": {"zones": ["ap-guangzhou-6"]}})
    paths = {d.path for d in plan.diagnostics if d.code == "NO_EFFECT_ON_EXISTING_CLUSTER"}
    assert paths == {"cluster.level", "network"}


def test_an_open_api_server_can_be_forced_and_says_so():
    public = {"cluster.endpoint": {"access": "public", "allow": ["0.0.0.0/0"]}}
    finding = found(planned({**public, "force": ["ENDPOINT_OPEN_TO_ALL"]}), "ENDPOINT_OPEN_TO_ALL")
    assert (finding.severity, finding.forced) == ("warning", True)


@pytest.mark.parametrize(
    "allow",
    [
        ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/1"],
        [f"{first}.0.0.0/8" for first in range(256)],
        [f"{first}.0.0.0/9" for first in range(20, 60)],
        ["4.0.0.0/8", "8.8.8.8/32"],
    ],
)
def test_ranges_that_open_the_api_server_together_are_refused(allow: list[str]):
    plan = planned({"cluster.endpoint": {"access": "public", "allow": allow}})
    refused = [finding for finding in plan.errors if finding.code == "ENDPOINT_OPEN_TO_ALL"]
    assert refused
    assert {finding.code for finding in plan.errors} == {"ENDPOINT_OPEN_TO_ALL"}
    assert all(len(finding.given) < 100 for finding in refused)


def test_as_many_addresses_as_one_organisation_may_have_are_let_in_and_private_ones_do_not_count():
    allow = ["4.0.0.0/9", "4.128.0.0/9", "4.0.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "100.64.0.0/10"]
    assert "ENDPOINT_OPEN_TO_ALL" not in codes(planned({"cluster.endpoint": {"access": "public", "allow": allow}}))


def test_one_s_own_address_is_let_in_without_a_word():
    plan = planned({"cluster.endpoint": {"access": "public", "allow": ["100.20.30.40/32"]}})
    assert codes(plan, "error") == set()
    assert not {"DOCUMENTATION_ADDRESS", "PRIVATE_ADDRESS_ALLOWED", "ENDPOINT_INTRANET"} & codes(plan)


def test_zones_of_a_region_without_a_list_are_only_doubted(monkeypatch: pytest.MonkeyPatch):
    region = load().regions["ap-guangzhou"]
    monkeypatch.setitem(load().regions._entries, "ap-guangzhou", region.model_copy(update={"zones": ()}))  # type: ignore[attr-defined]
    plan = planned({"network.zones": ["ap-guangzhou-99"]})
    assert found(plan, "ZONES_UNCHECKED").severity == "warning"
    assert not plan.errors
