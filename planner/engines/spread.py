"""One server over several machines, as a LeaderWorkerSet: how many, who runs which command, and what stands against it.

vLLM's own multiprocessing spans machines without Ray (which its images have lost); SGLang always had its own launcher.
Both are started once on each machine with the same arguments but for the rank, and meet on the leader, whose address
the LeaderWorkerSet puts into every container. Flags: vLLM documentation, "parallelism and scaling"; SGLang
documentation, "multi-node"; variables: lws.sigs.k8s.io, reference "labels, annotations and environment variables".
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from math import gcd

from planner.diagnostics.finding import Finding
from planner.plan.server import EngineSpec, Spread
from planner.sizing.parallelism import machines

LEADER = "$(LWS_LEADER_ADDRESS)"
RANK = "$(LWS_WORKER_INDEX)"
"""Kubernetes replaces these in a container's command."""

PORTS = {"vllm": 29501, "sglang": 5000}
"""Where the processes of each engine meet on the leader: vLLM's default `--master-port`, and the guide's for SGLang."""


ADDRESS = {"vllm": "VLLM_HOST_IP", "sglang": "SGLANG_HOST_IP"}
"""Where each engine reads the address that it tells the others (vllm/envs.py, sglang/srt/utils/network.py); by itself
it would ask the routing table, which on a machine's own network may name another card."""

INTERFACE = "eth0"
"""The card of a pod, and the first of a CVM: without a name NCCL and Gloo take what they find, on a machine's own
network docker0 as well."""
INTERFACES = {"NCCL_SOCKET_IFNAME": INTERFACE, "GLOO_SOCKET_IFNAME": INTERFACE}


def spread(spec: EngineSpec, size: int, *, rdma: bool) -> EngineSpec:
    """The spec of one pod of `size`, made from that of a server with all the GPUs. Raises KeyError for an engine that
    does not span machines."""
    if size == 1:
        return spec
    port = PORTS[spec.engine]
    return replace(
        spec,
        command=(*spec.command, *_arguments(spec.engine, size, "0", port)),
        env=tuple((INTERFACES | dict(spec.env)).items()),
        resources=replace(spec.resources, gpus=spec.resources.gpus // size),
        spread=Spread(
            size=size,
            worker_command=(*spec.command, *_arguments(spec.engine, size, RANK, port), *_headless(spec.engine)),
            port=port,
            address_env=ADDRESS[spec.engine],
            rdma=rdma,
        ),
    )


def _arguments(engine: str, size: int, rank: str, port: int) -> tuple[str, ...]:
    common = ("--nnodes", str(size), "--node-rank", rank)
    if engine == "sglang":
        return (*common, "--dist-init-addr", f"{LEADER}:{port}")
    return (*common, "--master-addr", LEADER, "--master-port", str(port), "--distributed-executor-backend", "mp")


def _headless(engine: str) -> tuple[str, ...]:
    """vLLM's other machines serve no API; SGLang knows by the rank."""
    return ("--headless",) if engine == "vllm" else ()


def check_spread(
    engine: str,
    flags: Collection[str],
    tensor_parallel: int,
    gpus: int,
    slots: int,
    *,
    rdma: bool,
    own_image: bool = False,
) -> Iterator[Finding]:
    """What stands against a replica of `gpus` on machines with `slots` each; nothing for a replica of one machine.

    `flags` are those that the image's release knows; `own_image`: the stack file names the image.
    """
    if gpus <= slots:
        return
    size = machines(gpus, slots)
    if engine not in PORTS:
        yield Finding(
            severity="error",
            code="MULTI_NODE_NOT_FOR_ENGINE",
            setting="engine",
            message=f"{engine} serves from one machine only; {gpus} GPUs take {size} machines with {slots} each.",
            remedy="Use vllm or sglang, fewer GPUs, or a larger machine.",
            given=engine,
            allowed=", ".join(PORTS),
            fix=(("gpus", None),),
        )
        return
    if engine == "vllm" and "nnodes" not in flags:
        setting = "image" if own_image else "gpus"
        yield Finding(
            severity="error",
            code="MULTI_NODE_NOT_IN_IMAGE",
            setting=setting,
            message="The image's release of vLLM cannot span machines by itself (--nnodes).",
            remedy="Leave image out, or use a later release."
            if own_image
            else f"Use GPUs that a later release runs on, or no more than {slots} of these.",
            fix=((setting, None),),
        )
    if gpus // size < slots:
        yield Finding(
            severity="warning",
            code="GPUS_LEFT_IDLE",
            setting="gpus",
            message=f"{gpus} GPUs are shared evenly by {size} machines, which leaves {slots - gpus // size} of {slots} "
            "GPUs of each unused.",
            remedy=f"Use a multiple of {slots}.",
            given=str(gpus),
        )
    if gpus // size % tensor_parallel and not rdma:
        inside = gcd(gpus // size, tensor_parallel)
        yield Finding(
            severity="warning",
            code="LAYERS_SPAN_MACHINES",
            setting="tensorParallel",
            message=f"Layers are split over {tensor_parallel} GPUs on more than one machine, which exchange data for "
            "every token over the VPC's network; that is many times slower than inside a machine.",
            remedy=f"Set tensorParallel to {inside} and pipelineParallel to {gpus // inside}.",
            given=str(tensor_parallel),
            fix=(("tensorParallel", inside), ("pipelineParallel", gpus // inside)),
        )
