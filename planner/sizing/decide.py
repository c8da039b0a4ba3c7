"""How one model lies on the GPUs of its machines: parallelism, number format, context, memory.

Pure functions of the model's and the GPU's facts: they know no stack file and serve `tke-llm fit` as well.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from catalog.hardware import Gpu
from planner.engines.engine import has
from planner.engines.registry import find
from planner.model.dtype import Precision, plan_dtype
from planner.model.facts import ModelFacts
from planner.plan.types import MemoryBudget
from planner.sizing import memory, static_memory
from planner.sizing.ask import Ask
from planner.sizing.memory import Need
from planner.sizing.parallelism import splits
from planner.sizing.split import Split
from planner.sizing.static_memory import Static, plan_static
from planner.sizing.widths import uneven
from settings.translation import tr

LEAST_CONTEXT = 2048
GOOD_CONTEXT = 8192
CONTEXT_STEP = 1024
UNKNOWN_CACHE_CONTEXT = 8192
DOUBT = 0.1
"""By how much of itself a figure that nobody has verified may be too high; a shortfall beyond that is certain."""

Verdict = Literal["ready", "tight", "spills", "doubtful", "refused"]
"""Whether the memory suffices: with room to spare (`ready`), with less than estimators ask for (`tight`), only with
RAM beside it (`spills`), only if a figure that nobody has verified is too high (`doubtful`), or not at all."""


@dataclass(frozen=True)
class Hardware:
    """What a replica may run on: up to `nodes` machines, each with so many of a GPU (or a part of one).

    `ram_gib` is what pods may use of the memory of each; None: not known."""

    gpu: Gpu
    gpus_per_node: float
    nodes: int = 1
    ram_gib: float | None = None

    @property
    def slots(self) -> int:
        """GPUs of one machine that a pod sees."""
        return 1 if 0 < self.gpus_per_node < 1 else int(self.gpus_per_node)

    @property
    def usable_gib(self) -> float:
        """Usable GiB of each GPU that a pod sees."""
        part = self.gpus_per_node if 0 < self.gpus_per_node < 1 else 1.0
        return self.gpu.usable_gib * part

    def ram_share(self, gpus: int) -> float:
        """GiB of RAM that go with so many GPUs; without end where it is not known."""
        return math.inf if self.ram_gib is None else self.ram_gib * gpus / max(1.0, self.gpus_per_node)


@dataclass(frozen=True)
class Layout:
    """A split on GPUs: what one GPU must hold, what there is in GiB, and the share of it
    that the engine may take. Within a static share (`static`) there are weights and cache alone."""

    split: Split
    need: Need
    usable: float
    share: float
    static: Static | None

    @property
    def limit(self) -> float:
        """GiB of the share; a static one leaves outside it what no engine computes without."""
        most = self.usable - memory.WORKING_GIB if self.static else self.usable
        return min(self.usable * self.share, most)

    def comfortable(self, context: int) -> float:
        """What the published estimators, or the engine's own, ask for within the share."""
        return static_memory.comfortable(self.need, context) if self.static else self.need.comfortable(context)

    def expected(self, context: int) -> float:
        """What practice needs within the share."""
        return self.need.least(context) if self.static else self.need.expected(context)

    def holds(self, context: int, *, of: float = 1.0) -> bool:
        """Whether the engine could start with this part `of` what it needs, and of what it reads before."""
        return self.need.least(context) * of <= self.limit and self.need.loading * of <= self.usable

    def spilled(self, context: int, *, certain: bool) -> float:
        """GiB of RAM for what the shares of all GPUs cannot hold and for the process that computes it there, by figures
        that are verified (`certain`) or by the least that they may be."""
        least = self.need.least(context) * (1 if certain else 1 - DOUBT)
        beyond = max(0.0, least - self.limit) * self.split.gpus
        return beyond + memory.PROCESS_GIB if beyond else 0.0

    def verdict(self, context: int, *, certain: bool, ram: float | None = None) -> Verdict:
        """Whether weights and one sequence of `context` tokens lie within the share: what `check`, `fit` and remedies
        all go by. `certain`: somebody has verified the figures; `ram`: GiB of RAM that the engine may use besides, None
        where it uses none."""
        if not self.holds(context):
            if ram is not None and self.spilled(context, certain=certain) <= ram:
                return "spills"
            return "refused" if certain or not self.holds(context, of=1 - DOUBT) else "doubtful"
        crowded = self.static is not None and self.static.crowded
        return "tight" if crowded or max(self.comfortable(context), self.expected(context)) > self.limit else "ready"


@dataclass(frozen=True)
class Sizing:
    """How the model lies, or would if the user insists. `context` is what the engine is given; `computed` whether its
    cache was computed; `because` holds setting, choice and reason."""

    layout: Layout
    precision: Precision
    context: int
    computed: bool
    budget: MemoryBudget
    concurrency: float
    verdict: Verdict
    because: tuple[tuple[str, str, str], ...]

    @property
    def tensor_parallel(self) -> int:
        return self.layout.split.tensor

    @property
    def pipeline_parallel(self) -> int:
        return self.layout.split.pipeline

    @property
    def gpus(self) -> int:
        return self.layout.split.gpus

    @property
    def holds(self) -> bool:
        """Whether the GPUs' memory suffices, by figures that are verified or far from their limit."""
        return self.verdict in ("ready", "tight")

    @property
    def static(self) -> Static | None:
        """How an engine with a static share is told to use the GPU."""
        return self.layout.static


