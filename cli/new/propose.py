"""Which machines to propose for the answers of `tke-llm new`, and how many of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil

from catalog.load import Catalog
from catalog.models import CatalogModel
from cli.new.answers import MOST, Answers, Demand
from planner.serving.fit import Fit, FitRequest, fits, offers
from planner.sizing.decide import GOOD_CONTEXT

_KINDS = ("native", "ordinary", "super")
SEVERAL = (2, 3, 4)
"""Machines that one server may be laid over."""


@dataclass(frozen=True)
class Proposal:
    """So many `nodes` of an offer, with so many `replicas` of the model on them, each over `machines` of them; `price`
    is that of all nodes per hour, None where nobody gave it. `users` is how many requests of 8,192 tokens all replicas
    hold at once, `context` the longest that one may have, None where the engine takes what fits. Super nodes are
    counted by the pod."""

    fit: Fit
    replicas: int
    nodes: int
    machines: int = 1
    context: int | None = None

    @property
    def name(self) -> str:
        return self.fit.offer.name

    @property
    def gpus(self) -> int:
        """GPUs that are paid for."""
        if self.fit.offer.kind == "super":
            return self.replicas * self.fit.gpus
        return int(self.nodes * self.fit.offer.gpus)

    @property
    def users(self) -> int:
        return self.replicas * int(self.fit.concurrency)

    @property
    def price(self) -> float | None:
        return None if self.fit.offer.price is None else self.nodes * self.fit.offer.price


def candidates(answers: Answers, catalog: Catalog) -> Iterator[Proposal]:
    """What can serve the model as asked, the best first: what surely fits, is known to be sold and open to everyone,
    in the published format; then by price, as machines of the stack's own, by GPUs and by what is left over."""
    entry, demand = catalog.find_model(answers.model), answers.demand
    assert entry is not None  # noqa: S101  the answer was looked up
    assert demand is not None  # noqa: S101  of a cluster that is made it is asked
    asked = FitRequest(
        context=min(GOOD_CONTEXT, entry.architecture.max_positions),
        region=answers.region,
        engine=answers.engine,
        prices=answers.prices,
    )
    found = [each for fit in fits(entry, answers.model, asked, catalog) if (each := _proposal(fit, demand))]
    yield from sorted(found, key=lambda each: _order(each, entry))


def over_several(answers: Answers, catalog: Catalog) -> Iterator[Sequence[Proposal]]:
    """For each type with the most of its GPU that a machine has, one replica over two of them, over three and so on.
    Whether they hold the model is not known yet: the fit says only where it is."""
    asked = FitRequest(region=answers.region, engine=answers.engine, prices=answers.prices)
    every = [each for each in offers(catalog, asked) if each.kind != "super"]
    most = {each.gpu: max(other.gpus for other in every if other.gpu == each.gpu) for each in every}
    for offer in every:
        if offer.gpus == most[offer.gpu]:
            unknown = Fit(answers.model, offer, "tight", "", "", concurrency=1.0)
            yield [
                Proposal(replace(unknown, gpus=each * int(offer.gpus)), replicas=1, nodes=each, machines=each)
                for each in SEVERAL
            ]


def enough(one: Proposal, at_once: int, length: int, demand: Demand) -> Proposal | None:
    """As many replicas like `one` as are asked for, each of which holds `at_once` requests of `length` tokens; None
    where there is no such number."""
    if at_once < 1:
        return None
    replicas = ceil((demand.users or 1) / at_once) if demand.gpus is None else demand.gpus // one.gpus
    fit = replace(one.fit, concurrency=float(at_once), context=length)
    found = replace(one, fit=fit, replicas=replicas, nodes=replicas * one.machines)
    return found if replicas >= 1 and found.nodes <= MOST else None


def order_of_several(found: Proposal) -> tuple:
    """As `candidates` are ordered, as far as it is known of machines that come several at a time."""
    offer = found.fit.offer
    return (
        not offer.sold,
        offer.availability != "open",
        found.price is None,
        found.price or 0.0,
        found.gpus,
        _KINDS.index(offer.kind),
        offer.name,
    )


def elsewhere(answers: Answers, catalog: Catalog) -> Sequence[str]:
    """The regions where machines that serve the model are known to be sold."""
    entry = catalog.find_model(answers.model)
    assert entry is not None  # noqa: S101  the answer was looked up
    served = {fit.offer.name for fit in fits(entry, answers.model, FitRequest(), catalog) if fit.verdict != "no"}
    known = {region for name in served if name in catalog.machines for region in catalog.machines[name].regions or ()}
    return [region for region in catalog.regions if region in known]


def _proposal(fit: Fit, demand: Demand) -> Proposal | None:
    if fit.verdict == "no" or fit.concurrency < 1:
        return None
    per_node = 1 if fit.offer.kind == "super" else int(fit.offer.gpus // fit.gpus)
    if demand.gpus is None:
        replicas = ceil((demand.users or 1) / int(fit.concurrency))
    else:
        paid = fit.gpus if fit.offer.kind == "super" else fit.offer.gpus
        replicas = int(demand.gpus // paid) * per_node
    nodes = ceil(replicas / per_node)
    return Proposal(fit, replicas, nodes) if 1 <= replicas <= MOST else None


def _order(found: Proposal, entry: CatalogModel) -> tuple:
    offer, fit = found.fit.offer, found.fit
    return (
        ("fits", "tight", "doubtful", "spills").index(fit.verdict),
        not offer.sold,
        offer.availability != "open",
        fit.format != entry.format,
        found.price is None,
        found.price or 0.0,
        _KINDS.index(offer.kind),
        found.gpus,
        found.replicas,
        fit.spare_gib,
        offer.name,
    )
