"""The life of a stack in one go: preview, up, up again, an update, refresh, destroy."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from planner.plan.types import Plan
from rehearsal.pulumi_engine.acceptance import left
from rehearsal.pulumi_engine.consequences import consequences
from rehearsal.pulumi_engine.faults import Fault
from rehearsal.pulumi_engine.outcome import EngineOutcome
from rehearsal.pulumi_engine.session import EngineSession, Listener
from settings.parse import StackInput
from settings.suggest import closest
from settings.translation import tr


@dataclass(frozen=True)
class CycleStep:
    """One operation of the cycle, and what its changes mean for those who use the stack."""

    title: str
    outcome: EngineOutcome
    means: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Cycle:
    """All steps, what is left in the cloud at the end, and in what the cycle differs from what it has to be."""

    steps: tuple[CycleStep, ...]
    left: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Proved:
    """A stack file without errors, and its plan."""

    given: StackInput
    plan: Plan


def run(
    stack: Proved,
    program: Path,
    pulumi: Path,
    *,
    then: Proved | None = None,
    faults: Sequence[Fault] = (),
    listener: Listener | None = None,
    begins: Callable[[str], None] = lambda _: None,
) -> Cycle:
    """Run the cycle in a private place of its own. `begins` hears the title of each step before it starts. Whatever
    went wrong before, `destroy` comes last.

    Raises `WorkerError` where the engine cannot be driven at all.
    """
    with EngineSession(stack.given, program, pulumi, listener=listener) as session:
        runner = Runner(session, begins)
        if runner.preview(stack.plan, faults):
            alive = runner.up("up", stack.plan, faults) and runner.unchanged(tr("up again"), session.up, stack.plan)
            if alive and then is not None:
                session.configure(then.given)
                alive = runner.update(then.plan)
            if alive:
                runner.known()
                runner.unchanged("refresh", session.refresh, (then or stack).plan)
            runner.destroy((then or stack).plan)
        kept = tuple(left(session.world))
    return Cycle(tuple(runner.steps), kept, tuple(runner.problems))


class Runner:
    """Takes one step after the other and notes what should have been otherwise."""

    def __init__(self, session: EngineSession, begins: Callable[[str], None] = lambda _: None) -> None:
        self.steps: list[CycleStep] = []
        self.problems: list[str] = []
        self._session = session
        self._begins = begins

    def preview(self, plan: Plan, faults: Sequence[Fault]) -> bool:
        outcome = self._take("preview", self._session.preview, plan)
        misnamed = list(_misnamed(faults, outcome))
        self.problems += misnamed
        return not misnamed and self._succeeded("preview", outcome)

    def up(self, title: str, plan: Plan, faults: Sequence[Fault] = ()) -> bool:
        """One `up`, and one more for each time that a fault stops it."""
        left_over = list(faults)
        step = title
        outcome = self._take(step, lambda: self._session.up(left_over), plan)
        while outcome.error and (hit := {each.resource for each in left_over} & {each.name for each in outcome.failed}):
            left_over = [
                replace(each, times=each.times - (each.resource in hit))
                for each in left_over
                if each.times > 1 or each.resource not in hit
            ]
            step = tr("{step} after the failure", step=title)
            outcome = self._take(step, lambda: self._session.up(left_over), plan)  # noqa: B023  called at once
        return self._succeeded(step, outcome)

    def update(self, plan: Plan) -> bool:
        """Preview and make the change of the stack file, which then has nothing left to do."""
        previewed = self._take(tr("preview of the update"), self._session.preview, plan)
        return (
            self._succeeded(tr("preview of the update"), previewed)
            and self.up("update", plan)
            and self.unchanged(tr("update again"), self._session.up, plan)
        )

    def unchanged(self, title: str, operate: Callable[[], EngineOutcome], plan: Plan) -> bool:
        """A step that must find nothing to do."""
        outcome = self._take(title, operate, plan)
        for each in outcome.changed:
            paths = ", ".join(path for path, _ in each.changes)
            self.problems.append(
                tr(
                    "{title} should change nothing, but would {verdict} {name} ({paths})",
                    title=title,
                    verdict=each.verdict,
                    name=each.name,
                    paths=paths,
                )
            )
        return self._succeeded(title, outcome)

    def known(self) -> None:
        """Everything in the cloud has to be in the state, or else it runs and is billed for ever."""
        self.problems += [
            tr("the state does not know {name} ({id})", name=each.name, id=each.id) for each in self._session.orphans()
        ]

    def destroy(self, plan: Plan) -> EngineOutcome:
        """The end. What stays in the cloud has to be what the stack file wants to be kept."""
        outcome = self._take("destroy", self._session.destroy, plan)
        self._succeeded("destroy", outcome)
        retained = {each.name for each in outcome.operations if each.retained}
        self.problems += _unwanted(left(self._session.world), retained, keeps=plan.retain)
        return outcome

    def _take(self, title: str, operate: Callable[[], EngineOutcome], plan: Plan) -> EngineOutcome:
        self._begins(title)
        outcome = operate()
        means = () if title in ("preview", "destroy") else consequences(outcome.changed, plan)
        self.steps.append(CycleStep(title, outcome, tuple(means)))
        return outcome

    def _succeeded(self, title: str, outcome: EngineOutcome) -> bool:
        if outcome.error:
            why = "; ".join(outcome.complaints[:3]) or outcome.error.strip().splitlines()[-1]
            self.problems.append(tr("{title} failed: {why}", title=title, why=why))
        return not outcome.error


def _unwanted(kept: Sequence[str], retained: set[str], *, keeps: bool) -> Iterator[str]:
    for text in kept:
        name = text.partition(" (")[0]
        volume = " of claim " in text
        if name not in retained and not (volume and keeps):
            yield tr("destroy left behind: {text}", text=text)


def _misnamed(faults: Sequence[Fault], preview: EngineOutcome) -> Iterator[str]:
    """Faults for resources that the stack does not have."""
    known = [each.name for each in preview.operations if each.custom]
    for fault in faults:
        if fault.resource not in known:
            nearest = closest(fault.resource, known)
            hint = tr("; did you mean {nearest}?", nearest=nearest) if nearest else ""
            yield tr("no resource of this stack is called {resource}{hint}", resource=fault.resource, hint=hint)
