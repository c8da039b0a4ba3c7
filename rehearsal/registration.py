"""What the program asked the engine for, as plain data. Nothing here imports pulumi."""

from collections.abc import Collection, Iterable, Iterator, Mapping
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


def reveal(value: object) -> object:
    """The value with every secret in clear, as a provider sees it."""
    if isinstance(value, Secret):
        return reveal(value.value)
    if isinstance(value, Mapping):
        return {key: reveal(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [reveal(part) for part in value]
    return value


def mask(value: object) -> object:
    """The value as it may be shown: every leaf below a secret becomes `MASK`, keys and lengths of lists remain."""
    if isinstance(value, Secret):
        return _masked(value.value)
    if isinstance(value, Unknown):
        return str(value)
    if isinstance(value, Mapping):
        return {key: mask(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [mask(part) for part in value]
    return value


def _masked(value: object) -> object:
    if isinstance(value, Secret):
        return _masked(value.value)
    if isinstance(value, Mapping):
        return {key: _masked(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(part) for part in value]
    return MASK


def secret_texts(value: object, below: bool = False) -> Iterator[str]:
    """Every text inside a secret of `value`; what must never be found in anything that is shown."""
    if isinstance(value, Secret):
        yield from secret_texts(value.value, below=True)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from secret_texts(part, below)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from secret_texts(part, below)
    elif below and isinstance(value, str) and value:
        yield value


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
