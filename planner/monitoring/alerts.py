"""What calls for somebody, with what to do about it."""

from collections.abc import Iterator
from dataclasses import replace

from catalog.load import Catalog
from planner.monitoring import records as kept
from planner.monitoring.records import WINDOW, selector
from planner.plan.access import ExposurePlan
from planner.plan.monitoring import AlertPlan
from planner.plan.types import ModelPlan, ScalingPlan
from settings.monitoring import Targets

CRITICAL, WARNING = "critical", "warning"
GATEWAY = "gateway"
"""What the PodMonitor of the gateway's proxies is called; Prometheus calls the job by namespace and this."""
MINUTES = 60
SOON = 10 * MINUTES
"""Seconds that most things may last before somebody is called."""

WAITING_EACH = 5
"""Requests in a replica's queue that are many, where no autoscaling says how many are."""
FULL = 0.95
"""Share of the KV cache in use from which on requests are soon thrown out and begun again."""
IDLE_HOURS = 2
UNUSED = 0.01
"""Share of its time that a GPU computes, below which it computes nothing."""
CERTIFICATE_DAYS = 14
"""Let's Encrypt's certificates are renewed 30 days before they end (cert-manager's default: a third of their time)."""
DISK_LEFT = 0.1
LIMITED_SHARE = 0.2


Found = tuple[set[str], AlertPlan]
"""The records that an alert asks for, and the alert."""


def of_model(
    catalog: Catalog,
    model: ModelPlan,
    namespace: str,
    records: frozenset[str],
    *,
    targets: Targets,
    scaling: ScalingPlan | None,
) -> Iterator[AlertPlan]:
    """What may be the matter with one model. `records` are the names of what is kept of it; `scaling` says how many
    requests in a replica's queue call for another replica, and whether it has none while nobody asks."""
    own = selector(namespace, model.name)
    if kept.REPLICAS in records:
        # No pod at all shows nothing, which `or` makes a zero.
        nothing = f"(sum(up{{{own}}}) or vector(0)) < 1"
        to_zero = None if scaling is None else scaling.to_zero
        if to_zero is not None:
            nothing += f" and on () ({to_zero.asked}) == 1"
        found = [_no_replica(model, nothing), _idle(model, own)]
    else:
        (available,) = catalog.metrics["kube-state-metrics"].names("available")
        deployed = f'namespace="{namespace}",deployment="{model.name}"'
        found = [_no_replica(model, f"{available}{{{deployed}}} < 1"), _unused(model, own)]
    found += [
        _queue(own, WAITING_EACH if scaling is None else scaling.waiting),
        _cache(own),
        _first_token(own, targets),
        _next_token(own, targets, kept.TPOT_P95 if kept.TPOT_P95 in records else kept.TPOT_MEAN),
    ]
    return (replace(alert, model=model.name) for needs, alert in found if needs <= records)


def _no_replica(model: ModelPlan, expr: str) -> Found:
    return set(), AlertPlan(
        name="LlmNoReplica",
        expr=expr,
        seconds=model.startup_seconds,
        severity=CRITICAL,
        summary="No replica answers, for longer than a start may take.",
        action="`kubectl -n NAMESPACE describe pod` and `tke-llm logs`: a pod without a node, an image, or its files.",
    )


def _queue(own: str, waiting: int) -> Found:
    queue = f"{kept.WAITING}{{{own}}}"
    return {kept.WAITING, kept.REPLICAS}, AlertPlan(
        name="LlmQueueGrowing",
        expr=f"{queue} / {kept.REPLICAS}{{{own}}} > {waiting} and deriv({queue}[{SOON // MINUTES}m]) > 0",
        seconds=SOON,
        severity=WARNING,
        summary="{{ $value | humanize }} requests wait at each replica, and more come than are answered.",
        action="Raise replicas or autoscaling.max, if the pool has room; a smaller context leaves room for more.",
    )


