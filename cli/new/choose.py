"""From the answers of `tke-llm new` to a stack file that passes `tke-llm check`, or to why there is none."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from catalog.load import Catalog
from cli.language import tr, translate
from cli.new.answers import Answers
from cli.new.propose import Proposal, candidates, elsewhere, enough, order_of_several, over_several
from cli.new.stack_text import key_of, stack_text
from planner.plan.types import Plan
from planner.prove import prove
from planner.sizing.decide import GOOD_CONTEXT
from settings.diagnostics import Diagnostic
from settings.keys import NAMESPACE, ConfigEntry, gather
from settings.parse import parse
from settings.stack_yaml import read_yaml

SHOWN = 3
"""Proposals, each with another GPU or another kind of node."""
LARGEST = 8
"""GPUs of the largest machines."""
_TRIED = 24
"""Candidates that are proved before it is said that none passes."""


class NothingFitsError(Exception):
    """No stack file for the answers passes; the message says what stands against it."""


def proposals(name: str, answers: Answers, catalog: Catalog, machine: str | None = None) -> tuple[Proposal, ...]:
    """What the stack may run on, proved, the best first; of a `machine` type that is named only that. Where no single
    machine will do, what several together hold. Raises `NothingFitsError` where nothing passes."""
    wanted = (each for each in candidates(answers, catalog) if machine in (None, each.name))
    passing, refused = _passing(name, answers, wanted, catalog)
    # A model that leaves little room on the largest machines costs less where few of them hold it together.
    if not passing or (passing[0].nodes > 1 and passing[0].fit.gpus >= LARGEST):
        several = _several(name, answers, catalog, machine, below=passing[0].gpus if passing else None)
        passing = [*passing[: 1 if several else SHOWN], *several][:SHOWN]
    if not passing:
        raise NothingFitsError(_why(answers, refused, catalog, machine))
    return tuple(passing)


def file_text(name: str, answers: Answers, taken: Proposal | None, others: Sequence[Proposal], catalog: Catalog) -> str:
    """The stack file, proved; `taken` is None for a cluster that exists. Raises `NothingFitsError`."""
    text = stack_text(name, answers, taken, others, catalog)
    _, errors = _proved(name, _config(name, text))
    if errors:
        raise NothingFitsError(_said(errors[0]))
    return text


def _passing(
    name: str, answers: Answers, wanted: Iterable[Proposal], catalog: Catalog
) -> tuple[list[Proposal], list[Diagnostic]]:
    passing: list[Proposal] = []
    refused: list[Diagnostic] = []
    kinds: set[tuple[str, str]] = set()
    tried = 0
    for each in wanted:
        kind = each.fit.offer.gpu, each.fit.offer.kind
        if kind in kinds or len(passing) == SHOWN or tried == _TRIED:
            continue
        tried += 1
        plan, errors = _proved(name, _config(name, stack_text(name, answers, each, (), catalog)))
        refused += errors
        if plan is not None and not errors:
            passing.append(replace(each, context=plan.models[key_of(answers)].max_model_len))
            kinds.add(kind)
    return passing, refused


def _several(name: str, answers: Answers, catalog: Catalog, machine: str | None, below: int | None) -> list[Proposal]:
    """One server over several machines, for each GPU and kind of node, with fewer GPUs than `below` in all."""
    found = (
        each
        for choices in over_several(answers, catalog)
        if machine in (None, choices[0].name) and (each := _fewest(name, answers, choices, catalog)) is not None
        if below is None or each.gpus < below
    )
    best: dict[tuple[str, str], Proposal] = {}
    for each in sorted(found, key=order_of_several):
        best.setdefault((each.fit.offer.gpu, each.fit.offer.kind), each)
    return list(best.values())


def _fewest(name: str, answers: Answers, choices: Sequence[Proposal], catalog: Catalog) -> Proposal | None:
    """The fewest machines of a type that hold the model together, as often as is asked for; None where none do."""
    assert answers.demand is not None  # noqa: S101  of a cluster that is made it is asked
    for one in choices:
        config = _config(name, stack_text(name, answers, one, (), catalog))
        plan, errors = _proved(name, config)
        if plan is None or errors:
            continue
        context = plan.models[key_of(answers)].max_model_len
        length = min(GOOD_CONTEXT, context or GOOD_CONTEXT)
        config["tke-llm:models"][key_of(answers)]["maxModelLen"] = length
        short, _ = _proved(name, config)
        at_once = int(short.models[key_of(answers)].concurrency) if short else 0
        return enough(replace(one, context=context), at_once, length, answers.demand)
    return None


def _config(name: str, text: str) -> dict[str, Any]:
    tree, _ = read_yaml(text, f"Pulumi.{name}.yaml")
    return tree["config"] if isinstance(tree, dict) else {}


def _proved(name: str, config: dict[str, Any]) -> tuple[Plan | None, list[Diagnostic]]:
    entries = (ConfigEntry(key, value, sealed=False) for key, value in config.items())
    plan, found = prove(parse(gather(entries, NAMESPACE, name)))
    return plan, [each for each in found if each.severity == "error"]


def _said(found: Diagnostic) -> str:
    return f"{translate(found.message)} {translate(found.remedy)}".strip()


def _why(answers: Answers, refused: Sequence[Diagnostic], catalog: Catalog, machine: str | None) -> str:
    if refused:
        return _said(refused[0])
    values = {"region": answers.region, "model": answers.model, "machine": machine}
    fit = tr("`tke-llm fit {model}` shows where it fits", **values)
    if machine is not None:
        return tr("{machine} does not serve {model} so in {region}. {fit}", fit=fit, **values)
    if answers.demand and answers.demand.gpus:
        gpus = answers.demand.gpus
        return tr("no machine in {region} serves {model} so within {gpus} GPUs. {fit}", gpus=gpus, fit=fit, **values)
    regions = ", ".join(each for each in elsewhere(answers, catalog) if each != answers.region)
    if regions:
        return tr(
            "no machine in {region} serves {model} so; sold in {regions}. {fit}", regions=regions, fit=fit, **values
        )
    return tr("no machine in {region} serves {model} so. {fit}", fit=fit, **values)
