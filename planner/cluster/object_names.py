"""Names of the objects that a stack makes in its namespace, so that no two of one kind ever meet.

Whether a name is free does not depend on other settings: what is off today (a second machine, an Ingress) may be turned
on tomorrow, and must not need another name for a model then.
"""

import re
from collections.abc import Collection, Iterable

STACK_NAMES = frozenset(
    {
        "webui",
        "webui-redis",
        "api",
        "api-redis",
        "api-clients",
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


def is_of_the_stack(name: str) -> bool:
    """Whether a model of this name would meet an object of the stack itself."""
    return any(name.removesuffix(end) in STACK_NAMES for end in ("", INGRESS))


def model_with(name: str, models: Collection[str]) -> str | None:
    """The model, of `models`, whose further Services have the name of a model called `name`."""
    firsts = (name.removesuffix(end) for end in (GROUP, INGRESS))
    return next((first for first in firsts if first != name and first in models), None)


def is_secret_of(name: str, models: Iterable[str]) -> bool:
    """Whether a stack with these models makes a Secret of this name, or will once a model fetches more: drafts and
    adapters have their number at the end."""
    ends = "|".join(SECRETS)
    if re.fullmatch(r"api-clients-[0-9a-f]{8}", name):
        return True
    of_models = (re.fullmatch(rf"{re.escape(model)}({ends}(-[0-9]+)?)", name) for model in models)
    return name in {"webui", "webui-redis", "api-redis"} or any(of_models)
