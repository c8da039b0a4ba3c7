"""What the cloud accepts and what it refuses: which must be there before, which must be gone first.

Sources: facts on the provider and on TKE in `rules.yaml` and the catalogue; Kubernetes' own rules (a claim that a pod
uses is not deleted, a namespace takes all that is in it along).
"""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import cast

from planner.storage.drivers import BLOCK_DRIVER
from rehearsal.cluster.platform import ADDON_OF
from rehearsal.kinds import (
    ADDON,
    ATTACHMENT,
    CLAIM,
    CLUSTER,
    ENDPOINT,
    NAMESPACE,
    NODE_POOL,
    SERVICE,
    STORAGE_CLASS,
    SUBNET,
    types,
)
from rehearsal.pulumi_engine.rules import rules_of
from rehearsal.pulumi_engine.world import CloudResource, CloudState, CloudVolume, DeniedError
from rehearsal.registration import leaves
from settings.paths import value_at
from settings.quantity import size


def values_in(inputs: object) -> Iterator[object]:
    """Every value inside objects and lists."""
    return (leaf for leaf, _ in leaves(inputs))


def kind(resource: CloudResource) -> str:
    """The type without its package."""
    return resource.type.partition(":")[2]


def check_creation(world: CloudState, resource: CloudResource, cluster: str | None) -> None:
    """Raise `DeniedError` where the cloud would not make the resource. `cluster`: the one a Kubernetes object is for,
    None where this cloud does not have it."""
    if resource.type.startswith("kubernetes:"):
        check_reachable(world, cluster)
        _check_namespace(world, resource, cluster)
        if gone := _release_gone(world, resource):
            raise DeniedError(f'no matches for kind "{kind(resource).rpartition(":")[2]}": release {gone} is gone')
        if world.find(*resource.key):
            raise DeniedError(f'{kind(resource).rpartition(":")[2].lower()} "{resource.id}" already exists')
        return
    for leaf in values_in(resource.inputs):
        if leaf in world.gone:
            raise DeniedError(f"ResourceNotFound: {leaf} does not exist")
    # Attaching a policy once more is no error: the API has no code for it (vendor 598/33562).
    if world.find(*resource.key) and kind(resource) != ATTACHMENT.type:
        raise DeniedError(f"ResourceInUse: {resource.id} exists already")
    cluster_id = str(resource.inputs.get("clusterId", ""))
    made_here = any(each.id == cluster_id for each in world.of_type(CLUSTER.type))
    if kind(resource) in (ENDPOINT.type, ADDON.type) and made_here and not _nodes(world, cluster_id):
        raise DeniedError(f"{cluster_id} has no running node yet")
    if kind(resource) == CLUSTER.type:
        _check_range(world, resource, "clusterCidr", "InvalidParameter.CidrConflictWithOtherCluster")
    if kind(resource) == SUBNET.type:
        _check_range(world, resource, "cidrBlock", "InvalidParameterValue.SubnetConflict")


def check_change(world: CloudState, resource: CloudResource, inputs: Mapping[str, object]) -> None:
    """Raise `DeniedError` where cloud or API server would not take the new inputs though no rule of the type speaks
    against it: a cluster loses no subnet of its pods (Update in resource_tc_kubernetes_cluster_extension.go of the
    Terraform provider), a volume only grows, and only where its class lets it."""
    if kind(resource) == CLUSTER.type and {*values_in(resource.inputs.get("eniSubnetIds"))} - {
        *values_in(inputs.get("eniSubnetIds"))
    }:
        raise DeniedError("the `eni_subnet_ids` parameter does not allow modification of existing subnet ID data")
    path = ("spec", "resources", "requests", "storage")
    old, new = value_at(resource.inputs, *path), value_at(inputs, *path)
    if kind(resource) != CLAIM.type or old == new:
        return
    made = _class_of(world, resource)
    if made is not None and value_at(made.inputs, "allowVolumeExpansion") is not True:
        raise DeniedError(f"claim {resource.id} cannot be resized: its class does not support it")
    if size(str(new)) < size(str(old)):
        raise DeniedError(f"claim {resource.id} cannot be made smaller")


