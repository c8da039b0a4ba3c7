"""Runs component code against Pulumi's mocks and keeps what it registers, options and dependencies included."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks

PROJECT, STACK = "tke-llm", "dev"
SECRET_KEY = "4dabf18193072939515e22adb298388d"
SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270"


def is_secret(value: object) -> bool:
    """Whether an input, as the engine receives it, is marked as secret."""
    return isinstance(value, dict) and SECRET_KEY in value


def plain(value: Any) -> Any:
    """An input with whole floats as integers, and secrets opened."""
    if is_secret(value):
        return plain(value["value"])
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@dataclass(frozen=True)
class Registered:
    """One registration: `raw` holds the inputs with secrets wrapped, `inputs` the same opened."""

    type: str
    name: str
    urn: str
    parent: str
    custom: bool
    provider: str
    dependencies: frozenset[str]
    raw: dict[str, Any]
    options: Any
    """The whole `RegisterResourceRequest`: ignoreChanges, customTimeouts, retainOnDelete and so on."""

    @property
    def inputs(self) -> dict[str, Any]:
        return plain(self.raw)


@dataclass(frozen=True)
class Seen:
    """What an Output came to: `value` is None where it stayed unknown."""

    value: Any
    known: bool
    secret: bool


@dataclass
class Recorder(mocks.Mocks):
    """Answers registrations with plausible ids and outputs, and keeps them in order.

    `outputs` maps a resource type to outputs beyond its inputs, `answers` a function token to its result. In a
    `preview` no id and no computed output is known, as on a stack that does not exist yet.
    """

    preview: bool = False
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    resources: list[Registered] = field(default_factory=list)
    calls: list[mocks.MockCallArgs] = field(default_factory=list)
    seen: dict[str, Seen] = field(default_factory=dict)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if not args.custom:
            return "", args.inputs
        if self.preview:
            return None, args.inputs
        return args.resource_id or f"{args.name}-id", {**args.inputs, **self.outputs.get(args.typ, {})}

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.calls.append(args)
        return dict(self.answers.get(args.token, {}))

    def of(self, type_: str) -> list[Registered]:
        """Everything of a type; `type_` may be its end, such as `vpc/instance:Instance`."""
        return [r for r in self.resources if r.type.lower().endswith(type_.lower())]

    def one(self, type_: str, name: str | None = None) -> Registered:
        """The only resource of a type (with that name)."""
        found = [r for r in self.of(type_) if name in (None, r.name)]
        assert len(found) == 1, f"{len(found)} of {type_} {name or ''}: {[(r.type, r.name) for r in self.resources]}"
        return found[0]

    def depends(self, later: Registered, earlier: Registered) -> bool:
        """Whether `later` waits for `earlier`, directly or through others."""
        by_urn = {r.urn: r for r in self.resources}
        todo, done = set(later.dependencies), set[str]()
        while todo:
            urn = todo.pop()
            if urn == earlier.urn:
                return True
            done.add(urn)
            if urn in by_urn:
                todo |= by_urn[urn].dependencies - done
        return False


class _Monitor(mocks.MockMonitor):
    """The mock monitor, which also keeps each request's options and, like the engine, seals secret outputs."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self.recorder = recorder

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  the monitor's own name
        if request.type != "pulumi:pulumi:Stack":
            self.recorder.resources.append(
                Registered(
                    type=request.type,
                    name=request.name,
                    urn=self.make_urn(request.parent, request.type, request.name),
                    parent=request.parent,
                    custom=request.custom,
                    provider=request.provider,
                    dependencies=frozenset(request.dependencies),
                    raw=pulumi.runtime.rpc.deserialize_properties(request.object),
                    options=request,
                )
            )
        response = super().RegisterResource(request)
        for key in set(request.additionalSecretOutputs) & set(response.object.fields):
            value = type(response.object.fields[key])()
            value.CopyFrom(response.object.fields[key])
            sealed = response.object.fields[key].struct_value
            sealed.fields[SECRET_KEY].string_value = SECRET_MARK
            sealed.fields["value"].CopyFrom(value)
        return response


async def _look(output: pulumi.Output[Any]) -> Seen:
    known = await output.is_known()
    return Seen(value=await output.future() if known else None, known=known, secret=await output.is_secret())


def build(
    make: Callable[[], Mapping[str, pulumi.Output[Any]] | None],
    *,
    preview: bool = False,
    outputs: Mapping[str, Mapping[str, Any]] | None = None,
    answers: Mapping[str, Mapping[str, Any]] | None = None,
) -> Recorder:
    """Run `make` to the end and return the recorder.

    The Outputs that `make` returns by name are kept in `Recorder.seen`. Every registration has landed on return, so
    absence can be asserted too.
    """
    recorder = Recorder(preview=preview, outputs=outputs or {}, answers=answers or {})
    pulumi.runtime.set_mocks(recorder, project=PROJECT, stack=STACK, preview=preview, monitor=_Monitor(recorder))

    async def collect(made: Mapping[str, pulumi.Output[Any]]) -> None:
        for key, output in made.items():
            recorder.seen[key] = await _look(output)

    @pulumi.runtime.test
    def run() -> Any:
        return collect(make() or {})

    run()
    return recorder
