"""Rules on pods: images, memory, GPUs, and what a process may do to its node."""

import re
from collections.abc import Callable, Mapping

from planner.access.namespaces import NODE_CACHE, NODE_FOLDERS, is_node_folder, node_cache_namespace
from planner.images.reference import is_floating
from policy.pods import Container, PodTemplate, pods
from policy.rule import Hidden, Rule, in_kubernetes, items, kind_of, mapping
from settings.paths import value_at
from settings.translation import joined, tr

_WITH_HOST_NETWORK = frozenset({"IPC_LOCK"})
"""Capabilities that a pod may add which says why it is on its machine's network: RDMA locks memory."""

REASON = "tke-llm/why-"
"""Start of the annotation on a pod template that says why it needs what a rule would refuse: ``tke-llm/why-root``,
``tke-llm/why-host-network``, ``tke-llm/why-any-node``. The other rules know no exception."""

_ROOT = 0
_SECCOMP = frozenset({"RuntimeDefault", "Localhost"})
_GPU = re.compile(r"^nvidia\.com/|/gpu$|/qgpu-|/vcuda-")
"""Extended resources that stand for GPUs or parts of them, NVIDIA's and TKE's."""

NODE_CACHE_VOLUME = "node-cache"
"""What the volume of models' files on a node is called, in pods and as a PersistentVolume
(components/workloads/node_cache.py)."""

_HOST_NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")


def gpus(container: Container, bound: str) -> dict[str, str]:
    """The GPUs of a container's `requests` or `limits`, by resource name."""
    quantities = mapping(container.spec, "resources", bound)
    return {name: str(amount) for name, amount in quantities.items() if _GPU.search(name)}


def _has_gpu(pod: PodTemplate) -> bool:
    return any(gpus(each, "limits") or gpus(each, "requests") for each in pod.containers)


def _floating(_pod: PodTemplate, container: Container) -> list[str]:
    image = container.spec.get("image")
    if not isinstance(image, str) or not is_floating(image):
        return []
    return [tr("{path}: {image} names no fixed release", path=container.path, image=image)]


def _unlimited(_pod: PodTemplate, container: Container) -> list[str]:
    if value_at(container.spec, "resources", "limits", "memory") is not None:
        return []
    return [tr("{path}: no memory limit; a leak would take the node's other pods down", path=container.path)]


def _gpu_limits(_pod: PodTemplate, container: Container) -> list[str]:
    # A limit alone is fine: Kubernetes takes it as the request.
    limits, requests = gpus(container, "limits"), gpus(container, "requests")
    return [
        tr(
            "{path}: {name} is requested {amount} times and limited to {limit}",
            path=container.path,
            name=name,
            amount=amount,
            limit=limits.get(name, tr("nothing")),
        )
        for name, amount in requests.items()
        if limits.get(name) != amount
    ]


def _toleration(pod: PodTemplate) -> list[str]:
    if not _has_gpu(pod) or items(pod.spec, "tolerations"):
        return []
    return [
        tr(
            "{path}: asks for a GPU and tolerates no taint, so nodes that are kept for GPUs may refuse it",
            path=pod.path,
        )
    ]


