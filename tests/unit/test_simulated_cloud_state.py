"""The simulated cloud under the engine: what it keeps, what it accepts, what it refuses."""

from pathlib import Path

import pytest

from rehearsal.pulumi_engine.acceptance import (
    after_creation,
    after_deletion,
    check_change,
    check_creation,
    check_deletion,
    left,
)
from rehearsal.pulumi_engine.world import CloudResource, CloudState, DeniedError

PREFIX = "urn:pulumi:dev::tke-llm::"


@pytest.fixture
def world(tmp_path: Path) -> CloudState:
    return CloudState.open(tmp_path / "world", "seed")


def make(world: CloudState, type_: str, name: str, /, *, cluster: str | None = None, **inputs: object) -> CloudResource:
    resource = world.made(f"{PREFIX}{type_}::{name}", type_, inputs)
    check_creation(world, resource, cluster)
    world.put("create", resource)
    after_creation(world, resource)
    return resource


def delete(world: CloudState, resource: CloudResource, cluster: str | None = None) -> None:
    check_deletion(world, resource, cluster)
    world.remove(resource)
    after_deletion(world, resource)


def cluster_with_endpoint(world: CloudState) -> CloudResource:
    cluster = make(world, "tencentcloud:Kubernetes/cluster:Cluster", "cluster", clusterName="c")
    make(world, "tencentcloud:Kubernetes/nativeNodePool:NativeNodePool", "pool", clusterId=cluster.id)
    make(
        world,
        "tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint",
        "endpoint",
        clusterId=cluster.id,
        clusterInternet=True,
    )
    return cluster


def claim_on_class(world: CloudState, cluster: CloudResource, **of_class: object) -> CloudResource:
    make(world, "kubernetes:core/v1:Namespace", "namespace", cluster=cluster.id, metadata={"name": "llm"})
    make(
        world,
        "kubernetes:storage.k8s.io/v1:StorageClass",
        "class",
        cluster=cluster.id,
        metadata={"name": "cfs-ai"},
        **{"provisioner": "com.tencent.cloud.csi.tcfs.cfs", **of_class},
    )
    return make(
        world,
        "kubernetes:core/v1:PersistentVolumeClaim",
        "claim",
        cluster=cluster.id,
        metadata={"name": "ai-model", "namespace": "llm"},
        spec={"storageClassName": "cfs-ai", "resources": {"requests": {"storage": "10Gi"}}},
    )


def test_what_exists_outlives_the_process(world: CloudState) -> None:
    vpc = make(world, "tencentcloud:Vpc/instance:Instance", "vpc", cidrBlock="10.0.0.0/16")

    again = CloudState.open(world.file, "another seed")

    assert again.find(*vpc.key) == vpc
    assert again.seed == "seed"


def test_a_process_that_is_killed_while_it_writes_loses_only_that_change(world: CloudState) -> None:
    vpc = make(world, "tencentcloud:Vpc/instance:Instance", "vpc", cidrBlock="10.0.0.0/16")
    whole = world.file.read_bytes()
    make(world, "tencentcloud:Eip/instance:Instance", "eip")
    world.file.write_bytes(world.file.read_bytes()[: len(whole) + 40])

    assert list(CloudState.open(world.file, "").resources) == [vpc.key]


def test_what_is_made_again_has_another_id_and_other_secrets(world: CloudState) -> None:
    first = cluster_with_endpoint(world)
    delete(world, first)

    second = make(world, "tencentcloud:Kubernetes/cluster:Cluster", "cluster", clusterName="c")

    assert second.id != first.id
    assert second.outputs["password"] != first.outputs["password"]


def test_what_changes_keeps_its_id_and_its_secrets(world: CloudState) -> None:
    cluster = cluster_with_endpoint(world)

    changed = world.changed(cluster, {"clusterName": "c", "clusterLevel": "L50"})

    assert (changed.id, changed.outputs["password"]) == (cluster.id, cluster.outputs["password"])
    assert changed.outputs["clusterLevel"] == "L50"


