"""What waits for what, as a graph of resources alone."""

from collections.abc import Mapping, Sequence

from rehearsal.registration import Registration


def awaited(registrations: Sequence[Registration]) -> dict[str, set[str]]:
    """What each resource waits for, with components replaced by what they wait for themselves."""
    known: dict[str, set[str]] = {}
    edges: dict[str, set[str]] = {}
    for each in registrations:
        found: set[str] = set()
        for urn in each.waits_for:
            found |= {urn} if urn in edges else known.get(urn, set())
        known[each.urn] = found
        if each.custom:
            edges[each.urn] = found
    return edges


def reduced(edges: Mapping[str, set[str]], resources: Sequence[Registration]) -> dict[str, set[str]]:
    """The edges that are not implied by others."""
    before: dict[str, set[str]] = {}
    kept: dict[str, set[str]] = {}
    for each in resources:
        wanted = edges[each.urn]
        implied = set().union(*(before[urn] for urn in wanted))
        kept[each.urn] = wanted - implied
        before[each.urn] = wanted | implied
    return kept
