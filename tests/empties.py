"""Empty maps and lists in what the program registers."""

from collections.abc import Iterator, Mapping

from rehearsal.registration import reveal

MEANT = frozenset({"emptyDir", "podSelector", "namespaceSelector"})
"""Keys of Kubernetes' own kinds under which an empty map says something: a selector of everything, a folder of any
size."""


def empty_places(value: object, path: str = "") -> Iterator[str]:
    """The path of each empty map and list that says nothing."""
    value = reveal(value)
    if not isinstance(value, Mapping | list):
        return
    if not value and path.rpartition(".")[2] not in MEANT:
        yield path
    parts = value.items() if isinstance(value, Mapping) else ((str(place), each) for place, each in enumerate(value))
    for key, part in parts:
        yield from empty_places(part, f"{path}.{key}" if path else str(key))
