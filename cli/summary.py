"""What a plan decided, in few words, for people."""

from cli.language import tr, trn
from cli.text import Line, duration, facts, heading, size
from planner.plan.types import ClusterPlan, ModelPlan, Plan, PoolPlan

_FEW = 3
"""Models that have two lines each in the short summary; where there are more, each has one."""


def summary(plan: Plan, *, short: bool) -> list[Line]:
    """The place, the cluster, the pools and the models of the plan; `short` of the models only what they are and what
    they have."""
    return [(), *facts(short_rows(plan) if short else rows(plan))]


def rows(plan: Plan) -> list[tuple[str, str]]:
    """The same as names and values; what has several lines has its name on each."""
    models = [(_named(model), text) for model in plan.models.values() for text in _model(model, plan)]
    return [*_place(plan), *_pools(plan), *models, *_webui(plan), *_order(plan)]


def short_rows(plan: Plan) -> list[tuple[str, str]]:
    """The rows of a short summary."""
    models = [(_named(model), text) for model in plan.models.values() for text in _short_model(model, plan)]
    return [*_place(plan), *_pools(plan), *models, *_webui(plan), *_order(plan)]


def reasons(plan: Plan) -> list[Line]:
    """Why each number is what it is."""
    if not plan.reasons:
        return []
    rows = (
        (each.subject.removeprefix("models."), tr("{choice}: {because}", choice=each.choice, because=each.because))
        for each in plan.reasons
    )
    return [*heading(tr("Why")), *facts(rows)]


def _place(plan: Plan) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    if plan.network:
        zones = ", ".join(subnet.zone for subnet in plan.network.subnets)
        region, vpc = plan.region or tr("region unknown"), plan.network.vpc_id or plan.network.cidr
        nat = tr("no NAT gateway")
        if plan.network.nat_bandwidth:
            nat = tr("NAT gateway {mbps} Mbps", mbps=plan.network.nat_bandwidth)
        network = tr("{region}: {zones}; VPC {vpc}, {nat}", region=region, zones=zones, vpc=vpc, nat=nat)
        rows.append((tr("network"), network))
    cluster = plan.cluster
    if isinstance(cluster, ClusterPlan):
        shape = f"TKE {cluster.version} ({cluster.level}, {cluster.network_mode})"
        access = tr("intranet endpoint") if cluster.api_allow is None else tr("public endpoint")
        system = cluster.system_pool
        rows.append((tr("cluster"), tr("{cluster}, {endpoint}", cluster=shape, endpoint=access)))
        rows.append((tr("system pool"), f"{system.nodes} x {system.instance_type}"))
    else:
        rows.append((tr("cluster"), tr("one that exists")))
    store = plan.storage
    values = {"kind": store.kind, "gib": store.request_gib, "speed": store.read_mbps}
    rows.append((tr("model store"), tr("{kind}, {gib} GiB, reads {speed:.0f} MB/s", **values)))
    return rows


def _pools(plan: Plan) -> list[tuple[str, str]]:
    return [(tr("pool {name}", name=pool.name), _pool(pool, plan)) for pool in plan.pools.values()]


def _pool(pool: PoolPlan, plan: Plan) -> str:
    if pool.kind == "super":
        values = {"gpu": pool.gpu_type, "disk": pool.disk_gib}
        return tr("super node, {gpu}; each pod is a machine of its own, disk {disk} GiB", **values)
    gpus = f"{pool.gpus_per_node:g} x {pool.gpu}" if pool.gpu else tr("no GPU")
    if pool.kind == "existing":
        return tr("nodes that exist, {gpus} each", gpus=gpus)
    nodes = str(pool.min_nodes)
    if pool.min_nodes != pool.max_nodes:
        nodes = tr("{least} to {most}", least=pool.min_nodes, most=pool.max_nodes)
    nodes = tr("paused: none of {number}", number=nodes) if plan.paused else nodes
    values = {"kind": pool.kind, "nodes": nodes, "machine": pool.instance_type, "gpus": gpus, "disk": pool.disk_gib}
    return tr("{kind}, {nodes} x {machine} with {gpus}, disk {disk} GiB", **values)


def _named(model: ModelPlan) -> str:
    return tr("model {name}", name=model.name)


def _served(model: ModelPlan) -> str:
    values = {"model": model.model_id, "engine": model.engine}
    if model.task in _PATHS:
        return tr("{model} on {engine}, at {path}", path=_PATHS[model.task], **values)
    return tr("{model} on {engine}", **values)


