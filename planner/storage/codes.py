"""What can be wrong with the model store and the WebUI's volume."""

from typing import Literal

from settings.diagnostics import Fix, Text, error, note, warning
from settings.translation import tr


@error(
    meaning=tr("The kind of store needs a value that is not given."),
    example="storage: {kind: cfs-turbo, capacity: 20480}   # no ccnId, no turboCidr",
    fix=tr("Give the value that is named, or use another kind."),
    source="Tencent Cloud documents 457/43101 and 457/54064",
    forceable=False,
)
def storage_incomplete(
    *, key: Literal["className", "vpcId", "mountHost", "ccnId", "turboCidr"], kind: str, name: str = "", fix: Fix = ()
) -> Text:
    """`key`: what is not given for a store of this `kind`; `name`: the file system's id."""
    match key:
        case "className":
            message = tr("The StorageClass of the models is not named.")
            remedy = tr("Set storage.className, or use kind: cfs.")
        case "vpcId":
            message = tr("A {kind} store is made in a VPC, and that of the existing cluster is not named.", kind=kind)
            remedy = tr("Set network.vpcId, .zones and .subnetIds, or use kind: class.")
        case "mountHost":
            message = tr("{name} is mounted by its address, which is not given.", name=name)
            remedy = tr("Set storage.mountHost to the mount address that the CFS console shows.")
        case _:
            message = tr(
                "A CFS Turbo file system is mounted through a Cloud Connect Network; {key} is not given.", key=key
            )
            remedy = tr(
                "Set storage.{key}, name an existing file system with its mountHost, or use kind: cfs.", key=key
            )
    return Text(message=message, remedy=remedy, fix=fix)


@error(
    meaning=tr("The claim asks for less than the models take."),
    example="storage: {capacity: 10}   # with a model of 15 GB",
    fix=tr("Use the size that is suggested, or leave it out."),
    source="catalog/data/models (sizes of weight files)",
)
def store_too_small(*, need_gib: float, capacity: int, enough: int) -> Text:
    return Text(
        message=tr(
            "The models take {need_gib:.0f} GiB, and the claim asks for {capacity}.",
            need_gib=need_gib,
            capacity=capacity,
        ),
        remedy=tr("Set storage.capacity to {enough} or more.", enough=enough),
        given=tr("{capacity} GiB", capacity=capacity),
        allowed=tr("{enough} GiB or more", enough=enough),
        fix=(("", enough),),
    )


@error(
    meaning=tr("CFS Turbo is not sold in this size (a warning where the steps are not verified)."),
    example="storage: {kind: cfs-turbo, capacity: 1000}",
    fix=tr("Use the size that is suggested; it cannot be changed afterwards."),
    source="catalog/data/stores.yaml; the provider's cfs_file_system (a change of capacity is an error)",
)
def turbo_capacity(*, capacity: int | None, least: int, step: int, near: int, verified: bool) -> Text:
    """Sizes in GiB."""
    return Text(
        severity="error" if verified else "warning",
        message=tr("CFS Turbo is sold from {least} GiB on, in steps of {step}.", least=least, step=step),
        remedy=tr("Set storage.capacity to {near}.", near=near),
        given="" if capacity is None else tr("{capacity} GiB", capacity=capacity),
        allowed=tr("{least} GiB and steps of {step} above", least=least, step=step),
        fix=(("", near),),
    )


@error(
    meaning=tr(
        "The WebUI's SQLite database would lie on NFS, where it breaks (a warning where only the name says so)."
    ),
    example="storage: {webuiClassName: cfs-ai}",
    fix=tr("Leave it out, so that a block volume is made, or set the secret tke-llm:databaseUrl."),
    source="open-webui #11946; open-webui documentation, scaling",
)
def sqlite_on_nfs(*, storage_class: str, certain: bool) -> Text:
    """`certain`: the class is known to be NFS; otherwise its name alone says so."""
    return Text(
        severity="error" if certain else "warning",
        message=tr(
            "The WebUI keeps a SQLite database, which is not supported on NFS ({storage_class}).",
            storage_class=storage_class,
        )
        if certain
        else tr(
            "The WebUI keeps a SQLite database; {storage_class} looks like a shared file system, where it breaks.",
            storage_class=storage_class,
        ),
        remedy=tr("Leave it out: a class of block volumes (CBS) is made. Or set the secret tke-llm:databaseUrl."),
        given=storage_class,
        allowed=tr("a StorageClass of block volumes"),
        fix=(("", None),),
    )


