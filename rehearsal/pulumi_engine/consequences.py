"""What a change costs the people who use the stack: GPUs that go, minutes without answers, bytes fetched again."""

from collections.abc import Iterator, Sequence

from planner.plan.types import ModelPlan, Plan
from rehearsal.durations import Durations, is_gpu_pool, served_model
from rehearsal.pulumi_engine.acceptance import POOLS
from rehearsal.pulumi_engine.outcome import Operation
from rehearsal.registration import Registration
from rehearsal.tree import display_name

_MODEL_CLAIM = "-models-claim"
_WEBUI_CLAIM = "-webui-claim"


def consequences(operations: Sequence[Operation], plan: Plan, durations: Durations) -> list[tuple[str, str]]:
    """Name of a resource and what its change means, for those that mean something. `plan` is that of the new stack."""
    return [(each.name, text) for each in operations if (text := next(_told(each, plan, durations), ""))]


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


def _told(operation: Operation, plan: Plan, durations: Durations) -> Iterator[str]:
    made = registration(operation)
    kind = operation.type.partition(":")[2]
    if kind in POOLS and operation.verdict == "replace":
        yield _pool(operation, made, plan, durations)
    elif kind == "Kubernetes/cluster:Cluster" and operation.verdict == "replace":
        yield "replaces the cluster, and all that runs in it"
    elif kind == "core/v1:PersistentVolumeClaim" and operation.verdict in ("replace", "delete"):
        yield _claim(operation, plan)
    elif kind == "batch/v1:Job" and operation.verdict in ("create", "replace"):
        model = served_model(made, plan)
        if model is not None:
            yield f"downloads {model.name}: about {_minutes(durations.of(made))}, less where files are there already"
    elif kind == "apps/v1:Deployment" and operation.verdict in ("update", "replace"):
        model = served_model(made, plan)
        if model is not None:
            yield from _server(operation, model, durations)


def _pool(operation: Operation, made: Registration, plan: Plan, durations: Durations) -> str:
    seconds = durations.of(made)
    pool = next((each for each in plan.pools.values() if f"-{each.name}-pool" in operation.name), None)
    if not is_gpu_pool(made) or pool is None:
        return f"replaces the CPU nodes: about {_minutes(seconds)} without the chat page"
    starts = [_start(model, durations) for model in plan.models.values() if model.pool == pool.name]
    gpus = round(pool.gpus_per_node * pool.min_nodes)
    down = _minutes(seconds + max(starts, default=0.0))
    return f"replaces the GPU pool {pool.name}: {gpus} {'GPU' if gpus == 1 else 'GPUs'}, about {down} down"


def _claim(operation: Operation, plan: Plan) -> str:
    if operation.retained or plan.retain:
        return "leaves the volume behind and starts with an empty one"
    if operation.name.endswith(_MODEL_CLAIM):
        files = (each for model in plan.models.values() for each in model.downloads)
        size = sum({each.directory: each.bytes for each in files}.values())
        return f"empties the model store: {size / 1e9:.0f} GB are downloaded again"
    if operation.name.endswith(_WEBUI_CLAIM):
        return "deletes the accounts and chats of Open WebUI"
    return f"empties {display_name(registration(operation))}"


def _server(operation: Operation, model: ModelPlan, durations: Durations) -> Iterator[str]:
    paths = [path for path, _ in operation.changes]
    if operation.verdict == "update" and not any(path.startswith("spec.template") for path in paths):
        return
    pulls = any(path.endswith("].image") for path in paths)
    start = _start(model, durations) if pulls else durations.named(f"load:{model.name}")
    if operation.verdict == "replace" or model.strategy == "Recreate" or not model.max_surge:
        yield f"restarts {model.name}: about {_minutes(start)} without answers where there is one replica"
    else:
        yield f"rolls {model.name} over: new pods beside the old ones, about {_minutes(start)}"


def _start(model: ModelPlan, durations: Durations) -> float:
    return durations.named(f"pull:{model.name}") + durations.named(f"load:{model.name}")


def _minutes(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} minute{'' if minutes == 1 else 's'}"
