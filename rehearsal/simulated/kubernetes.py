"""A Kubernetes API server that accepts everything and fills in what it would."""

from collections.abc import Mapping
from typing import cast

from rehearsal.simulated.identity import address, short_id, uuid


def create(type_: str, name: str, inputs: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """The id (``namespace/name``) and outputs of an object, or of a Helm release."""
    metadata = dict(_mapping(inputs, "metadata"))
    metadata.setdefault("name", str(inputs.get("name") or short_id(name, type_)))
    if type_.endswith(":Release") and "namespace" in inputs:
        metadata["namespace"] = inputs["namespace"]
    namespace = metadata.get("namespace")
    id_ = f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])
    metadata.setdefault("uid", uuid(type_, id_))
    metadata.setdefault("resourceVersion", "1")
    outputs = {**inputs, "metadata": metadata, **_status(type_.rpartition(":")[2], id_, inputs)}
    if type_.endswith(":Release"):
        outputs["status"] = {"name": metadata["name"], "namespace": inputs.get("namespace"), "status": "deployed"}
    return id_, outputs


def _mapping(value: Mapping[str, object], key: str) -> Mapping[str, object]:
    part = value.get(key)
    return cast("Mapping[str, object]", part) if isinstance(part, Mapping) else {}


_SETTLED: dict[str, dict[str, object]] = {
    "PersistentVolumeClaim": {"phase": "Bound"},
    "Namespace": {"phase": "Active"},
    "Job": {"succeeded": 1},
}


def _status(kind: str, id_: str, inputs: Mapping[str, object]) -> dict[str, object]:
    balancer = address("43.139.", kind, id_)
    if kind == "Service":
        spec = dict(_mapping(inputs, "spec"))
        if spec.get("clusterIP") != "None":
            spec.setdefault("clusterIP", address("172.16.", kind, id_))
        ingress = [{"ip": balancer}] if spec.get("type") == "LoadBalancer" else []
        return {"spec": spec, "status": {"loadBalancer": {"ingress": ingress}}}
    if kind == "Ingress":
        return {"status": {"loadBalancer": {"ingress": [{"ip": balancer}]}}}
    if kind == "Gateway":
        return {"status": {"addresses": [{"type": "IPAddress", "value": balancer}]}}
    return {"status": _SETTLED[kind]} if kind in _SETTLED else {}
