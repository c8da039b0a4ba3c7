"""What can be wrong with the room that a pool has for the replicas of its models."""

from collections.abc import Mapping

from settings.diagnostics import Text, error, note
from settings.translation import joined, tr


@error(
    meaning=tr("The replicas of all models on a pool need more nodes than it may have."),
    example="pools: {gpu: {instanceType: PNV4.7XLARGE116, nodes: 1}}\n"
    "models: {chat: {model: Qwen/Qwen3-8B, replicas: 2}}",
    fix=tr("Raise the pool's nodes, use machines with more GPUs, or lower the replicas of what has several."),
    source="planner/serving/capacity.py (pods are packed largest first)",
)
def pool_too_small(
    *,
    pool: str,
    nodes: int,
    needed: int,
    asked: str,
    grown: int | Mapping[str, int] | None,
    most: int,
    larger: str | None,
    several: bool,
) -> Text:
    """`asked`: what each model asks for; `grown` is the pool's `nodes` that suffice, None where that is more than the
    `most` that a pool has; `larger`: machines of which as many as there are suffice, in words; `several`: a model has
    more replicas than one, which may be lowered."""
    ways: list[tuple[str, str]] = []
    if grown is not None:
        ways.append((tr("Let the pool have {needed} nodes", needed=needed), ""))
    if larger:
        ways.append((tr("Use {larger}", larger=larger), tr("use {larger}", larger=larger)))
    if several:
        ways.append((tr("Lower the replicas"), tr("lower the replicas")))
    (first, _), *others = ways or [(tr("Put one of the models on another pool"), "")]
    return Text(
        message=tr(
            "Pool {pool} grows to {nodes} node(s), but its models ({asked}) need {needed}.",
            pool=pool,
            nodes=nodes,
            asked=asked,
            needed=needed,
        )
        + (tr(" A pool has {most} nodes at most.", most=most) if grown is None else ""),
        remedy=tr("{ways}.", ways=joined([first, *(way for _, way in others)], tr(", or "))),
        given=str(nodes),
        allowed=tr("what {most} nodes hold", most=most) if grown is None else tr("{needed} or more", needed=needed),
        fix=() if grown is None else (("", grown),),
    )


@note(
    meaning=tr("Half a machine's GPUs or more serve no model, and are paid for."),
    example="pools: {gpu: {instanceType: PNV4.28XLARGE466}}    # 4 x A10\nmodels: {chat: {model: Qwen/Qwen3-8B}}",
    fix=tr("Raise the replicas, add a model, or use a machine with fewer GPUs."),
    source="planner/serving/capacity.py",
)
def gpus_idle(*, pool: str, idle: int, gpus: int) -> Text:
    return Text(
        message=tr(
            "{idle} of the {gpus} GPUs of pool {pool} are paid for but serve nothing.", idle=idle, gpus=gpus, pool=pool
        ),
        remedy=tr("Raise the replicas, or use a machine with fewer GPUs."),
        given=str(gpus),
    )


@error(
    meaning=tr("Autoscaling may ask for more replicas than the pool has room for."),
    example="pools: {gpu: {instanceType: PNV4.7XLARGE116, nodes: {min: 1, max: 2}}}\n"
    "models: {chat: {model: Qwen/Qwen3-8B, autoscaling: {max: 4}}}",
    fix=tr("Lower autoscaling.max, or raise the pool's largest number of nodes."),
    source="planner/serving/capacity.py",
)
def autoscaling_beyond_pool(*, pool: str, least: int, most: int, fitting: int) -> Text:
    return Text(
        message=tr(
            "Autoscaling may ask for {most} replicas, but pool {pool} has room for {fitting}.",
            most=most,
            pool=pool,
            fitting=fitting,
        ),
        remedy=tr("Set autoscaling.max to {fitting}, or raise pools.{pool}.nodes.", fitting=fitting, pool=pool),
        given=str(most),
        allowed=tr("{least} to {fitting}", least=least, fitting=fitting),
        fix=(("", fitting),),
    )