def check_deletion(world: CloudState, resource: CloudResource, cluster: str | None) -> None:
    """Raise `DeniedError` where the cloud would not delete the resource now, or would never be done with it."""
    if resource.type.startswith("kubernetes:"):
        check_reachable(world, cluster)
        _check_finalizers(world, resource)
        return
    if resource.inputs.get("deletionProtection") is True:
        raise DeniedError(f"{resource.id}: deletion protection was enabled, set it to false and apply first")
    if not _own_id(resource):
        return
    for other in world.resources.values():
        if other.key == resource.key or not other.type.startswith("tencentcloud:") or _goes_along(resource, other):
            continue
        if _held(resource, values_in(other.inputs)):
            raise DeniedError(f"ResourceInUse: {resource.id} is used by {other.id} ({other.name})")
    for volume in world.volumes.values():
        if resource.id in volume.holds:
            raise DeniedError(f"ResourceInUse: {resource.id} is used by the file system of claim {volume.claim[1]}")


def check_reachable(world: CloudState, cluster: str | None) -> None:
    """Raise `DeniedError` where the API server of a cluster of this world cannot be reached."""
    if cluster is not None and not any(each.id == cluster for each in world.of_type(ENDPOINT.type)):
        raise DeniedError(f"configured Kubernetes cluster is unreachable: {cluster} has no API endpoint")


def after_creation(world: CloudState, resource: CloudResource) -> None:
    """Make what the new resource brings about: the volume of a claim."""
    if kind(resource) != CLAIM.type:
        return
    made = _class_of(world, resource)
    if made is not None:
        parameters = value_at(made.inputs, "parameters")
        holds = tuple(str(each) for each in values_in(parameters) if isinstance(each, str))
        kept = value_at(made.inputs, "reclaimPolicy") == "Retain"
        world.put_volume(CloudVolume(resource.key, str(value_at(made.inputs, "provisioner")), holds, kept))


def after_deletion(world: CloudState, resource: CloudResource) -> None:
    """Take along what goes with the resource, and note what stays."""
    if kind(resource) == CLAIM.type:
        volume = world.volumes.get(resource.key)
        if volume is not None and not volume.kept:
            world.remove_volume(resource.key)
    elif kind(resource) == NAMESPACE.type:
        for other in [each for each in world.resources.values() if _in_namespace(each, resource.id)]:
            world.remove(other, by=resource.id)
            after_deletion(world, other)
    elif kind(resource) == CLUSTER.type:
        _cluster_gone(world, resource)
    # `delete_keep_instance` is true by default (resource_tc_kubernetes_node_pool.go of the Terraform provider).
    elif kind(resource) == NODE_POOL.type and resource.inputs.get("deleteKeepInstance", True):
        world.leave(f"machines of {resource.name}")


def left(world: CloudState) -> list[str]:
    """What is still there, in words: resources, volumes that outlived their claim, what a cluster left behind."""
    resources = [f"{resource.name} ({resource.id})" for resource in world.resources.values()]
    volumes = [_of_volume(each) for each in world.volumes.values() if each.claim not in world.resources]
    return [*resources, *volumes, *world.left_behind]


def _class_of(world: CloudState, claim: CloudResource) -> CloudResource | None:
    """The StorageClass of a claim, where it is of this world."""
    wanted = value_at(claim.inputs, "spec", "storageClassName")
    return next(
        (each for each in world.of_type(STORAGE_CLASS.type) if value_at(each.outputs, "metadata", "name") == wanted),
        None,
    )


def _of_volume(volume: CloudVolume) -> str:
    what = "disk" if volume.provisioner == BLOCK_DRIVER else "file system"
    return f"{what} of claim {volume.claim[1]}"


def _goes_along(cluster: CloudResource, other: CloudResource) -> bool:
    """Whether TKE deletes the other resource itself with the cluster: pools with their machines, add-ons, releases."""
    return kind(cluster) == CLUSTER.type and other.inputs.get("clusterId") == cluster.id


def _own_id(resource: CloudResource) -> bool:
    """Whether the id is the resource's own and not that of what it belongs to (a rule set has its group's)."""
    return resource.id not in values_in(resource.inputs)


def _held(resource: CloudResource, given: Iterator[object]) -> bool:
    names = {resource.id, resource.outputs.get("publicIp", resource.id)}
    return any(value in names for value in given if isinstance(value, str))


def _nodes(world: CloudState, cluster_id: str) -> bool:
    return any(each.inputs.get("clusterId") == cluster_id for each in world.of_type(*types("pool")))