def plan_sizing(facts: ModelFacts, hardware: Hardware, ask: Ask) -> Sizing:
    """Lay the model on the GPUs. Where it does not start there (`check_sizing` says so), what comes nearest.

    A replica that asks for more GPUs than a machine has may span several.
    """
    gpu, usable, engine = hardware.gpu, hardware.usable_gib, find(ask.engine)
    precision = plan_dtype(facts, gpu, ask.dtype, ask.quantization, ask.engine)

    ways = splits(facts, hardware.slots, hardware.nodes, ask)
    layout = _smallest([_layout(facts, hardware, ask, precision, way) for way in ways], facts, ask)
    split, need = layout.split, layout.need
    context = _context(facts, ask, layout)
    budget = MemoryBudget(
        total=usable,
        utilization=layout.share,
        weights=need.weights,
        kv_one_sequence=need.cache(context),
        **_overheads(layout),
    )
    return Sizing(
        layout=layout,
        precision=precision,
        context=context,
        computed=facts.computable,
        budget=budget,
        concurrency=_concurrency(budget, ask, split.data),
        verdict=layout.verdict(
            context,
            certain=facts.verified and gpu.verified,
            ram=hardware.ram_share(split.gpus) if engine.on_cpu else None,
        ),
        because=(
            ("dtype", precision.dtype, precision.because),
            ("tensorParallel", f"{split.tensor} x {split.pipeline}", _why_split(facts, ask, layout, gpu)),
            *_experts(facts, ask, split),
            ("maxModelLen", str(context), _why_context(facts, ask, need, context)),
            ("gpuMemoryUtilization", f"{layout.share:g}", _why_share(ask, layout)),
        ),
    )


def _layout(facts: ModelFacts, hardware: Hardware, ask: Ask, precision: Precision, split: Split) -> Layout:
    """What a split comes to on each GPU."""
    gpu, usable, engine = hardware.gpu, hardware.usable_gib, find(ask.engine)
    need = memory.need(
        facts,
        split,
        precision.dtype,
        quantization=precision.at_load,
        kv_bytes=ask.kv_bytes,
        in_flight=engine.in_flight(ask.flags, gpu, split.pipeline, ask.batched_tokens),
        working=0.0 if engine.memory == "static" else memory.working_gib(facts, split, ask.batched_tokens),
        encoder=0.0 if ask.no_images or engine.memory == "static" else facts.encoder_gib,
        first=_held_first(ask, precision.at_load),
        extras=ask.extras,
    )
    return Layout(split, need, usable, *_share(facts, ask, need, usable, split))


def _held_first(ask: Ask, method: str | None) -> tuple[str | None, ...]:
    """What the release holds at once while it quantises by a method; nothing where it goes layer by layer."""
    engine = find(ask.engine)
    if method is None or has(engine.at_load.streaming_flags.get(method), ask.flags):
        return ()
    return (None, method) if engine.at_load.doubling_flags.get(method) in ask.flags else (None,)


def _concurrency(budget: MemoryBudget, ask: Ask, ranks: int) -> float:
    """Sequences of the whole context at a time: as many as the caches of all ranks hold, and no more than the engine
    may answer, which is told of each rank unless its ranks are gathered."""
    held = ranks * max(1.0, budget.kv_room / budget.kv_one_sequence if budget.kv_one_sequence else 1.0)
    answered = (ask.sequences or math.inf) * (1 if find(ask.engine).experts.gathers else ranks)
    return min(held, answered)


def _cap(facts: ModelFacts, ask: Ask) -> int:
    return ask.context or min(GOOD_CONTEXT, facts.max_positions)


def _share(facts: ModelFacts, ask: Ask, need: Need, usable: float, split: Split) -> tuple[float, Static | None]:
    """The share of each GPU that the engine takes, and the plan of a static one."""
    if find(ask.engine).memory != "static":
        return ask.share, None
    static = plan_static(facts, need, usable, split, ask, context=_cap(facts, ask))
    return static.fraction, static


def _overheads(layout: Layout) -> dict[str, float]:
    """What the engine takes beside weights and cache; all of it lies outside a static share."""
    if layout.static is not None:
        return {"activations": 0.0, "non_torch": 0.0, "outside": layout.static.outside}
    graphs = layout.need.overhead - memory.ACTIVATIONS_GIB - memory.NON_TORCH_GIB
    activations = memory.ACTIVATIONS_GIB + layout.need.encoder
    return {"activations": activations, "non_torch": memory.NON_TORCH_GIB, "graphs": graphs}


