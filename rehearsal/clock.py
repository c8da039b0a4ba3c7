"""A virtual clock over the recorded graph: when each resource is done, what decides the end, and how long GPUs wait.

Every figure is an estimate: it is as good as catalog/data/durations.yaml.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from planner.plan.types import Plan
from rehearsal.kind import GuideStep
from rehearsal.kinds import display_name, find, guide_step, seconds_of
from rehearsal.registration import Registration
from rehearsal.subjects import model_of, pool_of
from settings.translation import tr


@dataclass(frozen=True)
class TimelineStep:
    """One resource on the clock; times are seconds from the start of ``pulumi up``."""

    urn: str
    kind: str
    name: str
    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start

    @property
    def span(self) -> str:
        """Start and end as minutes and seconds: ``2:05-7:05``."""
        return f"{_clock(self.start)}-{_clock(self.end)}"


@dataclass(frozen=True)
class Timeline:
    """Steps in the order in which they begin; `critical` are the URNs that decide the end, the first one first."""

    steps: tuple[TimelineStep, ...]
    critical: tuple[str, ...]
    total: float

    def step(self, urn: str) -> TimelineStep:
        return next(step for step in self.steps if step.urn == urn)


@dataclass(frozen=True)
class Waiting:
    """GPU-hours that are paid for before a server starts on them, and what they cost (None without a price)."""

    gpu_hours: float
    cost: float | None


@dataclass(frozen=True)
class Idle:
    """The GPUs of one model, from the moment that their pool is there until the server on them begins to start."""

    model: str
    pool: str
    start: float
    end: float


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def planned(registrations: Sequence[Registration], plan: Plan) -> Timeline:
    """The graph by the plan's durations."""
    return timeline(registrations, lambda each: seconds_of(each, plan))


def timeline(
    registrations: Sequence[Registration], seconds: Callable[[Registration], float], parallel: int | None = None
) -> Timeline:
    """Run the graph: each resource starts when all that it waits for is done, and, where `parallel` bounds how many
    are made at a time, when one of those places is free. `registrations` come dependencies first."""
    known = {each.urn: each for each in registrations}
    place = {urn: number for number, urn in enumerate(known)}
    missing = {each.urn: len(each.waits_for & known.keys()) for each in registrations}
    followers: dict[str, list[str]] = {urn: [] for urn in known}
    for each in registrations:
        for wanted in each.waits_for & known.keys():
            followers[wanted].append(each.urn)
    ready = [place[urn] for urn, count in missing.items() if count == 0]
    order = list(known)
    running: list[tuple[float, int]] = []
    begun: dict[str, float] = {}
    ended: dict[str, float] = {}
    now = 0.0
    while ready or running:
        while ready and (parallel is None or len(running) < parallel):
            number = heappop(ready)
            begun[order[number]] = now
            heappush(running, (now + seconds(known[order[number]]), number))
        now, number = heappop(running)
        ended[order[number]] = now
        for follower in followers[order[number]]:
            missing[follower] -= 1
            if missing[follower] == 0:
                heappush(ready, place[follower])
    steps = tuple(
        sorted(
            (
                TimelineStep(each.urn, find(each.type).short, display_name(each), begun[each.urn], ended[each.urn])
                for each in registrations
                if each.custom
            ),
            key=lambda step: (step.start, step.end, place[step.urn]),
        )
    )
    return Timeline(steps, _critical(known, ended), max(ended.values(), default=0.0))


def _critical(known: Mapping[str, Registration], ended: Mapping[str, float]) -> tuple[str, ...]:
    """The chain of resources that ends last, followed back through whatever each one waited for longest."""
    path: list[str] = []
    urn = max(ended, key=lambda each: (ended[each], each), default=None)
    while urn is not None:
        path.append(urn)
        before = [wanted for wanted in known[urn].waits_for if wanted in ended]
        urn = max(before, key=lambda each: (ended[each], each), default=None)
    return tuple(urn for urn in reversed(path) if known[urn].custom)


