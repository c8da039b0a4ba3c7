"""What a stack really renders for one model, on a control plane whose node has room for all of it."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rehearsal.control_plane.api import Api
from rehearsal.registration import reveal
from rehearsal.run import rehearse
from settings.file import read

ROOT = Path(__file__).resolve().parents[2]

Object = dict[str, Any]
Rendered = dict[str, Object]
"""By kind; of a model's objects no two are of one kind."""


def rendered(file: str, namespace: str, change: Callable[[dict[str, Any]], None] = lambda _: None) -> Rendered:
    """The objects of model `chat` that the program registers for a stack file, with its sections changed."""
    given = read(ROOT / file)
    sections = {**copy.deepcopy(dict(given.sections)), "namespace": namespace}
    change(sections)
    rehearsed = rehearse(replace(given, sections=sections), ROOT / "__main__.py")
    assert not rehearsed.errors
    assert rehearsed.recording
    found: Rendered = {}
    for each in rehearsed.recording.registrations:
        inputs: Any = reveal(each.inputs)
        if inputs.get("metadata", {}).get("labels", {}).get("app.kubernetes.io/instance") == "chat":
            found.setdefault(inputs["kind"], copy.deepcopy(inputs))
    return found


def path(obj: Object) -> str:
    root = f"/apis/{obj['apiVersion']}" if "/" in obj["apiVersion"] else f"/api/{obj['apiVersion']}"
    namespace = obj["metadata"].get("namespace")
    within = f"/namespaces/{namespace}" if namespace else ""
    return f"{root}{within}/{obj['kind'].lower()}s/{obj['metadata']['name']}"


@dataclass
class Scene:
    api: Api

    def apply(self, obj: Object) -> Object:
        return self.api.apply(path(obj), obj)

    def run(self, workload: Object) -> None:
        """Apply a workload in its namespace, and a node for its pods, which mount nothing: kubelets are not real."""
        template = workload["spec"].get("leaderWorkerTemplate") or {"workerTemplate": workload["spec"]["template"]}
        selectors = []
        for pod in (template[key]["spec"] for key in ("leaderTemplate", "workerTemplate") if key in template):
            selectors.append(pod["nodeSelector"])
            for volume in pod["volumes"]:
                if volume.pop("persistentVolumeClaim", None):
                    volume["emptyDir"] = {}
        room = {"nvidia.com/gpu": "64", "cpu": "960", "memory": "16Ti", "pods": "200"}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "machine", "labels": selectors[0]}}
        self.apply({**node, "status": {"capacity": room, "allocatable": room}})
        metadata = {"name": workload["metadata"]["namespace"]}
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        self.apply(workload)

    def read(self, obj: Object) -> Object:
        return self.api.get(path(obj))

    def pods(self, namespace: str) -> dict[str, Object]:
        """By name; those that are on their way out left out."""
        listed = self.api.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
        return {each["metadata"]["name"]: each for each in listed if "deletionTimestamp" not in each["metadata"]}
