"""What a change costs the people who use the stack: GPUs that go, minutes without answers, bytes fetched again."""

from collections.abc import Iterator, Sequence

from planner.plan.types import ModelPlan, Plan
from planner.storage.decide import MODEL_CLAIM, WEBUI_CLAIM
from rehearsal.kinds import CLAIM, CLUSTER, JOB, display_name, find, seconds_of
from rehearsal.pulumi_engine.outcome import Operation
from rehearsal.registration import Registration
from rehearsal.subjects import instance_of, model_of, pool_of
from settings.translation import tr, trn


def consequences(operations: Sequence[Operation], plan: Plan) -> list[tuple[str, str]]:
    """Name of a resource and what its change means, for those that mean something. `plan` is that of the new stack."""
    return [(each.name, text) for each in operations if (text := next(_told(each, plan), ""))]


def registration(operation: Operation) -> Registration:
    """The resource of an operation in the form in which the clock and the tree know it."""
    return Registration(
        type=operation.type,
        name=operation.name,
        urn=operation.urn,
        parent="",
        custom=True,
        inputs=operation.inputs,
        id="",
        outputs=operation.inputs,
    )


def _told(operation: Operation, plan: Plan) -> Iterator[str]:
    made, kind, verdict = registration(operation), find(operation.type), operation.verdict
    model = model_of(made, plan)
    if kind.role == "pool" and verdict == "replace":
        yield _pool(made, plan)
    elif kind is CLUSTER and verdict == "replace":
        yield tr("replaces the cluster, and all that runs in it")
    elif kind is CLAIM and verdict in ("replace", "delete"):
        yield _claim(operation, plan)
    elif kind is JOB and model is not None and verdict in ("create", "replace"):
        yield tr(
            "downloads {name}: about {minutes}, less where files are there already",
            name=model.name,
            minutes=_minutes(seconds_of(made, plan)),
        )
    elif kind.role == "workload" and model is not None and verdict in ("update", "replace"):
        yield from _server(operation, model, plan)


def _pool(made: Registration, plan: Plan) -> str:
    seconds, pool = seconds_of(made, plan), pool_of(made, plan)
    if pool is None:
        return tr("replaces the CPU nodes: about {minutes} without the chat page", minutes=_minutes(seconds))
    starts = [_start(model, plan) for model in plan.models.values() if model.pool == pool.name]
    gpus = round(pool.gpus_per_node * pool.min_nodes)
    down = _minutes(seconds + max(starts, default=0.0))
    return trn(
        "replaces the GPU pool {name}: {number} GPU, about {minutes} down",
        "replaces the GPU pool {name}: {number} GPUs, about {minutes} down",
        gpus,
        name=pool.name,
        minutes=down,
    )


def _claim(operation: Operation, plan: Plan) -> str:
    made = registration(operation)
    if operation.retained or plan.retain:
        return tr("leaves the volume behind and starts with an empty one")
    if instance_of(made) == MODEL_CLAIM:
        files = (each for model in plan.models.values() for each in model.downloads)
        size = sum({each.directory: each.bytes for each in files}.values())
        return tr("empties the model store: {size:.0f} GB are downloaded again", size=size / 1e9)
    if instance_of(made) == WEBUI_CLAIM:
        return tr("deletes the accounts and chats of Open WebUI")
    return tr("empties {name}", name=display_name(made))


def _server(operation: Operation, model: ModelPlan, plan: Plan) -> Iterator[str]:
    paths = [path for path, _ in operation.changes]
    if operation.verdict == "update" and not any(path.startswith(find(operation.type).pods) for path in paths):
        return
    pulls = any(path.endswith("].image") for path in paths)
    start = _start(model, plan) if pulls else plan.durations[f"load:{model.name}"]
    if operation.verdict == "replace" or model.strategy == "Recreate" or not model.max_surge:
        yield tr(
            "restarts {name}: about {minutes} without answers where there is one replica",
            name=model.name,
            minutes=_minutes(start),
        )
    else:
        yield tr(
            "rolls {name} over: new pods beside the old ones, about {minutes}", name=model.name, minutes=_minutes(start)
        )


def _start(model: ModelPlan, plan: Plan) -> float:
    return plan.durations[f"pull:{model.name}"] + plan.durations[f"load:{model.name}"]


def _minutes(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return trn("{number} minute", "{number} minutes", minutes)
