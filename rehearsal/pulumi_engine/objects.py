"""The provider for `kubernetes` where there is an API server: it applies objects, and answers when they are ready."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from rehearsal.cluster.objects import Object, Ref, body, ref
from rehearsal.cluster.state import condition
from rehearsal.control_plane.api import ApiError
from rehearsal.kind import is_object
from rehearsal.pulumi_engine.acceptance import after_creation, after_deletion, check_reachable
from rehearsal.pulumi_engine.faults import Faults
from rehearsal.pulumi_engine.infrastructure import Infrastructure
from rehearsal.pulumi_engine.normal import pruned
from rehearsal.pulumi_engine.providers import Made, Properties, Provider
from rehearsal.pulumi_engine.rules import awaited
from rehearsal.pulumi_engine.world import CloudResource, CloudState, DeniedError, Warned
from rehearsal.registration import MASK
from settings.paths import value_at

_UPSERTS = "upsertExistingObjects"
_SERVERS_OWN = ("managedFields", "resourceVersion", "generation")
"""Of an object's metadata: what changes without anybody having asked for it."""


class ObjectProvider(Provider):
    """Objects live in the API server; the world notes what was done, since the cloud's own rules look at it. Releases
    are charts, whose objects nobody knows here: they are in the world alone."""

    def __init__(self, world: CloudState, faults: Faults, infrastructure: Infrastructure) -> None:
        super().__init__(world, faults, infrastructure)
        self._objects = infrastructure.cluster

    def _make(self, urn: str, type_: str, inputs: Properties, *, ready: bool) -> Made:
        if not is_object(type_):
            return super()._make(urn, type_, inputs, ready=ready)
        check_reachable(self._world, self._cluster)
        resource = self._world.made(urn, type_, inputs)
        if self._config.get(_UPSERTS) != "true" and self._objects.get(object_ref(resource)):
            raise DeniedError(f'{object_ref(resource).kind.lower()} "{resource.id}" already exists')
        return self._apply("create", resource, ready=ready)

    def _change(self, type_: str, id_: str, inputs: Properties, old: Properties) -> Made:
        if not is_object(type_):
            return super()._change(type_, id_, inputs, old)
        resource = self._find(type_, id_)
        if resource is None:
            raise DeniedError(f"{id_} does not exist")
        return self._apply("update", self._world.changed(resource, inputs))

    def _try(self, type_: str, id_: str, inputs: Properties, old: Properties) -> None:
        resource = self._world.find(type_, id_)
        if resource is None or not is_object(type_):
            super()._try(type_, id_, inputs, old)
            return
        sent = _body(self._world.changed(resource, inputs))
        with _masking(sent):
            self._objects.try_to_apply(sent)

    def _apply(self, did: str, resource: CloudResource, *, ready: bool = True) -> Made:
        """Have it applied, noted, and waited for, unless it is not to get `ready`."""
        sent = _body(resource)
        with _masking(sent):
            live, warnings = self._objects.apply(sent)
        resource = replace(resource, outputs=_outputs(resource.inputs, live))
        with self._world.lock:
            self._world.put(did, resource)
            if did == "create":
                after_creation(self._world, resource)
            for warning in warnings:
                self._world.warn(Warned(str(ref(sent)), warning))
        waits = ready and awaited(resource.type, resource.inputs) is not None
        unready = self._objects.awaited(sent) if waits else []
        live = self._objects.get(object_ref(resource)) or live
        hidden = [replace(each, cause=_masked(each.cause, sent)) for each in unready]
        return replace(resource, outputs=_outputs(resource.inputs, live)), hidden

    def _remove(self, type_: str, id_: str) -> None:
        if not is_object(type_):
            super()._remove(type_, id_)
            return
        check_reachable(self._world, self._cluster)
        resource = self._world.find(type_, id_)
        if resource is None:
            return
        if left := self._objects.delete(object_ref(resource)):
            raise DeniedError(f"timed out: {'; '.join(each.cause for each in left)}")
        with self._world.lock:
            self._world.remove(resource)
            after_deletion(self._world, resource)

    def _find(self, type_: str, id_: str) -> CloudResource | None:
        resource = super()._find(type_, id_)
        if resource is None or not is_object(type_):
            return resource
        return resource if self._objects.get(object_ref(resource)) else None

    def _seen(self, resource: CloudResource, known: Properties) -> CloudResource:
        """The live object, of its fields those that the state has (`pruneLiveState` in provider/pkg/provider/
        provider.go of pulumi-kubernetes)."""
        live = self._objects.get(object_ref(resource)) if is_object(resource.type) else None
        if live is None:
            return super()._seen(resource, known)
        inputs = cast("Properties", pruned(live, known))
        return replace(resource, inputs=inputs, outputs=_outputs(resource.inputs, live))

    def _unready(self, type_: str, id_: str, inputs: Properties) -> bool:
        if not self._replaced_until_it_succeeds(type_, inputs):
            return False
        resource = self._world.find(type_, id_)
        live = None if resource is None else self._objects.get(object_ref(resource))
        return live is not None and condition(live, "Complete").get("status") != "True"


def _body(resource: CloudResource) -> dict[str, Any]:
    name = str(value_at(resource.outputs, "metadata", "name"))
    return body(cast("Mapping[str, Any]", resource.inputs), name)


def object_ref(resource: CloudResource) -> Ref:
    """Which object of the API server a resource is."""
    return ref(_body(resource))


def _outputs(inputs: Mapping[str, object], live: Object) -> Properties:
    metadata = {key: value for key, value in live["metadata"].items() if key not in _SERVERS_OWN}
    return {**inputs, **{key: live[key] for key in ("spec", "status") if key in live}, "metadata": metadata}


@contextmanager
def _masking(sent: Object) -> Iterator[None]:
    """Raise what the API server says against an object as `DeniedError`, without its secrets."""
    try:
        yield
    except ApiError as refusal:
        raise DeniedError(_masked(refusal.message, sent)) from None


def _masked(said: str, sent: Object) -> str:
    """The API server may quote what it refuses, and in a Secret that is one."""
    for text in _secrets(sent):
        said = said.replace(text, MASK)
    return said


def _secrets(sent: Object) -> Iterator[str]:
    held = (sent.get("data") or {}).values() if sent["kind"] == "Secret" else ()
    yield from (text for encoded in held for text in (encoded, base64.b64decode(encoded).decode()) if text)