def idle(registrations: Sequence[Registration], plan: Plan, times: Timeline) -> tuple[Idle, ...]:
    """When GPUs are there and nothing runs on them, for each model whose pool the stack makes."""
    ends = {pool.name: times.step(each.urn).end for each in registrations if (pool := pool_of(each, plan))}
    starts = {
        model.name: times.step(each.urn).start
        for each in registrations
        if find(each.type).role == "workload" and (model := model_of(each, plan)) and model.pool in ends
    }
    pools = {name: plan.models[name].pool for name in starts}
    return tuple(Idle(name, pool, ends[pool], max(starts[name], ends[pool])) for name, pool in pools.items())


def waiting(registrations: Sequence[Registration], plan: Plan, times: Timeline) -> Waiting:
    """What those GPUs cost meanwhile."""
    return waited(plan, {each.model: each.end - each.start for each in idle(registrations, plan, times)})


def waited(plan: Plan, seconds: Mapping[str, float]) -> Waiting:
    """GPU-hours and money for models (by name) whose GPUs wait that long. Super nodes bill pods, so none wait there."""
    hours = cost = 0.0
    priced = True
    for name, length in seconds.items():
        model = plan.models[name]
        pool = plan.pools[model.pool]
        if pool.kind == "super":
            continue
        gpus = 0 if plan.paused else model.gpus * model.first_replicas
        hours += length / 3600 * gpus
        price = pool.price
        priced = priced and price is not None
        if price is not None and pool.gpus_per_node:
            cost += length / 3600 * price * gpus / pool.gpus_per_node
    return Waiting(hours, cost if priced and seconds else None)


@dataclass(frozen=True)
class Manual:
    """The guide's steps by hand, one after the other: (name, seconds at the console, seconds of machines)."""

    steps: tuple[tuple[str, float, float], ...]
    waiting: Waiting

    @property
    def total(self) -> float:
        return sum(person + machine for _, person, machine in self.steps)


_GUIDE = {
    GuideStep.CLUSTER: (tr("1 cluster"), "manual_cluster"),
    GuideStep.STORE: (tr("2 storage"), "manual_storage"),
    GuideStep.GPU_POOL: (tr("3 GPU node pool"), "manual_gpu_pool"),
    GuideStep.GPU_ADDON: (tr("4 GPU add-on"), "manual_gpu_addon"),
    GuideStep.DOWNLOAD: (tr("5 model download"), "manual_download_job"),
    GuideStep.SERVER: (tr("6 engine"), "manual_engine"),
    GuideStep.AUTOSCALING: (tr("7 autoscaling"), "manual_autoscaling"),
    GuideStep.PAGE: (tr("8 chat page"), "manual_webui"),
    GuideStep.WAY_IN: (tr("9 exposure"), "manual_exposure"),
}


def step_name(step: GuideStep) -> str:
    """The number and the name of a step of the guide; "" for what it has nothing of."""
    return _GUIDE[step][0] if step in _GUIDE else ""


def manual(registrations: Sequence[Registration], plan: Plan) -> Manual:
    """The guide's sequence on the same durations: within a step everything runs at once, steps follow each other.
    What the guide has nothing of takes no time."""
    groups: dict[GuideStep, list[Registration]] = {}
    for each in registrations:
        groups.setdefault(guide_step(each, plan), []).append(each)
    taken = {
        step: (plan.durations[person], planned(groups[step], plan).total)
        for step, (_, person) in _GUIDE.items()
        if step in groups
    }
    between = sum(sum(taken.get(step, ())) for step in (GuideStep.GPU_ADDON, GuideStep.DOWNLOAD))
    at_console, _ = taken.get(GuideStep.SERVER, (0.0, 0.0))
    return Manual(
        steps=tuple((_GUIDE[step][0], person, machines) for step, (person, machines) in taken.items()),
        waiting=waited(plan, dict.fromkeys(plan.models, between + at_console)),
    )
