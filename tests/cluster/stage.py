"""A stack on a control plane without the engine, and ways to spoil what its program registers."""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from catalog.load import load
from planner.plan.types import Plan
from rehearsal.cluster.cluster import Cluster
from rehearsal.cluster.objects import Ref, UnknownKindError
from rehearsal.cluster.rest import Interruption, NotReady, Rest, at_rest, interruption
from rehearsal.cluster.usage import Usage, usage
from rehearsal.control_plane.api import ApiError
from rehearsal.control_plane.plane import Access
from rehearsal.controllers.controllers import Controllers
from rehearsal.kind import is_object
from rehearsal.kinds import display_name
from rehearsal.pulumi_engine.faults import Faults
from rehearsal.pulumi_engine.infrastructure import Infrastructure
from rehearsal.pulumi_engine.objects import ObjectProvider, object_ref
from rehearsal.pulumi_engine.providers import Provider
from rehearsal.pulumi_engine.world import CloudState, DeniedError
from rehearsal.registration import Registration, reveal
from rehearsal.run import rehearse
from settings.file import read

ROOT = Path(__file__).resolve().parents[2]

_NUMBERS = count(1)

Sections = dict[str, Any]


@dataclass(frozen=True)
class Recorded:
    """A plan, and what its program registers, dependencies first."""

    plan: Plan
    registrations: tuple[Registration, ...]


@dataclass(frozen=True)
class Standing:
    rest: Rest
    not_ready: tuple[NotReady, ...]
    usage: Usage


@dataclass
class Stage:
    """Everything is asked of the providers in order and nothing waited for before the end, so that one fault hides no
    other."""

    access: Access
    cluster: Cluster
    controllers: Controllers
    namespace: str
    world: CloudState
    last: Standing | None = None
    _applied: dict[str, Registration] = field(default_factory=dict)

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

    def up(self, stack: Recorded) -> Standing:
        """Have everything made, or changed, and wait until nothing moves any more."""
        infrastructure = Infrastructure(self.cluster, self.controllers, self.world, stack.plan)
        infrastructure.prepare()
        providers = {
            "kubernetes": ObjectProvider(self.world, Faults(), infrastructure),
            "tencentcloud": Provider(self.world, Faults(), infrastructure),
        }
        refused: list[NotReady] = []
        for each in stack.registrations:
            provider = providers.get(each.type.partition(":")[0])
            if provider is not None and each.custom and not each.read:
                refused += self._ask(provider, each)
        found = at_rest(self.access.api(), self.cluster.catalog, self._objects())
        seen = usage(found.state, stack.plan, self.cluster.catalog)
        self.last = Standing(found, (*refused, *found.not_ready), seen)
        return self.last

    def update(self, stack: Recorded) -> tuple[Standing, Interruption]:
        """As `up`, and what happened on the way."""
        before = self.last
        assert before
        standing = self.up(stack)
        return standing, interruption(before.rest.state, standing.rest.state, self._objects())

    def _ask(self, provider: Provider, each: Registration) -> list[NotReady]:
        old, self._applied[each.urn] = self._applied.get(each.urn), each
        inputs = reveal(each.inputs)
        assert isinstance(inputs, dict)
        try:
            if old is None:
                provider._make(each.urn, each.type, inputs, ready=False)
            elif old.inputs != each.inputs:
                before = reveal(old.inputs)
                assert isinstance(before, dict)
                provider._change(each.type, each.id, inputs, before)
        except (DeniedError, ApiError, UnknownKindError) as refusal:
            kind = each.type.rpartition(":")[2]
            return [NotReady(f"{kind} {display_name(each)}", str(refusal))]
        return []

    def _objects(self) -> list[Ref]:
        return [object_ref(each) for each in self.world.resources.values() if is_object(each.type)]

    def clear(self) -> None:
        """Make room for the next test, without waiting for what needs no waiting."""
        for each in self._objects():
            if not each.namespace:
                with suppress(ApiError):
                    self.cluster.remove(each)
        for pool in list(self.cluster.machines.pools):
            self.cluster.machines.remove(pool, self.cluster.state)


@contextmanager
def staged(access: Access, controllers: Controllers, folder: Path) -> Iterator[Stage]:
    """A cluster without nodes, and a namespace that no test had before; `folder` is for what the cloud notes down."""
    with Cluster(access, load()) as cluster:
        stage = Stage(access, cluster, controllers, f"llm-{next(_NUMBERS)}", CloudState.open(folder / "world", "stage"))
        yield stage
        stage.clear()


def spoil(stack: Recorded, kind: str, name: str, change: Callable[[dict[str, Any]], object]) -> Recorded:
    """The stack with one Kubernetes object changed behind the program's back."""
    registrations = [_spoiled(each, kind, name, change) for each in stack.registrations]
    assert registrations != list(stack.registrations), f"there is no {kind} {name}"
    return replace(stack, registrations=tuple(registrations))


def _spoiled(each: Registration, kind: str, name: str, change: Callable[[dict[str, Any]], object]) -> Registration:
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
    version = obj["apiVersion"]
    more = replace(
        provider,
        type=f"kubernetes:{version if '/' in version else f'core/{version}'}:{obj['kind']}",
        name=name,
        urn=f"{provider.urn}-{obj['kind']}-{name}",
        inputs=obj,
        outputs=obj,
    )
    return replace(stack, registrations=(*stack.registrations, more))


def pod_of(deployment: dict[str, Any]) -> dict[str, Any]:
    return deployment["spec"]["template"]["spec"]


def about(findings: Sequence[NotReady], resource: str) -> str:
    """All causes that were found for one resource."""
    return "\n".join(each.cause for each in findings if each.resource == resource)
