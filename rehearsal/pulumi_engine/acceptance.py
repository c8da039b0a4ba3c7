"""What the cloud accepts and what it refuses: which must be there before, which must be gone first.

Sources: facts on the provider and on TKE in `rules.yaml` and the catalogue; Kubernetes' own rules (a claim that a pod
uses is not deleted, a namespace takes all that is in it along).
"""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import cast

from planner.storage.drivers import BLOCK_DRIVER, CFS_DRIVER, CFS_PROVISIONER, TURBO_DRIVER
from rehearsal.cluster.amounts import size
from rehearsal.pulumi_engine.world import Refused, Thing, Volume, World

SUBNET = "Subnet/instance:Instance"
CLUSTER = "Kubernetes/cluster:Cluster"
ENDPOINT = "Kubernetes/clusterEndpoint:ClusterEndpoint"
ADDON = "Kubernetes/addon:Addon"
POOLS = (
    "Kubernetes/nodePool:NodePool",
    "Kubernetes/nativeNodePool:NativeNodePool",
    "Kubernetes/serverlessNodePool:ServerlessNodePool",
)
CLAIM = "core/v1:PersistentVolumeClaim"
CLASS = "storage.k8s.io/v1:StorageClass"
NAMESPACE = "core/v1:Namespace"
ATTACHMENT = "Cam/rolePolicyAttachmentByName:RolePolicyAttachmentByName"
"""Attaching a policy once more is no error: the API has no code for it (vendor 598/33562)."""
RUNNING = ("apps/v1:Deployment", "apps/v1:StatefulSet", "leaderworkerset.x-k8s.io/v1:LeaderWorkerSet")

_DRIVERS = {
    CFS_PROVISIONER: "cfs",
    CFS_DRIVER: "cfs",
    TURBO_DRIVER: "cfsturbo",
    BLOCK_DRIVER: "cbs",
}
"""Provisioner -> the add-on that brings its driver."""


