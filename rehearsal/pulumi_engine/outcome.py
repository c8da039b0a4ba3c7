"""What an operation of the engine did, resource by resource, from the engine's own events."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

OperationVerdict = Literal["same", "create", "update", "replace", "delete", "read"]

_VERDICTS: Mapping[str, OperationVerdict] = {
    "create": "create",
    "import": "create",
    "update": "update",
    "delete": "delete",
    "read": "read",
    "same": "same",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "discard-replaced": "replace",
    "replace": "replace",
}
_ORDER: Sequence[OperationVerdict] = ("same", "read", "create", "update", "delete", "replace")


@dataclass(frozen=True)
class Operation:
    """What happened to one resource. `changes`: the property paths that differ, each with its kind
    (``update``, ``add-replace``). `inputs` are as the engine shows them, without secrets. `first`: a replaced resource
    was deleted before its successor was made. `failed`: the provider refused. `retained`: what is deleted here stays in
    the cloud."""

    verdict: OperationVerdict
    urn: str
    type: str
    changes: tuple[tuple[str, str], ...]
    inputs: Mapping[str, object]
    first: bool = False
    failed: bool = False
    retained: bool = False

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rpartition("::")[2]

    @property
    def custom(self) -> bool:
        """A resource, not a component, the stack itself or a provider that nobody declared."""
        return is_resource(self.type, self.name)


def is_resource(type_: str, name: str) -> bool:
    """Whether this is a resource of the stack, not a component, the stack itself or a provider that nobody declared."""
    made_up = type_.startswith("pulumi:providers:") and name.startswith("default")
    return not made_up and not type_.startswith(("tke-llm:", "pulumi:pulumi:"))


@dataclass(frozen=True)
class Message:
    """Something that the engine, a provider or the program said; `urn` is of the resource that it is about."""

    severity: str
    text: str
    urn: str


@dataclass(frozen=True)
class EngineOutcome:
    """One operation of the engine. `operations` are in the order in which the engine began them. `error` is empty where
    it succeeded; `seconds` is wall-clock time."""

    operations: tuple[Operation, ...]
    messages: tuple[Message, ...]
    error: str
    seconds: float

    @property
    def changed(self) -> tuple[Operation, ...]:
        """Resources (no components) that are not any more what they were."""
        return tuple(
            each for each in self.operations if each.custom and not each.failed and each.verdict not in ("same", "read")
        )

    @property
    def failed(self) -> tuple[Operation, ...]:
        """Resources that a provider refused to make, change or delete."""
        return tuple(each for each in self.operations if each.failed)

    @property
    def counts(self) -> Counter[OperationVerdict]:
        """How many resources were created, updated, …"""
        return Counter(each.verdict for each in self.operations if each.custom and not each.failed)

    @property
    def complaints(self) -> tuple[str, ...]:
        """What went wrong, one line each, the resource first."""
        errors = (each for each in self.messages if each.severity == "error")
        said = (
            f"{each.urn.rpartition('::')[2]}: {each.text.strip()}" if each.urn else each.text.strip() for each in errors
        )
        return tuple(dict.fromkeys(said))


def collect(events: Iterable[Mapping], error: str, seconds: float) -> EngineOutcome:
    """The outcome of the events that the worker reported."""
    steps: dict[str, list[Mapping]] = {}
    failed: set[str] = set()
    messages: list[Message] = []
    for event in events:
        if event["event"] in ("begin", "end"):
            steps.setdefault(event["urn"], []).append(event)
        elif event["event"] == "failed":
            failed.add(event["urn"])
        elif event["event"] == "message" and event["severity"] in ("error", "warning"):
            messages.append(Message(event["severity"], event["text"], event["urn"] or ""))
    found = tuple(_operation(urn, told, failed=urn in failed) for urn, told in steps.items())
    return EngineOutcome(found, tuple(messages), error, seconds)


def _operation(urn: str, told: Sequence[Mapping], *, failed: bool) -> Operation:
    # A refresh begins as "refresh" and ends as what it found.
    verdicts: list[OperationVerdict] = [_VERDICTS[step["op"]] for step in told if step["op"] in _VERDICTS]
    verdict = max(verdicts, key=_ORDER.index) if verdicts else _ORDER[0]
    begun = [step["op"] for step in told if step["event"] == "begin"]
    first = "delete-replaced" in begun and begun.index("delete-replaced") < _place(begun, "create-replacement")
    diffs = {path: kind for step in told for path, kind in step["diffs"]}
    inputs = next((step["inputs"] for step in reversed(told) if step["inputs"]), {})
    retained = any(step["retained"] for step in told)
    return Operation(verdict, urn, told[0]["type"], tuple(sorted(diffs.items())), inputs, first, failed, retained)


def _place(begun: Sequence[str], op: str) -> int:
    return begun.index(op) if op in begun else len(begun)
