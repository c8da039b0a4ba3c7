"""What Tencent Cloud's CSI drivers make of a claim, and what they refuse.

The rules follow the drivers' source (github TencentCloud/kubernetes-csi-tencentcloud, driver/cbs and driver/cfs:
CreateVolume and NodePublishVolume) and, for disk sizes, document 457/44239.
"""

from collections.abc import Callable, Mapping
from typing import Any

from planner.storage.drivers import BLOCK_DRIVER, CFS_DRIVER, CFS_PROVISIONER, TURBO_DRIVER
from rehearsal.cluster.nodes import ZONE
from rehearsal.cluster.objects import Object
from rehearsal.cluster.platform import ANY_PROVISIONER
from rehearsal.simulated.identity import address, short_id
from settings.quantity import size

GIB = 2**30

SMALLEST_DISK = {"CLOUD_PREMIUM": 10, "CLOUD_SSD": 20, "CLOUD_BSSD": 20, "CLOUD_HSSD": 20, "CLOUD_TSSD": 20}
LARGEST_DISK = 32000
DISK_STEP = 10
"""GiB."""
DISK_CHARGES = ("POSTPAID_BY_HOUR", "PREPAID", "CDCPAID")
STORAGE_TYPES = ("SD", "HP", "TB", "TP")
NFS_VERSIONS = ("3", "4", "4.0")


class RefusedError(Exception):
    """The driver makes no volume; the message is its answer."""


def provision(claim: Object, storage_class: Object, zone: str | None) -> dict[str, Any]:
    """The PersistentVolume for a claim; `zone` is that of the node its pod was given to. Raises `RefusedError`."""
    driver = storage_class["provisioner"]
    parameters = {key.lower(): str(value) for key, value in (storage_class.get("parameters") or {}).items()}
    asked = size(claim["spec"]["resources"]["requests"]["storage"])
    attributes = _MAKERS[driver](parameters, claim["spec"]["accessModes"], asked)
    metadata = claim["metadata"]
    name = f"pvc-{metadata['uid']}"
    zones = [zone] if driver == BLOCK_DRIVER and zone else []
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": driver}},
        "spec": {
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "accessModes": claim["spec"]["accessModes"],
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "storageClassName": storage_class["metadata"]["name"],
            "mountOptions": storage_class.get("mountOptions") or [],
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
            "csi": {
                "driver": driver,
                "volumeHandle": short_id("disk" if driver == BLOCK_DRIVER else "cfs", name),
                "volumeAttributes": attributes,
            },
            **({"nodeAffinity": _only_in(zones)} if zones else {}),
        },
    }


def mount_refusal(volume: Object) -> str | None:
    """Why the driver cannot mount a volume on any node; None where it can."""
    csi = volume["spec"].get("csi")
    if csi is None:
        return None
    given = csi.get("volumeAttributes") or {}
    needed = _NEEDED_TO_MOUNT.get(csi["driver"], ())
    missing = [name for name in needed if not given.get(name)]
    if missing:
        return f"{csi['driver']} cannot mount it: volumeAttributes without {' and '.join(missing)}"
    if not str(given.get("path") or "/").startswith("/"):
        return f"{csi['driver']} cannot mount it: the path {given['path']} does not start with /"
    export = _export(csi["driver"], given)
    if export is not None and export.startswith(f"/{given['fsid']}/{given['fsid']}/"):
        return f"{csi['driver']} cannot mount it: there is no {export} on {given['host']}"
    return None


def _export(driver: str, given: Mapping[str, str]) -> str | None:
    """The path on the server that the driver of CFS mounts over NFS 3, where its own name is known."""
    fsid = given.get("fsid")
    if driver not in (CFS_PROVISIONER, CFS_DRIVER) or not fsid or given.get("vers", "3") != "3":
        return None
    return f"/{fsid}{given.get('path') or '/'}".rstrip("/") + "/"


def _block(parameters: Mapping[str, str], modes: list[str], asked: int) -> dict[str, str]:
    if set(modes) - {"ReadWriteOnce", "ReadWriteOncePod"}:
        raise RefusedError(
            f"a CBS disk is attached to one node: access mode ReadWriteOnce only, not {', '.join(modes)}"
        )
    kind = parameters.get("disktype") or parameters.get("type") or "CLOUD_PREMIUM"
    kind = "CLOUD_PREMIUM" if kind == "cbs" else kind
    if kind not in SMALLEST_DISK:
        raise RefusedError(f"no available storage: there is no disk type {kind}")
    charge = parameters.get("diskchargetype") or parameters.get("paymode") or "POSTPAID_BY_HOUR"
    if charge not in DISK_CHARGES:
        raise RefusedError(f"diskChargeType {charge} is none of {', '.join(DISK_CHARGES)}")
    gib, rest = divmod(asked, GIB)
    if rest or gib % DISK_STEP or not SMALLEST_DISK[kind] <= gib <= LARGEST_DISK:
        raise RefusedError(
            f"disk size is invalid: {kind} is sold from {SMALLEST_DISK[kind]} to {LARGEST_DISK} GiB "
            f"in steps of {DISK_STEP} GiB, not {asked / GIB:g} GiB"
        )
    return {}


def _shared(parameters: Mapping[str, str], modes: list[str], asked: int) -> dict[str, str]:  # noqa: ARG001
    for name, spoken in (("vpcid", "VpcID"), ("subnetid", "subnetID")):
        if not parameters.get(name):
            raise RefusedError(f"{spoken} should not be empty: the class has no parameter {name}")
    kind = parameters.get("storagetype", "SD")
    if kind not in STORAGE_TYPES:
        raise RefusedError(f"storagetype {kind} is none of {', '.join(STORAGE_TYPES)}")
    version = parameters.get("vers", "3")
    if version not in NFS_VERSIONS:
        raise RefusedError(f"vers {version} is none of {', '.join(NFS_VERSIONS)}")
    place = repr(sorted(parameters.items()))
    return {"fsid": short_id("fs", place), "host": address("10.0.", place), "path": "/", "vers": version}


def _turbo(parameters: Mapping[str, str], modes: list[str], asked: int) -> dict[str, str]:  # noqa: ARG001
    missing = [name for name in ("fsid", "host") if not parameters.get(name)]
    if missing:
        raise RefusedError(f"the class has no parameter {' and no '.join(missing)}, of a CFS Turbo that exists already")
    return {"fsid": parameters["fsid"], "host": parameters["host"], "path": parameters.get("path", "/")}


def _any(parameters: Mapping[str, str], modes: list[str], asked: int) -> dict[str, str]:  # noqa: ARG001
    return {}


_MAKERS: dict[str, Callable[[Mapping[str, str], list[str], int], dict[str, str]]] = {
    BLOCK_DRIVER: _block,
    CFS_PROVISIONER: _shared,
    CFS_DRIVER: _shared,
    TURBO_DRIVER: _turbo,
    ANY_PROVISIONER: _any,
}
_NEEDED_TO_MOUNT = {CFS_PROVISIONER: ("host",), CFS_DRIVER: ("host",), TURBO_DRIVER: ("fsid", "host")}


def _only_in(zones: list[str]) -> dict[str, Any]:
    return {
        "required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": ZONE, "operator": "In", "values": zones}]}]}
    }