def _smallest(ways: list[Layout], facts: ModelFacts, ask: Ask) -> Layout:
    """The fewest GPUs that hold the model well; else those that hold it at all; else the most there are."""
    good, least = _cap(facts, ask), ask.context or min(LEAST_CONTEXT, facts.max_positions)
    for fits in (
        lambda layout: layout.comfortable(good) <= layout.limit and not (layout.static and layout.static.crowded),
        lambda layout: layout.expected(good) <= layout.limit,
        lambda layout: layout.holds(least),
    ):
        for layout in ways:
            if layout.holds(least) and fits(layout):
                return layout
    return max(ways, key=lambda layout: layout.split.gpus)


def tokens(room: float, need: Need) -> int:
    """How many tokens' cache fits in `room` GiB, in whole steps."""
    return need.tokens(room) // CONTEXT_STEP * CONTEXT_STEP


def _largest_context(layout: Layout) -> int:
    """The longest context worth telling the engine, in tokens; 0 where the weights alone do not fit.

    What fits by the cautious estimate is taken whole. Where that is less than 8,192, the estimate seen in practice may
    raise it up to there, and where even that leaves nothing, 2,048 tokens are tried if weights and cache alone fit.
    """
    need, limit = layout.need, layout.limit
    cautious = tokens(limit - layout.comfortable(0), need)
    usual = min(tokens(limit - layout.expected(0), need), GOOD_CONTEXT)
    bold = min(tokens(limit - need.least(0), need), LEAST_CONTEXT)
    return max(cautious, usual, bold)


def _context(facts: ModelFacts, ask: Ask, layout: Layout) -> int:
    if ask.context is not None:
        return ask.context
    longest = min(facts.max_positions, ask.longest or facts.max_positions)
    if layout.need.kv_per_token is None:
        return min(UNKNOWN_CACHE_CONTEXT, longest)
    return min(max(_largest_context(layout), LEAST_CONTEXT), longest)


def _why_share(ask: Ask, layout: Layout) -> str:
    if ask.utilization is not None:
        return tr("set in the stack file")
    if layout.static is None:
        return tr("the engine's own default")
    static = layout.static
    return tr(
        "weights and cache alone are within it; {title} keeps about {outside:.1f} GiB beside it for "
        "prefills of {chunk} tokens and the graphs of {running} requests at once",
        title=find(ask.engine).title,
        outside=static.outside,
        chunk=static.chunk,
        running=static.running,
    )


def _why_split(facts: ModelFacts, ask: Ask, layout: Layout, gpu: Gpu) -> str:
    split, limit = layout.split, layout.limit
    if ask.split_asked:
        return tr("set in the stack file")
    weights = layout.need.weights * split.gpus
    if split == Split():
        return tr(
            "{weights:.1f} GiB of weights fit one {name} ({limit:.1f} GiB for the engine)",
            weights=weights,
            name=gpu.name,
            limit=limit,
        )
    slow = "" if gpu.nvlink or gpu.nvlink is None else tr("; without NVLink, so no more GPUs than needed")
    heads = (
        tr(", and {tensor} divides {heads} heads", tensor=split.tensor, heads=facts.heads) if split.tensor > 1 else ""
    )
    wider = uneven(facts, replace(split, tensor=split.gpus, pipeline=1)) if split.pipeline > 1 else None
    told = wider is not None and find(ask.engine).tensor_parallel
    cut = tr("; more in a layer would not go: {wider}", wider=str(wider)) if told else ""
    return tr(
        "the fewest GPUs that hold {weights:.1f} GiB of weights at {limit:.1f} GiB each{heads}{cut}{slow}",
        weights=weights,
        limit=limit,
        heads=heads,
        cut=cut,
        slow=slow,
    )


def _experts(facts: ModelFacts, ask: Ask, split: Split) -> Iterator[tuple[str, str, str]]:
    """Why the experts are dealt out whole, and what ranks are for, where they are."""
    if split.by_expert:
        cut = uneven(facts, replace(split, by_expert=False))
        why = (
            tr("cut over {stage} GPUs they would not go: {cut}", stage=split.stage, cut=str(cut))
            if cut
            else tr("each GPU holds some of them whole")
        )
        yield "expertParallel", "true", tr("set in the stack file") if ask.expert_parallel else why
    if split.data > 1:
        yield "dataParallel", str(split.data), tr("set in the stack file; each rank has a cache of its own")


def _why_context(facts: ModelFacts, ask: Ask, need: Need, context: int) -> str:
    if ask.context is not None:
        return tr("set in the stack file")
    if need.kv_per_token is None:
        return tr("its cache is not modelled; a cautious value")
    if context == facts.max_positions:
        return tr("the model's own longest context fits")
    if context == ask.longest:
        return tr(
            "more fits, but {title}'s old engine reads a whole prompt at once on this GPU", title=find(ask.engine).title
        )
    per_token = need.kv_per_token * memory.BYTES_PER_GIB / 1024
    return tr("what fits beside the weights at {per_token:.0f} KiB of cache per token and GPU", per_token=per_token)
