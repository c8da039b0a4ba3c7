"""Which machines and super-node types can serve a model, and how: the answer of `tke-llm fit`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from catalog.load import Catalog
from catalog.types import CatalogModel, WeightFormat
from planner.engines.registry import every, find
from planner.images.check import check_image
from planner.images.decide import Host, plan_image
from planner.model.facts import ModelFacts, catalogued, given_up, named_format
from planner.sizing.ask import Ask
from planner.sizing.check import check_sizing
from planner.sizing.decide import Hardware, plan_sizing
from settings.diagnostics import Diagnostic, Severity

Verdict = Literal["fits", "tight", "spills", "doubtful", "no"]
"""What the sizing says of memory (planner/sizing/decide.py), and `no` for all that stops the engine."""
SECTION = "models.fit"
"""Where the model would be described in a stack file."""
_RANK: dict[Verdict, int] = {"fits": 0, "tight": 0, "doubtful": 1, "spills": 2, "no": 3}


@dataclass(frozen=True)
class FitRequest:
    """What the person asks for; None leaves it open. `gpu` and `region` leave machines out; `engine` serves
    the formats that it reads."""

    gpu: str | None = None
    context: int | None = None
    quantization: str | None = None
    region: str | None = None
    engine: str | None = None


@dataclass(frozen=True)
class Offer:
    """Something with whole GPUs that can be rented: a machine type, or a GPU type of super nodes (its largest pod)."""

    name: str
    kind: Literal["native", "ordinary", "super"]
    gpu: str
    gpus: float
    availability: str


@dataclass(frozen=True)
class Fit:
    """How a model lies on an offer. `format` is what the weights are in GPU memory, `context` tokens of one sequence,
    `concurrency` sequences of that length, `spare_gib` what one sequence leaves of the engine's memory on all GPUs.
    `gpus` is 0 where it does not fit; `reason` says why, or what to mind. `need_gib` is what weights, one sequence
    and the least to compute in take of each GPU in the best split, `limit_gib` what the engine has there (0 where
    memory is not the question)."""

    model: str
    offer: Offer
    verdict: Verdict
    reason: str
    code: str
    gpus: int
    tensor_parallel: int
    pipeline_parallel: int
    context: int
    concurrency: float
    dtype: str
    format: str
    spare_gib: float
    need_gib: float = 0.0
    limit_gib: float = 0.0
    by_expert: bool = False


def offers(catalog: Catalog, asked: FitRequest) -> Iterator[Offer]:
    """Every machine with a GPU and every super-node type that is asked for. A machine whose regions are not known
    is admitted for any region; the regions of super-node types are not catalogued. What has a share of a GPU is left
    out, for `check` refuses it."""
    for machine in catalog.machines.values():
        elsewhere = asked.region is not None and machine.regions and asked.region not in machine.regions
        if machine.gpu is not None and machine.gpus >= 1 and _wanted(machine.gpu, asked) and not elsewhere:
            kind = "native" if machine.native else "ordinary"
            yield Offer(machine.name, kind, machine.gpu, machine.gpus, machine.availability)
    for kind in catalog.super_gpus.values():
        most = max(spec.gpus for spec in kind.specs)
        if _wanted(kind.gpu, asked) and most >= 1:
            yield Offer(kind.name, "super", kind.gpu, most, "open")


def fits(entry: CatalogModel, given: str, asked: FitRequest, catalog: Catalog) -> tuple[Fit, ...]:
    """The model on every offer: those that fit first, by GPUs needed, then by the memory that is left over.

    Where the model as named does not fit, its other published formats are tried, the largest first; `given` that
    names the repository of one format, or a quantisation, settles the format.
    """
    tried = tuple(_variants(entry, given, asked))
    known: dict[tuple[str, float], Fit] = {}
    found: list[Fit] = []
    for offer in offers(catalog, asked):
        like = (offer.gpu, offer.gpus)
        if like not in known:
            known[like] = _best(tried, offer, asked, catalog)
        found.append(replace(known[like], offer=offer))
    return tuple(sorted(found, key=_order))


def _order(fit: Fit) -> tuple[int, int, float, float, str]:
    return (_RANK[fit.verdict], fit.gpus, fit.spare_gib, fit.offer.gpus, fit.offer.name)


def _wanted(gpu: str, asked: FitRequest) -> bool:
    return asked.gpu is None or gpu.lower() == asked.gpu.lower()


def _variants(entry: CatalogModel, given: str, asked: FitRequest) -> Iterator[tuple[ModelFacts, str | None]]:
    """The formats to try, with the quantisation to ask the engine for."""
    # The id alone names the model, whatever its format.
    named = None if given.lower() == entry.id.lower() else named_format(entry, given)
    if named is not None:
        yield catalogued(entry, named, given), asked.quantization if named == entry.format else None
        return
    formats = sorted(entry.weights, key=lambda format_: -entry.weights[format_].gib)
    if asked.quantization is not None:
        stored: list[WeightFormat] = [format_ for format_ in formats if format_ == asked.quantization]
        yield catalogued(entry, stored[0] if stored else entry.format), None if stored else asked.quantization
        return
    yield catalogued(entry, entry.format), None
    for format_ in formats:
        if format_ not in (entry.format, "gguf"):
            yield catalogued(entry, format_), None


def _best(tried: tuple[tuple[ModelFacts, str | None], ...], offer: Offer, asked: FitRequest, catalog: Catalog) -> Fit:
    """The first format that surely fits the offer, else that fits at all, or the refusal of the format that was
    meant."""
    doubtful: Fit | None = None
    for facts, quantization in tried:
        fit = _one(facts, offer, replace(asked, quantization=quantization), catalog)
        if fit.verdict in ("fits", "tight"):
            return fit
        doubtful = min(filter(None, (doubtful, fit)), key=lambda each: _RANK[each.verdict])
    assert doubtful is not None  # noqa: S101  every model has a format
    return doubtful


def _one(facts: ModelFacts, offer: Offer, asked: FitRequest, catalog: Catalog) -> Fit:
    facts = given_up(facts)
    able = [each.name for each in every() if facts.format in each.formats]
    engine = asked.engine if asked.engine in able else able[0]
    gpu = catalog.gpus[offer.gpu]
    host = Host(gpu, None, "driver")
    image = plan_image(engine, host, catalog)
    refused = _first("error", check_image(SECTION, facts, engine, host, image, catalog=catalog))
    if image is None or refused is not None:
        assert refused is not None  # noqa: S101  that there is no image is an error
        return _refusal(facts, offer, refused)
    ask = Ask(
        engine,
        None,
        image.utilization,
        context=asked.context,
        quantization=asked.quantization,
        flags=image.flags,
        longest=find(engine).longest(image.flags, gpu.compute_capability),
    )
    machine = catalog.machines.get(offer.name)
    hardware = Hardware(gpu, offer.gpus, ram_gib=machine.memory_gib if machine else None)
    sizing = plan_sizing(facts, hardware, ask)
    found = check_sizing(SECTION, facts, hardware, ask, sizing)
    budget, gpus = sizing.budget, sizing.gpus
    need = sizing.layout.need.least(sizing.context)
    refused = _first("error", found)
    if refused is not None or sizing.verdict == "refused":
        assert refused is not None  # noqa: S101  a refusal is an error
        return replace(_refusal(facts, offer, refused), need_gib=need, limit_gib=sizing.layout.limit)
    minded = _first("warning", found)
    return Fit(
        model=facts.id,
        offer=offer,
        verdict="fits" if sizing.verdict == "ready" else sizing.verdict,
        reason=minded.message if minded else "",
        code=minded.code if minded else "",
        gpus=gpus,
        tensor_parallel=sizing.tensor_parallel,
        pipeline_parallel=sizing.pipeline_parallel,
        by_expert=sizing.layout.split.by_expert,
        context=sizing.context,
        concurrency=sizing.concurrency,
        dtype=sizing.precision.dtype,
        format=sizing.precision.at_load or facts.format,
        spare_gib=max(0.0, budget.kv_room - budget.kv_one_sequence) * gpus,
        need_gib=need,
        limit_gib=sizing.layout.limit,
    )


def _first(severity: Severity, found: Iterable[Diagnostic]) -> Diagnostic | None:
    return next((each for each in found if each.severity == severity), None)


def _refusal(facts: ModelFacts, offer: Offer, why: Diagnostic) -> Fit:
    return Fit(facts.id, offer, "no", why.message, why.code, 0, 0, 0, 0, 0.0, "", facts.format, 0.0)
