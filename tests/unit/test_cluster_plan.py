"""What the plan says of the cluster and of its CPU nodes."""

from ipaddress import IPv4Network

from planner.cluster.decide import MOST_SERVICES
from planner.plan.types import ClusterPlan, ExistingClusterPlan
from tests.unit.stacks import planned


def made(changes: dict[str, object] | None = None) -> ClusterPlan:
    cluster = planned(changes or {}).cluster
    assert isinstance(cluster, ClusterPlan)
    return cluster


def test_only_the_range_that_the_network_mode_uses_is_planned():
    assert (made().pod_cidr, made().service_cidr) == (None, IPv4Network("172.16.0.0/20"))
    routed = made({"cluster.networkMode": "gr"})
    assert (routed.pod_cidr, routed.service_cidr) == (IPv4Network("172.20.0.0/16"), None)


def test_there_are_as_many_services_as_addresses_and_never_more_than_tke_takes():
    assert made({"cluster.serviceCidr": "172.16.0.0/22"}).services == 1024
    assert made({"cluster.serviceCidr": "172.16.0.0/13"}).services == MOST_SERVICES


def test_an_intranet_endpoint_lets_nobody_in_from_outside():
    assert made({"cluster.endpoint": {"access": "intranet"}}).api_allow is None
    allowed: dict[str, object] = {"cluster.endpoint": {"access": "public", "allow": ["100.1.1.1/32"]}}
    assert made(allowed).api_allow == (IPv4Network("100.1.1.1/32"),)


def test_without_a_nat_gateway_the_cpu_nodes_have_the_pools_bandwidth():
    assert made().system_pool.public_bandwidth == 0
    public: dict[str, object] = {"network.nat": False, "pools.gpu.publicBandwidth": 50}
    assert made(public).system_pool.public_bandwidth == 50
    assert planned(public).pools["gpu"].public_bandwidth == 50


def test_a_cluster_that_exists_is_named_and_nothing_more():
    plan = planned(
        {
            "cluster": {"existing": {"id": "cls-abcd1234"}, "endpoint": {"access": "public"}},
            "pools.gpu": {"kind": "existing", "gpu": "A10", "gpusPerNode": 1, "cpu": 28, "memory": "110Gi"},
        }
    )
    assert plan.cluster == ExistingClusterPlan(id="cls-abcd1234", public=True)
    assert not plan.owns_cluster
    assert (plan.names.namespace, plan.names.suffix) == ("llm-dev", "-dev")
