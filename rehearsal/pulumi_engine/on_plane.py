"""A stack under the engine on a control plane: up, and with a second stack file the update to it, and down."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from catalog.load import Catalog
from planner.plan.types import Plan
from rehearsal.cluster.objects import Ref
from rehearsal.cluster.rest import Interruption, Left, NotReady, Rest, at_rest, interruption, left_over
from rehearsal.cluster.usage import Usage, usage
from rehearsal.control_plane.plane import Access
from rehearsal.kind import is_object
from rehearsal.pulumi_engine.cycle import CycleStep, Proved, Runner
from rehearsal.pulumi_engine.faults import Fault
from rehearsal.pulumi_engine.objects import object_ref
from rehearsal.pulumi_engine.session import EngineSession
from rehearsal.pulumi_engine.world import CloudState, Warned


@dataclass(frozen=True)
class Standing:
    """The stack at rest after an operation: what is not ready, who runs where, what the API server warned of."""

    not_ready: tuple[NotReady, ...]
    usage: Usage
    warnings: tuple[Warned, ...]


@dataclass(frozen=True)
class OnPlane:
    """All of it. Without a second stack file, or where the first does not get ready, there was only `up`."""

    version: str
    steps: tuple[CycleStep, ...]
    problems: tuple[str, ...]
    up: Standing
    update: Standing | None = None
    interruption: Interruption | None = None
    left: Left | None = None

    @property
    def ready(self) -> bool:
        standing = [each for each in (self.up, self.update) if each is not None]
        forgotten = self.left is not None and self.left.forgotten
        return not (self.problems or forgotten or any(each.not_ready for each in standing))


def run_on_plane(
    session: EngineSession,
    stack: Proved,
    wait: Callable[[], Access],
    catalog: Catalog,
    *,
    then: Proved | None = None,
    faults: Sequence[Fault] = (),
) -> OnPlane:
    """As `cycle.run`, with the cluster on a control plane, and without what proves nothing more there. The `session` of
    the stack is not open yet; it opens while the control plane, for which one can `wait`, starts.

    Raises `WorkerError` where the engine cannot be driven at all, and what `wait` raises.
    """
    with session, (access := wait()).api() as api:
        session.attach(access)
        runner = Runner(session)
        alive = (runner.preview(stack.plan, faults) if faults else True) and runner.up("up", stack.plan, faults)
        first = at_rest(api, catalog, object_refs(session.world))
        version = str(api.get("/version")["gitVersion"])
        up = _standing(first, stack.plan, catalog, session.world)
        if then is None or not alive or first.not_ready:
            return OnPlane(version, tuple(runner.steps), tuple(runner.problems), up)
        session.configure(then.given)
        runner.up("update", then.plan)
        made = {object_ref(each): each.urn for each in session.world.resources.values() if is_object(each.type)}
        second = at_rest(api, catalog, list(made))
        standing = _standing(second, then.plan, catalog, session.world)
        destroyed = runner.destroy(then.plan)
        retained = {each.urn for each in destroyed.operations if each.retained}
        return OnPlane(
            version,
            tuple(runner.steps),
            tuple(runner.problems),
            up,
            standing,
            interruption(first.state, second.state, list(made)),
            left_over(api, list(made), [each for each, urn in made.items() if urn in retained], made_pools(then.plan)),
        )


def made_pools(plan: Plan) -> list[str]:
    """The pools that the stack makes, and does not find there."""
    return [pool.name for pool in plan.pools.values() if pool.kind != "existing"]


def object_refs(world: CloudState) -> list[Ref]:
    """The objects of the stack that are in the cluster."""
    return [object_ref(each) for each in world.resources.values() if is_object(each.type)]


def _standing(rest: Rest, plan: Plan, catalog: Catalog, world: CloudState) -> Standing:
    return Standing(rest.not_ready, usage(rest.state, plan, catalog), tuple(dict.fromkeys(world.warnings)))