def _check_range(world: CloudState, resource: CloudResource, key: str, code: str) -> None:
    """Raise `DeniedError` where a range of addresses is taken in the VPC."""
    wanted, vpc = resource.inputs.get(key), resource.inputs.get("vpcId")
    for other in world.of_type(kind(resource)):
        taken = other.inputs.get(key)
        both = wanted and taken and other.inputs.get("vpcId") == vpc
        if both and ip_network(str(wanted)).overlaps(ip_network(str(taken))):
            raise DeniedError(f"{code}: {wanted} is used by {other.id}")


def _check_namespace(world: CloudState, resource: CloudResource, cluster: str | None) -> None:
    namespace = value_at(resource.inputs, "metadata", "namespace")
    ours = {str(value_at(each.outputs, "metadata", "name")) for each in world.of_type(NAMESPACE.type)}
    given_by_tke = {None, "default", "kube-system", "kube-public"}
    if cluster is not None and namespace not in {*given_by_tke, *ours}:
        raise DeniedError(f'namespaces "{namespace}" not found')


def _release_gone(world: CloudState, resource: CloudResource) -> str | None:
    """The release whose controller an object needs, where it was there and is not any more."""
    name = rules_of(resource.type).finalizer_of
    ids = {
        operation.id
        for operation in world.operations
        if name
        and operation.type.partition(":")[2] in types("release")
        and operation.id.replace("#", "/").endswith(f"/{name}")
    }
    return name if ids and not any(each.id in ids for each in world.of_type(*types("release"))) else None


def _check_finalizers(world: CloudState, resource: CloudResource) -> None:
    if kind(resource) == CLAIM.type:
        _check_claim(world, resource)
    if gone := _release_gone(world, resource):
        raise DeniedError(f"timed out: nothing takes the finalizer of {resource.id} away, release {gone} is gone")


def _check_claim(world: CloudState, resource: CloudResource) -> None:
    name, namespace = (
        value_at(resource.outputs, "metadata", "name"),
        value_at(resource.outputs, "metadata", "namespace"),
    )
    for other in world.of_type(*types("workload")):
        if value_at(other.outputs, "metadata", "namespace") == namespace and name in _claims(other.inputs):
            raise DeniedError(f"timed out: claim {resource.id} is in use by the pods of {other.id}")
    volume = world.volumes.get(resource.key)
    addon = ADDON_OF.get(volume.provisioner) if volume is not None else None
    if addon and any(
        operation.type == ADDON.token and operation.id.endswith(f"#{addon}") for operation in world.operations
    ):
        if not any(each.inputs.get("addonName") == addon for each in world.of_type(ADDON.type)):
            raise DeniedError(
                f"timed out: nothing deletes the volume of claim {resource.id}, for the add-on {addon} is gone"
            )
        if not list(world.of_type(*types("pool"))):
            raise DeniedError(f"timed out: nothing deletes the volume of claim {resource.id}, for no node is left")


def _claims(value: object) -> Iterator[object]:
    """Names of the claims that a workload mounts."""
    if isinstance(value, Mapping):
        if "claimName" in value:
            yield value["claimName"]
        for part in value.values():
            yield from _claims(part)
    elif isinstance(value, list):
        for part in value:
            yield from _claims(part)


def _in_namespace(resource: CloudResource, namespace: str) -> bool:
    return resource.type.startswith("kubernetes:") and value_at(resource.outputs, "metadata", "namespace") == namespace


def _cluster_gone(world: CloudState, cluster: CloudResource) -> None:
    options = cast("Sequence[Mapping[str, object]]", cluster.inputs.get("resourceDeleteOptions") or ())
    disks_go = any(each.get("resourceType") == "CBS" and each.get("deleteMode") == "terminate" for each in options)
    for resource in [each for each in world.resources.values() if _goes_along(cluster, each)]:
        world.remove(resource, by=cluster.id)
    for resource in [each for each in world.resources.values() if each.type.startswith("kubernetes:")]:
        if _balanced(resource):
            world.leave(f"load balancer of {resource.id}")
        world.remove(resource, by=cluster.id)
    for volume in list(world.volumes.values()):
        if volume.provisioner == BLOCK_DRIVER and disks_go:
            world.remove_volume(volume.claim)


def _balanced(resource: CloudResource) -> bool:
    """Whether a Kubernetes object has a load balancer of the cloud."""
    if kind(resource) == SERVICE.type:
        return value_at(resource.inputs, "spec", "type") == "LoadBalancer"
    return kind(resource) in types("balancer")
