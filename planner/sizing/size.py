"""How one model lies on the GPUs of its machines: parallelism, number format, context, memory.

Pure functions of the model's and the GPU's facts: they know no stack file and serve `tke-llm fit` as well.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from catalog.types import Gpu
from planner.diagnostics.finding import Finding, blocking
from planner.engines.registry import find
from planner.model import dtype as precision
from planner.model.facts import ModelFacts
from planner.plan.types import MemoryBudget
from planner.sizing import memory, static_memory
from planner.sizing.ask import Ask
from planner.sizing.memory import Need
from planner.sizing.parallelism import splits
from planner.sizing.static_memory import Static, plan_static
from settings.values import SHORTEST_CONTEXT

Change = tuple[tuple[str, object], ...]

LEAST_CONTEXT = 2048
GOOD_CONTEXT = 8192
CONTEXT_STEP = 1024
UNKNOWN_CACHE_CONTEXT = 8192
HIGH_UTILIZATION = 0.95


@dataclass(frozen=True)
class Sizing:
    """A way that the model runs. `context` is what the engine is told; `computed` whether its cache was reckoned;
    `static` how an engine with a static share is told to use the GPU."""

    tensor_parallel: int
    pipeline_parallel: int
    dtype: str
    at_load: str | None
    context: int
    computed: bool
    budget: MemoryBudget
    concurrency: float
    tight: bool
    findings: tuple[Finding, ...]
    because: tuple[tuple[str, str, str], ...]
    static: Static | None = None

    @property
    def gpus(self) -> int:
        return self.tensor_parallel * self.pipeline_parallel


@dataclass(frozen=True)
class Misfit:
    """Why the engine would not start; `nearest` is the sizing to use where the user insists."""

    findings: tuple[Finding, ...]
    nearest: Sizing


@dataclass(frozen=True)
class _Laid:
    """A split on a GPU: what one GPU must hold, the share of it that the engine may take, and what there is. Within
    a static share (`static`) there are weights and cache alone."""

    gpu: Gpu
    split: tuple[int, int]
    need: Need
    usable: float
    share: float
    static: Static | None

    @property
    def limit(self) -> float:
        return self.usable * self.share

    def comfortable(self, context: int) -> float:
        """What the published estimators, or the engine's own, ask for within the share."""
        return static_memory.comfortable(self.need, context) if self.static else self.need.comfortable(context)

    def expected(self, context: int) -> float:
        """What practice needs within the share."""
        return self.need.least(context) if self.static else self.need.expected(context)

    def tight(self, context: int) -> bool:
        """Whether it leaves less room than the estimators ask for."""
        crowded = self.static is not None and self.static.crowded
        return crowded or max(self.comfortable(context), self.expected(context)) > self.limit


def share(gpu: Gpu, gpus_per_node: float) -> tuple[float, int]:
    """Usable GiB per GPU that a pod sees, and how many GPUs it sees, on a node with that many (or a part of one)."""
    if 0 < gpus_per_node < 1:
        return gpu.usable_gib * gpus_per_node, 1
    return gpu.usable_gib, int(gpus_per_node)


def size(facts: ModelFacts, gpu: Gpu, gpus_per_node: float, ask: Ask, nodes: int = 1) -> Sizing | Misfit:
    """Lay the model on one machine's GPUs, or say why it does not start there and what would help.

    A replica that asks for more GPUs than a machine has may span up to `nodes` machines.
    """

    def lay(asked: Ask) -> Sizing | Misfit:
        return _lay(facts, gpu, gpus_per_node, asked, nodes)

    outcome = lay(ask)
    if isinstance(outcome, Sizing):
        return outcome
    before = _errors(outcome)

    def helps(finding: Finding, change: Change) -> bool:
        return _errors(lay(_changed(ask, change))) <= before - {finding.code}

    def with_way_out(finding: Finding) -> Finding:
        if finding.severity != "error":
            return finding
        ways = _own_ways(finding, facts, ask, lay, share(gpu, gpus_per_node)[1] * nodes)
        return next(
            (replace(finding, remedy=remedy, fix=change) for change, remedy in ways if helps(finding, change)),
            replace(finding, fix=()),
        )

    return replace(outcome, findings=tuple(map(with_way_out, outcome.findings)))


