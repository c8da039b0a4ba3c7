"""Runs component code on the rehearsal's recorder and keeps what it registers, options and dependencies included."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import pulumi
from pulumi.runtime import mocks

from rehearsal.recorder import Recorder
from rehearsal.registration import Registration, reveal
from tests.mocks import without_stack_traces

without_stack_traces()

PROJECT, STACK = "tke-llm", "dev"


@dataclass(frozen=True)
class Registered:
    """One registration: `registration` in full, with secrets sealed; `inputs` with secrets opened."""

    registration: Registration

    @cached_property
    def inputs(self) -> dict[str, Any]:
        return cast("dict[str, Any]", reveal(self.registration.inputs))

    @property
    def sealed(self) -> Mapping[str, Any]:
        """The inputs with secrets sealed."""
        return self.registration.inputs

    @property
    def type(self) -> str:
        return self.registration.type

    @property
    def name(self) -> str:
        return self.registration.name

    @property
    def urn(self) -> str:
        return self.registration.urn

    @property
    def parent(self) -> str:
        return self.registration.parent

    @property
    def custom(self) -> bool:
        return self.registration.custom

    @property
    def provider(self) -> str:
        return self.registration.provider

    @property
    def dependencies(self) -> frozenset[str]:
        return frozenset(self.registration.dependencies)


@dataclass(frozen=True)
class OutputValue:
    """What an Output came to: `value` is None where it stayed unknown."""

    value: Any
    known: bool
    secret: bool


@dataclass
class ComponentRun(mocks.Mocks):
    """Answers registrations with plausible ids and outputs, and holds what was registered, in order.

    `outputs` maps a resource type to outputs beyond its inputs, `answers` a function token to its result.
    """

    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    resources: list[Registered] = field(default_factory=list)
    calls: list[mocks.MockCallArgs] = field(default_factory=list)
    seen: dict[str, OutputValue] = field(default_factory=dict)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}-id", {**args.inputs, **self.outputs.get(args.typ, {})}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        self.calls.append(args)
        return dict(self.answers.get(args.token, {})), None

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


async def _look(output: pulumi.Output[Any]) -> OutputValue:
    known = await output.is_known()
    return OutputValue(value=await output.future() if known else None, known=known, secret=await output.is_secret())


def build(
    make: Callable[[], Mapping[str, pulumi.Output[Any]] | None],
    *,
    preview: bool = False,
    outputs: Mapping[str, Mapping[str, Any]] | None = None,
    answers: Mapping[str, Mapping[str, Any]] | None = None,
) -> ComponentRun:
    """Run `make` to the end and return what it registered. In a `preview` no id and no computed output is known, as on
    a stack that does not exist yet.

    The Outputs that `make` returns by name are kept in `ComponentRun.seen`. Every registration has landed on return, so
    absence can be asserted too.
    """
    made = ComponentRun(outputs=outputs or {}, answers=answers or {})
    recorder = Recorder(made, preview=preview)
    pulumi.runtime.set_mocks(made, project=PROJECT, stack=STACK, preview=preview, monitor=recorder)

    async def collect(values: Mapping[str, pulumi.Output[Any]]) -> None:
        for key, output in values.items():
            made.seen[key] = await _look(output)

    @pulumi.runtime.test
    def run() -> Any:
        return collect(make() or {})

    run()
    made.resources = [Registered(each) for each in recorder.registrations if not each.read]
    return made
