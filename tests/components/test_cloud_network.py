"""The VPC, its subnets and security groups, and the routes out."""

from dataclasses import replace
from ipaddress import IPv4Network

import pulumi
import pytest

from components.cloud.network import VpcNetwork, VpcNetworkArgs, eip_bandwidths
from components.naming import NAME_LIMIT, POOL_NAME_LIMIT, Naming, cloud_name
from planner.plan.types import NetworkPlan, SubnetPlan
from tests.components.recorder import ComponentRun, build

NAMING = Naming("tke-llm", "dev", {"team": "ml"})
ZONES = ("ap-guangzhou-6", "ap-guangzhou-7")
FRESH = NetworkPlan(
    vpc_id=None,
    cidr=IPv4Network("10.0.0.0/16"),
    subnets=(
        SubnetPlan(ZONES[0], IPv4Network("10.0.0.0/18")),
        SubnetPlan(ZONES[1], IPv4Network("10.0.64.0/18")),
    ),
    nat_bandwidth=100,
)
EXISTING = NetworkPlan(
    vpc_id="vpc-there",
    cidr=IPv4Network("192.168.0.0/16"),
    subnets=(SubnetPlan(ZONES[0], existing_id="subnet-there"),),
    nat_bandwidth=100,
)
ADDRESS = {"tencentcloud:Eip/instance:Instance": {"publicIp": "198.51.100.7"}}


def network(
    plan: NetworkPlan = FRESH,
    *,
    api_allow: list[IPv4Network] | None = None,
    pod_cidr: IPv4Network | None = None,
    preview: bool = False,
) -> ComponentRun:
    def make() -> dict[str, pulumi.Output[object]]:
        made = VpcNetwork(
            "network", VpcNetworkArgs(naming=NAMING, plan=replace(plan, pod_cidr=pod_cidr), api_allow=api_allow)
        )
        return {
            "vpc": made.vpc_id,
            "cidr": made.cidr,
            "subnets": pulumi.Output.all(*made.subnet_ids),
            "pods": pulumi.Output.all(*made.pod_subnet_ids),
            "second": made.subnet_in(plan.subnets[-1].zone),
            "preferred": made.subnet_in(None),
            "routes": pulumi.Output.all(*[resource.urn for resource in made.routes_out]),
        }

    return build(make, preview=preview, outputs=ADDRESS)


def test_each_zone_gets_a_subnet_in_the_order_of_the_stack_file() -> None:
    cloud = network()
    subnets = {s.inputs["availabilityZone"]: s for s in cloud.of("subnet/instance:Instance")}
    assert set(subnets) == set(ZONES)
    assert subnets[ZONES[1]].inputs["cidrBlock"] == "10.0.64.0/18"
    assert all(s.inputs["isMulticast"] is False for s in subnets.values())
    assert cloud.seen["subnets"].value == [f"network-subnet-{zone}-id" for zone in ZONES]
    assert cloud.seen["second"].value == f"network-subnet-{ZONES[1]}-id"
    assert cloud.seen["preferred"].value == f"network-subnet-{ZONES[0]}-id"


PODS = (SubnetPlan(ZONES[0], IPv4Network("10.0.192.0/21")), SubnetPlan(ZONES[1], IPv4Network("10.0.200.0/21")))


def test_pods_have_subnets_of_their_own_with_a_route_out() -> None:
    cloud = network(replace(FRESH, pod_subnets=PODS))
    assert cloud.seen["pods"].value == [f"network-subnet-pods-{zone}-id" for zone in ZONES]
    routed = {each.inputs["subnetId"] for each in cloud.of("route/tableAssociation:TableAssociation")}
    assert routed == {f"network-subnet-{role}{zone}-id" for role in ("", "pods-") for zone in ZONES}


def test_subnets_of_pods_leave_the_names_of_what_was_there_alone() -> None:
    before, after = network(), network(replace(FRESH, pod_subnets=PODS))
    assert {each.urn for each in before.resources} <= {each.urn for each in after.resources}