def _own_ways(
    finding: Finding, facts: ModelFacts, ask: Ask, lay: Callable[[Ask], Sizing | Misfit], slots: int
) -> Iterator[tuple[Change, str]]:
    """Changes of the model's own settings that may undo a finding, the nearest first."""
    if finding.code == "CONTEXT_BEYOND_MODEL":
        yield finding.fix, finding.remedy
        yield (("maxModelLen", None),), "Leave maxModelLen out."
    elif finding.fix:
        yield finding.fix, finding.remedy
    if finding.code == "HEADS_NOT_DIVISIBLE" and ask.tensor_parallel is not None:
        asked = ask.tensor_parallel
        for size in sorted(memory.legal_tensor_parallel(facts, slots), key=lambda legal: abs(legal - asked)):
            yield (("tensorParallel", size),), f"Set tensorParallel to {size}, or leave it out."
    elif finding.code in _MEMORY_CODES:
        yield from _ways(ask, lay)


def _errors(outcome: Sizing | Misfit) -> set[str]:
    return {finding.code for finding in outcome.findings if finding.severity == "error"}


def _changed(ask: Ask, change: Change) -> Ask:
    """What is asked once these settings of the model are changed; None takes one out."""
    unset: dict[str, object] = {"dtype": "auto"}
    values = {_FIELD[setting]: value for setting, value in change if setting in _FIELD}
    return replace(ask, **{field: unset.get(field) if value is None else value for field, value in values.items()})  # pyright: ignore[reportArgumentType]


def _lay(facts: ModelFacts, gpu: Gpu, gpus_per_node: float, ask: Ask, nodes: int) -> Sizing | Misfit:
    usable, slots = share(gpu, gpus_per_node)
    numbers = precision.decide(facts, gpu, ask.dtype, ask.quantization, ask.engine)
    possible, wrong = splits(facts, slots, nodes, ask)
    findings = [*numbers.findings, *wrong, *_context_findings(facts, ask), *_utilization_findings(ask)]

    def on(split: tuple[int, int]) -> _Laid:
        need = memory.need(facts, *split, numbers.dtype, quantization=numbers.at_load, kv_bytes=ask.kv_bytes)
        return _Laid(gpu, split, need, usable, *_share(facts, ask, need, usable, split[0] * split[1]))

    laid = _smallest([on(split) for split in possible], facts, ask)
    split, need, limit = laid.split, laid.need, laid.limit
    context = _context(facts, ask, laid)
    tight = laid.tight(context)
    sound = not blocking(wrong)
    if sound and need.least(_start_context(facts, ask)) > limit:
        findings.append(_too_large(facts, ask, laid))
    elif sound and tight:
        findings.append(_tight(ask, laid, context))
    if not facts.computable:
        findings.append(_not_computed(facts))
    budget = MemoryBudget(
        total=usable,
        utilization=laid.share,
        weights=need.weights,
        kv_one_sequence=need.cache(context),
        **_overheads(laid),
    )
    sizing = Sizing(
        tensor_parallel=split[0],
        pipeline_parallel=split[1],
        dtype=numbers.dtype,
        at_load=numbers.at_load,
        context=context,
        computed=facts.computable,
        budget=budget,
        concurrency=max(1.0, budget.kv_room / budget.kv_one_sequence) if budget.kv_one_sequence else 1.0,
        tight=tight,
        findings=tuple(findings),
        because=(
            ("dtype", numbers.dtype, numbers.because),
            ("tensorParallel", f"{split[0]} x {split[1]}", _why_split(facts, ask, laid)),
            ("maxModelLen", str(context), _why_context(facts, ask, need, context)),
            ("gpuMemoryUtilization", f"{laid.share:g}", _why_share(ask, laid)),
        ),
        static=laid.static,
    )
    return Misfit(sizing.findings, sizing) if blocking(findings) else sizing


