"""Names of the objects that a stack makes in its namespace, so that no two of one kind ever meet.

Whether a name is free does not depend on other settings: what is off today (a second machine, an Ingress) may be turned
on tomorrow, and must not need another name for a model then.
"""

from collections.abc import Iterator, Mapping

from settings.diagnostics import Diagnostic
from settings.models import Settings
from settings.section import Section

STACK_NAMES = frozenset(
    {
        "webui",
        "webui-redis",
        "ai-model",
        "tke-llm",
        "tke-llm-certificate",
        "gateway",
        "smoke-test",
        "policy-probe",
        "router",
    }
)
"""Names of workloads, Services, claims and Secrets that the stack itself makes, or will; no model has one."""
STACK_POOLS = frozenset({"system"})
"""Names of node pools that the stack itself makes."""

GROUP, INGRESS = "-group", "-ingress"
"""Ends of the names of a model's further Services: of its machines together, and of the one an Ingress binds to."""
SECRETS = ("-api-key", "-download")
"""Ends of the names of a model's Secrets."""

SHORTEST_LIMIT = 12
"""Characters of a name that another one is made of; the name of a pool has 16 at most."""


def check_names(settings: Settings) -> Iterator[Diagnostic]:
    """Models, pools and Secrets whose objects would have the name of others."""
    for name in settings.models:
        owner = _owner(name, settings)
        if owner is not None:
            yield _taken("models", name, owner, settings.models)
    for name in settings.pools:
        if name in STACK_POOLS:
            yield _taken("pools", name, "the CPU nodes", settings.pools)
    ours = {"webui", "webui-redis", *(f"{name}{end}" for name in settings.models for end in SECRETS)}
    tls = settings.expose.tls
    secrets = {"images.pullSecret": settings.images.pull_secret, "expose.tls.secret": tls.secret if tls else None}
    for path, name in secrets.items():
        if name in ours:
            yield Diagnostic(
                severity="error",
                code="NAME_TAKEN",
                path=path,
                message=f"{name} is the name of a Secret that the stack makes itself.",
                remedy="Give your Secret another name.",
                given=name or "",
                allowed="the name of a Secret that is there already",
            )


def _owner(name: str, settings: Settings) -> str | None:
    """Whose the name of a model is already; None where it is free."""
    for end in ("", INGRESS):
        if name.removesuffix(end) in STACK_NAMES:
            return "the stack itself"
    for end in (GROUP, INGRESS):
        first = name.removesuffix(end)
        if first != name and first in settings.models:
            return f"model {first}"
    return None


def _taken(section: str, name: str, owner: str, taken: Mapping[str, Section]) -> Diagnostic:
    path = f"{section}.{name}"
    stem = name[:SHORTEST_LIMIT].rstrip("-")
    free = next(each for count in range(2, 200) if (each := f"{stem}-{count}") not in taken)
    kept = taken[name].model_dump(mode="json", by_alias=True, exclude_unset=True)
    return Diagnostic(
        severity="error",
        code="NAME_TAKEN",
        path=path,
        message=f"{name} is a name that {owner} has in the cluster already.",
        remedy=f"Call it {free}.",
        given=name,
        allowed="a name that no other object of the stack has",
        fix=((path, None), (f"{section}.{free}", kept)),
    )