def _cache(own: str) -> Found:
    return {kept.CACHE}, AlertPlan(
        name="LlmCacheFull",
        expr=f"{kept.CACHE}{{{own}}} > {FULL}",
        seconds=SOON,
        severity=WARNING,
        summary="The KV cache is {{ $value | humanizePercentage }} full: requests wait for it or are begun again.",
        action="Lower maxNumSeqs or maxModelLen, use kvCacheDtype fp8, or add replicas.",
    )


def _first_token(own: str, targets: Targets) -> Found:
    return {kept.TTFT_P95}, AlertPlan(
        name="LlmFirstTokenSlow",
        expr=f"{kept.TTFT_P95}{{{own}}} > {targets.ttft_seconds:g}",
        seconds=SOON,
        severity=WARNING,
        summary="Of 100 requests 5 wait longer than {{ $value | humanizeDuration }} for their first token.",
        action=f"The target is {targets.ttft_seconds:g} s (monitoring.targets): see the queue, and long prompts.",
    )


def _next_token(own: str, targets: Targets, record: str) -> Found:
    return {record}, AlertPlan(
        name="LlmTokensSlow",
        expr=f"{record}{{{own}}} > {targets.tpot_ms / 1000:g}",
        seconds=SOON,
        severity=WARNING,
        summary="One token takes {{ $value | humanizeDuration }}.",
        action=f"The target is {targets.tpot_ms:g} ms (monitoring.targets): fewer requests at a time (maxNumSeqs), or "
        "more replicas.",
    )


def _idle(model: ModelPlan, own: str) -> Found:
    asked = f"{kept.PROMPTS}{{{own}}} == 0 and {kept.REPLICAS}{{{own}}} > 0"
    return {kept.PROMPTS, kept.REPLICAS}, _billed(model, asked)


def _unused(model: ModelPlan, own: str) -> Found:
    """The same of an engine that shows nothing: by its GPUs."""
    return {kept.GPU_USE}, _billed(model, f"{kept.GPU_USE}{{{own}}} < {UNUSED}")


def _billed(model: ModelPlan, expr: str) -> AlertPlan:
    held = f"{model.gpus} GPU{'s' if model.gpus != 1 else ''}"
    return AlertPlan(
        name="LlmGpuIdle",
        expr=expr,
        seconds=IDLE_HOURS * 60 * MINUTES,
        severity=WARNING,
        summary=f"Nothing was asked for {IDLE_HOURS} hours, and each replica is billed with {held}.",
        action="Fewer replicas, `pause: true`, or another model on the same machines.",
    )


def of_gpus(catalog: Catalog, namespace: str, *, owned: bool) -> Iterator[AlertPlan]:
    """What may be the matter with GPUs: on a cluster of ours any of them, on one that is shared those of our pods."""
    (xid,) = catalog.metrics["dcgm"].names("xid")
    whose = "" if owned else f'{{namespace="{namespace}"}}'
    yield AlertPlan(
        name="LlmGpuError",
        expr=f"{xid}{whose} > 0",
        seconds=0,
        severity=CRITICAL,
        # Newer exporters than ours write the label small; what a series does not have is shown as nothing.
        summary="GPU {{ $labels.gpu }} of {{ $labels.Hostname }}{{ $labels.hostname }} reported XID {{ $value }}.",
        action="docs.nvidia.com/deploy/xid-errors says what it means; cordon the node, and have it replaced where the "
        "error is the hardware's. The exporter shows the last error until it starts again.",
    )


