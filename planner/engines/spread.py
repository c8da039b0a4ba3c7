"""One server over several machines, as a LeaderWorkerSet: how many, and who runs which command.

An engine is started once on each machine with the same arguments but for the rank, and its processes meet on the
leader, whose address the LeaderWorkerSet puts into every container. Variables: lws.sigs.k8s.io, reference "labels,
annotations and environment variables".
"""

from dataclasses import replace

from planner.engines.registry import find
from planner.plan.server import EngineSpec, Spread

LEADER = "$(LWS_LEADER_ADDRESS)"
RANK = "$(LWS_WORKER_INDEX)"
"""Kubernetes replaces these in a container's command."""

INTERFACE = "eth0"
"""The card of a pod, and the first of a CVM: without a name NCCL and Gloo take what they find, on a machine's own
network docker0 as well."""
INTERFACES = {"NCCL_SOCKET_IFNAME": INTERFACE, "GLOO_SOCKET_IFNAME": INTERFACE}


def machines(gpus: int, slots: int) -> int:
    """Machines that a replica of so many GPUs takes, each giving as many as the others: the fewest of those with
    `slots` GPUs. More machines than GPUs are never taken."""
    return next(count for count in range(1, gpus + 1) if gpus % count == 0 and gpus // count <= max(slots, 1))


def spread(spec: EngineSpec, size: int, *, rdma: bool) -> EngineSpec:
    """The spec of one pod of `size`, made from that of a server with all the GPUs, of an engine that spans machines."""
    span = find(spec.engine).span
    if size == 1 or span is None:
        return spec
    return replace(
        spec,
        command=(*spec.command, *span.arguments(size, "0", LEADER, span.port)),
        env=tuple((INTERFACES | dict(spec.env)).items()),
        resources=replace(spec.resources, gpus=spec.resources.gpus // size),
        spread=Spread(
            size=size,
            worker_command=(*spec.command, *span.arguments(size, RANK, LEADER, span.port), *span.worker),
            port=span.port,
            address_env=span.address_env,
            rdma=rdma,
        ),
    )
