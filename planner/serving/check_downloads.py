"""What stands against a model's download: its source, its licence, and how long it takes."""

from collections.abc import Iterator
from typing import get_args

from catalog.load import Catalog
from planner.engines.registry import find
from planner.model.facts import ModelFacts
from planner.network.location import in_mainland
from planner.plan.types import DownloadPlan
from planner.serving import downloads_codes as codes
from planner.serving.downloads import HUBS
from planner.serving.drafts_and_adapters import further_files
from settings.diagnostics import Diagnostic
from settings.network import Nat
from settings.stack import Settings

HUB = "huggingface.co"
HUB_MIRROR = "https://hf-mirror.com"
"""A public mirror of Hugging Face on the mainland (huggingface_hub reads its address from HF_ENDPOINT)."""
SLOW_SECONDS = 4 * 3600
"""A download beyond this is worth a faster gateway."""


def check_download(
    name: str, settings: Settings, facts: ModelFacts, plan: DownloadPlan, catalog: Catalog
) -> Iterator[Diagnostic]:
    """What is wrong or doubtful with how the files of the model with this key get into the store."""
    model, section = settings.models[name], f"models.{name}"
    path = f"{section}.source"
    readable = find(model.engine).sources
    if plan.source not in readable:
        yield codes.source_not_for_engine(path, engine=model.engine, source=plan.source, readable=readable)
    elif facts.repository(plan.source) is None:
        yield _no_repository(path, facts, plan)
    if plan.source == "huggingface":
        yield from _hugging_face(name, settings, facts, catalog)
    elif model.download.endpoint is not None and not any(
        files.source == "huggingface" for files in further_files(model, catalog)
    ):
        yield codes.endpoint_without_effect(
            f"{section}.download.endpoint", endpoint=model.download.endpoint, source=plan.source, source_path=path
        )
    usual = facts.include
    if usual and plan.source in HUBS and (plan.include, plan.exclude) != (usual, facts.exclude):
        yield codes.other_files_chosen(
            f"{section}.download",
            model=facts.id,
            gib=facts.weights_gib,
            usual=", ".join(usual),
            given=", ".join((*plan.include, *plan.exclude)),
        )
    if model.revision is None and plan.source in HUBS:
        yield codes.revision_floating(f"{section}.revision")
    yield from _slow(settings, name, plan)


def _no_repository(path: str, facts: ModelFacts, plan: DownloadPlan) -> Diagnostic:
    others = [other for other in HUBS if facts.repository(other)]
    near = others[0] if others and plan.source in HUBS else None
    return codes.not_at_source(path, model=facts.id, source=plan.source, path=path, others=others, near=near)


def _hugging_face(name: str, settings: Settings, facts: ModelFacts, catalog: Catalog) -> Iterator[Diagnostic]:
    section = f"models.{name}"
    path = f"{section}.source"
    if facts.gated and "hfToken" not in settings.secrets:
        yield codes.gated_without_token(path, model=facts.id, elsewhere=facts.modelscope is not None)
    if settings.models[name].download.endpoint is None:
        yield from check_road(path, section, settings, catalog, elsewhere=facts.modelscope is not None)


def check_road(
    path: str, section: str, settings: Settings, catalog: Catalog, *, elsewhere: bool
) -> Iterator[Diagnostic]:
    """Whether Hugging Face is reached without a mirror from the stack's region, for what the model described in
    `section` has from there by the setting at `path`. `elsewhere`: ModelScope has it too."""
    if in_mainland(settings, catalog):
        yield codes.huggingface_from_mainland(
            path,
            host=HUB,
            region=settings.region,
            endpoint_path=f"{section}.download.endpoint",
            mirror=HUB_MIRROR,
            elsewhere=elsewhere,
        )


def _slow(settings: Settings, name: str, plan: DownloadPlan) -> Iterator[Diagnostic]:
    nat = settings.network.nat
    if plan.seconds <= SLOW_SECONDS or settings.network.vpc_id or not settings.owns_cluster() or not nat.enabled:
        return
    steps = sorted(get_args(Nat.model_fields["bandwidth"].annotation))
    faster = [step for step in steps if step > nat.bandwidth]
    enough = [step for step in faster if plan.seconds * nat.bandwidth / step <= SLOW_SECONDS]
    yield codes.download_slow(
        "network.nat",
        model=name,
        gigabytes=plan.bytes / 1e9,
        hours=plan.seconds / 3600,
        mbps=nat.bandwidth,
        near=enough[0] if enough else faster[-1] if faster else None,
        steps=steps,
    )
