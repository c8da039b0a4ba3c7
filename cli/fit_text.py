"""What `tke-llm fit` found, for people."""

from collections.abc import Callable, Mapping, Sequence

from catalog.load import Catalog
from cli.language import tr, translate
from cli.text import Line, Piece, Style, cells, facts, flush_left, heading, line, paragraph, table, width
from planner.images.decide import ImageChoice
from planner.serving.fit import TOO_FEW, Fit, Trial, Verdict
from planner.sizing.explain import arithmetic, choices
from settings import translation

_COLUMNS = (
    translation.tr("machine"),
    translation.tr("kind"),
    translation.tr("has"),
    translation.tr("needs"),
    "TP x PP",
    translation.tr("context"),
    translation.tr("at once"),
    translation.tr("runs as"),
    translation.tr("spare"),
    translation.tr("per hour"),
)
_RIGHT = frozenset({"needs", "context", "at once", "spare", "per hour"})
_LEFT_OUT_FIRST = ("spare", "kind", "needs", "TP x PP", "at once")
"""Columns that a narrow terminal does without."""
_MEMORY = ("MODEL_TOO_LARGE", "CONTEXT_TOO_LONG")
_SHORT = {"bfloat16": "bf16", "half": "fp16", "float32": "fp32"}
_MARKS: dict[Verdict, str] = {"tight": " !", "doubtful": " ?", "spills": " ~"}
_SAID: dict[Verdict, tuple[str, Style]] = {
    "fits": (translation.tr("it fits"), "good"),
    "tight": (translation.tr("it fits tightly"), "warn"),
    "doubtful": (translation.tr("it may fit"), "warn"),
    "spills": (translation.tr("it fits with RAM beside the GPUs"), "warn"),
    "no": (translation.tr("it does not fit"), "bad"),
}
_FIGURES = {
    "weights": translation.tr("weights"),
    "cache": translation.tr("cache"),
    "working": translation.tr("working"),
    "images": translation.tr("images"),
    "needed": translation.tr("needed"),
    "loading": translation.tr("loading"),
    "usable": translation.tr("usable"),
    "engine": translation.tr("engine"),
    "left": translation.tr("left"),
    "estimate": translation.tr("estimate"),
}


def answer(model: str, answers: Sequence[Fit]) -> list[Line]:
    """The machines that can serve a model, and why the others cannot."""
    serving = [each for each in answers if each.verdict != "no"]
    count = tr(
        "{model}: {count} of {all} machine types can serve it", model=model, count=len(serving), all=len(answers)
    )
    lines = [line(Piece(count, "good" if serving else "bad"))]
    if serving:
        lines += [(), *_fitted([_row(each) for each in serving]), *_legend(serving)]
    refused = [each for each in answers if each.verdict == "no"]
    return [*lines, *(_refusals(refused) if refused else [])]


def overview(found: Mapping[str, Sequence[Fit]]) -> list[Line]:
    """One row per model: the cheapest machine where prices are known, else that with the fewest GPUs and the least to
    spare."""
    priced = any(each.offer.price is not None for answers in found.values() for each in answers)
    names = (tr("model"), tr("machine"), tr("needs"), tr("context"), tr("runs as"), tr("types"))
    rows = [(*names, *([tr("per hour")] if priced else []))]
    for name, answers in found.items():
        serving = [each for each in answers if each.verdict != "no"]
        best = next((each for each in serving if each.verdict == "fits"), serving[0] if serving else None)
        rows.append(
            (
                name if len(name) <= 40 else name[:39] + "…",
                best.offer.name if best else tr("none"),
                str(best.gpus) if best else "",
                f"{best.context:,}" if best else "",
                best.format if best else "",
                tr("{count} of {all}", count=len(serving), all=len(answers)),
                *([_price(best) if best else ""] if priced else []),
            )
        )
    return table(rows, frozenset({2, 3, 5, 6}), indent=0)


def explained(trial: Trial, given: str, requests: int | None, catalog: Catalog) -> list[Line]:
    """The arithmetic behind one verdict on the model that was `given`, or a format of it that fits better."""
    fit, (said, style) = trial.fit, _SAID[trial.fit.verdict]
    where = f"{fit.offer.name} ({fit.offer.gpus:g} x {fit.offer.gpu})"
    lines = [line(Piece(tr("{model} on {machine}: {verdict}", model=fit.model, machine=where, verdict=said), style))]
    if fit.model.lower() != given.lower() and fit.verdict != "no":
        lines += paragraph(tr("the weights of {model} itself do not surely fit", model=given), "  ")
    if fit.reason:
        lines += paragraph(fit.reason, "  ")
    if trial.sized is not None:
        ask, sizing = trial.sized
        lines += heading(tr("Memory of each GPU, in GiB"))
        for figure in arithmetic(trial.facts, trial.hardware, ask, sizing):
            amount = "?" if figure.gib is None else f"{figure.gib:.2f}"
            name = flush_left(translate(_FIGURES[figure.name]), 10)
            lines += paragraph(figure.how, Piece(f"{name}{amount:>7}  "), indent=2)
        lines += [*heading(tr("Chosen")), *facts(choices(ask, sizing, requests))]
    return [*lines, *heading(tr("Sources")), *facts(sources(trial, catalog).items())]


