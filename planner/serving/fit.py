"""Which machines and super-node types can serve a model, and how: the answer of `tke-llm fit`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

from catalog.load import Catalog
from catalog.models import CatalogModel, WeightFormat
from planner.engines.registry import every, find
from planner.images.check import check_image
from planner.images.decide import Host, ImageChoice, plan_image
from planner.model.facts import ModelFacts, catalogued, given_up, named_format, same_id
from planner.serving.placement import ask_of, ram_for_pods
from planner.sizing.ask import Ask
from planner.sizing.check import check_sizing
from planner.sizing.decide import GOOD_CONTEXT, Hardware, Sizing, plan_sizing
from settings.diagnostics import Diagnostic, Severity, blocking
from settings.models import Model
from settings.translation import tr

Verdict = Literal["fits", "tight", "spills", "doubtful", "no"]
"""What the sizing says of memory (planner/sizing/decide.py), and `no` for all that stops the engine."""
SECTION = "models.fit"
"""Where the model would be described in a stack file."""
AT_LOAD = ("fp8", "bitsandbytes")
"""Formats that an engine makes of plain weights as it loads them."""
TOO_FEW = "TOO_FEW_AT_ONCE"
"""The code of a refusal that `check` has none for: there is no room for so many requests."""
_RANK: dict[Verdict, int] = {"fits": 0, "tight": 0, "doubtful": 1, "spills": 2, "no": 3}


@dataclass(frozen=True)
class FitRequest:
    """What the person asks for; None leaves it open. `gpus` (names of the catalogue) and `region` leave machines out;
    `format` is one of the weights, or one that engines make of plain ones; `engine` serves the formats that it reads.
    `concurrency` requests of `context` tokens must find room at once, where no context is given of 8,192. `prices` are
    per hour, of machines and GPU types."""

    gpus: tuple[str, ...] | None = None
    context: int | None = None
    concurrency: int | None = None
    format: str | None = None
    region: str | None = None
    engine: str | None = None
    prices: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Offer:
    """Something with whole GPUs that can be rented: a machine type, or a GPU type of super nodes (its largest pod).

    `ram_gib` is what pods may use of a machine's memory, None where it is not known; `sold` whether it is known to be
    sold in the region
    that was asked for; `price` is per hour, None where nobody gave it.
    """

    name: str
    kind: Literal["native", "ordinary", "super"]
    gpu: str
    gpus: float
    availability: str
    ram_gib: float | None = None
    sold: bool = True
    price: float | None = None


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
    gpus: int = 0
    tensor_parallel: int = 0
    pipeline_parallel: int = 0
    context: int = 0
    concurrency: float = 0.0
    dtype: str = ""
    format: str = ""
    spare_gib: float = 0.0
    need_gib: float = 0.0
    limit_gib: float = 0.0
    by_expert: bool = False


@dataclass(frozen=True)
class Trial:
    """A model in one format on an offer, and what came of it. `sized` is what was asked of the engine and how it lies;
    None where no image of the engine runs there, or not for this model."""

    facts: ModelFacts
    hardware: Hardware
    engine: str
    image: ImageChoice | None
    sized: tuple[Ask, Sizing] | None
    fit: Fit


def offers(catalog: Catalog, asked: FitRequest) -> Iterator[Offer]:
    """Every machine with a GPU and every super-node type that is asked for. A machine whose regions are not known
    is admitted for any region; the regions of super-node types are not catalogued. What has a share of a GPU is left
    out, for `check` refuses it."""
    for machine in catalog.machines.values():
        elsewhere = asked.region is not None and machine.regions and asked.region not in machine.regions
        if machine.gpu is not None and machine.gpus >= 1 and _wanted(machine.gpu, asked) and not elsewhere:
            kind, sold = "native" if machine.native else "ordinary", asked.region is None or bool(machine.regions)
            price = asked.prices.get(machine.name)
            yield Offer(
                machine.name,
                kind,
                machine.gpu,
                machine.gpus,
                machine.availability,
                ram_gib=ram_for_pods(machine, catalog),
                sold=sold,
                price=price,
            )
    for kind in catalog.super_gpus.values():
        most = max(spec.gpus for spec in kind.specs)
        if _wanted(kind.gpu, asked) and most >= 1:
            price = asked.prices.get(kind.name)
            yield Offer(kind.name, "super", kind.gpu, most, "open", sold=asked.region is None, price=price)


def fits(entry: CatalogModel, given: str, asked: FitRequest, catalog: Catalog) -> tuple[Fit, ...]:
    """The model on every offer: those that fit first, by price where that is known, then by GPUs needed and by the
    memory that is left over.

    Where the model as named does not fit, its other published formats are tried, the largest first; `given` that
    names the repository of one format, or a `format` that is asked for, settles the format.
    """
    variants = tuple(_variants(entry, given, asked))
    spills = any(find(_engine(facts, asked)).on_cpu for facts, _ in variants)
    known: dict[tuple[str, float, float | None], Fit] = {}
    found: list[Fit] = []
    for offer in offers(catalog, asked):
        like = (offer.gpu, offer.gpus, offer.ram_gib if spills else None)
        if like not in known:
            known[like] = _best(variants, offer, asked, catalog).fit
        found.append(replace(known[like], offer=offer))
    return tuple(sorted(found, key=_order))


def tried(entry: CatalogModel, given: str, offer: Offer, asked: FitRequest, catalog: Catalog) -> Trial:
    """What `fits` says of one offer, with all that it rests on."""
    return _best(tuple(_variants(entry, given, asked)), offer, asked, catalog)


def has_format(entry: CatalogModel, asked: str) -> bool:
    """Whether there are weights of the format, or plain ones of which an engine makes it."""
    return asked in entry.weights or (asked in AT_LOAD and entry.format in ("bf16", "fp16", "fp32"))


def _order(fit: Fit) -> tuple[int, bool, float, int, float, float, str]:
    price, offer = fit.offer.price, fit.offer
    return (_RANK[fit.verdict], price is None, price or 0.0, fit.gpus, fit.spare_gib, offer.gpus, offer.name)


def _wanted(gpu: str, asked: FitRequest) -> bool:
    return asked.gpus is None or gpu in asked.gpus


def _variants(entry: CatalogModel, given: str, asked: FitRequest) -> Iterator[tuple[ModelFacts, str | None]]:
    """The formats to try, with the quantisation to ask the engine for."""
    # The id alone names the model, whatever its format.
    named = None if same_id(given, entry.id) else named_format(entry, given)
    if named is not None:
        yield catalogued(entry, named, given), asked.format if named != asked.format else None
        return
    formats = sorted(entry.weights, key=lambda format_: -entry.weights[format_].gib)
    if asked.format is not None:
        stored: list[WeightFormat] = [format_ for format_ in formats if format_ == asked.format]
        yield catalogued(entry, stored[0] if stored else entry.format), None if stored else asked.format
        return
    yield catalogued(entry, entry.format), None
    for format_ in formats:
        if format_ not in (entry.format, "gguf"):
            yield catalogued(entry, format_), None


def _best(
    variants: tuple[tuple[ModelFacts, str | None], ...], offer: Offer, asked: FitRequest, catalog: Catalog
) -> Trial:
    """The first format that surely fits the offer, else that fits at all, or the refusal of the format that was
    meant."""
    doubtful: Trial | None = None
    for facts, quantization in variants:
        trial = _one(facts, offer, quantization, asked, catalog)
        if trial.fit.verdict in ("fits", "tight"):
            return trial
        doubtful = min(filter(None, (doubtful, trial)), key=_nearness)
    assert doubtful is not None  # noqa: S101  every model has a format
    return doubtful


def _nearness(trial: Trial) -> tuple[int, float]:
    return (_RANK[trial.fit.verdict], -trial.fit.concurrency)


def _one(facts: ModelFacts, offer: Offer, quantization: str | None, asked: FitRequest, catalog: Catalog) -> Trial:
    facts = given_up(facts)
    engine = _engine(facts, asked)
    gpu = catalog.gpus[offer.gpu]
    host, hardware = Host(gpu, None, "driver"), Hardware(gpu, offer.gpus, ram_gib=offer.ram_gib)
    image = _image(engine, offer.gpu, catalog)
    refused = _first("error", check_image(SECTION, facts, engine, host, image, catalog=catalog))
    if image is None or refused is not None:
        assert refused is not None  # noqa: S101  that there is no image is an error
        return Trial(facts, hardware, engine, image, None, _refusal(facts, offer, refused))
    context = asked.context
    if context is None and asked.concurrency is not None:
        context = min(GOOD_CONTEXT, facts.max_positions)
    ask = _ask(engine, offer.gpu, context, quantization, catalog)
    ask, sizing, found = _roomy(facts, hardware, ask, asked.concurrency or 1)
    fit = _fit(facts, offer, sizing, found, asked.concurrency or 1)
    return Trial(facts, hardware, engine, image, (ask, sizing), fit)


def _engine(facts: ModelFacts, asked: FitRequest) -> str:
    """The engine that is asked for, where it reads the files, or else the first that does: those of a registry of an
    engine's own are read by that engine alone, and no others by it."""
    own = facts.ollama is not None and same_id(facts.id, facts.ollama)
    able = [each.name for each in every() if facts.format in each.formats and each.own_ids == own]
    return next((name for name in able if name == asked.engine), able[0])


