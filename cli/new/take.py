"""Which of the proposals of `tke-llm new` becomes the stack: the one that is named, asked for, or comes first."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.load import Catalog
from catalog.names import machine_meant
from cli.language import tr
from cli.new.answers import AnswerError, Answers
from cli.new.choose import NothingFitsError, proposals
from cli.new.propose import Proposal
from cli.new.stack_text import described
from cli.text import Line, facts, heading, paragraph, show
from settings.suggest import closest

FLAG = "--take"
_NONE = ("none", "无")


@dataclass(frozen=True)
class Taken:
    """All proposals, and the one that was taken; None, and no proposals, for a cluster that exists. `asked`: the person
    has seen them."""

    proposals: tuple[Proposal, ...]
    proposal: Proposal | None
    asked: bool = False

    @property
    def others(self) -> tuple[Proposal, ...]:
        return tuple(each for each in self.proposals if each is not self.proposal)


def take(name: str, answers: Answers, wish: str | None, catalog: Catalog, *, may_ask: bool) -> Taken:
    """What `wish` names (a machine type, or the number of a proposal), else what is asked for, else the first.

    Raises `AnswerError` for a wish that cannot be, and `NothingFitsError` where nothing passes or nothing was taken:
    that one server is laid over several machines has to be said.
    """
    if answers.cluster is not None:
        if wish is not None:
            raise AnswerError(tr("{flag} is not asked for a cluster that exists", flag=FLAG))
        return Taken(proposals=(), proposal=None)
    if wish is not None and not wish.isdecimal():
        machine = _machine(wish, catalog)
        offered = proposals(name, answers, catalog, machine)
        return Taken(offered, offered[0])
    offered = proposals(name, answers, catalog)
    if wish is not None:
        return Taken(offered, _numbered(wish, offered))
    first = offered[0]
    together = first.machines > 1
    if may_ask and (together or len(offered) > 1):
        return Taken(offered, _asked(answers, offered), asked=True)
    if together:
        raise NothingFitsError(
            tr(
                "no single machine in {region} serves {model} so. Over several it fits as one server: {proposal}. Take "
                "it with {flag} 1",
                region=answers.region,
                model=answers.model,
                proposal=tr("{name} ({what})", name=first.name, what=described(first)),
                flag=FLAG,
            )
        )
    return Taken(offered, first)


def listed(offered: Sequence[Proposal]) -> list[Line]:
    """The proposals by number, and how to have the cheapest first where nobody gave a price."""
    rows = [(f"{number}  {each.name}", described(each)) for number, each in enumerate(offered, start=1)]
    lines = facts(rows)
    if all(each.price is None for each in offered):
        said = tr("No prices are known; with yours per hour (--price MACHINE=AMOUNT) the cheapest comes first.")
        lines += paragraph(said, "  ", style="dim")
    return lines


def _machine(wish: str, catalog: Catalog) -> str:
    known = {each.lower(): each for each in (*catalog.machines, *catalog.super_gpus)}
    found = known.get(wish.lower())
    if found is None:
        near = machine_meant(wish, catalog.machines) or closest(wish, catalog.machines)
        if near:
            raise AnswerError(
                tr("the catalogue has no machine type {machine}; did you mean {near}?", machine=wish, near=near)
            )
        raise AnswerError(tr("the catalogue has no machine type {machine}", machine=wish))
    return found


def _numbered(wish: str, offered: Sequence[Proposal]) -> Proposal:
    if not wish.isdecimal() or not 1 <= int(wish) <= len(offered):
        numbers = ", ".join(str(number) for number, _ in enumerate(offered, start=1))
        raise AnswerError(tr("there is no proposal {wish!r}: take one of {numbers}", wish=wish, numbers=numbers))
    return offered[int(wish) - 1]


def _asked(answers: Answers, offered: Sequence[Proposal]) -> Proposal:
    title, default = tr("Machines that fit, the best first"), "1"
    if offered[0].machines > 1:
        title, default = (
            tr("No single machine serves {model} so; one server over several does", model=answers.model),
            "none",
        )
    show([*heading(title), *listed(offered)])
    which = tr("Which one?")
    while True:
        text = input(f"   {which} [{default}] ").strip().lower() or default
        if default in _NONE and text in _NONE:
            raise NothingFitsError(tr("nothing was taken; nothing was written"))
        try:
            return _numbered(text, offered)
        except AnswerError as error:
            show(paragraph(str(error), "   ", style="warn"))