def _start_context(facts: ModelFacts, ask: Ask) -> int:
    """The context whose cache must fit for the engine to start."""
    return ask.context or min(LEAST_CONTEXT, facts.max_positions)


def _cap(facts: ModelFacts, ask: Ask) -> int:
    return ask.context or min(GOOD_CONTEXT, facts.max_positions)


def _share(facts: ModelFacts, ask: Ask, need: Need, usable: float, ranks: int) -> tuple[float, Static | None]:
    """The share of each GPU that the engine takes, and the plan of a static one."""
    if find(ask.engine).memory != "static":
        return ask.share, None
    static = plan_static(facts, need, usable, ranks, asked=ask.utilization, context=_cap(facts, ask))
    return static.fraction, static


def _overheads(laid: _Laid) -> dict[str, float]:
    """What the engine takes beside weights and cache; all of it lies outside a static share."""
    if laid.static is not None:
        return {"activations": 0.0, "non_torch": 0.0, "outside": laid.static.outside}
    graphs = laid.need.overhead - memory.ACTIVATIONS_GIB - memory.NON_TORCH_GIB
    return {"activations": memory.ACTIVATIONS_GIB, "non_torch": memory.NON_TORCH_GIB, "graphs": graphs}


def _smallest(ways: list[_Laid], facts: ModelFacts, ask: Ask) -> _Laid:
    """The fewest GPUs that hold the model well; else those that hold it at all; else the most there are."""
    good, least = _cap(facts, ask), ask.context or LEAST_CONTEXT
    for fits in (
        lambda laid: laid.comfortable(good) <= laid.limit and not (laid.static and laid.static.crowded),
        lambda laid: laid.expected(good) <= laid.limit,
        lambda laid: laid.need.least(least) <= laid.limit,
    ):
        for laid in ways:
            if fits(laid):
                return laid
    return max(ways, key=lambda laid: laid.split[0] * laid.split[1])


def _tokens(room: float, need: Need) -> int:
    """How many tokens' cache fits in `room` GiB, in whole steps."""
    return need.tokens(room) // CONTEXT_STEP * CONTEXT_STEP


def _largest_context(laid: _Laid) -> int:
    """The longest context worth telling the engine, in tokens; 0 where the weights alone do not fit.

    What fits by the cautious estimate is taken whole. Where that is less than 8,192, the estimate seen in practice may
    raise it up to there, and where even that leaves nothing, 2,048 tokens are tried if weights and cache alone fit.
    """
    need, limit = laid.need, laid.limit
    cautious = _tokens(limit - laid.comfortable(0), need)
    usual = min(_tokens(limit - laid.expected(0), need), GOOD_CONTEXT)
    bold = min(_tokens(limit - need.least(0), need), LEAST_CONTEXT)
    return max(cautious, usual, bold)


def _context(facts: ModelFacts, ask: Ask, laid: _Laid) -> int:
    if ask.context is not None:
        return ask.context
    longest = min(facts.max_positions, ask.longest or facts.max_positions)
    if laid.need.kv_per_token is None:
        return min(UNKNOWN_CACHE_CONTEXT, longest)
    return min(max(_largest_context(laid), LEAST_CONTEXT), longest)


