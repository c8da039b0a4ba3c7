"""From the answers of `tke-llm new` to a stack file that passes `tke-llm check`, or to why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.load import Catalog
from cli.new.answers import Answers
from cli.new.propose import Proposal, candidates, elsewhere
from cli.new.stack_text import stack_text
from planner.prove import prove
from settings.diagnostics import Diagnostic
from settings.keys import NAMESPACE, ConfigEntry, gather
from settings.parse import parse
from settings.stack_yaml import read_yaml

SHOWN = 4
"""Proposals, each with another GPU or another kind of node."""
_TRIED = 24
"""Candidates that are proved before it is said that none passes."""


class NothingFitsError(Exception):
    """No stack file for the answers passes; the message says what stands against it."""


@dataclass(frozen=True)
class Chosen:
    """The file's text, and the proposals, the one that the file holds first; none for a cluster that exists."""

    text: str
    proposals: tuple[Proposal, ...]


def choose(name: str, answers: Answers, catalog: Catalog) -> Chosen:
    """The stack file for the answers, proved. Raises `NothingFitsError` where nothing passes."""
    if answers.cluster is not None:
        text = stack_text(name, answers, None, (), catalog)
        _accept(name, text)
        return Chosen(text, ())
    passing, refused = _passing(name, answers, catalog)
    if not passing:
        raise NothingFitsError(_why(answers, refused, catalog))
    first, *others = passing
    text = stack_text(name, answers, first, others, catalog)
    _accept(name, text)
    return Chosen(text, tuple(passing))


def _passing(name: str, answers: Answers, catalog: Catalog) -> tuple[list[Proposal], list[Diagnostic]]:
    passing: list[Proposal] = []
    refused: list[Diagnostic] = []
    kinds: set[tuple[str, str]] = set()
    tried = 0
    for each in candidates(answers, catalog):
        kind = each.fit.offer.gpu, each.fit.offer.kind
        if kind in kinds or len(passing) == SHOWN or tried == _TRIED:
            continue
        tried += 1
        errors = _errors(name, stack_text(name, answers, each, (), catalog))
        refused += errors
        if not errors:
            passing.append(each)
            kinds.add(kind)
    return passing, refused


def _errors(name: str, text: str) -> Sequence[Diagnostic]:
    tree, problems = read_yaml(text, f"Pulumi.{name}.yaml")
    config = tree.get("config") if isinstance(tree, dict) else None
    entries = (ConfigEntry(key, value, sealed=False) for key, value in (config or {}).items())
    _, found = prove(parse(gather(entries, NAMESPACE, name)))
    return [each for each in (*problems, *found) if each.severity == "error"]


def _accept(name: str, text: str) -> None:
    errors = _errors(name, text)
    if errors:
        raise NothingFitsError(_said(errors[0]))


def _said(found: Diagnostic) -> str:
    return f"{found.message} {found.remedy}".strip()


def _why(answers: Answers, refused: Sequence[Diagnostic], catalog: Catalog) -> str:
    if refused:
        return _said(refused[0])
    within = f" within {answers.demand.gpus} GPUs" if answers.demand and answers.demand.gpus else ""
    regions = [each for each in elsewhere(answers, catalog) if each != answers.region]
    sold = f"; sold in {', '.join(regions)}" if regions and not within else ""
    return (
        f"no single machine in {answers.region} serves {answers.model} so{within}{sold}. "
        f"`tke-llm fit {answers.model}` shows where it fits; Pulumi.two-machines.yaml lays one model over two"
    )
