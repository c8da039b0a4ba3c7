"""Plans and diagnostics as JSON values, with the stack file's own spelling of keys."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from ipaddress import IPv4Network
from typing import Any

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

_PAIRS = frozenset(
    {"env", "labels", "node_selector", "annotations", "download_annotations", "parameters", "tags", "fix"}
)
_TRIPLES = frozenset({"taints", "tolerations"})


def document(value: object) -> object:
    """`value` as dicts, lists, text, numbers and booleans. Raises `TypeError` for what has no JSON form."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, IPv4Network):
        return str(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    if is_dataclass(value):
        return {key: _field(name, getattr(value, name)) for name, key in _keys(type(value))}
    if isinstance(value, Mapping):
        return {str(key): document(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [document(part) for part in value]
    raise TypeError(f"a plan holds a {type(value).__name__}, which has no JSON form")


@cache
def _keys(kind: type[Any]) -> tuple[tuple[str, str], ...]:
    """The fields of a dataclass with the stack file's spelling: a few hundred, in half a million places of
    `fit --all`."""
    return tuple((field.name, to_camel(field.name)) for field in fields(kind))


def _field(name: str, value: object) -> object:
    if name in _PAIRS and isinstance(value, tuple):
        return {str(key): document(part) for key, part in value}
    if name in _TRIPLES and isinstance(value, tuple):
        return [dict(zip(("key", "value", "effect"), map(document, triple), strict=True)) for triple in value]
    return document(value)
