"""Kubernetes objects: the bodies of those that the program registered, and where the API server keeps each kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from rehearsal.control_plane.api import Api, ApiError

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Ref:
    """Which object; `namespace` is "" for a cluster-scoped one."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def ref(obj: Object) -> Ref:
    metadata = obj["metadata"]
    return Ref(obj["apiVersion"], obj["kind"], metadata.get("namespace", ""), metadata["name"])


def body(inputs: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object as Pulumi's provider sends it, from a resource's inputs in clear and the name that it was given."""
    return {**inputs, "metadata": {"name": name, **(inputs.get("metadata") or {})}}


class UnknownKindError(Exception):
    """The API server has no such kind: its custom resource definition is not installed (yet)."""


class Paths:
    """Where the API server keeps objects, learnt from its discovery documents. `known`: what others have learnt."""

    def __init__(self, api: Api, known: dict[tuple[str, str], tuple[str, bool]] | None = None) -> None:
        self._api = api
        self._resources = {} if known is None else known

    def of(self, wanted: Ref) -> str:
        """Path of the object itself. Raises `UnknownKindError`."""
        return f"{self.collection(wanted.api_version, wanted.kind, wanted.namespace)}/{quote(wanted.name)}"

    def collection(self, api_version: str, kind: str, namespace: str = "") -> str:
        """Path of all objects of a kind, of one namespace where one is given. Raises `UnknownKindError`."""
        plural, namespaced = self._resource(api_version, kind)
        inside = f"/namespaces/{quote(namespace)}" if namespaced and namespace else ""
        return f"{_root(api_version)}{inside}/{plural}"

    def namespaced(self) -> list[str]:
        """Collections, one per kind, that hold the namespaced objects one can list."""
        groups = self._api.get("/apis")["groups"]
        versions = ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]
        return [
            f"{_root(version)}/{each['name']}"
            for version in versions
            for each in self._api.get(_root(version))["resources"]
            if each["namespaced"] and "list" in each["verbs"]
        ]

    def _resource(self, api_version: str, kind: str) -> tuple[str, bool]:
        if (api_version, kind) not in self._resources:
            try:
                found = self._api.get(_root(api_version))["resources"]
            except ApiError as error:
                if error.status != 404:
                    raise
                found = []
            for each in found:
                if "/" not in each["name"]:
                    self._resources[api_version, each["kind"]] = (each["name"], each["namespaced"])
        if (api_version, kind) not in self._resources:
            raise UnknownKindError(f"the API server has no kind {kind} in {api_version}")
        return self._resources[api_version, kind]


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
