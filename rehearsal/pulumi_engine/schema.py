"""Inputs checked against `schema.json`: known properties, required ones, and the kind of each value."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

from rehearsal.registration import Secret, Unknown

FILE = Path(__file__).with_name("schema.json")

SchemaFailure = tuple[str, str]
"""Where in the inputs, and what is wrong there."""


def failures(type_: str, inputs: Mapping[str, object]) -> list[SchemaFailure]:
    """What a provider would refuse before it makes anything. A type of Kubernetes that the SDK does not know is a
    custom resource, of which nothing is known here."""
    shapes = _schema()["resources"].get(type_)
    if shapes is None:
        return [] if type_.startswith("kubernetes:") else [("", f"there is no simulated {type_}")]
    return list(_object(inputs, shapes["inputs"], ""))


def outputs_of(type_: str) -> list[str]:
    """The properties that a resource of this type has once it is there."""
    return _schema()["resources"].get(type_, {}).get("outputs", [])


def types() -> list[str]:
    """All known resource types."""
    return list(_schema()["resources"])


def knows(type_: str, path: tuple[str, ...]) -> bool:
    """Whether a resource type takes an input of this path (without places in lists)."""
    shapes: Mapping[str, str] = _schema()["resources"][type_]["inputs"]
    for place, name in enumerate(path):
        if name not in shapes:
            return False
        inner = shapes[name].rstrip("!").strip("[]")
        if not inner.startswith("@"):
            return place == len(path) - 1 or inner == "any" or inner.startswith("{")
        shapes = _schema()["objects"][inner[1:]]
    return True


def _object(value: Mapping[str, object], shapes: Mapping[str, str], path: str) -> Iterator[SchemaFailure]:
    for name in value:
        if name not in shapes:
            yield f"{path}{name}", "is not known to the provider"
    for name, shape in shapes.items():
        if value.get(name) is not None:
            yield from _value(value[name], shape.rstrip("!"), f"{path}{name}")
        elif shape.endswith("!"):
            yield f"{path}{name}", "is missing"


def _value(value: object, shape: str, path: str) -> Iterator[SchemaFailure]:
    if isinstance(value, Secret):
        yield from _value(value.value, shape, path)
    elif isinstance(value, Unknown) or shape == "any":
        return
    elif shape[0] in "@{[":
        yield from _compound(value, shape, path)
    elif not _SCALARS[shape](value):
        yield path, f"must be of type {shape}, not {_kind(value)}"


def _compound(value: object, shape: str, path: str) -> Iterator[SchemaFailure]:
    inner = shape[1:-1]
    if shape.startswith("@") and isinstance(value, Mapping):
        yield from _object(value, _schema()["objects"][shape[1:]], f"{path}.")
    elif shape.startswith("{") and isinstance(value, Mapping):
        for key, part in value.items():
            yield from _value(part, inner, f"{path}.{key}")
    elif shape.startswith("[") and isinstance(value, list):
        for place, part in enumerate(value):
            yield from _value(part, inner, f"{path}[{place}]")
    else:
        yield path, f"must be {'a list' if shape.startswith('[') else 'an object'}, not {_kind(value)}"


def _kind(value: object) -> str:
    """Never the value itself, which may be a secret."""
    return type(value).__name__


_SCALARS: Mapping[str, Callable[[object], bool]] = {
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


@cache
def _schema() -> dict[str, dict]:
    return json.loads(FILE.read_text(encoding="utf-8"))