def _node_selector(pod: PodTemplate) -> list[str]:
    chosen = mapping(pod.spec, "nodeSelector") or value_at(
        pod.spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if not _has_gpu(pod) or chosen or _excused(pod, "any-node"):
        return []
    return [tr("{path}: asks for a GPU on any node, whatever its GPU", path=pod.path)]


def _privileged(_pod: PodTemplate, container: Container) -> list[str]:
    context = mapping(container.spec, "securityContext")
    problems = []
    if context.get("privileged"):
        problems.append(tr("{path}: privileged", path=container.path))
    if context.get("allowPrivilegeEscalation") is not False:
        problems.append(tr("{path}: allowPrivilegeEscalation is not false", path=container.path))
    return problems


def _capabilities(pod: PodTemplate, container: Container) -> list[str]:
    added = value_at(container.spec, "securityContext", "capabilities", "add")
    wanted = {str(each) for each in added} if isinstance(added, list | tuple) else set()
    if pod.spec.get("hostNetwork") and _excused(pod, "host-network"):
        wanted -= _WITH_HOST_NETWORK
    return (
        [tr("{path}: adds the capabilities {wanted}", path=container.path, wanted=joined(sorted(wanted)))]
        if wanted
        else []
    )


def _seccomp(pod: PodTemplate, container: Container) -> list[str]:
    own = value_at(container.spec, "securityContext", "seccompProfile", "type")
    kind = own or value_at(pod.spec, "securityContext", "seccompProfile", "type")
    if kind in _SECCOMP:
        return []
    return [
        tr(
            "{path}: its system calls are not filtered (seccompProfile {kind})",
            path=container.path,
            kind=kind or tr("not given"),
        )
    ]


def _writable_root(_pod: PodTemplate, container: Container) -> list[str]:
    if value_at(container.spec, "securityContext", "readOnlyRootFilesystem") is True:
        return []
    return [tr("{path}: may write to its root file system", path=container.path)]


def _host_ports(_pod: PodTemplate, container: Container) -> list[str]:
    return [
        tr(
            "{path}: port {port} is opened on the node as {on_node}",
            path=container.path,
            port=port.get("containerPort"),
            on_node=port["hostPort"],
        )
        for port in items(container.spec, "ports")
        if port.get("hostPort")
    ]


def _root(pod: PodTemplate) -> list[str]:
    if _excused(pod, "root"):
        return []
    return [
        tr(
            "{path}: may run as root and no annotation {annotation} says why",
            path=each.path,
            annotation=f"{REASON}root",
        )
        for each in pod.containers
        if not _never_root(pod, each)
    ]


def _never_root(pod: PodTemplate, container: Container) -> bool:
    # A container's own context wins over its pod's.
    context = {**mapping(pod.spec, "securityContext"), **mapping(container.spec, "securityContext")}
    return context.get("runAsNonRoot") is True and context.get("runAsUser") != _ROOT


def _host_paths(type_token: str, _name: str, properties: Mapping[str, object]) -> list[str]:
    namespace = value_at(properties, "metadata", "namespace")
    return [
        tr(
            "{path}: volume {volume} is the node's {folder}",
            path=pod.path,
            volume=volume.get("name"),
            folder=value_at(volume, "hostPath", "path"),
        )
        for pod in pods(type_token, properties)
        for volume in items(pod.spec, "volumes")
        if volume.get("hostPath") is not None and not _makes_the_folder(namespace, volume)
    ]


def _makes_the_folder(namespace: object, volume: Mapping[str, object]) -> bool:
    """The one exception: in the namespace that is made for it, the folder of a pool's nodes that holds models."""
    folder = value_at(volume, "hostPath", "path")
    return (
        isinstance(namespace, str)
        and isinstance(folder, str)
        and namespace.endswith(NODE_CACHE)
        and volume.get("name") == NODE_CACHE_VOLUME
        and is_node_folder(folder, namespace)
    )


def _node_volumes(type_token: str, _name: str, properties: Mapping[str, object]) -> list[str]:
    if not in_kubernetes(type_token) or kind_of(type_token) != "PersistentVolume":
        return []
    return [
        tr(
            "spec.{kind}: the volume is the node's {folder}",
            kind=kind,
            folder=value_at(properties, "spec", kind, "path"),
        )
        for kind in ("hostPath", "local")
        if value_at(properties, "spec", kind) is not None and not _is_node_cache(kind, properties)
    ]


def _is_node_cache(kind: str, properties: Mapping[str, object]) -> bool:
    """The one exception, as above: the same folder, as a volume for one claim of the stack's own namespace alone."""
    name, folder = value_at(properties, "metadata", "name"), value_at(properties, "spec", "local", "path")
    namespace = value_at(properties, "spec", "claimRef", "namespace")
    if kind != "local" or not isinstance(name, str) or not isinstance(folder, str):
        return False
    known = isinstance(namespace, Hidden) or (
        isinstance(namespace, str) and is_node_folder(folder, node_cache_namespace(namespace))
    )
    return known and name.startswith(f"{NODE_CACHE_VOLUME}-") and folder.startswith(f"{NODE_FOLDERS}/")


def _host_namespaces(pod: PodTemplate) -> list[str]:
    shared = [each for each in _HOST_NAMESPACES if pod.spec.get(each)]
    if not shared or (shared == ["hostNetwork"] and _excused(pod, "host-network")):
        return []
    return [tr("{path}: shares the node's namespaces ({shared})", path=pod.path, shared=joined(shared))]


def _service_links(pod: PodTemplate) -> list[str]:
    if pod.spec.get("enableServiceLinks") is False:
        return []
    return [
        tr("{path}: enableServiceLinks is not false; a Service called vllm breaks vLLM by its variables", path=pod.path)
    ]


def _service_account_token(pod: PodTemplate) -> list[str]:
    problems: list[str] = [
        tr("{path}: volume {volume} holds a Kubernetes credential", path=pod.path, volume=volume.get("name"))
        for volume in items(pod.spec, "volumes")
        if any("serviceAccountToken" in source for source in items(volume, "projected", "sources"))
    ]
    if pod.spec.get("automountServiceAccountToken") is not False:
        problems.append(
            tr(
                "{path}: automountServiceAccountToken is not false; the pod holds a Kubernetes credential",
                path=pod.path,
            )
        )
    return problems


def _excused(pod: PodTemplate, subject: str) -> bool:
    reason = pod.annotations.get(f"{REASON}{subject}")
    return isinstance(reason, Hidden) or (isinstance(reason, str) and bool(reason.strip()))


def _each_pod(check: Callable[[PodTemplate], list[str]]) -> Callable[[str, str, Mapping[str, object]], list[str]]:
    def over(type_token: str, _name: str, properties: Mapping[str, object]) -> list[str]:
        return [problem for pod in pods(type_token, properties) for problem in check(pod)]

    return over


def _each_container(
    check: Callable[[PodTemplate, Container], list[str]],
) -> Callable[[str, str, Mapping[str, object]], list[str]]:
    return _each_pod(lambda pod: [problem for each in pod.containers for problem in check(pod, each)])


POD_RULES = (
    Rule(
        "IMAGE_FLOATING",
        tr("Every image is pinned by the tag of a release or by digest."),
        _each_container(_floating),
        refused_by=("IMAGE_FLOATING",),
    ),
    Rule(
        "MEMORY_UNLIMITED", tr("Every container, init containers too, has a memory limit."), _each_container(_unlimited)
    ),
    Rule("GPU_LIMIT_DIFFERS", tr("A GPU's request, where given, equals its limit."), _each_container(_gpu_limits)),
    Rule("GPU_WITHOUT_TOLERATION", tr("Pods with GPUs tolerate the taint of GPU nodes."), _each_pod(_toleration)),
    Rule("GPU_WITHOUT_NODE_SELECTOR", tr("Pods with GPUs choose their nodes."), _each_pod(_node_selector)),
    Rule("POD_PRIVILEGED", tr("No container is privileged or may become so."), _each_container(_privileged)),
    Rule("POD_CAPABILITIES", tr("No container adds capabilities."), _each_container(_capabilities)),
    Rule("POD_SECCOMP", tr("The system calls of every container are filtered."), _each_container(_seccomp)),
    Rule(
        "POD_WRITABLE_ROOT",
        tr("No container writes but into its volumes."),
        _each_container(_writable_root),
    ),
    Rule("POD_HOST_PORT", tr("No container opens a port on its node."), _each_container(_host_ports)),
    Rule("POD_ROOT", tr("No container runs as root without a reason."), _each_pod(_root)),
    Rule(
        "POD_HOST_PATH", tr("No pod mounts a folder of its node, but the one that makes models' folders."), _host_paths
    ),
    Rule("VOLUME_ON_NODE", tr("No PersistentVolume is a folder of a node, but that of models' files."), _node_volumes),
    Rule(
        "POD_HOST_NAMESPACE", tr("No pod shares its node's namespaces without a reason."), _each_pod(_host_namespaces)
    ),
    Rule("POD_SERVICE_LINKS", tr("No pod sees other Services in its environment."), _each_pod(_service_links)),
    Rule("POD_API_TOKEN", tr("No pod holds a service account's token."), _each_pod(_service_account_token)),
)
