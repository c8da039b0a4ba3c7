"""What a plan decided, in few words, for people."""

from cli.text import Line, count, duration, facts, heading, size
from planner.plan.types import ClusterPlan, ModelPlan, Plan, PoolPlan


def summary(plan: Plan) -> list[Line]:
    """The place, the cluster, the pools and the models of the plan."""
    return [(), *facts(rows(plan))]


def rows(plan: Plan) -> list[tuple[str, str]]:
    """The same as names and values; what has several lines has its name on each."""
    return [
        *_place(plan),
        *((f"pool {pool.name}", text) for pool in plan.pools.values() for text in _pool(pool, plan)),
        *((f"model {model.name}", text) for model in plan.models.values() for text in _model(model, plan)),
        *_webui(plan),
        ("order", f"{plan.order.chosen}: {plan.order.because}"),
        *([("forced", ", ".join(plan.forced))] if plan.forced else []),
    ]


def reasons(plan: Plan) -> list[Line]:
    """Why each number is what it is."""
    if not plan.reasons:
        return []
    rows = ((each.subject.removeprefix("models."), f"{each.choice}: {each.because}") for each in plan.reasons)
    return [*heading("Why"), *facts(rows)]


def _place(plan: Plan) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    if plan.network:
        zones = ", ".join(subnet.zone for subnet in plan.network.subnets)
        vpc = f"VPC {plan.network.vpc_id or plan.network.cidr}"
        nat = f", NAT gateway {plan.network.nat_bandwidth} Mbps" if plan.network.nat_bandwidth else ", no NAT gateway"
        rows.append(("network", f"{plan.region or 'region unknown'}: {zones}; {vpc}{nat}"))
    cluster = plan.cluster
    if isinstance(cluster, ClusterPlan):
        access = "intranet" if cluster.api_allow is None else "public"
        system = cluster.system_pool
        rows.append(("cluster", f"TKE {cluster.version} ({cluster.level}, {cluster.network_mode}), {access} endpoint"))
        rows.append(("system pool", f"{system.nodes} x {system.instance_type}"))
    else:
        rows.append(("cluster", "one that exists"))
    store = plan.storage
    rows.append(("model store", f"{store.kind}, {store.request_gib} GiB, reads {store.read_mbps:.0f} MB/s"))
    return rows


def _pool(pool: PoolPlan, plan: Plan) -> list[str]:
    if pool.kind == "super":
        return [f"super node, {pool.gpu_type}; each pod is a machine of its own, disk {pool.disk_gib} GiB"]
    gpus = f"{pool.gpus_per_node:g} x {pool.gpu}" if pool.gpu else "no GPU"
    if pool.kind == "existing":
        return [f"nodes that exist, {gpus} each"]
    nodes = str(pool.min_nodes) if pool.min_nodes == pool.max_nodes else f"{pool.min_nodes} to {pool.max_nodes}"
    if plan.paused:
        nodes = f"paused: none of {nodes}"
    return [f"{pool.kind}, {nodes} x {pool.instance_type} with {gpus}, disk {pool.disk_gib} GiB"]


USES = {"embed": ", at /v1/embeddings", "rerank": ", at /v1/rerank"}
"""Where a model answers that does not chat."""


def _model(model: ModelPlan, plan: Plan) -> list[str]:
    parallel = f"tensor parallel {model.tensor_parallel}"
    if model.pipeline_parallel > 1:
        parallel += f", pipeline parallel {model.pipeline_parallel}"
    if model.data_parallel > 1:
        parallel += f", data parallel {model.data_parallel}"
    if model.expert_parallel:
        parallel += ", expert parallel"
    gpus = f"{count(model.gpus, 'GPU')} of pool {model.pool} per replica, {parallel}" if model.gpus else "on CPU"
    replicas = (
        f"{model.min_replicas} to {model.max_replicas} replicas"
        if model.autoscaled
        else count(model.min_replicas, "replica")
    )
    if plan.paused:
        replicas = f"paused: none of {replicas}"
    memory, start = model.memory, duration(model.startup_seconds)
    where = "per GPU" if model.gpus else "of memory"
    return [
        f"{model.model_id} on {model.engine}{USES.get(model.task, '')}",
        f"{replicas}; {gpus}",
        f"{model.dtype}; {model.format} weights take {memory.weights:.1f} of {memory.limit:.1f} GiB {where}",
        *([f"speculates by {model.speculative}"] if model.speculative else []),
        *([f"with adapters {', '.join(model.adapters)}"] if model.adapters else []),
        f"{_context(model)}; {model.concurrency:.1f} requests of that length at a time",
        f"download {size(model.download.bytes)} in about {duration(model.download.seconds)}; at most {start} to start",
    ]


def _context(model: ModelPlan) -> str:
    cache = "" if model.kv_cache_dtype == "auto" else f", cache in {model.kv_cache_dtype}"
    cache += f", {model.kv_offload_gib} GiB more in the machine's memory" if model.kv_offload_gib else ""
    if model.max_model_len is None and model.task != "chat":
        return "texts as long as the model takes"
    if model.max_model_len is None:
        return f"context as long as the engine finds room for{cache}"
    return f"context {model.max_model_len:,} tokens{cache}"


def _webui(plan: Plan) -> list[tuple[str, str]]:
    if plan.webui is None:
        return [("chat page", "none")]
    via = "port-forward" if plan.exposure is None else plan.exposure.via
    return [("chat page", f"Open WebUI, {count(plan.webui.replicas, 'replica')}, reached by {via}")]
