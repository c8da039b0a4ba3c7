"""A resource monitor that writes down every registration in full and lets the simulated cloud answer."""

from collections.abc import Mapping
from threading import Lock

from google.protobuf import empty_pb2
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import alias_pb2, provider_pb2, resource_pb2
from pulumi.runtime.settings import get_project, get_stack

from rehearsal.cloud import Cloud
from rehearsal.registration import Registration, Secret, reveal
from rehearsal.wire import decode, encode, holds_secret

_STACK = "pulumi:pulumi:Stack"

_Request = resource_pb2.RegisterResourceRequest | resource_pb2.ReadResourceRequest


class Answers(Mocks):
    """Pulumi's mocks, answered by the simulated cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict]:
        return self._cloud.create(args.typ, args.name, args.inputs)

    def call(self, args: MockCallArgs) -> tuple[dict, list[tuple[str, str]] | None]:
        return self._cloud.invoke(args.token, args.args), []


class Recorder(MockMonitor):
    """Records what the program registers. In a `preview` a new resource has no id, and no outputs but its inputs."""

    def __init__(self, mocks: Mocks, *, preview: bool = False) -> None:
        super().__init__(mocks)
        self.registrations: list[Registration] = []
        self.exports: dict[str, object] = {}
        self._preview = preview
        self._lock = Lock()

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The engine's own form: the types of all parents but the stack, then the resource's."""
        qualified = f"{_kind(parent)}${type_}" if _own(parent) else type_
        return f"urn:pulumi:{get_stack()}::{get_project()}::{qualified}::{name}"

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:  # noqa: N802
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == _STACK:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        inputs = decode(request.object)
        id_, outputs = self._made(request, inputs) if request.custom else ("", {})
        secret = {*request.additionalSecretOutputs, *(key for key, value in inputs.items() if holds_secret(value))}
        recorded = Registration(
            type=request.type,
            name=request.name,
            urn=urn,
            parent=_own(request.parent),
            custom=request.custom,
            inputs=inputs,
            id=id_,
            outputs={key: Secret(value) if key in secret else value for key, value in outputs.items()},
            provider=request.provider,
            dependencies=tuple(sorted(set(request.dependencies))),
            property_dependencies={key: tuple(sorted(d.urns)) for key, d in request.propertyDependencies.items()},
            timeouts={
                step: length
                for step in ("create", "update", "delete")
                if (length := getattr(request.customTimeouts, step))
            },
            protect=request.protect,
            retain_on_delete=request.retainOnDelete,
            delete_before_replace=request.deleteBeforeReplace,
            deleted_with=request.deletedWith,
            ignore_changes=tuple(request.ignoreChanges),
            replace_on_changes=tuple(request.replaceOnChanges),
            aliases=tuple(_alias(each) for each in request.aliases),
            additional_secret_outputs=tuple(sorted(request.additionalSecretOutputs)),
            import_id=request.importId,
        )
        self._note(recorded)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=id_, object=encode(outputs, secret))

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:  # noqa: N802
        urn = self.make_urn(request.parent, request.type, request.name)
        inputs = decode(request.properties)
        _, outputs = self._made(request, inputs)
        self._note(
            Registration(
                type=request.type,
                name=request.name,
                urn=urn,
                parent=_own(request.parent),
                custom=True,
                inputs=inputs,
                id=request.id,
                outputs=outputs,
                provider=request.provider,
                dependencies=tuple(sorted(set(request.dependencies))),
                read=True,
            )
        )
        return resource_pb2.ReadResourceResponse(urn=urn, properties=encode(outputs))

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802
        args = reveal(decode(request.args))
        answered = self.mocks.call(MockCallArgs(token=request.tok, args=_as_dict(args), provider=request.provider))
        given, failures = answered
        return resource_pb2.ResourceInvokeResponse(
            **{
                "return": encode(given),
                "failures": [provider_pb2.CheckFailure(property=place, reason=why) for place, why in failures or ()],
            }
        )

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> empty_pb2.Empty:  # noqa: N802
        if _kind(request.urn) == _STACK:
            self.exports = decode(request.outputs)
        return empty_pb2.Empty()

    def _made(self, request: _Request, inputs: Mapping[str, object]) -> tuple[str, dict[str, object]]:
        given = _as_dict(reveal(inputs))
        if self._preview:
            return "", given
        asked = MockResourceArgs(
            typ=request.type, name=request.name, inputs=given, provider=request.provider, custom=True
        )
        id_, outputs = self.mocks.new_resource(asked)
        return id_ or "", outputs

    def _note(self, recorded: Registration) -> None:
        # Registrations come from the threads of the event loop's pool.
        with self._lock:
            if any(each.urn == recorded.urn for each in self.registrations):
                raise ValueError(f"two resources of the same type and parent are called {recorded.name}")
            self.registrations.append(recorded)


def _kind(urn: str) -> str:
    return urn.split("::")[2]


def _own(parent: str) -> str:
    """The parent, or "" where it is the stack itself."""
    return "" if parent and _kind(parent) == _STACK else parent


def _as_dict(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, Mapping) else {}


def _alias(alias: alias_pb2.Alias) -> object:
    if alias.urn:
        return alias.urn
    spec = alias.spec
    return {key: getattr(spec, key) for key in ("name", "type", "parentUrn", "noParent") if getattr(spec, key)}
