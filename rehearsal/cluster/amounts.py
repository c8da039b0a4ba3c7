"""Amounts of CPU, memory and GPUs: what a pod asks for, what a node has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from components.workloads.kube import GPU_RESOURCE
from settings.quantity import mebibytes, millicores


@dataclass(frozen=True)
class Amount:
    """CPU in millicores, memory in MiB."""

    cpu_millis: int = 0
    memory_mib: int = 0
    gpus: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.cpu_millis + other.cpu_millis, self.memory_mib + other.memory_mib, self.gpus + other.gpus)


def amount(resources: Mapping[str, str]) -> Amount:
    """From a map of quantities, such as a node's `status.allocatable`."""
    return Amount(
        cpu_millis=millicores(str(resources.get("cpu", "0"))),
        memory_mib=mebibytes(str(resources.get("memory", "0"))),
        gpus=int(resources.get(GPU_RESOURCE, 0)),
    )


def requested(pod_spec: Mapping[str, Any]) -> Amount:
    """What the scheduler counts a pod as: its containers together, or its largest init container."""
    together = sum((_asked(each) for each in pod_spec["containers"]), Amount())
    first = [_asked(each) for each in pod_spec.get("initContainers", ())]
    return Amount(*(_largest(getattr(each, name) for each in [together, *first]) for name in _FIELDS))


_FIELDS = ("cpu_millis", "memory_mib", "gpus")


def _largest(numbers: Iterable[int]) -> int:
    return max(numbers, default=0)


def _asked(container: Mapping[str, Any]) -> Amount:
    resources = container.get("resources", {})
    # A limit without a request is the request.
    return amount({**resources.get("limits", {}), **resources.get("requests", {})})