def _context_findings(facts: ModelFacts, ask: Ask) -> Iterator[Finding]:
    if ask.context is not None and ask.longest is not None and ask.context > ask.longest:
        yield Finding(
            severity="warning",
            code="CONTEXT_LONG_FOR_V0",
            setting="maxModelLen",
            message=f"On this GPU vLLM's old engine reads a whole prompt at once, and {ask.context} tokens of it may "
            "take more memory than there is: reading it in chunks aborts the server on GPUs older than Ampere.",
            remedy=f"Set maxModelLen to {ask.longest} or less.",
            given=str(ask.context),
            allowed=f"up to {ask.longest}",
            fix=(("maxModelLen", ask.longest),),
        )
    if ask.context is None or ask.context <= facts.max_positions:
        return
    settable = facts.max_positions >= SHORTEST_CONTEXT
    yield Finding(
        severity="warning" if ask.longer_allowed or not facts.verified else "error",
        code="CONTEXT_BEYOND_MODEL",
        setting="maxModelLen",
        message=f"{facts.id} was made for at most {facts.max_positions} tokens; the engine refuses more.",
        remedy=f"Set maxModelLen to {facts.max_positions} or less." if settable else "Leave maxModelLen out.",
        given=str(ask.context),
        allowed=f"up to {facts.max_positions}",
        fix=(("maxModelLen", facts.max_positions if settable else None),),
    )


def _utilization_findings(ask: Ask) -> Iterator[Finding]:
    if find(ask.engine).memory != "own" and ask.share > HIGH_UTILIZATION:
        yield Finding(
            severity="warning",
            code="UTILIZATION_HIGH",
            setting="gpuMemoryUtilization",
            message=f"The engine is told to take {ask.share:.0%} of each GPU, but the CUDA context and the "
            "communication buffers lie outside that share.",
            remedy=f"Set gpuMemoryUtilization to {HIGH_UTILIZATION} or less.",
            given=str(ask.share),
            allowed=f"up to {HIGH_UTILIZATION}",
            fix=(("gpuMemoryUtilization", None),),
        )


def _not_computed(facts: ModelFacts) -> Finding:
    return Finding(
        severity="warning",
        code="KV_NOT_COMPUTED",
        setting="model",
        message=f"The attention of {facts.id} keeps its cache in a way that is not modelled, so only its weights "
        "were checked.",
        remedy="Set maxModelLen to what the model's card recommends for this GPU.",
        given=facts.id,
    )


_MEMORY_CODES = ("MODEL_TOO_LARGE", "CONTEXT_TOO_LONG")


def _too_large(facts: ModelFacts, ask: Ask, laid: _Laid) -> Finding:
    gpu, need, limit = laid.gpu, laid.need, laid.limit
    context = _start_context(facts, ask)
    cache = need.cache(context)
    gpus = laid.split[0] * laid.split[1]
    of_context = ask.context is not None and need.least(min(LEAST_CONTEXT, ask.context)) <= limit
    where = f"{gpus} x {gpu.name}" if gpus > 1 else gpu.name
    return Finding(
        severity="error",
        code="CONTEXT_TOO_LONG" if of_context else "MODEL_TOO_LARGE",
        setting="maxModelLen" if of_context else "model",
        message=f"{facts.id} ({facts.format}) needs {need.weights:.1f} GiB for weights and {cache:.1f} GiB for the "
        f"cache of one sequence of {context} tokens on each GPU; the engine has {limit:.1f} of {laid.usable:.1f} GiB "
        f"on {where}.",
        remedy="Use more or larger GPUs, or a smaller format of the model.",
        given=str(context) if of_context else facts.id,
        allowed=f"up to {limit:.1f} GiB on each GPU",
    )


def _tight(ask: Ask, laid: _Laid, context: int) -> Finding:
    gpu, need, limit = laid.gpu, laid.need, laid.limit
    fits = _tokens(limit - laid.comfortable(0), need) if need.kv_per_token is not None else 0
    shorter = ask.context is not None and fits >= GOOD_CONTEXT
    return Finding(
        severity="warning",
        code="MEMORY_TIGHT",
        setting="maxModelLen",
        message=f"Weights and cache take {need.least(context):.1f} of the {limit:.1f} GiB that the engine has on each "
        f"{gpu.name}; the published estimators would keep more for activations and CUDA graphs, so it may fail to "
        "start.",
        remedy=f"Set maxModelLen to {fits}." if shorter else "If it fails, use more GPUs or a smaller format.",
        given=str(context),
        allowed=f"up to {fits} by those estimators" if shorter else "",
        fix=(("maxModelLen", fits),) if shorter else (),
    )


