"""One server over several machines, as a LeaderWorkerSet: how many, and who runs which command.

vLLM's own multiprocessing spans machines without Ray (which its images have lost); SGLang always had its own launcher.
Both are started once on each machine with the same arguments but for the rank, and meet on the leader, whose address
the LeaderWorkerSet puts into every container. Flags: vLLM documentation, "parallelism and scaling"; SGLang
documentation, "multi-node"; variables: lws.sigs.k8s.io, reference "labels, annotations and environment variables".
"""

from dataclasses import replace

from planner.plan.server import EngineSpec, Spread

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
