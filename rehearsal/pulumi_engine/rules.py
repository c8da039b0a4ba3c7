"""The facts of `rules.yaml`: what a change of a property does, type by type."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

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
    lost: bool = False

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


def rules_of(type_: str, provider_config: Mapping[str, str] | None = None) -> Rules:
    """The rules of a resource type such as ``kubernetes:core/v1:Secret``. `provider_config` is the configuration of
    the provider, which can take a rule away."""
    package, _, kind = type_.partition(":")
    table = _tables().get(package)
    if table is None:
        return Rules()
    row = table["types"].get(kind, {})
    if (switch := row.get("unless")) and (provider_config or {}).get(switch) == "true":
        row = {key: value for key, value in row.items() if key != "replaces"}
    both = {key: [*table["default"].get(key, []), *row.get(key, [])] for key in _LISTS}
    return Rules(
        **{key: tuple(_path(each) for each in paths) for key, paths in both.items()},
        refuses_with=tuple((_path(first), _path(second)) for first, second in row.get("refuses_with", ())),
        lost=row.get("lost", False),
    )


def ruled_paths() -> Iterator[tuple[str, Names]]:
    """Every type with a rule of its own, and each path that a rule of it names."""
    for package, table in _tables().items():
        for kind, row in table["types"].items():
            for paths in (row.get(key, ()) for key in _LISTS):
                yield from ((f"{package}:{kind}", _path(each)) for each in paths)


_LISTS = ("replaces", "replaces_whole", "drops", "refuses", "named")


def _touches(rules: Sequence[Names], path: Names) -> bool:
    """Whether a path is at, below or above one of the rules' paths."""
    return any(rule[: len(path)] == path[: len(rule)] for rule in rules)


def _path(text: str) -> Names:
    return tuple(text.split("."))


@cache
def _tables() -> dict[str, dict]:
    return yaml.load(_FILE.read_text(encoding="utf-8"), yaml.CSafeLoader)
