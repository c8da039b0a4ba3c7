"""Stands in for the CSI controllers of the cloud: makes and deletes volumes, attaches them to nodes."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from rehearsal.cluster import drivers
from rehearsal.cluster.nodes import ZONE
from rehearsal.cluster.objects import Object
from rehearsal.cluster.readiness import REFUSED
from rehearsal.cluster.state import ClusterState
from rehearsal.control_plane.api import Api, ApiError

_PROVISIONER = "volume.kubernetes.io/storage-provisioner"
_SELECTED_NODE = "volume.kubernetes.io/selected-node"
_CLASSES = "/apis/storage.k8s.io/v1"
_VOLUMES = "/api/v1/persistentvolumes"


class Binder:
    """Acts for a driver only while its CSIDriver object is there, that is while its add-on is."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._refused: set[str] = set()
        """UIDs of the claims that a driver makes no volume for, and that were told so."""

    def step(self, state: ClusterState) -> None:
        """Do what is to do at the moment."""
        running = {driver["metadata"]["name"] for driver in state.every("CSIDriver")}
        made = {volume["metadata"]["name"] for volume in state.every("PersistentVolume")}
        for claim in state.every("PersistentVolumeClaim"):
            if f"pvc-{claim['metadata']['uid']}" not in made and _wants_volume(claim, running):
                self._provision(claim, state)
        for volume in state.every("PersistentVolume"):
            if _is_to_go(volume) and _driver(volume) in running:
                self._api.delete(f"{_VOLUMES}/{volume['metadata']['name']}")
        for attachment in state.every("VolumeAttachment"):
            attached = attachment.get("status", {}).get("attached")
            if not attached and attachment["spec"]["attacher"] in running:
                name = attachment["metadata"]["name"]
                self._api.patch(f"{_CLASSES}/volumeattachments/{name}/status", {"status": {"attached": True}})

    def _provision(self, claim: Object, state: ClusterState) -> None:
        storage_class = state.find("StorageClass", "", claim["spec"].get("storageClassName") or "")
        if storage_class is None:
            return
        node = state.find("Node", "", _annotations(claim).get(_SELECTED_NODE, ""))
        if storage_class.get("volumeBindingMode") == "WaitForFirstConsumer" and node is None:
            return
        zones = [each["metadata"]["labels"].get(ZONE) for each in state.every("Node")]
        # A driver that is not told where the pod will be makes the disk in the zone that it runs in itself.
        zone = node["metadata"]["labels"].get(ZONE) if node else next((zone for zone in zones if zone), None)
        uid = claim["metadata"]["uid"]
        try:
            self._api.create(_VOLUMES, drivers.provision(claim, storage_class, zone))
        except drivers.RefusedError as refusal:
            if uid not in self._refused:
                self._refused.add(uid)
                self._tell(claim, str(refusal))
        except ApiError as error:
            if error.status != 409:
                raise

    def _tell(self, claim: Object, message: str) -> None:
        """Say it where `kubectl describe` would show it."""
        metadata = claim["metadata"]
        namespace = metadata["namespace"]
        event: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{metadata['name']}.", "namespace": namespace},
            "involvedObject": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": namespace,
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
            "type": "Warning",
            "reason": REFUSED,
            "message": message,
            "source": {"component": "rehearsal"},
        }
        # A namespace on its way out takes no new object.
        with suppress(ApiError):
            self._api.create(f"/api/v1/namespaces/{namespace}/events", event)


def _annotations(obj: Object) -> Mapping[str, str]:
    return obj["metadata"].get("annotations") or {}


def _wants_volume(claim: Object, running: set[str]) -> bool:
    """Whether the controller manager has handed the claim to a driver that runs."""
    return (
        not claim["spec"].get("volumeName")
        and "deletionTimestamp" not in claim["metadata"]
        and _annotations(claim).get(_PROVISIONER) in running
    )


def _is_to_go(volume: Object) -> bool:
    return (
        volume.get("status", {}).get("phase") == "Released"
        and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
        and "deletionTimestamp" not in volume["metadata"]
    )


def _driver(volume: Object) -> str | None:
    return (volume["spec"].get("csi") or {}).get("driver")
