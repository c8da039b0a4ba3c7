"""What a model's download Job does, how long it takes, and where the files lie in the store."""

import re

from catalog.engines import SourceName
from planner.engines.registry import find
from planner.model.facts import ModelFacts
from planner.network.decide import node_bandwidth
from planner.plan.server import GIB, Scratch
from planner.plan.types import DownloadPlan, Reason, StoragePlan
from settings.models import Model, Settings

MARKER = ".complete"
"""File in a model's directory that says that the download is whole."""

HUBS: tuple[SourceName, ...] = ("modelscope", "huggingface")
"""The sources that hold repositories with revisions."""

SCRATCH = Scratch("scratch", "/tmp", size_mib=4 * GIB)  # noqa: S108  a folder of the pod's own
"""Where the hubs' clients keep locks and parts of files before they go to the store; it is their HOME as well."""

CPU_MILLIS = 1000
BASE_MEMORY_MIB = 1024
WORKER_MEMORY_MIB = 256
"""What the hub's client holds by itself and for each file in flight."""


def plan_download(
    name: str, settings: Settings, facts: ModelFacts, image: str, store: StoragePlan
) -> tuple[DownloadPlan, Reason]:
    """Decide how the files of the model with this key get into the store.

    All downloads start together, so each has its share of the bandwidth; the slower of network and store decides the
    time. `image` is what the Job runs.
    """
    model = settings.models[name]
    source = _source_of(model)
    repository = facts.repository(source) or model.model
    megabytes = _megabytes_per_second(settings, store)
    seconds = facts.weights_bytes / 1e6 / megabytes
    endpoint = model.download.endpoint if source == "huggingface" else None
    directory = directory_of(repository, model)
    plan = DownloadPlan(
        source=source,
        repository=repository,
        revision=model.revision,
        directory=directory,
        marker=f"{directory}/{MARKER}",
        include=model.download.include,
        exclude=model.download.exclude,
        workers=model.download.workers,
        retries=model.download.retries,
        endpoint=endpoint,
        needs_token=source == "huggingface" and "hfToken" in settings.secrets,
        image=image,
        bytes=facts.weights_bytes,
        seconds=seconds,
        cpu_millis=CPU_MILLIS,
        memory_mib=BASE_MEMORY_MIB + WORKER_MEMORY_MIB * model.download.workers,
        deadline_seconds=deadline(seconds, model.download.retries),
        elastic=store.elastic,
    )
    return plan, _reason(name, plan, facts.format, megabytes)


def _source_of(model: Model) -> SourceName:
    """Where a model comes from: unless its stack file says so, the engine's usual source."""
    return model.source or find(model.engine).sources[0]


def directory_of(repository: str, model: Model) -> str:
    """A path of one component that names organisation, model, revision and choice of files, so that another revision
    or choice never touches files that are served. A digest keeps apart what safe spelling would make equal."""
    revision = model.revision or "main"
    plain = f"{repository.replace('/', '--')}@{revision}"
    safe = re.sub(r"[^A-Za-z0-9._@-]", "-", plain)
    chosen = (model.download.include, model.download.exclude)
    if any(chosen) or safe != plain:
        from hashlib import sha256  # noqa: PLC0415  its import costs time that few stacks need

        safe += f"-{sha256(repr((repository, revision, chosen)).encode()).hexdigest()[:8]}"
    return safe


def _megabytes_per_second(settings: Settings, store: StoragePlan) -> float:
    """MB/s (10**6 bytes) that one of the stack's downloads runs at.

    The Mbps of the gateway, or of the one node that all may run on, are shared by all of them. Where the gateway is not
    ours its speed is unknown, and the default bandwidth is taken.
    """
    nat = settings.network.nat
    mbps = nat.bandwidth if nat.enabled else node_bandwidth(settings) or nat.bandwidth
    return min(mbps / 8 / len(settings.models), store.write_mbps)


def deadline(seconds: float, retries: int) -> int:
    """Seconds after which the Job is given up: twice the estimate, half an hour, and ten minutes for each new start
    (a Job waits up to six between them; files that are whole are not fetched again)."""
    return round(2 * seconds) + 1800 + 600 * (retries + 1)


def _reason(name: str, plan: DownloadPlan, format_: str, megabytes: float) -> Reason:
    hours = plan.seconds / 3600
    took = f"{hours:.1f} h" if hours >= 1 else f"{plan.seconds / 60:.0f} min"
    return Reason(
        subject=f"models.{name}.source",
        choice=f"{plan.source}: {plan.repository}",
        because=f"{plan.bytes / 1e9:.1f} GB of {format_} weights at {megabytes:.1f} MB/s take about {took}",
    )
