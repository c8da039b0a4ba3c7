"""Whether models, pools and Secrets have names that are free."""

from collections.abc import Iterator, Mapping
from typing import Literal

from planner.cluster import codes
from planner.cluster.object_names import STACK_POOLS, is_of_the_stack, is_secret_of, model_with
from settings.diagnostics import Diagnostic
from settings.section import Section
from settings.stack import Settings

SHORTEST_LIMIT = 12
"""Characters of a name that another one is made of; the name of a pool has 16 at most."""


def check_names(settings: Settings) -> Iterator[Diagnostic]:
    """Models, pools and Secrets whose objects would have the name of others."""
    for name in settings.models:
        ours, other = is_of_the_stack(name), model_with(name, settings.models)
        if ours or other is not None:
            yield _taken("models", name, settings.models, model=None if ours else other)
    for name in settings.pools:
        if name in STACK_POOLS:
            yield _taken("pools", name, settings.pools)
    tls = settings.expose.tls
    secrets = {"images.pullSecret": settings.images.pull_secret, "expose.tls.secret": tls.secret if tls else None}
    for path, name in secrets.items():
        if name is not None and is_secret_of(name, settings.models):
            yield codes.name_taken(path, name=name, section="secrets")


def _taken(
    section: Literal["models", "pools"], name: str, taken: Mapping[str, Section], model: str | None = None
) -> Diagnostic:
    stem = name[:SHORTEST_LIMIT].rstrip("-")
    free = next(each for count in range(2, 200) if (each := f"{stem}-{count}") not in taken)
    kept = taken[name].model_dump(mode="json", by_alias=True, exclude_unset=True)
    return codes.name_taken(f"{section}.{name}", name=name, section=section, model=model, free=free, kept=kept)
