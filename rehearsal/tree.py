"""What will be made, as a tree of components and resources."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from rehearsal.registration import Registration, depths, mask
from settings.paths import split, value_at


@dataclass(frozen=True)
class Node:
    """A component with its children, or a resource. `kind` is its short type, `name` what it is called where it will
    live, `detail` what is worth knowing of it (may be empty). `resources` counts what is made at and below it."""

    kind: str
    name: str
    detail: str
    custom: bool
    children: tuple["Node", ...] = ()

    @property
    def resources(self) -> int:
        return self.custom + sum(child.resources for child in self.children)


def tree(registrations: Iterable[Registration]) -> tuple[Node, ...]:
    """The roots of the tree. Siblings stand in the order in which they are made, components by the mean of theirs;
    `registrations` come dependencies first."""
    below: dict[str, list[Registration]] = {}
    every = tuple(registrations)
    depth = depths({each.urn: each.waits_for for each in every})
    for each in every:
        below.setdefault(each.parent, []).append(each)

    def resources(each: Registration) -> list[int]:
        # Random values wait for nothing and say nothing of when their component is made.
        own = [depth[each.urn]] if each.custom and not each.type.startswith("random:") else []
        return own + [found for child in below.get(each.urn, ()) for found in resources(child)]

    def place(each: Registration) -> float:
        found = resources(each)
        return sum(found) / len(found) if found else depth[each.urn]

    def node(each: Registration) -> Node:
        children = tuple(node(child) for child in sorted(below.get(each.urn, ()), key=place))
        return Node(short_type(each.type), display_name(each), _detail(each), each.custom, children)

    return tuple(node(each) for each in sorted(below.get("", ()), key=place))


def short_type(type_: str) -> str:
    """``vpc.Instance`` for Tencent Cloud, ``Deployment`` for Kubernetes, the class for a component."""
    package, module, kind = [*type_.split(":"), "", ""][:3]
    if package == "tencentcloud":
        return f"{module.split('/')[0].lower()}.{kind}"
    if module == "providers":
        return f"{kind} provider"
    return kind


def display_name(registration: Registration) -> str:
    """The name in the cloud or cluster, or the logical name where it has none."""
    metadata = registration.outputs.get("metadata")
    if isinstance(metadata, Mapping) and "name" in metadata:
        namespace = metadata.get("namespace")
        return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])
    for key in ("clusterName", "addonName", "name", "keyName"):
        given = registration.inputs.get(key)
        if isinstance(given, str):
            return given
    return registration.name


def _at(value: object, path: str) -> object:
    return value_at(value, *split(path))


def _joined(*paths: str) -> Callable[[Mapping[str, object]], str]:
    def detail(inputs: Mapping[str, object]) -> str:
        return ", ".join(_words(found) for path in paths if (found := _at(inputs, path)) not in (None, [], {}))

    return detail


def _words(value: object) -> str:
    return " ".join(map(_words, value)) if isinstance(value, list) else str(value)


def _image(inputs: Mapping[str, object]) -> str:
    return _words(_at(inputs, "spec.template.spec.containers[0].image") or "")


_DETAILS: dict[str, Callable[[Mapping[str, object]], str]] = {
    "vpc.Instance": _joined("cidrBlock"),
    "subnet.Instance": _joined("availabilityZone", "cidrBlock"),
    "nat.Gateway": lambda inputs: f"{inputs.get('bandwidth')} Mbps",
    "eip.Instance": lambda inputs: f"{inputs.get('internetMaxBandwidthOut')} Mbps",
    "route.TableEntry": _joined("destinationCidrBlock", "nextType"),
    "kubernetes.Cluster": _joined("clusterVersion", "clusterLevel", "networkType"),
    "kubernetes.ClusterEndpoint": lambda inputs: "public" if inputs.get("clusterInternet") else "inside the VPC",
    "kubernetes.NodePool": lambda inputs: (
        f"{_joined('autoScalingConfig.instanceType')(inputs)} x {inputs.get('desiredCapacity', inputs.get('minSize'))}"
    ),
    "kubernetes.NativeNodePool": lambda inputs: (
        f"{_joined('native.instanceTypes')(inputs)} x {_at(inputs, 'native.replicas') or 0}"
    ),
    "cfs.AccessRule": _joined("authClientIp", "rwPermission"),
    "cfs.FileSystem": _joined("storageType", "protocol"),
    "Deployment": _image,
    "StatefulSet": _image,
    "Job": _image,
    "PersistentVolumeClaim": _joined("spec.storageClassName", "spec.resources.requests.storage"),
    "StorageClass": _joined("provisioner"),
    "Service": lambda inputs: f"port {_at(inputs, 'spec.ports[0].port')}",
}


def _detail(registration: Registration) -> str:
    about = _DETAILS.get(short_type(registration.type))
    shown = mask(registration.inputs)
    return about(shown) if about and isinstance(shown, Mapping) else ""
