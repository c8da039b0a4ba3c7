"""`tke-llm rehearse --engine`: the program under the real Pulumi engine, against simulated providers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from cli.language import error_text, tr, translate, trn
from cli.refusal import refuse
from cli.report import dump
from cli.stackfile import program, stack_file
from cli.text import Line, Piece, complain, duration, heading, line, paragraph, show
from planner.prove import prove
from rehearsal.kinds import find as kind_of
from rehearsal.pulumi_engine.cycle import Cycle, CycleStep, Proved, run
from rehearsal.pulumi_engine.environment import MissingEngineError, find
from rehearsal.pulumi_engine.faults import Fault
from rehearsal.pulumi_engine.outcome import Operation, OperationVerdict, is_resource
from rehearsal.pulumi_engine.session import WorkerError
from settings.diagnostics import Diagnostic, blocking
from settings.file import read
from settings.parse import StackInput
from settings.parse import parse as parse_settings

_SIGNS: Mapping[OperationVerdict, str] = {"create": "+", "update": "~", "replace": "±", "delete": "-"}

_LIVE: Mapping[str, str] = {
    "create": "+",
    "update": "~",
    "delete": "-",
    "create-replacement": "+",
    "delete-replaced": "-",
}
"""The engine's steps, one sign each: a replacement is two."""


def rehearse(stack: str, *, as_json: bool, then: str | None, faults: Sequence[Fault]) -> int:
    """Run the whole cycle and print what the engine did; 1 where anything is not as it has to be, else 0."""
    file = stack_file(stack)
    files = [file] if then is None else [file, stack_file(then)]
    proved = [_proved(each, as_json=as_json) for each in files]
    ready = [each for each in proved if each is not None]
    if len(ready) < len(files):
        return 1
    try:
        cycle = run(
            ready[0],
            program(file),
            find(),
            then=ready[1] if then else None,
            faults=faults,
            begins=lambda title: None if as_json else show(heading(title)),
            listener=None if as_json else _show_event,
        )
    except (MissingEngineError, WorkerError) as error:
        complain(error_text(error))
        return 1
    if as_json:
        dump(report(ready[0].given.stack, cycle))
    else:
        show([*heading(tr("In all")), *in_all(cycle)])
    return 1 if cycle.problems else 0


def report(stack: str, cycle: Cycle) -> dict[str, object]:
    """The cycle as one document."""
    return {
        "stack": stack,
        "steps": document_of_steps(cycle.steps),
        "left": list(cycle.left),
        "problems": list(cycle.problems),
    }


def document_of_steps(steps: Sequence[CycleStep]) -> list[dict[str, object]]:
    """What the engine did, operation by operation."""
    return [
        {
            "title": step.title,
            "seconds": round(step.outcome.seconds, 2),
            "counts": dict(step.outcome.counts),
            "operations": [
                {
                    "operation": each.verdict,
                    "type": each.type,
                    "name": each.name,
                    "changes": dict(each.changes),
                    "failed": each.failed,
                }
                for each in step.outcome.operations
                if each.custom and (each.verdict != "same" or each.failed)
            ],
            "means": [{"name": name, "text": text} for name, text in step.means],
            "messages": [asdict(each) for each in step.outcome.messages],
        }
        for step in steps
    ]


def in_all(cycle: Cycle, *, short: bool = False) -> list[Line]:
    """What each step did, what is left in the cloud, and what should have been otherwise; `short` without the
    resources that changed."""
    return [*(row for step in cycle.steps for row in step_lines(step, short=short)), *_end(cycle)]


def prove_stack(given: StackInput) -> tuple[Proved | None, Sequence[Diagnostic]]:
    """The stack with its plan, None where errors stand against it; and all that is said of it."""
    plan, diagnostics = prove(parse_settings(given))
    return (None if plan is None or blocking(diagnostics) else Proved(given, plan)), diagnostics


def _proved(file: Path, *, as_json: bool) -> Proved | None:
    """As `prove_stack`, with what is wrong on the terminal."""
    given = read(file)
    stack, diagnostics = prove_stack(given)
    if stack is None:
        refuse(given.stack, diagnostics, as_json=as_json)
    return stack


def _show_event(event: Mapping[str, object]) -> None:
    """One line for each resource that the engine is done with, in its order, and for each thing that goes wrong."""
    name = str(event.get("urn") or "").rpartition("::")[2]
    if event["event"] == "end" and (sign := _LIVE.get(str(event["op"]))):
        type_ = str(event["type"])
        if is_resource(type_, name):
            show([line(Piece(f"  {sign} ", "good"), Piece(f"{kind_of(type_).short} ", "dim"), name)])
    elif event["event"] == "message" and event["severity"] == "error":
        show(paragraph(str(event["text"]).strip(), Piece(f"  ! {name}: " if name else "  ! ", "bad")))


def step_lines(step: CycleStep, *, short: bool = False) -> list[Line]:
    """What one step did; `short` without the resources that changed, but for those that failed."""
    outcome = step.outcome
    counted = [_counted(outcome.counts[sign], sign, step) for sign in _SIGNS if outcome.counts[sign]]
    did = tr("{step}: {what}", step=translate(step.title), what=tr(", ").join(counted) or tr("nothing to do"))
    state = Piece(tr("  stopped "), "bad") if outcome.error else Piece("  ", "")
    lines = [line(state, Piece(did, "strong"), Piece(f"  {duration(outcome.seconds)}", "dim"))]
    for each in outcome.failed:
        lines += [line("    ", Piece("! ", "bad"), tr("{name} failed", name=each.name))] if each.custom else []
    if not short and not _previews(step) and (len(outcome.changed) <= _FEW or step.title == "update"):
        means = dict(step.means)
        for each in outcome.changed:
            lines += _operation(each, means.get(each.name, ""))
    return lines


_FEW = 12
"""Resources that are named one by one in the summary; more of them scrolled by already."""


def _previews(step: CycleStep) -> bool:
    return step.title.startswith("preview")


def _counted(number: int, sign: OperationVerdict, step: CycleStep) -> str:
    future = _previews(step)
    if sign == "create":
        return tr("{number} to be created", number=number) if future else tr("{number} created", number=number)
    if sign == "update":
        return tr("{number} to be updated", number=number) if future else tr("{number} updated", number=number)
    if sign == "replace":
        return tr("{number} to be replaced", number=number) if future else tr("{number} replaced", number=number)
    return tr("{number} to be deleted", number=number) if future else tr("{number} deleted", number=number)


def _operation(operation: Operation, means: str) -> list[Line]:
    paths = ", ".join(dict.fromkeys(path for path, _ in operation.changes))
    first = tr(" (the old one goes first)") if operation.first else ""
    lead = f"    {_SIGNS[operation.verdict]} {kind_of(operation.type).short} {operation.name}{first}  "
    return [
        *paragraph(paths, Piece(lead), style="dim"),
        *(paragraph(means, Piece("        "), style="warn") if means else []),
    ]


def _end(cycle: Cycle) -> list[Line]:
    left = ", ".join(cycle.left) or tr("nothing")
    lines = paragraph(left, Piece(tr("  left in the cloud: "), "strong"))
    for problem in cycle.problems:
        lines += paragraph(problem, Piece(tr("  wrong: "), "bad"))
    if not cycle.problems:
        steps = trn("{number} step", "{number} steps", len(cycle.steps))
        lines.append(line(Piece(tr("  as it has to be"), "good"), tr(": {what}", what=steps)))
    return lines
