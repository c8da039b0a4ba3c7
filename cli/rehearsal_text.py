"""A rehearsal for people: the tree of resources, the timeline, what to do next."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cli.text import Line, Piece, count, duration, facts, heading, line, paragraph, width
from rehearsal.clock import Timeline, Waiting
from rehearsal.registration import Registration
from rehearsal.story import Story
from rehearsal.tree import Node, tree

_SHORTEST = 10.0
"""Seconds. What takes less is left out of the timeline: it would be a row without a bar."""


def made(registrations: Sequence[Registration]) -> list[Line]:
    """What will be made, as a tree of components and resources."""
    roots = tree(registrations)
    total = sum(root.resources for root in roots)
    lines = heading(f"What `pulumi up` makes: {count(total, 'resource')}")
    for root in roots:
        lines += [_node("  ", root), *_below(root, "  ")]
    return lines


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
    room = width() - len(lead) - len(node.kind) - len(node.name) - 3
    detail = node.detail if len(node.detail) <= room else node.detail[: max(0, room - 1)] + "…"
    return line(
        Piece(lead, "dim"),
        Piece(node.kind, "path"),
        f" {node.name}",
        Piece(f"  {detail}" if detail else "", "dim"),
    )


def clock(story: Story) -> list[Line]:
    """The timeline with the critical path, the price of each order, and the guide's steps by hand."""
    total = story.timeline.total
    lines = heading(f"Timeline: about {duration(total)} until all is up (estimates)")
    lines += _bars(story.timeline)
    rows = [(f"order {each.order}", f"{duration(each.total)}; {_waiting(each.waiting)}") for each in story.orders]
    if story.by_hand is not None:
        ratio = story.by_hand.total / total if total else 0.0
        hand = f"{duration(story.by_hand.total)} ({ratio:.1f} times as long); {_waiting(story.by_hand.waiting)}"
        rows.append(("by hand, as in the guide", hand))
    return [*lines, (), *facts(rows)]


def _waiting(waiting: Waiting) -> str:
    cost = f", which cost {waiting.cost:.2f}" if waiting.cost is not None else ""
    return f"{waiting.gpu_hours:.2f} GPU-hours spent waiting{cost}"


def _bars(times: Timeline) -> list[Line]:
    steps = [step for step in times.steps if step.seconds >= _SHORTEST]
    if not steps:
        return []
    names = [f"{step.kind} {step.name}" for step in steps]
    widest = min(44, max(map(len, names)))
    room = width() - widest - 20
    lines: list[Line] = []
    for step, name in zip(steps, names, strict=True):
        left = round(step.start / times.total * room)
        length = max(1, round(step.end / times.total * room) - left)
        critical = step.urn in times.critical
        lines.append(
            line(
                Piece("* " if critical else "  ", "bad"),
                (name if len(name) <= widest else name[: widest - 1] + "…").ljust(widest),
                Piece(f"{step.span:>14}  ", "dim"),
                " " * left,
                Piece("█" * length, "bad" if critical else "note"),
            )
        )
    return [*lines, line(Piece("  * decides the end (critical path)", "dim"))]


def next_steps(stack: str, folder: Path, written: Sequence[Path]) -> list[Line]:
    """Where the results are and what a person does with them."""
    shown = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    kinds = Counter(path.parent.name if path.parent != folder else path.name for path in written)
    listed = ", ".join(f"{number} {name}" if number > 1 else name for name, number in sorted(kinds.items()))
    return [
        *heading("Next"),
        *paragraph(f"written to {shown}: {listed}", "  "),
        *paragraph(f"{shown}/report.html, in a browser", Piece("  look at     ", "dim")),
        *paragraph(f"pulumi stack init {stack} && pulumi up", Piece("  deploy      ", "dim")),
        *paragraph(f"kubectl apply -f {shown}/manifests (fill in the Secrets first)", Piece("  elsewhere   ", "dim")),
        *paragraph("tke-llm explain CODE", Piece("  a finding   ", "dim")),
    ]