def at(value: object, *path: str) -> object:
    """A value inside objects; None where it is not."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def leaves(value: object) -> Iterator[object]:
    """Every value inside objects and lists."""
    if isinstance(value, Mapping):
        for part in value.values():
            yield from leaves(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from leaves(part)
    else:
        yield value


def kind(thing: Thing) -> str:
    """The type without its package."""
    return thing.type.partition(":")[2]


def check_creation(world: World, thing: Thing, cluster: str | None) -> None:
    """Raise `Refused` where the cloud would not make the thing. `cluster`: the one a Kubernetes object is for, None
    where it is not of this world."""
    if thing.type.startswith("kubernetes:"):
        check_reachable(world, cluster)
        _check_namespace(world, thing, cluster)
        if world.find(*thing.key):
            raise Refused(f'{kind(thing).rpartition(":")[2].lower()} "{thing.id}" already exists')
        return
    for leaf in leaves(thing.inputs):
        if leaf in world.gone:
            raise Refused(f"ResourceNotFound: {leaf} does not exist")
    if world.find(*thing.key) and kind(thing) != ATTACHMENT:
        raise Refused(f"ResourceInUse: {thing.id} exists already")
    cluster_id = str(thing.inputs.get("clusterId", ""))
    made_here = any(each.id == cluster_id for each in world.of_type(CLUSTER))
    if kind(thing) in (ENDPOINT, ADDON) and made_here and not _nodes(world, cluster_id):
        raise Refused(f"{cluster_id} has no running node yet")
    if kind(thing) == CLUSTER:
        _check_range(world, thing, "clusterCidr", "InvalidParameter.CidrConflictWithOtherCluster")
    if kind(thing) == SUBNET:
        _check_range(world, thing, "cidrBlock", "InvalidParameterValue.SubnetConflict")


def check_change(world: World, thing: Thing, inputs: Mapping[str, object]) -> None:
    """Raise `Refused` where cloud or API server would not take the new inputs though no rule of the type speaks against
    it: a cluster loses no subnet of its pods (Update in resource_tc_kubernetes_cluster_extension.go of the Terraform
    provider), a volume only grows, and only where its class lets it."""
    if kind(thing) == CLUSTER and {*leaves(thing.inputs.get("eniSubnetIds"))} - {*leaves(inputs.get("eniSubnetIds"))}:
        raise Refused("the `eni_subnet_ids` parameter does not allow modification of existing subnet ID data")
    path = ("spec", "resources", "requests", "storage")
    old, new = at(thing.inputs, *path), at(inputs, *path)
    if kind(thing) != CLAIM or old == new:
        return
    made = _class_of(world, thing)
    if made is not None and at(made.inputs, "allowVolumeExpansion") is not True:
        raise Refused(f"claim {thing.id} cannot be resized: its class does not support it")
    if size(str(new)) < size(str(old)):
        raise Refused(f"claim {thing.id} cannot be made smaller")


def check_deletion(world: World, thing: Thing, cluster: str | None) -> None:
    """Raise `Refused` where the cloud would not delete the thing now, or would never be done with it."""
    if thing.type.startswith("kubernetes:"):
        check_reachable(world, cluster)
        if kind(thing) == CLAIM:
            _check_claim(world, thing)
        return
    if not _own_id(thing):
        return
    for other in world.things.values():
        if other.key == thing.key or not other.type.startswith("tencentcloud:") or _goes_along(thing, other):
            continue
        if _held(thing, leaves(other.inputs)):
            raise Refused(f"ResourceInUse: {thing.id} is used by {other.id} ({other.name})")
    for volume in world.volumes.values():
        if thing.id in volume.holds:
            raise Refused(f"ResourceInUse: {thing.id} is used by the file system of claim {volume.claim[1]}")


def check_reachable(world: World, cluster: str | None) -> None:
    """Raise `Refused` where the API server of a cluster of this world cannot be reached."""
    if cluster is not None and not any(each.id == cluster for each in world.of_type(ENDPOINT)):
        raise Refused(f"configured Kubernetes cluster is unreachable: {cluster} has no API endpoint")


def after_creation(world: World, thing: Thing) -> None:
    """Make what the new thing brings about: the volume of a claim."""
    if kind(thing) != CLAIM:
        return
    made = _class_of(world, thing)
    if made is not None:
        parameters = at(made.inputs, "parameters")
        holds = tuple(str(each) for each in leaves(parameters) if isinstance(each, str))
        kept = at(made.inputs, "reclaimPolicy") == "Retain"
        world.put_volume(Volume(thing.key, str(at(made.inputs, "provisioner")), holds, kept))


def after_deletion(world: World, thing: Thing) -> None:
    """Take along what goes with the thing, and note what stays."""
    if kind(thing) == CLAIM:
        volume = world.volumes.get(thing.key)
        if volume is not None and not volume.kept:
            world.remove_volume(thing.key)
    elif kind(thing) == NAMESPACE:
        for other in [each for each in world.things.values() if _in_namespace(each, thing.id)]:
            world.remove(other, by=thing.id)
            after_deletion(world, other)
    elif kind(thing) == CLUSTER:
        _cluster_gone(world, thing)


def left(world: World) -> list[str]:
    """What is still there, in words: things, volumes that outlived their claim, what a cluster left behind."""
    things = [f"{thing.name} ({thing.id})" for thing in world.things.values()]
    volumes = [_of_volume(each) for each in world.volumes.values() if each.claim not in world.things]
    return [*things, *volumes, *world.left_behind]


def _class_of(world: World, claim: Thing) -> Thing | None:
    """The StorageClass of a claim, where it is of this world."""
    wanted = at(claim.inputs, "spec", "storageClassName")
    return next((each for each in world.of_type(CLASS) if at(each.outputs, "metadata", "name") == wanted), None)


def _of_volume(volume: Volume) -> str:
    what = "disk" if volume.provisioner == BLOCK_DRIVER else "file system"
    return f"{what} of claim {volume.claim[1]}"


def _goes_along(cluster: Thing, other: Thing) -> bool:
    """Whether TKE deletes the other thing itself with the cluster: pools with their machines, add-ons, releases."""
    return kind(cluster) == CLUSTER and other.inputs.get("clusterId") == cluster.id


def _own_id(thing: Thing) -> bool:
    """Whether the id is the thing's own and not that of what it belongs to (a rule set has its group's)."""
    return thing.id not in leaves(thing.inputs)


def _held(thing: Thing, values: Iterator[object]) -> bool:
    names = {thing.id, thing.outputs.get("publicIp", thing.id)}
    return any(value in names for value in values if isinstance(value, str))


def _nodes(world: World, cluster_id: str) -> bool:
    return any(each.inputs.get("clusterId") == cluster_id for each in world.of_type(*POOLS))


def _check_range(world: World, thing: Thing, key: str, code: str) -> None:
    """Raise `Refused` where a range of addresses is taken in the VPC."""
    wanted, vpc = thing.inputs.get(key), thing.inputs.get("vpcId")
    for other in world.of_type(kind(thing)):
        taken = other.inputs.get(key)
        both = wanted and taken and other.inputs.get("vpcId") == vpc
        if both and ip_network(str(wanted)).overlaps(ip_network(str(taken))):
            raise Refused(f"{code}: {wanted} is used by {other.id}")


def _check_namespace(world: World, thing: Thing, cluster: str | None) -> None:
    namespace = at(thing.inputs, "metadata", "namespace")
    ours = {str(at(each.outputs, "metadata", "name")) for each in world.of_type(NAMESPACE)}
    given_by_tke = {None, "default", "kube-system", "kube-public"}
    if cluster is not None and namespace not in {*given_by_tke, *ours}:
        raise Refused(f'namespaces "{namespace}" not found')


def _check_claim(world: World, thing: Thing) -> None:
    name, namespace = at(thing.outputs, "metadata", "name"), at(thing.outputs, "metadata", "namespace")
    for other in world.of_type(*RUNNING):
        if at(other.outputs, "metadata", "namespace") == namespace and name in _claims(other.inputs):
            raise Refused(f"timed out: claim {thing.id} is in use by the pods of {other.id}")
    volume = world.volumes.get(thing.key)
    addon = _DRIVERS.get(volume.provisioner) if volume is not None else None
    if addon and any(deed.type.endswith(ADDON) and deed.id.endswith(f"#{addon}") for deed in world.deeds):
        if not any(each.inputs.get("addonName") == addon for each in world.of_type(ADDON)):
            raise Refused(f"timed out: nothing deletes the volume of claim {thing.id}, for the add-on {addon} is gone")
        if not list(world.of_type(*POOLS)):
            raise Refused(f"timed out: nothing deletes the volume of claim {thing.id}, for no node is left")


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


def _in_namespace(thing: Thing, namespace: str) -> bool:
    return thing.type.startswith("kubernetes:") and at(thing.outputs, "metadata", "namespace") == namespace


def _cluster_gone(world: World, cluster: Thing) -> None:
    options = cast("Sequence[Mapping[str, object]]", cluster.inputs.get("resourceDeleteOptions") or ())
    disks_go = any(each.get("resourceType") == "CBS" and each.get("deleteMode") == "terminate" for each in options)
    for thing in [each for each in world.things.values() if _goes_along(cluster, each)]:
        world.remove(thing, by=cluster.id)
    for thing in [each for each in world.things.values() if each.type.startswith("kubernetes:")]:
        if _balanced(thing):
            world.leave(f"load balancer of {thing.id}")
        world.remove(thing, by=cluster.id)
    for volume in list(world.volumes.values()):
        if volume.provisioner == BLOCK_DRIVER and disks_go:
            world.remove_volume(volume.claim)


def _balanced(thing: Thing) -> bool:
    """Whether a Kubernetes object has a load balancer of the cloud."""
    if kind(thing) == "core/v1:Service":
        return at(thing.inputs, "spec", "type") == "LoadBalancer"
    return kind(thing).endswith((":Ingress", ":Gateway"))
