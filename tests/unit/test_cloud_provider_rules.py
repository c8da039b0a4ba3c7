"""The stand-in for the provider of Tencent Cloud holds to what was read of the provider: each test says where.

`terraform` is tencentcloudstack/terraform-provider-tencentcloud at v1.82.42, which pulumi-tencentcloud 0.2.3 bridges by
`bridge`, pulumi/pulumi-terraform-bridge at 59de6c6. "Run" says that it was seen with that plugin against an emulated
API.
"""

from pathlib import Path

import pytest

from rehearsal.pulumi_engine.rules import rules_of
from tests.unit.provider_stand import CLUSTER, Inputs, RefusedError, Stand, paths

ENDPOINT = "tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint"
POOL = "tencentcloud:Kubernetes/nodePool:NodePool"
NATIVE = "tencentcloud:Kubernetes/nativeNodePool:NativeNodePool"
SUPER = "tencentcloud:Kubernetes/serverlessNodePool:ServerlessNodePool"
MARKET = "tencentcloud:Kubernetes/clusterRelease:ClusterRelease"
RULES = "tencentcloud:Security/groupRuleSet:GroupRuleSet"
NAT = "tencentcloud:Nat/gateway:Gateway"
FILES = "tencentcloud:Cfs/fileSystem:FileSystem"
ORDINARY = {
    "clusterId": "cls-1",
    "name": "gpu",
    "vpcId": "vpc-1",
    "minSize": 0,
    "maxSize": 2,
    "autoScalingConfig": {"instanceType": "GN7", "keyIds": ["skey-1"]},
}


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


@pytest.mark.parametrize(
    ("type_", "inputs", "place"),
    [
        (NAT, {"vpcId": "vpc-1", "assignedEipSets": ["1.1.1.1"], "bandwidth": 30}, "bandwidth"),
        (NAT, {"vpcId": "vpc-1", "assignedEipSets": ["1.1.1.1"], "maxConcurrent": 5}, "maxConcurrent"),
        ("tencentcloud:Vpc/instance:Instance", {"cidrBlock": "10.0.0.0/16", "name": "x" * 61}, "name"),
        ("tencentcloud:Cfs/accessGroup:AccessGroup", {"name": "x" * 65}, "name"),
    ],
)
def test_what_the_schema_validates_fails_in_a_preview(stand: Stand, type_: str, inputs: Inputs, place: str) -> None:
    """terraform, ValidateFunc of resource_tc_{nat_gateway,vpc}.go and resource_tc_cfs_access_group.go; run."""
    assert [each.property for each in stand.checked(type_, inputs).failures] == [place]


def test_the_preview_of_the_cloud_refuses_nothing_that_its_schema_lets_pass(stand: Stand) -> None:
    """bridge, Update in pkg/tfbridge/provider.go makes no call in a preview; run."""
    stand.create(FILES, {"availabilityZone": "z", "accessGroupId": "p", "name": "f", "capacity": 100})
    wanted = {"availabilityZone": "z", "accessGroupId": "p", "name": "f", "capacity": 200}

    stand.update(FILES, wanted, preview=True)
    with pytest.raises(RefusedError, match="capacity cannot be changed"):
        stand.update(FILES, wanted)