def test_what_another_resource_uses_is_not_deleted(world: CloudState) -> None:
    vpc = make(world, "tencentcloud:Vpc/instance:Instance", "vpc", cidrBlock="10.0.0.0/16")
    subnet = make(world, "tencentcloud:Subnet/instance:Instance", "subnet", vpcId=vpc.id)

    with pytest.raises(DeniedError, match=f"{vpc.id} is used by {subnet.id}"):
        delete(world, vpc)

    delete(world, subnet)
    delete(world, vpc)
    assert left(world) == []


def test_an_address_that_a_nat_gateway_has_is_in_use(world: CloudState) -> None:
    eip = make(world, "tencentcloud:Eip/instance:Instance", "eip")
    make(world, "tencentcloud:Nat/gateway:Gateway", "nat", assignedEipSets=[eip.outputs["publicIp"]])

    with pytest.raises(DeniedError, match="is used by nat-"):
        delete(world, eip)


def test_nothing_is_made_in_what_is_gone(world: CloudState) -> None:
    vpc = make(world, "tencentcloud:Vpc/instance:Instance", "vpc", cidrBlock="10.0.0.0/16")
    delete(world, vpc)

    with pytest.raises(DeniedError, match=f"{vpc.id} does not exist"):
        make(world, "tencentcloud:Subnet/instance:Instance", "subnet", vpcId=vpc.id)


@pytest.mark.parametrize("kind", ["addon:Addon", "clusterEndpoint:ClusterEndpoint"])
def test_an_add_on_or_endpoint_needs_a_node(world: CloudState, kind: str) -> None:
    cluster = make(world, "tencentcloud:Kubernetes/cluster:Cluster", "cluster", clusterName="c")

    with pytest.raises(DeniedError, match="has no running node"):
        make(world, f"tencentcloud:Kubernetes/{kind}", "it", clusterId=cluster.id, addonName="cfs")


def test_two_clusters_do_not_share_a_pod_range(world: CloudState) -> None:
    make(world, "tencentcloud:Kubernetes/cluster:Cluster", "one", clusterCidr="172.20.0.0/16")

    with pytest.raises(DeniedError, match="CidrConflictWithOtherCluster"):
        make(world, "tencentcloud:Kubernetes/cluster:Cluster", "two", clusterCidr="172.20.128.0/17")


def test_two_subnets_of_one_vpc_do_not_overlap_and_those_of_two_may(world: CloudState) -> None:
    subnet = "tencentcloud:Subnet/instance:Instance"
    make(world, subnet, "one", vpcId="vpc-1", cidrBlock="10.0.0.0/20")
    make(world, subnet, "elsewhere", vpcId="vpc-2", cidrBlock="10.0.0.0/20")

    with pytest.raises(DeniedError, match="SubnetConflict"):
        make(world, subnet, "two", vpcId="vpc-1", cidrBlock="10.0.8.0/24")


def test_a_cluster_without_an_endpoint_cannot_be_reached(world: CloudState) -> None:
    cluster = make(world, "tencentcloud:Kubernetes/cluster:Cluster", "cluster", clusterName="c")

    with pytest.raises(DeniedError, match="unreachable"):
        make(world, "kubernetes:core/v1:Namespace", "ns", cluster=cluster.id, metadata={"name": "llm"})


def test_an_object_that_exists_is_not_created_again(world: CloudState) -> None:
    cluster = cluster_with_endpoint(world)
    claim_on_class(world, cluster)

    with pytest.raises(DeniedError, match='namespace "llm" already exists'):
        make(world, "kubernetes:core/v1:Namespace", "other", cluster=cluster.id, metadata={"name": "llm"})


def test_an_object_needs_its_namespace(world: CloudState) -> None:
    cluster = cluster_with_endpoint(world)

    with pytest.raises(DeniedError, match='namespaces "llm" not found'):
        make(
            world,
            "kubernetes:core/v1:Secret",
            "secret",
            cluster=cluster.id,
            metadata={"name": "key", "namespace": "llm"},
        )


def test_a_claim_is_not_deleted_under_a_pod(world: CloudState) -> None:
    cluster = cluster_with_endpoint(world)
    claim = claim_on_class(world, cluster)
    volumes = [{"name": "models", "persistentVolumeClaim": {"claimName": "ai-model"}}]
    make(
        world,
        "kubernetes:apps/v1:Deployment",
        "server",
        cluster=cluster.id,
        metadata={"name": "chat", "namespace": "llm"},
        spec={"template": {"spec": {"volumes": volumes}}},
    )

    with pytest.raises(DeniedError, match="in use by the pods of llm/chat"):
        delete(world, claim, cluster.id)


