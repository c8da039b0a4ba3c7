"""`tke-llm fit`: every machine that can serve a model."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from catalog.load import Catalog
from catalog.load import load as load_catalog
from cli.report import dump
from cli.text import Line, Piece, complain, heading, line, paragraph, show, table
from planner.engines.registry import NAMES, find
from planner.model.facts import nearest
from planner.report.document import document
from planner.serving.fit import Fit, FitRequest, fits
from settings.suggest import closest

_HEADINGS = ("machine", "kind", "has", "needs", "TP x PP", "context", "at once", "runs as", "spare")
_RIGHT = frozenset({3, 5, 6, 8})
_MARKS = {"tight": " !", "doubtful": " ?", "spills": " ~"}
_MEANINGS = {
    " !": "published estimators ask for more memory, so it may fail to start",
    " ?": "too little memory, unless a figure that nobody has verified is too high",
    " ~": "a part lies in RAM, where it is many times slower",
}
_MEMORY = ("MODEL_TOO_LARGE", "CONTEXT_TOO_LONG")
_SHORT = {"bfloat16": "bf16", "half": "fp16", "float32": "fp32"}


def fit(model: str | None, wish: FitRequest, *, every: bool, as_json: bool) -> int:
    """Print where one model fits, or with `every` where each of the catalogue does.

    1 where a model fits nothing that was asked for, 2 for a model, GPU or region that the catalogue does not have.
    """
    catalog = load_catalog()
    problem = _misuse(model, wish, catalog, every=every)
    if problem is not None:
        complain(problem)
        return 2
    wish = _spelt(wish, catalog)
    chat = (name for name, entry in catalog.models.items() if entry.kind == "chat")
    names = list(chat) if every else [model or ""]
    found = {name: fits(entry, name, wish, catalog) for name in names if (entry := catalog.find_model(name))}
    served = all(any(each.verdict != "no" for each in answers) for answers in found.values())
    if as_json:
        dump({name: document(answers) for name, answers in found.items()})
    elif every:
        show(_overview(found))
    else:
        show(line_ for answers in found.values() for line_ in _answer(model or "", answers))
    return 0 if served or every else 1


def _misuse(model: str | None, wish: FitRequest, catalog: Catalog, *, every: bool) -> str | None:
    if every == (model is not None):
        return "give the id of one model, or --all"
    if model is not None and (problem := _no_model(model, catalog)):
        return problem
    if wish.gpu is not None and _named(wish.gpu, catalog.gpus) is None:
        return _unknown("GPU", wish.gpu, catalog.gpus, f"known: {', '.join(catalog.gpus)}")
    if wish.region is not None and wish.region not in catalog.regions:
        return _unknown("region", wish.region, catalog.regions, f"known: {', '.join(catalog.regions)}")
    return None


def _no_model(model: str, catalog: Catalog) -> str | None:
    entry = catalog.find_model(model)
    if entry is not None:
        return None
    near = nearest(model, find(NAMES[0]), catalog)
    return _did_you_mean("model", model, near, "describe others with `tke-llm model add` and check the stack")


def _unknown(what: str, given: str, known: Iterable[str], advice: str) -> str:
    return _did_you_mean(what, given, closest(given, known), advice)


def _did_you_mean(what: str, given: str, near: str | None, advice: str) -> str:
    return f"the catalogue has no {what} {given}" + (f"; did you mean {near}?" if near else f"; {advice}")


def _named(given: str, known: Iterable[str]) -> str | None:
    return next((name for name in known if name.lower() == given.lower()), None)


def _spelt(wish: FitRequest, catalog: Catalog) -> FitRequest:
    gpu = None if wish.gpu is None else _named(wish.gpu, catalog.gpus)
    return replace(wish, gpu=gpu)


def _answer(model: str, answers: Sequence[Fit]) -> list[Line]:
    serving = [each for each in answers if each.verdict != "no"]
    lines = [
        line(
            Piece(f"{model}: {len(serving)} of {len(answers)} machine types can serve it", "good" if serving else "bad")
        )
    ]
    if serving:
        lines += [(), *table([_HEADINGS, *map(_row, serving)], _RIGHT)]
        lines += _legend(serving)
    refused = [each for each in answers if each.verdict == "no"]
    return [*lines, *(_refusals(refused) if refused else [])]


def _refusals(refused: Sequence[Fit]) -> list[Line]:
    """Why not the others: those that lack memory as a table, the rest by their reason."""
    small = [each for each in refused if each.code in _MEMORY]
    lines = heading("Not on")
    groups: dict[str, list[str]] = {}
    for each in small:
        has = f"{each.offer.gpus:g} x {each.offer.gpu}"
        lead = f"  {has:<14}{each.need_gib:>7.1f} of {each.limit_gib:>5.1f} GiB  "
        groups.setdefault(lead, []).append(each.offer.name)
    if small:
        lines.append(
            line(
                Piece(
                    "  too little memory: weights, one sequence and the least to compute in need that much of each GPU",
                    "dim",
                )
            )
        )
        lines += [row for lead, names in groups.items() for row in paragraph(", ".join(names), lead)]
    reasons: dict[str, list[str]] = {}
    for each in refused:
        if each.code not in _MEMORY:
            reasons.setdefault(each.reason, []).append(each.offer.name)
    for reason, names in reasons.items():
        lines += paragraph(reason, Piece("  "), style="dim")
        lines += paragraph(", ".join(names), "    ")
    return lines


def _row(found: Fit) -> tuple[str, ...]:
    mark = _MARKS.get(found.verdict, "")
    invited = " *" if found.offer.availability == "invite" else ""
    dtype = _SHORT.get(found.dtype, found.dtype)
    as_what = dtype if found.format in _SHORT.values() else f"{found.format}/{dtype}"
    return (
        found.offer.name + invited,
        found.offer.kind,
        f"{found.offer.gpus:g} x {found.offer.gpu}",
        str(found.gpus),
        f"{found.tensor_parallel} x {found.pipeline_parallel}" + (" e" if found.by_expert else ""),
        f"{found.context:,}",
        f"{found.concurrency:.1f}",
        as_what + mark,
        f"{found.spare_gib:.1f}",
    )


def _legend(serving: Sequence[Fit]) -> list[Line]:
    notes = ["context: tokens; at once: requests of that length; spare: GiB beyond one of them, on all GPUs"]
    if any(each.by_expert for each in serving):
        notes.append("e: experts are dealt out whole over the GPUs of a layer (expertParallel)")
    if any("/" in _row(each)[7] for each in serving):
        notes.append("runs as: format of the weights / type that it computes in")
    notes += [
        f"{mark.strip()}: {_MEANINGS[mark]}" for mark in {_MARKS.get(each.verdict): None for each in serving} if mark
    ]
    if any(each.offer.availability == "invite" for each in serving):
        notes.append("*: Tencent Cloud must enable the machine type for the account")
    return [(), *(line(Piece(f"  {note}", "dim")) for note in notes)]


def _overview(found: dict[str, tuple[Fit, ...]]) -> list[Line]:
    """One row per model: the machine with the fewest GPUs and the least to spare."""
    rows = [("model", "machine", "needs", "context", "runs as", "types")]
    for name, answers in found.items():
        serving = [each for each in answers if each.verdict != "no"]
        best = next((each for each in serving if each.verdict == "fits"), next(iter(serving), None))
        rows.append(
            (
                name if len(name) <= 40 else name[:39] + "…",
                best.offer.name if best else "none",
                str(best.gpus) if best else "",
                f"{best.context:,}" if best else "",
                best.format if best else "",
                f"{len(serving)} of {len(answers)}",
            )
        )
    return table(rows, frozenset({2, 3, 5}), indent=0)
