"""The resources of a rehearsal as the page's graph shows them, and why each of them is what it is."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cli.language import tr, translate
from cli.report_page.graph import awaited, reduced
from cli.report_page.highlight import Pieces, pieces
from cli.text import duration
from components.workloads.kube import DOWNLOAD
from planner.plan.types import Plan
from rehearsal.clock import Idle, Timeline, TimelineStep, step_name
from rehearsal.kinds import display_name, find, guide_step
from rehearsal.manifests import as_yaml, manifests
from rehearsal.registration import Registration, depths, mask
from rehearsal.subjects import model_of, part_of, pool_of

_TOPICS = {"ModelStore": "storage", "SharedStorage": "storage", "Webui": "webui", "SmokeTest": "smokeTest"}
"""Component -> where in the stack file the reasons for what is in it stand."""


@dataclass(frozen=True)
class Group:
    """A component below the stack, with all that is in it, however deep; `name` is "" for the stack's own resources."""

    kind: str
    name: str


@dataclass(frozen=True)
class Why:
    """One reason: what was chosen for which key, and because of what."""

    subject: str
    choice: str
    because: str


@dataclass(frozen=True)
class Resource:
    """One resource; others are named by their place in the list. `column` is how many come before it, one after the
    other, `waits_for` what it waits for itself, `waiting` a sentence where its GPUs wait. `text` is its manifest, or
    its inputs, secrets masked; `file` the manifest's name ("" where it has none)."""

    kind: str
    name: str
    detail: str
    urn: str
    group: int
    column: int
    start: float
    end: float
    span: str
    critical: bool
    waits_for: tuple[int, ...]
    options: tuple[str, ...]
    why: tuple[Why, ...]
    waiting: str
    file: str
    text: Pieces


@dataclass(frozen=True)
class Graph:
    """`edges` leads from what is awaited to what waits, without what follows from other edges; `critical` is the chain
    that decides the end."""

    groups: tuple[Group, ...]
    resources: tuple[Resource, ...]
    edges: tuple[tuple[int, int], ...]
    critical: tuple[tuple[int, int], ...]


def graph(
    plan: Plan,
    registrations: Sequence[Registration],
    times: Timeline,
    gaps: Sequence[Idle],
    written: Mapping[str, str],
) -> Graph:
    """The graph of `registrations`, which come dependencies first. `written` are the files of the rehearsal."""
    resources = [each for each in registrations if each.custom]
    components = {each.urn: each for each in registrations if not each.custom}
    places = {each.urn: place for place, each in enumerate(resources)}
    edges = awaited(registrations)
    columns = _columns(edges)
    above = {each.urn: _component(each, components) for each in resources}
    tops = _tops(above, columns)
    files = {each.urn: each.file for each in manifests(registrations)}
    steps = {step.urn: step for step in times.steps}
    deciding = set(times.critical)
    return Graph(
        groups=tuple(_group(components.get(urn)) for urn in tops),
        resources=tuple(
            Resource(
                kind=find(each.type).short,
                name=display_name(each),
                detail=_detail(each),
                urn=each.urn,
                group=tops[above[each.urn]],
                column=columns[each.urn],
                start=steps[each.urn].start,
                end=steps[each.urn].end,
                span=steps[each.urn].span,
                critical=each.urn in deciding,
                waits_for=tuple(sorted(places[urn] for urn in edges[each.urn])),
                options=tuple(_options(each)),
                why=tuple(_why(each, plan, components)),
                waiting=_waiting(each, plan, gaps, steps[each.urn]),
                file=files.get(each.urn, ""),
                text=pieces(_text(each, files, written)),
            )
            for each in resources
        ),
        edges=tuple(
            (places[before], places[after])
            for after, wanted in reduced(edges, resources).items()
            for before in sorted(wanted)
        ),
        critical=tuple((places[before], places[after]) for before, after in pairwise(times.critical)),
    )


def _text(each: Registration, files: Mapping[str, str], written: Mapping[str, str]) -> str:
    """Its manifest, which is written already; the inputs of what has none."""
    if each.urn in files:
        return written[f"manifests/{files[each.urn]}"]
    return as_yaml(mask(dict(each.inputs)))


