"""What the program asked the engine for, as plain data. Nothing here imports pulumi."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from heapq import heappop, heappush

MASK = "<masked>"
"""What is shown in place of a secret."""


@dataclass(frozen=True)
class Secret:
    """A value that the program marked secret. Its text never shows the value; `reveal` is for the simulated cloud."""

    value: object = field(repr=False)

    def __str__(self) -> str:
        return MASK


@dataclass(frozen=True)
class Unknown:
    """A value that only exists after the resource that it comes from (in a preview)."""

    def __str__(self) -> str:
        return "<unknown>"


@dataclass(frozen=True)
class Registration:
    """One resource or component, with everything that the engine was told about it.

    `parent`, `dependencies` and the values of `property_dependencies` are URNs; `parent` is "" for the stack itself.
    `provider` is ``<urn>::<id>`` of the provider, or "" where the engine would use a default one. `inputs` holds
    camelCase keys, whole numbers as `int`, secrets as `Secret`. `timeouts` maps create, update and delete to
    durations such as ``20m``. `aliases` are URNs, or the parts of one that differ.
    """

    type: str
    name: str
    urn: str
    parent: str
    custom: bool
    inputs: Mapping[str, object]
    id: str
    outputs: Mapping[str, object]
    provider: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    timeouts: Mapping[str, str] = field(default_factory=dict)
    protect: bool = False
    retain_on_delete: bool = False
    delete_before_replace: bool = False
    deleted_with: str = ""
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    aliases: tuple[object, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    import_id: str = ""
    read: bool = False

    @property
    def provider_urn(self) -> str:
        return self.provider.rpartition("::")[0]

    @property
    def waits_for(self) -> frozenset[str]:
        """URNs that the engine has finished with before it starts this one: its provider and parent count too."""
        return frozenset((*self.dependencies, self.parent, self.provider_urn)) - {""}


def rewritten(value: object, leaf: Callable[[object, bool], object], below: bool = False) -> object:
    """The value with each leaf anew, from the old one and whether it stands below a secret; keys and lengths of lists
    remain, secrets do not."""
    if isinstance(value, Secret):
        return rewritten(value.value, leaf, below=True)
    if isinstance(value, Mapping):
        return {key: rewritten(part, leaf, below) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [rewritten(part, leaf, below) for part in value]
    return leaf(value, below)


def reveal(value: object) -> object:
    """The value with every secret in clear, as a provider sees it."""
    return rewritten(value, lambda leaf, _: leaf)


def mask(value: object) -> object:
    """The value as it may be shown: every leaf below a secret becomes `MASK`."""
    return rewritten(value, lambda leaf, secret: MASK if secret else str(leaf) if isinstance(leaf, Unknown) else leaf)


def leaves(value: object) -> Iterator[tuple[object, bool]]:
    """Every value inside objects and lists, and whether it stands below a secret."""
    found: list[tuple[object, bool]] = []
    rewritten(value, lambda leaf, secret: found.append((leaf, secret)))
    yield from found


def secret_texts(value: object) -> Iterator[str]:
    """Every text inside a secret of `value`; what must never be found in anything that is shown."""
    return (leaf for leaf, secret in leaves(value) if secret and isinstance(leaf, str) and leaf)


def in_order(registrations: Iterable[Registration]) -> tuple[Registration, ...]:
    """Dependencies first; among those that could come next, by URN, so that two runs give the same order.

    Registrations arrive from several threads, hence in an order that differs from run to run.
    """
    known = {each.urn: each for each in registrations}
    sorter = TopologicalSorter({urn: each.waits_for & known.keys() for urn, each in known.items()})
    sorter.prepare()
    ready: list[str] = []
    ordered: list[Registration] = []
    while sorter.is_active():
        for urn in sorter.get_ready():
            heappush(ready, urn)
        urn = heappop(ready)
        ordered.append(known[urn])
        sorter.done(urn)
    return tuple(ordered)


def depths(waits_for: Mapping[str, Iterable[str]], counted: Collection[str] | None = None) -> dict[str, int]:
    """How many of `counted` (None: of all) must exist before each, one after the other, whatever stands between them.
    `waits_for` comes dependencies first; what is no key of it does not count."""
    found: dict[str, int] = {}
    for urn, wanted in waits_for.items():
        found[urn] = max((found[each] + _counts(each, counted) for each in wanted if each in found), default=0)
    return found


def _counts(urn: str, counted: Collection[str] | None) -> bool:
    return counted is None or urn in counted
