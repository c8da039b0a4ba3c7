"""What a model's download Job does, how long it takes, and where the files lie in the store."""

import re
from collections.abc import Iterator
from typing import get_args

from catalog.engines import SourceName
from catalog.load import Catalog
from planner.engines.registry import find
from planner.model.facts import ModelFacts
from planner.network.decide import node_bandwidth
from planner.network.location import in_mainland
from planner.plan.server import GIB, Scratch
from planner.plan.types import DownloadPlan, Reason, StoragePlan
from settings.diagnostics import Diagnostic
from settings.models import Model, Nat, Settings

MARKER = ".complete"
"""File in a model's directory that says that the download is whole."""
HUBS: tuple[SourceName, ...] = ("modelscope", "huggingface")
"""The sources that hold repositories with revisions."""
HUB = "huggingface.co"
HUB_MIRROR = "https://hf-mirror.com"
"""A public mirror of Hugging Face on the mainland (huggingface_hub reads its address from HF_ENDPOINT)."""

SCRATCH = Scratch("scratch", "/tmp", size_mib=4 * GIB)  # noqa: S108  a folder of the pod's own
"""Where the hubs' clients keep locks and parts of files before they go to the store; it is their HOME as well."""

SLOW_SECONDS = 4 * 3600
"""A download beyond this is worth a faster gateway."""
CPU_MILLIS = 1000
BASE_MEMORY_MIB = 1024
WORKER_MEMORY_MIB = 256
"""What the hub's client holds by itself and for each file in flight."""


def plan_download(  # noqa: PLR0917  one call, by position, from the other half of the planner
    name: str, settings: Settings, facts: ModelFacts, format_: str, image: str, store: StoragePlan, catalog: Catalog
) -> tuple[DownloadPlan, list[Reason], list[Diagnostic]]:
    """Decide how the files of the model with this key get into the store.

    All downloads start together, so each has its share of the road; the slower of road and store decides the time.
    `format_` is the engine's choice among the model's, `image` what the Job runs.
    """
    model = settings.models[name]
    source = source_of(model)
    repository = facts.repository(source) or model.model
    megabytes = megabytes_per_second(settings, store)
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
    return plan, [_reason(name, plan, format_, megabytes)], list(_check(name, settings, facts, plan, catalog))


def source_of(model: Model) -> SourceName:
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


def megabytes_per_second(settings: Settings, store: StoragePlan) -> float:
    """MB/s (10**6 bytes) that one of the stack's downloads runs at.

    The Mbps of the gateway, or of the one node that all may run on, are shared by all of them. Where the road is not
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


def _check(
    name: str, settings: Settings, facts: ModelFacts, plan: DownloadPlan, catalog: Catalog
) -> Iterator[Diagnostic]:
    model = settings.models[name]
    if plan.source not in find(model.engine).sources:
        yield _wrong_source(name, model, plan)
    elif facts.repository(plan.source) is None:
        yield _no_repository(name, facts, plan)
    if plan.source == "huggingface":
        yield from _hugging_face(name, settings, facts, catalog)
    elif model.download.endpoint is not None:
        yield Diagnostic(
            severity="warning",
            code="ENDPOINT_WITHOUT_EFFECT",
            path=f"models.{name}.download.endpoint",
            message=f"The endpoint is a mirror of Hugging Face; this model comes from {plan.source}.",
            remedy=f"Remove it, or set models.{name}.source to huggingface.",
            given=model.download.endpoint,
            fix=((f"models.{name}.download.endpoint", None),),
        )
    if model.revision is None and plan.source in HUBS:
        yield Diagnostic(
            severity="note",
            code="REVISION_FLOATING",
            path=f"models.{name}.revision",
            message="No revision is named: a new store may get newer files than this one has.",
            remedy="Pin the commit that you have tried.",
        )
    yield from _slow(settings, name, plan)


def _wrong_source(name: str, model: Model, plan: DownloadPlan) -> Diagnostic:
    path = f"models.{name}.source"
    allowed = ", ".join(find(model.engine).sources)
    return Diagnostic(
        severity="error",
        code="SOURCE_NOT_FOR_ENGINE",
        path=path,
        message=f"{model.engine} cannot read what comes from {plan.source}.",
        remedy=f"Use {allowed.replace(', ', ' or ')}.",
        given=plan.source,
        allowed=allowed,
        fix=((path, allowed.partition(",")[0]),),
    )


def _no_repository(name: str, facts: ModelFacts, plan: DownloadPlan) -> Diagnostic:
    path = f"models.{name}.source"
    others = [other for other in HUBS if facts.repository(other)]
    near = others[0] if others and plan.source in HUBS else None
    return Diagnostic(
        severity="error",
        code="NOT_AT_SOURCE",
        path=path,
        message=f"The catalogue knows no repository of {facts.id} at {plan.source}.",
        remedy=f"Set {path} to {near}." if near else "Name a model that this source has.",
        given=plan.source,
        allowed=", ".join(others),
        fix=((path, near),) if near else (),
    )


def _hugging_face(name: str, settings: Settings, facts: ModelFacts, catalog: Catalog) -> Iterator[Diagnostic]:
    model, path = settings.models[name], f"models.{name}.source"
    if facts.gated and "hfToken" not in settings.secrets:
        elsewhere = facts.modelscope is not None
        yield Diagnostic(
            severity="error",
            code="GATED_WITHOUT_TOKEN",
            path=path,
            message=f"{facts.id} is given to accounts that accepted its licence only, and no token is set.",
            remedy="Run `pulumi config set --secret tke-llm:hfToken`"
            + (", or use source: modelscope." if elsewhere else "."),
            given="huggingface",
            fix=((path, "modelscope"),) if elsewhere else (),
        )
    if in_mainland(settings, catalog) and model.download.endpoint is None:
        near = f"models.{name}.download.endpoint"
        yield Diagnostic(
            severity="warning",
            code="HUGGINGFACE_FROM_MAINLAND",
            path=path,
            message=f"{HUB} is not reached from {settings.region} as a rule.",
            remedy=f"Set {near} to {HUB_MIRROR}, or use source: modelscope.",
            given="huggingface",
            allowed="modelscope, or a mirror",
            fix=((near, HUB_MIRROR),),
        )


def _slow(settings: Settings, name: str, plan: DownloadPlan) -> Iterator[Diagnostic]:
    nat = settings.network.nat
    if plan.seconds <= SLOW_SECONDS or settings.network.vpc_id or not settings.owns_cluster() or not nat.enabled:
        return
    steps = sorted(get_args(Nat.model_fields["bandwidth"].annotation))
    faster = [step for step in steps if step > nat.bandwidth]
    enough = [step for step in faster if plan.seconds * nat.bandwidth / step <= SLOW_SECONDS]
    near = enough[0] if enough else faster[-1] if faster else None
    yield Diagnostic(
        severity="warning",
        code="DOWNLOAD_SLOW",
        path="network.nat",
        message=f"Fetching {plan.bytes / 1e9:.0f} GB for model {name} takes about {plan.seconds / 3600:.0f} hours "
        f"at {nat.bandwidth} Mbps.",
        remedy=f"Set network.nat.bandwidth to {near} Mbps." if near else "Keep the store (retain) once it is filled.",
        given=f"{nat.bandwidth} Mbps",
        allowed=", ".join(map(str, steps)),
        fix=(("network.nat", {"bandwidth": near}),) if near else (),
    )