def test_a_volume_needs_its_driver_to_be_deleted(world: CloudState) -> None:
    cluster = cluster_with_endpoint(world)
    addon = make(world, "tencentcloud:Kubernetes/addon:Addon", "driver", clusterId=cluster.id, addonName="cfs")
    claim = claim_on_class(world, cluster)
    delete(world, addon)

    with pytest.raises(DeniedError, match="the add-on cfs is gone"):
        delete(world, claim, cluster.id)


def test_the_file_system_of_a_claim_holds_the_network_that_it_is_in(world: CloudState) -> None:
    vpc = make(world, "tencentcloud:Vpc/instance:Instance", "vpc", cidrBlock="10.0.0.0/16")
    cluster = cluster_with_endpoint(world)
    claim = claim_on_class(world, cluster, parameters={"vpcid": vpc.id})

    with pytest.raises(DeniedError, match="used by the file system of claim llm/ai-model"):
        delete(world, vpc)

    delete(world, claim, cluster.id)
    delete(world, vpc)


def test_a_volume_of_a_retaining_class_outlives_its_claim_and_is_named(world: CloudState) -> None:
    cluster = cluster_with_endpoint(world)
    claim = claim_on_class(world, cluster, reclaimPolicy="Retain")

    delete(world, claim, cluster.id)

    assert "file system of claim llm/ai-model" in left(world)


@pytest.mark.parametrize(
    ("expands", "wanted", "refusal"),
    [(True, "20Gi", None), (True, "5Gi", "cannot be made smaller"), (False, "20Gi", "cannot be resized")],
)
def test_a_claim_only_grows_and_only_where_its_class_lets_it(
    world: CloudState, expands: bool, wanted: str, refusal: str | None
) -> None:
    claim = claim_on_class(world, cluster_with_endpoint(world), allowVolumeExpansion=expands)
    inputs = {**claim.inputs, "spec": {"resources": {"requests": {"storage": wanted}}}}

    if refusal is None:
        check_change(world, claim, inputs)
    else:
        with pytest.raises(DeniedError, match=refusal):
            check_change(world, claim, inputs)


def test_a_cluster_takes_its_pools_and_objects_along_and_leaves_load_balancers_and_file_systems(
    world: CloudState,
) -> None:
    cluster = cluster_with_endpoint(world)
    claim_on_class(world, cluster)
    make(
        world,
        "kubernetes:core/v1:Service",
        "service",
        cluster=cluster.id,
        metadata={"name": "webui", "namespace": "llm"},
        spec={"type": "LoadBalancer"},
    )

    delete(world, cluster)

    assert left(world) == ["file system of claim llm/ai-model", "load balancer of llm/webui"]


def test_a_namespace_takes_what_is_in_it_along(world: CloudState) -> None:
    cluster = cluster_with_endpoint(world)
    claim = claim_on_class(world, cluster)
    namespace = next(world.of_type("core/v1:Namespace"))

    delete(world, namespace, cluster.id)

    assert world.find(*claim.key) is None


def test_a_role_is_found_once_it_was_made(world: CloudState) -> None:
    def asked(name: str) -> object:
        return world.answer("tencentcloud:Cam/getRoles:getRoles", {"name": name})["roleLists"]

    assert asked("TKE_QCSRole") == []
    role = make(world, "tencentcloud:Cam/role:Role", "roles", name="TKE_QCSRole", description="ours", document="{}")
    assert asked("TKE_QCSRole") == [{"roleId": role.id, "name": "TKE_QCSRole", "description": "ours"}]
    assert asked("AS_QCSRole") == []


def test_a_policy_may_be_attached_to_a_role_again(world: CloudState) -> None:
    attachment = "tencentcloud:Cam/rolePolicyAttachmentByName:RolePolicyAttachmentByName"
    first = make(world, attachment, "once", roleName="TKE_QCSRole", policyName="p")
    assert make(world, attachment, "again", roleName="TKE_QCSRole", policyName="p").id == first.id