def of_volumes(catalog: Catalog, namespace: str) -> Iterator[AlertPlan]:
    """What may be the matter with downloads and disks."""
    jobs, volumes = catalog.metrics["kube-state-metrics"], catalog.metrics["kubelet"]
    (failed,), (succeeded,) = jobs.names("failed"), jobs.names("succeeded")
    own = f'namespace="{namespace}",job_name=~".+-download-.+"'
    yield AlertPlan(
        name="LlmDownloadFailing",
        expr=f"sum by (namespace, job_name) ({failed}{{{own}}}) > 0 unless on (namespace, job_name) "
        f"{succeeded}{{{own}}} > 0",
        seconds=0,
        severity=WARNING,
        summary="{{ $labels.job_name }} failed {{ $value }} times; it goes on where it stopped.",
        action="`tke-llm logs STACK`: the hub, the route to it, the token, or room in the store.",
    )
    (free,), (size,) = volumes.names("volume_free"), volumes.names("volume_size")
    here = f'namespace="{namespace}"'
    yield AlertPlan(
        name="LlmDiskFilling",
        expr=f"{free}{{{here}}} / {size}{{{here}}} < {DISK_LEFT}",
        seconds=15 * MINUTES,
        severity=WARNING,
        summary="{{ $labels.persistentvolumeclaim }} has {{ $value | humanizePercentage }} left.",
        action="Enlarge it, or take models that nothing serves out of the store.",
    )


def of_requests(catalog: Catalog, namespace: str) -> Iterator[AlertPlan]:
    """What may be the matter with what comes by a gateway."""
    (requests,) = catalog.metrics["envoy"].names("requests")
    ours = routed(namespace)
    refused = f'sum(rate({requests}{{{ours},envoy_response_code="429"}}[{WINDOW}]))'
    yield AlertPlan(
        name="LlmTooManyRefused",
        expr=f"{refused} / sum(rate({requests}{{{ours}}}[{WINDOW}])) > {LIMITED_SHARE}",
        seconds=SOON,
        severity=WARNING,
        summary="{{ $value | humanizePercentage }} of all requests are refused with 429.",
        action="The gateway's access log says whose: raise that client's limits, or talk to it.",
    )


def routed(namespace: str) -> str:
    """What tells the requests of a namespace's routes (envoyproxy/gateway, internal/gatewayapi/helpers.go,
    irRouteDestinationName)."""
    return f'envoy_cluster_name=~"httproute/{namespace}/.+"'


def of_certificate(catalog: Catalog, exposure: ExposurePlan, namespace: str, *, read: bool) -> Iterator[AlertPlan]:
    """When a certificate ends: the gateway's proxies, where they are `read`, tell of theirs, cert-manager of those that
    it made. Nobody tells of another Secret behind an Ingress, or of Tencent Cloud's certificate."""
    (days,), (end,) = (
        catalog.metrics["envoy"].names("certificate_days"),
        catalog.metrics["cert-manager"].names("certificate_end"),
    )
    own = f'namespace="{namespace}"'
    if read:
        expr = f'min({days}{{job="{namespace}/{GATEWAY}"}}) < {CERTIFICATE_DAYS}'
    elif exposure.issuer is not None:
        # What cert-manager says of a namespace is renamed by a Prometheus that does not believe it.
        expr = f"({end}{{{own}}} or {end}{{exported_{own}}}) - time() < {CERTIFICATE_DAYS * 86400}"
    else:
        return
    yield AlertPlan(
        name="LlmCertificateEnding",
        expr=expr,
        seconds=60 * MINUTES,
        severity=WARNING,
        summary=f"A certificate ends in less than {CERTIFICATE_DAYS} days.",
        action="Renew it; with cert-manager `kubectl describe certificate` says why that did not happen by itself.",
    )


def of_scaling(catalog: Catalog, namespace: str) -> Iterator[AlertPlan]:
    """What may be the matter with replicas by load."""
    (errors,) = catalog.metrics["keda"].names("errors")
    yield AlertPlan(
        name="LlmScalingFails",
        expr=f'sum by (scaledObject) (rate({errors}{{namespace="{namespace}"}}[{WINDOW}])) > 0',
        seconds=SOON,
        severity=WARNING,
        summary="KEDA cannot scale {{ $labels.scaledObject }}.",
        action="`kubectl describe scaledobject`: as long as no replica shows its queue, the fewest replicas stay.",
    )
