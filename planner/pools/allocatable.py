"""What pods may use of a node: its size less what TKE holds back and what the DaemonSets take."""

from collections.abc import Iterable
from math import ceil

from catalog.hardware import Machine
from catalog.load import Catalog


def allocatable(machine: Machine, addons: Iterable[str], catalog: Catalog) -> tuple[int, int]:
    """CPU in millicores and memory in MiB that are left for pods on `machine`.

    `addons` are those whose DaemonSets run there. Allocatable is capacity less the reservation and the eviction
    threshold (vendor 457/48777).
    """
    cpu = machine.vcpu * 1000 - ceil(catalog.reserved["cpu"].held_back(machine.vcpu) * 1000)
    memory = machine.memory_gib * 1024 - ceil(catalog.reserved["memory"].held_back(machine.memory_gib) * 1024)
    for name in addons:
        addon = catalog.addons.get(name)
        if addon is not None:
            cpu -= addon.daemonset_cpu_millis
            memory -= addon.daemonset_memory_mib
    return max(0, cpu), max(0, memory)
