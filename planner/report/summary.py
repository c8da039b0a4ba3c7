"""The plan in short, as plain values: the stack's output `plan`."""

from typing import Any

from planner.plan.access import OfInstance
from planner.plan.monitoring import MonitoringPlan
from planner.plan.types import ModelPlan, Plan, PoolPlan


def summary(plan: Plan) -> dict[str, Any]:
    """What was decided, for people and scripts that read stack outputs. JSON values only, and no secret."""
    return {
        "order": plan.order.chosen,
        "paused": plan.paused,
        "pools": {name: _pool(pool) for name, pool in plan.pools.items()},
        "models": {name: _model(model) for name, model in plan.models.items()},
        "forced": list(plan.forced),
        "warnings": [f"{each.path}: {each.message}" for each in plan.warnings],
        **({} if plan.monitoring is None else {"monitoring": _monitoring(plan.monitoring)}),
    }


def _monitoring(plan: MonitoringPlan) -> dict[str, str]:
    """Where Prometheus is asked: in a namespace, or at Tencent Cloud."""
    if plan.managed is not None or isinstance(plan.scraper, OfInstance):
        return {"via": "tmp"}
    return {"namespace": plan.scraper.name}


def _pool(pool: PoolPlan) -> dict[str, Any]:
    return {
        "kind": pool.kind,
        "machine": pool.instance_type or pool.gpu_type,
        "gpu": pool.gpu,
        "gpusPerNode": pool.gpus_per_node,
        "nodes": {"min": pool.min_nodes, "max": pool.max_nodes},
        "diskGiB": pool.disk_gib,
    }


def _tuning(model: ModelPlan) -> dict[str, int | str]:
    """What the stack file sets of the engine, beyond its own defaults."""
    tuned = {
        "maxNumSeqs": model.max_num_seqs,
        "maxNumBatchedTokens": model.max_num_batched_tokens,
        "kvOffloadGiB": model.kv_offload_gib,
        "speculative": model.speculative,
        "adapters": ", ".join(model.adapters) or None,
    }
    return {name: number for name, number in tuned.items() if number is not None}


def _model(model: ModelPlan) -> dict[str, Any]:
    return {
        "model": model.model_id,
        "engine": model.engine,
        "image": model.spec.image,
        "pool": model.pool,
        "gpus": model.gpus,
        "tensorParallel": model.tensor_parallel,
        "pipelineParallel": model.pipeline_parallel,
        "dataParallel": model.data_parallel,
        "expertParallel": model.expert_parallel,
        "dtype": model.dtype,
        "kvCacheDtype": model.kv_cache_dtype,
        "maxModelLen": model.max_model_len or 0,
        **_tuning(model),
        "replicas": {"min": model.min_replicas, "max": model.max_replicas},
        "downloadGiB": round(sum(each.bytes for each in model.downloads) / 2**30, 1),
        "downloadMinutes": round(max(each.seconds for each in model.downloads) / 60, 1),
        "startupMinutes": round(model.startup_seconds / 60, 1),
    }