@pytest.mark.parametrize(
    ("type_", "inputs", "why"),
    [
        (CLUSTER, {"vpcId": "vpc-1"}, "clusterCidr must be set"),
        (CLUSTER, {"vpcId": "v", "networkType": "VPC-CNI", "serviceCidr": "172.16.0.0/20"}, "eniSubnetIds must be set"),
        (ENDPOINT, {"clusterId": "cls-1", "clusterIntranet": True}, "clusterIntranetSubnetId must be set"),
        (ENDPOINT, {"clusterId": "cls-1", "clusterInternet": True}, "clusterInternetSecurityGroup must be set"),
        (POOL, {**ORDINARY, "autoScalingConfig": {"instanceType": "GN7"}}, "exactly one of"),
        (
            POOL,
            {**ORDINARY, "autoScalingConfig": {"instanceType": "GN7", "keyIds": ["k"], "password": "p"}},
            "exactly one of",
        ),
        (
            POOL,
            {**ORDINARY, "autoScalingConfig": {"instanceType": "GN7", "keyIds": ["k"], "securityGroupIds": ["sg"]}},
            "securityGroupIds must not be set",
        ),
        (POOL, {**ORDINARY, "desiredCapacity": 3}, "minSize <= desiredCapacity <= maxSize"),
        (FILES, {"availabilityZone": "z", "accessGroupId": "p", "protocol": "TURBO"}, "capacity must be set"),
        (FILES, {"availabilityZone": "z", "accessGroupId": "p", "netInterface": "CCN"}, "ccnId must be set"),
    ],
)
def test_what_no_preview_finds_fails_at_up(stand: Stand, type_: str, inputs: Inputs, why: str) -> None:
    """terraform, Create in resource_tc_kubernetes_{cluster,node_pool}_extension.go and
    resource_tc_kubernetes_cluster_endpoint.go; run (of Turbo: the vendor's documents on CreateCfsFileSystem)."""
    assert list(stand.checked(type_, inputs).failures) == []
    with pytest.raises(RefusedError, match=why):
        stand.create(type_, inputs)


def test_another_version_of_a_driver_is_kept_in_the_state_and_never_sent(stand: Stand) -> None:
    """terraform, ForceNew on the list `gpu_args` alone, which Read does not set; run."""
    driver = {"gpuArgs": {"driver": {"name": "d", "version": "1"}}}
    newer = {"gpuArgs": {"driver": {"name": "d", "version": "2"}}}
    stand.create(POOL, {**ORDINARY, "nodeConfig": driver})

    stand.update(POOL, {**ORDINARY, "nodeConfig": newer})

    assert paths(stand.diff(POOL, {**ORDINARY, "nodeConfig": newer})) == []
    assert next(stand.world.of_type("Kubernetes/nodePool:NodePool")).inputs["nodeConfig"] == driver


def test_labels_alone_of_super_nodes_are_never_sent_and_differ_for_ever(stand: Stand) -> None:
    """terraform, mutableArgs in resource_tc_kubernetes_serverless_node_pool.go; run."""
    given = {"clusterId": "cls-1", "name": "s", "serverlessNodes": [{"subnetId": "subnet-1"}], "labels": {"a": "1"}}
    relabelled = {**given, "labels": {"a": "2"}}
    stand.create(SUPER, given)

    stand.update(SUPER, relabelled)
    assert paths(stand.diff(SUPER, relabelled)) == ["labels.a"]

    stand.update(SUPER, {**relabelled, "name": "other"})
    assert paths(stand.diff(SUPER, {**relabelled, "name": "other"})) == []


def test_another_subnet_of_super_nodes_is_never_sent_and_not_read_back(stand: Stand) -> None:
    """terraform, ForceNew on the list `serverless_nodes` alone, which Read does not set; run."""
    given = {"clusterId": "cls-1", "name": "s", "serverlessNodes": [{"subnetId": "subnet-1"}]}
    moved = {**given, "serverlessNodes": [{"subnetId": "subnet-2"}]}
    stand.create(SUPER, given)
    assert not stand.diff(SUPER, moved).replaces

    stand.update(SUPER, moved)

    assert paths(stand.diff(SUPER, moved)) == []


@pytest.mark.parametrize("key", ["labels", "taints"])
def test_labels_and_taints_of_native_nodes_cannot_be_emptied(stand: Stand, key: str) -> None:
    """terraform, `GetOk` in Update of resource_tc_kubernetes_native_node_pool.go."""
    native = {"instanceTypes": ["S"], "instanceChargeType": "POSTPAID_BY_HOUR"}
    given = {"clusterId": "cls-1", "name": "n", "type": "Native", "native": native, key: [{"name": "a", "value": "1"}]}
    emptied = {**given, key: []}
    stand.create(NATIVE, given)

    stand.update(NATIVE, emptied)

    assert paths(stand.diff(NATIVE, emptied)) == [f"{key}[0]"]


