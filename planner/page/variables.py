"""The chat page's variables: which a stack file may set, which only by force, and which never."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from catalog.load import Catalog
from planner.model.check import SECRET_VARIABLES
from settings.diagnostics import Diagnostic
from settings.models import Settings
from settings.paths import join, split

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
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
    return facts.why


def check_variables(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with `webui.env` and with the names in `tke-llm:webuiEnv`."""
    for name, value in sorted(settings.webui.env.items()):
        # Secrets are refused by their own rule.
        if name not in SECRET_VARIABLES:
            yield from _plain(name, value, catalog)
    for name in sealed_names(settings.secrets):
        yield from _sealed(name, settings, catalog)


def _plain(name: str, value: str, catalog: Catalog) -> Iterator[Diagnostic]:
    path = join(("webui", "env", name))
    if is_owned(name, catalog):
        yield replace(_owned(name, path, catalog), given=value, fix=((path, None),))
    elif why := weakens(name, value, catalog):
        setting = catalog.page_variables[name].setting
        yield Diagnostic(
            severity="error",
            code="WEBUI_VARIABLE_GUARDED",
            path=path,
            message=f"{name} would undo what the page promises: {why}.",
            remedy=f"Remove it; {setting} decides it." if setting else "Remove it.",
            given=value,
            fix=((path, None),),
        )


def _sealed(name: str, settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    path = join((SEALED, name))
    if not _NAME.fullmatch(name):
        yield Diagnostic(
            severity="error",
            code="WEBUI_VARIABLE_NAME",
            # Whatever was taken for a name may be a secret itself.
            path=SEALED,
            message="A name in it is no name of an environment variable.",
            remedy="Use letters, digits and underscores, and no digit first.",
            allowed="letters, digits and underscores",
        )
    elif is_owned(name, catalog):
        yield _owned(name, path, catalog)
    elif name in catalog.page_variables:
        yield Diagnostic(
            severity="error",
            code="WEBUI_VARIABLE_NOT_SEALED",
            path=path,
            message=f"{name} could undo what the page promises, and a sealed value cannot be looked at: "
            f"{catalog.page_variables[name].why}.",
            remedy=f"Set it in webui.env, and run `pulumi config rm --path 'tke-llm:{path}'`.",
        )
    elif name in settings.webui.env:
        yield Diagnostic(
            severity="error",
            code="WEBUI_VARIABLE_TWICE",
            path=join(("webui", "env", name)),
            message=f"{name} stands in webui.env and in the secret tke-llm:{SEALED}.",
            remedy="Remove it from webui.env.",
            fix=((join(("webui", "env", name)), None),),
        )


def _owned(name: str, path: str, catalog: Catalog) -> Diagnostic:
    return Diagnostic(
        severity="error",
        code="WEBUI_VARIABLE_OWNED",
        path=path,
        message=f"{name} is decided by {catalog.page_variables[name].decided_by}.",
        remedy="Remove it.",
    )
