"""What will be made, as a tree of components and resources."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rehearsal.kinds import display_name, find
from rehearsal.registration import Registration, depths, mask


@dataclass(frozen=True)
class Node:
    """A component with its children, or a resource. `kind` is its short type, `name` what it is called where it will
    live, `detail` what is worth knowing of it (may be empty). `resources` counts what is made at and below it."""

    kind: str
    name: str
    detail: str
    custom: bool
    children: tuple["Node", ...] = ()

    @property
    def resources(self) -> int:
        return self.custom + sum(child.resources for child in self.children)


def tree(registrations: Iterable[Registration]) -> tuple[Node, ...]:
    """The roots of the tree. Siblings stand in the order in which they are made, components by the mean of theirs;
    `registrations` come dependencies first."""
    below: dict[str, list[Registration]] = {}
    every = tuple(registrations)
    depth = depths({each.urn: each.waits_for for each in every})
    for each in every:
        below.setdefault(each.parent, []).append(each)

    def resources(each: Registration) -> list[int]:
        # Random values wait for nothing and say nothing of when their component is made.
        own = [depth[each.urn]] if each.custom and not each.type.startswith("random:") else []
        return own + [found for child in below.get(each.urn, ()) for found in resources(child)]

    def place(each: Registration) -> float:
        found = resources(each)
        return sum(found) / len(found) if found else depth[each.urn]

    def node(each: Registration) -> Node:
        children = tuple(node(child) for child in sorted(below.get(each.urn, ()), key=place))
        return Node(find(each.type).short, display_name(each), _detail(each), each.custom, children)

    return tuple(node(each) for each in sorted(below.get("", ()), key=place))


def _detail(registration: Registration) -> str:
    shown = mask(registration.inputs)
    return find(registration.type).detail(shown) if isinstance(shown, Mapping) else ""
