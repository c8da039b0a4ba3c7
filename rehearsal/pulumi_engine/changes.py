"""What differs between two sets of properties, and what a provider makes of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import yaml

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


def ignored(change: PropertyChange, paths: Sequence[str]) -> bool:
    """Whether a change is at or below one of these paths, as the engine writes them."""
    return any(change.text == path or change.text.startswith((f"{path}.", f"{path}[")) for path in paths)


def provider_changes(old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[PropertyChange]:
    """What another configuration of a provider changes. One of Kubernetes makes all that it made anew where it is for
    another cluster: told by its `clusterIdentifier`, and without one by the active cluster of its kubeconfig
    (DiffConfig in provider/pkg/provider/provider.go of pulumi-kubernetes 9497796)."""
    named, named_now = old.get("clusterIdentifier"), new.get("clusterIdentifier")
    for change in changes(old, new, Rules()):
        renamed = change.path == ("clusterIdentifier",) and change.kind in ("update", "unknown")
        moved = change.path == ("kubeconfig",) and (named is None or named != named_now)
        elsewhere = moved and (change.kind == "unknown" or _cluster(old) != _cluster(new))
        yield replace(change, replaces=renamed or elsewhere)


def _cluster(configuration: Mapping[str, object]) -> object:
    """The active cluster of a kubeconfig: its address and certificate authority."""
    read = yaml.safe_load(str(configuration.get("kubeconfig", ""))) or {}
    contexts = {each["name"]: each["context"] for each in read.get("contexts", ())}
    clusters = {each["name"]: each["cluster"] for each in read.get("clusters", ())}
    chosen = contexts.get(configuration.get("context", read.get("current-context")), {})
    return clusters.get(chosen.get("cluster"))


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
