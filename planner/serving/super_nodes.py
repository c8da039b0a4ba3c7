"""What pods tell super nodes about the machine that they want, by annotations (vendor 457/36162, 457/39808)."""

import json

from planner.plan.types import PoolPlan

PREFIX = "eks.tke.cloud.tencent.com"

Pairs = tuple[tuple[str, str], ...]


def server_annotations(pool: PoolPlan, gpus: int, *, cached: bool = False) -> Pairs:
    """Those of a pod with GPUs on this pool; none where its nodes are machines. `cached`: it takes its image from an
    image cache that holds it, and pulls it where there is none (vendor 457/44484)."""
    if pool.kind != "super" or pool.gpu_type is None:
        return ()
    return (
        (f"{PREFIX}/gpu-type", pool.gpu_type),
        (f"{PREFIX}/gpu-count", str(gpus)),
        *disk(pool),
        *eip(pool),
        *(((f"{PREFIX}/use-image-cache", "auto"),) if cached else ()),
    )


def disk(pool: PoolPlan) -> Pairs:
    """The system disk: the 20 GiB that a pod gets otherwise hold no engine's image."""
    return ((f"{PREFIX}/root-cbs-size", str(pool.disk_gib)),)


def eip(pool: PoolPlan) -> Pairs:
    """A public address of the pod's own, where the pool asks for one."""
    if not pool.public_bandwidth:
        return ()
    wanted = {"InternetMaxBandwidthOut": pool.public_bandwidth, "InternetChargeType": "TRAFFIC_POSTPAID_BY_HOUR"}
    return ((f"{PREFIX}/eip-attributes", json.dumps(wanted, separators=(",", ":"))),)
