"""What an update does to each resource: keep, change in place, or replace; as Pulumi's providers decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from rehearsal.registration import Registration, reveal
from settings.paths import apply_fix, split, value_at

_REPLACING: Mapping[str, tuple[str, ...]] = {
    "ConfigMap": ("data", "binaryData"),
    "Secret": ("type", "data", "stringData"),
    "Service": ("spec.clusterIP",),
    "PersistentVolume": ("spec.csi", "spec.nfs", "spec.hostPath", "spec.local"),
    "PersistentVolumeClaim": ("spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"),
    "StorageClass": ("parameters", "provisioner"),
    "Deployment": ("spec.selector",),
    "DaemonSet": ("spec.selector",),
    "StatefulSet": (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    "Job": ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    "RoleBinding": ("roleRef",),
    "ClusterRoleBinding": ("roleRef",),
}
"""Fields that the Kubernetes provider replaces an object for (pulumi-kubernetes, provider/pkg/provider/diff.go)."""
_IDENTITY = ("apiVersion", "kind", "metadata.name", "metadata.namespace")


class ChangeKind(Enum):
    CREATE = "created"
    UPDATE = "updated"
    REPLACE = "replaced"
    DELETE = "deleted"
    KEEP = "kept"


@dataclass(frozen=True)
class Differing:
    """What happens to a resource, and the fields that it happens for."""

    change: ChangeKind
    fields: tuple[str, ...] = ()


def compare(old: Registration | None, new: Registration) -> Differing:
    """How a registration differs from the one that it follows."""
    if old is None:
        return Differing(ChangeKind.CREATE)
    fields = tuple(_differences(reveal(old.inputs), reveal(new.inputs), ()))
    if not fields:
        return Differing(ChangeKind.KEEP)
    causes = (*_IDENTITY, *_REPLACING.get(str(new.inputs.get("kind")), ()), *new.replace_on_changes)
    replaced = any(_under(field, cause) for field in fields for cause in causes)
    return Differing(ChangeKind.REPLACE if replaced else ChangeKind.UPDATE, fields)


def carried_over(old: Registration | None, new: Registration) -> Registration:
    """The new registration with the old one's values where it ignores changes."""
    if old is None or not new.ignore_changes:
        return new
    there = ((path, value) for path in new.ignore_changes if (value := value_at(old.inputs, *split(path))) is not None)
    return replace(new, inputs=apply_fix(dict(new.inputs), there))


def predecessor(new: Registration, olds: Mapping[str, Registration]) -> Registration | None:
    """The registration that this one follows, by URN or alias."""
    for urn in (new.urn, *(alias for alias in new.aliases if isinstance(alias, str))):
        if urn in olds:
            return olds[urn]
    return None


def _under(field: str, cause: str) -> bool:
    return field == cause or field.startswith((f"{cause}.", f"{cause}["))


def _differences(old: object, new: object, path: tuple[str, ...]) -> Sequence[str]:
    """Dotted paths of the smallest parts that differ, lists taken as a whole."""
    if old == new:
        return ()
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return [
            found
            for key in dict.fromkeys([*old, *new])
            for found in _differences(old.get(key), new.get(key), (*path, str(key)))
        ]
    return [".".join(path)]
