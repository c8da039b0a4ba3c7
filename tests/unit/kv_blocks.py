"""The blocks into which vLLM lays out a model's KV cache, from figures that the catalogue has.

Source: vllm 0.29.0, v1/core/kv_cache_utils.py (unify_kv_cache_spec_page_size, _get_kv_cache_groups_uniform_page_size,
_get_kv_cache_bytes_per_block) and v1/kv_cache_interface.py (max_admission_blocks_per_request, max_memory_usage_bytes).
Layers of one kind are cut into groups of equal size, each with blocks of its own; a block of the pool is as large as
one page of each layer of a group.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

EVEN = 1.5
"""Below this ratio of the larger kind to the smaller the groups are as large as the larger kind (ib.)."""

STATES = 2
"""Pages of a state that a sequence holds where prefixes are cached, which is the default ("align", ib.)."""


@dataclass(frozen=True)
class Kind:
    """Layers that cache alike: `tokens` a block and layer, in `page` bytes. `window`: beside what is on its way they
    keep so many tokens, in up to `spare` blocks more since they need not begin with one; `state`: they take as many
    pages whatever the sequence."""

    layers: int
    tokens: int
    page: int
    window: int | None = None
    spare: int = 1
    state: bool = False


def unified(kinds: Sequence[Kind]) -> list[Kind]:
    """The kinds with pages of one size: more tokens in a smaller one, or room left over in it."""
    largest = max(kind.page for kind in kinds)
    return [
        replace(kind, page=largest, tokens=kind.tokens if kind.state else kind.tokens * _ratio(largest, kind.page))
        for kind in kinds
    ]


def _ratio(largest: int, page: int) -> int:
    return largest // page if largest % page == 0 else 1


def group_size(kinds: Sequence[Kind]) -> int:
    """Layers in a group."""
    fewest, most = min(kind.layers for kind in kinds), max(kind.layers for kind in kinds)
    return most if most < EVEN * fewest else fewest


def block_bytes(kinds: Sequence[Kind]) -> int:
    """Bytes of one block of the pool."""
    return group_size(kinds) * unified(kinds)[0].page


def sequence_blocks(kinds: Sequence[Kind], context: int, in_flight: int) -> int:
    """Blocks that one sequence of so many tokens takes, while so many are on their way through the model."""
    size = group_size(kinds)
    return sum(-(-kind.layers // size) * taken for kind, taken in _taken(unified(kinds), context, in_flight))


def _taken(kinds: Sequence[Kind], context: int, in_flight: int) -> Iterator[tuple[Kind, int]]:
    for kind in kinds:
        if kind.state:
            yield kind, STATES
        elif kind.window is None:
            yield kind, -(-context // kind.tokens)
        else:
            yield kind, -(-min(kind.window + in_flight, context) // kind.tokens) + kind.spare
