"""What can be wrong with a model's pods, and with its replicas."""

from collections.abc import Sequence

from settings.diagnostics import Text, error, note, warning
from settings.translation import tr


@warning(
    meaning=tr("Super nodes are not documented to offer the GPU type with that many GPUs."),
    example="pools: {gpu: {kind: super, gpuType: T4}}\nmodels: {chat: {model: Qwen/Qwen3-8B, gpus: 2}}",
    fix=tr("Use a number of GPUs from the specification table."),
    source="catalog/data/super_gpus.yaml",
)
def no_super_spec(*, gpu: str, gpus: int, offered: Sequence[int], larger: int | None) -> Text:
    """`larger`: the next larger number of GPUs that is offered."""
    counts = ", ".join(map(str, offered))
    return Text(
        message=tr(
            "Super nodes are documented to offer {gpu} with {counts} GPUs, not {gpus}; the pod may be "
            "refused, or billed as the next larger.",
            gpu=gpu,
            counts=counts,
            gpus=gpus,
        ),
        remedy=tr("Set gpus to {larger}.", larger=larger) if larger else tr("Use fewer GPUs."),
        given=str(gpus),
        allowed=counts,
        fix=(("", larger),) if larger else (),
    )


@error(
    meaning=tr("One replica's share of the machine has less memory or CPU than the engine needs."),
    example="pools: {gpu: {kind: existing, gpu: A10, gpusPerNode: 1, cpu: 2, memory: 4Gi, nodeSelector: {gpu: "
    "a10}}}\n"
    "models: {chat: {model: Qwen/Qwen3-8B}}",
    fix=tr("Use a machine with more memory."),
    source="planner/engines/operations.py; catalog/data/reserved.yaml and addons.yaml (what the node keeps)",
)
def pod_too_large(
    *, pool: str, memory_mib: int, cpu_millis: int, least_mib: int, larger: str | None, machine_path: str
) -> Text:
    """`memory_mib` and `cpu_millis` are a replica's share of a node, `larger` a machine with more memory."""
    return Text(
        message=tr(
            "One replica's share of a node of pool {pool} is {memory_mib} MiB and {cpu_millis} millicores; "
            "the engine needs {least_mib} MiB and one core at the least.",
            pool=pool,
            memory_mib=memory_mib,
            cpu_millis=cpu_millis,
            least_mib=least_mib,
        ),
        remedy=tr("Use {larger}, which has more memory.", larger=larger)
        if larger
        else tr("Use a machine with more memory."),
        given=pool,
        allowed=tr("{least_mib} MiB or more", least_mib=least_mib),
        fix=((machine_path, larger),) if larger else (),
    )


@error(
    meaning=tr(
        "The memory for offloaded cache (`kvOffload`) is more than a replica's share of the machine has "
        "beside the engine's own."
    ),
    example="models: {chat: {model: Qwen/Qwen3-8B, kvOffload: {gib: 500}}}",
    fix=tr("Offload less, or use a machine with more memory."),
    source="planner/engines/operations.py; vLLM 0.29.0, v1/kv_offload/cpu (all of it is taken at the start)",
)
def offload_too_large(*, gib: int, most: int, pool: str) -> Text:
    return Text(
        message=tr(
            "{gib} GiB for offloaded cache are more than the {most} that a replica's share of a node of pool "
            "{pool} has to spare.",
            gib=gib,
            most=most,
            pool=pool,
        ),
        remedy=tr("Set it to {most}, or use a machine with more memory.", most=most),
        given=str(gib),
        allowed=tr("1 to {most}", most=most),
        fix=(("", most),),
    )


@warning(
    meaning=tr("`replicas` is set beside autoscaling, which decides the number."),
    example="models: {chat: {model: Qwen/Qwen3-8B, replicas: 2, autoscaling: {max: 4}}}",
    fix=tr("Take replicas out."),
    source="A Deployment that an autoscaler owns carries no replicas.",
)
def replicas_ignored(*, replicas: int) -> Text:
    return Text(
        message=tr("Autoscaling decides the number of replicas, so replicas has no effect."),
        remedy=tr("Take replicas out."),
        given=str(replicas),
        fix=(("", None),),
    )


@note(
    meaning=tr("No place on the pool is spare, so an update stops the model until the new pod is ready."),
    example="pools: {gpu: {instanceType: PNV4.7XLARGE116, nodes: 1}}",
    fix=tr("Give the pool room for one more replica if that is too long."),
    source="LLMKube issues 192 and 196, production-stack PR 103 (a rolling update waits for a GPU that never comes)",
    when="asked",
)
def update_interrupts(*, load_seconds: float) -> Text:
    return Text(
        message=tr(
            "No place on the pool is spare for a second pod, so a change to this model stops it until the "
            "new pod has loaded its weights (about {minutes:.0f} min) and started.",
            minutes=max(load_seconds / 60, 1),
        ),
        remedy=tr("Give the pool room for one more replica if that is too long."),
    )
