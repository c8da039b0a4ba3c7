"""What a model's download Job does, how long it takes, and where the files lie in the store."""

import re
from dataclasses import dataclass

from catalog.engines import SourceName
from catalog.load import Catalog
from planner.engines.node_cache import can_be_kept, keeps_files
from planner.engines.registry import find
from planner.model.facts import ModelFacts, needed_gib
from planner.network.decide import node_bandwidth
from planner.plan.server import GIB, Scratch
from planner.plan.types import DownloadPlan, Reason, StoragePlan
from settings.models import Download, Model
from settings.stack import Settings
from settings.translation import tr

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


@dataclass(frozen=True)
class Files:
    """What is to be fetched: `size` bytes (0 where nobody knows) of a repository, without `include` and `exclude`
    whole."""

    source: SourceName
    repository: str
    revision: str | None
    size: int
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


def plan_download(
    name: str, settings: Settings, facts: ModelFacts, image: str, store: StoragePlan
) -> tuple[DownloadPlan, Reason]:
    """Decide how the files of the model with this key get into the store.

    All downloads start together, so each has its share of the bandwidth; the slower of network and store decides the
    time. `image` is what the Job runs.
    """
    model = settings.models[name]
    source = source_of(model)
    repository = facts.repository(source) or model.model
    chosen = model.download
    asked = (chosen.include, chosen.exclude)
    # Ollama's registry has one model under a name.
    ours = (facts.include, facts.exclude) if source in HUBS else ((), ())
    files = Files(source, repository, model.revision, facts.weights_bytes, *(asked if any(asked) else ours))
    plan = plan_files(files, chosen, settings, image, store)
    return plan, _reason(name, plan, facts.format, _megabytes_per_second(settings, store))


def plan_files(files: Files, how: Download, settings: Settings, image: str, store: StoragePlan) -> DownloadPlan:
    """Decide `how` a repository's files get into the store."""
    seconds = files.size / 1e6 / _megabytes_per_second(settings, store)
    hugging_face = files.source == "huggingface"
    directory = directory_of(files)
    return DownloadPlan(
        source=files.source,
        repository=files.repository,
        revision=files.revision,
        directory=directory,
        marker=f"{directory}/{MARKER}",
        include=files.include,
        exclude=files.exclude,
        workers=how.workers,
        retries=how.retries,
        endpoint=how.endpoint if hugging_face else None,
        needs_token=hugging_face and "hfToken" in settings.secrets,
        image=image,
        bytes=files.size,
        seconds=seconds,
        cpu_millis=CPU_MILLIS,
        memory_mib=BASE_MEMORY_MIB + WORKER_MEMORY_MIB * how.workers,
        deadline_seconds=deadline(seconds, how.retries),
        elastic=store.elastic,
    )


def source_of(model: Model) -> SourceName:
    """Where a model comes from: unless its stack file says so, the engine's usual source."""
    return model.source or find(model.engine).sources[0]


def directory_of(files: Files) -> str:
    """A path of one component that names organisation, model, revision and choice of files, so that another revision
    or choice never touches files that are served. A digest keeps apart what safe spelling would make equal."""
    repository, revision = files.repository, files.revision or "main"
    plain = f"{repository.replace('/', '--')}@{revision}"
    safe = re.sub(r"[^A-Za-z0-9._@-]", "-", plain)
    chosen = (files.include, files.exclude)
    if any(chosen) or safe != plain:
        from hashlib import sha256  # noqa: PLC0415  its import costs time that few stacks need

        safe += f"-{sha256(repr((repository, revision, chosen)).encode()).hexdigest()[:8]}"
    return safe


def _megabytes_per_second(settings: Settings, store: StoragePlan) -> float:
    """MB/s (10**6 bytes) that one of the stack's downloads runs at.

    The Mbps of the gateway, or of the one node that all may run on, are shared by those of the models; drafts and
    adapters are small beside them. Where the gateway is not ours its speed is unknown, and the default bandwidth is
    taken.
    """
    nat = settings.network.nat
    mbps = nat.bandwidth if nat.enabled else node_bandwidth(settings) or nat.bandwidth
    return min(mbps / 8 / len(settings.models), store.write_mbps)


def kept_gib(pool: str, settings: Settings, catalog: Catalog) -> float:
    """GiB of models' files that are kept on each node of a pool, beside the store."""
    if not keeps_files(settings, settings.pools[pool]):
        return 0.0
    kept = (key for key, model in settings.models.items() if settings.pool_of(model) == pool and can_be_kept(model))
    return needed_gib(kept, settings, catalog)


def deadline(seconds: float, retries: int) -> int:
    """Seconds after which the Job is given up: twice the estimate, half an hour, and ten minutes for each new start
    (a Job waits up to six between them; files that are whole are not fetched again)."""
    return round(2 * seconds) + 1800 + 600 * (retries + 1)


def _reason(name: str, plan: DownloadPlan, format_: str, megabytes: float) -> Reason:
    hours = plan.seconds / 3600
    took = tr("{hours:.1f} h", hours=hours) if hours >= 1 else tr("{minutes:.0f} min", minutes=plan.seconds / 60)
    return Reason(
        subject=f"models.{name}.source",
        choice=f"{plan.source}: {plan.repository}",
        because=tr(
            "{gigabytes:.1f} GB of {format} weights at {megabytes:.1f} MB/s take about {took}",
            gigabytes=plan.bytes / 1e9,
            format=format_,
            megabytes=megabytes,
            took=took,
        ),
    )
