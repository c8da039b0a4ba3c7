"""Whether an engine makes a model do what it is asked for."""

from collections.abc import Iterator

from planner.engines.engine import Engine
from planner.model import task_codes as codes
from planner.model.facts import KINDS, TASKS, ModelFacts
from settings.diagnostics import Diagnostic


def check_task(section: str, facts: ModelFacts, engine: Engine) -> Iterator[Diagnostic]:
    """What stands against the task of the model described in `section`."""
    path, own = f"{section}.task", TASKS[facts.kind]
    converted = facts.task != own
    if facts.task == "chat" or (not converted and facts.task in engine.tasks):
        return
    if converted and (facts.kind, facts.task) in engine.converts:
        yield codes.task_untrained(path, model=facts.id, kind=KINDS[facts.kind], task=facts.task, title=engine.title)
    else:
        able = [task for kind, task in sorted(engine.converts) if kind == facts.kind]
        able += [own] if own in ("chat", *engine.tasks) else []
        yield codes.task_not_for_model(
            path, model=facts.id, kind=KINDS[facts.kind], task=facts.task, title=engine.title, able=able
        )
