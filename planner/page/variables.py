"""The chat page's variables: which a stack file may set, which only by force, and which never."""

import re
from collections.abc import Iterable

from catalog.load import Catalog
from settings.paths import split
from settings.translation import tr

SEALED = "webuiEnv"
"""The top-level secret that holds variables of the page by name."""


def sealed_names(secrets: Iterable[str]) -> tuple[str, ...]:
    """Variables of the page that are kept sealed, in order."""
    found = (split(secret) for secret in secrets)
    return tuple(sorted(str(steps[1]) for steps in found if len(steps) > 1 and steps[0] == SEALED))


def is_owned(name: str, catalog: Catalog) -> bool:
    """Whether the program sets this variable, whatever is asked for."""
    return name in catalog.page_variables and catalog.page_variables[name].decided_by is not None


def weakens(name: str, value: str, catalog: Catalog) -> str | None:
    """What this value would undo of what the page promises; None where it undoes nothing."""
    if name not in catalog.page_variables:
        return None
    facts = catalog.page_variables[name]
    if facts.why is None or (facts.safe and re.fullmatch(facts.safe, value, re.IGNORECASE)):
        return None
    return tr(facts.why)