def test_a_protocol_in_small_letters_differs_at_every_up(stand: Stand) -> None:
    """terraform, strings.ToUpper in resource_tc_security_group_rule_set.go; run."""
    rule = {"action": "ACCEPT", "cidrBlock": "0.0.0.0/0", "port": "443"}
    written = {"securityGroupId": "sg-1", "ingresses": [{**rule, "protocol": "tcp"}]}
    stand.create(RULES, written)

    assert paths(stand.diff(RULES, written)) == ["ingresses[0].protocol"]
    assert paths(stand.diff(RULES, {"securityGroupId": "sg-1", "ingresses": [{**rule, "protocol": "TCP"}]})) == []


def test_the_version_of_a_chart_that_the_market_chose_differs_unless_it_is_ignored(stand: Stand) -> None:
    """terraform, Read in resource_tc_kubernetes_cluster_release.go sets what is optional and not computed."""
    given = {"clusterId": "cls-1", "name": "eg", "namespace": "n", "chart": "envoygateway", "chartFrom": "tke-market"}
    stand.create(MARKET, given)

    assert paths(stand.diff(MARKET, given)) == ["chartVersion"]
    assert paths(stand.diff(MARKET, given, "chartVersion")) == []


def test_a_pool_that_is_protected_is_not_deleted(stand: Stand) -> None:
    """terraform, DeletePostFillRequest0 in resource_tc_kubernetes_node_pool_extension.go."""
    stand.create(POOL, {**ORDINARY, "deletionProtection": True})

    with pytest.raises(RefusedError, match="deletion protection"):
        stand.delete(POOL)


@pytest.mark.parametrize(
    ("keeps", "left"),
    [({}, ["machines of it"]), ({"deleteKeepInstance": True}, ["machines of it"]), ({"deleteKeepInstance": False}, [])],
)
def test_a_pool_leaves_its_machines_unless_it_is_told_not_to(stand: Stand, keeps: Inputs, left: list[str]) -> None:
    """terraform, `delete_keep_instance` in resource_tc_kubernetes_node_pool.go; run."""
    stand.create(POOL, {**ORDINARY, **keeps})

    stand.delete(POOL)

    assert stand.world.left_behind == left


def test_an_endpoint_that_is_gone_is_not_missed_and_an_add_on_that_is_gone_stops_everything(stand: Stand) -> None:
    """terraform, Read in resource_tc_kubernetes_cluster_endpoint.go asks for the cluster alone; run."""
    addon = "tencentcloud:Kubernetes/addon:Addon"
    stand.create(ENDPOINT, {"clusterId": "cls-1"})
    stand.create(addon, {"clusterId": "cls-1", "addonName": "cfs"})
    for resource in [*stand.world.resources.values()]:
        stand.world.remove(resource)

    assert stand.read(ENDPOINT) == "cls-1"
    with pytest.raises(RefusedError, match="ResourceNotFound"):
        stand.read(addon)
    with pytest.raises(RefusedError, match="ResourceNotFound"):
        stand.delete(addon)


@pytest.mark.parametrize(
    ("type_", "path", "replaced"),
    [
        (POOL, ("autoScalingConfig", "instanceType"), True),
        (POOL, ("subnetIds",), True),
        (POOL, ("autoScalingConfig", "systemDiskSize"), False),
        (POOL, ("autoScalingConfig", "orderlySecurityGroupIds"), False),
        (POOL, ("nodeConfig", "userData"), False),
        (NATIVE, ("native", "systemDisk", "diskSize"), True),
        (NATIVE, ("native", "subnetIds"), False),
        (SUPER, ("securityGroupIds",), True),
        (FILES, ("storageType",), True),
        (FILES, ("name",), False),
        (CLUSTER, ("clusterLevel",), False),
        (CLUSTER, ("eniSubnetIds",), False),
        (CLUSTER, ("serviceCidr",), True),
        (NAT, ("bandwidth",), False),
    ],
)
def test_a_change_of_the_cloud_replaces_what_its_schema_forces_new(
    type_: str, path: tuple[str, ...], replaced: bool
) -> None:
    """terraform, ForceNew in resource_tc_*.go; run."""
    assert rules_of(type_).replaced_by(path) is replaced
