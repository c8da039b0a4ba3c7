"""The pods that a resource would run, wherever in it their templates stand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policy.rule import in_kubernetes, items, mapping

_CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")


@dataclass(frozen=True)
class Container:
    """A container of a pod, init containers included, and its place in the resource."""

    path: str
    spec: Mapping[str, object]


@dataclass(frozen=True)
class PodTemplate:
    """A pod's spec, its metadata, and its place in the resource."""

    path: str
    spec: Mapping[str, object]
    metadata: Mapping[str, object]

    @property
    def annotations(self) -> Mapping[str, object]:
        return mapping(self.metadata, "annotations")

    @property
    def containers(self) -> list[Container]:
        return [
            Container(f"{self.path}.{kind}[{each.get('name', index)}]", each)
            for kind in _CONTAINER_LISTS
            for index, each in enumerate(items(self.spec, kind))
        ]


def pods(type_token: str, properties: Mapping[str, object]) -> Iterator[PodTemplate]:
    """The pod templates of a Kubernetes object: of a Pod itself, of a workload, and of custom resources such as a
    LeaderWorkerSet, which has two."""
    if in_kubernetes(type_token):
        yield from _below(properties, "")


def _below(value: object, path: str) -> Iterator[PodTemplate]:
    if isinstance(value, Mapping):
        spec = value.get("spec")
        if isinstance(spec, Mapping) and isinstance(spec.get("containers"), list | tuple):
            yield PodTemplate(f"{path}spec", spec, mapping(value, "metadata"))
            return
        for key, part in value.items():
            yield from _below(part, f"{path}{key}.")
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from _below(part, f"{path}{index}.")
