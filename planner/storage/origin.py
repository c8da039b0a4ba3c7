"""Where the files of the model store lie, and what of it outlives the stack."""

from settings.stack import Settings

ID_PREFIX = "cfs-"
"""What the id of a file system begins with, unlike the FSID of its mount target."""


def storage_kind(settings: Settings) -> str:
    """The kind of the store. A cluster known by its kubeconfig only keeps models in a class of its own, unless told."""
    existing = settings.cluster.existing
    by_kubeconfig = existing is not None and existing.id is None
    return "class" if by_kubeconfig and "kind" not in settings.storage.model_fields_set else settings.storage.kind


def origin(settings: Settings) -> str:
    """Where the files lie: "class", "given", "made" or "provisioned" (see `StoragePlan`).

    A claim's file system is deleted with its claim, or left behind nameless. What is to be found again is made by the
    stack; CFS Turbo is mounted by name only (vendor 457/54064).
    """
    kind = storage_kind(settings)
    if kind == "class":
        return "class"
    if settings.storage.file_system_id is not None:
        return "given"
    return "made" if kind == "cfs-turbo" or settings.retain else "provisioned"


def outlives(settings: Settings) -> bool:
    """Whether a file system in a VPC of ours is kept when the stack goes; Turbo's is in the Cloud Connect Network."""
    return settings.retain and origin(settings) == "made" and storage_kind(settings) == "cfs"