_FIELD = {
    "maxModelLen": "context",
    "gpus": "gpus",
    "tensorParallel": "tensor_parallel",
    "pipelineParallel": "pipeline_parallel",
    "gpuMemoryUtilization": "utilization",
    "dtype": "dtype",
    "quantization": "quantization",
}


def _ways(ask: Ask, lay: Callable[[Ask], Sizing | Misfit]) -> Iterator[tuple[Change, str]]:
    """Changes that may help, the nearest first."""
    fewer = tuple(
        (setting, None)
        for setting in ("gpus", "tensorParallel", "pipelineParallel")
        if getattr(ask, _FIELD[setting]) is not None
    )
    if ask.context is not None:
        free = lay(replace(ask, context=None))
        if isinstance(free, Sizing) and free.computed:
            yield (("maxModelLen", free.context),), f"Set maxModelLen to {free.context}, which fits."
    if fewer:
        names = " and ".join(setting for setting, _ in fewer)
        yield fewer, f"Leave {names} out: the planner then takes as many GPUs as the model needs."
    if _lowered(ask):
        yield (("gpuMemoryUtilization", None),), "Leave gpuMemoryUtilization out: the engine then takes more."
    if ask.dtype == "float32":
        yield (("dtype", None),), "Leave dtype out: 16 bits take half the memory."
    everything = fewer + tuple(
        (setting, None)
        for setting, asked in (
            ("maxModelLen", ask.context is not None),
            ("gpuMemoryUtilization", _lowered(ask)),
            ("dtype", ask.dtype == "float32"),
        )
        if asked
    )
    if len(everything) > 1:
        yield everything, f"Leave {', '.join(setting for setting, _ in everything)} out."


def _lowered(ask: Ask) -> bool:
    """Whether the engine is told to take less than it might."""
    if ask.utilization is None:
        return False
    return find(ask.engine).memory == "static" or ask.utilization < ask.default_utilization


def _why_share(ask: Ask, laid: _Laid) -> str:
    if ask.utilization is not None:
        return "asked for in the stack file"
    if laid.static is None:
        return "the engine's own default"
    static = laid.static
    return (
        f"weights and cache alone are within it; {find(ask.engine).title} keeps about {static.outside:.1f} GiB beside "
        f"it for prefills of {static.chunk} tokens and the graphs of {static.running} requests at once"
    )


def _why_split(facts: ModelFacts, ask: Ask, laid: _Laid) -> str:
    gpu, split, limit = laid.gpu, laid.split, laid.limit
    if (ask.gpus, ask.tensor_parallel, ask.pipeline_parallel) != (None, None, None):
        return "asked for in the stack file"
    weights = laid.need.weights * split[0] * split[1]
    if split == (1, 1):
        return f"{weights:.1f} GiB of weights fit one {gpu.name} ({limit:.1f} GiB for the engine)"
    slow = "" if gpu.nvlink or gpu.nvlink is None else "; without NVLink, so no more GPUs than needed"
    heads = f", and {split[0]} divides {facts.heads} heads" if find(ask.engine).tensor_parallel else ""
    return f"the fewest GPUs that hold {weights:.1f} GiB of weights at {limit:.1f} GiB each{heads}{slow}"


def _why_context(facts: ModelFacts, ask: Ask, need: Need, context: int) -> str:
    if ask.context is not None:
        return "asked for in the stack file"
    if need.kv_per_token is None:
        return "its cache is not modelled; a cautious value"
    if context == facts.max_positions:
        return "the model's own longest context fits"
    if context == ask.longest:
        return f"more fits, but {find(ask.engine).title}'s old engine reads a whole prompt at once on this GPU"
    per_token = need.kv_per_token * memory.GIB / 1024
    return f"what fits beside the weights at {per_token:.0f} KiB of cache per token and GPU"
