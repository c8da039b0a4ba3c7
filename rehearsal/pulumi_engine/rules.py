"""The facts of `rules.yaml`: what a change of a property does, type by type, and what the provider waits for."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from settings.paths import value_at

_FILE = Path(__file__).with_name("rules.yaml")

Names = tuple[str, ...]
"""A property path without places in lists: ``("native", "systemDisk")``."""


@dataclass(frozen=True)
class Rules:
    """The rules of one resource type; see the head of the file for what each means."""

    replaces: tuple[Names, ...] = ()
    replaces_whole: tuple[Names, ...] = ()
    drops: tuple[Names, ...] = ()
    refuses: tuple[Names, ...] = ()
    refuses_with: tuple[tuple[Names, Names], ...] = ()
    named: tuple[Names, ...] = ()
    reads: tuple[Names, ...] = ()
    emptied: tuple[Names, ...] = ()
    one_of: tuple[Names, ...] = ()
    never: tuple[Names, ...] = ()
    ascending: tuple[Names, ...] = ()
    unsent: Mapping[str, Sequence[str]] = field(default_factory=dict)
    needs: Mapping[str, Mapping[object, object]] = field(default_factory=dict)
    allows: Mapping[str, Sequence[object]] = field(default_factory=dict)
    longest: Mapping[str, int] = field(default_factory=dict)
    lost: bool = False
    unseen: bool = False
    rewrites: bool = False
    finalizer_of: str = ""

    def replaced_by(self, path: Names, *, whole: bool = False) -> bool:
        """Whether a change at this path makes a new resource. `whole`: the property comes or goes with all in it."""
        return (
            any(rule == ("*",) or path[: len(rule)] == rule for rule in self.replaces)
            or path in self.replaces_whole
            or (whole and _touches((*self.replaces, *self.replaces_whole), path))
        )

    def refusal(self, paths: Sequence[Names]) -> str | None:
        """Why these changes fail, or None where they do not."""
        for path in paths:
            if _touches(self.refuses, path):
                return f"{'.'.join(path)} cannot be changed"
        for first, second in self.refuses_with:
            if any(_touches((first,), path) for path in paths) and any(_touches((second,), path) for path in paths):
                return f"{'.'.join(first)} cannot be modified at the same time as {'.'.join(second)}"
        return None

    def failures(self, inputs: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """What the provider finds wrong before anything is made: where, and what."""
        for key, allowed in self.allows.items():
            given = inputs.get(key)
            if isinstance(given, int) and given not in allowed:
                yield key, f"must be one of {', '.join(map(str, allowed))}"
        for key, longest in self.longest.items():
            given = inputs.get(key)
            if isinstance(given, str) and len(given) > longest:
                yield key, f"must be at most {longest} characters long"

    def creation_refusal(self, inputs: Mapping[str, object]) -> str | None:
        """Why a resource with these inputs is not made, though no preview says so; None where it is."""
        return next(self._unmakeable(inputs), None)

    def _unmakeable(self, inputs: Mapping[str, object]) -> Iterator[str]:
        for key, rows in self.needs.items():
            value = inputs.get(key, rows.get("default"))
            for other in _texts(rows.get(value, ())):
                if not inputs.get(other):
                    yield f"{other} must be set when {key} is {json.dumps(value)}"
        given = [".".join(path) for path in self.one_of if value_at(inputs, *path)]
        if self.one_of and len(given) != 1:
            yield f"exactly one of {', '.join('.'.join(path) for path in self.one_of)} must be set"
        for path in self.never:
            if value_at(inputs, *path):
                yield f"{'.'.join(path)} must not be set"
        numbers = [each for each in (value_at(inputs, *path) for path in self.ascending) if isinstance(each, int)]
        if numbers != sorted(numbers):
            yield f"{' <= '.join('.'.join(path) for path in self.ascending)} must hold"

    def kept(self, old: Mapping[str, object], new: Mapping[str, object]) -> list[Names]:
        """Top-level properties of which an update from `old` to `new` sends nothing, though they are read back."""
        alone = [
            (key,)
            for key, companions in self.unsent.items()
            if not any(old.get(each) != new.get(each) for each in companions)
        ]
        return [*alone, *(path for path in self.emptied if not new.get(path[0]))]


@dataclass(frozen=True)
class Await:
    """What the provider of Kubernetes waits for. `seconds`: its own limit, None where the resource's time-out counts.
    `read`: a refresh fails too while it is not so."""

    until: str
    seconds: int | None = None
    read: bool = False


def rules_of(type_: str, provider_config: Mapping[str, str] | None = None, *, immutable: bool = False) -> Rules:
    """The rules of a resource type such as ``kubernetes:core/v1:Secret``. `provider_config` is the configuration of
    the provider, which can take a rule away from an object that is not `immutable`."""
    package, _, kind = type_.partition(":")
    table = _tables().get(package)
    if table is None:
        return Rules()
    row = table["types"].get(kind, {})
    both = {key: [*table["default"].get(key, []), *row.get(key, [])] for key in _LISTS}
    if immutable or (provider_config or {}).get(row.get("unless", "")) != "true":
        both["replaces"] += row.get("frozen", [])
    return Rules(
        **{key: tuple(_path(each) for each in paths) for key, paths in both.items()},
        refuses_with=tuple((_path(first), _path(second)) for first, second in row.get("refuses_with", ())),
        **{key: row[key] for key in _PLAIN if key in row},
    )


def awaited(type_: str, inputs: Mapping[str, object]) -> Await | None:
    """What the provider waits for once it has made or changed this object of Kubernetes; None for nothing."""
    annotations = value_at(inputs, "metadata", "annotations")
    given = annotations if isinstance(annotations, Mapping) else {}
    if given.get("pulumi.com/skipAwait") == "true":
        return None
    row = _tables()["kubernetes"]["awaits"]["kinds"].get(type_.partition(":")[2])
    known = None if row is None else Await(**row)
    if wanted := given.get("pulumi.com/waitFor"):
        return Await(str(wanted), read=known is not None and known.read)
    return known


def ruled_paths() -> Iterator[tuple[str, Names]]:
    """Every type with a rule of its own, and each path that a rule of it names."""
    for package, table in _tables().items():
        for kind, row in table["types"].items():
            for paths in (row.get(key, ()) for key in (*_LISTS, "frozen", "unsent", "needs", "allows", "longest")):
                yield from ((f"{package}:{kind}", _path(each)) for each in paths)


_LISTS = ("replaces", "replaces_whole", "drops", "refuses", "named", "reads", "emptied", "one_of", "never", "ascending")
_PLAIN = ("unsent", "needs", "allows", "longest", "lost", "unseen", "rewrites", "finalizer_of")


def _touches(rules: Sequence[Names], path: Names) -> bool:
    """Whether a path is at, below or above one of the rules' paths."""
    return any(rule[: len(path)] == path[: len(rule)] for rule in rules)


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _path(text: str) -> Names:
    return tuple(text.split("."))


@cache
def _tables() -> dict[str, dict]:
    return yaml.load(_FILE.read_text(encoding="utf-8"), yaml.CSafeLoader)