def test_a_cluster_that_shares_keeps_the_nodes_subnets_and_appends_those_of_pods() -> None:
    assert network(replace(FRESH, shared=True)).seen["pods"].value == network().seen["subnets"].value
    pods = network(replace(FRESH, pod_subnets=PODS, shared=True)).seen["pods"].value
    assert pods == [f"network-subnet-{role}{zone}-id" for role in ("", "pods-") for zone in ZONES]


def test_subnets_of_pods_that_exist_are_used_and_their_routes_left_alone() -> None:
    cloud = network(replace(EXISTING, pod_subnets=(SubnetPlan(ZONES[0], existing_id="subnet-pods"),)))
    assert cloud.seen["pods"].value == ["subnet-pods"]
    assert cloud.of("subnet/instance:Instance") == cloud.of("route/tableAssociation:TableAssociation") == []


def test_every_resource_is_a_child_of_the_component() -> None:
    cloud = network(api_allow=[IPv4Network("203.0.113.10/32")])
    component = cloud.one("tke-llm:cloud:Network")
    children = [r for r in cloud.resources if r is not component]
    assert children
    assert {child.parent for child in children} == {component.urn}
    assert all(child.name.startswith("network-") for child in children)


def test_every_taggable_resource_carries_the_users_tags_and_ours() -> None:
    cloud = network(api_allow=[IPv4Network("203.0.113.10/32")])
    taggable = ("vpc/instance", "subnet/instance", "security/group:", "eip/instance", "nat/gateway", "route/table:")
    tagged = [r for r in cloud.resources if any(kind in r.type.lower() for kind in taggable)]
    assert len(tagged) == 8
    for resource in tagged:
        assert (
            resource.inputs["tags"].items()
            >= {
                "team": "ml",
                "pulumi-project": "tke-llm",
                "pulumi-stack": "dev",
                "managed-by": "tke-llm",
            }.items()
        ), resource.name


def test_no_tag_key_starts_with_the_reserved_word() -> None:
    assert not [key for key in NAMING.tags if key.startswith(("project", "qcs:"))]


def test_nodes_admit_the_vpc_alone() -> None:
    cloud = network()
    rules = cloud.one("security/groupRuleSet:GroupRuleSet", "network-nodes-rules").inputs
    assert [rule["cidrBlock"] for rule in rules["ingresses"]] == ["10.0.0.0/16"]
    assert [rule["cidrBlock"] for rule in rules["egresses"]] == ["0.0.0.0/0"]


def test_pods_outside_the_vpc_range_are_admitted_too() -> None:
    cloud = network(pod_cidr=IPv4Network("172.20.0.0/16"))
    rules = cloud.one("security/groupRuleSet:GroupRuleSet", "network-nodes-rules").inputs
    assert [rule["cidrBlock"] for rule in rules["ingresses"]] == ["10.0.0.0/16", "172.20.0.0/16"]


def test_a_public_api_server_admits_only_the_allow_list_on_https() -> None:
    cloud = network(api_allow=[IPv4Network("203.0.113.10/32"), IPv4Network("198.51.100.0/24")])
    rules = cloud.one("security/groupRuleSet:GroupRuleSet", "network-api-rules").inputs["ingresses"]
    assert [(r["cidrBlock"], r["protocol"], r["port"]) for r in rules] == [
        ("203.0.113.10/32", "TCP", "443"),
        ("198.51.100.0/24", "TCP", "443"),
    ]


def test_an_intranet_api_server_gets_no_security_group() -> None:
    assert [group.name for group in network().of("security/group:Group")] == ["network-nodes-security-group"]


def test_every_rule_has_a_description_and_an_upper_case_protocol() -> None:
    cloud = network(api_allow=[IPv4Network("203.0.113.10/32")], pod_cidr=IPv4Network("172.20.0.0/16"))
    for rule_set in cloud.of("security/groupRuleSet:GroupRuleSet"):
        for rule in rule_set.inputs["ingresses"] + rule_set.inputs["egresses"]:
            assert rule["description"]
            assert rule["protocol"] == rule["protocol"].upper()
    assert all(group.inputs["description"] for group in cloud.of("security/group:Group"))


