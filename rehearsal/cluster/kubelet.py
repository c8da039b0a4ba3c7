"""What keeps a pod from starting on its node: the part of a kubelet's work that kwok leaves out."""

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.load import Catalog
from planner.pools.decide import SUPER_NODE_SELECTOR
from rehearsal.cluster.drivers import mount_refusal
from rehearsal.cluster.objects import Object
from rehearsal.cluster.state import ClusterState
from rehearsal.cluster.super_nodes import NoSuchMachineError, granted


def obstacles(pod: Object, state: ClusterState, catalog: Catalog) -> Iterator[str]:
    """Why the containers of a pod that has a node would not start, in the kubelet's words where it has some."""
    namespace = pod["metadata"]["namespace"]
    for kind, reference, keys in _references(pod["spec"]):
        if not reference.get("optional"):
            yield from _missing(state, kind, namespace, reference["name"], keys)
    for volume in _volumes(pod, state):
        yield from _unmounted(volume, pod, state)
    node = state.find("Node", "", pod["spec"].get("nodeName", ""))
    if node and dict(SUPER_NODE_SELECTOR).items() <= node["metadata"]["labels"].items():
        try:
            granted(pod, catalog)
        except NoSuchMachineError as refusal:
            yield str(refusal)


_Reference = tuple[str, Mapping[str, Any], list[str]]
"""Kind of what is referred to, the reference, and the keys that must be there."""
_FROM_KEY = (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap"))
_FROM_ALL = (("secretRef", "Secret"), ("configMapRef", "ConfigMap"))
_MOUNTED = (("secret", "Secret"), ("configMap", "ConfigMap"))


def _references(spec: Mapping[str, Any]) -> Iterator[_Reference]:
    """Every reference of a pod to a Secret or ConfigMap."""
    for container in (*spec.get("initContainers", ()), *spec["containers"]):
        for variable in container.get("env", ()):
            for kind, given in _named(variable.get("valueFrom", {}), _FROM_KEY):
                yield kind, given, [given["key"]]
        for whole in container.get("envFrom", ()):
            for kind, given in _named(whole, _FROM_ALL):
                yield kind, given, []
    for volume in spec.get("volumes", ()):
        for source in (volume, *volume.get("projected", {}).get("sources", ())):
            for kind, given in _named(source, _MOUNTED):
                keys = [item["key"] for item in given.get("items") or ()]
                yield kind, {**given, "name": given.get("name") or given.get("secretName")}, keys


def _named(source: Mapping[str, Any], fields: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, kind in fields:
        if name in source:
            yield kind, source[name]


def _missing(state: ClusterState, kind: str, namespace: str, name: str, keys: list[str]) -> Iterator[str]:
    found = state.find(kind, namespace, name)
    if found is None:
        yield f'{kind.lower()} "{name}" not found'
        return
    held = {**(found.get("data") or {}), **(found.get("binaryData") or {})}
    for key in keys:
        if key not in held:
            yield f"couldn't find key {key} in {kind} {namespace}/{name}"


def _volumes(pod: Object, state: ClusterState) -> Iterator[dict[str, Any]]:
    for each in pod["spec"].get("volumes", ()):
        claim = each.get("persistentVolumeClaim")
        if claim:
            bound = state.find("PersistentVolumeClaim", pod["metadata"]["namespace"], claim["claimName"])
            volume = state.find("PersistentVolume", "", (bound or {}).get("spec", {}).get("volumeName", ""))
            if volume:
                yield volume


def _unmounted(volume: Object, pod: Object, state: ClusterState) -> Iterator[str]:
    name = volume["metadata"]["name"]
    if refusal := mount_refusal(volume):
        yield f"PersistentVolume {name}: {refusal}"
    driver = state.find("CSIDriver", "", (volume["spec"].get("csi") or {}).get("driver", ""))
    if driver is None or not driver["spec"]["attachRequired"]:
        return
    attached = any(
        each["spec"]["nodeName"] == pod["spec"]["nodeName"]
        and each["spec"]["source"].get("persistentVolumeName") == name
        and each.get("status", {}).get("attached")
        for each in state.every("VolumeAttachment")
    )
    if not attached:
        yield state.warning(pod, ["FailedAttachVolume"]) or f"waits until volume {name} is attached to its node"
