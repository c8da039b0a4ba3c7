"""Pods get subnets of their own; a cluster that shares those of its nodes keeps them."""

from dataclasses import replace
from pathlib import Path

from rehearsal.kinds import CLUSTER
from rehearsal.pulumi_engine.session import EngineSession
from settings.parse import StackInput
from tests.engine.samples import MAIN, sample

NETWORK = {"zones": ["ap-guangzhou-6"], "vpcId": "vpc-1", "subnetIds": ["subnet-1"], "cidr": "10.0.0.0/16"}


def dev_in(**network: object) -> StackInput:
    dev = sample("dev")
    return replace(dev, sections={**dev.sections, "network": {**NETWORK, **network}})


def subnets_of_pods(session: EngineSession) -> object:
    (cluster,) = session.world.of_type(CLUSTER.type)
    return cluster.inputs["eniSubnetIds"]


def test_a_cluster_keeps_the_subnets_that_its_pods_had(pulumi: Path) -> None:
    """The provider appends, and refuses a list without an old subnet (update of `eni_subnet_ids` in
    resource_tc_kubernetes_cluster_extension.go of terraform-provider-tencentcloud f6970a9)."""
    with EngineSession(dev_in(), MAIN, pulumi) as session:
        assert not session.up().error
        before = subnets_of_pods(session)
        session.configure(dev_in(podSubnetIds=["subnet-2"]))
        refused = session.up()
        unchanged = subnets_of_pods(session)
        session.configure(dev_in(podSubnetIds=["subnet-2"], shareSubnets=True))
        appended = session.up()
        after, again = subnets_of_pods(session), session.up()

    assert before == unchanged == ["subnet-1"]
    assert "does not allow modification" in " ".join(refused.complaints)
    assert [(each.verdict, each.name) for each in appended.changed] == [("update", "llm-cluster-cluster")]
    assert after == ["subnet-1", "subnet-2"]
    assert again.changed == ()


def test_a_new_cluster_gives_pods_addresses_of_their_own_subnets_alone(pulumi: Path) -> None:
    with EngineSession(sample("dev"), MAIN, pulumi) as session:
        assert not session.up().error
        subnets = {each.id: each.name for each in session.world.of_type("Subnet/instance:Instance")}
        found = subnets_of_pods(session)

    assert isinstance(found, list)
    assert [subnets[each] for each in found] == [f"llm-network-subnet-pods-ap-guangzhou-{zone}" for zone in (6, 7)]