def test_the_nat_gateway_takes_addresses_and_every_subnet_routes_through_it() -> None:
    cloud = network()
    gateway = cloud.one("nat/gateway:Gateway")
    assert gateway.inputs["assignedEipSets"] == ["198.51.100.7"]
    entry = cloud.one("route/tableEntry:TableEntry").inputs
    assert (entry["nextType"], entry["nextHub"]) == ("NAT", "network-nat-id")
    associated = {a.inputs["subnetId"] for a in cloud.of("route/tableAssociation:TableAssociation")}
    assert associated == set(cloud.seen["subnets"].value)


def test_whoever_waits_for_the_routes_out_waits_for_route_and_association() -> None:
    cloud = network()
    expected = [cloud.one("route/tableEntry:TableEntry"), *cloud.of("route/tableAssociation:TableAssociation")]
    assert set(cloud.seen["routes"].value) == {resource.urn for resource in expected}


def test_without_nat_there_is_no_route_out_and_nothing_to_pay_for() -> None:
    plan = NetworkPlan(None, FRESH.cidr, FRESH.subnets, nat_bandwidth=None)
    cloud = network(plan)
    assert not [r for r in cloud.resources if "nat" in r.type.lower() or "Eip" in r.type or "Route" in r.type]
    assert cloud.seen["routes"].value == []


@pytest.mark.parametrize(("bandwidth", "total", "count"), [(50, 50, 1), (100, 100, 1), (200, 200, 2), (1000, 1000, 10)])
def test_enough_addresses_are_taken_for_the_whole_bandwidth(bandwidth: int, total: int, count: int) -> None:
    bandwidths = eip_bandwidths(bandwidth)
    assert (sum(bandwidths), len(bandwidths)) == (total, count)


def test_no_more_addresses_are_taken_than_a_gateway_holds() -> None:
    assert len(eip_bandwidths(5000)) == 10


def test_an_existing_vpc_is_used_and_its_routes_are_left_alone() -> None:
    cloud = network(EXISTING)
    assert (cloud.seen["vpc"].value, cloud.seen["cidr"].value) == ("vpc-there", "192.168.0.0/16")
    assert cloud.seen["subnets"].value == ["subnet-there"]
    rules = cloud.one("security/groupRuleSet:GroupRuleSet").inputs
    assert rules["ingresses"][0]["cidrBlock"] == "192.168.0.0/16"
    made = {r.type.split(":")[-1] for r in cloud.resources if r.custom}
    assert made == {"Group", "GroupRuleSet"}


def test_a_first_preview_knows_no_ids_and_still_plans_everything() -> None:
    planned = {r.urn for r in network(preview=True).resources}
    assert planned == {r.urn for r in network().resources}


def test_a_name_within_the_limit_is_plain() -> None:
    assert cloud_name("tke-llm", "dev", "vpc") == "tke-llm-dev-vpc"


def test_a_long_name_keeps_its_role_and_stays_within_the_limit() -> None:
    name = cloud_name("tke-llm", "a-very-long-name-of-a-stack-for-production", "gpu", POOL_NAME_LIMIT)
    assert len(name) <= POOL_NAME_LIMIT
    assert name.startswith("tke-llm-")
    assert name.endswith("-gpu")


def test_two_long_names_that_start_alike_differ() -> None:
    stacks = [f"{'production-' * 6}{number}" for number in range(20)]
    assert len({cloud_name("tke-llm", stack, "gpu", POOL_NAME_LIMIT) for stack in stacks}) == len(stacks)


def test_a_role_longer_than_the_limit_is_cut_too() -> None:
    assert len(cloud_name("tke-llm", "dev", "x" * 100)) == NAME_LIMIT


def test_a_name_is_the_same_each_time() -> None:
    assert cloud_name("p" * 40, "s" * 40, "role") == cloud_name("p" * 40, "s" * 40, "role")