def sources(trial: Trial, catalog: Catalog) -> dict[str, str]:
    """Where the figures and the rules are from."""
    image = trial.image
    return {
        translation.tr("model"): trial.facts.source,
        "GPU": catalog.gpus[trial.fit.offer.gpu].source,
        **({translation.tr("image"): _image(image)} if image else {}),
        translation.tr("rules"): "planner/sizing/memory.py (the engines' own refusal to start; KAITO's estimator)",
    }


def _image(image: ImageChoice) -> str:
    return translation.tr("{choice}: {because}", choice=image.reference, because=image.because)


def _fitted(rows: Sequence[Mapping[str, str]]) -> list[Line]:
    """The table, without the columns that nothing stands in, and that there is no room for."""
    shown = [column for column in _COLUMNS if any(row[column] for row in rows)]
    spare = [column for column in _LEFT_OUT_FIRST if column in shown]
    while True:
        right = frozenset(place for place, column in enumerate(shown) if column in _RIGHT)
        lines = table([tuple(shown), *(tuple(row[column] for column in shown) for row in rows)], right)
        if not spare or max(sum(cells(piece.text) for piece in each) for each in lines) <= width():
            return lines
        shown.remove(spare.pop(0))


def _row(found: Fit) -> dict[str, str]:
    offer, dtype = found.offer, _SHORT.get(found.dtype, found.dtype)
    as_what = dtype if found.format in _SHORT.values() else f"{found.format}/{dtype}"
    return {
        "machine": offer.name + (" *" if offer.availability == "invite" else "") + ("" if offer.sold else " #"),
        "kind": offer.kind,
        "has": f"{offer.gpus:g} x {offer.gpu}",
        "needs": str(found.gpus),
        "TP x PP": f"{found.tensor_parallel} x {found.pipeline_parallel}" + (" e" if found.by_expert else ""),
        "context": f"{found.context:,}",
        "at once": f"{found.concurrency:.1f}",
        "runs as": as_what + _MARKS.get(found.verdict, ""),
        "spare": f"{found.spare_gib:.1f}",
        "per hour": _price(found),
    }


def _price(found: Fit) -> str:
    return "" if found.offer.price is None else f"{found.offer.price:,.2f}"


def _legend(serving: Sequence[Fit]) -> list[Line]:
    verdicts = {each.verdict for each in serving}
    formats = any("/" in _row(each)["runs as"] for each in serving)
    notes = {
        tr("context: tokens; at once: requests of that length; spare: GiB beyond one of them, on all GPUs"): True,
        tr("e: expert parallelism (expertParallel): each GPU holds whole experts"): any(
            each.by_expert for each in serving
        ),
        tr("per hour: of the whole machine, as you gave it"): any(each.offer.price is not None for each in serving),
        tr("runs as: format of the weights / type that it computes in"): formats,
        tr("!: published estimators ask for more memory, so it may fail to start"): "tight" in verdicts,
        tr("?: it lacks memory by a size that nobody has verified"): "doubtful" in verdicts,
        tr("~: a part of it lies in RAM, which is many times slower"): "spills" in verdicts,
        tr("*: Tencent Cloud must enable the machine type for the account"): any(
            each.offer.availability == "invite" for each in serving
        ),
        tr("#: the catalogue does not know in which regions it is sold"): not all(each.offer.sold for each in serving),
    }
    return [(), *(row for note, holds in notes.items() if holds for row in paragraph(note, "  ", style="dim"))]


def _refusals(refused: Sequence[Fit]) -> list[Line]:
    """Why not the others: those that lack memory as a table, the rest by their reason."""
    lines = heading(tr("Not on"))
    small = [each for each in refused if each.code in _MEMORY]
    if small:
        needed = tr("too little memory: weights, one sequence and the least to compute in need that much of each GPU")
        lines += paragraph(needed, "  ", style="dim")
        lines += _grouped(
            small, lambda each: tr("{need:>7.1f} of {limit:>5.1f} GiB", need=each.need_gib, limit=each.limit_gib) + "  "
        )
    few = [each for each in refused if each.code == TOO_FEW]
    if few:
        lines.append(line(Piece("  " + tr("{reason}, but as many as this", reason=few[0].reason), "dim")))
        lines += _grouped(few, lambda each: f"{each.concurrency:>8.1f}  ")
    reasons: dict[str, list[str]] = {}
    for each in refused:
        if each.code not in (*_MEMORY, TOO_FEW):
            reasons.setdefault(each.reason, []).append(each.offer.name)
    for reason, names in reasons.items():
        lines += paragraph(reason, Piece("  "), style="dim")
        lines += paragraph(", ".join(names), "    ")
    return lines


def _grouped(refused: Sequence[Fit], figures: Callable[[Fit], str]) -> list[Line]:
    """The machines with the same GPUs and figures beside one another."""
    groups: dict[str, list[str]] = {}
    for each in refused:
        lead = f"  {f'{each.offer.gpus:g} x {each.offer.gpu}':<14}{figures(each)}"
        groups.setdefault(lead, []).append(each.offer.name)
    return [row for lead, names in groups.items() for row in paragraph(", ".join(names), lead)]
