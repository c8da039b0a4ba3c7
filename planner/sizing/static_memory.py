"""SGLang's share of GPU memory: weights and cache alone, beside what prefill and CUDA graphs take outside it.

Sources: SGLang 0.5.18, srt/server_args.py (`_handle_gpu_memory_settings`, `reserve_for_graph_mb`), whose own estimate
this is, and mem_cache/kv_cache_configurator.py, where `--mem-fraction-static` bounds what is left for the cache. MiB
and tokens unless a name says otherwise.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass

from planner.engines.engine import REQUEST_TOKENS
from planner.model.facts import ModelFacts
from planner.sizing.ask import Ask
from planner.sizing.memory import Need
from planner.sizing.split import Split

LEAST_CHUNK = 2048
MIB_PER_TOKEN = 1.5
METADATA_MIB = 512
MIB_PER_EIGHT_RANKS = 1024
MIB_PER_DECODE_GRAPH = 2
MIB_PER_PREFILL_GRAPH = 8
MLA_GRAPHS_MIB = 1536
MIB_PER_GATHERED_REQUEST = 3
LARGE_GPU_GIB = 60
LARGE_GPU_LEAST_MIB = 10 * 1024

CLASSES_GIB = (20, 35, 60)
CHUNKS = (2048, 2048, 4096, 8192)
MOST_RUNNING = ((8, 8), (24, 80), (32, 160), (256, 512))
"""By the GPU's memory: tokens of one prefill, and requests that run at once with fewer than four GPUs, and with more.
GPUs from 160 GiB take larger ones, which none of the catalogue's has."""
MANY_RANKS = 4

PREFILL_SIZES = (
    *range(4, 33, 4),
    *range(48, 257, 16),
    *range(288, 513, 32),
    *range(576, 1025, 64),
    *range(1280, 4097, 256),
    *range(4608, 8193, 512),
)
"""Tokens of the prefill graphs that are captured, up to a whole chunk."""

WEIGHTS_MARGIN = 1.02
MOST_FRACTION = 0.95
STEPS = 1000
ROUNDING = 1.001


@dataclass(frozen=True)
class Static:
    """How SGLang is told to use a GPU. `fraction` of its memory is for weights and cache, `outside` GiB are kept for
    the rest; `crowded` where SGLang itself would keep more than the fraction leaves. `chunk` tokens are prefilled at a
    time, and `running` requests answered."""

    fraction: float
    chunk: int
    running: int
    outside: float
    crowded: bool


def plan_static(facts: ModelFacts, need: Need, usable: float, split: Split, ask: Ask, *, context: int) -> Static:
    """The largest prefill beside which the weights and one sequence of `context` tokens fit, unless one is asked for.

    `usable` GiB of the GPU; `running` requests are those of one data-parallel rank.
    """
    asked = ask.utilization
    size = bisect_right(CLASSES_GIB, usable)
    most = MOST_RUNNING[size][split.gpus >= MANY_RANKS]

    def running(room: float) -> int:
        if ask.sequences is not None:
            return max(1, ask.sequences // split.data)
        held = need.tokens(max(room, 0.0)) // REQUEST_TOKENS if need.kv_per_token is not None else most
        return max(1, min(held, most))

    def outside(chunk: int) -> float:
        return _outside(facts, usable, split, chunk, running(usable - need.weights))

    wanted = comfortable(need, context)
    room = usable - wanted if asked is None else usable * (1 - asked)
    chunk = ask.batched_tokens or CHUNKS[size]
    while ask.batched_tokens is None and chunk > LEAST_CHUNK and outside(chunk) > room:
        chunk //= 2
    kept = outside(chunk)
    least = math.ceil(need.least(context) / usable * STEPS) / STEPS
    fraction = asked or min(MOST_FRACTION, max(math.floor((1 - kept / usable) * STEPS) / STEPS, least))
    return Static(
        fraction=fraction,
        chunk=chunk,
        running=running(usable * fraction - need.weights),
        outside=kept,
        crowded=kept > usable * (1 - fraction) * ROUNDING,
    )


def comfortable(need: Need, context: int) -> float:
    """GiB of SGLang's share: weights as they were seen to lie in memory, and one sequence."""
    return need.weights * WEIGHTS_MARGIN + need.cache(context)


def _outside(facts: ModelFacts, usable: float, split: Split, chunk: int, running: int) -> float:
    """GiB that SGLang keeps for prefills of `chunk` tokens and the graphs of `running` requests."""
    graphs = MLA_GRAPHS_MIB if facts.mla else bisect_right(PREFILL_SIZES, chunk) * MIB_PER_PREFILL_GRAPH
    taken = METADATA_MIB + chunk * MIB_PER_TOKEN + split.gpus / 8 * MIB_PER_EIGHT_RANKS
    taken += running * MIB_PER_DECODE_GRAPH + graphs
    if split.data > 1:
        taken += running * split.data * MIB_PER_GATHERED_REQUEST
    if usable > LARGE_GPU_GIB and chunk > LEAST_CHUNK:
        taken = max(taken, LARGE_GPU_LEAST_MIB)
    return taken / 1024
