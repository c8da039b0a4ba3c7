# ruff: noqa: N802, ARG002  method and parameter names are gRPC's
"""Resource providers that the engine attaches to: gRPC in front, the simulated cloud behind."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from threading import Event

import grpc
from google.protobuf import any_pb2, empty_pb2, struct_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from rehearsal.cloud import Cloud
from rehearsal.cluster.objects import UnknownKindError
from rehearsal.cluster.readiness import Unready
from rehearsal.control_plane.api import UNREACHABLE, ApiError
from rehearsal.control_plane.binaries import MissingBinariesError
from rehearsal.controllers.controllers import ControllerError
from rehearsal.controllers.definitions import MissingDefinitionsError
from rehearsal.kinds import CLUSTER, ENDPOINT
from rehearsal.pulumi_engine import schema
from rehearsal.pulumi_engine.acceptance import (
    after_creation,
    after_deletion,
    check_change,
    check_creation,
    check_deletion,
    check_reachable,
)
from rehearsal.pulumi_engine.changes import PropertyChange, changes, ignored, provider_changes
from rehearsal.pulumi_engine.faults import Fault, Faults
from rehearsal.pulumi_engine.infrastructure import Infrastructure
from rehearsal.pulumi_engine.normal import checked, compared, holds_unknown
from rehearsal.pulumi_engine.rules import Names, Rules, rules_of
from rehearsal.pulumi_engine.world import CloudResource, CloudState, DeniedError
from rehearsal.registration import Secret, Unknown, reveal
from rehearsal.wire import decode, encode, holds_secret
from settings.paths import value_at

VERSION = "999.0.0+simulated"
"""What our providers call themselves: newer than any SDK asks for, and no version of a real plugin."""

_KINDS = {
    "add": provider_pb2.PropertyDiff.ADD,
    "update": provider_pb2.PropertyDiff.UPDATE,
    "unknown": provider_pb2.PropertyDiff.UPDATE,
    "delete": provider_pb2.PropertyDiff.DELETE,
}
_REPLACING_KINDS = {
    "add": provider_pb2.PropertyDiff.ADD_REPLACE,
    "update": provider_pb2.PropertyDiff.UPDATE_REPLACE,
    "unknown": provider_pb2.PropertyDiff.UPDATE_REPLACE,
    "delete": provider_pb2.PropertyDiff.DELETE_REPLACE,
}
_CLUSTER_ID = re.compile(r"\bcls-[a-z0-9]+\b")
_UNREADY = "pulumi.com/replaceUnready"

Context = grpc.ServicerContext
Properties = dict[str, object]
Made = tuple[CloudResource, Sequence[Unready]]
"""A resource that was made or changed, and what is not ready of it though time for it is over."""


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Answers for resources that live in the world: those of Tencent Cloud and of Kubernetes."""

    def __init__(self, world: CloudState, faults: Faults, infrastructure: Infrastructure | None = None) -> None:
        """`infrastructure` brings what comes with a resource into a cluster that is not in memory."""
        self._world = world
        self._faults = faults
        self._infrastructure = infrastructure
        self._config: Mapping[str, str] = {}
        self._stopped = Event()

    def Attach(self, request: object, context: Context) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: object, context: Context) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request: object, context: Context) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema="{}")

    def CheckConfig(self, request: provider_pb2.CheckRequest, context: Context) -> provider_pb2.CheckResponse:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: Context) -> provider_pb2.DiffResponse:
        return _diff(list(provider_changes(_shown(request.olds), _shown(request.news))))

    def Configure(self, request: provider_pb2.ConfigureRequest, context: Context) -> provider_pb2.ConfigureResponse:
        self._config = {key: str(value) for key, value in _shown(request.args).items()}
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=True, acceptOutputs=False
        )

    def Check(self, request: provider_pb2.CheckRequest, context: Context) -> provider_pb2.CheckResponse:
        type_, given = _type(request.urn), decode(request.news)
        found = [*schema.failures(type_, given), *rules_of(type_).failures(given)]
        return provider_pb2.CheckResponse(
            inputs=encode(checked(type_, given)),
            failures=[provider_pb2.CheckFailure(property=place, reason=why) for place, why in found],
        )

    def Diff(self, request: provider_pb2.DiffRequest, context: Context) -> provider_pb2.DiffResponse:
        type_, given = _type(request.urn), _shown(request.news)
        rules = rules_of(type_, self._config, immutable=given.get("immutable") is True)
        old, new = compared(type_, _shown(request.olds), _shown(request.old_inputs), given, rules)
        found = [each for each in changes(old, new, rules) if not ignored(each, request.ignoreChanges)]
        if self._unready(type_, request.id, new):
            found.append(PropertyChange(("metadata", "annotations", _UNREADY), "update", replaces=True))
        return _diff(found, first=_deleted_first(old, new, rules))

    def Create(self, request: provider_pb2.CreateRequest, context: Context) -> provider_pb2.CreateResponse:
        type_, given = _type(request.urn), decode(request.properties)
        if request.preview:
            unknown = {key: Unknown() for key in schema.outputs_of(type_)}
            return provider_pb2.CreateResponse(properties=encode({**unknown, **given}))
        inputs = _revealed(given)
        fault = self._fault(request.urn, context)
        with self._refusing(context):
            resource, unready = self._make(request.urn, type_, inputs, ready=fault is None)
        outputs = _marked(resource.outputs, given)
        _abort_after(fault, (resource, unready), outputs, request, context)
        return provider_pb2.CreateResponse(id=resource.id, properties=outputs)

    def Update(self, request: provider_pb2.UpdateRequest, context: Context) -> provider_pb2.UpdateResponse:
        type_, given = _type(request.urn), decode(request.news)
        inputs = _revealed(given)
        if request.preview:
            if type_.startswith("kubernetes:") and not holds_unknown(given):
                with self._refusing(context):
                    self._try(type_, request.id, inputs, _shown(request.old_inputs))
            return provider_pb2.UpdateResponse(properties=encode({**decode(request.olds), **given}))
        fault = self._fault(request.urn, context)
        with self._refusing(context):
            resource, unready = self._change(type_, request.id, inputs, _shown(request.old_inputs))
        outputs = _marked(resource.outputs, given)
        _abort_after(fault, (resource, unready), outputs, request, context)
        return provider_pb2.UpdateResponse(properties=outputs)

    def Delete(self, request: provider_pb2.DeleteRequest, context: Context) -> empty_pb2.Empty:
        with self._refusing(context):
            self._remove(_type(request.urn), request.id)
        return empty_pb2.Empty()

    def Read(self, request: provider_pb2.ReadRequest, context: Context) -> provider_pb2.ReadResponse:
        type_ = _type(request.urn)
        with self._refusing(context):
            resource = self._find(type_, request.id)
        if resource is None and rules_of(type_).unseen:
            return provider_pb2.ReadResponse(id=request.id, inputs=request.inputs, properties=request.properties)
        if resource is None:
            return provider_pb2.ReadResponse()
        known = decode(request.inputs)
        seen = self._seen(resource, _revealed(known))
        given = {key: _as_known(value, known.get(key)) for key, value in seen.inputs.items()}
        return provider_pb2.ReadResponse(
            id=request.id, inputs=encode(given), properties=_marked({**seen.outputs, **seen.inputs}, given)
        )

    def Invoke(self, request: provider_pb2.InvokeRequest, context: Context) -> provider_pb2.InvokeResponse:
        try:
            answer = self._world.answer(request.tok, _shown(request.args))
        except ValueError as error:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, str(error))
        answered = provider_pb2.InvokeResponse()
        getattr(answered, "return").CopyFrom(encode(answer))
        return answered

    def Cancel(self, request: object, context: Context) -> empty_pb2.Empty:
        self._stopped.set()
        return empty_pb2.Empty()

    @property
    def _cluster(self) -> str | None:
        """The cluster of this world that the provider was given a kubeconfig for."""
        named = _CLUSTER_ID.search(self._config.get("kubeconfig", ""))
        known = {operation.id for operation in self._world.operations if operation.type == CLUSTER.token}
        return named[0] if named and named[0] in known else None

    def _make(self, urn: str, type_: str, inputs: Properties, *, ready: bool) -> Made:
        with self._world.lock:
            resource = self._world.made(urn, type_, inputs)
            upserts = self._config.get("upsertExistingObjects") == "true" and self._world.find(*resource.key)
            if upserts:
                check_reachable(self._world, self._cluster)
            else:
                check_creation(self._world, resource, self._cluster)
            if why := rules_of(type_).creation_refusal(inputs):
                raise DeniedError(why)
            if not ready and "status" in resource.outputs:
                unready = {key: value for key, value in resource.outputs.items() if key != "status"}
                resource = replace(resource, outputs=unready)
            self._world.put("create", resource)
            after_creation(self._world, resource)
        return resource, [] if self._infrastructure is None else self._infrastructure.made(resource)

    def _change(self, type_: str, id_: str, inputs: Properties, old: Properties) -> Made:
        rules = rules_of(type_, self._config)
        with self._world.lock:
            resource = self._find(type_, id_)
            if resource is None:
                raise DeniedError(f"{id_} does not exist")
            self._refuse(resource, inputs, old)
            arrived = dict(inputs)
            for path in rules.kept(resource.inputs, inputs):
                arrived = _with_old(arrived, dict(resource.inputs), path)
            now = self._world.changed(resource, arrived)
            for path in rules.drops:
                arrived = _with_old(arrived, dict(resource.inputs), path)
            self._world.put("update", replace(now, inputs=arrived))
        return now, [] if self._infrastructure is None else self._infrastructure.changed(now)

    def _try(self, type_: str, id_: str, inputs: Properties, old: Properties) -> None:
        """What the API server says to a change in a preview (a dry run)."""
        resource = self._world.find(type_, id_)
        if resource is not None:
            self._refuse(resource, inputs, old)

    def _refuse(self, resource: CloudResource, inputs: Properties, old: Properties) -> None:
        """Raise `DeniedError` where a resource does not take new inputs."""
        rules = rules_of(resource.type, self._config)
        if why := rules.refusal([each.rule_path for each in changes(old, inputs, rules)]):
            raise DeniedError(why)
        check_change(self._world, resource, inputs)

    def _remove(self, type_: str, id_: str) -> None:
        with self._world.lock:
            resource = self._find(type_, id_)
            if resource is None:
                return
            check_deletion(self._world, resource, self._cluster)
        if self._infrastructure is not None and (left := self._infrastructure.removed(resource)):
            raise DeniedError(f"timed out: {'; '.join(each.cause for each in left)}")
        with self._world.lock:
            self._world.remove(resource)
            after_deletion(self._world, resource)

    def _find(self, type_: str, id_: str) -> CloudResource | None:
        """The resource; None where it is gone. Raises `DeniedError` where nobody can tell."""
        resource = self._world.find(type_, id_)
        if type_.startswith("kubernetes:"):
            check_reachable(self._world, self._cluster)
        if resource is None and rules_of(type_).lost:
            raise DeniedError(f"ResourceNotFound: {id_} does not exist")
        return resource

    def _seen(self, resource: CloudResource, known: Properties) -> CloudResource:
        """The resource as a refresh sees it: what never reaches the cloud is not read back, and a cluster has a
        kubeconfig once it has an endpoint."""
        inputs, rules = dict(resource.inputs), rules_of(resource.type, self._config)
        for path in rules.drops:
            inputs = _with_old(inputs, known, path)
        outputs = dict(resource.outputs)
        if resource.type == CLUSTER.token:
            for endpoint in self._world.of_type(ENDPOINT.type):
                if endpoint.id == resource.id:
                    outputs |= {key: endpoint.outputs[key] for key in ("kubeConfig", "kubeConfigIntranet")}
        return replace(resource, inputs=inputs, outputs=outputs)

    def _unready(self, type_: str, id_: str, inputs: Properties) -> bool:
        """Whether a Job that is to be replaced until it succeeds has not yet."""
        if not self._replaced_until_it_succeeds(type_, inputs):
            return False
        resource = self._world.find(type_, id_)
        return resource is not None and "status" not in resource.outputs

    def _replaced_until_it_succeeds(self, type_: str, inputs: Properties) -> bool:
        return type_.endswith(":Job") and value_at(inputs, "metadata", "annotations", _UNREADY) == "true"

    def _fault(self, urn: str, context: Context) -> Fault | None:
        """The fault that this resource is to have. Does not return where nothing gets made."""
        fault = self._faults.take(urn.rpartition("::")[2])
        if fault is not None and fault.trouble == "fail":
            context.abort(grpc.StatusCode.UNKNOWN, "InternalError: the simulated cloud was told to fail here (--fail)")
        if fault is not None and fault.trouble == "stall":
            self._stopped.wait()
            context.abort(grpc.StatusCode.CANCELLED, "cancelled")
        return fault

    def _refusing(self, context: Context) -> "_Refusing":
        return _Refusing(context)


