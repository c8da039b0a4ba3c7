"""The orders of provisioning beside each other on one scale of time, and the guide's steps by hand."""

from dataclasses import dataclass

from cli.language import tr, translate
from cli.text import duration
from rehearsal.clock import Idle, Manual, TimelineStep, Waiting
from rehearsal.story import OrderTime, Story

SHORTEST = 10.0
"""Seconds. What takes less is counted and not drawn: it would be a row without a bar."""


@dataclass(frozen=True)
class Bar:
    """One row: seconds from the start of ``pulumi up``. `kind` is "step", "critical", "idle" or "person"; `urn` names
    a resource ("" for others)."""

    label: str
    start: float
    end: float
    kind: str
    urn: str
    note: str


@dataclass(frozen=True)
class Chart:
    """One order: its bars, and in words what it takes and what GPUs wait meanwhile. `short` counts the steps that are
    too short to be drawn; `chosen`: the stack has this one."""

    title: str
    chosen: bool
    total: float
    takes: str
    waits: str
    bars: tuple[Bar, ...]
    short: int


def charts(story: Story) -> tuple[Chart, ...]:
    """Every order, and the guide's sequence where there is one; a stack without models has the one order."""
    orders = [_order(each, chosen=each.order == story.plan.order.chosen) for each in story.orders]
    if not orders:
        drawn, short = _steps(story.timeline.steps, story.timeline.critical)
        takes = duration(story.timeline.total)
        orders = [Chart(tr("this stack"), True, story.timeline.total, takes, "", tuple(drawn), short)]
    return (*orders, *([_by_hand(story.by_hand)] if story.by_hand else []))


def _order(each: OrderTime, *, chosen: bool) -> Chart:
    drawn, short = _steps(each.timeline.steps, each.timeline.critical)
    gaps = [_idle(gap) for gap in each.idle if gap.end - gap.start >= SHORTEST]
    rows = sorted([*drawn, *gaps], key=lambda bar: (bar.start, bar.end))
    return Chart(each.order, chosen, each.total, duration(each.total), _waiting(each.waiting), tuple(rows), short)


def _waiting(waiting: Waiting) -> str:
    """GPU-hours that nobody used, and what they cost."""
    if waiting.cost is None:
        return tr("{hours:.2f} GPU-hours spent waiting", hours=waiting.gpu_hours)
    values = {"hours": waiting.gpu_hours, "cost": waiting.cost}
    return tr("{hours:.2f} GPU-hours spent waiting, which cost {cost:.2f}", **values)


def _steps(steps: tuple[TimelineStep, ...], critical: tuple[str, ...]) -> tuple[list[Bar], int]:
    deciding = set(critical)
    drawn = [
        Bar(
            f"{step.kind} {step.name}",
            step.start,
            step.end,
            "critical" if step.urn in deciding else "step",
            step.urn,
            f"{step.span}, {duration(step.seconds)}",
        )
        for step in steps
        if step.seconds >= SHORTEST
    ]
    return drawn, len(steps) - len(drawn)


def _idle(gap: Idle) -> Bar:
    note = tr("{time} between the pool and the server's start", time=duration(gap.end - gap.start))
    return Bar(
        tr("GPUs of {pool} wait for {model}", pool=gap.pool, model=gap.model), gap.start, gap.end, "idle", "", note
    )


def _by_hand(manual: Manual) -> Chart:
    bars: list[Bar] = []
    now = 0.0
    for name, person, machines in manual.steps:
        if person >= SHORTEST:
            console = tr("{step}: at the console", step=translate(name))
            bars.append(Bar(console, now, now + person, "person", "", duration(person)))
        if machines >= SHORTEST:
            work = tr("{step}: machines", step=translate(name))
            bars.append(Bar(work, now + person, now + person + machines, "step", "", duration(machines)))
        now += person + machines
    takes, waits = duration(manual.total), _waiting(manual.waiting)
    return Chart(tr("by hand, as in the guide"), False, manual.total, takes, waits, tuple(bars), 0)