@cache
def _image(engine: str, gpu: str, catalog: Catalog) -> ImageChoice | None:
    return plan_image(engine, Host(catalog.gpus[gpu], None, "driver"), catalog)


@cache
def _ask(engine: str, gpu: str, context: int | None, quantization: str | None, catalog: Catalog) -> Ask:
    """What a model asks that says nothing else in its stack file."""
    model = Model.model_construct(model="", engine=engine, max_model_len=context, quantization=quantization)
    return ask_of(model, _image(engine, gpu, catalog), catalog.gpus[gpu])


def _roomy(facts: ModelFacts, hardware: Hardware, ask: Ask, requests: int) -> tuple[Ask, Sizing, list[Diagnostic]]:
    """The sizing with the fewest GPUs that holds so many requests at once; where none does, that which holds most."""
    best = _sized(facts, hardware, ask)
    gpus = best[1].gpus
    while best[1].concurrency < requests and not blocking(best[2]) and gpus * 2 <= hardware.slots:
        gpus *= 2
        more = _sized(facts, hardware, replace(ask, gpus=gpus))
        if more[1].concurrency > best[1].concurrency and not blocking(more[2]):
            best = more
    return best


def _sized(facts: ModelFacts, hardware: Hardware, ask: Ask) -> tuple[Ask, Sizing, list[Diagnostic]]:
    sizing = plan_sizing(facts, hardware, ask)
    return ask, sizing, check_sizing(SECTION, facts, hardware, ask, sizing)


def _fit(facts: ModelFacts, offer: Offer, sizing: Sizing, found: list[Diagnostic], requests: int) -> Fit:
    budget, gpus = sizing.budget, sizing.gpus
    need = sizing.layout.need.least(sizing.context)
    refused = _first("error", found)
    if refused is not None or sizing.verdict == "refused":
        assert refused is not None  # noqa: S101  a refusal is an error
        return replace(_refusal(facts, offer, refused), need_gib=need, limit_gib=sizing.layout.limit)
    if sizing.concurrency < requests:
        reason = tr(
            "fewer than {requests} requests of {context:,} tokens have room at once",
            requests=requests,
            context=sizing.context,
        )
        return replace(_no(facts, offer, reason, TOO_FEW), concurrency=sizing.concurrency, context=sizing.context)
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
    return _no(facts, offer, why.message, why.code)


def _no(facts: ModelFacts, offer: Offer, reason: str, code: str) -> Fit:
    return Fit(facts.id, offer, "no", reason, code, format=facts.format)