@error(
    meaning=tr("Several copies of the WebUI cannot share a SQLite database."),
    example="webui: {replicas: 2}",
    fix=tr("Use one, or PostgreSQL by the secret tke-llm:databaseUrl."),
    source="Open WebUI documentation, scaling",
)
def replicas_on_sqlite(*, replicas: int) -> Text:
    return Text(
        message=tr("{replicas} copies of the WebUI cannot share a SQLite database.", replicas=replicas),
        remedy=tr("Set webui.replicas to 1, or the secret tke-llm:databaseUrl to a PostgreSQL database."),
        given=str(replicas),
        allowed="1",
        fix=(("", 1),),
    )


@error(
    meaning=tr("A mount address or folder is given, but not the file system that it belongs to."),
    example="storage: {mountHost: 10.0.0.9}",
    fix=tr("Set storage.fileSystemId too, or remove both to have a file system made."),
    source="Attributes of a CFS volume (fsid, host, path)",
)
def file_system_not_named(*, key: str, given: str) -> Text:
    return Text(
        message=tr("{key} belongs to a file system that exists, and none is named.", key=key),
        remedy=tr("Set storage.fileSystemId, or remove it to have a file system made."),
        given=given,
        fix=(("", None),),
    )


@error(
    meaning=tr(
        "An existing file system is named by its id where nothing can be looked up; volumes need the "
        "FSID of its mount target."
    ),
    example="cluster: {existing: {kubeconfigPath: ~/.kube/config}}\n"
    "storage: {kind: cfs, fileSystemId: cfs-12345678, mountHost: 10.0.0.9}",
    fix=tr("Give the FSID that the CFS console shows beside the mount address."),
    source="Tencent Cloud document 457/44235 (static CFS volumes)",
    forceable=False,
)
def fsid_needed(*, name: str) -> Text:
    return Text(
        message=tr(
            "Volumes name a file system by the FSID of its mount target; {name} is its id, and without a TKE "
            "cluster nothing is asked of Tencent Cloud that could find it.",
            name=name,
        ),
        remedy=tr("Give the FSID that the CFS console shows beside the mount address."),
        given=name,
        allowed=tr("eight characters such as abcd1234"),
    )


@warning(
    meaning=tr("The models are on a file system in another network than the VPC that the stack makes."),
    example="storage: {fileSystemId: abcd1234, mountHost: 10.0.0.9}",
    fix=tr(
        "Set network.vpcId to the VPC of its mount target (CFS), or storage.ccnId to its Cloud Connect Network (Turbo)."
    ),
    source="Tencent Cloud documents 582/9132 and 457/54064 (mount targets)",
)
def store_out_of_reach(*, name: str, turbo: bool) -> Text:
    return Text(
        message=tr(
            "{name} has its mount target in a network that exists; the VPC that this stack makes is not "
            "connected to it.",
            name=name,
        ),
        remedy=tr("Set storage.ccnId to the Cloud Connect Network of its mount target, or network.vpcId.")
        if turbo
        else tr("Set network.vpcId to the VPC of its mount target."),
        given=name,
    )


@note(
    meaning=tr("The file system of the models is kept when the stack is destroyed, with all that it stands on."),
    example="retain: true",
    fix=tr(
        "Keep the output modelStore; its settings let another stack use the models. Set retain before "
        "the first `pulumi up`, for a change later moves the store."
    ),
    source="planner/storage/origin.py",
    when="asked",
)
def retained_store(*, with_vpc: bool) -> Text:
    """`with_vpc`: the VPC is the stack's own, and stays with the file system."""
    return Text(
        message=tr(
            "When the stack is destroyed the file system of the models stays, billed for what it holds, with "
            "its access group, its subnet and the VPC."
        )
        if with_vpc
        else tr(
            "When the stack is destroyed the file system of the models stays, billed for what it holds, with "
            "its access group."
        ),
        remedy=tr(
            "Note the output modelStore: it holds the settings by which another stack finds the models. "
            "Decide before the first `pulumi up`: to turn retain on or off later moves the models to another "
            "file system."
        ),
    )


@warning(
    meaning=tr("The store is a volume that one node mounts at a time, and the models may run on several."),
    example="cluster: {existing: {kubeconfigPath: ~/.kube/config}}\nmodels: {chat: {replicas: 2}}",
    fix=tr("Name a class of shared file systems in storage.className, or keep the models on one node."),
    source="Kubernetes documentation, access modes (ReadWriteOnce)",
)
def store_on_one_node() -> Text:
    return Text(
        message=tr(
            "The store is mounted by one node, while the models may run on several; pods elsewhere would "
            "wait for it for ever."
        ),
        remedy=tr("Name a class of shared file systems in storage.className, or keep all models on one node."),
        given="ReadWriteOnce",
        allowed="ReadWriteMany",
    )
