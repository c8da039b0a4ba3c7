"""Storage as Kubernetes sees it: the classes that make volumes, the volumes that name one, and the claims on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as kubernetes

from components.workloads.kube import labels
from planner.plan.types import StoragePlan
from planner.storage.decide import MODEL_CLAIM, MODEL_CLASS, WEBUI_CLAIM
from planner.storage.drivers import BLOCK_DRIVER, TURBO_DRIVER

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import PersistentVolumeClaimSpecArgsDict

MODEL_VOLUME = "ai-model"


@dataclass(frozen=True, kw_only=True)
class StaticVolume:
    """A file system that is there already, as its CSI driver mounts it. `super_nodes`: pods on super nodes do so."""

    driver: str
    attributes: pulumi.Input[Mapping[str, str]]
    super_nodes: bool = False


@dataclass(frozen=True, kw_only=True)
class ModelStoreArgs:
    """`volume` names the file system of the shared store; without one `parameters` are those of the class that makes
    it (not of kind `class`). `suffix` ends cluster-scoped names on a cluster that is not ours. `after` and
    `webui_after` are the add-ons whose drivers mount, make and delete the volumes."""

    namespace: pulumi.Input[str]
    plan: StoragePlan
    retain: bool
    parameters: pulumi.Input[Mapping[str, str]] | None = None
    volume: StaticVolume | None = None
    suffix: str = ""
    after: Sequence[pulumi.Resource] = ()
    webui_after: Sequence[pulumi.Resource] = ()


@dataclass(frozen=True)
class VolumeClass:
    """A StorageClass by name (None: the cluster's default, "": none at all), and the resource where we make it."""

    name: str | None
    resource: "kubernetes.storage.v1.StorageClass | None" = None
    volume: "kubernetes.core.v1.PersistentVolume | None" = None


class ModelStore(pulumi.ComponentResource):
    """StorageClasses and PVCs: `ai-model`, shared by the download Jobs and all servers, and `webui`.

    `retain` sets the reclaim policy of the classes to Retain, so that the file system and the disk outlive the claims.
    A claim on a class that is not ours is left in place instead, since the class decides what becomes of the volume.
    A volume that names a file system never takes it along: that is kept or deleted as the cloud's resource that it is.
    """

    claim: pulumi.Output[str]
    webui_claim: pulumi.Output[str] | None

    def __init__(self, name: str, args: ModelStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:workloads:ModelStore", name, None, opts)
        self._name, self._args = name, args

        models = self._claim(
            "models",
            MODEL_CLAIM,
            self._model_class(),
            args.after,
            access_mode=args.plan.access_mode,
            gib=args.plan.request_gib,
            # CFS bills what is used and cannot resize a claim, while the request grows with every model that is added.
            ignore_changes=["spec.resources"] if args.plan.kind == "cfs" or args.volume is not None else (),
        )
        self.claim = models.metadata["name"]
        self.webui_claim = None
        if args.plan.webui_class is not None:
            # WaitForFirstConsumer: Pulumi takes such a claim as ready while it is Pending (pulumi-kubernetes PR 3130),
            # and so needs no skipAwait.
            webui = self._claim(
                "webui",
                WEBUI_CLAIM,
                self._webui_class(args.plan.webui_class),
                args.webui_after,
                access_mode="ReadWriteOnce",
                gib=args.plan.webui_gib,
            )
            self.webui_claim = webui.metadata["name"]
        self.register_outputs({"claim": self.claim, "webuiClaim": self.webui_claim})

    def _model_class(self) -> VolumeClass:
        args = self._args
        if args.plan.kind == "class":
            return VolumeClass(args.plan.class_name)
        if args.volume is not None:
            return VolumeClass("", volume=self._make_volume(args.volume))
        return self._make_class(
            "models", MODEL_CLASS, provisioner=args.plan.provisioner, parameters=args.parameters, binding="Immediate"
        )

    def _make_volume(self, static: StaticVolume) -> "kubernetes.core.v1.PersistentVolume":
        args = self._args
        full_name = f"{MODEL_VOLUME}{args.suffix}"
        driver: list[pulumi.Resource] = []
        if static.super_nodes and static.driver == TURBO_DRIVER:
            # No add-on brings it where there are super nodes only (vendor 457/54064). A patch makes what is missing,
            # agrees with what the add-on or another stack made, and leaves it to them when this stack goes.
            driver = [
                kubernetes.storage.v1.CSIDriverPatch(
                    f"{self._name}-models-driver",
                    metadata={"name": static.driver, "labels": labels("csi-driver", static.driver, "storage")},
                    spec={"attach_required": False, "pod_info_on_mount": False},
                    opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
                )
            ]
        return kubernetes.core.v1.PersistentVolume(
            f"{self._name}-models-volume",
            metadata={"name": full_name, "labels": labels("volume", full_name, "storage")},
            spec={
                "access_modes": [args.plan.access_mode],
                "capacity": {"storage": f"{args.plan.request_gib}Gi"},
                "persistent_volume_reclaim_policy": "Retain",
                # No other claim without a class may take it.
                "claim_ref": {
                    "api_version": "v1",
                    "kind": "PersistentVolumeClaim",
                    "namespace": args.namespace,
                    "name": MODEL_CLAIM,
                },
                "csi": {
                    "driver": static.driver,
                    "volume_handle": full_name,
                    "volume_attributes": static.attributes,
                },
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                # A volume names its driver and reads nothing of it.
                depends_on=driver,
                # As with the claim: CFS bills what is used.
                ignore_changes=["spec.capacity"],
            ),
        )

    def _webui_class(self, planned: str) -> VolumeClass:
        if not self._args.plan.makes_webui_class:
            return VolumeClass(planned or None)
        return self._make_class(
            "webui",
            planned,
            provisioner=BLOCK_DRIVER,
            parameters={"diskType": self._args.plan.webui_disk_type, "diskChargeType": "POSTPAID_BY_HOUR"},
            # A block volume lives in one zone: the scheduler has to choose the node before the disk is made.
            binding="WaitForFirstConsumer",
            expandable=True,
        )

    def _make_class(
        self,
        role: str,
        kubernetes_name: str,
        *,
        provisioner: str,
        parameters: pulumi.Input[Mapping[str, str]] | None,
        binding: str,
        expandable: bool = False,
    ) -> VolumeClass:
        full_name = f"{kubernetes_name}{self._args.suffix}"
        resource = kubernetes.storage.v1.StorageClass(
            f"{self._name}-{role}-class",
            metadata={"name": full_name, "labels": labels("storage-class", full_name, "storage")},
            provisioner=provisioner,
            parameters=parameters,
            reclaim_policy="Retain" if self._args.retain else "Delete",
            volume_binding_mode=binding,
            allow_volume_expansion=expandable,
            opts=pulumi.ResourceOptions(
                parent=self,
                # Kubernetes refuses to change these, and the provider makes a new class only for other parameters. Both
                # have the same name.
                replace_on_changes=["reclaimPolicy", "volumeBindingMode"],
                delete_before_replace=True,
            ),
        )
        return VolumeClass(full_name, resource)

    def _claim(
        self,
        role: str,
        kubernetes_name: str,
        volume_class: VolumeClass,
        drivers: Sequence[pulumi.Resource],
        *,
        access_mode: str,
        gib: int,
        ignore_changes: Sequence[str] = (),
    ) -> "kubernetes.core.v1.PersistentVolumeClaim":
        args = self._args
        ours = [each for each in (volume_class.resource, volume_class.volume) if each is not None]
        spec: PersistentVolumeClaimSpecArgsDict = {
            "access_modes": [access_mode],
            "resources": {"requests": {"storage": f"{gib}Gi"}},
        }
        if volume_class.name is not None:
            spec["storage_class_name"] = volume_class.name
        if volume_class.volume is not None:
            spec["volume_name"] = volume_class.volume.metadata["name"]
        return kubernetes.core.v1.PersistentVolumeClaim(
            f"{self._name}-{role}-claim",
            metadata={
                "name": kubernetes_name,
                "namespace": args.namespace,
                "labels": labels("volume", kubernetes_name, "storage"),
            },
            spec=spec,
            opts=pulumi.ResourceOptions(
                parent=self,
                # The add-ons hold the drivers, of which a claim has no data. Nor does it read the class's output: a
                # class is changed by replacing it, which would replace, and so empty, every claim that reads from it.
                depends_on=[*drivers, *ours],
                ignore_changes=list(ignore_changes),
                retain_on_delete=args.retain and not ours,
            ),
        )
