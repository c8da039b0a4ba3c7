"""What differs between two sets of properties, and what a provider makes of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rehearsal.pulumi_engine.rules import Rules
from rehearsal.registration import Unknown

PropertyChangeKind = Literal["add", "update", "delete", "unknown"]
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class PropertyChange:
    """One property that differs. `replaces`: it takes a new resource."""

    path: Path
    kind: PropertyChangeKind
    replaces: bool = False

    @property
    def text(self) -> str:
        """The path as the engine writes it: ``spec.template.spec.containers[0].image``."""
        return written(self.path)

    @property
    def rule_path(self) -> tuple[str, ...]:
        """The path without the places in lists, as the rules have it."""
        return tuple(part for part in self.path if isinstance(part, str))


def written(path: Path) -> str:
    """A property path in the engine's own writing."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif any(sign in part for sign in '."[]'):
            quoted = part.replace('"', '\\"')
            text += f'["{quoted}"]'
        else:
            text += f".{part}" if text else part
    return text


def changes(old: Mapping[str, object], new: Mapping[str, object], rules: Rules) -> tuple[PropertyChange, ...]:
    """The properties that differ, each judged by the rules of its resource. What is unknown counts as changed, but an
    object of which nothing is known does not count as a change of what stands in it (seen in pulumi-kubernetes)."""
    found = tuple(_differences(dict(old), dict(new), ()))
    return tuple(
        PropertyChange(path, kind, rules.replaced_by(_names(path), whole=kind in ("add", "delete")))
        for path, kind in found
    )


def stored(inputs: Mapping[str, object]) -> dict[str, object]:
    """The inputs of an object of Kubernetes as the API server keeps them: no map or list of its metadata is empty."""
    metadata = inputs.get("metadata")
    if not isinstance(metadata, Mapping):
        return dict(inputs)
    return {**inputs, "metadata": {key: value for key, value in metadata.items() if value not in ({}, [])}}


def _names(path: Path) -> tuple[str, ...]:
    return tuple(part for part in path if isinstance(part, str))


def _differences(old: object, new: object, path: Path) -> Iterator[tuple[Path, PropertyChangeKind]]:
    if isinstance(new, Unknown):
        yield path, "unknown"
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from _inside(old.get(key), new.get(key), (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for place in range(max(len(old), len(new))):
            yield from _inside(_at(old, place), _at(new, place), (*path, place))
    elif old != new:
        yield path, "update"


def _inside(old: object, new: object, path: Path) -> Iterator[tuple[Path, PropertyChangeKind]]:
    if old is None and new is not None:
        yield path, "add"
    elif new is None and old is not None:
        yield path, "delete"
    else:
        yield from _differences(old, new, path)


def _at(values: Sequence[object], place: int) -> object:
    return values[place] if place < len(values) else None
