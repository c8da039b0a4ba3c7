"""Empty maps and lists in what the program registers."""

from collections.abc import Iterator, Mapping

from rehearsal.pulumi_engine.normal import MEANT
from rehearsal.registration import reveal


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
