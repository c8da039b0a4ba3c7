"""What an engine compiled, handed to the next replica by way of the model store: a container that brings it before the
engine starts, and one beside the engine that keeps it. The engine itself may not write to the store."""

import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as kubernetes

from components.workloads import kube
from components.workloads.scripts import compile_cache as script
from planner.plan.rollout import CompileCachePlan
from planner.plan.server import EngineSpec, HttpProbe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi_kubernetes.core.v1 import ContainerArgsDict, VolumeArgsDict

NAME = "compile-cache"
KEPT_MOUNT, SCRIPT_MOUNT = "/compile-cache", "/opt/tke-llm"
SCRIPT = Path(script.__file__)
FOLDER = 'mkdir -p "$1" && chgrp "$2" "$1" && chmod 0770 "$1" || echo "nothing compiled can be kept in $1"'
"""Makes the folder for the server's group. That it cannot be made stops no download."""


def compile_cache_script(
    name: str, model: str, namespace: pulumi.Input[str], labels: "Mapping[str, str]", parent: pulumi.Resource
) -> pulumi.Output[str]:
    """The script that both containers run, by the name of its ConfigMap."""
    made = kubernetes.core.v1.ConfigMap(
        f"{name}-{NAME}",
        metadata={"name": f"{model}-{NAME}", "namespace": namespace, "labels": dict(labels)},
        data={SCRIPT.name: SCRIPT.read_text(encoding="utf-8")},
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return made.metadata["name"]


def make_folder(plan: CompileCachePlan, *, image: str, group: int, store: str) -> "ContainerArgsDict":
    """For the download's pod, which alone owns the store, mounted at `store`. By itself the kubelet would make the
    folder of a `subPath` as root's (Kubernetes issues 41638 and 95945)."""
    command = ["sh", "-c", FOLDER, NAME, posixpath.join(store, plan.folder), str(group)]
    made = kube.container(NAME, image, command, plan.resources)
    made["volume_mounts"] = [{"name": "models", "mount_path": store}]
    return made


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """What a server's pod has besides: a container before the engine's, one beside it, and their volume."""

    bring: "ContainerArgsDict"
    keep: "ContainerArgsDict"
    volume: "VolumeArgsDict"


def hand_over(plan: CompileCachePlan, spec: EngineSpec, configured: pulumi.Input[str]) -> HandOver:
    """For a pod whose volume `models` is the store. `configured`: the ConfigMap with the script."""
    home = next(scratch for scratch in spec.scratch if plan.cached.startswith(f"{scratch.mount}/"))
    kept = posixpath.join(KEPT_MOUNT, plan.file)

    def container(name: str, verb: str, *rest: str) -> "ContainerArgsDict":
        command = ["python3", f"{SCRIPT_MOUNT}/{SCRIPT.name}", verb, kept, plan.cached, *rest]
        made = kube.container(name, spec.image, command, plan.resources)
        made["termination_message_policy"] = "FallbackToLogsOnError"
        made["volume_mounts"] = [
            {"name": "models", "mount_path": KEPT_MOUNT, "sub_path": plan.folder},
            {"name": home.name, "mount_path": home.mount},
            {"name": NAME, "mount_path": SCRIPT_MOUNT, "read_only": True},
        ]
        return made

    health = f"http://127.0.0.1:{spec.port}{_health(spec)}"
    return HandOver(
        bring=container("bring-compiled", "bring"),
        keep=container("keep-compiled", "keep", health, str(plan.days)),
        volume={"name": NAME, "config_map": {"name": configured}},
    )


def _health(spec: EngineSpec) -> str:
    if not isinstance(spec.readiness, HttpProbe):
        raise TypeError(f"{spec.engine} compiles, and does not tell by HTTP when it serves")
    return spec.readiness.path