def _columns(edges: Mapping[str, Collection[str]]) -> dict[str, int]:
    """How many come before each, one after the other; what waits for nothing stands right before the first that waits
    for it, for it says nothing of when its component is made."""
    columns = depths(edges)
    first: dict[str, int] = {}
    for after, wanted in edges.items():
        for before in wanted:
            first[before] = min(first.get(before, columns[after]), columns[after])
    return {urn: column if edges[urn] or urn not in first else first[urn] - 1 for urn, column in columns.items()}


def _tops(above: Mapping[str, str], columns: Mapping[str, int]) -> dict[str, int]:
    """The place of each component that is above a resource, in the order of the means of their columns."""
    own: dict[str, list[int]] = {}
    for urn, top in above.items():
        own.setdefault(top, []).append(columns[urn])
    return {top: place for place, top in enumerate(sorted(own, key=lambda top: sum(own[top]) / len(own[top])))}


def _component(each: Registration, components: Mapping[str, Registration]) -> str:
    """The URN of the component below the stack's own that holds the resource; that of the stack's own, or "", for what
    lies in none."""
    urn = each.parent
    while urn in components and components[urn].parent in components and components[components[urn].parent].parent:
        urn = components[urn].parent
    return urn if urn in components else ""


def _group(component: Registration | None) -> Group:
    return Group("", "") if component is None else Group(find(component.type).short, component.name)


def _detail(each: Registration) -> str:
    shown = mask(each.inputs)
    return find(each.type).detail(shown) if isinstance(shown, Mapping) else ""


def _options(each: Registration) -> Iterator[str]:
    """What the engine is told beside the inputs."""
    if each.protect:
        yield tr("protected: it is not destroyed before that is taken back")
    if each.retain_on_delete:
        yield tr("stays when the stack is destroyed")
    if each.read:
        yield tr("exists already, and is only read")
    if each.ignore_changes:
        yield tr("changes are ignored in {paths}", paths=", ".join(each.ignore_changes))
    for operation, length in each.timeouts.items():
        yield tr("given {time} to {operation}", time=length, operation=operation)


def _why(each: Registration, plan: Plan, components: Mapping[str, Registration]) -> Iterator[Why]:
    step = step_name(guide_step(each, plan))
    if step:
        yield Why("", tr("Tencent Cloud's guide"), tr("step {step}", step=step))
    wanted = tuple(_subjects(each, plan, components))
    for reason in plan.reasons:
        if any(reason.subject == subject or reason.subject.startswith(f"{subject}.") for subject in wanted):
            yield Why(reason.subject, translate(reason.choice), translate(reason.because))


def _subjects(each: Registration, plan: Plan, components: Mapping[str, Registration]) -> Iterator[str]:
    """The places in the stack file whose reasons shape it."""
    model, pool = model_of(each, plan), pool_of(each, plan)
    if model is not None and part_of(each) == DOWNLOAD:
        yield f"models.{model.name}.source"
        yield "order"
    elif model is not None and find(each.type).role == "workload":
        yield f"models.{model.name}"
    if pool is not None:
        yield f"pools.{pool.name}"
        yield "order"
        yield from (f"models.{name}.tensorParallel" for name, model in plan.models.items() if model.pool == pool.name)
    urn = each.parent
    while urn in components:
        topic = _TOPICS.get(find(components[urn].type).short)
        if topic:
            yield topic
        urn = components[urn].parent


def _waiting(each: Registration, plan: Plan, gaps: Sequence[Idle], step: TimelineStep) -> str:
    pool = pool_of(each, plan)
    if pool is None or pool.kind == "super":
        return ""
    ends = [gap.end for gap in gaps if gap.pool == pool.name and gap.end - gap.start >= 1]
    if not ends or plan.paused:
        return ""
    idle = duration(max(ends) - step.end)
    return tr("Its GPUs are billed for {time} before the last server on them begins to start.", time=idle)
