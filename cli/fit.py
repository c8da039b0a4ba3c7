"""`tke-llm fit`: every machine that can serve a model."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from catalog.load import Catalog
from catalog.load import load as load_catalog
from catalog.names import gpus_meant, machine_meant
from cli.fit_text import answer, explained, overview, sources
from cli.progress import working
from cli.report import dump
from cli.text import complain, show
from planner.engines.registry import NAMES, find
from planner.model.facts import nearest
from planner.report.document import document
from planner.serving.fit import FitRequest, Offer, fits, has_format, offers, tried
from planner.sizing.explain import arithmetic, choices
from settings.suggest import closest
from settings.translation import joined, tr


@dataclass(frozen=True)
class FitOptions:
    """The options as they were typed. `prices` are ``MACHINE=AMOUNT``, per hour; `stack` is a stack whose prices and
    region count where nothing else is said."""

    gpu: str | None = None
    context: int | None = None
    concurrency: int | None = None
    format: str | None = None
    region: str | None = None
    engine: str | None = None
    prices: Sequence[str] = ()
    stack: str | None = None


class UsageError(Exception):
    """What was typed cannot be answered."""


def fit(model: str | None, options: FitOptions, *, every: bool, explain: str | None, as_json: bool) -> int:
    """Print where one model fits, with `explain` the arithmetic on one machine, or with `every` where each of the
    catalogue's models fits.

    1 where a model fits nothing that was asked for, 2 for what the catalogue does not have.
    """
    catalog = load_catalog()
    try:
        _one_or_all(model, every=every, explain=explain)
        wish = _wish(options, catalog)
        if explain is not None:
            return _explain(model or "", _offer(explain, wish, catalog), wish, catalog, as_json=as_json)
        names = list(catalog.models) if every else [model or ""]
        if model is not None:
            _known(model, wish, catalog)
    except UsageError as error:
        complain(*error.args)
        return 2
    with working(tr("Looking where models fit"), "fit --all" if every else "fit"):
        found = {name: fits(entry, name, wish, catalog) for name in names if (entry := catalog.find_model(name))}
    if as_json:
        dump({name: document(answers) for name, answers in found.items()}, indent=None if every else 2)
    else:
        show(overview(found) if every else answer(model or "", found[model or ""]))
    served = all(any(each.verdict != "no" for each in answers) for answers in found.values())
    return 0 if served or every else 1


def _one_or_all(model: str | None, *, every: bool, explain: str | None) -> None:
    if every == (model is not None) or (every and explain is not None):
        raise UsageError(tr("give the id of one model, or --all"))


def _explain(model: str, offer: Offer, wish: FitRequest, catalog: Catalog, *, as_json: bool) -> int:
    _known(model, wish, catalog)
    entry = catalog.find_model(model)
    assert entry is not None  # noqa: S101  it is known
    trial = tried(entry, model, offer, wish, catalog)
    if not as_json:
        show(explained(trial, model, wish.concurrency, catalog))
    else:
        figures = arithmetic(trial.facts, trial.hardware, *trial.sized) if trial.sized else ()
        dump(
            {
                "fit": document(trial.fit),
                "memory": document(tuple(figures)),
                "chosen": dict(choices(*trial.sized, wish.concurrency)) if trial.sized else {},
                "sources": sources(trial, catalog),
            }
        )
    return int(trial.fit.verdict == "no")


def _wish(options: FitOptions, catalog: Catalog) -> FitRequest:
    region, prices = options.region, dict(map(read_price, options.prices))
    if options.stack is not None:
        from cli.stackfile import load  # noqa: PLC0415  most ask of no stack
        from settings.parse import parse  # noqa: PLC0415

        settings = parse(load(options.stack)).settings
        if settings is None:
            raise UsageError(tr("{stack} cannot be read: tke-llm check {stack} says why", stack=options.stack))
        region, prices = region or settings.region, {**settings.prices, **prices}
    if region is not None and region not in catalog.regions:
        raise _unknown(tr("region"), region, closest(region, catalog.regions), catalog.regions)
    for machine in prices if options.stack is None else dict(map(read_price, options.prices)):
        if machine not in catalog.machines and machine not in catalog.super_gpus:
            raise _unknown(tr("machine type"), machine, machine_meant(machine, catalog.machines))
    gpus = None if options.gpu is None else _gpus(options.gpu, catalog)
    return FitRequest(gpus, options.context, options.concurrency, options.format, region, options.engine, prices)


def read_price(given: str) -> tuple[str, float]:
    machine, _, amount = given.partition("=")
    try:
        price = float(amount)
    except ValueError:
        price = -1.0
    if not machine or not 0 <= price <= 1_000_000:
        raise UsageError(tr("--price takes MACHINE=AMOUNT, such as PNV4.7XLARGE116=12.5, not {given}", given=given))
    return machine, price


def _gpus(given: str, catalog: Catalog) -> tuple[str, ...]:
    """The GPUs that are meant: one, or all of a model, which differ in memory."""
    meant = gpus_meant(given, catalog.gpus)
    if any(given.lower() in (name.lower(), name.lower().partition("-")[0]) for name in meant):
        return meant
    raise _unknown("GPU", given, joined(meant, " or "), catalog.gpus)


def _offer(given: str, wish: FitRequest, catalog: Catalog) -> Offer:
    everywhere = {each.name: each for each in offers(catalog, FitRequest(prices=wish.prices))}
    found = next((each for name, each in everywhere.items() if name.lower() == given.lower()), None)
    if found is None:
        near = machine_meant(given, everywhere) or closest(given, everywhere)
        raise _unknown(tr("machine type with whole GPUs"), given, near)
    return found


def _known(model: str, wish: FitRequest, catalog: Catalog) -> None:
    entry = catalog.find_model(model)
    if entry is None:
        near = nearest(model, find(NAMES[0]), catalog)
        if near:
            raise _unknown(tr("model"), model, near)
        raise UsageError(
            tr(
                "the catalogue has no model {model}; describe it with `tke-llm model add` and check the stack",
                model=model,
            )
        )
    if wish.format is not None and not has_format(entry, wish.format):
        known, values = ", ".join(entry.weights), {"format": wish.format, "model": model}
        raise UsageError(tr("the catalogue has no {format} weights of {model}, but {known}", **values, known=known))


def _unknown(what: str, given: str, near: str | None, known: Iterable[str] = ()) -> UsageError:
    names = ", ".join(known)
    if near:
        return UsageError(
            tr("the catalogue has no {what} {given}; did you mean {near}?", what=what, given=given, near=near)
        )
    if names:
        return UsageError(
            tr("the catalogue has no {what} {given}; known: {names}", what=what, given=given, names=names)
        )
    return UsageError(tr("the catalogue has no {what} {given}", what=what, given=given))
