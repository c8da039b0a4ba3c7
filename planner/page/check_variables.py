"""What is wrong with the variables of the chat page, in clear and sealed."""

import re
from collections.abc import Iterator

from catalog.load import Catalog
from planner.page import codes
from planner.page.variables import SEALED, sealed_names, weakens
from settings.diagnostics import Diagnostic
from settings.paths import join
from settings.secrecy import SECRET_VARIABLES
from settings.stack import Settings
from settings.translation import tr

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_variables(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with `webui.env` and with the names in `tke-llm:webuiEnv`."""
    for name, value in sorted(settings.webui.env.items()):
        # Secrets are refused by their own rule.
        if name not in SECRET_VARIABLES:
            yield from _plain(name, value, catalog)
    for name in sealed_names(settings.secrets):
        yield from _sealed(name, settings, catalog)


def _plain(name: str, value: str, catalog: Catalog) -> Iterator[Diagnostic]:
    path, facts = join(("webui", "env", name)), catalog.page_variables.get(name)
    if facts is not None and facts.decided_by is not None:
        yield codes.webui_variable_owned(path, variable=name, owner=tr(facts.decided_by), value=value)
    elif facts is not None and (why := weakens(name, value, catalog)):
        yield codes.webui_variable_guarded(path, variable=name, value=value, why=why, setting=facts.setting)


def _sealed(name: str, settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    path, facts = join((SEALED, name)), catalog.page_variables.get(name)
    if not _NAME.fullmatch(name):
        # Whatever was taken for a name may be a secret itself.
        yield codes.webui_variable_name(SEALED)
    elif facts is not None and facts.decided_by is not None:
        yield codes.webui_variable_owned(path, variable=name, owner=tr(facts.decided_by), value=None)
    elif facts is not None:
        yield codes.webui_variable_not_sealed(path, variable=name, path=path, why=facts.why and tr(facts.why))
    elif name in settings.webui.env:
        yield codes.webui_variable_twice(join(("webui", "env", name)), variable=name, secret=SEALED)