_PATHS = {"embed": "/v1/embeddings", "rerank": "/v1/rerank"}
"""Where a model answers that does not chat."""


def _replicas(model: ModelPlan, plan: Plan) -> str:
    replicas = trn("{number} replica", "{number} replicas", model.min_replicas)
    if model.autoscaled:
        replicas = tr("{least} to {most} replicas", least=model.min_replicas, most=model.max_replicas)
    return tr("paused: none of {number}", number=replicas) if plan.paused else replicas


def _gpus(model: ModelPlan) -> str:
    if not model.gpus:
        return tr("on CPU")
    return trn(
        "{number} GPU of pool {pool} per replica",
        "{number} GPUs of pool {pool} per replica",
        model.gpus,
        pool=model.pool,
    )


def _parallel(model: ModelPlan) -> str:
    ways = [tr("tensor parallel {number}", number=model.tensor_parallel)]
    if model.pipeline_parallel > 1:
        ways.append(tr("pipeline parallel {number}", number=model.pipeline_parallel))
    if model.data_parallel > 1:
        ways.append(tr("data parallel {number}", number=model.data_parallel))
    if model.expert_parallel:
        ways.append(tr("expert parallel"))
    return tr(", ").join(ways)


def _weights(model: ModelPlan) -> str:
    memory = model.memory
    values = {"format": model.format, "weights": memory.weights, "limit": memory.limit}
    if model.gpus:
        return tr("{format} weights take {weights:.1f} of {limit:.1f} GiB per GPU", **values)
    return tr("{format} weights take {weights:.1f} of {limit:.1f} GiB of memory", **values)


def _short_model(model: ModelPlan, plan: Plan) -> list[str]:
    values = {"replicas": _replicas(model, plan), "gpus": _gpus(model)}
    if len(plan.models) > _FEW:
        gpus = trn("{number} GPU of pool {pool}", "{number} GPUs of pool {pool}", model.gpus, pool=model.pool)
        values["gpus"] = gpus if model.gpus else values["gpus"]
        return [tr("{model} on {engine}: {replicas}, {gpus}", model=model.model_id, engine=model.engine, **values)]
    has = tr("{replicas}; {gpus}; {context}", context=_context(model), **values)
    return [_served(model), has]


def _model(model: ModelPlan, plan: Plan) -> list[str]:
    has = tr("{replicas}; {gpus}", replicas=_replicas(model, plan), gpus=_gpus(model))
    start, files = duration(model.startup_seconds), model.download
    fetched = {"size": size(files.bytes), "time": duration(files.seconds), "start": start}
    return [
        _served(model),
        tr("{has}, {parallel}", has=has, parallel=_parallel(model)) if model.gpus else has,
        tr("{dtype}; {weights}", dtype=model.dtype, weights=_weights(model)),
        *([tr("speculates by {what}", what=model.speculative)] if model.speculative else []),
        *([tr("with adapters {names}", names=", ".join(model.adapters))] if model.adapters else []),
        tr(
            "{context}; {number:.1f} requests of that length at a time",
            context=_context(model),
            number=model.concurrency,
        ),
        tr("download {size} in about {time}; at most {start} to start", **fetched),
    ]


def _context(model: ModelPlan) -> str:
    if model.max_model_len is None and model.task != "chat":
        said = tr("texts as long as the model takes")
    elif model.max_model_len is None:
        said = tr("context as long as the engine finds room for")
    else:
        said = tr("context {number:,} tokens", number=model.max_model_len)
    if model.kv_cache_dtype != "auto":
        said = tr("{context}, cache in {type}", context=said, type=model.kv_cache_dtype)
    if model.kv_offload_gib:
        said = tr("{context}, {gib} GiB more in the machine's memory", context=said, gib=model.kv_offload_gib)
    return said


def _webui(plan: Plan) -> list[tuple[str, str]]:
    if plan.webui is None:
        return [(tr("chat page"), tr("none"))]
    via = "port-forward" if plan.exposure is None else plan.exposure.via
    replicas = trn("{number} replica", "{number} replicas", plan.webui.replicas)
    return [(tr("chat page"), tr("Open WebUI, {replicas}, reached by {via}", replicas=replicas, via=via))]


def _order(plan: Plan) -> list[tuple[str, str]]:
    because = tr("{choice}: {because}", choice=plan.order.chosen, because=plan.order.because)
    return [(tr("order"), because), *([(tr("forced"), ", ".join(plan.forced))] if plan.forced else [])]
