"""Which machines to propose for the answers of `tke-llm new`, and how many of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from catalog.load import Catalog
from catalog.types import CatalogModel
from cli.new.answers import MOST, Answers, Demand
from planner.serving.fit import Fit, FitRequest, fits
from planner.sizing.decide import GOOD_CONTEXT

_KINDS = ("native", "ordinary", "super")


@dataclass(frozen=True)
class Proposal:
    """So many `nodes` of an offer, with so many copies of the model on them; `price` is that of all nodes per hour,
    None where nobody gave it. `users` is how many requests of 8,192 tokens all replicas hold at once. Super nodes are
    counted by the pod."""

    fit: Fit
    replicas: int
    nodes: int

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
    as machines of the stack's own, in the published format; then by price, by GPUs and by what is left over."""
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
        _KINDS.index(offer.kind),
        fit.format != entry.format,
        found.price is None,
        found.price or 0.0,
        found.gpus,
        found.replicas,
        fit.spare_gib,
        offer.name,
    )
