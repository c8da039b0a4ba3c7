"""A rehearsal for people: the tree of resources, the timeline, what to do next."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from cli.language import tr, trn
from cli.text import (
    Line,
    Piece,
    cells,
    commands,
    duration,
    facts,
    flush_left,
    flush_right,
    heading,
    line,
    paragraph,
    shortened,
    width,
)
from rehearsal.clock import Timeline, TimelineStep, Waiting
from rehearsal.registration import Registration
from rehearsal.story import Story
from rehearsal.tree import Node, tree

_SHORTEST = 10.0
"""Seconds. What takes less is left out of the timeline: it would be a row without a bar."""

_LONGEST = 5
"""Steps of the critical path that are shown where nobody asks for the timeline."""


def made(registrations: Sequence[Registration], *, every: bool) -> list[Line]:
    """What will be made: how much of each component, with `every` as a tree of components and resources."""
    roots = tree(registrations)
    total = sum(root.resources for root in roots)
    lines = heading(
        trn("What `pulumi up` makes: {number} resource", "What `pulumi up` makes: {number} resources", total)
    )
    if not every:
        return [*lines, *paragraph(", ".join(f"{kind} {number}" for kind, number in _counts(roots).items()), "  ")]
    for root in roots:
        lines += [_node("  ", root), *_below(root, "  ")]
    return lines


def _counts(roots: Sequence[Node]) -> dict[str, int]:
    """The resources of each kind of component, of which there may be several; below the roots, which are the stack."""
    counts: dict[str, int] = {}
    for node in (child for root in roots for child in root.children or (root,)):
        counts[node.kind] = counts.get(node.kind, 0) + node.resources
    return counts


def _below(node: Node, indent: str) -> list[Line]:
    lines: list[Line] = []
    for place, child in enumerate(node.children, start=1):
        last = place == len(node.children)
        lines.append(_node(indent + ("└─ " if last else "├─ "), child))
        lines += _below(child, indent + ("   " if last else "│  "))
    return lines


def _node(lead: str, node: Node) -> Line:
    if not node.custom:
        return line(
            Piece(lead, "dim"),
            Piece(node.kind, "strong"),
            f" {node.name} ",
            Piece(f"({node.resources})", "dim"),
        )
    room = width() - cells(f"{lead}{node.kind} {node.name}  ")
    return line(
        Piece(lead, "dim"),
        Piece(node.kind, "path"),
        f" {node.name}",
        Piece(f"  {shortened(node.detail, room)}" if node.detail else "", "dim"),
    )


def clock(story: Story, *, every: bool) -> list[Line]:
    """When what is made, the price of each order, and the guide's steps by hand: of the critical path the longest
    steps, with `every` the whole timeline."""
    times = story.timeline
    lines = heading(tr("Timeline: about {time} until all is up (estimates)", time=duration(times.total)))
    if every:
        shown = [step for step in times.steps if step.seconds >= _SHORTEST]
        lines += _bars(times, shown)
        lines += [line(Piece(tr("  * decides the end (critical path)"), "dim"))] if shown else []
    else:
        longest = sorted((times.step(urn) for urn in times.critical), key=lambda step: -step.seconds)[:_LONGEST]
        lines += _bars(
            times, sorted((step for step in longest if step.seconds >= _SHORTEST), key=lambda step: step.start)
        )
    return [*lines, (), *facts([*_orders(story), *_by_hand(story)])]


def _orders(story: Story) -> list[tuple[str, str]]:
    return [(tr("order {name}", name=each.order), _taking(duration(each.total), each.waiting)) for each in story.orders]


def _by_hand(story: Story) -> list[tuple[str, str]]:
    if story.by_hand is None:
        return []
    times = story.by_hand.total / story.timeline.total if story.timeline.total else 0.0
    taken = tr("{time} ({number:.1f} times as long)", time=duration(story.by_hand.total), number=times)
    return [(tr("by hand, as in the guide"), _taking(taken, story.by_hand.waiting))]


def _taking(time: str, waiting: Waiting) -> str:
    if waiting.cost is None:
        return tr("{time}; {hours:.2f} GPU-hours spent waiting", time=time, hours=waiting.gpu_hours)
    values = {"time": time, "hours": waiting.gpu_hours, "cost": waiting.cost}
    return tr("{time}; {hours:.2f} GPU-hours spent waiting, which cost {cost:.2f}", **values)


def _bars(times: Timeline, steps: Sequence[TimelineStep]) -> list[Line]:
    names = [f"{step.kind} {step.name}" for step in steps]
    widest = min(44, max(map(cells, names), default=0))
    room = width() - widest - 20
    lines: list[Line] = []
    for step, name in zip(steps, names, strict=True):
        left = round(step.start / times.total * room)
        length = max(1, round(step.end / times.total * room) - left)
        critical = step.urn in times.critical
        lines.append(
            line(
                Piece("* " if critical else "  ", "bad"),
                flush_left(shortened(name, widest), widest),
                Piece(f"{flush_right(step.span, 14)}  ", "dim"),
                " " * left,
                Piece("█" * length, "bad" if critical else "note"),
            )
        )
    return lines


def next_steps(stack: str, folder: Path, written: Sequence[Path], rest: str, *, every: bool) -> list[Line]:
    """Where the results are and what a person does with them. `rest`: how much is to be said of the stack that is not
    told in full; `every`: nothing more can be asked for."""
    if not written:
        return []
    shown = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    name = shlex.quote(stack)
    manifests = sum(path.parent.name == "manifests" for path in written)
    more = [
        *([(f"tke-llm check {name} --all", tr("{rest}, in full", rest=rest))] if rest else []),
        (f"tke-llm rehearse {name} --all", tr("every resource, reason and step; or --why, --timeline")),
    ]
    return commands(
        [
            (f"{shown}/report.html", tr("all of it on one page, in a browser")),
            *([] if every else more),
            (
                f"kubectl apply -f {shown}/manifests",
                tr("{number} manifests, elsewhere (fill in the Secrets)", number=manifests),
            ),
            ("pulumi up", tr("deploy; what it needs first: tke-llm doctor {stack}", stack=name)),
        ]
    )
