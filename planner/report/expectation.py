"""What the plan lets one expect of a model's speed: bounds that follow from memory, not estimates."""

from dataclasses import dataclass

from catalog.load import Catalog
from planner.plan.types import ModelPlan, Plan
from settings.translation import tr

GIB = 2**30


@dataclass(frozen=True)
class Expectation:
    """Of one replica. `kv_tokens`: room of the KV cache, all requests together. `requests`: how many of the full
    context fit at once. `decode_bound`: tokens per second of a single request that no engine exceeds without
    speculation, since each token reads the weights once. None: not known, and `unknown` says why."""

    kv_tokens: int | None
    requests: float | None
    decode_bound: float | None
    unknown: tuple[str, ...] = ()


def expectation(name: str, plan: Plan, catalog: Catalog) -> Expectation:
    """What to expect of the model with this key. A model without a GPU has no bound that the catalogue knows."""
    model = plan.models[name]
    unknown = []
    length = model.max_model_len if model.memory.kv_one_sequence > 0 else None
    if length is None:
        unknown.append(tr("the engine takes the context that fits, so the room of the KV cache is its own choice"))
    bound, why = _decode_bound(model, plan, catalog)
    return Expectation(
        kv_tokens=None if length is None else int(model.concurrency * length),
        requests=None if length is None else model.concurrency,
        decode_bound=bound,
        unknown=(*unknown, *([why] if why else [])),
    )


def _decode_bound(model: ModelPlan, plan: Plan, catalog: Catalog) -> tuple[float | None, str]:
    pool = plan.pools[model.pool]
    gpu = catalog.gpus.get(pool.gpu or "")
    if gpu is None or gpu.bandwidth_gbs is None or not model.gpus:
        return None, tr("the catalogue has no memory bandwidth for {gpu}", gpu=pool.gpu or tr("a CPU"))
    share = _share_read(model, catalog)
    if share is None:
        return None, tr(
            "how much of {model_id} is active for one token is not in the catalogue", model_id=model.model_id
        )
    # The stages of a pipeline work one after the other on one token, the GPUs of one stage at once.
    return gpu.bandwidth_gbs * 1e9 * model.tensor_parallel * model.data_parallel / (model.weights_gib * GIB * share), ""


def _share_read(model: ModelPlan, catalog: Catalog) -> float | None:
    entry = catalog.models.get(model.family)
    if entry is None or entry.architecture.experts is None:
        return 1.0 if entry is not None else None
    return entry.active_b / entry.parameters_b if entry.active_b and entry.parameters_b else None
