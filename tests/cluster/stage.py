"""A stack on a rehearsed cluster, and ways to spoil what its program registers."""

import copy
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rehearsal.cluster.objects import UnknownKindError
from rehearsal.cluster.recorded import Recorded
from rehearsal.cluster.session import ClusterSession
from rehearsal.cluster.simulation import ReadinessProblem
from rehearsal.control_plane.api import ApiError
from rehearsal.registration import Registration
from rehearsal.run import rehearse
from settings.file import read

ROOT = Path(__file__).resolve().parents[2]

Sections = dict[str, Any]
Eventually = Callable[[Callable[[], bool]], None]
"""Waits until what it is given holds; fails where that takes too long."""


@dataclass
class Stage:
    session: ClusterSession
    namespace: str

    def record(self, change: Callable[[Sections], None] = lambda _: None, file: str = "Pulumi.dev.yaml") -> Recorded:
        """The stack of a file, in this stage's namespace, with its sections changed."""
        given = read(ROOT / file)
        sections = copy.deepcopy({**given.sections, "namespace": self.namespace})
        change(sections)
        rehearsed = rehearse(replace(given, sections=sections), ROOT / "__main__.py")
        assert not rehearsed.errors
        assert rehearsed.plan
        assert rehearsed.recording
        return Recorded(rehearsed.plan, rehearsed.recording.registrations)

    def clear(self) -> None:
        """Make room for the next test, without waiting for what needs no waiting."""
        simulation = self.session.simulation
        for each in self.session.lifecycle.objects():
            if not each.namespace:
                with suppress(ApiError, UnknownKindError):
                    simulation.api.delete(simulation.paths.of(each))
        simulation.step()
        for pool in list(simulation.machines.pools):
            simulation.machines.remove(pool, simulation.world)


def spoil(stack: Recorded, kind: str, name: str, change: Callable[[dict[str, Any]], None]) -> Recorded:
    """The stack with one Kubernetes object changed behind the program's back."""
    registrations = [_spoiled(each, kind, name, change) for each in stack.registrations]
    assert registrations != list(stack.registrations), f"there is no {kind} {name}"
    return replace(stack, registrations=tuple(registrations))


def _spoiled(each: Registration, kind: str, name: str, change: Callable[[dict[str, Any]], None]) -> Registration:
    metadata = each.outputs.get("metadata")
    if each.inputs.get("kind") != kind or not isinstance(metadata, dict) or metadata["name"] != name:
        return each
    inputs = copy.deepcopy(dict(each.inputs))
    change(inputs)
    return replace(each, inputs=inputs)


def add(stack: Recorded, obj: dict[str, Any]) -> Recorded:
    """The stack with one more Kubernetes object, which comes last."""
    name = obj["metadata"]["name"]
    provider = next(each for each in stack.registrations if each.type == "pulumi:providers:kubernetes")
    waits = tuple(each.urn for each in stack.registrations)
    more = replace(
        provider,
        type=f"kubernetes:{obj['apiVersion']}:{obj['kind']}",
        name=name,
        urn=f"{provider.urn}-{obj['kind']}-{name}",
        inputs=obj,
        outputs=obj,
        dependencies=waits,
    )
    return replace(stack, registrations=(*stack.registrations, more))


def pod_of(deployment: dict[str, Any]) -> dict[str, Any]:
    return deployment["spec"]["template"]["spec"]


def about(findings: tuple[ReadinessProblem, ...], resource: str) -> str:
    """All causes that were found for one resource."""
    return "\n".join(each.cause for each in findings if each.resource == resource)
