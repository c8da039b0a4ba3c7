"""What is left of a stack after its teardown."""

from collections.abc import Iterable
from dataclasses import dataclass

from rehearsal.cluster.nodes import POOL
from rehearsal.cluster.objects import Ref, UnknownKindError
from rehearsal.cluster.simulation import Simulation
from rehearsal.control_plane.api import ApiError

_GIVEN = frozenset({"configmaps/kube-root-ca.crt", "serviceaccounts/default"})
"""What Kubernetes itself puts into every namespace."""
_TRACES = frozenset({"events", "endpointslices", "endpoints"})


@dataclass(frozen=True)
class Left:
    """`kept` is there because the stack file says `retain`, or was there before; `forgotten` should be gone."""

    kept: tuple[str, ...]
    forgotten: tuple[str, ...]


def left_over(simulation: Simulation, objects: Iterable[Ref], retained: Iterable[Ref], pools: Iterable[str]) -> Left:
    """Look for everything that the stack has made, directly or not."""
    simulation.step()
    kept, every = set(retained), list(objects)
    there = [wanted for wanted in every if _exists(simulation, wanted)]
    forgotten = [str(wanted) for wanted in there if wanted not in kept]
    for namespace in sorted({wanted.name for wanted in every if wanted.kind == "Namespace"}):
        named = {f"{wanted.name}" for wanted in kept if wanted.namespace == namespace}
        if simulation.world.find("Namespace", "", namespace):
            forgotten += [each for each in _inside(simulation, namespace) if each.rpartition("/")[2] not in named]
    claims = {(wanted.namespace, wanted.name) for wanted in every if wanted.kind == "PersistentVolumeClaim"}
    volumes = []
    for volume in simulation.world.every("PersistentVolume"):
        claim = volume["spec"].get("claimRef") or {}
        if (claim.get("namespace"), claim.get("name")) in claims:
            held = f"PersistentVolume of claim {claim['namespace']}/{claim['name']}"
            keeps = volume["spec"].get("persistentVolumeReclaimPolicy") == "Retain"
            (volumes if keeps else forgotten).append(held)
    names = set(pools)
    for node in simulation.world.every("Node"):
        if node["metadata"]["labels"].get(POOL) in names:
            forgotten.append(f"Node {node['metadata']['name']}")
    return Left((*(str(wanted) for wanted in there if wanted in kept), *volumes), tuple(dict.fromkeys(forgotten)))


def _exists(simulation: Simulation, wanted: Ref) -> bool:
    try:
        simulation.api.get(simulation.paths.of(wanted))
    except UnknownKindError:
        return False
    except ApiError as error:
        if error.status == 404:
            return False
        raise
    return True


def _inside(simulation: Simulation, namespace: str) -> list[str]:
    """``plural namespace/name`` of everything in a namespace."""
    found: list[str] = []
    for path in simulation.paths.namespaced():
        plural = path.rpartition("/")[2]
        if plural in _TRACES:
            continue
        for each in simulation.api.get(path)["items"]:
            metadata = each["metadata"]
            if metadata["namespace"] == namespace and f"{plural}/{metadata['name']}" not in _GIVEN:
                found.append(f"{plural} {namespace}/{metadata['name']}")
    return found