class RandomProvider(Provider):
    """Random values exist in the state alone; no cloud keeps them."""

    def _make(self, urn: str, type_: str, inputs: Properties, *, ready: bool) -> Made:
        id_, outputs = Cloud().create(type_, urn.rpartition("::")[2], inputs)
        return CloudResource(type_, id_, urn, "", inputs, outputs), []

    def _remove(self, type_: str, id_: str) -> None:
        pass

    def Read(self, request: provider_pb2.ReadRequest, context: Context) -> provider_pb2.ReadResponse:
        return provider_pb2.ReadResponse(id=request.id, inputs=request.inputs, properties=request.properties)


_REFUSALS = (
    DeniedError,
    ValueError,
    ApiError,
    UnknownKindError,
    ControllerError,
    MissingDefinitionsError,
    MissingBinariesError,
)


class _Refusing:
    """Hands a refusal of the cloud to the engine as the provider's error."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, UNREACHABLE):
            self._context.abort(grpc.StatusCode.UNKNOWN, f"configured Kubernetes cluster is unreachable: {error}")
        if isinstance(error, _REFUSALS):
            self._context.abort(grpc.StatusCode.UNKNOWN, str(error))


def _abort_after(
    fault: Fault | None,
    made: Made,
    outputs: struct_pb2.Struct,
    request: provider_pb2.CreateRequest | provider_pb2.UpdateRequest,
    context: Context,
) -> None:
    """Does not return where something goes wrong once the resource is there."""
    id_, unready = made[0].id, made[1]
    if fault is not None and fault.trouble == "lose":
        context.abort(grpc.StatusCode.UNAVAILABLE, "connection reset: the answer of the cloud was lost (--lose)")
    if fault is None and not unready:
        return
    waited = f"{request.timeout / 60:.0f} minutes" if request.timeout else "the provider's own time-out"
    why = f"{id_} is there, but was not ready after {waited} (--hang)"
    if unready:
        why = f"{id_} is there, but not ready: {'; '.join(dict.fromkeys(each.cause for each in unready))}"
    # Tells the engine: it exists, keep it in the state, it is not what it should be.
    inputs = request.properties if isinstance(request, provider_pb2.CreateRequest) else request.news
    detail = any_pb2.Any()
    detail.Pack(provider_pb2.ErrorResourceInitFailed(id=id_, properties=outputs, reasons=[why], inputs=inputs))
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=why, details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, why)


def _type(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def _shown(given: struct_pb2.Struct) -> Properties:
    return _revealed(decode(given))


def _revealed(given: Properties) -> Properties:
    return {key: reveal(value) for key, value in given.items()}


def _marked(outputs: Mapping[str, object], given: Properties) -> struct_pb2.Struct:
    """Outputs as a message: secret where the input of that name is."""
    return encode(outputs, {key for key, value in given.items() if holds_secret(value)})


def _as_known(seen: object, known: object) -> object:
    """What a refresh saw, in the form in which the state has it: secrets stay secret."""
    if reveal(known) == seen:
        return known
    return Secret(seen) if holds_secret(known) else seen


def _diff(found: list[PropertyChange], *, first: bool = False) -> provider_pb2.DiffResponse:
    replaces = [each.text for each in found if each.replaces]
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=sorted({str(each.path[0]) for each in found}),
        replaces=replaces,
        deleteBeforeReplace=bool(replaces) and first,
        hasDetailedDiff=True,
        detailedDiff={
            each.text: provider_pb2.PropertyDiff(
                kind=(_REPLACING_KINDS if each.replaces else _KINDS)[each.kind], inputDiff=True
            )
            for each in found
        },
    )


def _deleted_first(old: Properties, new: Properties, rules: Rules) -> bool:
    """Whether a replacement would collide with what it replaces, for both have the same fixed name."""
    names = [value_at(new, *path) for path in rules.named]
    return bool(names) and isinstance(names[0], str) and names == [value_at(old, *path) for path in rules.named]


def _with_old(new: Properties, old: Properties, path: Names) -> Properties:
    """`new`, but with what `old` has at a path."""
    head, rest = path[0], path[1:]
    mine, theirs = new.get(head), old.get(head)
    if rest and isinstance(mine, dict) and isinstance(theirs, dict):
        return {**new, head: _with_old(mine, theirs, rest)}
    if rest or head not in old:
        return new
    return {**new, head: theirs}
