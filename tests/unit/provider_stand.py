"""One of the providers' stand-ins, asked as the engine asks it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import Mock

from pulumi.runtime.proto import provider_pb2

from rehearsal.pulumi_engine.faults import Faults
from rehearsal.pulumi_engine.providers import Provider
from rehearsal.pulumi_engine.world import CloudState
from rehearsal.wire import encode

Inputs = Mapping[str, Any]

CLUSTER = "tencentcloud:Kubernetes/cluster:Cluster"


class RefusedError(Exception):
    """The provider answered with an error."""


class Stand:
    """A provider, asked as the engine asks it, with the state that the engine would keep of one resource of each
    type."""

    def __init__(self, folder: Path, **config: str) -> None:
        self.world = CloudState.open(folder / "world", "seed")
        self._provider = Provider(self.world, Faults())
        self._context = Mock()
        self._context.abort.side_effect = lambda _, said: (_ for _ in ()).throw(RefusedError(said))
        self._provider.Configure(provider_pb2.ConfigureRequest(args=encode(config)), self._context)
        self._state: dict[str, tuple[str, Any, Any]] = {}

    def checked(self, type_: str, inputs: Inputs) -> provider_pb2.CheckResponse:
        request = provider_pb2.CheckRequest(urn=urn(type_), news=encode(inputs))
        return self._provider.Check(request, self._context)

    def create(self, type_: str, inputs: Inputs) -> None:
        given = self.checked(type_, inputs).inputs
        request = provider_pb2.CreateRequest(urn=urn(type_), properties=given)
        made = self._provider.Create(request, self._context)
        self._state[type_] = (made.id, given, made.properties)

    def diff(self, type_: str, inputs: Inputs, *ignore: str) -> provider_pb2.DiffResponse:
        id_, old, state = self._state[type_]
        news = self.checked(type_, inputs).inputs
        return self._provider.Diff(
            provider_pb2.DiffRequest(
                id=id_, urn=urn(type_), old_inputs=old, olds=state, news=news, ignoreChanges=ignore
            ),
            self._context,
        )

    def update(self, type_: str, inputs: Inputs, *, preview: bool = False) -> None:
        id_, old, state = self._state[type_]
        news = self.checked(type_, inputs).inputs
        request = provider_pb2.UpdateRequest(
            id=id_, urn=urn(type_), old_inputs=old, olds=state, news=news, preview=preview
        )
        answer = self._provider.Update(request, self._context)
        if not preview:
            self._state[type_] = (id_, news, answer.properties)

    def read(self, type_: str) -> str:
        """The id that a refresh finds; empty where it finds nothing."""
        id_, old, state = self._state[type_]
        request = provider_pb2.ReadRequest(id=id_, urn=urn(type_), inputs=old, properties=state)
        return self._provider.Read(request, self._context).id

    def delete(self, type_: str) -> None:
        self._provider.Delete(provider_pb2.DeleteRequest(id=self._state[type_][0], urn=urn(type_)), self._context)

    def reconfigured(self, old: Inputs, new: Inputs) -> list[str]:
        """The keys of the configuration of a provider that make all anew."""
        request = provider_pb2.DiffRequest(olds=encode(old), news=encode(new))
        return list(self._provider.DiffConfig(request, self._context).replaces)


def urn(type_: str) -> str:
    return f"urn:pulumi:dev::tke-llm::{type_}::it"


def paths(found: provider_pb2.DiffResponse) -> list[str]:
    return sorted(found.detailedDiff)
